//! Several runs side by side: endpoints as columns, attachment kinds and broken rules as rows.

use std::cmp::Ordering;
use std::fmt::Write as _;

use anyhow::{Result, ensure};
use iamspec_model::AttachmentKind;
use serde::Serialize;

use crate::report::RunReport;
use crate::report::events::FindingEvent;
use crate::report::events::{CallEvent, RunTarget};
use crate::report::format::markdown::plain;
use crate::report::kinds::{KindResult, kinds};

/// The tiers of a cell, in their order.
pub(crate) const TIERS: [&str; 3] = ["status", "code", "text"];

/// A table whose columns are endpoints.
#[derive(Serialize)]
pub(crate) struct MatrixTable {
    pub(crate) title: &'static str,
    pub(crate) corner: &'static str,
    pub(crate) rows: Vec<MatrixRow>,
}

#[derive(Serialize)]
pub(crate) struct MatrixRow {
    pub(crate) name: String,
    pub(crate) cells: Vec<MatrixCell>,
}

/// The text of a cell, and its CSS class: `right`, `wrong` or none.
#[derive(Serialize)]
pub(crate) struct MatrixCell {
    pub(crate) text: String,
    pub(crate) class: &'static str,
}

impl MatrixCell {
    fn plain(text: String) -> Self {
        Self { text, class: "" }
    }

    fn right(text: &str) -> Self {
        Self { text: text.to_owned(), class: "right" }
    }
}

/// Returns the tables of these runs.
pub(crate) fn tables(runs: &[RunReport]) -> Vec<MatrixTable> {
    let columns: Vec<Vec<(AttachmentKind, KindResult)>> =
        runs.iter().map(|it| kinds(&it.calls)).collect();
    let kind_row = |(index, kind): (usize, AttachmentKind)| {
        let cells = columns.iter().filter_map(|it| it.get(index)).map(|(_, it)| kind_cell(it));
        MatrixRow { name: kind.row().noun.to_owned(), cells: cells.collect() }
    };
    let rule_row = |rule: String| {
        let cells = runs.iter().map(|run| rule_cell(run, &rule)).collect();
        MatrixRow { name: rule, cells }
    };
    let totals = FIGURES.iter().map(|(name, value)| row(name, runs, value)).collect();
    let mut tables = vec![
        MatrixTable {
            title: "DeleteUser of a user with a single attachment: status, code and text",
            corner: "kind",
            rows: AttachmentKind::blockers().enumerate().map(kind_row).collect(),
        },
        MatrixTable {
            title: "Broken rules of level must, without the tier text: the tier and the response",
            corner: "rule",
            rows: broken_rules(runs).into_iter().map(rule_row).collect(),
        },
        MatrixTable { title: "The runs", corner: "", rows: totals },
    ];
    if runs.iter().any(|it| it.header.client.is_some()) {
        tables.push(MatrixTable {
            title: "Clients, and the failures of each alone",
            corner: "",
            rows: clients(runs),
        });
    }
    tables
}

fn row(name: &str, runs: &[RunReport], value: &dyn Fn(&RunReport) -> String) -> MatrixRow {
    let cells = runs.iter().map(|it| MatrixCell::plain(value(it))).collect();
    MatrixRow { name: name.to_owned(), cells }
}

/// Attributes differences to clients.
///
/// A rule that is broken through a client but holds for the client of iamspec at the same endpoint
/// is a failure of the client.
fn clients(runs: &[RunReport]) -> Vec<MatrixRow> {
    let deviations = |run: &RunReport| {
        let unexpected = run.remarks.iter().filter(|it| it.reason.is_none());
        list_with_count(unexpected.map(|it| format!("{} {}", it.action, it.deviation)), "; ")
    };
    vec![
        row("client", runs, &|it| it.header.client_name()),
        row("rules broken through this client alone", runs, &|it| broken_by_client(it, runs)),
        row("unexpected deviations", runs, &deviations),
    ]
}

/// The rules that a run breaks, and that hold for the client of iamspec at the same endpoint.
fn broken_by_client(run: &RunReport, runs: &[RunReport]) -> String {
    if run.header.client.is_none() {
        return "–".to_owned();
    }
    let is_baseline =
        |it: &&RunReport| it.header.target == run.header.target && it.header.client.is_none();
    let Some(baseline) = runs.iter().find(is_baseline) else {
        return "no run without this client".to_owned();
    };
    let known = broken_rules(std::slice::from_ref(baseline));
    // Without a verdict of the baseline, the endpoint may be at fault.
    let has_baseline = |it: &&FindingEvent| {
        let last = it.history.last().map(|step| &step.call);
        let same = |call: &&CallEvent| call.script == it.script && Some(&call.call) == last;
        baseline.calls.iter().find(same).is_some_and(|call| call.verdict.is_judged())
    };
    let findings = run.findings.iter().filter(|it| has_row(it)).filter(has_baseline);
    let mut rules: Vec<String> = findings.map(|it| it.rule.clone()).collect();
    rules.retain(|it| !known.contains(it));
    rules.dedup();
    list_with_count(rules.into_iter(), ", ")
}

/// `2: one, other`.
fn list_with_count(items: impl Iterator<Item = String>, separator: &str) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return "0".to_owned();
    }
    format!("{}: {}", items.len(), items.join(separator))
}

/// Returns the tables in Markdown.
#[must_use]
pub fn matrix(runs: &[RunReport]) -> String {
    let mut out = String::new();
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    for table in tables(runs) {
        _ = writeln!(out, "{}{}\n", if out.is_empty() { "" } else { "\n" }, table.title);
        let names = runs.iter().map(|it| {
            let client = it.header.client.as_ref();
            let client = client.map(|_| format!("<br>through {}", plain(&it.header.client_name())));
            target_name(&it.header.target) + &client.unwrap_or_default()
        });
        let head: Vec<String> = [table.corner.to_owned()].into_iter().chain(names).collect();
        out.push_str(&line(&head));
        _ = writeln!(out, "|{}", "---|".repeat(head.len()));
        for row in table.rows {
            let name = if row.name.contains('/') { format!("`{}`", row.name) } else { row.name };
            let cells = row.cells.iter().map(|it| plain(&it.text));
            out.push_str(&line(&[name].into_iter().chain(cells).collect::<Vec<_>>()));
        }
    }
    out
}

type Figure = (&'static str, fn(&RunReport) -> String);

/// The figures of a run.
const FIGURES: [Figure; 9] = [
    ("findings at must: status + code + text", |it| findings_by_tier(it, "must")),
    ("findings at should", |it| findings_by_tier(it, "should")),
    ("findings at info", |it| findings_by_tier(it, "info")),
    ("rules tested", |it| it.coverage.rules.tested.len().to_string()),
    ("calls unsupported", |it| it.end.totals.unsupported.to_string()),
    ("calls inconclusive", |it| it.end.totals.inconclusive.to_string()),
    ("not deleted", |it| it.not_deleted.len().to_string()),
    ("requests", |it| it.end.requests.to_string()),
    ("seconds", |it| format!("{:.1}", it.end.seconds)),
];

/// The number of findings of this level in each tier.
fn findings_by_tier(run: &RunReport, level: &str) -> String {
    let of = |tier| run.findings.iter().filter(|it| it.level == level && it.tier == tier).count();
    TIERS.map(|tier| of(tier).to_string()).join(" + ")
}

fn target_name(target: &RunTarget) -> String {
    let version = target.version.as_deref().map(|it| format!(" {}", plain(it))).unwrap_or_default();
    let license =
        target.license.as_deref().map(|it| format!("<br>{}", plain(it))).unwrap_or_default();
    format!("{}{version}{license}", plain(&target.name))
}

/// One mark for each tier: conforms, differs, or not compared because an earlier tier differs.
fn kind_cell(result: &KindResult) -> MatrixCell {
    match result {
        KindResult::Refused { .. } => MatrixCell::right("✓ ✓ ✓"),
        KindResult::Diverges { response, tier, .. } => {
            let at = TIERS.iter().position(|it| it == tier).unwrap_or_default();
            let marks = (0..TIERS.len()).map(|it| match it.cmp(&at) {
                Ordering::Less => "✓",
                Ordering::Equal => "✗",
                Ordering::Greater => "·",
            });
            let marks = marks.collect::<Vec<_>>().join(" ");
            let text = if at == 0 { format!("{marks} {response}") } else { marks };
            MatrixCell { text, class: if at == 2 { "" } else { "wrong" } }
        }
        KindResult::Unsupported { .. } => MatrixCell::plain("unsupported".to_owned()),
        KindResult::NotTested { .. } => MatrixCell::plain("not tested".to_owned()),
    }
}

/// Returns true if the rule of a finding has a row: differences in the text alone have none.
fn has_row(it: &FindingEvent) -> bool {
    it.level == "must" && it.tier != "text"
}

/// Every rule that a run breaks and that has a row, in the order of the findings.
fn broken_rules(runs: &[RunReport]) -> Vec<String> {
    let mut rules: Vec<String> = Vec::new();
    for finding in runs.iter().flat_map(|it| &it.findings).filter(|it| has_row(it)) {
        if !rules.contains(&finding.rule) {
            rules.push(finding.rule.clone());
        }
    }
    rules
}

/// The result of a run for a rule: the coarsest difference, conforms, or not tested.
fn rule_cell(run: &RunReport, rule: &str) -> MatrixCell {
    let findings = run.findings.iter().filter(|it| it.rule == rule && has_row(it));
    let coarsest = findings.min_by_key(|it| TIERS.iter().position(|tier| *tier == it.tier));
    match coarsest {
        Some(it) => {
            let response = it.observed.split(" \"").next().unwrap_or_default();
            MatrixCell { text: format!("{}: {response}", it.tier), class: "wrong" }
        }
        None if run.has_tested(rule) => MatrixCell::right("✓"),
        None => MatrixCell::plain("–".to_owned()),
    }
}

/// A name that can be a part of the name of a file.
pub(crate) fn plain_name(name: &str) -> String {
    name.chars().map(|it| if it.is_ascii_alphanumeric() || it == '-' { it } else { '-' }).collect()
}

/// Checks that all runs have the same revision and selection.
///
/// # Errors
/// Two runs that cannot be compared.
pub(crate) fn check_comparable(runs: &[RunReport]) -> Result<()> {
    let Some(first) = runs.first() else { return Ok(()) };
    for run in runs {
        ensure!(
            run.header.revision == first.header.revision
                && run.header.selection == first.header.selection,
            "the runs cannot be compared: {} ran {} with rules {}, and {} ran {} with rules {}; \
             run both with this iamspec and the same options",
            first.header.target.name,
            first.header.selection,
            first.header.revision,
            run.header.target.name,
            run.header.selection,
            run.header.revision
        );
    }
    Ok(())
}
