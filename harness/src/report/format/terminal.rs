//! A run for a terminal: findings in full first, then a summary that fits on the last screen.

use std::fmt::Write as _;

use crate::report::RunReport;
use crate::report::events::NotDeletedEvent;
use crate::report::events::{FindingEvent, FindingStatus};
use crate::report::format::finding::{finding, table};
use crate::report::format::kinds::kind_rows;
use crate::report::format::style::Style;
use crate::report::format::summary::{
    LEVELS_AND_TIERS, cause_of_inconclusive, converged, counted, coverage, last_line,
    newer_findings, of_status, unspecified, unspecified_count, without_verdict,
};
use crate::wire::output::visible::visible_line;

/// The number of resources that were not deleted and are printed.
const NOT_DELETED_MAX: usize = 20;

/// The number of findings below the selected tier or level that are listed.
const BELOW_MAX: usize = 12;

/// The options of terminal output.
#[derive(Clone, Copy, Debug)]
pub struct TerminalOptions {
    /// The colors.
    pub style: Style,
    /// List each unspecified behavior instead of their number.
    pub show_unspecified: bool,
}

impl From<Style> for TerminalOptions {
    fn from(style: Style) -> Self {
        Self { style, show_unspecified: false }
    }
}

/// Returns the run as text, without the line that announces it.
#[must_use]
pub fn terminal(report: &RunReport, options: impl Into<TerminalOptions>) -> String {
    let TerminalOptions { style, show_unspecified } = options.into();
    let report = &report.printable();
    let mut out = String::new();
    for it in of_status(report, FindingStatus::Unexpected) {
        _ = write!(out, "\n{}", finding(it, style));
    }
    out.push_str(&client_deviations(report, style));
    let unspecified =
        if show_unspecified { unspecified(report) } else { unspecified_count(report) };
    if report.end.responded {
        for section in [
            converged(&report.calls, style),
            unspecified,
            without_verdict(&report.calls, style),
            coverage(&report.coverage, style),
        ] {
            if !section.is_empty() {
                _ = write!(out, "\n{section}");
            }
        }
    }
    out.push_str(&tables(report, style));
    let kind_rows = kind_rows(&report.calls, style);
    if !kind_rows.is_empty() {
        _ = write!(out, "\n{kind_rows}");
    }
    out.push('\n');
    for it in report.not_deleted.iter().take(NOT_DELETED_MAX) {
        _ = writeln!(out, "{}", not_deleted_line(it));
    }
    let more = report.not_deleted.len().saturating_sub(NOT_DELETED_MAX);
    if more > 0 {
        _ = writeln!(
            out,
            "and {more} more that were not deleted, in the reports and in the journal"
        );
    }
    // A report of the first edition has only the ids of the runs.
    let runs = report.end.journal.iter().flat_map(|it| it.split_whitespace());
    let by_run = runs.map(|run| format!("iamspec cleanup {run}"));
    let commands = report.end.cleanup.iter().cloned();
    let by_run = by_run.filter(|_| report.end.cleanup.is_empty());
    for command in commands.chain(by_run) {
        _ = writeln!(out, "to delete the rest later: {command}");
    }
    for error in &report.known_failure_errors {
        _ = writeln!(out, "{error}");
    }
    if let Some(shortened) = &report.end.shortened {
        _ = writeln!(out, "shrinking: {shortened}");
    }
    if let Some(early) = &report.end.ended_early {
        _ = writeln!(out, "ended early: {early}");
    }
    out.push_str(&cause_of_inconclusive(report));
    out.push_str(&newer_findings(report));
    _ = writeln!(out, "{}", last_line(report));
    out
}

/// The deviations of the client under test, known failures last. Empty if there is none.
fn client_deviations(report: &RunReport, style: Style) -> String {
    let Some(client) = report.header.client.as_ref().filter(|_| !report.remarks.is_empty()) else {
        return String::new();
    };
    let title = format!("Deviations of the client {} {}", client.sdk, client.version);
    let mut out = format!("\n{}\n", style.bold(&title));
    let mut remarks: Vec<_> = report.remarks.iter().collect();
    remarks.sort_by_key(|it| it.reason.is_some());
    for it in remarks {
        let status = match &it.reason {
            Some(reason) => style.dim(&format!("known failure: {reason}")),
            None => style.failure("DIFFERS"),
        };
        let calls = counted(it.calls, "call");
        _ = writeln!(out, "  {:<32} {} ({calls})  {status}", it.action, it.deviation);
        _ = writeln!(out, "  {:<32} first with {}", "", it.parameters);
    }
    out
}

/// The tables of findings, one line each, and the explanation of levels and tiers.
fn tables(report: &RunReport, style: Style) -> String {
    let mut out = String::new();
    let mut group = |title: &str, findings: &[&FindingEvent], max: usize| {
        if findings.is_empty() {
            return;
        }
        let shown = findings.get(..max).unwrap_or(findings);
        _ = write!(out, "\n{}\n{}", style.bold(title), table(shown, style));
        let others = findings.len() - shown.len();
        if others > 0 {
            _ = writeln!(out, "  and {others} more; --tier wire --level info shows each in full");
        }
    };
    let of = |status| of_status(report, status);
    let below = |newer| {
        of(FindingStatus::Below).into_iter().filter(|it| it.newer == newer).collect::<Vec<_>>()
    };
    group("Below the selected tier or level", &below(false), BELOW_MAX);
    if let Some(set) = &report.header.rules {
        group(&format!("Newer than the rule set {set}"), &below(true), usize::MAX);
    }
    group("Known failures", &of(FindingStatus::KnownFailure), usize::MAX);
    group("Findings", &of(FindingStatus::Unexpected), usize::MAX);
    if !report.findings.is_empty() {
        for line in LEVELS_AND_TIERS {
            _ = writeln!(out, "  {}", style.dim(line));
        }
    }
    out
}

/// Returns the line about a resource that the cleanup could not delete.
#[must_use]
pub fn not_deleted_line(it: &NotDeletedEvent) -> String {
    let possibly = if it.uncertain { "possibly " } else { "" };
    let after = if it.after_divergence { " after a divergence" } else { "" };
    let line =
        format!("{possibly}not deleted{after}: {}; {} got {}", it.name, it.call, it.response);
    visible_line(&line)
}
