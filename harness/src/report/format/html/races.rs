//! Races that no order explains, as a page: their calls as bars, and what rules out each order.

use std::time::Duration;

use anyhow::Result;
use iamspec_conformance::concurrency::execute::RaceResult;
use iamspec_conformance::concurrency::linearizability::{ContradictedOrder, explain};
use iamspec_conformance::concurrency::{Race, TimedCall};
use iamspec_conformance::script::print;
use minijinja::context;
use serde::Serialize;

use crate::report::format::html::{CSS, render};

const PAGE: &str = include_str!("races.html");

/// The width of the longest bar, in units of the picture.
const WIDTH: u128 = 700;

/// The width of the shortest bar, in units of the picture.
const MIN_WIDTH: u128 = 4;

/// A race for the template.
#[derive(Serialize)]
struct RaceView {
    name: String,
    broken: usize,
    histories: usize,
    calls: Vec<Bar>,
    ruled_out: Vec<RuledOutView>,
    before: Vec<String>,
    after: Vec<String>,
    reproduce: String,
}

#[derive(Serialize)]
struct Bar {
    call: String,
    response: String,
    start: String,
    width: String,
    class: &'static str,
}

#[derive(Serialize)]
struct RuledOutView {
    order: String,
    call: String,
    observed: String,
    expected: String,
    facts: String,
}

/// Returns the page. Each race has its result and the command that reproduces it.
///
/// # Errors
/// An error of the template library.
pub fn races(target: &str, totals: &str, all: &[(Race, RaceResult, String)]) -> Result<String> {
    let broken = all.iter().filter_map(|(race, result, reproduce)| {
        let (history, before) = result.example.as_ref()?;
        Some(race_view(race, result, (history, *before), reproduce.clone()))
    });
    let races: Vec<RaceView> = broken.collect();
    let values =
        context! { css => CSS, version => env!("CARGO_PKG_VERSION"), target, totals, races };
    render(PAGE, values)
}

fn race_view(
    race: &Race,
    result: &RaceResult,
    (history, before): (&[TimedCall], usize),
    reproduce: String,
) -> RaceView {
    let (setup, rest) = history.split_at(before.min(history.len()));
    let (racing, after) = rest.split_at(race.calls.len().min(rest.len()));
    let ruled_out = explain(history, before, racing.len());
    let start = racing.iter().map(|it| it.start).min().unwrap_or_default();
    let length = racing.iter().map(|it| it.end).max().unwrap_or_default().saturating_sub(start);
    let position = |at: Duration| {
        at.saturating_sub(start).as_nanos() * (WIDTH - MIN_WIDTH) / length.as_nanos().max(1)
    };
    let bars = racing.iter().map(|it| {
        let (call, start) = (print::operation(&it.operation), position(it.start));
        let width = position(it.end).saturating_sub(start) + MIN_WIDTH;
        let is_ruled_out = ruled_out.iter().any(|other| other.call == call);
        let class = if is_ruled_out { "ruled-out" } else { "" };
        let response = it.response.to_string();
        Bar { call, response, start: start.to_string(), width: width.to_string(), class }
    });
    let line =
        |it: &TimedCall| format!("{:<36} -> {}", print::operation(&it.operation), it.response);
    RaceView {
        name: race.name.clone(),
        broken: result.violations,
        histories: result.histories,
        calls: bars.collect(),
        before: setup.iter().map(line).collect(),
        after: after.iter().map(line).collect(),
        ruled_out: ruled_out.into_iter().map(ruled_out_view).collect(),
        reproduce,
    }
}

fn ruled_out_view(it: ContradictedOrder) -> RuledOutView {
    let expected = it.allowed.iter().map(|(response, rule)| format!("{response} ({rule})"));
    RuledOutView {
        order: it.order.join(" comes before "),
        expected: expected.collect::<Vec<_>>().join(" or "),
        facts: it.evidence.join(" "),
        call: it.call,
        observed: it.response,
    }
}
