//! What stands at the end of a run: the nine rows, the open points, what was not asked, and the sums.

use std::fmt::Write as _;

use iamspec_conformance::OpenPoint;
use iamspec_conformance::finding::Tally;
use iamspec_conformance::{Exchange, Replay, Verdict};
use iamspec_model::{Answer, Kind, Operation, Reason};

use super::Paint;

/// Kind by kind: what was answered to `DeleteUser` where only an item of that kind was held. Empty
/// where that was never asked.
#[must_use]
pub fn nine_rows(replays: &[Replay], paint: Paint) -> String {
    let exchanges: Vec<&Exchange> = replays.iter().flat_map(|it| &it.exchanges).collect();
    let asked = |kind| exchanges.iter().find(|it| alone(it) == Some(kind));
    if !Kind::blockers().any(|kind| asked(kind).is_some()) {
        return String::new();
    }
    let mut out = paint.bold("DeleteUser of a user that holds nothing but one") + "\n";
    let mut not_asked = 0;
    for kind in Kind::blockers() {
        let noun = kind.row().noun;
        if let Some(exchange) = asked(kind) {
            let (answer, what) = seen(exchange, paint);
            let at = exchange.request;
            _ = writeln!(out, "  {noun:<28} {answer:<20} {what}, at request {at}");
        } else if lacks(kind, replays) {
            _ = writeln!(
                out,
                "  {noun:<28} {:<20} not asked: {} is unsupported",
                "-",
                kind.row().attach.api
            );
        } else {
            not_asked += 1;
        }
    }
    if not_asked > 0 {
        _ = writeln!(out, "  {not_asked} other kinds were not asked");
    }
    out
}

/// The kind, where its item alone stood in the way of a deletion that was answered.
fn alone(exchange: &Exchange) -> Option<Kind> {
    let [rule] = exchange.in_force.as_slice() else { return None };
    let Reason::Holds(kind) = rule.claim.reason else { return None };
    let judged = matches!(exchange.verdict, Verdict::Conforms(_) | Verdict::Diverges(_));
    (judged && matches!(exchange.operation, Operation::DeleteUser(_))).then_some(kind)
}

fn seen(exchange: &Exchange, paint: Paint) -> (String, String) {
    let observed = exchange.observed.as_ref().map(ToString::to_string).unwrap_or_default();
    let answer: Vec<&str> = observed.split(" \"").take(1).collect();
    let what = match &exchange.verdict {
        Verdict::Diverges(it)
            if exchange.in_force.iter().all(|rule| rule.claim.answer != Answer::Done) =>
        {
            let word = match it.tier.name() {
                "status" if observed == "200" => "deleted, must be refused".to_owned(),
                tier => format!("differs in its {tier}"),
            };
            paint.wrong(&word)
        }
        _ => paint.right("refused, as it must be"),
    };
    (answer.concat(), what)
}

fn lacks(kind: Kind, replays: &[Replay]) -> bool {
    let exchanges = replays.iter().flat_map(|it| &it.exchanges);
    exchanges.into_iter().any(|it| it.verdict == Verdict::Unsupported(kind.row().attach.api))
}

/// The questions that the facts leave open, with what was seen.
#[must_use]
pub fn open_points(points: &[OpenPoint], paint: Paint) -> String {
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
        let open = point.rule.claim.status.facts.iter().map(|fact| fact.id);
        let facts = open.collect::<Vec<_>>().join(" ");
        _ = writeln!(out, "  {:<54} {facts:<12} {}", point.rule.id(), point.seen);
    }
    out
}

/// What was not asked or not answered, with why, each reason once.
#[must_use]
pub fn unexercised(replays: &[Replay], paint: Paint) -> String {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for exchange in replays.iter().flat_map(|it| &it.exchanges) {
        let api = exchange.operation.call().map_or("", |call| call.api);
        let reason = match &exchange.verdict {
            Verdict::Skipped(why) => format!("not exercised: {why}"),
            Verdict::Unsupported(api) => format!(
                "unsupported: {api}, which failed twice in the same way while other calls worked"
            ),
            Verdict::Inconclusive(it) => format!("inconclusive: {api}, {it}"),
            Verdict::Conforms(_) | Verdict::Diverges(_) => continue,
        };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((reason, 1)),
        }
    }
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
pub fn last_line(tally: &Tally, scripts: usize, requests: usize) -> String {
    let below = if tally.below > 0 {
        format!(" ({} below the asked tier or level)", tally.below)
    } else {
        String::new()
    };
    let scripts = counted(scripts, "script");
    format!(
        "{scripts}, {} in {}: {} passed{below}, {} unexpected, {} expected, {} unsupported, {} inconclusive, {} not exercised",
        counted(tally.calls(), "call"),
        counted(requests, "request"),
        tally.passed,
        tally.unexpected,
        tally.expected,
        tally.unsupported,
        tally.inconclusive,
        tally.not_exercised,
    )
}

/// `1 script`, `2 scripts`.
#[must_use]
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
