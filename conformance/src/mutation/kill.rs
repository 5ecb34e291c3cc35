//! What becomes of a mutant in a run.

use iamspec_model::{Level, Operation};

use crate::oracle::Verdict;
use crate::reference::deviation::Mutant;
use crate::results::history::ScriptRun;
use crate::results::{Finding, findings};
use crate::runner::Report;

/// What becomes of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MutantFate {
    /// A finding names the rule that it breaks; or, where a call does what it should not, comes after that
    /// call, with no other between that changes something.
    Killed(Kill),
    /// There are findings, and none names the rule that it breaks.
    ByAnother(Kill),
    /// Nothing that binds is found.
    Survives,
}

/// What a mutant was killed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kill {
    /// The rule that the finding names.
    pub rule: String,
    /// The script that shows it in the fewest calls.
    pub script: String,
    /// At which request it showed first.
    pub request: usize,
    /// How many calls the shortest script has that shows it.
    pub calls: usize,
}

/// What became of it, by the findings of level `should` and above in any tier.
#[must_use]
pub fn kill(mutant: &Mutant, report: &Report) -> MutantFate {
    let mut found = findings(&report.replays);
    found.retain(|it| it.divergence.level >= Level::Should);
    let right = found.iter().filter(|it| names(it, mutant));
    let of = |finding: &Finding| Kill {
        rule: finding.rule().id(),
        script: finding.history.name.clone(),
        request: first_seen(&report.replays, finding),
        calls: finding.history.steps.len(),
    };
    match (right.map(of).min_by_key(|it| it.request), found.first()) {
        (Some(kill), _) => MutantFate::Killed(kill),
        (None, Some(other)) => MutantFate::ByAnother(of(other)),
        (None, None) => MutantFate::Survives,
    }
}

/// Whether the finding is about the rule that the mutant breaks, or says that it was one of those that
/// were in force; or, where a call does what it should not, whether that call diverges or is the last
/// before that changed something.
fn names(finding: &Finding, mutant: &Mutant) -> bool {
    let api = |op: Operation| op.call().map(|call| call.api);
    let broken = mutant.rule.split('/').next();
    let effect = mutant.is_of_an_effect();
    let allowed = finding.divergence.allowed.iter().any(|(_, rule)| rule.id() == mutant.rule);
    finding.rule().id() == mutant.rule
        || allowed
        || effect && changed_last(finding).is_some_and(|op| api(op) == broken)
        || effect && finding.history.operations().last().is_some_and(|op| api(op) == broken)
}

/// The last call before the one that diverges that changed something.
fn changed_last(finding: &Finding) -> Option<Operation> {
    let before = finding.history.steps.split_last()?.1;
    before.iter().rev().map(|it| it.operation).find(|op| !op.is_read())
}

fn first_seen(replays: &[ScriptRun], finding: &Finding) -> usize {
    let exchanges = replays.iter().flat_map(|it| &it.exchanges);
    let same = exchanges.filter(
        |it| matches!(&it.verdict, Verdict::Diverges(it) if it.is_like(&finding.divergence)),
    );
    same.map(|it| it.request).min().unwrap_or(0)
}
