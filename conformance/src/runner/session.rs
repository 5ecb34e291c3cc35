//! Runs one script or generator in one namespace.
//!
//! A session sends operations one after the other, retries if that is safe, checks each response,
//! and reads the state after a lost response. The session continues only if a read shows the effect
//! of the operation. Otherwise the request may still take effect, so every later verdict would be a
//! guess.

use std::collections::BTreeSet;
use std::time::Duration;

use iamspec_model::{Account, AttachmentKind, Item, Operation, User, allowed, apply};

use crate::endpoint::Endpoint;
use crate::generate::{CanHold, Generator};
use crate::oracle::wire::{SENT_VALUES, WireViolation};
use crate::oracle::{Divergence, Oracle, Tier, Verdict, formats, wire};
use crate::response::{FailureKind, Listing, Response};
use crate::results::history::{Convergence, Exchange, Origin, ScriptRun, skipped};
use crate::runner::capabilities::{is_same_action, needs};
use crate::runner::cleanup::CleanupPlan;
use crate::runner::observe::{ObserveMode, reads};
use crate::runner::retry::{is_lost, is_safe_to_retry, may_converge, reads_of_resource};
use crate::script::{Script, Step};

/// The number of refused operations in a row that a generator may choose again before it ends in
/// this namespace.
const REPEATED_CHOICES_MAX: usize = 100;

/// Options of a session.
#[derive(Clone, Copy)]
pub(super) struct SessionOptions<'a> {
    /// Returns true unless a capability that the operation needs is known to be missing or to hang.
    pub(super) is_supported: CanHold<'a>,
    /// Returns the action of the operation if it is known to be missing or to hang.
    pub(super) missing_action: &'a dyn Fn(&Operation) -> Option<&'static str>,
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
        session.run_line(operation);
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
/// `operations_max` of them. Returns the run and the number of operations that the generator chose.
///
/// An operation that was wrongly refused is not sent again in the same state.
pub(super) fn run_generator(
    generator: &mut dyn Generator,
    operations_max: usize,
    endpoint: &mut dyn Endpoint,
    plan: &mut CleanupPlan,
    options: SessionOptions<'_>,
) -> (ScriptRun, usize) {
    let mut session = Session::new(endpoint, plan, options);
    generator.start_namespace();
    let mut operations = 0;
    while session.abort_reason.is_none() && operations < operations_max && !(options.should_stop)()
    {
        let before = session.account();
        let Some(operation) = session.choose(generator, &before) else { break };
        session.run(operation);
        operations += 1;
        let was_refused = session.exchanges.last().is_some_and(is_wrongly_refused);
        if options.observe == ObserveMode::Each {
            session.observe_last(1);
        }
        if was_refused && session.account() == before {
            session.refused.insert((operation, before));
        }
    }
    // Most operations of a generator show the effect of the previous one; the last needs a read.
    if options.observe == ObserveMode::End {
        session.observe_last(1);
    }
    let step = |it: &Exchange| Step::from(it.operation);
    let script = Script {
        name: generator.name().to_owned(),
        idea: generator.description().to_owned(),
        steps: session.exchanges.iter().map(step).collect(),
    };
    (ScriptRun { script, exchanges: session.exchanges, origin: Origin::Generated }, operations)
}

/// Whether the operation was refused, and the model does not allow that.
fn is_wrongly_refused(exchange: &Exchange) -> bool {
    exchange.response.as_ref().is_some_and(|it| is_refused(&exchange.verdict, it))
}

/// Whether the form of the response is wrong, and not a value.
fn is_of_form(violation: &WireViolation) -> bool {
    violation.rule != &SENT_VALUES
}

/// Whether the response to a read has another value than was sent last: it may be an older one.
fn shows_old_value(operation: &Operation, violations: &[WireViolation]) -> bool {
    operation.is_read() && !violations.iter().all(is_of_form)
}

fn is_refused(verdict: &Verdict, response: &Response) -> bool {
    matches!(verdict, Verdict::Diverges(it) if it.tier < Tier::Text)
        && matches!(response, Response::Refused { .. })
}

/// A session in one namespace.
struct Session<'a> {
    endpoint: &'a mut dyn Endpoint,
    plan: &'a mut CleanupPlan,
    options: SessionOptions<'a>,
    oracle: Oracle,
    exchanges: Vec<Exchange>,
    /// The wire rules that were violated.
    violated: BTreeSet<String>,
    /// The operations that were wrongly refused, each with the state in which they were.
    refused: BTreeSet<(Operation, Account)>,
    /// The actions that the endpoint does not implement, as its response to them says.
    unsupported: Vec<Operation>,
    /// The account as it would be if the endpoint implemented every action of the script. `None` as
    /// long as it does.
    intended: Option<Account>,
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
            violated: BTreeSet::new(),
            refused: BTreeSet::new(),
            unsupported: Vec::new(),
            intended: None,
            unnamed_item: None,
            abort_reason: None,
        }
    }

    /// Returns the most likely state.
    fn account(&self) -> Account {
        self.oracle.account().cloned().unwrap_or_default()
    }

    /// Returns the next operation of a generator that was not wrongly refused in this state.
    fn choose(&self, generator: &mut dyn Generator, account: &Account) -> Option<Operation> {
        let can = |op: &Operation| self.is_supported(op);
        let mut choices =
            (0..REPEATED_CHOICES_MAX).map_while(|_| generator.next_operation(account, &can));
        choices.find(|it| !self.refused.contains(&(*it, account.clone())))
    }

    fn is_supported(&self, op: &Operation) -> bool {
        (self.options.is_supported)(op) && !self.unsupported.iter().any(|it| needs(op, it))
    }

    /// Runs a line of a script. Skips it if it needs an action that the endpoint does not implement:
    /// without this action, other rules apply to the line than its author intended.
    fn run_line(&mut self, operation: Operation) {
        if self.abort_reason.is_some() {
            return self.run(operation);
        }
        let own = (self.options.missing_action)(&operation).is_some()
            || self.unsupported.iter().any(|it| is_same_action(it, &operation));
        let actual = self.account();
        let is_same = |intended: &Account| {
            allowed(intended, &operation).rules().eq(allowed(&actual, &operation).rules())
        };
        if !own && self.intended.as_ref().is_none_or(is_same) {
            self.run(operation);
            return self.advance_intended(operation);
        }
        if own && !self.unsupported.iter().any(|it| is_same_action(it, &operation)) {
            self.unsupported.push(operation);
        }
        let intended = self.intended.take().unwrap_or(actual);
        let in_force = allowed(&intended, &operation).rules().collect();
        let reason = match operation.action().filter(|_| own) {
            Some(action) => format!("needs {}", action.api),
            None => self.reason_of_unsupported(),
        };
        self.exchanges.push(Exchange { in_force, ..skipped(operation, &reason) });
        self.intended = Some(intended);
        self.advance_intended(operation);
    }

    fn reason_of_unsupported(&self) -> String {
        let apis = self.unsupported.iter().filter_map(Operation::action).map(|it| it.api);
        format!("needs {}", apis.collect::<Vec<_>>().join(", "))
    }

    /// Applies the last operation to the intended account: with the effect of its response, or as if
    /// it had succeeded if the endpoint does not implement it.
    fn advance_intended(&mut self, operation: Operation) {
        let Some(last) = self.exchanges.last() else { return };
        let succeeds = match &last.verdict {
            Verdict::Unsupported(_) => {
                self.intended.get_or_insert_with(|| last.before.clone());
                true
            }
            Verdict::Skipped(_) => true,
            _ => matches!(last.response, Some(Response::Success(_))),
        };
        if let Some(intended) = self.intended.as_mut().filter(|_| succeeds)
            && allowed(intended, &operation).may_succeed()
        {
            apply(intended, &operation);
        }
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
        if matches!(exchange.verdict, Verdict::Unsupported(_)) {
            self.unsupported.push(operation);
        }
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
        let mut wire_violations = Vec::new();
        let mut observed = loop {
            let observed = self.endpoint.execute(operation);
            wire_violations.retain(is_of_form);
            wire_violations.extend(self.endpoint.wire_violations());
            self.plan.record(operation, &observed);
            if self.learn_lost_name(operation, &observed) {
                continue;
            }
            let converges = convergence.waited < self.options.convergence_timeout
                && (shows_old_value(operation, &wire_violations)
                    || may_converge(operation, &observed, &self.oracle));
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
        if is_refused(&verdict, &observed) {
            self.plan.record_wrong_refusal(operation);
        }
        let verdict = match (verdict, operation.action()) {
            (Verdict::Inconclusive(failure), Some(action))
                if failure.kind == FailureKind::Unimplemented =>
            {
                Verdict::Unsupported(action.api)
            }
            (verdict, _) => verdict,
        };
        // What a success that should be a refusal shows has no right value.
        let is_of_status = matches!(&verdict, Verdict::Diverges(it) if it.tier == Tier::Status);
        if is_of_status {
            wire_violations.retain(is_of_form);
        }
        let violations = wire::divergences((&before, operation), &wire_violations);
        observed.keep_shown();
        // Only divergences show the HTTP exchange.
        let is_shown = matches!(verdict, Verdict::Diverges(_)) || self.has_new(&violations);
        let wire = if is_shown { self.endpoint.last_exchange().map(Box::new) } else { None };
        Exchange {
            operation: *operation,
            response: Some(observed),
            request,
            before,
            in_force,
            verdict,
            violations,
            convergence: Some(convergence).filter(|it| it.retries > 0),
            wire,
            request_id: self.endpoint.request_id(),
        }
    }

    /// Whether one of these divergences is the first of its kind in this session.
    fn has_new(&mut self, violations: &[Divergence]) -> bool {
        let before = self.violated.len();
        self.violated.extend(violations.iter().map(Divergence::rule_id));
        self.violated.len() > before
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
                && self.is_supported(&read)
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
        let sent = |it: &&Exchange| !matches!(it.verdict, Verdict::Skipped(_));
        let operations: Vec<Operation> =
            self.exchanges.iter().skip(start).filter(sent).map(|it| it.operation).collect();
        for read in reads(&operations, &self.account()) {
            if self.abort_reason.is_none() && self.is_supported(&read) {
                self.run(read);
            }
        }
    }
}
