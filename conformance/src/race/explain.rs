//! Why no order of the calls explains a history: for each order, the first answer that it rules out.

use iamspec_model::Account;

use super::Timed;
use super::play::orders;
use super::search::follow;
use crate::judge::divergence;
use crate::text;

/// One order, and why it cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
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
pub fn explain(history: &[Timed], before: usize, racing: usize) -> Vec<Ruled> {
    // Of more calls there are too many orders to read.
    let racing = if racing > 4 { 0 } else { racing };
    let racing = racing.min(history.len().saturating_sub(before));
    let orders = orders(&(0..racing).collect::<Vec<_>>());
    orders.iter().filter_map(|order| ruled_out(history, before, order)).collect()
}

fn ruled_out(history: &[Timed], before: usize, order: &[usize]) -> Option<Ruled> {
    let racing = order.iter().filter_map(|place| history.get(before + place));
    let calls: Vec<&Timed> = history
        .iter()
        .take(before)
        .chain(racing.clone())
        .chain(history.iter().skip(before + order.len()))
        .collect();
    let order = racing.map(|it| text::operation(&it.operation)).collect();
    let mut accounts = vec![Account::default()];
    for it in calls {
        let next: Vec<Account> = accounts
            .iter()
            .flat_map(|account| follow(account, &it.operation, &it.observed))
            .collect();
        if next.is_empty() {
            let account = accounts.first()?;
            let why = divergence(account, &it.operation, &it.observed)?;
            return Some(Ruled {
                order,
                call: text::operation(&it.operation),
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
