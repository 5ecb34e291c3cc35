//! A run, or several runs side by side, as a single HTML page that needs no network and no other
//! file.
//!
//! The template escapes every value, because an endpoint controls the text of its responses. The
//! content security policy of the page allows its own style and script only.

mod lattice;
pub mod races;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use iamspec_model::AttachmentKind;
use minijinja::{AutoEscape, Environment, Value, context};
use serde::Serialize;

use crate::docs::source_links::{SourcePart, parts};
use crate::report::RunReport;
use crate::report::events::{CitedFact, FindingEvent, FindingStatus};
use crate::report::format::finding::{FoldedStep, folded};
use crate::report::format::html::lattice::lattice;
use crate::report::format::markdown::verdict;
use crate::report::format::matrix::tables;
use crate::report::format::summary::{LEVELS_AND_TIERS, last_line, number, of_status, reasons};
use crate::report::format::terminal::not_deleted_line;
use crate::report::kinds::{KindResult, kinds};
use crate::report::rule_links::RuleLinks;

const PAGE: &str = include_str!("page.html");
/// The part of every page that limits what it may load.
const HEAD: &str = include_str!("head.html");
const NAVIGATION: &str = include_str!("navigation.html");
const MATRIX: &str = include_str!("matrix.html");
pub(crate) const CSS: &str = include_str!("page.css");
const JS: &str = include_str!("page.js");

/// The tiers, in the order of a row.
const TIERS: [&str; 3] = ["status", "code", "text"];

/// Returns the page. Findings link to the pages of their rules if the header names a site.
///
/// # Errors
/// An error of the template library.
pub fn html(report: &RunReport) -> Result<String> {
    page(report, &RuleLinks::of_site(report.header.site.as_deref()), context! {})
}

/// Returns the page as a part of a site. `extra` are the badge and the versions, as HTML.
///
/// # Errors
/// An error of the template library.
pub(crate) fn html_in_site(report: &RunReport, frame: &SiteFrame, extra: Value) -> Result<String> {
    let links = RuleLinks::relative(&frame.base);
    page(report, &links, context! { site => frame, ..extra })
}

fn page(report: &RunReport, links: &RuleLinks, extra: Value) -> Result<String> {
    let parts = [head(report), body(report, links), lattice(&report.calls), extra];
    let values = minijinja::value::merge_maps(parts);
    render(PAGE, context! { css => CSS, js => JS, ..values })
}

/// The site that a page is a part of.
#[derive(Debug, Serialize)]
pub(crate) struct SiteFrame {
    /// The relative path from the page to the root folder of the site.
    pub(crate) base: String,
    /// The pages that every page links to: name and file.
    links: [(&'static str, &'static str); 7],
}

impl SiteFrame {
    /// The frame of the page with this path in the site.
    pub(crate) fn of(path: &str) -> Self {
        let links = [
            ("Start", "index.html"),
            ("Rules", "rules.html"),
            ("DeleteUser", "delete-user.html"),
            ("Errors", "errors.html"),
            ("Open questions", "open-questions.html"),
            ("Facts", "facts.html"),
            ("Emulators", "emulators.html"),
        ];
        Self { base: "../".repeat(path.matches('/').count()), links }
    }
}

/// Fills a template; each value is escaped.
///
/// # Errors
/// An error of the template library.
pub(crate) fn render(template: &str, values: Value) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    for (name, text) in [("page", template), ("head", HEAD), ("navigation", NAVIGATION)] {
        environment.add_template(name, text).context("a template of the page is invalid")?;
    }
    let page = environment.get_template("page").context("the template of the page is missing")?;
    page.render(values).context("cannot write the page")
}

/// The values of the header and the verdict.
fn head(report: &RunReport) -> Value {
    let (header, end) = (&report.header, &report.end);
    let verdict_class = match end.exit {
        0 => "conforms",
        1 => "diverges",
        _ => "unsure",
    };
    context! {
        target => header.target.name,
        target_version => header.target.version,
        license => header.target.license,
        version => header.version,
        revision => header.revision,
        client => header.client.as_ref().map(|_| header.client_name()),
        selection => header.selection,
        tier => header.tier,
        level => header.level,
        started => header.started,
        verdict => verdict(report),
        verdict_class,
        totals => totals(report),
        last_line => last_line(report),
        early => end.ended_early,
    }
}

#[derive(Serialize)]
struct TotalsCell {
    name: &'static str,
    number: String,
    class: &'static str,
}

fn totals(report: &RunReport) -> [TotalsCell; 7] {
    let totals = &report.end.totals;
    let findings = of_status(report, FindingStatus::Unexpected).len();
    let wrong = |count| if count > 0 { "wrong" } else { "" };
    let cell = |name, count, class| TotalsCell { name, number: number(count), class };
    [
        cell(if findings == 1 { "finding" } else { "findings" }, findings, wrong(findings)),
        cell("unexpected", totals.unexpected, wrong(totals.unexpected)),
        cell(
            if totals.known_failures == 1 { "known failure" } else { "known failures" },
            totals.known_failures,
            "",
        ),
        cell("passed", totals.passed, "right"),
        cell("unsupported", totals.unsupported, ""),
        cell("inconclusive", totals.inconclusive, ""),
        cell("skipped", totals.skipped, ""),
    ]
}

/// A finding for the template: folded history, and facts with links to their sources.
#[derive(Serialize)]
struct FindingView<'a> {
    #[serde(flatten)]
    finding: &'a FindingEvent,
    steps: Vec<FoldedStep>,
    facts: Vec<FactView<'a>>,
    /// The page of the rule, if there is a site.
    page: Option<String>,
}

#[derive(Serialize)]
struct FactView<'a> {
    #[serde(flatten)]
    fact: &'a CitedFact,
    parts: Vec<SourcePart>,
    /// The place of the fact, if there is a site.
    place: Option<String>,
}

fn finding_view<'a>(finding: &'a FindingEvent, links: &RuleLinks) -> FindingView<'a> {
    let fact = |fact: &'a CitedFact| FactView {
        fact,
        parts: parts(&fact.source),
        place: links.fact(&fact.fact),
    };
    let facts = finding.evidence.iter().map(fact).collect();
    FindingView { finding, steps: folded(&finding.history), facts, page: links.rule(&finding.rule) }
}

/// A checkbox that shows or hides the findings of one status.
#[derive(Serialize)]
struct StatusFilter {
    status: FindingStatus,
    name: &'static str,
    count: usize,
    checked: bool,
}

fn body(report: &RunReport, links: &RuleLinks) -> Value {
    let statuses = [
        (FindingStatus::Unexpected, "unexpected"),
        (FindingStatus::KnownFailure, "known failure"),
        (FindingStatus::Below, "below"),
    ];
    let findings: Vec<FindingView<'_>> = statuses
        .iter()
        .flat_map(|(status, _)| of_status(report, *status))
        .map(|it| finding_view(it, links))
        .collect();
    let filters = statuses.map(|(status, name)| StatusFilter {
        status,
        name,
        count: of_status(report, status).len(),
        checked: status != FindingStatus::Below,
    });
    let coverage = &report.coverage;
    context! {
        kinds => kind_rows(report),
        findings,
        filters,
        legend_lines => LEVELS_AND_TIERS,
        remarks => report.remarks,
        sections => sections(report),
        rules_tested => coverage.rules.tested.len(),
        rules_all => coverage.rules.tested.len() + coverage.rules.not_tested.len(),
        outcomes_tested => coverage.outcomes.tested.len(),
        outcomes_all => coverage.outcomes.tested.len() + coverage.outcomes.not_tested.len(),
        sets => coverage.sets.len(),
        pairs => coverage.pairs.len(),
    }
}

#[derive(Serialize)]
struct KindRow {
    noun: &'static str,
    marks: [Mark; 3],
    response: String,
    verdict: String,
    class: &'static str,
}

/// A sign for the eye, a description for screen readers, and a CSS class.
#[derive(Clone, Copy, Serialize)]
struct Mark {
    sign: &'static str,
    description: &'static str,
    class: &'static str,
}

const CONFORMS: Mark = Mark { sign: "✓", description: "conforms", class: "right" };
const DIFFERS: Mark = Mark { sign: "✗", description: "differs", class: "wrong" };
const NOT_COMPARED: Mark = Mark { sign: "·", description: "not compared", class: "" };

fn kind_rows(report: &RunReport) -> Vec<KindRow> {
    let row = |(kind, result): (AttachmentKind, KindResult)| {
        let (marks, response, class) = match &result {
            KindResult::Refused { response, .. } => ([CONFORMS; 3], response.clone(), "right"),
            KindResult::Diverges { response, tier, .. } => (marks(tier), response.clone(), "wrong"),
            KindResult::Unsupported { .. } | KindResult::NotTested { .. } => {
                ([NOT_COMPARED; 3], String::new(), "")
            }
        };
        KindRow { noun: kind.row().noun, marks, response, verdict: result.description(), class }
    };
    kinds(&report.calls).into_iter().map(row).collect()
}

fn marks(tier: &str) -> [Mark; 3] {
    let at = TIERS.iter().position(|it| *it == tier).unwrap_or_default();
    [0, 1, 2].map(|index: usize| match index.cmp(&at) {
        Ordering::Less => CONFORMS,
        Ordering::Equal => DIFFERS,
        Ordering::Greater => NOT_COMPARED,
    })
}

#[derive(Serialize)]
struct PageSection {
    title: &'static str,
    lines: Vec<String>,
}

/// The sections of the page that are not findings.
fn sections(report: &RunReport) -> [PageSection; 6] {
    let section = |title, lines| PageSection { title, lines };
    let unspecified = report.unspecified.iter();
    let unspecified =
        unspecified.map(|it| format!("{} ({}): {}", it.rule, it.facts.join(" "), it.response));
    let reasons = reasons(&report.calls);
    let reasons = reasons.iter().map(|(reason, count)| format!("{count} × {reason}"));
    let not_tested = report.coverage.rules.not_tested.iter();
    let not_tested = not_tested.map(|it| format!("{}: {}", it.name, it.reason));
    let undecidable = report.coverage.rules.undecidable.iter();
    let undecidable = undecidable.map(|it| format!("{}: {}", it.name, it.reason));
    [
        section("Problems in the known-failures file", report.known_failure_errors.clone()),
        section("Not deleted", report.not_deleted.iter().map(not_deleted_line).collect()),
        section("Calls without a verdict", reasons.collect()),
        section("Unspecified behavior observed", unspecified.collect()),
        section("Rules that were not tested", not_tested.collect()),
        section("Rules that no call can test alone", undecidable.collect()),
    ]
}

#[derive(Serialize)]
struct SideColumn<'a> {
    name: String,
    version: &'a str,
    license: &'a str,
    href: &'a str,
}

/// The part of a page side by side that only a site has.
pub(crate) struct SideBySideFrame<'a> {
    pub(crate) frame: &'a SiteFrame,
    /// The results of all versions, as HTML.
    pub(crate) versions: &'a str,
}

/// Returns the page. `pages` are the addresses of the pages of the runs.
///
/// # Errors
/// An error of the template library.
pub(crate) fn side_by_side(
    runs: &[RunReport],
    pages: &[String],
    site: Option<&SideBySideFrame<'_>>,
) -> Result<String> {
    let columns = runs.iter().zip(pages).map(|(run, href)| {
        let target = &run.header.target;
        let version = target.version.as_deref().unwrap_or_default();
        let license = target.license.as_deref().unwrap_or_default();
        let client = run.header.client.as_ref();
        let client = client.map(|_| format!(" through {}", run.header.client_name()));
        let name = target.name.clone() + &client.unwrap_or_default();
        SideColumn { name, version, license, href }
    });
    let header = runs.first().map(|it| it.header.clone()).unwrap_or_default();
    let links = site.map(|it| RuleLinks::relative(&it.frame.base)).unwrap_or_default();
    let rules = runs.iter().flat_map(|it| &it.findings).map(|it| &it.rule);
    let rule_pages: BTreeMap<&String, String> =
        rules.filter_map(|it| Some((it, links.rule(it)?))).collect();
    let values = context! {
        css => CSS,
        site => site.map(|it| it.frame),
        versions => site.map(|it| it.versions),
        rule_pages,
        columns => columns.collect::<Vec<_>>(),
        tables => tables(runs),
        version => header.version,
        revision => header.revision,
        selection => header.selection,
        started => header.started,
    };
    render(MATRIX, values)
}
