//! Runs a suite of scripts and generators against one endpoint.
//!
//! [`Suite`] describes a run, and [`Report`] is its result. The run starts with the scripts about
//! the deletion of users, detects actions that the endpoint does not implement, and deletes
//! everything that it creates. `run` has the loop, `session` runs one script or generator, and
//! `parallel` runs several. The runner does not interpret results: see [`crate::results`].

mod capabilities;
pub mod cleanup;
mod control;
pub mod observe;
mod parallel;
pub mod record;
mod repeatable;
mod repetition;
pub mod retry;
mod run;
mod session;
pub mod shard;

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

use crate::endpoint::{Counting, Endpoint};
use crate::generate::GeneratedSuite;
use crate::response::Failure;
use crate::results::history::{Origin, ScriptRun};
use crate::results::shrink::{Minimization, Shortened};
use crate::runner::cleanup::NotDeleted;
use crate::runner::observe::ObserveMode;
use crate::runner::parallel::run_units;
use crate::runner::run::{Run, SINGLE_BLOCKER_SCRIPTS, Unit};
use crate::runner::shard::Shard;
use crate::script::Script;

/// Scripts and generated suites, in the order in which they run.
#[derive(Clone, Debug)]
pub struct Suite {
    scripts: Vec<Script>,
    generated: Vec<GeneratedSuite>,
    options: RunOptions,
    jobs: usize,
    budget: Option<Budget>,
    minimization: Minimization,
}

/// The limit of a run, without the operations that shorten findings and without cleanup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// A number of requests.
    Requests(usize),
    /// A duration.
    Time(Duration),
}

/// Options of a run.
#[derive(Clone, Copy, Debug, Default)]
struct RunOptions {
    observe: ObserveMode,
    /// A generator ends if it reaches no new rule for a while.
    until_coverage: bool,
    /// How long the endpoint may take to converge.
    convergence_timeout: Duration,
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every selected script and generator, in the order in which they ran.
    pub script_runs: Vec<ScriptRun>,
    /// The minimal scripts of the findings of written scripts, under the names of these scripts.
    /// They are not part of the suite and do not count.
    pub minimal_runs: Vec<ScriptRun>,
    /// What cleanup could not delete, and whether a response in the same script diverged, which may
    /// explain it.
    pub not_deleted: Vec<(NotDeleted, bool)>,
    /// The number of requests, including cleanup.
    pub requests: usize,
    /// Why the run ended early, if it did.
    pub end_reason: Option<EndReason>,
    /// The result of shortening the scripts of findings.
    pub shortened: Shortened,
}

/// Why a run ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The caller stopped the run.
    Stopped,
    /// The request budget is used up.
    BudgetUsedUp,
    /// The renewed credentials belong to this account, which is not the one of the run.
    OtherAccount(String),
    /// The endpoint never sent a response that could be understood.
    NeverResponded(Failure),
    /// The endpoint stopped responding.
    StoppedResponding(Failure),
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped before the end"),
            Self::BudgetUsedUp => f.write_str("the budget was used up"),
            Self::OtherAccount(account) => write!(
                f,
                "the renewed credentials belong to account {account}, not to the account of this run"
            ),
            Self::NeverResponded(failure) | Self::StoppedResponding(failure) => failure.fmt(f),
        }
    }
}

/// The number of random calls up to which [`Suite::size`] counts them.
const COUNTED_CALLS_MAX: usize = 100_000;

/// The number of calls and requests of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuiteSize {
    /// The calls that are compared with the specification.
    pub calls: usize,
    /// The calls, and the requests of cleanup.
    pub requests: usize,
    /// The calls with which the suite ends on any endpoint.
    pub max_calls: usize,
}

impl Suite {
    /// Creates a suite. The scripts of `DeleteUser` run first, short scripts before long ones, so
    /// that the most important findings appear early.
    #[must_use]
    pub fn new(mut scripts: Vec<Script>) -> Self {
        scripts.sort_by_key(|script| {
            let single_blocker = script.name.starts_with(SINGLE_BLOCKER_SCRIPTS);
            let of_delete_user = script.name.starts_with("delete-user/");
            let is_short = single_blocker && script.steps.len() <= 3;
            (!single_blocker, !of_delete_user, !is_short, script.name.clone())
        });
        Self {
            scripts,
            generated: Vec::new(),
            options: RunOptions::default(),
            jobs: 1,
            budget: None,
            minimization: Minimization::default(),
        }
    }

    /// Sets the limit of the run.
    #[must_use]
    pub fn with_budget(self, budget: Option<Budget>) -> Self {
        Self { budget, ..self }
    }

    /// Sets which findings get a shorter script at the end of the run.
    #[must_use]
    pub fn with_minimization(self, minimization: Minimization) -> Self {
        Self { minimization, ..self }
    }

    /// Sets the generated suites, which run after the scripts.
    #[must_use]
    pub fn with_generated(self, generated: Vec<GeneratedSuite>) -> Self {
        Self { generated, ..self }
    }

    /// Sets when the run reads what operations have changed.
    #[must_use]
    pub fn with_observe_mode(mut self, observe: ObserveMode) -> Self {
        self.options.observe = observe;
        self
    }

    /// Lets a generated suite end if it reaches no new rule for a while.
    #[must_use]
    pub fn until_coverage(mut self, until_coverage: bool) -> Self {
        self.options.until_coverage = until_coverage;
        self
    }

    /// Sets how long the endpoint may take to converge: stale reads and unexpected refusals are
    /// retried for this long.
    #[must_use]
    pub fn with_convergence_timeout(mut self, timeout: Duration) -> Self {
        self.options.convergence_timeout = timeout;
        self
    }

    /// Sets the number of scripts and generators that run in parallel. Results do not depend on it,
    /// unless the endpoint itself does.
    #[must_use]
    pub fn with_jobs(self, jobs: usize) -> Self {
        Self { jobs, ..self }
    }

    /// Keeps the scripts and generated suites of one shard.
    #[must_use]
    pub fn shard(mut self, shard: Shard) -> Self {
        self.scripts.retain(|script| shard.contains(&script.name));
        let mut generated = Vec::new();
        for suite in &self.generated {
            for (index, portion) in suite.batches().enumerate() {
                if shard.contains(&format!("{}/{index}", suite.name())) {
                    generated.push(portion);
                }
            }
        }
        self.generated = generated;
        self
    }

    /// Returns the generated suites, in the order in which they run.
    #[must_use]
    pub fn generated(&self) -> &[GeneratedSuite] {
        &self.generated
    }

    /// Returns the scripts, in the order in which they run.
    #[must_use]
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    /// The size of the suite on a conforming endpoint.
    #[must_use]
    pub fn size(&self, endpoint: &mut dyn Endpoint) -> SuiteSize {
        let is_long = |it: &GeneratedSuite| matches!(it, GeneratedSuite::Random { calls, .. } if *calls > COUNTED_CALLS_MAX);
        let (long, counted): (Vec<_>, Vec<_>) = self.generated.iter().partition(|it| is_long(it));
        let suite = Self { generated: counted, ..self.clone() };
        let report = suite.run(endpoint, &mut |_| (), &|| false);
        let calls: usize = report.script_runs.iter().map(|it| it.exchanges.len()).sum();
        // A run of this length would take long and fill the memory. It makes at most these calls.
        let uncounted = long.iter().map(|it| it.max_operations()).fold(0, usize::saturating_add);
        let written = report.script_runs.iter().filter(|it| it.origin == Origin::Written);
        let written: usize = written.map(|it| it.exchanges.len()).sum();
        let most = self.generated.iter().map(|it| it.max_operations());
        let calls = calls.saturating_add(uncounted);
        SuiteSize {
            calls,
            requests: report.requests.saturating_add(uncounted),
            max_calls: most.fold(written, usize::saturating_add).max(calls),
        }
    }

    /// Runs the suite. Calls `on_progress` with the number of requests so far after each operation.
    /// Checks `is_stopped` before each operation; if it returns true, the run ends with cleanup.
    pub fn run(
        &self,
        endpoint: &mut dyn Endpoint,
        on_progress: &mut dyn FnMut(usize),
        is_stopped: &dyn Fn() -> bool,
    ) -> Report {
        self.run_observed(endpoint, on_progress, &|_| (), is_stopped)
    }

    /// The same as [`Self::run`]. Also calls `on_script` with each script after it ran.
    pub fn run_observed(
        &self,
        endpoint: &mut dyn Endpoint,
        on_progress: &mut dyn FnMut(usize),
        on_script: &dyn Fn(&ScriptRun),
        is_stopped: &dyn Fn() -> bool,
    ) -> Report {
        let (sent, started) = (Cell::new(0), Instant::now());
        let mut on_progress = |requests| {
            sent.set(requests);
            on_progress(requests);
        };
        let should_stop = || {
            is_stopped()
                || self.budget.is_some_and(|budget| match budget {
                    Budget::Requests(most) => sent.get() >= most,
                    Budget::Time(most) => started.elapsed() >= most,
                })
        };
        let endpoint = Counting { inner: endpoint, requests: 0, on_progress: &mut on_progress };
        let mut run = Run::new(endpoint, self.options, &should_stop, on_script);
        // Generators run last: they leave out the actions that scripts have found to be missing.
        let scripts: Vec<Unit<'_>> = self.scripts.iter().map(Unit::Script).collect();
        run_units(&mut run, &scripts, self.jobs);
        let portions = self.generated.iter().flat_map(|it| it.batches());
        run_units(&mut run, &portions.map(Unit::Generated).collect::<Vec<_>>(), self.jobs);
        run.finish(&self.minimization, is_stopped)
    }
}
