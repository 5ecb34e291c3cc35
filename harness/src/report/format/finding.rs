//! Findings as text: one in full, and several as a table with one line each.
//!
//! Long repetitions in a history are folded to one line.

use std::fmt::Write as _;

use iamspec_conformance::oracle::wire::is_wire_rule_id;
use serde::Serialize;

use crate::report::events::{CitedFact, FindingEvent, FindingStep};
use crate::report::format::style::Style;
use crate::report::kinds::head;

/// The number of other scripts that a finding names.
const OTHER_SCRIPTS_MAX: usize = 3;

/// The number of equal steps from which they are folded.
const FOLD_MIN: usize = 4;

/// The width of a response in a table.
const RESPONSE_MAX: usize = 40;

/// Returns a finding in full.
#[must_use]
pub fn finding(finding: &FindingEvent, style: Style) -> String {
    let mut out = String::new();
    let heading = style.bold(&finding.rule);
    // Writing to a string does not fail.
    _ = writeln!(out, "{heading}  {}, {}", finding.level, finding.tier);
    _ = writeln!(out, "  {}", finding.statement);
    let steps = folded(&finding.history);
    for (index, step) in steps.iter().enumerate() {
        let is_last = index + 1 == steps.len();
        let mark = if is_last { style.failure("  DIVERGES") } else { String::new() };
        _ = writeln!(out, "    {:<32} -> {}{mark}", step.call, step.response);
    }
    let mut label = Some("expected");
    for it in &finding.expected {
        let rule = style.dim(&format!("({})", it.rule));
        line(&mut out, label.take().unwrap_or_default(), &format!("{}  {rule}", it.response));
    }
    label = Some("evidence");
    for it in &finding.evidence {
        line(&mut out, label.take().unwrap_or_default(), &cited(it));
    }
    if finding.evidence.is_empty() {
        line(&mut out, "evidence", "none");
    }
    line(&mut out, "", &format!("iamspec explain {}", finding.rule));
    line(&mut out, "state", &finding.state);
    line(&mut out, "assumed state", &finding.assumed_state);
    if let Some(call) = &finding.possibly_stale {
        let text = format!("the response was right before {call}; check with --settle 10s");
        line(&mut out, "possibly stale", &text);
    }
    if let Some(cause) = &finding.cause {
        line(&mut out, "likely cause", cause);
    }
    if !finding.earlier.is_empty() {
        line(
            &mut out,
            "earlier",
            &format!("calls of this script also break {}", finding.earlier.join(", ")),
        );
    }
    if !finding.other_scripts.is_empty() {
        line(&mut out, "also in", &other_scripts(&finding.other_scripts));
    }
    if let Some(export) = &finding.export {
        line(&mut out, "export", &format!("{export} aws-cli"));
    }
    line(&mut out, "reproduce", &finding.reproduce);
    out
}

fn line(out: &mut String, label: &str, text: &str) {
    _ = writeln!(out, "  {label:<14} {text}");
}

fn other_scripts(scripts: &[String]) -> String {
    let named: Vec<&str> = scripts.iter().take(OTHER_SCRIPTS_MAX).map(String::as_str).collect();
    match scripts.len().saturating_sub(OTHER_SCRIPTS_MAX) {
        0 => named.join(", "),
        others => format!("{}, and {others} more", named.join(", ")),
    }
}

/// A fact on the rest of a line: its strength and the start of its statement.
fn cited(fact: &CitedFact) -> String {
    let start = first_words(&fact.statement, 76);
    format!("{} ({}) {start}", fact.fact, fact.strength)
}

/// The text, cut after a word if it has more characters than `max`.
fn first_words(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => {
            let start = text.get(..end).unwrap_or(text);
            format!("{} …", start.rsplit_once(' ').map_or(start, |(words, _)| words))
        }
    }
}

/// Returns findings as a table: the rule, the endpoint's response, AWS's response and the script.
#[must_use]
pub fn table(findings: &[&FindingEvent], style: Style) -> String {
    let head = ["rule", "level", "tier", "endpoint", "expected", "script"].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(findings.iter().map(|it| row(it)));
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|it| it.chars().count()).max().unwrap_or_default()
    };
    let [rule_width, level_width, tier_width, observed_width, expected_width] =
        [0, 1, 2, 3, 4].map(width);
    let mut out = String::new();
    for (index, [rule, level, tier, observed, expected, script]) in rows.iter().enumerate() {
        let text = format!(
            "{rule:<rule_width$}  {level:<level_width$}  {tier:<tier_width$}  \
             {observed:<observed_width$}  {expected:<expected_width$}  {script}"
        );
        _ = writeln!(out, "  {}", if index == 0 { style.dim(&text) } else { text });
    }
    out
}

fn row(it: &FindingEvent) -> [String; 6] {
    // A wire rule expects a form, and no code.
    let is_whole = it.tier == "text" || is_wire_rule_id(&it.rule);
    let mut expected: Vec<String> = Vec::new();
    for other in &it.expected {
        let response = short_response(&other.response, is_whole);
        if !expected.contains(&response) {
            expected.push(response);
        }
    }
    let script = match it.reason.as_deref() {
        Some(reason) => format!("{}: {reason}", it.script),
        None => it.script.clone(),
    };
    [
        it.rule.clone(),
        it.level.clone(),
        it.tier.clone(),
        short_response(&it.observed, it.tier == "text"),
        first_words(&expected.join(" or "), 2 * RESPONSE_MAX),
        script,
    ]
}

/// The start of a response: its status and code, or the whole, such as for a difference in the text.
fn short_response(response: &str, is_whole: bool) -> String {
    let code = if is_whole { response } else { head(response) };
    first_words(code, RESPONSE_MAX)
}

/// One line of a folded history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FoldedStep {
    pub(crate) call: String,
    pub(crate) response: String,
}

/// The history with each repetition of a call, or of a pair of calls, as one line a call.
///
/// The last step, which diverges, is never folded.
pub(crate) fn folded(history: &[FindingStep]) -> Vec<FoldedStep> {
    let (last, before) = match history.split_last() {
        Some((last, before)) => (Some(last), before),
        None => (None, history),
    };
    let mut steps = Vec::new();
    let mut rest = before;
    while let Some(first) = rest.first() {
        let found = [1, 2].into_iter().find_map(|period| {
            let times = repetitions(rest, period);
            (times >= FOLD_MIN).then_some((period, times))
        });
        let Some((period, times)) = found else {
            steps.push(FoldedStep { call: first.call.clone(), response: first.response.clone() });
            rest = rest.get(1..).unwrap_or_default();
            continue;
        };
        let (repeated, after) = rest.split_at(period * times);
        for (index, first) in repeated.iter().take(period).enumerate() {
            let last = repeated.get(period * (times - 1) + index).unwrap_or(first);
            let alternating = if period > 1 { ", alternating" } else { "" };
            let range = range(&first.call, &last.call);
            let call = format!("{range} ({times} calls{alternating})");
            steps.push(FoldedStep { call, response: first.response.clone() });
        }
        rest = after;
    }
    steps
        .extend(last.map(|it| FoldedStep { call: it.call.clone(), response: it.response.clone() }));
    steps
}

/// How often the first `period` steps are repeated with other arguments and the same responses.
fn repetitions(steps: &[FindingStep], period: usize) -> usize {
    let action = |it: &FindingStep| it.call.split(' ').next().map(str::to_owned);
    let blocks = steps.chunks_exact(period);
    let Some(first) = steps.get(..period) else { return 0 };
    blocks
        .take_while(|block| {
            block
                .iter()
                .zip(first)
                .all(|(one, other)| action(one) == action(other) && one.response == other.response)
        })
        .count()
}

/// `TagUser u0 t0 … t49`, from the first and the last call.
fn range(first: &str, last: &str) -> String {
    let differs = first.split(' ').zip(last.split(' ')).position(|(one, other)| one != other);
    match differs {
        None => first.to_owned(),
        Some(at) => {
            let rest: Vec<&str> = last.split(' ').skip(at).collect();
            format!("{first} … {}", rest.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(calls: &[String]) -> Vec<FindingStep> {
        let step = |it: &String| FindingStep { call: it.clone(), response: "200".to_owned() };
        calls.iter().map(step).collect()
    }

    fn calls(steps: &[FoldedStep]) -> Vec<&str> {
        steps.iter().map(|it| it.call.as_str()).collect()
    }

    #[test]
    fn long_repetitions_are_folded_and_the_last_step_is_not() {
        let mut all = vec!["CreateUser u0".to_owned()];
        all.extend((0..=50).map(|it| format!("TagUser u0 t{it}")));
        assert_eq!(
            calls(&folded(&history(&all))),
            ["CreateUser u0", "TagUser u0 t0 … t49 (50 calls)", "TagUser u0 t50"]
        );
        let pairs = (0..=10)
            .flat_map(|it| [format!("CreateGroup g{it}"), format!("AddUserToGroup u0 g{it}")]);
        assert_eq!(
            calls(&folded(&history(&pairs.collect::<Vec<_>>()))),
            [
                "CreateGroup g0 … g9 (10 calls, alternating)",
                "AddUserToGroup u0 g0 … g9 (10 calls, alternating)",
                "CreateGroup g10",
                "AddUserToGroup u0 g10"
            ]
        );
    }

    #[test]
    fn short_histories_stay_as_they_are() {
        let all = ["CreateUser u0", "CreateUser u1", "CreateUser u2", "DeleteUser u0"];
        assert_eq!(calls(&folded(&history(&all.map(str::to_owned)))), all);
        assert!(folded(&[]).is_empty());
    }
}
