//! Finds the call that causes a divergence which only a later read shows.
//!
//! For example, if a rename loses access keys, `ListAccessKeys` diverges, but `UpdateUser` is
//! wrong. A mutant of the reference explains a finding if it gives the same responses, messages
//! aside, to every call of the script, and to the calls of all other scripts up to the first
//! divergence of each. If all mutants that explain a finding break the same earlier call, that call
//! is the likely cause.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use iamspec_model::Operation;

use crate::endpoint::Endpoint as _;
use crate::oracle::Tier;
use crate::reference::Reference;
use crate::reference::deviation::Mutant;
use crate::response::Response;
use crate::results::Finding;
use crate::results::history::{Exchange, ScriptRun};

/// The mutants whose responses in memory differ from those of the reference.
static MUTANTS: LazyLock<Vec<Mutant>> =
    LazyLock::new(|| Mutant::systematic().filter(|it| !it.deviation.is_wire_format()).collect());

/// The mutant that explains a wrong response to a read by the fault of an earlier call. `None` if
/// the read itself may be wrong, or if the faults of several calls explain it.
#[must_use]
pub fn cause(finding: &Finding, runs: &[ScriptRun]) -> Option<&'static Mutant> {
    // A wrong text or form is a fault of the call itself.
    if finding.divergence.wire_rule.is_some() || finding.divergence.tier >= Tier::Text {
        return None;
    }
    let steps = &finding.history.steps;
    let (last, earlier) = steps.split_last()?;
    let read = last.operation.action().filter(|_| last.operation.is_read())?.api;
    let called: BTreeSet<&str> = earlier.iter().filter_map(|it| api(&it.operation)).collect();
    let responses: Vec<_> = steps.iter().map(|it| (it.operation, it.response.as_ref())).collect();
    let explains = |mutant: &&Mutant| {
        let api = broken_api(mutant);
        (api == read || called.contains(api))
            && follows(mutant, responses.iter().copied())
            && !runs.iter().any(|run| contradicts(mutant, run))
    };
    let explanations: Vec<&Mutant> = MUTANTS.iter().filter(explains).collect();
    let apis: BTreeSet<&str> = explanations.iter().map(|it| broken_api(it)).collect();
    let is_one_call = apis.len() == 1 && !apis.contains(read);
    explanations.into_iter().next().filter(|_| is_one_call)
}

fn api(operation: &Operation) -> Option<&'static str> {
    operation.action().map(|it| it.api)
}

/// The action whose rule a mutant breaks.
fn broken_api(mutant: &Mutant) -> &str {
    mutant.rule.split('/').next().unwrap_or_default()
}

/// Whether a mutant gives these responses, except for the texts of messages.
fn follows<'a>(
    mutant: &Mutant,
    steps: impl Iterator<Item = (Operation, Option<&'a Response>)>,
) -> bool {
    let mut reference = Reference::with_mutant(mutant.clone());
    reference.enter_new_namespace();
    steps.into_iter().all(|(operation, observed)| {
        let response = reference.execute(&operation);
        observed.is_some_and(|it| is_same(it, &response))
    })
}

/// Whether a mutant gives another response to a call of this run that conforms, except for its
/// text. Calls after a divergence do not count, because the account of the endpoint then differs
/// from that of the mutant.
fn contradicts(mutant: &Mutant, run: &ScriptRun) -> bool {
    let conforming = run.exchanges.iter().take_while(|it| it.verdict.conforms_except_text());
    let is_called = |it: &Exchange| api(&it.operation) == Some(broken_api(mutant));
    conforming.clone().any(is_called)
        && !follows(mutant, conforming.map(|it| (it.operation, it.response.as_ref())))
}

fn is_same(one: &Response, other: &Response) -> bool {
    match (one, other) {
        (Response::Success(one), Response::Success(other)) => one == other,
        (
            Response::Refused { http, code, .. },
            Response::Refused { http: other_http, code: other_code, .. },
        ) => (http, code) == (other_http, other_code),
        _ => false,
    }
}
