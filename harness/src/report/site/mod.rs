//! The specification and the results of endpoints as a website: static pages that work without
//! scripts, and have no trackers and no external resources.
//!
//! The texts are those of `iamspec docs`; the pages of endpoints are those of the HTML report.

mod badge;
mod document;
mod emulators;

use std::collections::BTreeMap;

use anyhow::Result;
use minijinja::context;

use crate::docs::specification;
use crate::report::RunReport;
use crate::report::diff::revision;
use crate::report::format::history::VersionResult;
use crate::report::format::html::{CSS, SiteFrame, render};
use crate::report::site::document::SiteDocument;
use crate::report::site::emulators::{TestedEndpoint, add_pages};

const PAGE: &str = include_str!("page.html");

/// Filters the list of rules. Without it, the list is complete.
const RULES_JS: &str = include_str!("rules.js");

/// Returns every file of the site by its path.
///
/// # Errors
/// Runs that cannot be compared, two runs of one endpoint, or an error of the embedded endpoint that
/// makes the examples.
pub fn site(runs: &[RunReport], history: Vec<VersionResult>) -> Result<BTreeMap<String, String>> {
    let specification = specification()?;
    let mut of_runs = BTreeMap::new();
    let tested = add_pages(runs, history, &mut of_runs)?;
    let mut files = BTreeMap::new();
    for (name, markdown) in specification.pages.iter().chain(&specification.rules) {
        let name = name.trim_end_matches(".md");
        let path = format!("{}.html", if name == "README" { "index" } else { name });
        let js = (name == "rules").then_some(RULES_JS);
        let tested = if name == "README" { tested.as_slice() } else { &[] };
        let page = page(&path, markdown, tested, js)?;
        files.insert(path, page);
    }
    // The page of the runs replaces that of the last campaign.
    files.extend(of_runs);
    Ok(files)
}

fn page(path: &str, markdown: &str, tested: &[TestedEndpoint], js: Option<&str>) -> Result<String> {
    let frame = SiteFrame::of(path);
    let document = SiteDocument::of(markdown, &frame.base);
    let values = context! {
        css => CSS,
        js,
        title => document.title,
        content => document.content,
        emulators => tested,
        version => env!("CARGO_PKG_VERSION"),
        revision => revision(),
        site => frame,
    };
    render(PAGE, values)
}
