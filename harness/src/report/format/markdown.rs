//! A run in Markdown, for the summary page of a CI job, and the badge of a run.
//!
//! The length is bounded, because such pages are limited to a megabyte. The badge has the format of
//! shields.io (<https://shields.io/badges/endpoint-badge>).

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::json;

use crate::report::RunReport;
use crate::report::events::{FindingEvent, FindingStatus};
use crate::report::format::finding::finding;
use crate::report::format::style::Style;
use crate::report::format::summary::{
    LEVELS_AND_TIERS, counted, last_line, newer_findings, of_status, reasons, unspecified_count,
};
use crate::report::format::terminal::not_deleted_line;
use crate::report::kinds::{KindResult, kinds};
use crate::report::rule_links::RuleLinks;
use crate::wire::output::visible::visible_line;

/// The number of findings in full.
const FULL_MAX: usize = 20;

/// The number of lines in a list.
const LINES_MAX: usize = 100;

/// Returns the page.
#[must_use]
pub fn markdown(report: &RunReport) -> String {
    let report = &report.printable();
    let mut out = String::new();
    let unexpected = of_status(report, FindingStatus::Unexpected);
    let known = of_status(report, FindingStatus::KnownFailure);
    let target = &report.header.target;
    let version = target.version.as_deref().map(|it| format!(" {it}")).unwrap_or_default();
    _ = writeln!(out, "## iamspec: {}{}\n", plain(&target.name), plain(&version));
    _ = writeln!(out, "**{}**\n", verdict(report));
    _ = writeln!(out, "{}\n", plain(&last_line(report)));
    out.push_str(&kinds_table(report));
    if !unexpected.is_empty() {
        let [levels, tiers] = LEVELS_AND_TIERS;
        _ = writeln!(out, "### Findings\n\n{levels}\n{tiers}\n");
    }
    let pages = RuleLinks::of_site(report.header.site.as_deref());
    for it in unexpected.iter().take(FULL_MAX) {
        let rule = format!("<code>{}</code>", plain(&it.rule));
        let rule = match pages.rule(&it.rule) {
            Some(page) => format!("<a href=\"{page}\">{rule}</a>"),
            None => rule,
        };
        _ = writeln!(
            out,
            "<details><summary>{rule} {}, {}</summary>\n",
            plain(&it.level),
            plain(&it.tier)
        );
        _ = writeln!(out, "{}", fenced(&finding(it, Style::none())));
        _ = writeln!(out, "</details>\n");
    }
    let lines = |findings: &[&FindingEvent]| findings.iter().map(|it| line(it)).collect::<Vec<_>>();
    list(&mut out, "More findings", &lines(unexpected.get(FULL_MAX..).unwrap_or_default()));
    list(&mut out, "Known failures", &lines(&known));
    let reasons = reasons(&report.calls);
    let reasons = reasons.iter().map(|(reason, count)| format!("{count} × {}", plain(reason)));
    list(&mut out, "Calls without a verdict", &reasons.collect::<Vec<_>>());
    let not_deleted: Vec<String> =
        report.not_deleted.iter().map(|it| plain(&not_deleted_line(it))).collect();
    list(&mut out, "Not deleted", &not_deleted);
    let errors: Vec<String> = report.known_failure_errors.iter().map(|it| plain(it)).collect();
    list(&mut out, "Problems in the known-failures file", &errors);
    let newer = newer_findings(report);
    if !newer.is_empty() {
        _ = writeln!(out, "{}\n", plain(newer.trim_end()));
    }
    out.push_str(&unspecified_count(report));
    out
}

/// The result of a run, in a sentence.
pub(crate) fn verdict(report: &RunReport) -> String {
    let totals = &report.end.totals;
    let findings = of_status(report, FindingStatus::Unexpected).len();
    match (findings, report.known_failure_errors.len()) {
        (0, 0) if totals.passed == 0 => "No call has a verdict.".to_owned(),
        (0, 0) if report.end.ended_early.is_some() => "The run ended early.".to_owned(),
        (0, 0) if totals.inconclusive > 0 => {
            "No unexpected finding; some calls are inconclusive.".to_owned()
        }
        (0, 0) => "The endpoint conforms.".to_owned(),
        (0, errors) => {
            format!("{} in the known-failures file.", counted(errors, "problem"))
        }
        (findings, _) => {
            format!("{}: the endpoint differs from AWS.", counted(findings, "finding"))
        }
    }
}

fn kinds_table(report: &RunReport) -> String {
    let kinds = kinds(&report.calls);
    let mut out = String::new();
    if kinds.iter().all(|(_, it)| it.is_out_of_scope()) {
        return out;
    }
    _ = writeln!(out, "| DeleteUser of a user with one | response | |\n|---|---|---|");
    for (kind, result) in &kinds {
        let (response, mark) = match result {
            KindResult::Refused { response, .. } => (response.as_str(), "✅"),
            KindResult::Diverges { response, .. } => (response.as_str(), "❌"),
            KindResult::Unsupported { .. } | KindResult::NotTested { .. } => ("–", "➖"),
        };
        let (noun, text) = (kind.row().noun, plain(&result.description()));
        _ = writeln!(out, "| {noun} | {} | {mark} {text} |", plain(response));
    }
    out.push('\n');
    out
}

fn line(it: &FindingEvent) -> String {
    let reason = it.reason.as_deref().map(|it| format!(": {}", plain(it))).unwrap_or_default();
    let issue = it.issue.as_deref().map(|it| format!(" ({})", plain(it))).unwrap_or_default();
    let observed = plain(&it.observed);
    let (rule, level, tier) = (code(&it.rule), plain(&it.level), plain(&it.tier));
    format!("{rule} {level}, {tier}, observed {observed}{reason}{issue}")
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    _ = writeln!(out, "<details><summary>{title}: {}</summary>\n", lines.len());
    for line in lines.iter().take(LINES_MAX) {
        _ = writeln!(out, "- {line}");
    }
    if lines.len() > LINES_MAX {
        _ = writeln!(out, "- and {} more", lines.len() - LINES_MAX);
    }
    _ = writeln!(out, "\n</details>\n");
}

/// Escapes text of an endpoint, so that it is neither Markdown nor HTML.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            '*' | '_' | '`' | '[' | ']' | '|' | '#' | '~' | '\\' | '!' | '@' => {
                out.push('\\');
                out.push(it);
            }
            _ => out.push(it),
        }
    }
    out
}

/// Returns text of others as code within a line. It may contain backticks.
pub(crate) fn code(text: &str) -> String {
    let text = visible_line(text);
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // Without the spaces, a backtick at the start or the end would belong to the fence.
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Returns a code block; its fence is longer than any row of backticks in the text.
pub(crate) fn fenced(text: &str) -> String {
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}{fence}\n")
}

/// The badge of a run: how many of the kinds block deletion, as on AWS.
pub(crate) struct Badge {
    pub(crate) label: &'static str,
    pub(crate) message: String,
    /// The name of a color of shields.io.
    pub(crate) color: &'static str,
}

impl Badge {
    pub(crate) fn of(report: &RunReport) -> Self {
        let kinds = kinds(&report.calls);
        let refused =
            kinds.iter().filter(|(_, it)| matches!(it, KindResult::Refused { .. })).count();
        let diverges = kinds.iter().any(|(_, it)| matches!(it, KindResult::Diverges { .. }));
        let diverges_elsewhere =
            report.end.totals.unexpected + report.end.totals.known_failures > 0;
        let color = match (diverges, diverges_elsewhere) {
            (true, _) => "red",
            _ if refused == 0 => "lightgrey",
            (_, true) => "yellow",
            _ if refused == kinds.len() => "brightgreen",
            _ => "green",
        };
        let message = format!("{refused} of {} blockers", kinds.len());
        Self { label: "IAM DeleteUser", message, color }
    }
}

/// Returns the badge as JSON.
///
/// # Errors
/// An error of the JSON library.
pub fn badge(report: &RunReport) -> Result<String> {
    let Badge { label, message, color } = Badge::of(report);
    let badge = json!({ "schemaVersion": 1, "label": label, "message": message, "color": color });
    Ok(serde_json::to_string_pretty(&badge)? + "\n")
}
