//! The fate of a mutant: whether a run killed it, and which finding did.

use iamspec_model::{Level, Operation};

use crate::reference::deviation::Mutant;
use crate::results::history::{Exchange, ScriptRun};
use crate::results::{Finding, findings};
use crate::runner::Report;

/// The fate of a mutant in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MutantFate {
    /// A finding names the rule that the mutant breaks. If the mutant's deviation is an effect, the
    /// finding may also be at the mutated action or at the first divergence after it.
    Killed(Kill),
    /// There are findings, but none names the rule that the mutant breaks.
    KilledByOtherRule(Kill),
    /// There is no finding of level `should` or above.
    Survives,
}

/// The finding that killed a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kill {
    /// The rule that the finding names.
    pub rule: String,
    /// The shortest script that shows it.
    pub script: String,
    /// The number of the first request that showed it.
    pub request: usize,
    /// The number of operations in the shortest script.
    pub calls: usize,
}

/// The fate of the mutant, from the findings of level `should` and above in any tier.
#[must_use]
pub fn fate(mutant: &Mutant, report: &Report) -> MutantFate {
    let mut found = findings(&report.script_runs);
    found.retain(|it| it.divergence.level >= Level::Should);
    let naming = found.iter().filter(|it| names_mutant(it, mutant));
    let kill_by = |finding: &Finding| Kill {
        rule: finding.rule_id(),
        script: finding.history.name.clone(),
        request: first_request(&report.script_runs, finding),
        calls: finding.history.steps.len(),
    };
    match (naming.map(kill_by).min_by_key(|it| it.request), found.first()) {
        (Some(kill), _) => MutantFate::Killed(kill),
        (None, Some(other)) => MutantFate::KilledByOtherRule(kill_by(other)),
        (None, None) => MutantFate::Survives,
    }
}

/// Whether the finding names the rule that the mutant breaks, as the broken rule or among the
/// expected responses. If the deviation is an effect, also whether the diverging call, or the last
/// change before it, is the mutated action.
fn names_mutant(finding: &Finding, mutant: &Mutant) -> bool {
    let api = |op: Operation| op.action().map(|call| call.api);
    let mutated = mutant.rule.split('/').next();
    let is_effect = mutant.is_of_an_effect();
    let is_of_behavior = finding.divergence.wire_rule.is_none();
    let mut expected = finding.divergence.expected.iter().filter(|_| is_of_behavior);
    let allowed = expected.any(|(_, rule)| rule.id() == mutant.rule);
    finding.rule_id() == mutant.rule
        || allowed
        || is_effect && last_change(finding).is_some_and(|op| api(op) == mutated)
        || is_effect && finding.history.operations().last().is_some_and(|op| api(op) == mutated)
}

/// The last operation before the diverging one that changes something.
fn last_change(finding: &Finding) -> Option<Operation> {
    let before = finding.history.steps.split_last()?.1;
    before.iter().rev().map(|it| it.operation).find(|op| !op.is_read())
}

/// The number of the first request with the finding's divergence.
fn first_request(replays: &[ScriptRun], finding: &Finding) -> usize {
    let exchanges = replays.iter().flat_map(|it| &it.exchanges);
    let shows = |it: &&Exchange| it.divergences().any(|it| it.is_like(&finding.divergence));
    let diverging = exchanges.filter(shows);
    diverging.map(|it| it.request).min().unwrap_or(0)
}
