//! Two runs against each other, for a terminal.

use std::fmt::Write as _;

use crate::report::diff::ReportDiff;
use crate::report::events::RemarkEvent;
use crate::report::finding::FindingEvent;
use crate::report::format::style::Style;
use crate::report::format::summary::counted;

/// So many calls that were answered otherwise are named.
const CALLS_MAX: usize = 40;

/// What is otherwise in the second run, what got worse first.
#[must_use]
pub fn changes(changes: &ReportDiff, paint: Style) -> String {
    let mut out = String::new();
    let mut group = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            _ = writeln!(out, "{}", paint.bold(title));
            for line in lines {
                _ = writeln!(out, "  {line}");
            }
            out.push('\n');
        }
    };
    group("New", changes.new.iter().map(line).collect());
    let otherwise = changes.changed.iter();
    let otherwise = otherwise.map(|(one, other)| format!("{}; was {}", line(other), one.observed));
    group("Answered otherwise", otherwise.collect());
    group("Fixed", changes.fixed.iter().map(line).collect());
    group("Not asked any more", changes.not_asked.iter().map(line).collect());
    let remark = |it: &RemarkEvent| format!("{:<32} {} ({} times)", it.api, it.what, it.times);
    group("What the client does otherwise only now", changes.remarks.iter().map(remark).collect());
    group(
        "What the client does not do any more",
        changes.remarks_gone.iter().map(remark).collect(),
    );
    let calls = changes.calls.iter().take(CALLS_MAX).map(|(one, other)| {
        let answer = |it: &Option<String>| it.clone().unwrap_or_else(|| "not asked".to_owned());
        let (was, is) = (answer(&one.answer), answer(&other.answer));
        format!("{} in {}: {was}, now {is}", other.call, other.script)
    });
    group("Calls that are answered otherwise and break no rule", calls.collect());
    let others = changes.calls.len().saturating_sub(CALLS_MAX);
    if others > 0 {
        _ = writeln!(out, "and {} more\n", counted(others, "call"));
    }
    let (new, fixed) = (changes.new.len(), changes.fixed.len());
    let (other, same) = (changes.changed.len(), changes.same);
    _ = writeln!(out, "{new} new, {fixed} fixed, {other} answered otherwise, {same} as before");
    out
}

fn line(it: &FindingEvent) -> String {
    format!("{:<48} {:<6} {:<6} {}", it.rule, it.level, it.tier, it.observed)
}
