//! The pages of the tested endpoints: one for each run, and all side by side with their versions.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use minijinja::context;
use serde::Serialize;

use crate::report::RunReport;
use crate::report::format::history;
use crate::report::format::history::VersionResult;
use crate::report::format::html::{SideBySideFrame, SiteFrame, html_in_site, side_by_side};
use crate::report::format::markdown::badge;
use crate::report::format::matrix::{check_comparable, plain_name};
use crate::report::site::badge::svg;
use crate::report::site::document::SiteDocument;

/// The page with all endpoints.
const OVERVIEW: &str = "emulators.html";

/// An endpoint in the list of the start page.
#[derive(Debug, Serialize)]
pub(crate) struct TestedEndpoint {
    name: String,
    href: String,
    /// The badge as SVG.
    badge: String,
}

/// Adds the pages of the runs. Returns the list of the endpoints.
///
/// # Errors
/// Runs that cannot be compared, or two runs of one endpoint and client.
pub(crate) fn add_pages(
    runs: &[RunReport],
    history: Vec<VersionResult>,
    pages: &mut BTreeMap<String, String>,
) -> Result<Vec<TestedEndpoint>> {
    check_comparable(runs)?;
    let stems = stems(runs)?;
    let complete = runs.iter().filter(|it| it.is_complete() && it.header.client.is_none());
    let history = history::add(history, complete.map(VersionResult::of).collect());
    let mut list = Vec::new();
    for (run, stem) in runs.iter().zip(&stems) {
        let path = format!("{stem}.html");
        let badge_picture = svg(run)?;
        let (svg_file, json_file) = (format!("{stem}.svg"), format!("{stem}.json"));
        let own = history.iter().filter(|it| it.name == run.header.target.name);
        let extra = context! {
            badge => badge_picture,
            badge_svg => file_name(&svg_file),
            badge_json => file_name(&json_file),
            versions => versions(&own.cloned().collect::<Vec<_>>()),
        };
        pages.insert(path.clone(), html_in_site(run, &SiteFrame::of(&path), extra)?);
        pages.insert(svg_file, badge_picture.clone());
        pages.insert(json_file, badge(run)?);
        let version = run.header.target.version.as_deref().unwrap_or_default();
        let client = run.header.client.as_ref();
        let client = client.map(|_| format!(" through {}", run.header.client_name()));
        let name = format!("{} {version}{}", run.header.target.name, client.unwrap_or_default());
        list.push(TestedEndpoint { name, href: path, badge: badge_picture });
    }
    if !runs.is_empty() || !history.is_empty() {
        let addresses: Vec<String> = stems.iter().map(|it| format!("{it}.html")).collect();
        let frame = SiteFrame::of(OVERVIEW);
        let site = SideBySideFrame { frame: &frame, versions: &versions(&history) };
        pages.insert(OVERVIEW.to_owned(), side_by_side(runs, &addresses, Some(&site))?);
    }
    Ok(list)
}

/// The path of the page of each run without its extension.
fn stems(runs: &[RunReport]) -> Result<Vec<String>> {
    let mut taken = BTreeSet::new();
    let mut stems = Vec::new();
    for run in runs {
        let client = run.header.client.as_ref();
        let client = client.map(|_| format!("-through-{}", plain_name(&run.header.client_name())));
        let name = plain_name(&run.header.target.name) + &client.unwrap_or_default();
        ensure!(
            taken.insert(name.to_lowercase()),
            "two runs would have the page emulators/{name}.html; give one run of each endpoint, and \
             its earlier versions with --history"
        );
        stems.push(format!("emulators/{name}"));
    }
    Ok(stems)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The results of versions as HTML.
fn versions(history: &[VersionResult]) -> String {
    if history.is_empty() {
        return "<p>No complete run.</p>".to_owned();
    }
    SiteDocument::with_tables_named(&history::markdown(history), "", "Versions").content
}
