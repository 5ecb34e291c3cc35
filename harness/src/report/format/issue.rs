//! A finding as the text of an issue, for the tracker of whoever is asked.

use std::fmt::Write as _;

use crate::report::RunReport;
use crate::report::finding::FindingEvent;
use crate::report::format::markdown::fenced;

/// The text, in Markdown: its first line is the title. `program` shows it by the AWS CLI, where it has a script.
#[must_use]
pub fn issue(stream: &RunReport, finding: &FindingEvent, program: Option<&str>) -> String {
    let mut out = String::new();
    let (header, target) = (&stream.header, &stream.header.target);
    let version = target.version.as_deref().map(|it| format!(" {it}")).unwrap_or_default();
    let observed = finding.observed.split(" \"").next().unwrap_or_default();
    _ = writeln!(out, "# {} is answered {observed}, {}\n", finding.api, short(finding));
    _ = writeln!(
        out,
        "{}{version}, asked by iamspec {} ({}).\n",
        target.name, header.version, header.revision
    );
    _ = writeln!(out, "## What is done\n");
    let mut script = String::new();
    for step in &finding.history {
        _ = writeln!(script, "{:<40} -> {}", step.call, step.answer);
    }
    _ = writeln!(out, "{}", fenced(&script));
    out.push_str(&known(finding));
    _ = writeln!(out, "\n## What was answered\n\n`{}`", finding.observed.replace('`', "'"));
    if let Some(wire) = &finding.wire {
        let text = format!("{}\n\n{}\n", wire.request, wire.answer);
        _ = writeln!(
            out,
            "\n<details><summary>On the wire, without secrets</summary>\n\n{}\n</details>",
            fenced(&text)
        );
    }
    if let Some(program) = program {
        _ = writeln!(
            out,
            "\n<details><summary>The same by the AWS CLI</summary>\n\n{}\n</details>",
            fenced(program)
        );
    }
    _ = writeln!(out, "\nAgain: `{}`", finding.again);
    out
}

/// What AWS does, and how that is known.
fn known(finding: &FindingEvent) -> String {
    let mut out = String::new();
    _ = writeln!(out, "## What AWS does\n\n{}", finding.statement);
    for it in &finding.allowed {
        _ = writeln!(out, "\n- `{}`", it.answer.replace('`', "'"));
    }
    _ = writeln!(out, "\nHow that is known:\n");
    for it in &finding.because {
        _ = writeln!(out, "- {} ({}): {}  \n  {}", it.fact, it.strength, it.says, it.source);
    }
    out
}

/// In which case: the rule's own words without its call.
fn short(finding: &FindingEvent) -> String {
    let words = finding.statement.trim_end_matches('.');
    words.split_once(" if ").map_or_else(|| words.to_owned(), |(_, case)| format!("if {case}"))
}
