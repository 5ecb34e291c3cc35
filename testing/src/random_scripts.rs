//! The test `random`: proptest draws scripts, and shrinks one that fails.

use std::cell::{Cell, RefCell};

use iamspec_conformance::generate::strategies::{NameCounts, scripts};
use iamspec_conformance::oracle::Divergence;
use iamspec_conformance::results::known_failures::KnownFailures;
use iamspec_conformance::results::{Threshold, minimal_findings};
use iamspec_conformance::script::Step;
use iamspec_conformance::{Report, Script};
use iamspec_model::Operation;
use libtest_mimic::{Completion, Failed};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

use crate::verdict::verdict;

/// The name of the test, and of its scripts.
pub(crate) const RANDOM: &str = "random";

/// The maximum number of operations of a script.
const LENGTH: usize = 100;

/// The maximum number of attempts to shrink a script.
const SHRINK_ATTEMPTS: u32 = 500;

/// The maximum duration of these attempts, in milliseconds.
const SHRINK_DURATION: u32 = 60_000;

/// The seed, unless `PROPTEST_RNG_SEED` sets another: every run draws the same scripts.
const SEED: u64 = 1;

/// The result of random scripts.
pub(crate) enum RandomResult {
    /// No response diverges.
    Conforms,
    /// No response diverges, but the endpoint implements all actions of no script. The reason names those
    /// that are missing in one of them.
    NotTested(String),
    /// The shortest script found that fails.
    Fails(Script),
}

/// Runs this many random scripts, or as many as `PROPTEST_CASES` says, until one fails.
///
/// # Errors
/// proptest gives up.
pub(crate) fn run_random(
    count: u32,
    known: &KnownFailures,
    threshold: Threshold,
    run: &mut dyn FnMut(Script) -> Report,
) -> Result<RandomResult, Failed> {
    // proptest calls a shared function.
    let (run, found) = (RefCell::new(run), RefCell::new(None));
    let (is_tested, ignored) = (Cell::new(false), RefCell::new(None));
    let drawn = scripts(NameCounts::default(), 1..=LENGTH);
    let end = TestRunner::new(config(count)).run(&drawn, |operations| {
        let report = (run.borrow_mut())(script(&operations));
        match result_of(&report, known, threshold, &mut found.borrow_mut()) {
            Ok(Completion::Completed) => is_tested.set(true),
            Ok(Completion::Ignored { reason }) => *ignored.borrow_mut() = reason,
            Err(text) => return Err(TestCaseError::fail(text)),
        }
        Ok(())
    });
    match end {
        Ok(()) if is_tested.get() => Ok(RandomResult::Conforms),
        Ok(()) => Ok(RandomResult::NotTested(ignored.take().unwrap_or_default())),
        Err(TestError::Fail(_, operations)) => Ok(RandomResult::Fails(script(&operations))),
        Err(TestError::Abort(why)) => Err(Failed::from(format!("proptest gave up: {why}"))),
    }
}

fn config(count: u32) -> Config {
    let environment = Config::default();
    let is_set = std::env::var_os("PROPTEST_CASES").is_some();
    Config {
        cases: if is_set { environment.cases } else { count },
        rng_seed: match environment.rng_seed {
            RngSeed::Random => RngSeed::Fixed(SEED),
            fixed @ RngSeed::Fixed(_) => fixed,
        },
        // A failure is saved as a script.
        failure_persistence: None,
        max_shrink_iters: SHRINK_ATTEMPTS,
        max_shrink_time: SHRINK_DURATION,
        ..environment
    }
}

fn script(operations: &[Operation]) -> Script {
    Script {
        name: RANDOM.to_owned(),
        idea: "Random operations.".to_owned(),
        steps: operations.iter().copied().map(Step::from).collect(),
    }
}

/// The result of one script. Once a script has failed with a finding, only the same finding counts, so
/// that no shorter script shows another one.
fn result_of(
    report: &Report,
    known: &KnownFailures,
    threshold: Threshold,
    found: &mut Option<Divergence>,
) -> Result<Completion, String> {
    let findings = minimal_findings(&report.script_runs, &report.minimal_runs, known);
    let mut unexpected = findings
        .into_iter()
        .filter(|it| threshold.includes(&it.divergence) && it.known_failure.is_none())
        .map(|it| it.divergence);
    if let Some(found) = found {
        return match unexpected.find(|it| it.is_like(found)) {
            Some(again) => Err(again.rule_id()),
            None => Ok(Completion::Completed),
        };
    }
    *found = unexpected.next();
    verdict(report, (known, threshold), "")
        .map_err(|failed| failed.message().unwrap_or_default().to_owned())
}
