//! Shrinking: removes operations from a diverging history while the divergence remains.
//!
//! Each candidate runs against the endpoint itself. Hand-written instead of proptest, which tries
//! only once to leave out each operation, and which shrinks only scripts that it has drawn itself.
//! `tests/reports/generators.md` compares both.

use crate::results::history::{Exchange, ScriptRun};
use crate::results::known_failures::KnownFailures;
use crate::results::{Finding, Threshold};
use crate::script::rebuild::rebuild;
use crate::script::unusual::{unusual_words, with_ordinary};
use crate::script::{Script, Step};

/// Runs a script in a new namespace. Returns `None` if that is not possible.
pub type Play<'a> = &'a mut dyn FnMut(&Script) -> Option<ScriptRun>;

/// Which findings of written scripts get a shorter script, and how many operations that may take.
/// Those of generators always get one.
#[derive(Clone, Debug)]
pub struct Minimization {
    /// The divergences that count.
    pub threshold: Threshold,
    /// Known failures are not shortened.
    pub known_failures: KnownFailures,
    /// The maximum number of operations for all findings of written scripts together.
    pub max_operations: usize,
    /// Whether findings of written scripts are shortened at all.
    pub of_scripts: bool,
}

impl Default for Minimization {
    fn default() -> Self {
        Self {
            threshold: Threshold::default(),
            known_failures: KnownFailures::default(),
            max_operations: Self::OPERATIONS_MAX,
            of_scripts: false,
        }
    }
}

impl Minimization {
    /// The maximum number of operations unless the caller sets another.
    pub const OPERATIONS_MAX: usize = 10_000;

    /// Whether a finding of a written script gets a shorter script.
    #[must_use]
    pub fn includes(&self, finding: &Finding) -> bool {
        self.of_scripts
            && self.threshold.includes(&finding.divergence)
            && finding.known_failure.is_none()
    }
}

/// The result of shortening the scripts of all findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shortened {
    /// The number of scripts that became shorter.
    pub scripts: usize,
    /// The number of operations of the attempts.
    pub operations: usize,
    /// The maximum number of operations. 0 if nothing was tried.
    pub max_operations: usize,
    /// The number of findings that were left as they are because the operations were used up, or
    /// because the run ended early.
    pub left_as_they_are: usize,
}

/// Whether a call of this run breaks the finding's rule in the same tier and at the same level.
#[must_use]
pub fn shows(replay: &ScriptRun, finding: &Finding) -> bool {
    shown_by(replay, finding).is_some()
}

/// The index of the first call of this run that breaks the finding's rule in the same tier and at
/// the same level.
#[must_use]
pub fn shown_by(replay: &ScriptRun, finding: &Finding) -> Option<usize> {
    let shows = |it: &Exchange| it.divergences().any(|it| it.is_like(&finding.divergence));
    replay.exchanges.iter().position(shows)
}

/// Returns the run of the shortest script found that reproduces the finding.
///
/// It starts from a script that rebuilds the account of the finding, or, if that does not reproduce
/// it, from the history itself, and first from each with ordinary names in place of unusual ones. It then
/// removes ever smaller blocks of steps as long as the finding is reproduced, and replaces each unusual name
/// that is left. Returns `None` if no start reproduces the finding.
///
/// All attempts together have at most `budget` operations; it is reduced by theirs.
pub fn shrink(finding: &Finding, budget: &mut usize, play: Play<'_>) -> Option<ScriptRun> {
    let mut reproduce = |steps: Vec<Step>| {
        *budget = budget.checked_sub(steps.len())?;
        let script = Script { steps, ..finding.history.clone() };
        play(&script).filter(|replay| shows(replay, finding))
    };
    let diverging = finding.history.steps.last()?.operation;
    let rebuilt = rebuild(&finding.before).into_iter().chain([diverging]);
    let rebuilt: Vec<Step> = rebuilt.map(Step::from).collect();
    let history = finding.history.steps.iter().map(|it| Step { response: None, ..it.clone() });
    let best = [rebuilt, history.collect()].into_iter().find_map(|steps| {
        let unusual = unusual_words(&steps);
        let ordinary = with_ordinary(&steps, &unusual).filter(|_| !unusual.is_empty());
        ordinary.and_then(&mut reproduce).or_else(|| reproduce(steps))
    })?;
    let mut best = shortest(best, |it| &it.script.steps, &mut reproduce);
    for word in unusual_words(&best.script.steps) {
        let ordinary = with_ordinary(&best.script.steps, &[word].into());
        best = ordinary.and_then(&mut reproduce).unwrap_or(best);
    }
    Some(best)
}

/// Removes ever smaller blocks of steps, as long as `reproduce` finds the same result without them.
/// In the end, no single step can be removed.
pub(crate) fn shortest<T>(
    mut best: T,
    steps: fn(&T) -> &[Step],
    reproduce: &mut dyn FnMut(Vec<Step>) -> Option<T>,
) -> T {
    let mut block = (steps(&best).len() / 2).max(1);
    loop {
        let length_before = steps(&best).len();
        let mut from = 0;
        while from < steps(&best).len() {
            let all = steps(&best).iter().enumerate();
            let remaining = all.filter(|(index, _)| !(from..from + block).contains(index));
            let remaining: Vec<Step> = remaining.map(|(_, step)| step.clone()).collect();
            match Some(remaining).filter(|it| !it.is_empty()).and_then(&mut *reproduce) {
                Some(shorter) => best = shorter,
                None => from += block,
            }
        }
        if block > 1 {
            block /= 2;
        } else if steps(&best).len() == length_before {
            return best;
        }
    }
}
