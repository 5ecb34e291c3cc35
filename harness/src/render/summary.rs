//! What stands at the end of a run: the open points, what was not judged, and the sums.

use std::fmt::Write as _;

use super::Paint;
use crate::stream::{Call, End, Open, Verdict};

/// The questions that the facts leave open, with what was seen.
#[must_use]
pub fn open_points(points: &[Open], paint: Paint) -> String {
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
pub fn reasons(calls: &[Call]) -> Vec<(String, usize)> {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for call in calls {
        let why = call.why.as_deref().unwrap_or_default();
        let reason = match call.verdict {
            Verdict::NotExercised => format!("not exercised: {why}"),
            Verdict::Unsupported => format!(
                "unsupported: {why}, which failed twice in the same way while other calls worked"
            ),
            Verdict::Inconclusive => format!("inconclusive: {}, {why}", call.api),
            Verdict::Conforms | Verdict::Diverges => continue,
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
pub fn unexercised(calls: &[Call], paint: Paint) -> String {
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
pub fn last_line(end: &End) -> String {
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
