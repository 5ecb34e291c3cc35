//! Races that were lost, as a page: their calls as bars, and why no order of them fits.

use std::time::Duration;

use anyhow::{Context as _, Result};
use iamspec_conformance::concurrency::execute::RaceResult;
use iamspec_conformance::concurrency::linearizability::{RuledOut, explain};
use iamspec_conformance::concurrency::{Race, TimedCall};
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use crate::report::format::html::CSS;

const PAGE: &str = include_str!("races.html");

/// How wide the longest bar is, and how short the shortest, in the units of the picture.
const WIDTH: u128 = 700;
const LEAST: u128 = 4;

#[derive(Serialize)]
struct Lost {
    name: String,
    broken: usize,
    histories: usize,
    calls: Vec<Bar>,
    ruled: Vec<Ruling>,
    before: Vec<String>,
    after: Vec<String>,
    again: String,
}

#[derive(Serialize)]
struct Bar {
    call: String,
    answer: String,
    start: String,
    width: String,
    class: &'static str,
}

#[derive(Serialize)]
struct Ruling {
    order: String,
    call: String,
    observed: String,
    allowed: String,
    facts: String,
}

/// The page. Each race comes with what came of it and the command that repeats it.
///
/// # Errors
/// What the library of templates says.
pub fn races(target: &str, sums: &str, all: &[(Race, RaceResult, String)]) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("page", PAGE).context("the page's template is wrong")?;
    let page = environment.get_template("page").context("the page's template is lost")?;
    let lost = all.iter().filter_map(|(race, raced, again)| {
        let (history, before) = raced.shown.as_ref()?;
        Some(lost(race, raced, (history, *before), again.clone()))
    });
    let races: Vec<Lost> = lost.collect();
    let values = context! { css => CSS, version => env!("CARGO_PKG_VERSION"), target, sums, races };
    page.render(values).context("cannot write the page")
}

fn lost(
    race: &Race,
    raced: &RaceResult,
    (history, before): (&[TimedCall], usize),
    again: String,
) -> Lost {
    let (made, asked) = history.split_at(before.min(history.len()));
    let (racing, after) = asked.split_at(race.calls.len().min(asked.len()));
    let ruled = explain(history, before, racing.len());
    let accused = |call: &str| ruled.iter().any(|it| it.call == call);
    let begun = racing.iter().map(|it| it.start).min().unwrap_or_default();
    let all = racing.iter().map(|it| it.end).max().unwrap_or_default().saturating_sub(begun);
    let place = |at: Duration| {
        at.saturating_sub(begun).as_nanos() * (WIDTH - LEAST) / all.as_nanos().max(1)
    };
    let bars = racing.iter().map(|it| {
        let (call, start) =
            (iamspec_conformance::script::print::operation(&it.operation), place(it.start));
        let width = place(it.end).saturating_sub(start) + LEAST;
        let class = if accused(&call) { "accused" } else { "" };
        let answer = it.observed.to_string();
        Bar { call, answer, start: start.to_string(), width: width.to_string(), class }
    });
    let line = |it: &TimedCall| {
        format!(
            "{:<36} -> {}",
            iamspec_conformance::script::print::operation(&it.operation),
            it.observed
        )
    };
    Lost {
        name: race.name.clone(),
        broken: raced.broken,
        histories: raced.histories,
        calls: bars.collect(),
        before: made.iter().map(line).collect(),
        after: after.iter().map(line).collect(),
        ruled: ruled.into_iter().map(ruling).collect(),
        again,
    }
}

fn ruling(it: RuledOut) -> Ruling {
    let allowed = it.allowed.iter().map(|(answer, rule)| format!("{answer} ({rule})"));
    Ruling {
        order: it.order.join(" comes before "),
        allowed: allowed.collect::<Vec<_>>().join(" or "),
        facts: it.evidence.join(" "),
        call: it.call,
        observed: it.observed,
    }
}
