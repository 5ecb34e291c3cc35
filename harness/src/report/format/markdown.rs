//! A run in Markdown, for the summary page of a CI job: bounded, for such pages hold a megabyte.
//!
//! A badge, as shields.io reads it (<https://shields.io/badges/endpoint-badge>).

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::json;

use crate::report::RunReport;
use crate::report::finding::{FindingEvent, FindingStatus};
use crate::report::format::finding::finding;
use crate::report::format::kinds::{KindResult, kinds};
use crate::report::format::style::Style;
use crate::report::format::summary::{last_line, reasons};
use crate::report::format::terminal::kept;

/// So many findings are shown in full.
const FULL_MAX: usize = 20;

/// So many lines of one sort are shown.
const LINES_MAX: usize = 100;

/// The page.
#[must_use]
pub fn markdown(stream: &RunReport) -> String {
    let mut out = String::new();
    let of = |counted| {
        let mine = move |it: &&FindingEvent| it.counted == counted;
        stream.findings.iter().filter(mine).collect::<Vec<_>>()
    };
    let (unexpected, expected) = (of(FindingStatus::Unexpected), of(FindingStatus::Expected));
    let target = &stream.header.target;
    let version = target.version.as_deref().map(|it| format!(" {it}")).unwrap_or_default();
    _ = writeln!(out, "## iamspec: {}{version}\n", plain(&target.name));
    _ = writeln!(out, "**{}**\n", verdict(stream, unexpected.len()));
    _ = writeln!(out, "{}\n", last_line(&stream.end));
    table(&mut out, stream);
    if !unexpected.is_empty() {
        _ = writeln!(out, "### Unexpected\n");
    }
    for it in unexpected.iter().take(FULL_MAX) {
        _ = writeln!(
            out,
            "<details><summary><code>{}</code> {}, {}</summary>\n",
            it.rule, it.level, it.tier
        );
        _ = writeln!(out, "{}", fenced(&finding(it, Style::none())));
        _ = writeln!(out, "</details>\n");
    }
    let more: Vec<String> = unexpected.iter().skip(FULL_MAX).map(|it| line(it)).collect();
    list(&mut out, "More that is unexpected", &more);
    let expected: Vec<String> = expected.iter().map(|it| line(it)).collect();
    list(&mut out, "Expected", &expected);
    let not_judged = reasons(&stream.calls);
    let not_judged = not_judged.iter().map(|(why, count)| format!("{count} × {}", plain(why)));
    list(&mut out, "Not judged", &not_judged.collect::<Vec<_>>());
    let left: Vec<String> = stream.kept.iter().map(|it| plain(&kept(it))).collect();
    list(&mut out, "Left behind", &left);
    let complaints: Vec<String> = stream.complaints.iter().map(|it| plain(it)).collect();
    list(&mut out, "Expectations to mend", &complaints);
    out
}

/// What it came to, in a sentence.
pub(crate) fn verdict(stream: &RunReport, unexpected: usize) -> String {
    let sums = &stream.end.sums;
    match (unexpected, stream.complaints.len()) {
        (0, 0) if sums.passed == 0 => "Nothing was judged.".to_owned(),
        (0, 0) if stream.end.early.is_some() => "It ended early.".to_owned(),
        (0, 0) if sums.inconclusive > 0 => {
            "Nothing unexpected; some answers say nothing.".to_owned()
        }
        (0, 0) => "Nothing unexpected.".to_owned(),
        (0, wrong) => {
            format!("{} to mend.", crate::report::format::summary::counted(wrong, "expectation"))
        }
        (broken, _) => {
            let rules = crate::report::format::summary::counted(broken, "divergence");
            format!("{rules} from what AWS is known to do.")
        }
    }
}

fn table(out: &mut String, stream: &RunReport) {
    let kinds = kinds(&stream.calls);
    if kinds.iter().all(|(_, it)| *it == KindResult::NotAsked) {
        return;
    }
    _ = writeln!(out, "| DeleteUser of a user that holds one | answer | |\n|---|---|---|");
    for (kind, seen) in &kinds {
        let answer = match seen {
            KindResult::Refused { answer, .. } | KindResult::Diverges { answer, .. } => {
                answer.as_str()
            }
            KindResult::Unsupported | KindResult::NotAsked => "–",
        };
        let mark = match seen {
            KindResult::Refused { .. } => "✅",
            KindResult::Diverges { .. } => "❌",
            KindResult::Unsupported | KindResult::NotAsked => "➖",
        };
        _ = writeln!(out, "| {} | {answer} | {mark} {} |", kind.row().noun, seen.words());
    }
    out.push('\n');
}

fn line(it: &FindingEvent) -> String {
    let why = it.reason.as_deref().map(|it| format!(": {}", plain(it))).unwrap_or_default();
    let issue = it.issue.as_deref().map(|it| format!(" ({})", plain(it))).unwrap_or_default();
    let observed = plain(&it.observed);
    format!("`{}` {}, {}, answered {observed}{why}{issue}", it.rule, it.level, it.tier)
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

/// A text that an endpoint may have written, so that it is shown and not read as Markdown or HTML.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            '*' | '_' | '`' | '[' | ']' | '|' | '#' | '~' | '\\' => {
                out.push('\\');
                out.push(it);
            }
            _ => out.push(it),
        }
    }
    out
}

/// A block of code around a text, whatever stands in it.
pub(crate) fn fenced(text: &str) -> String {
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}{fence}\n")
}

/// How many of the nine kinds stand in the way of deletion, as they must.
///
/// # Errors
/// What the JSON library says.
pub fn badge(stream: &RunReport) -> Result<String> {
    let kinds = kinds(&stream.calls);
    let refused = kinds.iter().filter(|(_, it)| matches!(it, KindResult::Refused { .. })).count();
    let diverges = kinds.iter().any(|(_, it)| matches!(it, KindResult::Diverges { .. }));
    let elsewhere = stream.end.sums.unexpected + stream.end.sums.expected > 0;
    let colour = match (diverges, elsewhere) {
        (true, _) => "red",
        _ if refused == 0 => "lightgrey",
        (_, true) => "yellow",
        _ if refused == kinds.len() => "brightgreen",
        _ => "green",
    };
    let badge = json!({
        "schemaVersion": 1,
        "label": "IAM DeleteUser",
        "message": format!("{refused} of {} blockers", kinds.len()),
        "color": colour,
    });
    Ok(serde_json::to_string_pretty(&badge)? + "\n")
}
