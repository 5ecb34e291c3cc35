//! A finding as the text of an issue for the tracker of the endpoint.

use std::fmt::Write as _;

use crate::report::RunReport;
use crate::report::events::FindingEvent;
use crate::report::format::finding::folded;
use crate::report::format::markdown::fenced;

/// Returns the text in Markdown, its title in the first line. `program` reproduces the finding with
/// the AWS CLI; absent if the finding has no script.
#[must_use]
pub fn issue(report: &RunReport, finding: &FindingEvent, program: Option<&str>) -> String {
    let mut out = String::new();
    let (header, target) = (&report.header, &report.header.target);
    let version = target.version.as_deref().map(|it| format!(" {it}")).unwrap_or_default();
    let observed = finding.observed.split(" \"").next().unwrap_or_default();
    _ = writeln!(out, "# {} returns {observed} {}\n", finding.action, situation(finding));
    _ = writeln!(
        out,
        "{}{version}, tested with iamspec {} (rules {}), which compares IAM endpoints with AWS.\n",
        target.name, header.version, header.revision
    );
    _ = writeln!(out, "## Steps\n");
    let mut script = String::new();
    for step in folded(&finding.history) {
        _ = writeln!(script, "{:<40} -> {}", step.call, step.response);
    }
    _ = writeln!(out, "{}", fenced(&script));
    out.push_str(&expected(finding));
    _ = writeln!(out, "\n## Observed\n\n`{}`", finding.observed.replace('`', "'"));
    if let Some(wire) = &finding.wire {
        let exchange = format!("{}\n\n{}\n", wire.request, wire.response);
        out.push_str(&details("Request and response, without secrets", &exchange));
    }
    if let Some(program) = program {
        out.push_str(&details("The steps with the AWS CLI", program));
    }
    _ = writeln!(out, "\nReproduce: `{}`", finding.reproduce);
    out
}

fn details(summary: &str, text: &str) -> String {
    let block = fenced(text);
    format!("\n<details><summary>{summary}</summary>\n\n{block}\n</details>\n")
}

/// AWS's behavior and its evidence.
fn expected(finding: &FindingEvent) -> String {
    let mut out = String::new();
    _ = writeln!(out, "## Expected\n\nAWS: {}", finding.statement);
    for it in &finding.expected {
        _ = writeln!(out, "\n- `{}`", it.response.replace('`', "'"));
    }
    _ = writeln!(out, "\nEvidence:\n");
    for it in &finding.evidence {
        _ = writeln!(out, "- {} ({}): {}  \n  {}", it.fact, it.strength, it.statement, it.source);
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
