//! A history that somebody wrote down, as an endpoint that answers so.

use std::collections::VecDeque;
use std::time::Duration;

use iamspec_model::{Account, AttachmentKind, Item, Operation, apply};

use crate::endpoint::{Endpoint, Namespace};
use crate::oracle::messages;
use crate::reference::{ReferenceOptions, settle};
use crate::response::{FailureKind, Response};
use crate::results::history::ScriptRun;
use crate::runner::cleanup::CleanupPlan;
use crate::runner::observe::ObserveMode;
use crate::runner::session::{SessionOptions, replay};
use crate::script::Script;

/// Answers in the order in which they were written down, each to its own call and to no other.
struct Recorded(VecDeque<(Operation, Response)>);

impl Endpoint for Recorded {
    fn fresh(&mut self) -> Namespace {
        Namespace::default()
    }

    fn enter(&mut self, _: Namespace) {}

    fn ask(&mut self, op: &Operation) -> Response {
        let next = self.0.front().is_some_and(|(asked, _)| asked == op);
        let answer = next.then(|| self.0.pop_front()).flatten().map(|(_, answer)| answer);
        answer.unwrap_or_else(|| {
            Response::interrupted(FailureKind::Unsent, "no answer is written down")
        })
    }

    fn adopt(&mut self, _: AttachmentKind, _: &str) -> Item {
        Item::default()
    }

    fn wait(&mut self, _: u32) -> Duration {
        Duration::ZERO
    }
}

/// Judges the answers that are written behind the calls of a script; a call without one was answered as the model
/// would. Nothing exists before its first call.
#[must_use]
pub fn judged(script: &Script) -> ScriptRun {
    let mut account = Account::default();
    let answered = script.steps.iter().map(|step| {
        let (op, symbols) = (step.operation, messages::symbols(&step.operation));
        let mut after = account.clone();
        let answer = settle(&mut after, &op, &mut ReferenceOptions::default(), &symbols);
        match &step.answer {
            None => account = after,
            Some(Response::Done(_)) => apply(&mut account, &op),
            Some(_) => {}
        }
        (op, step.answer.clone().unwrap_or(answer))
    });
    let mut endpoint = Recorded(answered.collect());
    let (can, stop) = (|_: &Operation| true, || false);
    let (observe, settle, heard) = (ObserveMode::Off, Duration::ZERO, false);
    let manner = SessionOptions { can: &can, observe, settle, heard, stop: &stop };
    replay(script, &mut endpoint, &mut CleanupPlan::default(), manner)
}
