//! What a run has reached.

use anyhow::Result;
use iamspec_conformance::course::Kinds;
use iamspec_conformance::coverage::{Coverage, PAIRS, Reach, SETS, reached};
use iamspec_conformance::{Replay, Verdict};
use iamspec_model::Kind;
use serde_json::{Value, json};

use super::Paint;

/// Four figures, in one line.
#[must_use]
pub fn coverage(coverage: &Coverage, paint: Paint) -> String {
    let of = |reach: &[Reach]| format!("{} of {}", reached(reach), reach.len());
    format!(
        "{}: {} rules, {} outcomes of calls, {} of {SETS} sets of kinds, {} of {PAIRS} ordered pairs\n",
        paint.bold("Asked"),
        of(&coverage.rules),
        of(&coverage.outcomes),
        coverage.sets.len(),
        coverage.pairs.len(),
    )
}

/// The same by name, for machines; with why what was not asked was not.
///
/// # Errors
/// What the JSON library says.
pub fn coverage_as_json(replays: &[Replay]) -> Result<String> {
    let coverage = Coverage::of(replays);
    let kinds = |set: &Kinds| {
        Kind::blockers().filter(|it| set.has(*it)).map(|it| it.row().name).collect::<Vec<_>>()
    };
    let pairs = coverage.pairs.iter().map(|(first, then)| [first.row().name, then.row().name]);
    let value = json!({
        "rules": split(&coverage.rules, replays),
        "outcomes": split(&coverage.outcomes, replays),
        "sets": coverage.sets.iter().map(kinds).collect::<Vec<_>>(),
        "pairs": pairs.collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

fn split(reach: &[Reach], replays: &[Replay]) -> Value {
    let reached: Vec<&str> =
        reach.iter().filter(|it| it.reached).map(|it| it.name.as_str()).collect();
    let missing = reach.iter().filter(|it| !it.reached);
    let missing = missing.map(|it| json!({ "name": it.name, "why": why(it.api, replays) }));
    json!({ "asked": reached, "not_asked": missing.collect::<Vec<_>>() })
}

/// Why nothing was judged of a call in that state.
fn why(api: &str, replays: &[Replay]) -> String {
    let exchanges = replays.iter().flat_map(|it| &it.exchanges);
    let own = exchanges.filter(|it| it.operation.call().is_some_and(|call| call.api == api));
    let mut reasons = own.filter_map(|it| match &it.verdict {
        Verdict::Unsupported(api) => Some(format!("{api} is unsupported")),
        Verdict::Skipped(why) => Some(why.clone()),
        Verdict::Inconclusive(it) => Some(it.to_string()),
        Verdict::Conforms(_) | Verdict::Diverges(_) => None,
    });
    reasons.next().unwrap_or_else(|| "no script of this run asks it".to_owned())
}
