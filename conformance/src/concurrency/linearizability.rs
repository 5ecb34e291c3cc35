//! Linearizability: the search of Wing and Gong with Lowe's memoization.
//!
//! A history is linearizable if its operations have an order in which the model allows every
//! response and which keeps the order of operations that did not overlap. [`linearize`] extends a
//! partial order by each operation that can come next, follows the model's accounts, and
//! backtracks. Pairs of completed operations and account that failed once are not visited again. An
//! operation with a lost response may take effect at any time after its request, or never.
//! [`explain`] reports for each order the first response that it does not allow.

use std::collections::HashSet;
use std::time::Duration;

use iamspec_model::{Account, Effect, Level, Operation, possible_states};

use crate::concurrency::TimedCall;
use crate::oracle::{Tier, divergence};
use crate::response::Response;
use crate::script::print;

/// The maximum number of operations in a history.
const MAX_CALLS: usize = 128;

/// The result of the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linearization {
    /// The operations in this order explain every response.
    Found(Vec<usize>),
    /// No order explains the responses.
    None,
    /// The search reached its step limit, or the history is too long.
    Unknown,
}

/// Searches for an order in at most `max_steps` steps.
#[must_use]
pub fn linearize(calls: &[TimedCall], account: &Account, max_steps: usize) -> Linearization {
    if calls.len() > MAX_CALLS {
        return Linearization::Unknown;
    }
    let mut search =
        Search { calls, failed: HashSet::new(), order: Vec::new(), steps_left: max_steps };
    match search.extend(account, 0) {
        Some(true) => Linearization::Found(search.order),
        Some(false) => Linearization::None,
        None => Linearization::Unknown,
    }
}

struct Search<'a> {
    calls: &'a [TimedCall],
    /// The visited pairs of completed operations, one bit each, and account. No order was found
    /// there.
    failed: HashSet<(u128, Account)>,
    order: Vec<usize>,
    steps_left: usize,
}

impl Search<'_> {
    /// Whether the remaining operations can follow. Returns `None` if the step limit is reached.
    fn extend(&mut self, account: &Account, done: u128) -> Option<bool> {
        let is_left = |index: usize| done >> index & 1 == 0;
        let has_response = |it: &TimedCall| !is_lost(&it.response);
        let left = self.calls.iter().enumerate();
        let left = left.filter(|(index, it)| is_left(*index) && has_response(it));
        // An operation that starts after another one ends comes after it.
        let Some(first_end) = left.map(|(_, it)| it.end).min() else { return Some(true) };
        self.steps_left = self.steps_left.checked_sub(1)?;
        if !self.failed.insert((done, account.clone())) {
            return Some(false);
        }
        let mut candidates: Vec<(usize, Vec<Account>)> = Vec::new();
        for (index, it) in self.candidates(done, first_end) {
            let after = follow(account, &it.operation, &it.response);
            // An operation that changes nothing and fits here can come here: it excludes no order.
            if changes_nothing(it) && !after.is_empty() {
                self.order.push(index);
                let found = self.extend(account, done | 1 << index);
                if found == Some(false) {
                    self.order.pop();
                }
                return found;
            }
            candidates.push((index, after));
        }
        for (index, after) in candidates {
            self.order.push(index);
            for after in after {
                if self.extend(&after, done | 1 << index)? {
                    return Some(true);
                }
            }
            self.order.pop();
        }
        Some(false)
    }
}

impl<'a> Search<'a> {
    /// The operations that can come next, earliest response first.
    fn candidates(&self, done: u128, first_end: Duration) -> Vec<(usize, &'a TimedCall)> {
        let can_come_next =
            |(index, it): &(usize, &TimedCall)| done >> *index & 1 == 0 && it.start <= first_end;
        let mut next: Vec<(usize, &TimedCall)> =
            self.calls.iter().enumerate().filter(can_come_next).collect();
        next.sort_by_key(|(_, it)| it.end);
        // Of equal operations with equal responses, only the one with the earliest response is
        // tried.
        let mut seen: Vec<(&Operation, &Response)> = Vec::new();
        next.retain(|(_, it)| {
            let key = (&it.operation, &it.response);
            let is_new = !seen.contains(&key);
            seen.push(key);
            is_new
        });
        next
    }
}

/// Whether the operation changes nothing, whenever it runs.
fn changes_nothing(it: &TimedCall) -> bool {
    it.operation.is_read() || matches!(it.response, Response::Refused { .. })
}

/// Whether the response is lost: the operation may then take effect at any time or never.
fn is_lost(observed: &Response) -> bool {
    matches!(observed, Response::Failed(_))
}

/// The possible accounts after this response, or none if the response is impossible.
///
/// A response is impossible only if it contradicts recorded or documented behavior in more than the
/// message.
#[must_use]
pub fn follow(account: &Account, op: &Operation, observed: &Response) -> Vec<Account> {
    let outcome = match observed {
        Response::Failed(it) if it.kind.had_no_effect() => return vec![account.clone()],
        Response::Failed(_) => Effect::Success,
        _ if is_impossible(account, op, observed) => return Vec::new(),
        Response::Success(_) => Effect::Success,
        Response::Refused { .. } => Effect::Refused,
    };
    if op.is_read() { vec![account.clone()] } else { possible_states(account, op, outcome) }
}

fn is_impossible(account: &Account, op: &Operation, observed: &Response) -> bool {
    divergence(account, op, observed)
        .is_some_and(|it| it.level >= Level::Must && it.tier < Tier::Text)
}

/// An order of the racing operations, and the response that rules it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContradictedOrder {
    /// The racing operations, in this order.
    pub order: Vec<String>,
    /// The operation whose response does not fit.
    pub call: String,
    /// The response.
    pub response: String,
    /// The expected responses after the operations before it, each with its rule.
    pub allowed: Vec<(String, String)>,
    /// The facts that the rule is based on.
    pub evidence: Vec<&'static str>,
}

/// The maximum number of racing operations that [`explain`] explains.
const MAX_EXPLAINED: usize = 4;

/// For each order of the `racing` operations that follow `before` others, the response that rules
/// it out.
#[must_use]
pub fn explain(history: &[TimedCall], before: usize, racing: usize) -> Vec<ContradictedOrder> {
    // More operations have too many orders to read.
    let racing = if racing > MAX_EXPLAINED { 0 } else { racing };
    let racing = racing.min(history.len().saturating_sub(before));
    let orders = orders(&(0..racing).collect::<Vec<_>>());
    orders.iter().filter_map(|order| first_contradiction(history, before, order)).collect()
}

fn first_contradiction(
    history: &[TimedCall],
    before: usize,
    order: &[usize],
) -> Option<ContradictedOrder> {
    let racing = order.iter().filter_map(|index| history.get(before + index));
    let calls: Vec<&TimedCall> = history
        .iter()
        .take(before)
        .chain(racing.clone())
        .chain(history.iter().skip(before + order.len()))
        .collect();
    let order = racing.map(|it| print::operation(&it.operation)).collect();
    let mut accounts = vec![Account::default()];
    for it in calls {
        let next: Vec<Account> = accounts
            .iter()
            .flat_map(|account| follow(account, &it.operation, &it.response))
            .collect();
        if next.is_empty() {
            let account = accounts.first()?;
            let divergence = divergence(account, &it.operation, &it.response)?;
            return Some(ContradictedOrder {
                order,
                call: print::operation(&it.operation),
                response: it.response.to_string(),
                allowed: divergence
                    .expected
                    .iter()
                    .map(|(answer, rule)| (answer.clone(), rule.id()))
                    .collect(),
                evidence: divergence.evidence,
            });
        }
        accounts = next;
    }
    None
}

/// All orders of the elements.
pub(crate) fn orders<T: Copy>(calls: &[T]) -> Vec<Vec<T>> {
    let Some((first, others)) = calls.split_first() else { return vec![Vec::new()] };
    let insert = |order: Vec<T>| {
        (0..=order.len()).map(move |index| {
            let mut order = order.clone();
            order.insert(index, *first);
            order
        })
    };
    orders(others).into_iter().flat_map(insert).collect()
}
