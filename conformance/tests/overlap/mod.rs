//! Histories in which the calls of three clients overlap.

use std::time::Duration;

use iamspec_conformance::Response;
use iamspec_conformance::concurrency::TimedCall;
use iamspec_conformance::rng::Rng;
use iamspec_model::{Account, AttachmentKind, IssueOptions, Item, Operation, User, allowed, apply};

pub(crate) const ALICE: User = User(0);

/// What is asked in generated histories: calls that leave one account.
fn calls() -> Vec<Operation> {
    let kinds = [AttachmentKind::LoginProfile, AttachmentKind::InlinePolicy];
    let of = |kind| {
        let item = Item(0);
        [Operation::Attach(ALICE, kind, item), Operation::Detach(ALICE, kind, item)]
    };
    let key = |item| {
        Operation::Issue(ALICE, AttachmentKind::AccessKey, Item(item), IssueOptions::Nothing)
    };
    let mut calls =
        vec![Operation::create_user(ALICE), Operation::DeleteUser(ALICE), key(0), key(1), key(2)];
    calls.extend(kinds.into_iter().flat_map(of));
    calls
}

fn refused() -> Response {
    Response::Refused { http: 409, code: "DeleteConflict".to_owned(), message: None }
}

/// What the model answers.
pub(crate) fn answer(account: &mut Account, op: &Operation) -> Response {
    // The text is of no interest here.
    if allowed(account, op).must_be_done() {
        apply(account, op);
        return Response::DONE;
    }
    let rule = allowed(account, op).refusals().find(|it| !it.claim.reason.passes());
    match rule.map(|it| it.claim.answer) {
        Some(iamspec_model::Expected::Refused(code)) => {
            Response::Refused { http: code.http(), code: code.name().to_owned(), message: None }
        }
        _ => refused(),
    }
}

/// A history of overlapping calls: each takes effect at a moment between its start and its end. Where `bad`
/// is asked for, one answer is made another.
pub(crate) fn history(chance: &mut Rng, many: u32, bad: bool) -> Vec<TimedCall> {
    let calls = calls();
    let mut account = Account::default();
    let mut clients = [0_u32; 3];
    let mut moments: Vec<(u32, usize, u32, u32, Operation)> = Vec::new();
    for _ in 0..many {
        let client = chance.below(3) as usize;
        let start = clients[client] + 1 + chance.below(4);
        let effect = start + chance.below(6);
        let end = effect + chance.below(6);
        clients[client] = end + 1;
        moments.push((effect, client, start, end, chance.pick(&calls).unwrap()));
    }
    moments.sort_unstable_by_key(|(effect, client, ..)| (*effect, *client));
    let time = |it: u32| Duration::from_nanos(u64::from(it) * 10);
    let mut history: Vec<TimedCall> = moments
        .into_iter()
        .map(|(_, _, start, end, operation)| {
            let observed = answer(&mut account, &operation);
            TimedCall { operation, observed, start: time(start), end: time(end) }
        })
        .collect();
    if bad {
        let place = chance.below(many) as usize;
        history[place].observed = match history[place].observed {
            Response::Done(_) => refused(),
            _ => Response::DONE,
        };
    }
    history
}
