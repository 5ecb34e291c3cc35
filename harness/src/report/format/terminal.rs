//! A run for a terminal: what is unexpected first, then what is expected, then what was not judged, and the
//! sums last.

use std::fmt::Write as _;

use crate::report::RunReport;
use crate::report::events::NotDeletedEvent;
use crate::report::finding::{FindingEvent, FindingStatus};
use crate::report::format::finding::finding;
use crate::report::format::kinds::nine_rows;
use crate::report::format::style::Style;
use crate::report::format::summary::{coverage, last_line, open_points, settled, unexercised};

/// So many findings that count for nothing are named.
const BELOW_MAX: usize = 12;

/// The whole run, but for the line that announced it.
#[must_use]
pub fn terminal(stream: &RunReport, paint: Style) -> String {
    let mut out = String::new();
    let of = |counted| stream.findings.iter().filter(move |it| it.counted == counted);
    for it in of(FindingStatus::Unexpected) {
        _ = write!(out, "\n{}", finding(it, paint));
    }
    _ = write!(out, "{}", client(stream, paint));
    let expected: Vec<&FindingEvent> = of(FindingStatus::Expected).collect();
    group(&mut out, "Expected divergences", &expected, usize::MAX, paint);
    let below: Vec<&FindingEvent> = of(FindingStatus::Below).collect();
    group(&mut out, "Below the asked tier or level", &below, BELOW_MAX, paint);
    if stream.end.heard {
        for text in [
            settled(&stream.calls, paint),
            open_points(&stream.open, paint),
            unexercised(&stream.calls, paint),
            nine_rows(&stream.calls, paint),
            coverage(&stream.coverage, paint),
        ] {
            if !text.is_empty() {
                _ = write!(out, "\n{text}");
            }
        }
    }
    out.push('\n');
    for it in &stream.kept {
        _ = writeln!(out, "{}", kept(it));
    }
    for run in stream.end.journal.iter().flat_map(|it| it.split_whitespace()) {
        _ = writeln!(out, "once the endpoint lets go of it: iamspec cleanup {run}");
    }
    for complaint in &stream.complaints {
        _ = writeln!(out, "{complaint}");
    }
    if let Some(early) = &stream.end.early {
        _ = writeln!(out, "ended early: {early}");
    }
    _ = writeln!(out, "{}", last_line(&stream.end));
    out
}

/// What the client did otherwise than it should, what is not expected first. Empty where there is nothing.
fn client(stream: &RunReport, paint: Style) -> String {
    let Some(client) = &stream.header.client else { return String::new() };
    let mut out = String::new();
    let mut remarks: Vec<_> = stream.remarks.iter().collect();
    remarks.sort_by_key(|it| it.reason.is_some());
    for it in remarks {
        let why = match &it.reason {
            Some(reason) => paint.dim(&format!("expected: {reason}")),
            None => paint.wrong("DIFFERS"),
        };
        _ = writeln!(out, "  {:<32} {} ({} times)  {why}", it.api, it.what, it.times);
        _ = writeln!(out, "  {:<32} first with {}", "", it.params);
    }
    if out.is_empty() {
        return out;
    }
    let name = format!(
        "What {} {} did otherwise than it was asked, or than it was answered",
        client.sdk, client.version
    );
    format!("\n{}\n{out}", paint.bold(&name))
}

/// Findings that do not fail the run, a line each.
fn group(out: &mut String, title: &str, findings: &[&FindingEvent], most: usize, paint: Style) {
    if findings.is_empty() {
        return;
    }
    _ = writeln!(out, "\n{}", paint.bold(title));
    for it in findings.iter().take(most) {
        let why = it.reason.as_deref().unwrap_or(&it.script);
        let (rule, level, tier, observed) = (&it.rule, &it.level, &it.tier, &it.observed);
        let why = paint.dim(why);
        _ = writeln!(out, "  {rule:<48} {level:<6} {tier:<6} {observed}  {why}");
    }
    let others = findings.len().saturating_sub(most);
    if others > 0 {
        _ = writeln!(out, "  and {others} more; --tier text --level info shows each in full");
    }
}

/// What the endpoint did not let go.
#[must_use]
pub fn kept(it: &NotDeletedEvent) -> String {
    let perhaps = if it.perhaps { "perhaps " } else { "" };
    let after = if it.diverged { " after a divergence" } else { "" };
    format!(
        "{perhaps}left behind{after}: {}, because {} was answered {}",
        it.name, it.undo, it.answer
    )
}
