//! The loop of a run: runs units one after the other, each in a namespace of its own.
//!
//! After each unit it looks for missing capabilities, checks whether the endpoint still responds, and
//! deletes resources if too many are left. At the end it confirms missing capabilities and repeatable
//! failures, and shortens the scripts of findings.

use std::collections::BTreeSet;

use iamspec_model::{Operation, Rule};

use crate::endpoint::{Counting, Endpoint, Namespace};
use crate::generate::kind_set::USER;
use crate::generate::{GeneratedSuite, Generator};
use crate::oracle::{Tier, Verdict};
use crate::response::{FailureKind, Response};
use crate::results::history::{Exchange, Origin, ScriptRun, skipped};
use crate::results::shrink::{Minimization, Shortened, shown_by, shrink};
use crate::results::{decisive_rules, findings_with};
use crate::runner::capabilities::MissingCapability;
use crate::runner::cleanup::{CleanupPlan, NotDeleted};
use crate::runner::control::Control;
use crate::runner::observe::ObserveMode;
use crate::runner::repeatable::Timeouts;
use crate::runner::retry::RetryPolicy;
use crate::runner::session::{SessionOptions, run_generator, run_script};
use crate::runner::{EndReason, Report, RunOptions};
use crate::script::Script;

/// The prefix of the scripts for the main question of the project: one attachment alone blocks
/// `DeleteUser`.
pub(super) const SINGLE_BLOCKER_SCRIPTS: &str = "delete-user/alone/";

/// The number of resources left from which the run cleans up before it continues.
const PENDING_CLEANUP_MAX: usize = 100;

/// The number of namespaces in a row without progress after which a generator is abandoned.
const NAMESPACES_WITHOUT_PROGRESS_MAX: usize = 5;

/// The number of namespaces in a row without a new rule after which a generator is exhausted.
const NAMESPACES_WITHOUT_NEW_RULE_MAX: usize = 20;

/// The maximum number of operations for repeating failures.
const REPEATED_OPERATIONS_MAX: usize = 5000;

/// The maximum number of operations for shortening one finding of a generator.
const SHRINK_GENERATED_MAX: usize = 2000;

/// The maximum number of operations for shortening one finding of a script, which is short already.
const SHRINK_WRITTEN_MAX: usize = 100;

/// A script or a generated suite. Units are independent of each other.
#[derive(Clone, Copy)]
pub(super) enum Unit<'a> {
    Script(&'a Script),
    Generated(GeneratedSuite),
}

/// Resources that a unit has created and not deleted.
pub(super) struct PendingCleanup {
    namespace: Namespace,
    plan: CleanupPlan,
    /// A response in the unit diverged.
    diverged: bool,
}

/// The results of the units that have run.
#[derive(Default)]
pub(super) struct Results {
    pub(super) script_runs: Vec<ScriptRun>,
    pub(super) minimal_runs: Vec<ScriptRun>,
    /// Suspected during the run, confirmed at its end.
    pub(super) missing: Vec<MissingCapability>,
    /// The actions that hang and have never responded. They are left out.
    pub(super) hanging: Vec<&'static str>,
    /// The indexes of the script runs that left out an action.
    pub(super) deferred: Vec<usize>,
    pub(super) pending_cleanup: Vec<PendingCleanup>,
    pub(super) not_deleted: Vec<(NotDeleted, bool)>,
}

/// A run in progress.
pub(super) struct Run<'a> {
    pub(super) endpoint: Counting<'a>,
    pub(super) options: RunOptions,
    pub(super) should_stop: &'a dyn Fn() -> bool,
    /// Receives each script after it ran.
    on_script: &'a dyn Fn(&ScriptRun),
    pub(super) results: Results,
    /// The endpoint has sent a response that could be understood.
    pub(super) has_responded: bool,
    pub(super) end_reason: Option<EndReason>,
    /// The number of operations in a row without a response.
    unresponsive_count: usize,
    /// The actions of these operations.
    unresponsive_actions: BTreeSet<&'static str>,
    /// The control calls that have got a response.
    pub(super) working_controls: Vec<Control>,
    /// The runs that have confirmed or refuted that a capability is missing.
    pub(super) confirmation_runs: Vec<ScriptRun>,
    /// The calls that got no response in time, and what their repetitions have shown.
    pub(super) timeouts: Timeouts,
    /// Whether resources are deleted only at the end, because an action hangs.
    pub(super) cleanup_waits: bool,
    /// The number of operations that may still be sent to repeat failures.
    pub(super) repetitions_left: usize,
}

/// Runs a script or generator in the current namespace, and records what it creates.
type RunInNamespace<'a> =
    &'a mut dyn FnMut(&mut dyn Endpoint, &mut CleanupPlan, SessionOptions<'_>) -> ScriptRun;

impl<'a> Run<'a> {
    pub(super) fn new(
        endpoint: Counting<'a>,
        options: RunOptions,
        should_stop: &'a dyn Fn() -> bool,
        on_script: &'a dyn Fn(&ScriptRun),
    ) -> Self {
        Self {
            endpoint,
            options,
            should_stop,
            on_script,
            results: Results::default(),
            has_responded: false,
            end_reason: None,
            unresponsive_count: 0,
            unresponsive_actions: BTreeSet::new(),
            working_controls: Vec::new(),
            confirmation_runs: Vec::new(),
            timeouts: Timeouts::default(),
            cleanup_waits: false,
            repetitions_left: REPEATED_OPERATIONS_MAX,
        }
    }

    /// Adds the results of a script that ran.
    pub(super) fn add(&mut self, script_run: ScriptRun) {
        (self.on_script)(&script_run);
        self.results.script_runs.push(script_run);
    }

    pub(super) fn run_unit(&mut self, unit: Unit<'_>) {
        match unit {
            Unit::Script(script) => self.run_script(script),
            Unit::Generated(suite) => {
                self.run_generator(suite.generator().as_mut(), suite.max_operations());
            }
        }
    }

    /// Confirms the missing capabilities, shortens findings, cleans up, and returns the report.
    /// `is_stopped` returns true if the caller has stopped the run. The budget does not limit what follows.
    pub(super) fn finish(
        mut self,
        minimization: &Minimization,
        is_stopped: &'a dyn Fn() -> bool,
    ) -> Report {
        self.end_if_stopped();
        self.confirm_missing_capabilities();
        self.run_deferred_scripts();
        self.confirm_repeatable_failures();
        self.run_deferred_scripts();
        self.end_if_stopped();
        if self.end_reason == Some(EndReason::Stopped) && !is_stopped() {
            self.end_reason = Some(EndReason::BudgetUsedUp);
        }
        self.should_stop = is_stopped;
        let shortened = self.shrink_findings(minimization);
        self.end_if_stopped();
        self.clean_up();
        Report {
            script_runs: self.results.script_runs,
            minimal_runs: self.results.minimal_runs,
            not_deleted: self.results.not_deleted,
            requests: self.endpoint.requests,
            end_reason: self.end_reason,
            shortened,
        }
    }

    /// Ends the run if the caller has stopped it.
    pub(super) fn end_if_stopped(&mut self) {
        if self.end_reason.is_none() && (self.should_stop)() {
            self.end_reason = Some(EndReason::Stopped);
        }
    }

    /// Runs a script, or skips it if the run has ended. The lines that need a missing capability are
    /// skipped. If it turns out not to be missing, the script runs again.
    fn run_script(&mut self, script: &Script) {
        self.end_if_stopped();
        let end_reason = self.end_reason.as_ref().map(ToString::to_string);
        let script_run = if let Some(reason) = end_reason {
            ScriptRun {
                script: script.clone(),
                exchanges: script.operations().map(|it| skipped(it, &reason)).collect(),
                origin: Origin::Written,
            }
        } else {
            if self.leaves_out(script) {
                self.results.deferred.push(self.results.script_runs.len());
            }
            let script_run = self.script_in_namespace(script);
            self.suspect(&script_run);
            script_run
        };
        self.add(script_run);
    }

    /// Adds the capabilities that seem to be missing. One that has worked before is not missing.
    fn suspect(&mut self, script_run: &ScriptRun) {
        for suspected in MissingCapability::suspected_in(script_run) {
            let is_known = self.results.missing.iter().any(|it| it.action == suspected.action);
            let has_worked = suspected.has_worked(&self.results.script_runs)
                || suspected.has_worked(std::slice::from_ref(script_run));
            if !is_known && !has_worked {
                self.results.missing.push(suspected);
            }
        }
    }

    /// Whether the script calls an action that is missing or hangs.
    fn leaves_out(&self, script: &Script) -> bool {
        let missing = self.results.missing.iter().map(|it| it.action);
        let mut left_out = missing.chain(self.results.hanging.iter().copied());
        left_out
            .any(|api| script.operations().any(|op| op.action().is_some_and(|it| it.api == api)))
    }

    /// Runs a generator to its end, in as many namespaces as it needs.
    fn run_generator(&mut self, generator: &mut dyn Generator, operations_max: usize) {
        let (mut without_progress, mut operations_left) = (0, operations_max);
        let mut reached: Vec<Rule> = Vec::new();
        let mut without_new_rule = 0;
        while generator.remaining() > 0
            && without_progress < NAMESPACES_WITHOUT_PROGRESS_MAX
            && operations_left > 0
        {
            self.end_if_stopped();
            let is_exhausted =
                self.options.until_coverage && without_new_rule >= NAMESPACES_WITHOUT_NEW_RULE_MAX;
            if self.end_reason.is_some() || is_exhausted {
                return;
            }
            let remaining_before = generator.remaining();
            let mut operations = 0;
            let script_run = self.run_in_namespace(&mut |endpoint, plan, options| {
                let (script_run, sent) =
                    run_generator(generator, operations_left, endpoint, plan, options);
                operations = sent;
                script_run
            });
            operations_left = operations_left.saturating_sub(operations.max(1));
            let has_progress = generator.remaining() < remaining_before;
            without_progress = if has_progress { 0 } else { without_progress + 1 };
            let reached_before = reached.len();
            for rule in decisive_rules(std::slice::from_ref(&script_run)) {
                if !reached.contains(&rule) {
                    reached.push(rule);
                }
            }
            let has_new_rule = reached.len() > reached_before;
            without_new_rule = if has_new_rule { 0 } else { without_new_rule + 1 };
            self.suspect(&script_run);
            if !script_run.exchanges.is_empty() {
                self.add(script_run);
            }
        }
        self.report_omissions(generator);
    }

    /// Adds a skipped exchange that says what a generator has left out, if anything.
    fn report_omissions(&mut self, generator: &dyn Generator) {
        let name = generator.name();
        let missing = self.results.missing.iter().map(|it| it.action);
        let missing: BTreeSet<&str> = missing.chain(self.results.hanging.iter().copied()).collect();
        let missing = missing.into_iter().collect::<Vec<_>>().join(", ");
        let mut reasons: Vec<String> = Vec::new();
        reasons.extend(generator.omission());
        if !missing.is_empty() {
            reasons.push(format!("{name} skips operations that need {missing}"));
        }
        if reasons.is_empty() {
            return;
        }
        let mut script_runs = self.results.script_runs.iter_mut();
        if let Some(script_run) = script_runs.rfind(|it| it.script.name == name) {
            let reason = reasons.join("; ");
            script_run.exchanges.push(skipped(Operation::DeleteUser(USER), &reason));
        }
    }

    /// Runs the script of each suspected capability again, and marks those that fail again. A
    /// capability that has worked during the run is not missing.
    fn confirm_missing_capabilities(&mut self) {
        for suspected in std::mem::take(&mut self.results.missing) {
            let script_runs = &self.results.script_runs;
            if self.end_reason.is_some()
                || suspected.has_worked(script_runs)
                || suspected.may_be_damage(script_runs)
            {
                continue;
            }
            if suspected.is_definite() {
                self.results.missing.push(suspected);
                continue;
            }
            let is_confirmed = (0..suspected.confirmations()).all(|number| {
                let control = self.run_in_namespace(&mut |endpoint, plan, options| {
                    // A fault that comes periodically hits another request each time.
                    for _ in 0..number {
                        _ = endpoint.execute(&Operation::GetUser(USER));
                    }
                    let options = SessionOptions { observe: ObserveMode::Off, ..options };
                    run_script(suspected.script(), endpoint, plan, options)
                });
                let is_reproduced = suspected.is_reproduced_by(&control, self.has_responded);
                self.confirmation_runs.push(control);
                is_reproduced
            });
            if is_confirmed && !self.works_in_another_form(&suspected) {
                suspected.mark(&mut self.results.script_runs);
                self.results.missing.push(suspected);
            }
        }
    }

    /// Whether the endpoint answers a control call. Only reads are sent, because nothing is known about
    /// the endpoint.
    pub(super) fn answers_control_call(&mut self) -> bool {
        self.endpoint.enter_new_namespace();
        Control::READS.iter().any(|it| {
            let response = self.endpoint.execute(&it.call(0));
            !matches!(response, Response::Failed(_))
        })
    }

    /// Whether a form of the action that is not in the suspicious script gets a response.
    fn works_in_another_form(&mut self, suspected: &MissingCapability) -> bool {
        suspected.other_forms().iter().any(|script| {
            let control = self.run_alone(script);
            suspected.has_worked(&[control])
        })
    }

    /// Runs a script in a new namespace without additional reads.
    pub(super) fn run_alone(&mut self, script: &Script) -> ScriptRun {
        self.run_in_namespace(&mut |endpoint, plan, options| {
            let options = SessionOptions { observe: ObserveMode::Off, ..options };
            run_script(script, endpoint, plan, options)
        })
    }

    /// Runs the deferred scripts whose actions are not left out after all.
    fn run_deferred_scripts(&mut self) {
        for index in std::mem::take(&mut self.results.deferred) {
            let script_run = self.results.script_runs.get(index);
            let Some(script) = script_run.map(|it| it.script.clone()) else { continue };
            if self.leaves_out(&script) {
                self.results.deferred.push(index);
            } else if self.end_reason.is_none() && !(self.should_stop)() {
                let script_run = self.script_in_namespace(&script);
                self.results.script_runs.splice(index..=index, [script_run]);
            }
        }
    }

    /// Adds a minimal script for each finding, if it is shorter than the one that has shown it.
    fn shrink_findings(&mut self, minimization: &Minimization) -> Shortened {
        // Additional reads would take the place of the calls that an attempt leaves out.
        self.options.observe = ObserveMode::Off;
        let mut shortened = Shortened::default();
        let known_failures = &minimization.known_failures;
        let mut found = findings_with(&self.results.script_runs, known_failures);
        found.retain(|it| it.origin == Origin::Generated || minimization.includes(it));
        for finding in found {
            self.end_if_stopped();
            let is_generated = finding.origin == Origin::Generated;
            let left = minimization.max_operations.saturating_sub(shortened.operations);
            let most =
                if is_generated { SHRINK_GENERATED_MAX } else { SHRINK_WRITTEN_MAX.min(left) };
            if !self.can_shrink() || most == 0 {
                shortened.left_as_they_are += 1;
                continue;
            }
            let mut budget = most;
            let shrunk = shrink(&finding, &mut budget, &mut |script| {
                self.can_shrink().then(|| self.script_in_namespace(script))
            });
            let operations = most - budget;
            if is_generated {
                let name = format!("{}/{}", finding.history.name, finding.rule_id());
                self.results.script_runs.extend(shrunk.map(|it| it.into_shrunk(name)));
                continue;
            }
            shortened.operations += operations;
            shortened.max_operations = minimization.max_operations;
            if let Some(shrunk) = shrunk
                && shown_by(&shrunk, &finding)
                    .is_some_and(|it| it + 1 < finding.history.steps.len())
            {
                self.results.minimal_runs.push(shrunk);
                shortened.scripts += 1;
            }
        }
        shortened
    }

    /// Whether an attempt to shorten a script can be sent.
    fn can_shrink(&self) -> bool {
        matches!(self.end_reason, None | Some(EndReason::BudgetUsedUp)) && !(self.should_stop)()
    }

    fn script_in_namespace(&mut self, script: &Script) -> ScriptRun {
        // The most important scripts run without additional reads.
        let observe_off = script.name.starts_with(SINGLE_BLOCKER_SCRIPTS);
        self.run_in_namespace(&mut |endpoint, plan, options| {
            let observe = if observe_off { ObserveMode::Off } else { options.observe };
            run_script(script, endpoint, plan, SessionOptions { observe, ..options })
        })
    }

    /// Enters a new namespace, runs a script or generator in it, and plans its cleanup.
    fn run_in_namespace(&mut self, run: RunInNamespace<'_>) -> ScriptRun {
        let namespace = self.endpoint.enter_new_namespace();
        let mut plan = CleanupPlan::default();
        let missing = &self.results.missing;
        let hanging = &self.results.hanging;
        let hanging_action = |op: &Operation| {
            let api = op.action().map(|it| it.api);
            api.filter(|it| hanging.contains(it))
        };
        let missing_action = |op: &Operation| {
            let missing = missing.iter().find(|it| it.is_action_of(op)).map(|it| it.action);
            missing.or_else(|| hanging_action(op))
        };
        let is_supported = |op: &Operation| {
            hanging_action(op).is_none() && !missing.iter().any(|it| it.is_needed_by(op))
        };
        let options = SessionOptions {
            is_supported: &is_supported,
            missing_action: &missing_action,
            observe: self.options.observe,
            convergence_timeout: self.options.convergence_timeout,
            has_responded: self.has_responded,
            should_stop: self.should_stop,
        };
        let script_run = run(&mut self.endpoint, &mut plan, options);
        if !plan.is_empty() {
            let diverged = script_run.exchanges.iter().any(
                |exchange| matches!(&exchange.verdict, Verdict::Diverges(it) if it.tier < Tier::Text),
            );
            self.results.pending_cleanup.push(PendingCleanup { namespace, plan, diverged });
        }
        self.check_responsiveness(&script_run);
        // Names that the endpoint cannot write into a response may break the listings of other
        // scripts.
        if script_run.exchanges.iter().any(Exchange::is_garbled) {
            self.clean_up();
        }
        self.clean_up_if_due();
        script_run
    }

    /// Ends the run if the endpoint does not respond.
    pub(super) fn check_responsiveness(&mut self, script_run: &ScriptRun) {
        let is_response =
            |it: &Exchange| matches!(it.verdict, Verdict::Conforms(_) | Verdict::Diverges(_));
        self.has_responded |= script_run.exchanges.iter().any(is_response);
        for exchange in &script_run.exchanges {
            let failure = match (&exchange.verdict, &exchange.response) {
                (Verdict::Inconclusive(failure), _)
                | (Verdict::Unsupported(_), Some(Response::Failed(failure))) => Some(failure),
                _ => None,
            };
            match (&exchange.verdict, failure) {
                (_, Some(failure)) if !self.has_responded || failure.kind.is_unresponsive() => {
                    self.unresponsive_count += 1;
                    self.unresponsive_actions.extend(exchange.operation.action().map(|it| it.api));
                    let is_gone = failure.kind == FailureKind::Unreachable
                        || !self.has_responded && failure.kind.is_unresponsive();
                    // An endpoint that responds to one action only with garbage is still alive.
                    let is_one_action = self.has_responded
                        && self.unresponsive_actions.len() == 1
                        && failure.kind.is_unparsable();
                    let is_over_limit = self.unresponsive_count >= RetryPolicy::UNRESPONSIVE_MAX;
                    let may_be_gone = is_gone || is_over_limit && !is_one_action;
                    // A body that cannot be read, or a missing response, is a fault of the endpoint as long as
                    // other calls work.
                    let may_be_of_call = failure.kind.is_unparsable()
                        || self.has_responded
                            && matches!(failure.kind, FailureKind::Reset | FailureKind::Timeout);
                    if may_be_gone && may_be_of_call && self.answers_control_call() {
                        self.has_responded = true;
                        self.unresponsive_count = 0;
                        self.unresponsive_actions.clear();
                    } else if may_be_gone {
                        self.end_reason = Some(if self.has_responded {
                            EndReason::StoppedResponding(failure.clone())
                        } else {
                            EndReason::NeverResponded(failure.clone())
                        });
                        return;
                    }
                }
                (Verdict::Conforms(_) | Verdict::Diverges(_), _) => {
                    self.unresponsive_count = 0;
                    self.unresponsive_actions.clear();
                }
                _ => {}
            }
        }
    }

    /// Cleans up if more than [`PENDING_CLEANUP_MAX`] resources are left. If an action hangs, cleanup may
    /// take long, and waits until the end.
    pub(super) fn clean_up_if_due(&mut self) {
        let pending = self.results.pending_cleanup.iter().map(|it| it.plan.len()).sum::<usize>();
        if pending > PENDING_CLEANUP_MAX && !self.cleanup_waits {
            self.clean_up();
        }
    }

    fn clean_up(&mut self) {
        let mut policy = RetryPolicy::with_convergence_timeout(self.options.convergence_timeout);
        for mut pending in std::mem::take(&mut self.results.pending_cleanup).into_iter().rev() {
            let failed = pending.plan.run(pending.namespace, &mut self.endpoint, &mut policy);
            let diverged = pending.diverged;
            self.results.not_deleted.extend(failed.into_iter().map(|it| (it, diverged)));
        }
    }
}
