//! A race as text: its calls as bars on a time axis, and what rules out each order of them.

use std::fmt::Write as _;
use std::time::Duration;

use iamspec_conformance::concurrency::execute::RaceResult;
use iamspec_conformance::concurrency::linearizability::{ContradictedOrder, explain};
use iamspec_conformance::concurrency::{Race, TimedCall};
use iamspec_conformance::script::print;

use crate::report::format::style::Style;
use crate::wire::output::visible::visible_line;

/// The number of columns of the time axis.
const WIDTH: u8 = 40;

/// Returns the calls of a race, and for each order of them the response that rules it out.
#[must_use]
pub fn timeline(
    race: &Race,
    result: &RaceResult,
    (history, before): (&[TimedCall], usize),
    style: Style,
) -> String {
    let mut out = String::new();
    let frequency = format!("shows in {} of {}", result.violations, result.histories);
    _ = writeln!(out, "\n{}  {frequency}", style.bold(&race.name));
    let (setup, rest) = history.split_at(before.min(history.len()));
    let (racing, after) = rest.split_at(race.calls.len().min(rest.len()));
    for it in setup {
        let call = print::operation(&it.operation);
        _ = writeln!(out, "  before      {call:<34} -> {}", shown(it));
    }
    let start = racing.iter().map(|it| it.start).min().unwrap_or_default();
    let length = racing.iter().map(|it| it.end).max().unwrap_or_default().saturating_sub(start);
    for (index, it) in racing.iter().enumerate() {
        let bar = bar(it, start, length);
        let call = print::operation(&it.operation);
        _ = writeln!(out, "  client {}    {call:<34} {bar} -> {}", index + 1, shown(it));
    }
    for it in after {
        let call = print::operation(&it.operation);
        _ = writeln!(out, "  after       {call:<34} -> {}", shown(it));
    }
    for it in explain(history, before, racing.len()) {
        out.push_str(&ruled_out(&it, style));
    }
    out
}

fn shown(it: &TimedCall) -> String {
    visible_line(&it.response.to_string())
}

/// A bar from the time of the request to the time of the response.
fn bar(it: &TimedCall, start: Duration, length: Duration) -> String {
    let length = length.as_nanos().max(1);
    let column = |at: Duration| {
        let columns = at.saturating_sub(start).as_nanos() * u128::from(WIDTH) / length;
        usize::try_from(columns.min(u128::from(WIDTH))).unwrap_or(0)
    };
    let (first, last) = (column(it.start), column(it.end));
    let bar = "=".repeat(last.saturating_sub(first).max(1));
    format!("{:<2$}{bar:<1$}", "", usize::from(WIDTH) + 1 - first, first)
}

fn ruled_out(it: &ContradictedOrder, style: Style) -> String {
    let expected: Vec<String> =
        it.allowed.iter().map(|(response, rule)| format!("{response} ({rule})")).collect();
    format!(
        "  {}    if {}: {} got {}, expected {}; evidence: {}\n",
        style.failure("no order"),
        it.order.join(" comes before "),
        it.call,
        visible_line(&it.response),
        expected.join(" or "),
        it.evidence.join(" ")
    )
}
