//! Several runs side by side as a page; each column leads to the page of its run.

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

/// The page. `pages` are the addresses of the pages of the runs.
///
/// # Errors
/// What the library of templates says.
pub fn side_by_side(runs: &[RunReport], pages: &[String]) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("page", PAGE).context("the page's template is wrong")?;
    let page = environment.get_template("page").context("the page's template is lost")?;
    let columns = runs.iter().zip(pages).map(|(run, href)| {
        let target = &run.header.target;
        let version = target.version.as_deref().unwrap_or_default();
        let licence = target.licence.as_deref().unwrap_or_default();
        let through =
            run.header.client.as_ref().map(|_| format!(" through {}", run.header.made_by()));
        let name = target.name.clone() + &through.unwrap_or_default();
        SideColumn { name, version, licence, href }
    });
    let header = runs.first().map(|it| it.header.clone()).unwrap_or_default();
    let values = context! {
        css => CSS,
        columns => columns.collect::<Vec<_>>(),
        tables => tables(runs),
        version => header.version,
        revision => header.revision,
        asked => header.asked,
        begun => header.begun,
    };
    page.render(values).context("cannot write the page")
}
