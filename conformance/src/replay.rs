//! A script, from the first call to the last verdict.

use iamspec_model::{Operation, Rule, allowed};

use crate::endpoint::Endpoint;
use crate::judge::Judge;
use crate::leftover::Leftovers;
use crate::observed::Observed;
use crate::script::{Script, Step};
use crate::verdict::Verdict;

/// One call, its answer, and what is said of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What was asked.
    pub operation: Operation,
    /// What was answered; nothing where it was not asked.
    pub observed: Option<Observed>,
    /// Which request of the run it was, counted from 1; 0 where it was not asked.
    pub request: usize,
    /// The rules that were in force, if it was asked.
    pub in_force: Vec<Rule>,
    /// What is said of the answer.
    pub verdict: Verdict,
}

/// A script that was played.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The script.
    pub script: Script,
    /// Its calls, in order.
    pub exchanges: Vec<Exchange>,
}

impl Replay {
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

/// Plays a script in the name space that was entered and judges every answer.
///
/// What it makes is noted in `leftovers`. It ends at the first call that was interrupted: what
/// follows would rest on a guess. `stop` is asked before every call.
pub fn replay(
    script: &Script,
    endpoint: &mut dyn Endpoint,
    leftovers: &mut Leftovers,
    stop: &dyn Fn() -> bool,
) -> Replay {
    let mut judge = Judge::default();
    let mut broken: Option<String> = None;
    let mut exchanges = Vec::new();
    for step in &script.steps {
        if broken.is_none() && stop() {
            broken = Some("the run was stopped".to_owned());
        }
        let exchange = match &broken {
            Some(why) => skipped(step.operation, why),
            None => exchange(&step.operation, endpoint, &mut judge, leftovers),
        };
        if let Verdict::Inconclusive(interruption) = &exchange.verdict {
            broken =
                Some(format!("the call before it was interrupted: {}", interruption.cause.name()));
        }
        exchanges.push(exchange);
    }
    Replay { script: script.clone(), exchanges }
}

pub(crate) fn skipped(operation: Operation, why: &str) -> Exchange {
    let verdict = Verdict::Skipped(why.to_owned());
    Exchange { operation, observed: None, request: 0, in_force: Vec::new(), verdict }
}

fn exchange(
    operation: &Operation,
    endpoint: &mut dyn Endpoint,
    judge: &mut Judge,
    leftovers: &mut Leftovers,
) -> Exchange {
    let in_force = judge.account().map(|account| allowed(account, operation).rules().collect());
    let observed = endpoint.ask(operation);
    leftovers.note(operation, &observed);
    let verdict = judge.judge(operation, &observed);
    let in_force = in_force.unwrap_or_default();
    Exchange { operation: *operation, observed: Some(observed), request: 0, in_force, verdict }
}

impl Exchange {
    /// Whether the endpoint may lack the call: it failed, in a way that a service that lacks it
    /// fails. Whether it does is for a control to show.
    #[must_use]
    pub fn looks_unsupported(&self) -> bool {
        matches!(&self.verdict, Verdict::Inconclusive(it) if it.cause.looks_unsupported())
    }
}
