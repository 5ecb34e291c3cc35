//! A race as a picture: its calls as bars, and why no order of them fits.

use std::fmt::Write as _;
use std::time::Duration;

use iamspec_conformance::concurrency::execute::RaceResult;
use iamspec_conformance::concurrency::linearizability::{RuledOut, explain};
use iamspec_conformance::concurrency::{Race, TimedCall};

use crate::report::format::style::Style;

/// So many columns a bar may take.
const WIDTH: u8 = 40;

/// What was asked together, and the first answer that each order rules out.
#[must_use]
pub fn timeline(
    race: &Race,
    raced: &RaceResult,
    (history, before): (&[TimedCall], usize),
    paint: Style,
) -> String {
    let mut out = String::new();
    let often = format!("shows in {} of {}", raced.broken, raced.histories);
    _ = writeln!(out, "\n{}  {often}", paint.bold(&race.name));
    let (made, asked) = history.split_at(before.min(history.len()));
    let racing = asked.get(..race.calls.len().min(asked.len())).unwrap_or_default();
    for it in made {
        _ = writeln!(
            out,
            "  before      {:<34} -> {}",
            iamspec_conformance::script::print::operation(&it.operation),
            it.observed
        );
    }
    let begun = racing.iter().map(|it| it.start).min().unwrap_or_default();
    let all = racing.iter().map(|it| it.end).max().unwrap_or_default().saturating_sub(begun);
    for (place, it) in racing.iter().enumerate() {
        let bar = bar(it, begun, all);
        let call = iamspec_conformance::script::print::operation(&it.operation);
        _ = writeln!(out, "  client {}    {call:<34} {bar} -> {}", place + 1, it.observed);
    }
    for it in asked.iter().skip(racing.len()) {
        _ = writeln!(
            out,
            "  afterwards  {:<34} -> {}",
            iamspec_conformance::script::print::operation(&it.operation),
            it.observed
        );
    }
    for it in explain(history, before, racing.len()) {
        _ = write!(out, "{}", no_order(&it, paint));
    }
    out
}

/// A call from when it was sent to when it was answered.
fn bar(it: &TimedCall, begun: Duration, all: Duration) -> String {
    let all = all.as_nanos().max(1);
    let column = |at: Duration| {
        let part = at.saturating_sub(begun).as_nanos() * u128::from(WIDTH) / all;
        usize::try_from(part.min(u128::from(WIDTH))).unwrap_or(0)
    };
    let (start, end) = (column(it.start), column(it.end));
    let bar = "=".repeat(end.saturating_sub(start).max(1));
    format!("{:<2$}{bar:<1$}", "", usize::from(WIDTH) + 1 - start, start)
}

fn no_order(it: &RuledOut, paint: Style) -> String {
    let allowed: Vec<String> =
        it.allowed.iter().map(|(answer, rule)| format!("{answer} ({rule})")).collect();
    format!(
        "  {}    if {}: {} was answered {}, allowed only {}, {}\n",
        paint.wrong("no order"),
        it.order.join(" comes before "),
        it.call,
        it.observed,
        allowed.join(" or "),
        it.evidence.join(" ")
    )
}
