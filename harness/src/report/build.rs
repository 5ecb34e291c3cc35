//! A run, as events: everything that the model's words are needed for is said here.

use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::generate::kind_set::KindSet;
use iamspec_conformance::results::coverage::Reach;
use iamspec_conformance::results::known_failures::KnownFailure;
use iamspec_conformance::results::{Threshold, Totals, coverage, open_points};
use iamspec_conformance::runner::cleanup::NotDeleted as Left;
use iamspec_conformance::{
    Exchange, Finding as Found, Origin, Report, Response, ScriptRun, Verdict as Said,
};
use iamspec_model::{AttachmentKind, Fact, Operation, evidence};

use crate::report::RunReport;
use crate::report::events::{
    CallEvent, CallVerdict, ConvergedEvent, CoverageEvent, EndEvent, ExerciseEvent,
    KnownFailureEvent, MissingEvent, NotDeletedEvent, RemarkEvent, RunHeader, RunTotals,
    UnspecifiedEvent,
};
use crate::report::finding::{
    CitedFact, ExpectedResponse, FindingEvent, FindingStatus, FindingStep, FindingWire,
};

/// What is told besides the report itself.
pub struct ReportInput<'a> {
    /// What was to be played, and where.
    pub header: RunHeader,
    /// What was found, with the entry that lists it, and the command that repeats it.
    pub findings: Vec<(&'a Found, Option<&'a KnownFailure>, String)>,
    /// From where on a finding fails the run.
    pub threshold: Threshold,
    /// What the client did otherwise than it should.
    pub remarks: Vec<RemarkEvent>,
    /// What the endpoint did not let go, by its real name.
    pub kept: Vec<NotDeletedEvent>,
    /// What a part of a suite has seen of the expectations.
    pub entries: Vec<KnownFailureEvent>,
    /// What is wrong with the expectations.
    pub complaints: Vec<String>,
    /// The sums.
    pub tally: Totals,
    /// What the run came to; the sums and the counts are filled in.
    pub end: EndEvent,
}

/// The stream of a run.
#[must_use]
pub fn told(report: &Report, told: ReportInput<'_>) -> RunReport {
    let threshold = told.threshold;
    let replays = &report.replays;
    let mut findings: Vec<FindingEvent> =
        told.findings.into_iter().map(|it| finding(it, threshold)).collect();
    // What is late in spite of that is not late.
    for it in findings.iter_mut().filter(|_| told.header.settle > 0.0) {
        it.late = None;
    }
    let tally = told.tally;
    let sums = RunTotals {
        passed: tally.passed,
        below: tally.below,
        unexpected: tally.unexpected,
        expected: tally.expected,
        unsupported: tally.unsupported,
        inconclusive: tally.inconclusive,
        not_exercised: tally.not_exercised,
    };
    let end = EndEvent { scripts: replays.len(), requests: report.requests, sums, ..told.end };
    RunReport {
        header: told.header,
        calls: replays.iter().flat_map(calls).collect(),
        findings,
        remarks: told.remarks,
        open: open(replays),
        coverage: reached(replays),
        kept: told.kept,
        entries: told.entries,
        complaints: told.complaints,
        end,
    }
}

fn calls(replay: &ScriptRun) -> impl Iterator<Item = CallEvent> {
    let calls = replay.exchanges.iter().map(|it| call(&replay.script.name, it));
    calls.enumerate().map(|(place, it)| CallEvent { begins: place == 0, ..it })
}

fn call(script: &str, exchange: &Exchange) -> CallEvent {
    let (verdict, why) = said(&exchange.verdict);
    let holds = match exchange.operation {
        Operation::DeleteUser(user) if exchange.before.has_user(user) => {
            Some(names(KindSet::held(&exchange.before, user)))
        }
        _ => None,
    };
    let settled = exchange
        .settled
        .map(|it| ConvergedEvent { tries: it.tries, seconds: it.after.as_secs_f64() });
    CallEvent {
        script: script.to_owned(),
        call: iamspec_conformance::script::print::operation(&exchange.operation),
        api: exchange.operation.call().map_or("", |call| call.api).to_owned(),
        request: Some(exchange.request).filter(|it| *it > 0),
        answer: exchange.observed.as_ref().map(ToString::to_string),
        verdict,
        why,
        rules: exchange.in_force.iter().map(iamspec_model::Rule::id).collect(),
        holds,
        settled,
        begins: false,
        id: exchange.id.as_deref().map(str::to_owned),
    }
}

fn said(verdict: &Said) -> (CallVerdict, Option<String>) {
    match verdict {
        Said::Conforms(_) => (CallVerdict::Conforms, None),
        Said::Diverges(it) => {
            (CallVerdict::Diverges, Some(format!("{} {}", it.tier.name(), it.level.name())))
        }
        Said::Inconclusive(it) => (CallVerdict::Inconclusive, Some(it.to_string())),
        Said::Unsupported(api) => (CallVerdict::Unsupported, Some((*api).to_owned())),
        Said::Skipped(why) => (CallVerdict::NotExercised, Some(why.clone())),
    }
}

fn names(set: KindSet) -> Vec<String> {
    let held = AttachmentKind::blockers().filter(|it| set.has(*it));
    held.map(|it| it.row().name.to_owned()).collect()
}

fn finding(
    (it, entry, again): (&Found, Option<&KnownFailure>, String),
    threshold: Threshold,
) -> FindingEvent {
    let (rule, divergence) = (it.rule(), &it.divergence);
    let counts = threshold.counts(divergence);
    let steps = it.history.steps.iter().map(|step| FindingStep {
        call: iamspec_conformance::script::print::operation(&step.operation),
        answer: step.answer.as_ref().map(ToString::to_string).unwrap_or_default(),
    });
    let allowed = divergence
        .allowed
        .iter()
        .map(|(answer, rule)| ExpectedResponse { answer: answer.clone(), rule: rule.id() });
    let facts = divergence.evidence.iter().filter_map(|id| evidence::fact(id));
    let name = &it.history.name;
    let wire = it.wire.as_deref().cloned();
    FindingEvent {
        rule: rule.id(),
        api: rule.call.api.to_owned(),
        statement: rule.statement(),
        level: divergence.level.name().to_owned(),
        tier: divergence.tier.name().to_owned(),
        counted: counted(counts, entry.is_some()),
        reason: entry.map(|it| it.reason.clone()),
        issue: entry.and_then(|it| it.issue.clone()),
        script: it.history.name.clone(),
        history: steps.collect(),
        observed: it.observed.to_string(),
        allowed: allowed.collect(),
        because: facts.map(|fact| because(fact, rule.call.api)).collect(),
        state: divergence.state.clone(),
        going_on: divergence.going_on.to_owned(),
        late: it.late.as_ref().map(iamspec_conformance::script::print::operation),
        also: it.also.clone(),
        wire: wire.map(|it| FindingWire { request: it.request, answer: it.answer }),
        again,
        export: (it.origin != Origin::Course).then(|| format!("iamspec export {name} --as")),
    }
}

const fn counted(counts: bool, listed: bool) -> FindingStatus {
    match (counts, listed) {
        (false, _) => FindingStatus::Below,
        (true, true) => FindingStatus::Expected,
        (true, false) => FindingStatus::Unexpected,
    }
}

/// The strength of a fact and what it says: the answer in that state, or else its words.
fn because(fact: &Fact, api: &str) -> CitedFact {
    let answer = fact.http.map(|http| format!("{http} {}", fact.code.unwrap_or_default()));
    let says = match answer {
        Some(answer) => format!("{}: {}", fact.state, answer.trim_end()),
        None if fact.note.is_empty() => fact.source.to_owned(),
        None => fact.note_on(api).to_owned(),
    };
    CitedFact {
        fact: fact.id.to_owned(),
        strength: format!("{:?}", fact.strength).to_lowercase(),
        says,
        source: fact.source.to_owned(),
    }
}

/// What the endpoint did not let go; `name` tells the real name of what a call is about.
#[must_use]
pub fn kept(
    report: &Report,
    name: &dyn Fn(Namespace, &Operation) -> String,
) -> Vec<NotDeletedEvent> {
    let of = |(left, diverged): &(Left, bool)| NotDeletedEvent {
        name: name(left.space, &left.undo),
        undo: iamspec_conformance::script::print::operation(&left.undo),
        answer: left.answer.to_string(),
        perhaps: matches!(left.answer, Response::Interrupted(_)),
        diverged: *diverged,
    };
    report.kept.iter().map(of).collect()
}

fn open(replays: &[ScriptRun]) -> Vec<UnspecifiedEvent> {
    let points = open_points(replays).into_iter().map(|point| UnspecifiedEvent {
        rule: point.rule.id(),
        facts: point.rule.claim.status.facts.iter().map(|fact| fact.id.to_owned()).collect(),
        seen: point.seen,
    });
    points.collect()
}

fn reached(replays: &[ScriptRun]) -> CoverageEvent {
    let coverage = coverage::Coverage::of(replays);
    let name = |kind: AttachmentKind| kind.row().name.to_owned();
    CoverageEvent {
        rules: split(&coverage.rules, replays),
        outcomes: split(&coverage.outcomes, replays),
        sets: coverage.sets.iter().copied().map(names).collect(),
        pairs: coverage.pairs.iter().map(|(first, then)| [name(*first), name(*then)]).collect(),
    }
}

fn split(reach: &[Reach], replays: &[ScriptRun]) -> ExerciseEvent {
    let asked = reach.iter().filter(|it| it.reached).map(|it| it.name.clone());
    let missing = reach.iter().filter(|it| !it.reached);
    let missing =
        missing.map(|it| MissingEvent { name: it.name.clone(), why: why(it.api, replays) });
    ExerciseEvent { asked: asked.collect(), not_asked: missing.collect() }
}

/// Why most of what was not asked was not.
pub(crate) const NOBODY_ASKS: &str = "no script of this run asks it";

/// Why nothing was judged of a call in that state.
fn why(api: &str, replays: &[ScriptRun]) -> String {
    let exchanges = replays.iter().flat_map(|it| &it.exchanges);
    let own = exchanges.filter(|it| it.operation.call().is_some_and(|call| call.api == api));
    let mut reasons = own.filter_map(|it| match &it.verdict {
        Said::Unsupported(api) => Some(format!("{api} is unsupported")),
        Said::Skipped(why) => Some(why.clone()),
        Said::Inconclusive(it) => Some(it.to_string()),
        Said::Conforms(_) | Said::Diverges(_) => None,
    });
    reasons.next().unwrap_or_else(|| NOBODY_ASKS.to_owned())
}
