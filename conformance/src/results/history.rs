//! The results of script runs: each request with its response and its verdict.

use std::time::Duration;

use iamspec_model::{Account, Operation, Rule};

use crate::endpoint::WireExchange;
use crate::oracle::{Divergence, Verdict};
use crate::response::{FailureKind, Response};
use crate::script::rebuild::rebuild;
use crate::script::{Script, Step};

/// One operation, its response and its verdict.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The operation.
    pub operation: Operation,
    /// The response, or `None` if the operation was not sent.
    pub response: Option<Response>,
    /// The number of the request within the run, counted from 1. With retries or several pages, the
    /// number of the last request. 0 if no request was sent.
    pub request: usize,
    /// The assumed account before the operation.
    pub before: Account,
    /// The rules in force, or none if the operation was not sent.
    pub in_force: Vec<Rule>,
    /// The verdict on the behavior.
    pub verdict: Verdict,
    /// The divergences in the form of the response, the most important first.
    pub violations: Vec<Divergence>,
    /// How long the endpoint took to converge, if earlier attempts got other responses.
    pub convergence: Option<Convergence>,
    /// The HTTP exchange, if the response diverges. Within a script, once for each violated wire rule.
    pub wire: Option<Box<WireExchange>>,
    /// The service's request id, if the response has one and the run records it.
    pub request_id: Option<Box<str>>,
}

/// The source of a script's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A written script.
    Written,
    /// A generator.
    Generated,
    /// The shrunk operations of a generator.
    Shrunk,
}

/// The run of one script or of one namespace of a generator.
#[derive(Clone, Debug)]
pub struct ScriptRun {
    /// The script.
    pub script: Script,
    /// The exchanges, in order.
    pub exchanges: Vec<Exchange>,
    /// The source of the operations.
    pub origin: Origin,
}

impl ScriptRun {
    /// A script that ends with the operation at this index. For a written script, it is the script
    /// up to that operation. For a generator, it rebuilds the assumed account and appends the
    /// operation.
    #[must_use]
    pub fn script_up_to(&self, index: usize) -> Script {
        let script = self.history().until(index);
        match self.exchanges.get(index) {
            Some(it) if self.origin == Origin::Generated => {
                let operations = rebuild(&it.before).into_iter().chain([it.operation]);
                let steps = operations.map(Step::from).collect();
                Script { steps, ..script }
            }
            _ => script,
        }
    }

    /// The same run, marked as shrunk, under this name.
    #[must_use]
    pub fn into_shrunk(mut self, name: String) -> Self {
        self.script.name = name;
        Self { origin: Origin::Shrunk, ..self }
    }

    /// The script with the observed responses.
    #[must_use]
    pub fn history(&self) -> Script {
        let steps = self.exchanges.iter().map(|exchange| Step {
            operation: exchange.operation,
            response: exchange.response.clone(),
        });
        Script { steps: steps.collect(), ..self.script.clone() }
    }
}

/// The exchange of an operation that was not sent, with the reason.
pub(crate) fn skipped(operation: Operation, reason: &str) -> Exchange {
    Exchange {
        operation,
        response: None,
        request: 0,
        before: Account::default(),
        in_force: Vec::new(),
        verdict: Verdict::Skipped(reason.to_owned()),
        violations: Vec::new(),
        convergence: None,
        wire: None,
        request_id: None,
    }
}

impl Exchange {
    /// Every divergence of the response: the one of the behavior, then those of its form.
    pub fn divergences(&self) -> impl Iterator<Item = &Divergence> {
        let of_behavior = match &self.verdict {
            Verdict::Diverges(it) => Some(&**it),
            _ => None,
        };
        of_behavior.into_iter().chain(&self.violations)
    }

    /// Whether the response was a success with an unreadable body. A control operation must show
    /// whether the action itself causes this.
    #[must_use]
    pub fn is_garbled(&self) -> bool {
        matches!(&self.verdict, Verdict::Inconclusive(it) if it.kind == FailureKind::Garbled)
    }

    /// Whether the operation failed like one that the endpoint does not support. A control
    /// operation must show whether it does.
    #[must_use]
    pub fn looks_unsupported(&self) -> bool {
        matches!(&self.verdict, Verdict::Inconclusive(it) if it.kind.looks_unsupported())
    }
}

/// How long the endpoint took to converge to its final response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Convergence {
    /// The number of retries.
    pub retries: u32,
    /// The total time waited.
    pub waited: Duration,
}
