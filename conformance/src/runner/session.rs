//! One call after the other in one name space: asked again where that helps, judged, and told apart where
//! its answer was lost.
//!
//! A script, from the first call to the last verdict.

use std::time::Duration;

use iamspec_model::{Account, Operation, allowed};

use crate::endpoint::Endpoint;
use crate::generate::{CanHold, Generator};
use crate::oracle::{Oracle, Tier, Verdict, formats};
use crate::response::{Listing, Response};
use crate::results::history::{Convergence, Exchange, Origin, ScriptRun, skipped};
use crate::runner::cleanup::CleanupPlan;
use crate::runner::observe::{ObserveMode, reads};
use crate::runner::retry::{is_lost, is_safe, may_settle, tells};
use crate::script::{Script, Step};

/// Calls and their answers, one after the other, in one name space.
pub(crate) struct Session<'a> {
    endpoint: &'a mut dyn Endpoint,
    leftovers: &'a mut CleanupPlan,
    manner: SessionOptions<'a>,
    judge: Oracle,
    pub(crate) exchanges: Vec<Exchange>,
    /// Why nothing is asked any more: after a call that was interrupted all would rest on a guess.
    pub(crate) broken: Option<String>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        endpoint: &'a mut dyn Endpoint,
        leftovers: &'a mut CleanupPlan,
        manner: SessionOptions<'a>,
    ) -> Self {
        let (judge, exchanges) = (Oracle::default(), Vec::new());
        Self { endpoint, leftovers, manner, judge, exchanges, broken: None }
    }

    /// Asks one call, unless it is too late.
    pub(crate) fn ask(&mut self, operation: Operation) {
        if self.broken.is_none() && (self.manner.stop)() {
            self.broken = Some("the run was stopped".to_owned());
        }
        let exchange = match &self.broken {
            Some(why) => skipped(operation, why),
            None => self.exchange(&operation),
        };
        let cause = match &exchange.verdict {
            Verdict::Inconclusive(it) => Some(it.cause),
            _ => None,
        };
        let lost = exchange.observed.as_ref().is_some_and(is_lost);
        self.exchanges.push(exchange);
        if let Some(cause) = cause.filter(|_| !(lost && self.tell_apart(operation))) {
            let why = format!("the call before it was interrupted: {}", cause.name());
            self.broken = Some(why);
        }
    }

    /// Reads what tells whether a call was carried out whose answer was lost; whether that is known then.
    fn tell_apart(&mut self, operation: Operation) -> bool {
        if operation.is_read() {
            return true;
        }
        // What an endpoint has done it may show late.
        let (mut waited, mut tries) = (Duration::ZERO, 0);
        while waited < self.manner.settle {
            waited += self.endpoint.wait(tries);
            tries += 1;
        }
        if let Operation::Issue(user, kind, item, _) = operation {
            let listed = self.endpoint.ask(&Operation::List(user, kind));
            if let Response::Done(Some(Listing { strangers, .. })) = &listed
                && let [name] = strangers.as_slice()
            {
                self.endpoint.bind(kind, item, name);
            }
        }
        let reads = reads(&[operation], &self.account());
        for read in tells(&operation).into_iter().chain(reads) {
            if !self.is_certain() && self.broken.is_none() && (self.manner.can)(&read) {
                self.ask(read);
            }
        }
        self.is_certain() && self.broken.is_none()
    }

    fn is_certain(&self) -> bool {
        self.judge.worlds.len() == 1
    }

    /// Asks a call, again where that is safe or the endpoint may settle, and judges the answer.
    fn exchange(&mut self, operation: &Operation) -> Exchange {
        let before = self.account();
        let in_force = allowed(&before, operation).rules().collect();
        let mut settled = Convergence::default();
        let sent_before = self.endpoint.sent();
        let observed = loop {
            let observed = self.endpoint.ask(operation);
            self.leftovers.note(operation, &observed);
            let settles =
                settled.after < self.manner.settle && may_settle(operation, &observed, &self.judge);
            let again = settles || is_safe(operation, &observed, settled.tries, self.manner.heard);
            if !again || (self.manner.stop)() {
                break observed;
            }
            settled.after += self.endpoint.wait(settled.tries);
            settled.tries += 1;
        };
        let request = self.endpoint.sent().filter(|_| self.endpoint.sent() > sent_before);
        let request = request.unwrap_or_default();
        let odd = self.endpoint.oddities();
        let verdict = self.judge.judge(operation, &observed);
        let verdict = formats::judged(verdict, (&before, operation), &observed, &odd);
        let settled = Some(settled).filter(|it| it.tries > 0);
        let diverges = matches!(verdict, Verdict::Diverges(_));
        // It is written out only where somebody will look at it.
        let wire = if diverges { self.endpoint.wire().map(Box::new) } else { None };
        let id = self.endpoint.request_id();
        let (operation, observed) = (*operation, Some(observed));
        Exchange { operation, observed, request, before, in_force, verdict, settled, wire, id }
    }

    /// Reads what the last calls may have changed.
    pub(crate) fn observe(&mut self, calls: usize) {
        let from = self.exchanges.len() - calls.min(self.exchanges.len());
        let asked: Vec<Operation> =
            self.exchanges.iter().skip(from).map(|it| it.operation).collect();
        for read in reads(&asked, &self.account()) {
            if self.broken.is_none() && (self.manner.can)(&read) {
                self.ask(read);
            }
        }
    }

    pub(crate) fn account(&self) -> Account {
        self.judge.account().cloned().unwrap_or_default()
    }
}

/// How calls are asked.
#[derive(Clone, Copy)]
pub struct SessionOptions<'a> {
    /// Whether the endpoint has what a call needs, for all that is known.
    pub can: CanHold<'a>,
    /// When what they change is read.
    pub observe: ObserveMode,
    /// How long an endpoint may take until its answers are as they should be.
    pub settle: Duration,
    /// Whether the endpoint has ever answered.
    pub heard: bool,
    /// Asked before every call.
    pub stop: &'a dyn Fn() -> bool,
}

/// Plays a script in the name space that was entered and judges every answer.
///
/// What it makes is noted in `leftovers`. It ends at the first call that was interrupted: what
/// follows would rest on a guess.
pub fn replay(
    script: &Script,
    endpoint: &mut dyn Endpoint,
    leftovers: &mut CleanupPlan,
    manner: SessionOptions<'_>,
) -> ScriptRun {
    let mut player = Session::new(endpoint, leftovers, manner);
    for step in &script.steps {
        player.ask(step.operation);
        if manner.observe == ObserveMode::Each {
            player.observe(1);
        }
    }
    if manner.observe == ObserveMode::End {
        player.observe(usize::MAX);
    }
    ScriptRun { script: script.clone(), exchanges: player.exchanges, origin: Origin::Written }
}

/// So many answers in a row that diverge and change nothing, and a course is not followed on: it would ask
/// for the same again.
const IN_VAIN_MAX: usize = 20;

/// Follows a course for as long as it has calls in the name space that was entered, and judges every
/// answer. It ends at the first call that was interrupted, and after so many.
pub(crate) fn follow(
    course: &mut dyn Generator,
    most: usize,
    endpoint: &mut dyn Endpoint,
    leftovers: &mut CleanupPlan,
    manner: SessionOptions<'_>,
) -> ScriptRun {
    let mut player = Session::new(endpoint, leftovers, manner);
    course.begin();
    let (mut in_vain, mut calls) = (0, 0);
    while player.broken.is_none() && in_vain < IN_VAIN_MAX && calls < most && !(manner.stop)() {
        let before = player.account();
        let Some(operation) = course.next(&before, manner.can) else { break };
        player.ask(operation);
        calls += 1;
        let diverges =
            |it: &Exchange| matches!(&it.verdict, Verdict::Diverges(it) if it.tier < Tier::Text);
        let diverges = player.exchanges.last().is_some_and(diverges);
        if manner.observe == ObserveMode::Each {
            player.observe(1);
        }
        let vain = diverges && player.account() == before;
        in_vain = if vain { in_vain + 1 } else { 0 };
    }
    // What the last call did is read, as most of them show what the one before did.
    if manner.observe == ObserveMode::End {
        player.observe(1);
    }
    let asked = |it: &Exchange| Step { operation: it.operation, answer: None };
    let steps = player.exchanges.iter().map(asked).collect();
    let (name, idea) = (course.name().to_owned(), course.idea().to_owned());
    let script = Script { name, idea, steps };
    ScriptRun { script, exchanges: player.exchanges, origin: Origin::Course }
}
