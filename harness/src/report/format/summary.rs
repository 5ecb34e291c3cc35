//! What stands at the end of a run: the open points, what was not judged, and the sums.
//!
//! What an endpoint answered rightly only after a while.
//!
//! What a run has reached.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use iamspec_conformance::results::coverage::{PAIRS, SETS};

use crate::report::events::{
    CallEvent, CallVerdict, CoverageEvent, EndEvent, ExerciseEvent, UnspecifiedEvent,
};
use crate::report::format::style::Style;

/// The questions that the facts leave open, with what was seen.
#[must_use]
pub fn open_points(points: &[UnspecifiedEvent], paint: Style) -> String {
    let mut out = String::new();
    if points.is_empty() {
        return out;
    }
    _ = writeln!(
        out,
        "{}",
        paint.bold(
            "Open points: what AWS does is unknown or varies, and either answer conforms; seen here"
        )
    );
    for point in points {
        _ = writeln!(out, "  {:<54} {:<12} {}", point.rule, point.facts.join(" "), point.seen);
    }
    out
}

/// Why calls were not judged, each reason once, with how many they are.
#[must_use]
pub fn reasons(calls: &[CallEvent]) -> Vec<(String, usize)> {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for call in calls {
        let why = call.why.as_deref().unwrap_or_default();
        let reason = match call.verdict {
            CallVerdict::NotExercised => format!("not exercised: {why}"),
            CallVerdict::Unsupported => format!(
                "unsupported: {why}, which failed twice in the same way while other calls worked"
            ),
            CallVerdict::Inconclusive => format!("inconclusive: {}, {why}", call.api),
            CallVerdict::Conforms | CallVerdict::Diverges => continue,
        };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((reason, 1)),
        }
    }
    reasons
}

/// What was not asked or not answered, with why.
#[must_use]
pub fn unexercised(calls: &[CallEvent], paint: Style) -> String {
    let reasons = reasons(calls);
    let mut out = String::new();
    if !reasons.is_empty() {
        _ = writeln!(out, "{}", paint.bold("Not judged"));
    }
    for (reason, count) in reasons {
        _ = writeln!(out, "  {count:>4} {reason}");
    }
    out
}

/// The last line of a run.
#[must_use]
pub fn last_line(end: &EndEvent) -> String {
    let sums = &end.sums;
    let below = if sums.below > 0 {
        format!(" ({} below the asked tier or level)", sums.below)
    } else {
        String::new()
    };
    format!(
        "{}, {} in {}: {} passed{below}, {} unexpected, {} expected, {} unsupported, {} inconclusive, {} not exercised",
        counted(end.scripts, "script"),
        counted(sums.calls(), "call"),
        counted(end.requests, "request"),
        sums.passed,
        sums.unexpected,
        sums.expected,
        sums.unsupported,
        sums.inconclusive,
        sums.not_exercised,
    )
}

/// `1 script`, `2 scripts`.
#[must_use]
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Call by call: how often it was asked again, and how long it took at most. Empty where nothing was late.
#[must_use]
pub fn settled(asked: &[CallEvent], paint: Style) -> String {
    let mut calls: BTreeMap<&str, (usize, u32, f64)> = BTreeMap::new();
    for call in asked.iter().filter(|it| it.verdict == CallVerdict::Conforms) {
        let Some(it) = call.settled else { continue };
        let (times, tries, longest) = calls.entry(&call.api).or_default();
        *times += 1;
        *tries += it.tries;
        *longest = it.seconds.max(*longest);
    }
    let mut out = String::new();
    for (call, (times, tries, longest)) in calls {
        let answers = counted(times, "answer");
        _ = writeln!(
            out,
            "  {call:<32} {answers}, asked again {tries} times, after {longest:.1} s at most"
        );
    }
    if out.is_empty() {
        out
    } else {
        paint.bold("As it should be only when asked again") + "\n" + &out
    }
}

/// Four figures, in one line.
#[must_use]
pub fn coverage(coverage: &CoverageEvent, paint: Style) -> String {
    let of = |it: &ExerciseEvent| {
        format!("{} of {}", it.asked.len(), it.asked.len() + it.not_asked.len())
    };
    format!(
        "{}: {} rules, {} outcomes of calls, {} of {SETS} sets of kinds, {} of {PAIRS} ordered pairs\n",
        paint.bold("Asked"),
        of(&coverage.rules),
        of(&coverage.outcomes),
        coverage.sets.len(),
        coverage.pairs.len(),
    )
}
