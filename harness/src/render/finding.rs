//! One finding: the rule, the script, what came, what was allowed, and why.

use std::fmt::Write as _;

use iamspec_conformance::{Finding, text};
use iamspec_model::{Fact, evidence};

use super::Paint;

/// A finding in full. `again` is the command that repeats it.
#[must_use]
pub fn finding(finding: &Finding, again: &str, paint: Paint) -> String {
    let divergence = &finding.divergence;
    let (level, tier) = (divergence.level.name(), divergence.tier.name());
    let rule = finding.rule();
    let mut out = String::new();
    // Writing to a string does not fail.
    _ = writeln!(out, "{}  {level}, {tier}", paint.bold(&rule.id()));
    _ = writeln!(out, "  {}", rule.statement());
    let last = finding.history.steps.len().saturating_sub(1);
    for (place, step) in finding.history.steps.iter().enumerate() {
        let call = text::operation(&step.operation);
        let answer = step.answer.as_ref().map(ToString::to_string).unwrap_or_default();
        let mark = if place == last { paint.wrong("  DIVERGES") } else { String::new() };
        _ = writeln!(out, "    {call:<32} -> {answer}{mark}");
    }
    for (index, (answer, rule)) in divergence.allowed.iter().enumerate() {
        let label = if index == 0 { "allowed only" } else { "" };
        _ = writeln!(out, "  {label:<13} {answer}  {}", paint.dim(&format!("({})", rule.id())));
    }
    for (index, id) in divergence.evidence.iter().enumerate() {
        let label = if index == 0 { "because" } else { "" };
        let because =
            evidence::fact(id).map(|fact| source(fact, rule.call.api)).unwrap_or_default();
        _ = writeln!(out, "  {label:<13} {id} {because}");
    }
    if divergence.evidence.is_empty() {
        _ = writeln!(out, "  {:<13} no evidence", "because");
    }
    _ = writeln!(out, "  {:<13} iamspec explain {}", "", rule.id());
    _ = writeln!(out, "  {:<13} {}", "state", divergence.state);
    _ = writeln!(out, "  {:<13} {}", "going on as", divergence.going_on);
    if !finding.also.is_empty() {
        let some: Vec<&str> = finding.also.iter().take(ALSO_MAX).map(String::as_str).collect();
        let others = finding.also.len().saturating_sub(ALSO_MAX);
        let others = if others > 0 { format!(", and {others} more") } else { String::new() };
        _ = writeln!(out, "  {:<13} {}{others}", "also in", some.join(", "));
    }
    _ = writeln!(out, "  {:<13} {again}", "again");
    out
}

/// So many of the other scripts that show it are named.
const ALSO_MAX: usize = 3;

/// The strength of a fact and what it says: the answer in that state, or else its words.
fn source(fact: &Fact, api: &str) -> String {
    let strength = format!("{:?}", fact.strength).to_lowercase();
    let answer = fact.http.map(|http| format!("{http} {}", fact.code.unwrap_or_default()));
    let says = match answer {
        Some(answer) => format!("{}: {}", fact.state, answer.trim_end()),
        None if fact.note.is_empty() => fact.source.to_owned(),
        None => fact.note_on(api).to_owned(),
    };
    format!("({strength}) {}", shortened(&says))
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
