//! Several runs side by side as a page; each column links to the page of its run.

use anyhow::{Context as _, Result};
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use crate::report::RunReport;
use crate::report::format::html::CSS;
use crate::report::format::matrix::tables;

const PAGE: &str = include_str!("matrix.html");

#[derive(Serialize)]
struct SideColumn<'a> {
    name: String,
    version: &'a str,
    licence: &'a str,
    href: &'a str,
}

/// Returns the page. `pages` are the addresses of the pages of the runs.
///
/// # Errors
/// An error of the template library.
pub fn side_by_side(runs: &[RunReport], pages: &[String]) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("page", PAGE).context("the template of the page is invalid")?;
    let page = environment.get_template("page").context("the template of the page is missing")?;
    let columns = runs.iter().zip(pages).map(|(run, href)| {
        let target = &run.header.target;
        let version = target.version.as_deref().unwrap_or_default();
        let licence = target.licence.as_deref().unwrap_or_default();
        let client = run.header.client.as_ref();
        let client = client.map(|_| format!(" through {}", run.header.client_name()));
        let name = target.name.clone() + &client.unwrap_or_default();
        SideColumn { name, version, licence, href }
    });
    let header = runs.first().map(|it| it.header.clone()).unwrap_or_default();
    let values = context! {
        css => CSS,
        columns => columns.collect::<Vec<_>>(),
        tables => tables(runs),
        version => header.version,
        revision => header.revision,
        selection => header.selection,
        started => header.started,
    };
    page.render(values).context("cannot write the page")
}
