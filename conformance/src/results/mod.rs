//! What a run found: divergences grouped by the rule they break, each with the shortest script that
//! shows it; and the sums of the last line.

pub mod coverage;
pub mod history;
pub mod known_failures;
pub mod shrink;

use iamspec_model::{Account, Level, Operation, Rule};

use crate::endpoint::WireExchange;
use crate::oracle::{Divergence, Tier, UnspecifiedBehavior, Verdict, divergence};
use crate::response::Response;
use crate::results::history::{Exchange, Origin, ScriptRun};
use crate::results::known_failures::KnownFailures;
use crate::script::{Script, Step};

/// One rule that the endpoint breaks in one way.
#[derive(Clone, Debug)]
pub struct Finding {
    /// How the answer differs.
    pub divergence: Divergence,
    /// What was answered.
    pub observed: Response,
    /// The account in which it was asked, as it was thought to be.
    pub before: Account,
    /// Where its history comes from.
    pub origin: Origin,
    /// The history up to the call that diverges: the shortest of those that show it.
    pub history: Script,
    /// What went over the wire at that call.
    pub wire: Option<Box<WireExchange>>,
    /// The call before which this answer to a read was right: one that comes late looks like that.
    pub late: Option<Operation>,
    /// The other scripts that show it.
    pub also: Vec<String>,
    /// Which of the expectations lists it, if one does.
    pub entry: Option<usize>,
}

/// From where on a finding fails a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// Differences in this tier and the coarser ones count.
    pub tier: Tier,
    /// Claims of this level and the stronger ones count.
    pub level: Level,
}

impl Default for Threshold {
    fn default() -> Self {
        Self { tier: Tier::Code, level: Level::Must }
    }
}

impl Threshold {
    /// Whether a divergence counts.
    #[must_use]
    pub fn counts(self, divergence: &Divergence) -> bool {
        divergence.tier <= self.tier && divergence.level >= self.level
    }
}

impl Finding {
    /// The script that shows it, and what it shows.
    #[must_use]
    pub fn script(&self) -> Script {
        let steps = self.history.steps.iter().map(|it| Step { answer: None, ..it.clone() });
        Script { idea: self.rule().statement(), steps: steps.collect(), ..self.history.clone() }
    }

    /// The rule that is broken.
    #[must_use]
    pub fn rule(&self) -> Rule {
        self.divergence.rule
    }
}

/// The findings of a run, what binds most first.
#[must_use]
pub fn findings(replays: &[ScriptRun]) -> Vec<Finding> {
    findings_against(replays, &KnownFailures::default())
}

/// The same, those that different expectations list apart.
#[must_use]
pub fn findings_against(replays: &[ScriptRun], expectations: &KnownFailures) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for replay in replays {
        let history = replay.history();
        for (place, exchange) in replay.exchanges.iter().enumerate() {
            let (Verdict::Diverges(divergence), Some(observed)) =
                (&exchange.verdict, &exchange.observed)
            else {
                continue;
            };
            let entry = expectations.place(divergence, &replay.script.name, observed);
            let history = history.until(place);
            let finding = Finding {
                divergence: (**divergence).clone(),
                observed: observed.clone(),
                before: exchange.before.clone(),
                origin: replay.origin,
                history,
                wire: exchange.wire.clone(),
                late: late(replay, place, observed),
                also: Vec::new(),
                entry,
            };
            add(&mut found, finding);
        }
    }
    found.sort_by_key(|it| (std::cmp::Reverse(it.divergence.level), it.divergence.tier));
    found
}

/// The last call that changed what this read shows, where its answer is that of before.
fn late(replay: &ScriptRun, place: usize, observed: &Response) -> Option<Operation> {
    let read = replay.exchanges.get(place)?.operation;
    let earlier = replay.exchanges.get(..place)?.iter().rev().filter(|_| read.is_read());
    let right = |it: &&Exchange| {
        divergence(&it.before, &read, observed).is_none_or(|it| it.tier == Tier::Text)
    };
    earlier.into_iter().find(right).map(|it| it.operation)
}

fn add(found: &mut Vec<Finding>, mut finding: Finding) {
    let same =
        |it: &&mut Finding| it.divergence.is_like(&finding.divergence) && it.entry == finding.entry;
    match found.iter_mut().find(same) {
        None => found.push(finding),
        Some(it) => {
            // What nobody can play again by its name is the last choice.
            let cost = |it: &Finding| (it.origin == Origin::Course, it.history.steps.len());
            if cost(&finding) < cost(it) {
                std::mem::swap(it, &mut finding);
                it.also.append(&mut finding.also);
            }
            let name = finding.history.name;
            if name != it.history.name && !it.also.contains(&name) {
                it.also.push(name);
            }
        }
    }
}

/// The questions of the facts that the run speaks to, each rule and answer once.
#[must_use]
pub fn open_points(replays: &[ScriptRun]) -> Vec<UnspecifiedBehavior> {
    let mut points: Vec<UnspecifiedBehavior> = Vec::new();
    for exchange in replays.iter().flat_map(|it| &it.exchanges) {
        let Verdict::Conforms(seen) = &exchange.verdict else { continue };
        for point in seen {
            if !points.contains(point) {
                points.push(point.clone());
            }
        }
    }
    points
}

/// The rules that alone decided what a judged call had to be answered with.
#[must_use]
pub fn decisive(replays: &[ScriptRun]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for exchange in replays.iter().flat_map(|it| &it.exchanges) {
        let judged = matches!(exchange.verdict, Verdict::Conforms(_) | Verdict::Diverges(_));
        let mut lasting = exchange.in_force.iter().filter(|rule| !rule.claim.reason.passes());
        if let (true, Some(rule), None) = (judged, lasting.next(), lasting.next())
            && !rules.contains(rule)
        {
            rules.push(*rule);
        }
    }
    rules
}

/// The last line of a run: every call is in exactly one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Answers that conform, or differ below the threshold.
    pub passed: usize,
    /// Of these: those that differ below the threshold.
    pub below: usize,
    /// Answers that diverge.
    pub unexpected: usize,
    /// Answers that diverge and are listed.
    pub expected: usize,
    /// Calls that the endpoint lacks.
    pub unsupported: usize,
    /// Calls of whose answer nothing can be said.
    pub inconclusive: usize,
    /// Calls that were not asked.
    pub not_exercised: usize,
}

impl Totals {
    /// Counts every call of a run.
    #[must_use]
    pub fn of(replays: &[ScriptRun], threshold: Threshold, expectations: &KnownFailures) -> Self {
        let mut tally = Self::default();
        let exchanges = replays
            .iter()
            .flat_map(|replay| replay.exchanges.iter().map(|it| (&*replay.script.name, it)));
        for (script, exchange) in exchanges {
            let listed = |it: &Divergence| {
                let observed = exchange.observed.as_ref();
                observed.is_some_and(|answer| expectations.place(it, script, answer).is_some())
            };
            let place = match &exchange.verdict {
                Verdict::Conforms(_) => &mut tally.passed,
                Verdict::Diverges(it) if !threshold.counts(it) => {
                    tally.below += 1;
                    &mut tally.passed
                }
                Verdict::Diverges(it) if listed(it) => &mut tally.expected,
                Verdict::Diverges(_) => &mut tally.unexpected,
                Verdict::Inconclusive(_) => &mut tally.inconclusive,
                Verdict::Unsupported(_) => &mut tally.unsupported,
                Verdict::Skipped(_) => &mut tally.not_exercised,
            };
            *place += 1;
        }
        tally
    }

    /// Every call.
    #[must_use]
    pub const fn calls(&self) -> usize {
        self.passed
            + self.unexpected
            + self.expected
            + self.unsupported
            + self.inconclusive
            + self.not_exercised
    }
}
