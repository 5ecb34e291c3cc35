//! From a history that shows a divergence to a script of which no call can be dropped, tried on the
//! endpoint itself.

use crate::oracle::Verdict;
use crate::results::Finding;
use crate::results::history::ScriptRun;
use crate::script::rebuild::rebuild;
use crate::script::{Script, Step};

/// Plays a script in a name space of its own, if it can.
pub type Play<'a> = &'a mut dyn FnMut(&Script) -> Option<ScriptRun>;

/// Whether a call that is judged here breaks the rule of the finding in the same tier at the same level.
#[must_use]
pub fn shows(replay: &ScriptRun, finding: &Finding) -> bool {
    let same = |verdict: &Verdict| matches!(verdict, Verdict::Diverges(it) if it.is_like(&finding.divergence));
    replay.exchanges.iter().any(|it| same(&it.verdict))
}

/// The shortest script to be had that shows the finding, as it was played: first one that makes the
/// account in which it was seen out of nothing, then the history itself; of either calls are dropped for
/// as long as it shows. None where neither shows it again.
///
/// At most so many calls are asked.
pub fn shrink(finding: &Finding, calls: usize, play: Play<'_>) -> Option<ScriptRun> {
    let mut left = calls;
    let mut shown = |steps: Vec<Step>| {
        let cost = steps.len();
        let script = Script { steps, ..finding.history.clone() };
        left = left.checked_sub(cost)?;
        play(&script).filter(|replay| shows(replay, finding))
    };
    let asked = finding.history.steps.last()?.operation;
    let state = rebuild(&finding.before).into_iter().chain([asked]);
    let state = state.map(|operation| Step { operation, answer: None }).collect();
    let history = || finding.history.steps.iter().map(|it| Step { answer: None, ..it.clone() });
    let mut best = shown(state).or_else(|| shown(history().collect()))?;
    let mut size = best.script.steps.len() / 2;
    while size > 0 {
        let mut from = 0;
        while from < best.script.steps.len() {
            let steps = best.script.steps.iter().enumerate();
            let kept = steps.filter(|(place, _)| !(from..from + size).contains(place));
            let kept: Vec<Step> = kept.map(|(_, step)| step.clone()).collect();
            match Some(kept).filter(|it| !it.is_empty()).and_then(&mut shown) {
                Some(shorter) => best = shorter,
                None => from += size,
            }
        }
        size /= 2;
    }
    Some(best)
}
