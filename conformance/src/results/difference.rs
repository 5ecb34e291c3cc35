//! How the responses of two endpoints to the same script differ, without any rule.
//!
//! Only the first difference of a script counts: after it, the accounts differ.

use crate::oracle::Tier;
use crate::response::{FailureKind, Response};
use crate::results::history::{Exchange, ScriptRun};
use crate::results::shrink::shortest;
use crate::script::{Script, Step};

/// The first call of a script to which two endpoints respond differently.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The script up to that call.
    pub script: Script,
    /// The call and its responses, with what the specification says about each.
    pub exchanges: [Exchange; 2],
}

/// The result of comparing two runs of the same script.
#[derive(Clone, Debug)]
pub enum Comparison {
    /// All responses are the same.
    Same,
    /// The endpoints respond differently.
    Differs(Box<Difference>),
    /// A call before any difference has no response that can be compared. Contains the reason.
    Unknown(String),
}

/// Runs a script on both endpoints. Returns `None` if one of them cannot run it.
pub type RunBoth<'a> = &'a mut dyn FnMut(&Script) -> Option<[ScriptRun; 2]>;

impl Difference {
    /// The action of the call, and both responses without the items of listings: differences of the
    /// same group are most likely differences of one cause.
    #[must_use]
    pub fn group(&self) -> (&'static str, [String; 2]) {
        let [left, right] = &self.exchanges;
        let action = left.operation.action().map_or("", |it| it.api);
        let responses = [left, right].map(|it| match &it.response {
            Some(Response::Success(Some(_))) => "200 with a listing".to_owned(),
            Some(response) => compared(response, Tier::Code).unwrap_or_default(),
            None => String::new(),
        });
        (action, responses)
    }

    /// The shortest script found that shows a difference of the same group. `None` if the script
    /// does not show it a second time: an endpoint may have failed once.
    ///
    /// All attempts to shorten it have at most `budget` operations for each endpoint.
    #[must_use]
    pub fn minimized(self, tier: Tier, budget: &mut usize, run: RunBoth<'_>) -> Option<Self> {
        let group = self.group();
        let origin = self.script;
        let mut show = |steps: Vec<Step>| {
            let runs = run(&Script { steps, ..origin.clone() })?;
            match compare(&runs, tier) {
                Comparison::Differs(it) if it.group() == group => Some(*it),
                _ => None,
            }
        };
        let again = show(origin.steps.clone())?;
        let mut reproduce = |steps: Vec<Step>| {
            *budget = budget.checked_sub(steps.len())?;
            show(steps)
        };
        Some(shortest(again, |it| &it.script.steps, &mut reproduce))
    }
}

/// Compares two runs of the same script.
#[must_use]
pub fn compare(runs: &[ScriptRun; 2], tier: Tier) -> Comparison {
    let [left, right] = runs;
    for (index, (one, other)) in left.exchanges.iter().zip(&right.exchanges).enumerate() {
        let responses = [one, other].map(|it| {
            let response = it.response.as_ref().ok_or_else(|| "it was not sent".to_owned())?;
            compared(response, tier).ok_or_else(|| response.to_string())
        });
        match responses {
            [Ok(one), Ok(other)] if one == other => {}
            [Ok(_), Ok(_)] => {
                let history = left.history().until(index);
                let steps = history.steps.iter();
                let steps = steps.map(|it| Step::from(it.operation));
                return Comparison::Differs(Box::new(Difference {
                    script: Script { steps: steps.collect(), ..history },
                    exchanges: [one.clone(), other.clone()],
                }));
            }
            [Err(reason), _] | [_, Err(reason)] => return Comparison::Unknown(reason),
        }
    }
    Comparison::Same
}

/// The part of a response that is compared. `None` if the response says nothing about the endpoint:
/// a lost response, a throttled call, or a refusal that has other causes.
fn compared(response: &Response, tier: Tier) -> Option<String> {
    match response {
        Response::Success(Some(listing)) if tier > Tier::Status => Some(format!("200 {listing}")),
        Response::Success(_) => Some("200".to_owned()),
        Response::Refused { http, .. } if tier == Tier::Status => Some(http.to_string()),
        Response::Refused { http, code, message } => {
            let message = message.as_ref().filter(|_| tier >= Tier::Text);
            let message = message.map_or_else(String::new, |it| format!(" {}", it.complete()));
            Some(format!("{http} {code}{message}"))
        }
        Response::Failed(failure) => match failure.kind {
            FailureKind::Unreadable
            | FailureKind::Garbled
            | FailureKind::Failure
            | FailureKind::Crash
            | FailureKind::Unimplemented => Some(format!("{:?}", failure.kind)),
            _ => None,
        },
    }
}
