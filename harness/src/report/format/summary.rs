//! The sections of a run that are not findings: unspecified behavior, calls without a verdict,
//! coverage, and the totals in the last line.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use iamspec_conformance::results::coverage::{PAIRS, SETS};

use crate::exit_code::INCONCLUSIVE;
use crate::report::RunReport;
use crate::report::events::{CallEvent, CallVerdict, CoverageEvent, ExerciseEvent};
use crate::report::events::{FindingEvent, FindingStatus};
use crate::report::format::style::Style;

/// The levels and tiers of findings, explained in two lines.
pub const LEVELS_AND_TIERS: [&str; 2] = [
    "Level: must = documented by or recorded from AWS; should = reported; info = inferred.",
    "Tier: status = HTTP status; code = error code or listed items; text = message and formats; wire = form.",
];

/// Returns the findings of one status.
pub(crate) fn of_status(report: &RunReport, status: FindingStatus) -> Vec<&FindingEvent> {
    report.findings.iter().filter(|it| it.status == status).collect()
}

/// Returns the list of unspecified behaviors that the run observed: rule, facts and response.
#[must_use]
pub fn unspecified(report: &RunReport) -> String {
    let mut out = String::new();
    if report.unspecified.is_empty() {
        return out;
    }
    _ = writeln!(
        out,
        "Unspecified behavior observed: AWS's behavior is unknown or varies; every response conforms"
    );
    for it in &report.unspecified {
        _ = writeln!(out, "  {:<54} {:<12} {}", it.rule, it.facts.join(" "), it.response);
    }
    out
}

/// The number of unspecified behaviors, in one line. Empty if there is none.
pub(crate) fn unspecified_count(report: &RunReport) -> String {
    match report.unspecified.len() {
        0 => String::new(),
        number => format!(
            "{} observed; --show unspecified lists {}\n",
            counted(number, "unspecified behavior"),
            if number == 1 { "it" } else { "them" }
        ),
    }
}

/// Returns each reason why calls have no verdict, with the number of those calls.
#[must_use]
pub fn reasons(calls: &[CallEvent]) -> Vec<(String, usize)> {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    let mut interrupted: Option<&CallEvent> = None;
    for call in calls {
        let reason = call.reason.as_deref().unwrap_or_default();
        interrupted = interrupted.filter(|it| it.script == call.script);
        let reason = match (call.verdict, interrupted) {
            (CallVerdict::Skipped, Some(earlier)) => format!(
                "skipped: an earlier call of the script {} ({})",
                failure(earlier.reason.as_deref().unwrap_or_default()),
                earlier.action
            ),
            (CallVerdict::Skipped, None) => format!("skipped: {reason}"),
            (CallVerdict::Unsupported, _) => {
                format!("unsupported: {reason}, got {}", not_implemented(call))
            }
            (CallVerdict::Inconclusive, _) => {
                interrupted = Some(call);
                let known = if call.known_failure { " (known failure)" } else { "" };
                format!("inconclusive: {}, {reason}{known}", call.action)
            }
            (CallVerdict::Conforms | CallVerdict::Diverges, _) => {
                interrupted = None;
                continue;
            }
        };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((reason, 1)),
        }
    }
    reasons
}

/// The response that says that an action is unsupported. Crashes of it were confirmed.
fn not_implemented(call: &CallEvent) -> String {
    let response = call.response.as_deref().unwrap_or_default();
    let is_crash = response.starts_with("interrupted crash");
    let confirmed =
        if is_crash { ", twice in the same way while other actions worked" } else { "" };
    let detail = response.split_once('"').map_or(response, |(_, it)| it.trim_end_matches('"'));
    format!("{detail}{confirmed}")
}

/// The reasons of the exit code 3, in one line. Empty if the run has another exit code.
pub(crate) fn cause_of_inconclusive(report: &RunReport) -> String {
    if report.end.exit != INCONCLUSIVE {
        return String::new();
    }
    let mut calls: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let inconclusive = report.calls.iter().filter(|it| it.verdict == CallVerdict::Inconclusive);
    for call in inconclusive.filter(|it| !it.known_failure) {
        let kind = call.reason.as_deref().and_then(|it| it.split(' ').nth(1)).unwrap_or_default();
        *calls.entry((&call.action, kind)).or_default() += 1;
    }
    let call = |((action, kind), count): (&(&str, &str), &usize)| match count {
        1 => format!("{action} ({kind})"),
        count => format!("{count} x {action} ({kind})"),
    };
    let mut causes: Vec<String> = calls.iter().map(call).collect();
    let left = report.not_deleted.iter().filter(|it| !it.after_divergence).count();
    if left > 0 {
        causes.push(format!("{} not deleted", counted(left, "resource")));
    }
    if report.end.ended_early.is_some() {
        causes.push("the run ended early".to_owned());
    }
    if causes.is_empty() {
        return String::new();
    }
    format!("exit code {INCONCLUSIVE}, inconclusive, because of: {}\n", causes.join(", "))
}

/// The number of findings that do not count because of the rule set, and how to see them. Empty if
/// there is none.
pub(crate) fn newer_findings(report: &RunReport) -> String {
    let newer = report.findings.iter().filter(|it| it.newer).count();
    let Some(set) = report.header.rules.as_ref().filter(|_| newer > 0) else {
        return String::new();
    };
    let findings = counted(newer, "finding");
    format!(
        "newer than the rule set {set}: {findings}; without --rules they are shown in full and fail the run\n"
    )
}

/// A failure in a few words, from `interrupted KIND "detail"`.
fn failure(reason: &str) -> String {
    let (kind, detail) =
        reason.trim_start_matches("interrupted ").split_once(' ').unwrap_or((reason, ""));
    let status = detail
        .split(|it: char| !it.is_ascii_alphanumeric())
        .find(|it| it.len() == 3 && it.starts_with(['4', '5']) && it.parse::<u16>().is_ok());
    match (kind, status) {
        (_, Some(status)) => format!("got HTTP {status}"),
        ("timeout", None) => "timed out".to_owned(),
        ("reset", None) => "lost its connection".to_owned(),
        (kind, None) => format!("was interrupted: {kind}"),
    }
}

/// Returns the calls without a verdict, by reason. Empty if there is none.
#[must_use]
pub fn without_verdict(calls: &[CallEvent], style: Style) -> String {
    let reasons = reasons(calls);
    let mut out = String::new();
    if !reasons.is_empty() {
        _ = writeln!(out, "{}", style.bold("Calls without a verdict"));
    }
    for (reason, count) in reasons {
        _ = writeln!(out, "  {count:>4} {reason}");
    }
    out
}

/// Returns the last line of a run: the number of findings, and the calls by verdict.
#[must_use]
pub fn last_line(report: &RunReport) -> String {
    let totals = &report.end.totals;
    let incomplete = if report.end.ended_early.is_some() { "incomplete: " } else { "" };
    let findings = of_status(report, FindingStatus::Unexpected).len();
    let selected =
        if report.header.rules.is_some() { "tier, level or rule set" } else { "tier or level" };
    let below = match totals.below {
        0 => String::new(),
        below => format!(" ({} below the selected {selected})", number(below)),
    };
    format!(
        "{incomplete}{} in {} and {}; {}: {} passed{below}, {} unexpected, {}, \
         {} unsupported, {} inconclusive, {} skipped",
        counted(findings, "finding"),
        counted(report.end.scripts, "script"),
        counted(report.end.requests, "request"),
        counted(totals.calls(), "call"),
        number(totals.passed),
        number(totals.unexpected),
        counted(totals.known_failures, "known failure"),
        number(totals.unsupported),
        number(totals.inconclusive),
        number(totals.skipped),
    )
}

/// Returns a number with its noun: `1 script`, `2,058 requests`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", number(count), if count == 1 { "" } else { "s" })
}

/// Returns a number with a comma between thousands.
pub(crate) fn number(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns the actions whose responses conformed only after retries. Empty if there is none.
#[must_use]
pub fn converged(calls: &[CallEvent], style: Style) -> String {
    let mut actions: BTreeMap<&str, (usize, u32, f64)> = BTreeMap::new();
    for call in calls.iter().filter(|it| it.verdict == CallVerdict::Conforms) {
        let Some(it) = call.converged else { continue };
        let (responses, retries, longest) = actions.entry(&call.action).or_default();
        *responses += 1;
        *retries += it.retries;
        *longest = it.seconds.max(*longest);
    }
    if actions.is_empty() {
        return String::new();
    }
    let mut out = style.bold("Conforms only after retries") + "\n";
    for (action, (responses, retries, longest)) in actions {
        let responses = counted(responses, "response");
        let retries =
            if retries == 1 { "1 retry".to_owned() } else { format!("{retries} retries") };
        _ = writeln!(out, "  {action:<32} {responses}, {retries}, {longest:.1} s at most");
    }
    out
}

/// Returns the coverage of a run, in one line.
#[must_use]
pub fn coverage(coverage: &CoverageEvent, style: Style) -> String {
    let of = |it: &ExerciseEvent| {
        format!("{} of {}", it.tested.len(), it.tested.len() + it.not_tested.len())
    };
    let undecidable = match (coverage.rules.undecidable.len(), coverage.outcomes.undecidable.len())
    {
        (0, 0) => String::new(),
        (rules, outcomes) => format!(
            "        not counted: {}, {} that no call can test alone (--coverage FILE lists them)\n",
            counted(rules, "rule"),
            counted(outcomes, "outcome")
        ),
    };
    format!(
        "{}: {} rules, {} outcomes of actions\n{undecidable}        {} of {SETS} sets of kinds, {} \
         of {PAIRS} ordered pairs of kinds (all with --suite lattice, --suite pairs)\n",
        style.bold("Tested"),
        of(&coverage.rules),
        of(&coverage.outcomes),
        coverage.sets.len(),
        coverage.pairs.len(),
    )
}

#[cfg(test)]
mod tests {
    use super::{counted, failure};

    #[test]
    fn numbers_have_a_noun_and_commas() {
        let texts = [0, 1, 2, 999, 1000, 2058, 1_234_567].map(|it| counted(it, "call"));
        let expected = [
            "0 calls",
            "1 call",
            "2 calls",
            "999 calls",
            "1,000 calls",
            "2,058 calls",
            "1,234,567 calls",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_failure_is_named_by_its_status_if_it_has_one() {
        for (reason, expected) in [
            ("interrupted crash \"500 text/html\"", "got HTTP 500"),
            ("interrupted failure \"HTTP 503 ServiceFailure\"", "got HTTP 503"),
            ("interrupted reset \"the connection ended\"", "lost its connection"),
            ("interrupted timeout \"after 5 s\"", "timed out"),
            ("interrupted garbled \"broken XML\"", "was interrupted: garbled"),
        ] {
            assert_eq!(failure(reason), expected);
        }
    }
}
