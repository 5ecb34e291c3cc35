//! Generates histories in which the operations of three clients overlap.

use std::time::Duration;

use iamspec_conformance::Response;
use iamspec_conformance::concurrency::TimedCall;
use iamspec_conformance::rng::Rng;
use iamspec_model::{Account, AttachmentKind, IssueOptions, Item, Operation, User, allowed, apply};

pub(crate) const ALICE: User = User(0);

/// The operations of the histories, all about one user.
fn operations() -> Vec<Operation> {
    let kinds = [AttachmentKind::LoginProfile, AttachmentKind::InlinePolicy];
    let of_kind = |kind| {
        let item = Item(0);
        [Operation::Attach(ALICE, kind, item), Operation::Detach(ALICE, kind, item)]
    };
    let key =
        |item| Operation::Issue(ALICE, AttachmentKind::AccessKey, Item(item), IssueOptions::None);
    let mut operations =
        vec![Operation::create_user(ALICE), Operation::DeleteUser(ALICE), key(0), key(1), key(2)];
    operations.extend(kinds.into_iter().flat_map(of_kind));
    operations
}

fn refused() -> Response {
    Response::Refused { http: 409, code: "DeleteConflict".to_owned(), message: None }
}

/// The response of the model, without a message.
pub(crate) fn respond(account: &mut Account, op: &Operation) -> Response {
    if allowed(account, op).must_succeed() {
        apply(account, op);
        return Response::SUCCESS;
    }
    let rule = allowed(account, op).refusals().find(|it| !it.clause.condition.is_transient());
    match rule.map(|it| it.clause.expected) {
        Some(iamspec_model::Expected::Refused(code)) => Response::Refused {
            http: code.http_status(),
            code: code.name().to_owned(),
            message: None,
        },
        _ => refused(),
    }
}

/// A history of overlapping operations, each of which takes effect between its start and its end.
/// If `bad`, one response is replaced by a wrong one.
pub(crate) fn history(rng: &mut Rng, length: u32, bad: bool) -> Vec<TimedCall> {
    let operations = operations();
    let mut account = Account::default();
    let mut clients = [0_u32; 3];
    let mut moments: Vec<(u32, usize, u32, u32, Operation)> = Vec::new();
    for _ in 0..length {
        let client = rng.below(3) as usize;
        let start = clients[client] + 1 + rng.below(4);
        let effect = start + rng.below(6);
        let end = effect + rng.below(6);
        clients[client] = end + 1;
        moments.push((effect, client, start, end, rng.pick(&operations).unwrap()));
    }
    moments.sort_unstable_by_key(|(effect, client, ..)| (*effect, *client));
    let time = |it: u32| Duration::from_nanos(u64::from(it) * 10);
    let mut history: Vec<TimedCall> = moments
        .into_iter()
        .map(|(_, _, start, end, operation)| {
            let observed = respond(&mut account, &operation);
            TimedCall { operation, response: observed, start: time(start), end: time(end) }
        })
        .collect();
    if bad {
        let index = rng.below(length) as usize;
        history[index].response = match history[index].response {
            Response::Success(_) => refused(),
            _ => Response::SUCCESS,
        };
    }
    history
}
