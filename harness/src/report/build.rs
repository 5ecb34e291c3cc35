//! Builds the [`RunReport`] of a run: the only place that translates values of the model into text.

use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::generate::kind_set::KindSet;
use iamspec_conformance::mutation::cause::cause;
use iamspec_conformance::results::coverage::{Coverage, CoverageTarget, TargetStatus};
use iamspec_conformance::results::known_failures::{KnownFailure, KnownFailures};
use iamspec_conformance::results::shrink::Shortened;
use iamspec_conformance::results::{Threshold, Totals, unspecified_behavior};
use iamspec_conformance::runner::cleanup::NotDeleted;
use iamspec_conformance::script::print;
use iamspec_conformance::{
    Exchange, Finding, Mutant, Origin, Report, Response, ScriptRun, Verdict,
};
use iamspec_model::{AttachmentKind, Fact, Operation, evidence, rules};

use crate::report::RunReport;
use crate::report::events::{
    CallEvent, CallVerdict, ConvergedEvent, CoverageEvent, EndEvent, ExerciseEvent,
    KnownFailureEvent, MissingEvent, NO_SCRIPT, NotDeletedEvent, RemarkEvent, RunHeader, RunTotals,
    UnspecifiedEvent,
};
use crate::report::events::{
    CitedFact, ExpectedResponse, FindingEvent, FindingStatus, FindingStep, FindingWire,
    export_command,
};
use crate::report::format::summary::{counted, number};
use crate::report::kinds::kind_events;

/// The parts of a report that the run itself does not contain.
pub struct ReportInput<'a> {
    /// The target, the selected suite and the options.
    pub header: RunHeader,
    /// Each finding, its entry in the known-failures file, and the command that reproduces it.
    pub findings: Vec<(&'a Finding, Option<&'a KnownFailure>, String)>,
    /// The tier and level from which a finding fails the run.
    pub threshold: Threshold,
    /// The deviations of the client under test.
    pub remarks: Vec<RemarkEvent>,
    /// The resources that the cleanup could not delete, by their names on the endpoint.
    pub not_deleted: Vec<NotDeletedEvent>,
    /// For a shard or a run of named scripts: its results for each entry of the known-failures file.
    pub known_failures: Vec<KnownFailureEvent>,
    /// The known failures.
    pub known: &'a KnownFailures,
    /// The problems in the known-failures file.
    pub known_failure_errors: Vec<String>,
    /// The number of calls by verdict.
    pub totals: Totals,
    /// The option of the command that exports a script, as a word of a shell.
    pub endpoint_option: Option<String>,
    /// The footer without its totals and counts, which the builder fills in.
    pub end: EndEvent,
}

/// Builds the report of a run.
#[must_use]
pub fn build_report(report: &Report, input: ReportInput<'_>) -> RunReport {
    let runs = &report.script_runs;
    let context = (&**runs, input.endpoint_option.as_deref());
    let mut findings: Vec<FindingEvent> =
        input.findings.into_iter().map(|it| finding(it, input.threshold, context)).collect();
    // A run with a convergence time has retried stale reads already.
    for it in findings.iter_mut().filter(|_| input.header.settle > 0.0) {
        it.possibly_stale = None;
    }
    let totals = totals(input.totals);
    let end = EndEvent {
        scripts: runs.len(),
        requests: report.requests,
        totals,
        shortened: shortened(report.shortened),
        ..input.end
    };
    let calls: Vec<CallEvent> =
        runs.iter().flat_map(|it| calls(it, input.known, input.threshold)).collect();
    let coverage = CoverageEvent { kinds: kind_events(&calls), ..coverage(runs) };
    RunReport {
        header: input.header,
        calls,
        findings,
        remarks: input.remarks,
        unspecified: unspecified(runs),
        coverage,
        not_deleted: input.not_deleted,
        known_failures: input.known_failures,
        known_failure_errors: input.known_failure_errors,
        end,
    }
}

const fn totals(it: Totals) -> RunTotals {
    RunTotals {
        passed: it.passed,
        below: it.below_threshold,
        unexpected: it.unexpected,
        known_failures: it.known_failures,
        unsupported: it.unsupported,
        inconclusive: it.inconclusive,
        skipped: it.not_exercised,
    }
}

fn calls(run: &ScriptRun, known: &KnownFailures, threshold: Threshold) -> Vec<CallEvent> {
    let exchanges = run.exchanges.iter().zip(known.covered(run, threshold)).enumerate();
    let event = |(index, (exchange, known_failure)): (usize, (&Exchange, bool))| CallEvent {
        starts_script: index == 0,
        known_failure,
        newer: is_newer(exchange, threshold),
        ..call(&run.script.name, exchange)
    };
    exchanges.map(event).collect()
}

/// Whether divergences are left out because of the rule set, and none counts.
fn is_newer(exchange: &Exchange, threshold: Threshold) -> bool {
    exchange.divergences().any(|it| threshold.leaves_out(it))
        && !exchange.divergences().any(|it| threshold.includes(it))
}

fn call(script: &str, exchange: &Exchange) -> CallEvent {
    let (verdict, reason) = verdict(exchange);
    let holds = match exchange.operation {
        Operation::DeleteUser(user) if exchange.before.has_user(user) => {
            Some(kind_names(KindSet::held(&exchange.before, user)))
        }
        _ => None,
    };
    let converged = exchange
        .convergence
        .map(|it| ConvergedEvent { retries: it.retries, seconds: it.waited.as_secs_f64() });
    CallEvent {
        script: script.to_owned(),
        call: print::operation(&exchange.operation),
        action: exchange.operation.action().map_or("", |call| call.api).to_owned(),
        request: Some(exchange.request).filter(|it| *it > 0),
        response: exchange.response.as_ref().map(ToString::to_string),
        verdict,
        reason,
        rules: exchange.in_force.iter().map(iamspec_model::Rule::id).collect(),
        holds,
        known_failure: false,
        newer: false,
        converged,
        starts_script: false,
        request_id: exchange.request_id.as_deref().map(str::to_owned),
    }
}

/// The verdict, and the tier and level of a divergence or the reason why there is no verdict.
fn verdict(exchange: &Exchange) -> (CallVerdict, Option<String>) {
    match &exchange.verdict {
        Verdict::Conforms(_) | Verdict::Diverges(_) => match exchange.divergences().next() {
            None => (CallVerdict::Conforms, None),
            Some(it) => {
                (CallVerdict::Diverges, Some(format!("{} {}", it.tier.name(), it.level.name())))
            }
        },
        Verdict::Inconclusive(it) => (CallVerdict::Inconclusive, Some(it.to_string())),
        Verdict::Unsupported(api) => (CallVerdict::Unsupported, Some((*api).to_owned())),
        Verdict::Skipped(reason) => (CallVerdict::Skipped, Some(reason.clone())),
    }
}

fn kind_names(set: KindSet) -> Vec<String> {
    let held = AttachmentKind::blockers().filter(|it| set.has(*it));
    held.map(|it| it.row().name.to_owned()).collect()
}

/// A finding with its entry in the known-failures file and the command that reproduces it, given the
/// runs of the report and the option of the command that exports a script.
#[must_use]
pub fn finding(
    (finding, entry, reproduce): (&Finding, Option<&KnownFailure>, String),
    threshold: Threshold,
    (runs, endpoint_option): (&[ScriptRun], Option<&str>),
) -> FindingEvent {
    let (rule, divergence) = (finding.rule(), &finding.divergence);
    let steps = finding.history.steps.iter().map(|step| FindingStep {
        call: print::operation(&step.operation),
        response: step.response.as_ref().map(ToString::to_string).unwrap_or_default(),
    });
    let expected = divergence.expected.iter().map(|(response, rule)| ExpectedResponse {
        response: response.clone(),
        rule: divergence.wire_rule.map_or_else(|| rule.id(), |_| finding.rule_id()),
    });
    let facts = divergence.evidence.iter().filter_map(|id| evidence::fact(id));
    let script = &finding.history.name;
    let wire = finding.wire.as_deref().cloned();
    FindingEvent {
        rule: finding.rule_id(),
        action: rule.action.api.to_owned(),
        statement: divergence.statement(),
        level: divergence.level.name().to_owned(),
        tier: divergence.tier.name().to_owned(),
        status: status(threshold.includes(divergence), entry.is_some()),
        newer: threshold.leaves_out(divergence),
        reason: entry.map(|it| it.reason.clone()),
        issue: entry.and_then(|it| it.issue.clone()),
        script: script.clone(),
        history: steps.collect(),
        observed: finding.response.to_string(),
        expected: expected.collect(),
        evidence: facts.map(|fact| cited(fact, rule.action.api)).collect(),
        state: divergence.state.clone(),
        assumed_state: divergence.assumed_state.to_owned(),
        possibly_stale: finding.stale_since.as_ref().map(print::operation),
        cause: cause(finding, runs).map(caused_by),
        earlier: finding.earlier.iter().map(iamspec_model::Rule::id).collect(),
        other_scripts: finding.other_scripts.clone(),
        wire: wire.map(|it| FindingWire { request: it.request, response: it.response }),
        reproduce,
        export: (finding.origin != Origin::Generated)
            .then(|| export_command(script, endpoint_option)),
    }
}

/// The rule that a mutant breaks, how it breaks it, and the evidence.
fn caused_by(mutant: &Mutant) -> String {
    let rule = rules().find(|rule| rule.id() == mutant.rule);
    let facts = rule.iter().flat_map(|it| it.clause.status.facts).map(|fact| fact.id);
    let facts = facts.collect::<Vec<_>>().join(", ");
    if facts.is_empty() { mutant.name.clone() } else { format!("{} ({facts})", mutant.name) }
}

/// How the scripts of findings were shortened, if that was tried.
fn shortened(it: Shortened) -> Option<String> {
    if it == Shortened::default() {
        return None;
    }
    let calls = counted(it.operations, "further call");
    let left = match it.left_as_they_are {
        0 => String::new(),
        left => format!("; {} not tried", counted(left, "finding")),
    };
    let (scripts, most) = (counted(it.scripts, "script"), number(it.max_operations));
    Some(format!("{scripts} shortened, with {calls} of at most {most}{left}"))
}

const fn status(counts: bool, is_known: bool) -> FindingStatus {
    match (counts, is_known) {
        (false, _) => FindingStatus::Below,
        (true, true) => FindingStatus::KnownFailure,
        (true, false) => FindingStatus::Unexpected,
    }
}

/// A fact as a finding cites it: its state and response, or else its note or source.
pub(crate) fn cited(fact: &Fact, api: &str) -> CitedFact {
    let response = fact.http.map(|http| format!("{http} {}", fact.code.unwrap_or_default()));
    let statement = match response {
        Some(response) => format!("{}: {}", fact.state, response.trim_end()),
        None if fact.note.is_empty() => fact.source.to_owned(),
        None => fact.note_for(api).to_owned(),
    };
    CitedFact {
        fact: fact.id.to_owned(),
        strength: fact.strength.name().to_owned(),
        statement,
        source: fact.source.to_owned(),
    }
}

/// The resources that the cleanup could not delete; `name` returns the name of a resource on the
/// endpoint.
#[must_use]
pub fn not_deleted(
    report: &Report,
    name: &dyn Fn(Namespace, &Operation) -> String,
) -> Vec<NotDeletedEvent> {
    let event = |(leftover, diverged): &(NotDeleted, bool)| NotDeletedEvent {
        name: name(leftover.namespace, &leftover.operation),
        call: print::operation(&leftover.operation),
        response: leftover.response.to_string(),
        uncertain: matches!(leftover.response, Response::Failed(_)),
        after_divergence: *diverged,
    };
    report.not_deleted.iter().map(event).collect()
}

fn unspecified(runs: &[ScriptRun]) -> Vec<UnspecifiedEvent> {
    let events = unspecified_behavior(runs).into_iter().map(|it| UnspecifiedEvent {
        rule: it.rule.id(),
        facts: it.rule.clause.status.facts.iter().map(|fact| fact.id.to_owned()).collect(),
        response: it.observed,
    });
    events.collect()
}

fn coverage(runs: &[ScriptRun]) -> CoverageEvent {
    let coverage = Coverage::of(runs);
    let name = |kind: AttachmentKind| kind.row().name.to_owned();
    CoverageEvent {
        rules: exercise(&coverage.rules, runs),
        outcomes: exercise(&coverage.outcomes, runs),
        sets: coverage.sets.iter().copied().map(kind_names).collect(),
        pairs: coverage.pairs.iter().map(|(first, then)| [name(*first), name(*then)]).collect(),
        kinds: Vec::new(),
    }
}

fn exercise(targets: &[CoverageTarget], runs: &[ScriptRun]) -> ExerciseEvent {
    let mut event = ExerciseEvent::default();
    for it in targets {
        let missing = |reason: String| MissingEvent { name: it.name.clone(), reason };
        match it.status {
            TargetStatus::Tested => event.tested.push(it.name.clone()),
            TargetStatus::Undecidable(reason) => event.undecidable.push(missing(reason.to_owned())),
            TargetStatus::NotAlone => event.not_tested.push(missing(NOT_ALONE.to_owned())),
            TargetStatus::EffectNotShown => {
                event.not_tested.push(missing(EFFECT_NOT_SHOWN.to_owned()));
            }
            TargetStatus::NotReached => {
                event.not_tested.push(missing(missing_reason(it.api, runs)));
            }
        }
    }
    event
}

/// The reason why a rule was not tested if another rule always hid it.
const NOT_ALONE: &str = "applied only together with other rules, which may hide it";

/// The reason why a success was not tested although the call succeeded.
const EFFECT_NOT_SHOWN: &str = "succeeded, but no later call shows the effect";

/// The reason why the run has no verdict on any call of this action.
fn missing_reason(api: &str, runs: &[ScriptRun]) -> String {
    let exchanges = runs.iter().flat_map(|it| &it.exchanges);
    let own = exchanges.filter(|it| it.operation.action().is_some_and(|call| call.api == api));
    let mut reasons = own.filter_map(|it| match &it.verdict {
        Verdict::Unsupported(api) => Some(format!("{api} is unsupported")),
        Verdict::Skipped(reason) => Some(reason.clone()),
        Verdict::Inconclusive(it) => Some(it.to_string()),
        Verdict::Conforms(_) | Verdict::Diverges(_) => None,
    });
    reasons.next().unwrap_or_else(|| NO_SCRIPT.to_owned())
}
