//! Runs one script or generator in one namespace.
//!
//! Sends operations one after the other, retries if that is safe, checks each response, and
//! resolves a lost response with a read. The session ends at the first operation whose effect is
//! unknown: everything after it would rest on a guess.

use std::time::Duration;

use iamspec_model::{Account, Operation, allowed};

use crate::endpoint::Endpoint;
use crate::generate::{CanHold, Generator};
use crate::oracle::{Oracle, Tier, Verdict, formats};
use crate::response::{Listing, Response};
use crate::results::history::{Convergence, Exchange, Origin, ScriptRun, skipped};
use crate::runner::cleanup::CleanupPlan;
use crate::runner::observe::{ObserveMode, reads};
use crate::runner::retry::{is_lost, is_safe_to_retry, may_converge, reads_of_resource};
use crate::script::{Script, Step};

/// The number of divergences in a row that change nothing after which a generator ends in this
/// namespace: it would choose the same operation again.
const FUTILE_OPERATIONS_MAX: usize = 20;

/// Options of a session.
#[derive(Clone, Copy)]
pub(super) struct SessionOptions<'a> {
    /// Returns true unless a capability that the operation needs is known to be missing.
    pub(super) is_supported: CanHold<'a>,
    pub(super) observe: ObserveMode,
    /// How long the endpoint may take to converge.
    pub(super) convergence_timeout: Duration,
    /// The endpoint has responded before.
    pub(super) has_responded: bool,
    /// Checked before each operation.
    pub(super) should_stop: &'a dyn Fn() -> bool,
}

/// Runs a script in the current namespace. Records in `plan` what the script creates.
pub(super) fn run_script(
    script: &Script,
    endpoint: &mut dyn Endpoint,
    plan: &mut CleanupPlan,
    options: SessionOptions<'_>,
) -> ScriptRun {
    let mut session = Session::new(endpoint, plan, options);
    for operation in script.operations() {
        session.run(operation);
        if options.observe == ObserveMode::Each {
            session.observe_last(1);
        }
    }
    if options.observe == ObserveMode::End {
        session.observe_last(usize::MAX);
    }
    ScriptRun { script: script.clone(), exchanges: session.exchanges, origin: Origin::Written }
}

/// Runs a generator in the current namespace until it has no more operations, or until it has run
/// `operations_max` of them.
pub(super) fn run_generator(
    generator: &mut dyn Generator,
    operations_max: usize,
    endpoint: &mut dyn Endpoint,
    plan: &mut CleanupPlan,
    options: SessionOptions<'_>,
) -> ScriptRun {
    let mut session = Session::new(endpoint, plan, options);
    generator.start_namespace();
    let (mut futile, mut operations) = (0, 0);
    while session.abort_reason.is_none()
        && futile < FUTILE_OPERATIONS_MAX
        && operations < operations_max
        && !(options.should_stop)()
    {
        let before = session.account();
        let Some(operation) = generator.next_operation(&before, options.is_supported) else {
            break;
        };
        session.run(operation);
        operations += 1;
        let diverges =
            |it: &Exchange| matches!(&it.verdict, Verdict::Diverges(it) if it.tier < Tier::Text);
        let last_diverges = session.exchanges.last().is_some_and(diverges);
        if options.observe == ObserveMode::Each {
            session.observe_last(1);
        }
        let is_futile = last_diverges && session.account() == before;
        futile = if is_futile { futile + 1 } else { 0 };
    }
    // Most operations of a generator show the effect of the previous one; the last needs a read.
    if options.observe == ObserveMode::End {
        session.observe_last(1);
    }
    let step = |it: &Exchange| Step { operation: it.operation, response: None };
    let script = Script {
        name: generator.name().to_owned(),
        idea: generator.description().to_owned(),
        steps: session.exchanges.iter().map(step).collect(),
    };
    ScriptRun { script, exchanges: session.exchanges, origin: Origin::Generated }
}

/// A session in one namespace.
struct Session<'a> {
    endpoint: &'a mut dyn Endpoint,
    plan: &'a mut CleanupPlan,
    options: SessionOptions<'a>,
    oracle: Oracle,
    exchanges: Vec<Exchange>,
    /// Why the remaining operations are skipped.
    abort_reason: Option<String>,
}

impl<'a> Session<'a> {
    fn new(
        endpoint: &'a mut dyn Endpoint,
        plan: &'a mut CleanupPlan,
        options: SessionOptions<'a>,
    ) -> Self {
        Self {
            endpoint,
            plan,
            options,
            oracle: Oracle::default(),
            exchanges: Vec::new(),
            abort_reason: None,
        }
    }

    /// Returns the most likely state.
    fn account(&self) -> Account {
        self.oracle.account().cloned().unwrap_or_default()
    }

    /// Runs one operation, or skips it if the session was aborted.
    fn run(&mut self, operation: Operation) {
        if self.abort_reason.is_none() && (self.options.should_stop)() {
            self.abort_reason = Some("the run was stopped".to_owned());
        }
        let exchange = match &self.abort_reason {
            Some(reason) => skipped(operation, reason),
            None => self.exchange(&operation),
        };
        let failure = match &exchange.verdict {
            Verdict::Inconclusive(failure) => Some(failure.kind),
            _ => None,
        };
        let response_was_lost = exchange.response.as_ref().is_some_and(is_lost);
        self.exchanges.push(exchange);
        if let Some(failure) = failure
            && !(response_was_lost && self.resolve_lost_response(operation))
        {
            self.abort_reason = Some(format!("the previous call failed: {}", failure.name()));
        }
    }

    /// Runs one operation, with retries, and checks the response.
    fn exchange(&mut self, operation: &Operation) -> Exchange {
        let before = self.account();
        let in_force = allowed(&before, operation).rules().collect();
        let mut convergence = Convergence::default();
        let sent_before = self.endpoint.requests_sent();
        let observed = loop {
            let observed = self.endpoint.execute(operation);
            self.plan.record(operation, &observed);
            let converges = convergence.waited < self.options.convergence_timeout
                && may_converge(operation, &observed, &self.oracle);
            let has_responded = self.options.has_responded;
            let retry = converges
                || is_safe_to_retry(operation, &observed, convergence.retries, has_responded);
            if !retry || (self.options.should_stop)() {
                break observed;
            }
            convergence.waited += self.endpoint.wait(convergence.retries);
            convergence.retries += 1;
        };
        let sent = self.endpoint.requests_sent();
        let request = sent.filter(|_| sent > sent_before).unwrap_or_default();
        let format_deviations = self.endpoint.format_deviations();
        let verdict = self.oracle.check(operation, &observed);
        let verdict =
            formats::with_formats(verdict, (&before, operation), &observed, &format_deviations);
        // Only divergences show the HTTP exchange.
        let diverges = matches!(verdict, Verdict::Diverges(_));
        let wire = if diverges { self.endpoint.last_exchange().map(Box::new) } else { None };
        Exchange {
            operation: *operation,
            response: Some(observed),
            request,
            before,
            in_force,
            verdict,
            convergence: Some(convergence).filter(|it| it.retries > 0),
            wire,
            request_id: self.endpoint.request_id(),
        }
    }

    /// Reads the state after a lost response, and returns true if the effect of the operation is
    /// known afterwards.
    fn resolve_lost_response(&mut self, operation: Operation) -> bool {
        if operation.is_read() {
            return true;
        }
        // The endpoint may take time until it shows an effect.
        let (mut waited, mut tries) = (Duration::ZERO, 0);
        while waited < self.options.convergence_timeout {
            waited += self.endpoint.wait(tries);
            tries += 1;
        }
        if let Operation::Issue(user, kind, item, _) = operation {
            let response = self.endpoint.execute(&Operation::List(user, kind));
            if let Response::Success(Some(Listing { unknown_names: strangers, .. })) = &response
                && let [name] = strangers.as_slice()
            {
                self.endpoint.bind_symbol(kind, item, name);
            }
        }
        let reads = reads(&[operation], &self.account());
        for read in reads_of_resource(&operation).into_iter().chain(reads) {
            if !self.oracle.has_single_state()
                && self.abort_reason.is_none()
                && (self.options.is_supported)(&read)
            {
                self.run(read);
            }
        }
        self.oracle.has_single_state() && self.abort_reason.is_none()
    }

    /// Reads what the last `count` operations may have changed.
    fn observe_last(&mut self, count: usize) {
        let start = self.exchanges.len().saturating_sub(count);
        let operations: Vec<Operation> =
            self.exchanges.iter().skip(start).map(|it| it.operation).collect();
        for read in reads(&operations, &self.account()) {
            if self.abort_reason.is_none() && (self.options.is_supported)(&read) {
                self.run(read);
            }
        }
    }
}
