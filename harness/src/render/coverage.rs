//! What a run has reached.

use iamspec_conformance::coverage::{PAIRS, SETS};

use super::Paint;
use crate::stream::{Coverage, Exercise};

/// Four figures, in one line.
#[must_use]
pub fn coverage(coverage: &Coverage, paint: Paint) -> String {
    let of =
        |it: &Exercise| format!("{} of {}", it.asked.len(), it.asked.len() + it.not_asked.len());
    format!(
        "{}: {} rules, {} outcomes of calls, {} of {SETS} sets of kinds, {} of {PAIRS} ordered pairs\n",
        paint.bold("Asked"),
        of(&coverage.rules),
        of(&coverage.outcomes),
        coverage.sets.len(),
        coverage.pairs.len(),
    )
}
