//! Is there an order? The search of Wing and Gong, with Lowe's memory of where it was before.
//!
//! A history is linearizable where its calls can be put in an order in which each is answered as the model
//! allows, and which keeps the order of those that did not overlap. A call whose answer was lost may
//! have taken effect at any time after it was sent, or never.

use std::collections::HashSet;
use std::time::Duration;

use iamspec_model::{Account, Level, Operation, Outcome, worlds};

use super::Timed;
use crate::judge::divergence;
use crate::observed::Observed;
use crate::verdict::Tier;

/// So many calls a history may have.
pub const CALLS_MAX: usize = 128;

/// What came of the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// These calls, in this order, explain every answer.
    Found(Vec<usize>),
    /// No order does.
    None,
    /// The search had to end before it knew.
    Unknown,
}

/// Looks for an order, in at most so many steps.
#[must_use]
pub fn order(calls: &[Timed], account: &Account, steps: usize) -> Order {
    if calls.len() > CALLS_MAX {
        return Order::Unknown;
    }
    let mut search = Search { calls, been: HashSet::new(), so_far: Vec::new(), steps };
    match search.from(account, 0) {
        Some(true) => Order::Found(search.so_far),
        Some(false) => Order::None,
        None => Order::Unknown,
    }
}

struct Search<'a> {
    calls: &'a [Timed],
    /// Which calls were done, one bit each, and the account then: from there no order was found.
    been: HashSet<(u128, Account)>,
    so_far: Vec<usize>,
    steps: usize,
}

impl Search<'_> {
    /// Whether the calls that are not done can follow from here; nothing where the steps are used up.
    fn from(&mut self, account: &Account, done: u128) -> Option<bool> {
        let left = |place: usize| done >> place & 1 == 0;
        let answered = |it: &Timed| !may_be_lost(&it.observed);
        let open = self.calls.iter().enumerate().filter(|(place, it)| left(*place) && answered(it));
        // What began after another call was answered comes after it.
        let Some(first_end) = open.map(|(_, it)| it.end).min() else { return Some(true) };
        self.steps = self.steps.checked_sub(1)?;
        if !self.been.insert((done, account.clone())) {
            return Some(false);
        }
        let mut ways: Vec<(usize, Vec<Account>)> = Vec::new();
        for (place, it) in self.next(done, first_end) {
            let after = follow(account, &it.operation, &it.observed);
            // What changes nothing anywhere and fits now may as well come now: it stands in nobody's way.
            if changes_nothing(it) && !after.is_empty() {
                self.so_far.push(place);
                let found = self.from(account, done | 1 << place);
                if found == Some(false) {
                    self.so_far.pop();
                }
                return found;
            }
            ways.push((place, after));
        }
        for (place, after) in ways {
            self.so_far.push(place);
            for after in after {
                if self.from(&after, done | 1 << place)? {
                    return Some(true);
                }
            }
            self.so_far.pop();
        }
        Some(false)
    }
}

impl<'a> Search<'a> {
    /// The calls that may come next, those first that were answered first.
    fn next(&self, done: u128, first_end: Duration) -> Vec<(usize, &'a Timed)> {
        let may_come =
            |(place, it): &(usize, &Timed)| done >> *place & 1 == 0 && it.start <= first_end;
        let mut next: Vec<(usize, &Timed)> =
            self.calls.iter().enumerate().filter(may_come).collect();
        next.sort_by_key(|(_, it)| it.end);
        // Of calls that are alike the one that was answered first may as well come first.
        let mut known: Vec<(&Operation, &Observed)> = Vec::new();
        next.retain(|(_, it)| {
            let alike = (&it.operation, &it.observed);
            let new = !known.contains(&alike);
            known.push(alike);
            new
        });
        next
    }
}

/// Whether the call changes nothing, whenever it was carried out.
fn changes_nothing(it: &Timed) -> bool {
    it.operation.is_read() || matches!(it.observed, Observed::Refused { .. })
}

/// Whether the call may have taken effect at any time, or never.
fn may_be_lost(observed: &Observed) -> bool {
    matches!(observed, Observed::Interrupted(_))
}

/// What may be true after that answer; nothing where it cannot be given. Only what is recorded or
/// documented, and is not of the words alone, makes an answer impossible.
#[must_use]
pub fn follow(account: &Account, op: &Operation, observed: &Observed) -> Vec<Account> {
    let outcome = match observed {
        Observed::Interrupted(it) if it.cause.changed_nothing() => return vec![account.clone()],
        Observed::Interrupted(_) => Outcome::Done,
        _ if is_impossible(account, op, observed) => return Vec::new(),
        Observed::Done(_) => Outcome::Done,
        Observed::Refused { .. } => Outcome::Refused,
    };
    if op.is_read() { vec![account.clone()] } else { worlds(account, op, outcome) }
}

fn is_impossible(account: &Account, op: &Operation, observed: &Observed) -> bool {
    divergence(account, op, observed)
        .is_some_and(|it| it.level >= Level::Must && it.tier != Tier::Text)
}
