//! The results of a run.
//!
//! A [`Finding`] groups the divergences that break one rule in the same way, with the shortest
//! script that shows them. [`Totals`] counts every call of the run once. [`Threshold`] decides
//! which divergences fail the run. This module does not print: the harness formats the results.

pub mod coverage;
pub mod difference;
pub mod history;
pub mod known_failures;
pub mod rule_set;
mod shown_effects;
pub mod shrink;
pub mod undecidable;

use iamspec_model::tables::precedence::decisive_rule;
use iamspec_model::{Account, Level, Operation, Rule};

use crate::endpoint::WireExchange;
use crate::oracle::{Divergence, Tier, UnspecifiedBehavior, Verdict, divergence};
use crate::response::Response;
use crate::results::history::{Exchange, Origin, ScriptRun};
use crate::results::known_failures::KnownFailures;
use crate::results::rule_set::RuleSet;
use crate::script::{Script, Step};

/// A rule that the endpoint breaks, in one tier and at one level.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The difference between the response and the specification.
    pub divergence: Divergence,
    /// The response.
    pub response: Response,
    /// The assumed account before the diverging call.
    pub before: Account,
    /// The source of the history.
    pub origin: Origin,
    /// The shortest history that shows the finding, up to the diverging call.
    pub history: Script,
    /// The HTTP exchange of the diverging call.
    pub wire: Option<Box<WireExchange>>,
    /// The change that a possibly stale read misses: before this operation, the response would have
    /// conformed.
    pub stale_since: Option<Operation>,
    /// The rules that earlier calls of the history break. Without these divergences, the finding may
    /// not occur.
    pub earlier: Vec<Rule>,
    /// The other scripts that show the finding.
    pub other_scripts: Vec<String>,
    /// The index of the known failure that lists it, if any.
    pub known_failure: Option<usize>,
}

/// The limits from which on a divergence fails a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// Divergences in this tier and coarser tiers count.
    pub tier: Tier,
    /// Divergences of this level and stronger levels count.
    pub level: Level,
    /// Only divergences from the rules of this set count; from every rule if absent.
    pub rules: Option<&'static RuleSet>,
}

impl Default for Threshold {
    fn default() -> Self {
        Self { tier: Tier::Code, level: Level::Must, rules: None }
    }
}

impl Threshold {
    /// Whether a divergence reaches the threshold.
    #[must_use]
    pub fn includes(self, divergence: &Divergence) -> bool {
        self.reaches(divergence) && !self.is_newer(divergence)
    }

    /// Whether a divergence would reach the threshold if the rule set did not leave it out.
    #[must_use]
    pub fn leaves_out(self, divergence: &Divergence) -> bool {
        self.reaches(divergence) && self.is_newer(divergence)
    }

    fn reaches(self, divergence: &Divergence) -> bool {
        divergence.tier <= self.tier && divergence.level >= self.level
    }

    fn is_newer(self, divergence: &Divergence) -> bool {
        self.rules.is_some_and(|it| it.is_older_than(divergence))
    }
}

impl Finding {
    /// The script that shows the finding, with the broken rule as its description.
    #[must_use]
    pub fn script(&self) -> Script {
        let steps = self.history.steps.iter().map(|it| Step { response: None, ..it.clone() });
        let idea = self.divergence.statement();
        Script { idea, steps: steps.collect(), ..self.history.clone() }
    }

    /// How hard it is to reproduce. A generated history has no script name to run it by, so a script is
    /// preferred.
    fn cost(&self) -> (bool, usize) {
        (self.origin == Origin::Generated, self.history.steps.len())
    }

    fn add_script(&mut self, name: &str) {
        if name != self.history.name && !self.other_scripts.iter().any(|it| it == name) {
            self.other_scripts.push(name.to_owned());
        }
    }

    /// The id of the broken rule.
    #[must_use]
    pub fn rule_id(&self) -> String {
        self.divergence.rule_id()
    }

    /// The broken rule.
    #[must_use]
    pub fn rule(&self) -> Rule {
        self.divergence.rule
    }
}

/// The findings of a run, strongest level first.
#[must_use]
pub fn findings(replays: &[ScriptRun]) -> Vec<Finding> {
    findings_with(replays, &KnownFailures::default())
}

/// The findings of a run. Findings that different known failures list stay separate.
#[must_use]
pub fn findings_with<'a>(
    replays: impl IntoIterator<Item = &'a ScriptRun>,
    known_failures: &KnownFailures,
) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for replay in replays {
        let history = replay.history();
        for (index, exchange) in replay.exchanges.iter().enumerate() {
            let Some(observed) = &exchange.response else { continue };
            for divergence in exchange.divergences() {
                let known_failure = known_failures.find(divergence, &replay.script.name, observed);
                let of_behavior = divergence.wire_rule.is_none();
                let place = (replay, index);
                if is_known_better(&mut found, place, (divergence, known_failure)) {
                    continue;
                }
                let finding = Finding {
                    divergence: divergence.clone(),
                    response: observed.clone(),
                    before: exchange.before.clone(),
                    origin: replay.origin,
                    history: history.until(index),
                    wire: exchange.wire.clone(),
                    stale_since: missed_change(replay, index, observed).filter(|_| of_behavior),
                    earlier: earlier_divergences(replay, index),
                    other_scripts: Vec::new(),
                    known_failure,
                };
                merge_finding(&mut found, finding);
            }
        }
    }
    found.sort_by_key(|it| (std::cmp::Reverse(it.divergence.level), it.divergence.tier));
    found
}

/// The rules that the calls before this one break, except for the texts of messages.
fn earlier_divergences(replay: &ScriptRun, index: usize) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for exchange in replay.exchanges.iter().take(index) {
        if let Verdict::Diverges(it) = &exchange.verdict
            && it.tier < Tier::Text
            && !rules.contains(&it.rule)
        {
            rules.push(it.rule);
        }
    }
    rules
}

/// The findings of a run, each with its minimal script.
#[must_use]
pub fn minimal_findings(
    script_runs: &[ScriptRun],
    minimal_runs: &[ScriptRun],
    known_failures: &KnownFailures,
) -> Vec<Finding> {
    let mut findings = findings_with(script_runs, known_failures);
    take_minimal_scripts(&mut findings, minimal_runs, known_failures);
    findings
}

/// Gives each finding the minimal script of its own. Whatever else a minimal run shows is left out:
/// it is not part of the suite.
pub fn take_minimal_scripts(
    findings: &mut [Finding],
    minimal_runs: &[ScriptRun],
    known_failures: &KnownFailures,
) {
    for minimal in minimal_runs.iter().flat_map(|it| findings_with([it], known_failures)) {
        let same = |it: &&mut Finding| {
            it.divergence.is_like(&minimal.divergence)
                && it.known_failure == minimal.known_failure
                && it.history.name == minimal.history.name
                && it.history.steps.len() > minimal.history.steps.len()
        };
        if let Some(finding) = findings.iter_mut().find(same) {
            let other_scripts = std::mem::take(&mut finding.other_scripts);
            *finding = Finding { other_scripts, ..minimal };
        }
    }
}

/// The last operation before which this response to a read would have conformed.
fn missed_change(replay: &ScriptRun, index: usize, observed: &Response) -> Option<Operation> {
    if matches!(observed, Response::Failed(_)) {
        return None;
    }
    let read = replay.exchanges.get(index)?.operation;
    let earlier = replay.exchanges.get(..index)?.iter().rev().filter(|_| read.is_read());
    let would_conform = |it: &&Exchange| {
        divergence(&it.before, &read, observed).is_none_or(|it| it.tier >= Tier::Text)
    };
    earlier.into_iter().find(would_conform).map(|it| it.operation)
}

/// Whether an earlier history shows the same finding and is as short. Then the name of the script is
/// added to that finding.
fn is_known_better(
    found: &mut [Finding],
    (replay, index): (&ScriptRun, usize),
    (divergence, known_failure): (&Divergence, Option<usize>),
) -> bool {
    let same =
        |it: &&mut Finding| it.divergence.is_like(divergence) && it.known_failure == known_failure;
    let Some(known) = found.iter_mut().find(same) else { return false };
    let cost = (replay.origin == Origin::Generated, index + 1);
    if cost < known.cost() {
        return false;
    }
    known.add_script(&replay.script.name);
    true
}

/// Adds a finding, or merges it into the one it repeats and keeps the shorter history of the two.
fn merge_finding(found: &mut Vec<Finding>, mut finding: Finding) {
    let same = |it: &&mut Finding| {
        it.divergence.is_like(&finding.divergence) && it.known_failure == finding.known_failure
    };
    match found.iter_mut().find(same) {
        None => found.push(finding),
        Some(it) => {
            if finding.cost() < it.cost() {
                std::mem::swap(it, &mut finding);
                it.other_scripts.append(&mut finding.other_scripts);
            }
            it.add_script(&finding.history.name);
        }
    }
}

/// The unspecified behavior that the run observed, each rule and response once.
#[must_use]
pub fn unspecified_behavior(replays: &[ScriptRun]) -> Vec<UnspecifiedBehavior> {
    let mut distinct: Vec<UnspecifiedBehavior> = Vec::new();
    for exchange in replays.iter().flat_map(|it| &it.exchanges) {
        let Verdict::Conforms(seen) = &exchange.verdict else { continue };
        for behavior in seen {
            if !distinct.contains(behavior) {
                distinct.push(behavior.clone());
            }
        }
    }
    distinct
}

/// The rules that alone decided the expected response of a judged call.
#[must_use]
pub fn decisive_rules(replays: &[ScriptRun]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for exchange in replays.iter().flat_map(|it| &it.exchanges) {
        let judged = matches!(exchange.verdict, Verdict::Conforms(_) | Verdict::Diverges(_));
        let decisive = decisive_rule(&exchange.in_force).filter(|it| judged && !rules.contains(it));
        rules.extend(decisive);
    }
    rules
}

/// The totals of a run. Every call counts in exactly one field, except that `below` is part of
/// `passed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Responses that conform, or diverge below the threshold.
    pub passed: usize,
    /// The part of `passed` that diverges below the threshold.
    pub below_threshold: usize,
    /// Divergent responses that no known failure lists.
    pub unexpected: usize,
    /// Divergent responses, and responses without a verdict, that the known failures cover.
    pub known_failures: usize,
    /// Calls that the endpoint does not support.
    pub unsupported: usize,
    /// Calls with an inconclusive response that no known failure covers.
    pub inconclusive: usize,
    /// Calls that were not sent.
    pub not_exercised: usize,
}

impl Totals {
    /// Counts every call of a run.
    #[must_use]
    pub fn of(replays: &[ScriptRun], threshold: Threshold, known_failures: &KnownFailures) -> Self {
        let mut totals = Self::default();
        let exchanges = replays.iter().flat_map(|replay| {
            replay.exchanges.iter().zip(known_failures.covered(replay, threshold))
        });
        for (exchange, is_known) in exchanges {
            let counts = exchange.divergences().any(|it| threshold.includes(it));
            let counter = match &exchange.verdict {
                _ if counts && is_known => &mut totals.known_failures,
                _ if counts => &mut totals.unexpected,
                Verdict::Conforms(_) | Verdict::Diverges(_) => {
                    totals.below_threshold += usize::from(exchange.divergences().next().is_some());
                    &mut totals.passed
                }
                Verdict::Inconclusive(_) if is_known => &mut totals.known_failures,
                Verdict::Inconclusive(_) => &mut totals.inconclusive,
                Verdict::Unsupported(_) => &mut totals.unsupported,
                Verdict::Skipped(_) => &mut totals.not_exercised,
            };
            *counter += 1;
        }
        totals
    }

    /// The number of calls.
    #[must_use]
    pub const fn calls(&self) -> usize {
        self.passed
            + self.unexpected
            + self.known_failures
            + self.unsupported
            + self.inconclusive
            + self.not_exercised
    }
}
