//! What a run has reached.

use iamspec_conformance::coverage::{Coverage, PAIRS, Reach, SETS, reached};

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
