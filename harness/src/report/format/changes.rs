//! The differences between two runs, for a terminal.

use std::fmt::Write as _;

use crate::report::diff::ReportDiff;
use crate::report::events::FindingEvent;
use crate::report::events::{CallEvent, RemarkEvent};
use crate::report::format::style::Style;
use crate::report::format::summary::counted;

/// The number of changed calls that are listed.
const CALLS_MAX: usize = 40;

/// Returns the differences, new findings first.
#[must_use]
pub fn changes(diff: &ReportDiff, style: Style) -> String {
    let mut out = String::new();
    let mut group = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            _ = writeln!(out, "{}", style.bold(title));
            for line in lines {
                _ = writeln!(out, "  {line}");
            }
            out.push('\n');
        }
    };
    group("New findings", diff.new.iter().map(finding_line).collect());
    let changed = diff.changed.iter();
    let changed = changed
        .map(|(before, after)| format!("{}; before: {}", finding_line(after), before.observed));
    group("Findings with another response", changed.collect());
    group("Fixed", diff.fixed.iter().map(finding_line).collect());
    group("No longer tested", diff.not_tested.iter().map(finding_line).collect());
    group("New deviations of the client", diff.remarks.iter().map(remark_line).collect());
    group("Fixed deviations of the client", diff.remarks_gone.iter().map(remark_line).collect());
    let calls = diff.calls.iter().take(CALLS_MAX).map(|(before, after)| {
        let (was, is) = (response(before), response(after));
        format!("{} in {}: {was}, now {is}", after.call, after.script)
    });
    group("Other calls with another response", calls.collect());
    let others = diff.calls.len().saturating_sub(CALLS_MAX);
    if others > 0 {
        _ = writeln!(out, "and {} more\n", counted(others, "call"));
    }
    let (new, fixed) = (diff.new.len(), diff.fixed.len());
    let (changed, same) = (diff.changed.len(), diff.same);
    let calls = counted(diff.calls.len(), "other changed call");
    _ = writeln!(out, "{new} new, {fixed} fixed, {changed} changed, {same} unchanged; {calls}");
    out
}

fn finding_line(it: &FindingEvent) -> String {
    format!("{:<48} {:<6} {:<6} {}", it.rule, it.level, it.tier, it.observed)
}

fn remark_line(it: &RemarkEvent) -> String {
    format!("{:<32} {} ({})", it.action, it.deviation, counted(it.calls, "call"))
}

fn response(call: &CallEvent) -> &str {
    call.response.as_deref().unwrap_or("not sent")
}
