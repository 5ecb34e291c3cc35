//! A run as one page that needs nothing else: no network, no other file.

mod lattice;
pub mod races;
pub mod side_by_side;
mod source;

use anyhow::{Context as _, Result};
use minijinja::{AutoEscape, Environment, Value, context};
use serde::Serialize;

use crate::report::RunReport;
use crate::report::finding::{CitedFact, FindingEvent, FindingStatus};
use crate::report::format::html::lattice::lattice;
use crate::report::format::html::source::{SourcePiece, pieces};
use crate::report::format::kinds::{KindResult, kinds};
use crate::report::format::markdown::verdict;
use crate::report::format::summary::{last_line, reasons};
use crate::report::format::terminal::kept;

const PAGE: &str = include_str!("page.html");
const CSS: &str = include_str!("page.css");
const JS: &str = include_str!("page.js");

/// The tiers, in the order of a row.
const TIERS: [&str; 3] = ["status", "code", "text"];

/// The page.
///
/// # Errors
/// What the library of templates says.
pub fn html(stream: &RunReport) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("page", PAGE).context("the page's template is wrong")?;
    let page = environment.get_template("page").context("the page's template is lost")?;
    let values = context! {
        css => CSS,
        js => JS,
        ..merged(stream)
    };
    page.render(values).context("cannot write the page")
}

fn merged(stream: &RunReport) -> Value {
    minijinja::value::merge_maps([head(stream), body(stream), lattice(&stream.calls)])
}

fn head(stream: &RunReport) -> Value {
    let (header, end) = (&stream.header, &stream.end);
    let unexpected = of(stream, FindingStatus::Unexpected).count();
    let verdict_class = match end.exit {
        0 => "conforms",
        1 => "diverges",
        _ => "unsure",
    };
    let client = header.client.as_ref().map(|it| format!("{} {}", it.sdk, it.version));
    context! {
        target => header.target.name,
        target_version => header.target.version,
        licence => header.target.licence,
        version => header.version,
        revision => header.revision,
        client,
        asked => header.asked,
        tier => header.tier,
        level => header.level,
        begun => header.begun,
        verdict => verdict(stream, unexpected),
        verdict_class,
        sums => sums(stream),
        last_line => last_line(end),
        early => end.early,
    }
}

#[derive(Serialize)]
struct TotalsCell {
    name: &'static str,
    number: usize,
    class: &'static str,
}

fn sums(stream: &RunReport) -> [TotalsCell; 6] {
    let sums = &stream.end.sums;
    let of = |name, number, class| TotalsCell { name, number, class };
    [
        of("unexpected", sums.unexpected, if sums.unexpected > 0 { "wrong" } else { "" }),
        of("expected", sums.expected, ""),
        of("passed", sums.passed, "right"),
        of("unsupported", sums.unsupported, ""),
        of("inconclusive", sums.inconclusive, ""),
        of("not exercised", sums.not_exercised, ""),
    ]
}

fn of(stream: &RunReport, counted: FindingStatus) -> impl Iterator<Item = &FindingEvent> {
    stream.findings.iter().filter(move |it| it.counted == counted)
}

/// A finding, and where each fact comes from with its links.
#[derive(Serialize)]
struct ShownFinding<'a> {
    #[serde(flatten)]
    finding: &'a FindingEvent,
    because: Vec<ShownFact<'a>>,
}

#[derive(Serialize)]
struct ShownFact<'a> {
    #[serde(flatten)]
    fact: &'a CitedFact,
    pieces: Vec<SourcePiece>,
}

fn shown(finding: &FindingEvent) -> ShownFinding<'_> {
    let fact = |fact| ShownFact { fact, pieces: pieces(&fact.source) };
    ShownFinding { finding, because: finding.because.iter().map(fact).collect() }
}

/// A box to tick: which findings are shown.
#[derive(Serialize)]
struct Tick {
    class: &'static str,
    count: usize,
    checked: bool,
}

fn body(stream: &RunReport) -> Value {
    let order = [FindingStatus::Unexpected, FindingStatus::Expected, FindingStatus::Below];
    let findings: Vec<ShownFinding<'_>> =
        order.into_iter().flat_map(|it| of(stream, it)).map(shown).collect();
    let class = |(class, counted): (&'static str, FindingStatus)| {
        let count = of(stream, counted).count();
        Tick { class, count, checked: counted != FindingStatus::Below }
    };
    let names = [
        ("unexpected", FindingStatus::Unexpected),
        ("expected", FindingStatus::Expected),
        ("below", FindingStatus::Below),
    ];
    let reached = &stream.coverage;
    context! {
        kinds => rows(stream),
        findings,
        classes => names.map(class),
        remarks => stream.remarks,
        rest => rest(stream),
        rules_asked => reached.rules.asked.len(),
        rules_all => reached.rules.asked.len() + reached.rules.not_asked.len(),
        outcomes_asked => reached.outcomes.asked.len(),
        outcomes_all => reached.outcomes.asked.len() + reached.outcomes.not_asked.len(),
        sets => reached.sets.len(),
        pairs => reached.pairs.len(),
    }
}

#[derive(Serialize)]
struct KindRow {
    noun: &'static str,
    marks: [Mark; 3],
    answer: String,
    words: String,
    class: &'static str,
}

#[derive(Clone, Copy, Serialize)]
struct Mark {
    sign: &'static str,
    said: &'static str,
    class: &'static str,
}

const AS_IT_MUST: Mark = Mark { sign: "✓", said: "as it must be", class: "right" };
const OTHERWISE: Mark = Mark { sign: "✗", said: "otherwise", class: "wrong" };
const NOT_LOOKED_AT: Mark = Mark { sign: "·", said: "not looked at", class: "" };

fn rows(stream: &RunReport) -> Vec<KindRow> {
    let row = |(kind, seen): (iamspec_model::AttachmentKind, KindResult)| {
        let (marks, answer, class) = match &seen {
            KindResult::Refused { answer, .. } => ([AS_IT_MUST; 3], answer.clone(), "right"),
            KindResult::Diverges { answer, tier, .. } => (marks(tier), answer.clone(), "wrong"),
            KindResult::Unsupported | KindResult::NotAsked => {
                ([NOT_LOOKED_AT; 3], String::new(), "")
            }
        };
        KindRow { noun: kind.row().noun, marks, answer, words: seen.words(), class }
    };
    kinds(&stream.calls).into_iter().map(row).collect()
}

fn marks(tier: &str) -> [Mark; 3] {
    let at = TIERS.iter().position(|it| *it == tier).unwrap_or_default();
    [0, 1, 2].map(|place: usize| match place.cmp(&at) {
        std::cmp::Ordering::Less => AS_IT_MUST,
        std::cmp::Ordering::Equal => OTHERWISE,
        std::cmp::Ordering::Greater => NOT_LOOKED_AT,
    })
}

#[derive(Serialize)]
struct PageSection {
    title: &'static str,
    lines: Vec<String>,
}

/// What is no finding.
fn rest(stream: &RunReport) -> [PageSection; 5] {
    let part = |title, lines| PageSection { title, lines };
    let open = stream.open.iter();
    let open = open.map(|it| format!("{} ({}): {}", it.rule, it.facts.join(" "), it.seen));
    let judged = reasons(&stream.calls);
    let judged = judged.iter().map(|(why, count)| format!("{count} × {why}"));
    let missing = stream.coverage.rules.not_asked.iter();
    let missing = missing.map(|it| format!("{}: {}", it.name, it.why));
    [
        part("Expectations to mend", stream.complaints.clone()),
        part("Left behind", stream.kept.iter().map(kept).collect()),
        part("Calls that were not judged", judged.collect()),
        part("What AWS does is unknown, and either answer conforms", open.collect()),
        part("Rules that were not asked", missing.collect()),
    ]
}
