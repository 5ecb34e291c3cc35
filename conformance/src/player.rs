//! One call after the other in one name space: asked again where that helps, judged, and told apart where
//! its answer was lost.

use std::time::Duration;

use iamspec_model::{Account, Operation, allowed};

use crate::again::{Settled, is_lost, is_safe, may_settle, tells};
use crate::endpoint::Endpoint;
use crate::judge::Judge;
use crate::leftover::Leftovers;
use crate::observe::reads;
use crate::observed::{Observed, Shown};
use crate::oddity;
use crate::replay::{Exchange, Manner, skipped};
use crate::verdict::Verdict;

/// Calls and their answers, one after the other, in one name space.
pub(crate) struct Player<'a> {
    endpoint: &'a mut dyn Endpoint,
    leftovers: &'a mut Leftovers,
    manner: Manner<'a>,
    judge: Judge,
    pub(crate) exchanges: Vec<Exchange>,
    /// Why nothing is asked any more: after a call that was interrupted all would rest on a guess.
    pub(crate) broken: Option<String>,
}

impl<'a> Player<'a> {
    pub(crate) fn new(
        endpoint: &'a mut dyn Endpoint,
        leftovers: &'a mut Leftovers,
        manner: Manner<'a>,
    ) -> Self {
        let (judge, exchanges) = (Judge::default(), Vec::new());
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
            if let Observed::Done(Some(Shown { strangers, .. })) = &listed
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
        let mut settled = Settled::default();
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
        let verdict = oddity::judged(verdict, (&before, operation), &observed, &odd);
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
