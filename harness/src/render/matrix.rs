//! Several runs side by side, in Markdown: endpoints as columns, kinds and broken rules as rows.

use std::fmt::Write as _;

use iamspec_model::Kind;

use super::markdown::plain;
use super::{Seen, kinds};
use crate::stream::{Finding, Stream, Target};

/// The tiers of a cell, in their order.
const TIERS: [&str; 3] = ["status", "code", "text"];

/// The page.
#[must_use]
pub fn matrix(runs: &[Stream]) -> String {
    let mut out = String::new();
    _ = writeln!(
        out,
        "DeleteUser of a user that holds nothing but one: as it must be in its status, code and text\n"
    );
    head(&mut out, "kind", runs);
    let columns: Vec<Vec<(Kind, Seen)>> = runs.iter().map(|it| kinds(&it.calls)).collect();
    for (place, kind) in Kind::blockers().enumerate() {
        let cells = columns.iter().filter_map(|it| it.get(place)).map(|(_, seen)| cell(seen));
        row(&mut out, kind.row().noun, cells);
    }
    _ = writeln!(
        out,
        "\nRules that are broken at level must, words left out: in which tier, and how it answered\n"
    );
    head(&mut out, "rule", runs);
    for rule in broken(runs) {
        row(&mut out, &format!("`{rule}`"), runs.iter().map(|run| broke(run, &rule)));
    }
    _ = writeln!(out, "\nThe runs\n");
    head(&mut out, "", runs);
    for (name, of) in SUMS {
        row(&mut out, name, runs.iter().map(of));
    }
    out
}

type Sum = (&'static str, fn(&Stream) -> String);

const SUMS: [Sum; 9] = [
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
fn levels(run: &Stream, level: &str) -> String {
    let of = |tier| run.findings.iter().filter(|it| it.level == level && it.tier == tier).count();
    TIERS.map(|tier| of(tier).to_string()).join(" + ")
}

fn head(out: &mut String, corner: &str, runs: &[Stream]) {
    row(out, corner, runs.iter().map(|it| called(&it.header.target)));
    _ = writeln!(out, "|---|{}", "---|".repeat(runs.len()));
}

fn row(out: &mut String, name: &str, cells: impl Iterator<Item = String>) {
    _ = writeln!(out, "| {name} | {} |", cells.collect::<Vec<_>>().join(" | "));
}

fn called(target: &Target) -> String {
    let version = target.version.as_deref().map(|it| format!(" {}", plain(it))).unwrap_or_default();
    let licence =
        target.licence.as_deref().map(|it| format!("<br>{}", plain(it))).unwrap_or_default();
    format!("{}{version}{licence}", plain(&target.name))
}

/// Tier by tier: as it must be, or not, or not looked at because an earlier one differs.
fn cell(seen: &Seen) -> String {
    match seen {
        Seen::Refused { .. } => "✓ ✓ ✓".to_owned(),
        Seen::Diverges { answer, tier, .. } => {
            let at = TIERS.iter().position(|it| it == tier).unwrap_or_default();
            let marks = (0..TIERS.len()).map(|it| match it.cmp(&at) {
                std::cmp::Ordering::Less => "✓",
                std::cmp::Ordering::Equal => "✗",
                std::cmp::Ordering::Greater => "·",
            });
            let marks = marks.collect::<Vec<_>>().join(" ");
            if at == 0 { format!("{marks} {}", plain(answer)) } else { marks }
        }
        Seen::Unsupported => "unsupported".to_owned(),
        Seen::NotAsked => "not asked".to_owned(),
    }
}

/// Whether a finding has a row: words alone have none.
fn binds(it: &Finding) -> bool {
    it.level == "must" && it.tier != "text"
}

/// Every rule that some run breaks so, in the order found.
fn broken(runs: &[Stream]) -> Vec<String> {
    let mut rules: Vec<String> = Vec::new();
    for finding in runs.iter().flat_map(|it| &it.findings).filter(|it| binds(it)) {
        if !rules.contains(&finding.rule) {
            rules.push(finding.rule.clone());
        }
    }
    rules
}

/// How a run breaks a rule; or that it conforms, or was not asked.
fn broke(run: &Stream, rule: &str) -> String {
    let mut found: Vec<&Finding> =
        run.findings.iter().filter(|it| it.rule == rule && binds(it)).collect();
    found.sort_by_key(|it| TIERS.iter().position(|tier| *tier == it.tier));
    match found.first() {
        Some(it) => {
            let observed: String = it.observed.split(" \"").take(1).collect();
            format!("{}: {}", it.tier, plain(&observed))
        }
        None if run.coverage.rules.asked.iter().any(|it| it == rule) => "✓".to_owned(),
        None => "–".to_owned(),
    }
}
