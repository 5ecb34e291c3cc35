//! A finding as the text of an issue for the tracker of the endpoint.

use std::fmt::Write as _;

use crate::report::RunReport;
use crate::report::events::FindingEvent;
use crate::report::format::finding::folded;
use crate::report::format::markdown::{code, fenced, plain};

/// Returns the text in Markdown, its title in the first line. `program` reproduces the finding with
/// the AWS CLI; absent if the finding has no script.
#[must_use]
pub fn issue(report: &RunReport, finding: &FindingEvent, program: Option<&str>) -> String {
    let (report, finding) = &printable(report, finding);
    let mut out = String::new();
    let (header, target) = (&report.header, &report.header.target);
    let version = target.version.as_deref().map(|it| format!(" {it}")).unwrap_or_default();
    let observed = finding.observed.split(" \"").next().unwrap_or_default();
    let title = format!("{} returns {observed} {}", finding.action, situation(finding));
    _ = writeln!(out, "# {}\n", plain(&title));
    let about = format!(
        "{}{version}, tested with iamspec {} (rules {})",
        target.name, header.version, header.revision
    );
    _ = writeln!(out, "{}, which compares IAM endpoints with AWS.\n", plain(&about));
    _ = writeln!(out, "## Steps\n");
    let mut script = String::new();
    for step in folded(&finding.history) {
        _ = writeln!(script, "{:<40} -> {}", step.call, step.response);
    }
    _ = writeln!(out, "{}", fenced(&script));
    out.push_str(&expected(finding));
    _ = writeln!(out, "\n## Observed\n\n{}", code(&finding.observed));
    if let Some(wire) = &finding.wire {
        let exchange = format!("{}\n\n{}\n", wire.request, wire.response);
        out.push_str(&details("Request and response, without secrets", &exchange));
    }
    if let Some(program) = program {
        out.push_str(&details("The steps with the AWS CLI", program));
    }
    _ = writeln!(out, "\nReproduce: {}", code(&finding.reproduce));
    out
}

/// Returns the text for the tracker of AWS Emulator, which asks for a short program. `program` shows
/// the finding.
#[must_use]
pub fn emulator_issue(report: &RunReport, finding: &FindingEvent, program: &str) -> String {
    let (report, finding) = &printable(report, finding);
    let (header, target) = (&report.header, &report.header.target);
    let version = target.version.as_deref().map(|it| format!(" {it}")).unwrap_or_default();
    let mut out = String::new();
    let observed = finding.observed.split(" \"").next().unwrap_or_default();
    let title = format!("{} returns {observed} {}", finding.action, situation(finding));
    _ = writeln!(out, "# {}\n", plain(&title));
    out.push_str(&expected(finding));
    _ = writeln!(out, "\n## Observed\n");
    _ = writeln!(
        out,
        "{}: {}",
        plain(&format!("{}{version}", target.name)),
        code(&finding.observed)
    );
    _ = writeln!(out, "\n## Program\n\nIt exits with 1 if a response differs from AWS's.\n");
    _ = writeln!(out, "{}", fenced(program).replacen("text\n", "python\n", 1));
    let tool = format!("Found by iamspec {} (rules {}).", header.version, header.revision);
    _ = writeln!(out, "{}", plain(&tool));
    out
}

/// The run and the finding with escapes in place of control characters.
fn printable(report: &RunReport, finding: &FindingEvent) -> (RunReport, FindingEvent) {
    let header = report.header.clone();
    let alone =
        RunReport { header, calls: Vec::new(), findings: vec![finding.clone()], ..report.clone() };
    let mut printable = alone.printable();
    let finding = printable.findings.pop().unwrap_or_else(|| finding.clone());
    (printable, finding)
}

fn details(summary: &str, text: &str) -> String {
    let block = fenced(text);
    format!("\n<details><summary>{summary}</summary>\n\n{block}\n</details>\n")
}

/// AWS's behavior and its evidence.
fn expected(finding: &FindingEvent) -> String {
    let mut out = String::new();
    _ = writeln!(out, "## Expected\n\nAWS: {}", plain(&finding.statement));
    for it in &finding.expected {
        _ = writeln!(out, "\n- {}", code(&it.response));
    }
    _ = writeln!(out, "\nEvidence:\n");
    for it in &finding.evidence {
        let fact = format!("{} ({}): {}", it.fact, it.strength, it.statement);
        _ = writeln!(out, "- {}  \n  {}", plain(&fact), plain(&it.source));
    }
    if finding.evidence.is_empty() {
        _ = writeln!(out, "- none");
    }
    out
}

/// The situation of the finding: the condition of the rule's statement.
fn situation(finding: &FindingEvent) -> String {
    let statement = finding.statement.trim_end_matches('.');
    for word in ["if", "where"] {
        if let Some((_, condition)) = statement.split_once(&format!(" {word} ")) {
            return format!("if {condition}");
        }
    }
    format!("({statement})")
}
