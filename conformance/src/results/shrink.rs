//! Shrinking: removes operations from a diverging history while the divergence remains.
//!
//! Each candidate runs against the endpoint itself. Hand-written instead of proptest, whose
//! shrinking assumes a local, deterministic test function; a comparison with proptest is planned.

use crate::results::Finding;
use crate::results::history::{Exchange, ScriptRun};
use crate::script::rebuild::rebuild;
use crate::script::{Script, Step};

/// Runs a script in a new namespace. Returns `None` if that is not possible.
pub type Play<'a> = &'a mut dyn FnMut(&Script) -> Option<ScriptRun>;

/// Whether a call of this run breaks the finding's rule in the same tier and at the same level.
#[must_use]
pub fn shows(replay: &ScriptRun, finding: &Finding) -> bool {
    let mut divergences = replay.exchanges.iter().flat_map(Exchange::divergences);
    divergences.any(|it| it.is_like(&finding.divergence))
}

/// Returns the run of the shortest script found that reproduces the finding.
///
/// It starts from a script that rebuilds the account of the finding, or, if that does not reproduce
/// it, from the history itself. It then removes ever smaller blocks of steps as long as the finding
/// is reproduced. Returns `None` if neither start reproduces it.
///
/// All attempts together send at most `max_operations` operations.
pub fn shrink(finding: &Finding, max_operations: usize, play: Play<'_>) -> Option<ScriptRun> {
    let mut budget = max_operations;
    let mut reproduce = |steps: Vec<Step>| {
        budget = budget.checked_sub(steps.len())?;
        let script = Script { steps, ..finding.history.clone() };
        play(&script).filter(|replay| shows(replay, finding))
    };
    let diverging = finding.history.steps.last()?.operation;
    let rebuilt = rebuild(&finding.before).into_iter().chain([diverging]);
    let rebuilt = rebuilt.map(|operation| Step { operation, response: None }).collect();
    let history = || finding.history.steps.iter().map(|it| Step { response: None, ..it.clone() });
    let mut best = reproduce(rebuilt).or_else(|| reproduce(history().collect()))?;
    let mut block = best.script.steps.len() / 2;
    while block > 0 {
        let mut from = 0;
        while from < best.script.steps.len() {
            let steps = best.script.steps.iter().enumerate();
            let remaining = steps.filter(|(index, _)| !(from..from + block).contains(index));
            let remaining: Vec<Step> = remaining.map(|(_, step)| step.clone()).collect();
            match Some(remaining).filter(|it| !it.is_empty()).and_then(&mut reproduce) {
                Some(shorter) => best = shorter,
                None => from += block,
            }
        }
        block /= 2;
    }
    Some(best)
}
