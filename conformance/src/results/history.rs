//! What a run did: each script with its requests, the responses, and the verdicts.

use std::time::Duration;

use iamspec_model::{Account, Operation, Rule};

use crate::endpoint::WireExchange;
use crate::oracle::Verdict;
use crate::response::{FailureKind, Response};
use crate::script::rebuild::rebuild;
use crate::script::{Script, Step};

/// One call, its answer, and what is said of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What was asked.
    pub operation: Operation,
    /// What was answered; nothing where it was not asked.
    pub observed: Option<Response>,
    /// The number in the run of the request that got this answer, counted from 1: of several retries or
    /// pages the last. 0 if none was sent.
    pub request: usize,
    /// The account in which it was asked, as it was thought to be.
    pub before: Account,
    /// The rules that were in force, if it was asked.
    pub in_force: Vec<Rule>,
    /// What is said of the answer.
    pub verdict: Verdict,
    /// How long it took until the answer was this one, where it was another one before.
    pub settled: Option<Convergence>,
    /// What went over the wire, where the answer diverges.
    pub wire: Option<Box<WireExchange>>,
    /// What the service called the request, where it told and that is recorded.
    pub id: Option<Box<str>>,
}

/// Where calls come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody wrote them down.
    Written,
    /// A course chose them one by one.
    Course,
    /// They are what is left of a course's.
    Shrunk,
}

/// A script that was played.
#[derive(Clone, Debug)]
pub struct ScriptRun {
    /// The script.
    pub script: Script,
    /// Its calls, in order.
    pub exchanges: Vec<Exchange>,
    /// Where they come from.
    pub origin: Origin,
}

impl ScriptRun {
    /// A script that leads to this call: where nobody wrote one, what makes the account in which it was
    /// asked.
    #[must_use]
    pub fn leading_to(&self, place: usize) -> Script {
        let script = self.history().until(place);
        match self.exchanges.get(place) {
            Some(it) if self.origin == Origin::Course => {
                let calls = rebuild(&it.before).into_iter().chain([it.operation]);
                let steps = calls.map(|operation| Step { operation, answer: None }).collect();
                Script { steps, ..script }
            }
            _ => script,
        }
    }

    /// The same, as what is left of a course's calls, under this name.
    #[must_use]
    pub fn shrunk(mut self, name: String) -> Self {
        self.script.name = name;
        Self { origin: Origin::Shrunk, ..self }
    }

    /// The history: the script with the answers that were observed.
    #[must_use]
    pub fn history(&self) -> Script {
        let steps = self.exchanges.iter().map(|exchange| Step {
            operation: exchange.operation,
            answer: exchange.observed.clone(),
        });
        Script { steps: steps.collect(), ..self.script.clone() }
    }
}

pub(crate) fn skipped(operation: Operation, why: &str) -> Exchange {
    let verdict = Verdict::Skipped(why.to_owned());
    let before = Account::default();
    Exchange {
        operation,
        observed: None,
        request: 0,
        before,
        in_force: Vec::new(),
        verdict,
        settled: None,
        wire: None,
        id: None,
    }
}

impl Exchange {
    /// Whether the call was answered as a success in what is no answer to it. Whether that is the call's
    /// doing is for a control to show.
    #[must_use]
    pub fn is_garbled(&self) -> bool {
        matches!(&self.verdict, Verdict::Inconclusive(it) if it.cause == FailureKind::Garbled)
    }

    /// Whether the endpoint may lack the call: it failed, in a way that a service that lacks it
    /// fails. Whether it does is for a control to show.
    #[must_use]
    pub fn looks_unsupported(&self) -> bool {
        matches!(&self.verdict, Verdict::Inconclusive(it) if it.cause.looks_unsupported())
    }
}

/// How long answers took to settle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Convergence {
    /// How often the call was asked again.
    pub tries: u32,
    /// How long was waited in all.
    pub after: Duration,
}
