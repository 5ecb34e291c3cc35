//! Checks the responses of a history, without an endpoint.

use std::collections::VecDeque;
use std::time::Duration;

use iamspec_model::{Account, AttachmentKind, Item, Operation, apply};

use crate::endpoint::{Endpoint, Namespace};
use crate::oracle::{Tier, Verdict, messages};
use crate::reference::{ReferenceOptions, respond_and_apply};
use crate::response::{FailureKind, Response};
use crate::results::history::ScriptRun;
use crate::runner::cleanup::CleanupPlan;
use crate::runner::observe::ObserveMode;
use crate::runner::session::{SessionOptions, run_script};
use crate::script::Script;

/// An endpoint that returns recorded responses, in order, each to its own operation only.
struct RecordedEndpoint(VecDeque<(Operation, Response)>);

impl Endpoint for RecordedEndpoint {
    fn enter_new_namespace(&mut self) -> Namespace {
        Namespace::default()
    }

    fn enter_namespace(&mut self, _: Namespace) {}

    fn execute(&mut self, op: &Operation) -> Response {
        let recorded = self.0.pop_front_if(|(recorded, _)| recorded == op);
        recorded.map_or_else(
            || Response::failed(FailureKind::Unsent, "the history contains no response"),
            |(_, response)| response,
        )
    }

    fn assign_symbol(&mut self, _: AttachmentKind, _: &str) -> Item {
        Item::default()
    }

    fn wait(&mut self, _: u32) -> Duration {
        Duration::ZERO
    }
}

/// The response with its listing in the order of the model: a listing may be in any order.
fn sorted(mut response: Response) -> Response {
    if let Response::Success(Some(listing)) = &mut response {
        listing.items.sort_unstable();
    }
    response
}

/// Checks the responses that a script contains. A step without a response counts as answered by the
/// model. The account is empty before the first step.
#[must_use]
pub fn check_history(script: &Script) -> ScriptRun {
    let mut account = Account::default();
    let recorded = script.steps.iter().map(|step| {
        let (op, symbols) = (step.operation, messages::symbols(&step.operation));
        let mut after = account.clone();
        let of_model =
            respond_and_apply(&mut after, &op, &mut ReferenceOptions::default(), &symbols);
        match &step.response {
            None => account = after,
            Some(Response::Success(_)) => apply(&mut account, &op),
            Some(_) => {}
        }
        (op, step.response.clone().map_or(of_model, sorted))
    });
    let mut endpoint = RecordedEndpoint(recorded.collect());
    let options = SessionOptions {
        is_supported: &|_| true,
        missing_action: &|_| None,
        observe: ObserveMode::Off,
        convergence_timeout: Duration::ZERO,
        has_responded: false,
        should_stop: &|| false,
    };
    let mut run = run_script(script, &mut endpoint, &mut CleanupPlan::default(), options);
    for (exchange, step) in run.exchanges.iter_mut().zip(&script.steps) {
        // A message that is not written down is not a different message.
        let has_no_message = matches!(step.response, Some(Response::Refused { message: None, .. }));
        let differs = matches!(&exchange.verdict, Verdict::Diverges(it) if it.tier == Tier::Text);
        if has_no_message && differs {
            exchange.verdict = Verdict::Conforms(Vec::new());
        }
    }
    run
}
