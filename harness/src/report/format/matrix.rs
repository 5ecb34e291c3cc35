//! Several runs side by side: endpoints as columns, kinds and broken rules as rows.

use std::fmt::Write as _;

use iamspec_model::AttachmentKind;
use serde::Serialize;

use crate::report::RunReport;
use crate::report::events::{CallEvent, RunTarget};
use crate::report::finding::FindingEvent;
use crate::report::format::kinds::{KindResult, kinds};
use crate::report::format::markdown::plain;

/// The tiers of a cell, in their order.
const TIERS: [&str; 3] = ["status", "code", "text"];

/// One of the tables: endpoints are its columns.
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

/// What stands in a cell, and whether that is right, wrong, or neither.
#[derive(Serialize)]
pub(crate) struct MatrixCell {
    pub(crate) text: String,
    pub(crate) class: &'static str,
}

/// The tables of these runs.
pub(crate) fn tables(runs: &[RunReport]) -> Vec<MatrixTable> {
    let columns: Vec<Vec<(AttachmentKind, KindResult)>> =
        runs.iter().map(|it| kinds(&it.calls)).collect();
    let kind = |(place, kind): (usize, AttachmentKind)| {
        let cells = columns.iter().filter_map(|it| it.get(place)).map(|(_, seen)| cell(seen));
        MatrixRow { name: kind.row().noun.to_owned(), cells: cells.collect() }
    };
    let rule = |rule: String| {
        let cells = runs.iter().map(|run| broke(run, &rule)).collect();
        MatrixRow { name: rule, cells }
    };
    let sum = |(name, of): (&str, fn(&RunReport) -> String)| {
        let cells = runs.iter().map(|it| MatrixCell { text: of(it), class: "" }).collect();
        MatrixRow { name: name.to_owned(), cells }
    };
    let clients = MatrixTable {
        title: "Who made the calls, and what is wrong with that one alone",
        corner: "",
        rows: clients(runs),
    };
    let by_others = runs.iter().any(|it| it.header.client.is_some());
    let mut tables = vec![
        MatrixTable {
            title: "DeleteUser of a user that holds nothing but one: as it must be in its status, code and text",
            corner: "kind",
            rows: AttachmentKind::blockers().enumerate().map(kind).collect(),
        },
        MatrixTable {
            title: "Rules that are broken at level must, words left out: in which tier, and how it answered",
            corner: "rule",
            rows: broken(runs).into_iter().map(rule).collect(),
        },
        MatrixTable { title: "The runs", corner: "", rows: SUMS.into_iter().map(sum).collect() },
    ];
    tables.extend(by_others.then_some(clients));
    tables
}

/// Whose a difference is: what is broken through a client, and not where iamspec itself asks the same
/// endpoint, is the client's; what it did otherwise than asked is seen at the reference endpoint alone.
fn clients(runs: &[RunReport]) -> Vec<MatrixRow> {
    let row = |name: &str, of: &dyn Fn(&RunReport) -> String| MatrixRow {
        name: name.to_owned(),
        cells: runs.iter().map(|it| MatrixCell { text: of(it), class: "" }).collect(),
    };
    let otherwise = |run: &RunReport| {
        let said = run.remarks.iter().filter(|it| it.reason.is_none());
        counted(said.map(|it| format!("{} {}", it.api, it.what)), "; ")
    };
    vec![
        row("made by", &|it| it.header.made_by()),
        row("rules broken through it alone", &|it| alone(it, runs)),
        row("what it did otherwise, not expected", &otherwise),
    ]
}

/// The rules that a run breaks and that hold where iamspec itself asks the same endpoint.
fn alone(run: &RunReport, runs: &[RunReport]) -> String {
    if run.header.client.is_none() {
        return "–".to_owned();
    }
    let same =
        |it: &&RunReport| it.header.target == run.header.target && it.header.client.is_none();
    let Some(bare) = runs.iter().find(same) else {
        return "iamspec itself was not asked".to_owned();
    };
    let known = broken(std::slice::from_ref(bare));
    // A call that iamspec itself did not come to ask is held against nobody.
    let asked = |it: &&FindingEvent| {
        let last = it.history.last().map(|step| &step.call);
        let same = |call: &&CallEvent| call.script == it.script && Some(&call.call) == last;
        bare.calls.iter().find(same).is_some_and(|call| call.verdict.is_judged())
    };
    let found = run.findings.iter().filter(|it| binds(it)).filter(asked);
    let mut own: Vec<String> = found.map(|it| it.rule.clone()).collect();
    own.retain(|it| !known.contains(it));
    own.dedup();
    counted(own.into_iter(), ", ")
}

/// How many, and which.
fn counted(these: impl Iterator<Item = String>, between: &str) -> String {
    let these: Vec<String> = these.collect();
    if these.is_empty() {
        return "0".to_owned();
    }
    format!("{}: {}", these.len(), these.join(between))
}

/// The tables in Markdown.
#[must_use]
pub fn matrix(runs: &[RunReport]) -> String {
    let mut out = String::new();
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    for table in tables(runs) {
        _ = writeln!(out, "{}{}\n", if out.is_empty() { "" } else { "\n" }, table.title);
        let names = runs.iter().map(|it| {
            let through = it
                .header
                .client
                .as_ref()
                .map(|_| format!("<br>through {}", plain(&it.header.made_by())));
            called(&it.header.target) + &through.unwrap_or_default()
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

type TotalsRow = (&'static str, fn(&RunReport) -> String);

const SUMS: [TotalsRow; 9] = [
    ("findings at must: status + code + text", |it| levels(it, "must")),
    ("findings at should", |it| levels(it, "should")),
    ("findings at info", |it| levels(it, "info")),
    ("rules asked", |it| it.coverage.rules.asked.len().to_string()),
    ("calls unsupported", |it| it.end.sums.unsupported.to_string()),
    ("calls inconclusive", |it| it.end.sums.inconclusive.to_string()),
    ("left behind", |it| it.kept.len().to_string()),
    ("requests", |it| it.end.requests.to_string()),
    ("seconds", |it| format!("{:.1}", it.end.seconds)),
];

/// How many findings of this level there are, tier by tier.
fn levels(run: &RunReport, level: &str) -> String {
    let of = |tier| run.findings.iter().filter(|it| it.level == level && it.tier == tier).count();
    TIERS.map(|tier| of(tier).to_string()).join(" + ")
}

fn called(target: &RunTarget) -> String {
    let version = target.version.as_deref().map(|it| format!(" {}", plain(it))).unwrap_or_default();
    let licence =
        target.licence.as_deref().map(|it| format!("<br>{}", plain(it))).unwrap_or_default();
    format!("{}{version}{licence}", plain(&target.name))
}

/// Tier by tier: as it must be, or not, or not looked at because an earlier one differs.
fn cell(seen: &KindResult) -> MatrixCell {
    match seen {
        KindResult::Refused { .. } => MatrixCell { text: "✓ ✓ ✓".to_owned(), class: "right" },
        KindResult::Diverges { answer, tier, .. } => {
            let at = TIERS.iter().position(|it| it == tier).unwrap_or_default();
            let marks = (0..TIERS.len()).map(|it| match it.cmp(&at) {
                std::cmp::Ordering::Less => "✓",
                std::cmp::Ordering::Equal => "✗",
                std::cmp::Ordering::Greater => "·",
            });
            let marks = marks.collect::<Vec<_>>().join(" ");
            let text = if at == 0 { format!("{marks} {answer}") } else { marks };
            MatrixCell { text, class: if at == 2 { "" } else { "wrong" } }
        }
        KindResult::Unsupported => MatrixCell { text: "unsupported".to_owned(), class: "" },
        KindResult::NotAsked => MatrixCell { text: "not asked".to_owned(), class: "" },
    }
}

/// Whether a finding has a row: words alone have none.
fn binds(it: &FindingEvent) -> bool {
    it.level == "must" && it.tier != "text"
}

/// Every rule that some run breaks so, in the order found.
fn broken(runs: &[RunReport]) -> Vec<String> {
    let mut rules: Vec<String> = Vec::new();
    for finding in runs.iter().flat_map(|it| &it.findings).filter(|it| binds(it)) {
        if !rules.contains(&finding.rule) {
            rules.push(finding.rule.clone());
        }
    }
    rules
}

/// How a run breaks a rule; or that it conforms, or was not asked.
fn broke(run: &RunReport, rule: &str) -> MatrixCell {
    let mut found: Vec<&FindingEvent> =
        run.findings.iter().filter(|it| it.rule == rule && binds(it)).collect();
    found.sort_by_key(|it| TIERS.iter().position(|tier| *tier == it.tier));
    match found.first() {
        Some(it) => {
            let observed: String = it.observed.split(" \"").take(1).collect();
            MatrixCell { text: format!("{}: {observed}", it.tier), class: "wrong" }
        }
        None if run.coverage.rules.asked.iter().any(|it| it == rule) => {
            MatrixCell { text: "✓".to_owned(), class: "right" }
        }
        None => MatrixCell { text: "–".to_owned(), class: "" },
    }
}
