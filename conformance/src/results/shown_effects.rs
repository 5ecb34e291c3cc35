//! The effects of a run that a later call has shown.
//!
//! A success does not prove its effect. A later call shows the effect if its response would not
//! conform without the effect.

use std::collections::BTreeSet;

use iamspec_model::{Account, Effect, Operation, apply, next};

use crate::oracle::messages::symbols;
use crate::oracle::{Tier, Verdict, divergence};
use crate::reference::{ReferenceOptions, respond_and_apply};
use crate::response::Response;
use crate::results::history::{Exchange, ScriptRun};

/// The maximum number of effects that wait for a call that shows them. The oldest is dropped: its
/// action is then reported as not tested, although a much later call may have shown it.
const WAITING_MAX: usize = 64;

/// A success whose effect no call has shown yet.
struct UnshownEffect {
    /// The index of the call.
    index: usize,
    /// The account as if the call had done nothing.
    without: Account,
}

/// Returns the indexes of the calls whose effect a later call has shown. Follows only the calls
/// that `is_wanted`, because each of them costs one comparison for every later call.
pub(super) fn shown_effects(
    run: &ScriptRun,
    is_wanted: &dyn Fn(&Exchange) -> bool,
) -> BTreeSet<usize> {
    let mut shown = BTreeSet::new();
    let mut waiting: Vec<UnshownEffect> = Vec::new();
    for (index, exchange) in run.exchanges.iter().enumerate() {
        let succeeded = matches!(exchange.response, Some(Response::Success(_)));
        if !waiting.is_empty()
            && let Some(response) = conforming_response(exchange)
        {
            waiting.retain(|it| {
                let is_shown = contradicts(&it.without, &exchange.operation, &response);
                if is_shown {
                    shown.insert(it.index);
                }
                !is_shown
            });
        }
        if !succeeded || exchange.operation.is_read() {
            continue;
        }
        let after = next(&exchange.before, &exchange.operation, Effect::Success);
        for it in &mut waiting {
            apply(&mut it.without, &exchange.operation);
        }
        // Nothing can show an effect that a later one has replaced.
        waiting.retain(|it| it.without != after);
        if after != exchange.before && is_wanted(exchange) {
            waiting.push(UnshownEffect { index, without: exchange.before.clone() });
            let surplus = waiting.len().saturating_sub(WAITING_MAX);
            waiting.drain(..surplus);
        }
    }
    shown
}

/// The response that conforms: the observed one, or the one of the reference if it diverges.
fn conforming_response(exchange: &Exchange) -> Option<Response> {
    match &exchange.verdict {
        Verdict::Conforms(_) => exchange.response.clone(),
        Verdict::Diverges(it) if it.tier >= Tier::Text => exchange.response.clone(),
        Verdict::Diverges(_) => {
            let operation = &exchange.operation;
            let mut account = exchange.before.clone();
            let mut options = ReferenceOptions::default();
            Some(respond_and_apply(&mut account, operation, &mut options, &symbols(operation)))
        }
        Verdict::Inconclusive(_) | Verdict::Unsupported(_) | Verdict::Skipped(_) => None,
    }
}

/// Whether this response is wrong in this account in more than its text.
fn contradicts(account: &Account, operation: &Operation, response: &Response) -> bool {
    divergence(account, operation, response).is_some_and(|it| it.tier < Tier::Text)
}
