//! Is there an order? The search of Wing and Gong, with Lowe's memory of where it was before.
//!
//! A history is linearizable where its calls can be put in an order in which each is answered as the model
//! allows, and which keeps the order of those that did not overlap. A call whose answer was lost may
//! have taken effect at any time after it was sent, or never.
//!
//! Why no order of the calls explains a history: for each order, the first answer that it rules out.

use std::collections::HashSet;
use std::time::Duration;

use iamspec_model::{Account, Effect, Level, Operation, worlds};

use crate::concurrency::TimedCall;
use crate::oracle::{Tier, divergence};
use crate::response::Response;

/// So many calls a history may have.
pub const CALLS_MAX: usize = 128;

/// What came of the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linearization {
    /// These calls, in this order, explain every answer.
    Found(Vec<usize>),
    /// No order does.
    None,
    /// The search had to end before it knew.
    Unknown,
}

/// Looks for an order, in at most so many steps.
#[must_use]
pub fn order(calls: &[TimedCall], account: &Account, steps: usize) -> Linearization {
    if calls.len() > CALLS_MAX {
        return Linearization::Unknown;
    }
    let mut search = Search { calls, been: HashSet::new(), so_far: Vec::new(), steps };
    match search.from(account, 0) {
        Some(true) => Linearization::Found(search.so_far),
        Some(false) => Linearization::None,
        None => Linearization::Unknown,
    }
}

struct Search<'a> {
    calls: &'a [TimedCall],
    /// Which calls were done, one bit each, and the account then: from there no order was found.
    been: HashSet<(u128, Account)>,
    so_far: Vec<usize>,
    steps: usize,
}

impl Search<'_> {
    /// Whether the calls that are not done can follow from here; nothing where the steps are used up.
    fn from(&mut self, account: &Account, done: u128) -> Option<bool> {
        let left = |place: usize| done >> place & 1 == 0;
        let answered = |it: &TimedCall| !may_be_lost(&it.observed);
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
    fn next(&self, done: u128, first_end: Duration) -> Vec<(usize, &'a TimedCall)> {
        let may_come =
            |(place, it): &(usize, &TimedCall)| done >> *place & 1 == 0 && it.start <= first_end;
        let mut next: Vec<(usize, &TimedCall)> =
            self.calls.iter().enumerate().filter(may_come).collect();
        next.sort_by_key(|(_, it)| it.end);
        // Of calls that are alike the one that was answered first may as well come first.
        let mut known: Vec<(&Operation, &Response)> = Vec::new();
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
fn changes_nothing(it: &TimedCall) -> bool {
    it.operation.is_read() || matches!(it.observed, Response::Refused { .. })
}

/// Whether the call may have taken effect at any time, or never.
fn may_be_lost(observed: &Response) -> bool {
    matches!(observed, Response::Interrupted(_))
}

/// What may be true after that answer; nothing where it cannot be given. Only what is recorded or
/// documented, and is not of the words alone, makes an answer impossible.
#[must_use]
pub fn follow(account: &Account, op: &Operation, observed: &Response) -> Vec<Account> {
    let outcome = match observed {
        Response::Interrupted(it) if it.cause.changed_nothing() => return vec![account.clone()],
        Response::Interrupted(_) => Effect::Done,
        _ if is_impossible(account, op, observed) => return Vec::new(),
        Response::Done(_) => Effect::Done,
        Response::Refused { .. } => Effect::Refused,
    };
    if op.is_read() { vec![account.clone()] } else { worlds(account, op, outcome) }
}

fn is_impossible(account: &Account, op: &Operation, observed: &Response) -> bool {
    divergence(account, op, observed)
        .is_some_and(|it| it.level >= Level::Must && it.tier != Tier::Text)
}

/// One order, and why it cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuledOut {
    /// The calls that were asked together, in this order.
    pub order: Vec<String>,
    /// The call whose answer does not fit, and that answer.
    pub call: String,
    /// What was answered.
    pub observed: String,
    /// What conforms after the calls before it, with the rule that says so.
    pub allowed: Vec<(String, String)>,
    /// The facts that the rule rests on.
    pub evidence: Vec<&'static str>,
}

/// Each order of the `racing` calls that stand after `before` others, and why it is ruled out.
#[must_use]
pub fn explain(history: &[TimedCall], before: usize, racing: usize) -> Vec<RuledOut> {
    // Of more calls there are too many orders to read.
    let racing = if racing > 4 { 0 } else { racing };
    let racing = racing.min(history.len().saturating_sub(before));
    let orders = orders(&(0..racing).collect::<Vec<_>>());
    orders.iter().filter_map(|order| ruled_out(history, before, order)).collect()
}

fn ruled_out(history: &[TimedCall], before: usize, order: &[usize]) -> Option<RuledOut> {
    let racing = order.iter().filter_map(|place| history.get(before + place));
    let calls: Vec<&TimedCall> = history
        .iter()
        .take(before)
        .chain(racing.clone())
        .chain(history.iter().skip(before + order.len()))
        .collect();
    let order = racing.map(|it| crate::script::print::operation(&it.operation)).collect();
    let mut accounts = vec![Account::default()];
    for it in calls {
        let next: Vec<Account> = accounts
            .iter()
            .flat_map(|account| follow(account, &it.operation, &it.observed))
            .collect();
        if next.is_empty() {
            let account = accounts.first()?;
            let why = divergence(account, &it.operation, &it.observed)?;
            return Some(RuledOut {
                order,
                call: crate::script::print::operation(&it.operation),
                observed: it.observed.to_string(),
                allowed: why
                    .allowed
                    .iter()
                    .map(|(answer, rule)| (answer.clone(), rule.id()))
                    .collect(),
                evidence: why.evidence,
            });
        }
        accounts = next;
    }
    None
}

/// The calls in every order.
pub(crate) fn orders<T: Copy>(calls: &[T]) -> Vec<Vec<T>> {
    let Some((first, others)) = calls.split_first() else { return vec![Vec::new()] };
    let insert = |order: Vec<T>| {
        (0..=order.len()).map(move |place| {
            let mut order = order.clone();
            order.insert(place, *first);
            order
        })
    };
    orders(others).into_iter().flat_map(insert).collect()
}
