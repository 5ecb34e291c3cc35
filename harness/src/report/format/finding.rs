//! One finding: the rule, the script, what came, what was allowed, and why.

use std::fmt::Write as _;

use crate::report::finding::{CitedFact, FindingEvent};
use crate::report::format::style::Style;

/// A finding in full.
#[must_use]
pub fn finding(finding: &FindingEvent, paint: Style) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    _ = writeln!(out, "{}  {}, {}", paint.bold(&finding.rule), finding.level, finding.tier);
    _ = writeln!(out, "  {}", finding.statement);
    let last = finding.history.len().saturating_sub(1);
    for (place, step) in finding.history.iter().enumerate() {
        let mark = if place == last { paint.wrong("  DIVERGES") } else { String::new() };
        _ = writeln!(out, "    {:<32} -> {}{mark}", step.call, step.answer);
    }
    for (index, it) in finding.allowed.iter().enumerate() {
        let label = if index == 0 { "allowed only" } else { "" };
        let rule = paint.dim(&format!("({})", it.rule));
        _ = writeln!(out, "  {label:<13} {}  {rule}", it.answer);
    }
    for (index, it) in finding.because.iter().enumerate() {
        let label = if index == 0 { "because" } else { "" };
        _ = writeln!(out, "  {label:<13} {} {}", it.fact, source(it));
    }
    if finding.because.is_empty() {
        _ = writeln!(out, "  {:<13} no evidence", "because");
    }
    _ = writeln!(out, "  {:<13} iamspec explain {}", "", finding.rule);
    _ = writeln!(out, "  {:<13} {}", "state", finding.state);
    _ = writeln!(out, "  {:<13} {}", "going on as", finding.going_on);
    out.push_str(&besides(finding));
    _ = writeln!(out, "  {:<13} {}", "again", finding.again);
    out
}

/// What else is to be known of it, where there is something.
fn besides(finding: &FindingEvent) -> String {
    let mut out = String::new();
    if let Some(call) = &finding.late {
        _ = writeln!(
            out,
            "  {:<13} so it was before {call}; --settle 10s would tell",
            "perhaps late"
        );
    }
    if !finding.also.is_empty() {
        let some: Vec<&str> = finding.also.iter().take(ALSO_MAX).map(String::as_str).collect();
        let others = finding.also.len().saturating_sub(ALSO_MAX);
        let others = if others > 0 { format!(", and {others} more") } else { String::new() };
        _ = writeln!(out, "  {:<13} {}{others}", "also in", some.join(", "));
    }
    if let Some(export) = &finding.export {
        _ = writeln!(out, "  {:<13} {export} aws-cli", "as a program");
    }
    out
}

/// So many of the other scripts that show it are named.
const ALSO_MAX: usize = 3;

/// The strength of a fact and what it says, on the rest of a line.
fn source(it: &CitedFact) -> String {
    format!("({}) {}", it.strength, shortened(&it.says))
}

/// As many whole words as fit on the rest of a line.
fn shortened(text: &str) -> String {
    const MOST: usize = 76;
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => {
            let start = text.get(..end).unwrap_or(text);
            format!("{} …", start.rsplit_once(' ').map_or(start, |(words, _)| words))
        }
    }
}
