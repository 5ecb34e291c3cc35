//! Runs one script or generator in one namespace.
//!
//! Sends operations one after the other, retries if that is safe, checks each response, and
//! resolves a lost response with reads. The session goes on only if a read shows the effect of the
//! operation. If it does not, the request may still take effect, and everything after it would rest
//! on a guess.

use std::time::Duration;

use iamspec_model::{Account, AttachmentKind, Item, Operation, User, allowed};

use crate::endpoint::Endpoint;
use crate::generate::{CanHold, Generator};
use crate::oracle::{Oracle, Tier, Verdict, formats};
use crate::response::{FailureKind, Listing, Response};
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
    /// The item of a lost response that contained its name.
    unnamed_item: Option<(User, AttachmentKind, Item)>,
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
            unnamed_item: None,
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
        let before = response_was_lost.then(|| exchange.before.clone());
        self.exchanges.push(exchange);
        if let Some(failure) = failure
            && !before.is_some_and(|before| self.resolve_lost_response(operation, &before))
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
        let mut observed = loop {
            let observed = self.endpoint.execute(operation);
            self.plan.record(operation, &observed);
            if self.learn_lost_name(operation, &observed) {
                continue;
            }
            let converges = convergence.waited < self.options.convergence_timeout
                && may_converge(operation, &observed, &self.oracle);
            let has_responded = self.options.has_responded;
            let retry = converges
                || is_safe_to_retry(operation, &observed, convergence.retries, has_responded);
            if retry && converges && (self.options.should_stop)() {
                let detail = "the run ended before the call could be repeated";
                break Response::failed(FailureKind::Doubtful, detail);
            }
            if !retry || (self.options.should_stop)() {
                break self.without_unnamed_item(operation, observed);
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
        observed.keep_shown();
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

    /// Reads the state after a lost response. Returns true if a read shows the effect of the
    /// operation, or if the operation is a read.
    fn resolve_lost_response(&mut self, operation: Operation, before: &Account) -> bool {
        if operation.is_read() {
            return true;
        }
        // The endpoint may take time until it shows an effect.
        let (mut waited, mut tries) = (Duration::ZERO, 0);
        while waited < self.options.convergence_timeout {
            waited += self.endpoint.wait(tries);
            tries += 1;
        }
        if let Operation::Issue(user, kind, item, _) = operation.well_formed() {
            self.unnamed_item = Some((user, kind, item));
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
        // Unless its effect is shown, a request without a response may still take effect.
        self.unnamed_item.is_none()
            && self.oracle.has_single_state()
            && self.abort_reason.is_none()
            && self.account() != *before
    }

    /// Binds the name of the item whose response was lost, if a listing shows exactly one unknown
    /// item. Returns true if the listing must be read again, to show the item with its symbol.
    fn learn_lost_name(&mut self, operation: &Operation, observed: &Response) -> bool {
        let Some((kind, item, listing)) = self.listing_of_unnamed_item(operation, observed) else {
            return false;
        };
        let [name] = listing.unknown_names.as_slice() else { return false };
        self.endpoint.bind_symbol(kind, item, name);
        self.unnamed_item = None;
        true
    }

    /// Replaces a listing by a failure if it shows unknown items and one of them may be the item
    /// whose response was lost.
    fn without_unnamed_item(&self, operation: &Operation, observed: Response) -> Response {
        match self.listing_of_unnamed_item(operation, &observed) {
            Some((kind, _, listing)) if !listing.unknown_names.is_empty() => Response::failed(
                FailureKind::Doubtful,
                format!(
                    "a lost response contained the name of one {}, and {} unknown names are listed",
                    kind.row().noun,
                    listing.unknown_names.len()
                ),
            ),
            _ => observed,
        }
    }

    /// Returns the listing of the kind and user whose item has no name yet.
    fn listing_of_unnamed_item<'b>(
        &self,
        operation: &Operation,
        observed: &'b Response,
    ) -> Option<(AttachmentKind, Item, &'b Listing)> {
        let (user, kind, item) = self.unnamed_item?;
        match observed {
            Response::Success(Some(listing)) if *operation == Operation::List(user, kind) => {
                Some((kind, item, listing))
            }
            _ => None,
        }
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
