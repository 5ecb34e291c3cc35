//! The race catalog: pairs of operations that go wrong if an implementation checks first and acts
//! later.
//!
//! [`races`] combines every two of the operations below in every initial state below. It keeps the
//! pairs for which the model checker finds an interleaving with a wrong outcome.

use std::time::Duration;

use iamspec_model::check::interleavings::Interleaving;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, InputError, InvalidRequest, Item, Operation, Resource, ResourceKind,
    Service, User, UserChange, allowed, apply,
};

use crate::concurrency::execute::final_reads;
use crate::concurrency::linearizability::{Linearization, linearize};
use crate::concurrency::{Race, TimedCall};
use crate::oracle::messages;
use crate::reference::{ReferenceOptions, respond_and_apply};
use crate::response::Response;
use crate::script::corpus::attach;

const ONE: User = User(0);
const OTHER: User = User(1);

/// The name prefix of an initial state in which one more item of a kind fits the quota, but not
/// two.
const NEARLY_FULL: &str = "nearly-full-of-";

/// All races. Races with `DeleteUser` come first, races with a possibly correct outcome last.
#[must_use]
pub fn races() -> Vec<Race> {
    let mut races: Vec<Race> = Vec::new();
    for (state, before) in initial_states() {
        let operations = operations();
        for (index, one) in operations.iter().enumerate() {
            for other in operations.iter().skip(index) {
                races.extend(race(&state, &before, [*one, *other]));
            }
        }
    }
    races.sort_by_key(|it| {
        let deletes = |op: &Operation| matches!(op, Operation::DeleteUser(_));
        (!it.is_forbidden, !it.calls.iter().any(deletes), it.setup.len(), it.name.clone())
    });
    let mut distinct: Vec<Race> = Vec::new();
    for race in races {
        if !distinct.iter().any(|known| is_duplicate(known, &race)) {
            distinct.push(race);
        }
    }
    distinct
}

/// Whether two races have the same actions. The catalog keeps one race per pair of actions, and a
/// second one in which both operations compete for the last place of a quota.
fn is_duplicate(one: &Race, other: &Race) -> bool {
    let apis = |it: &Race| {
        let mut apis: Vec<String> = it.calls.iter().map(action_name).collect();
        apis.sort_unstable();
        apis
    };
    let attaches = |op: &Operation| matches!(op, Operation::Attach(..) | Operation::Issue(..));
    let competes_for_quota =
        |it: &Race| it.name.contains(NEARLY_FULL) && it.calls.iter().all(attaches);
    apis(one) == apis(other) && competes_for_quota(one) == competes_for_quota(other)
}

/// The action's name, marked if the operation names the user in another case.
fn action_name(op: &Operation) -> String {
    let api = op.action().map_or("", |call| call.api);
    let other_case = matches!(op, Operation::Invalid(..));
    if other_case { format!("{api}-in-another-case") } else { api.to_owned() }
}

fn race(state: &str, before: &[Operation], calls: [Operation; 2]) -> Option<Race> {
    let mut account = Account::default();
    for op in before {
        apply(&mut account, op);
    }
    // Each operation must succeed on its own. A refusal that the other does not cause shows
    // nothing.
    if !calls.iter().all(|op| allowed(&account, op).must_succeed()) {
        return None;
    }
    let anomaly = Interleaving { account, calls: calls.to_vec() }.anomaly()?;
    let [one, other] = calls.each_ref().map(action_name);
    let name = format!("{one}+{other}/{state}");
    let (before, calls) = (before.to_vec(), calls.to_vec());
    let race = Race { name, setup: before, calls, anomaly, is_forbidden: false };
    Some(Race { is_forbidden: is_ruled_out(&race), ..race })
}

/// Whether the specification rules out the outcome of an implementation in which all operations
/// check before any of them acts.
fn is_ruled_out(race: &Race) -> bool {
    let mut account = Account::default();
    let done = race.setup.iter().chain(&race.calls).map(|op| {
        apply(&mut account, op);
        (*op, Response::SUCCESS)
    });
    let mut exchanges: Vec<(Operation, Response)> = done.collect();
    for op in final_reads(race) {
        let symbols = messages::symbols(&op);
        let response =
            respond_and_apply(&mut account, &op, &mut ReferenceOptions::default(), &symbols);
        exchanges.push((op, response));
    }
    // Every operation has its own time, except the racing ones, which share one.
    let (first, last) = (race.setup.len(), race.setup.len() + race.calls.len());
    let timed = exchanges.into_iter().enumerate().map(|(index, (operation, observed))| {
        let moment = if index < last { index.min(first) } else { index };
        let start = Duration::from_micros(u64::try_from(moment).unwrap_or(u64::MAX));
        TimedCall { operation, response: observed, start, end: start + Duration::from_nanos(1) }
    });
    linearize(&timed.collect::<Vec<_>>(), &Account::default(), usize::MAX) == Linearization::None
}

/// The initial states, each with its name and the operations that create it: an empty account, a
/// user, and for each kind a user that could hold one, holds one, or holds one less than its quota.
fn initial_states() -> Vec<(String, Vec<Operation>)> {
    let user = Operation::create_user(ONE);
    let mut states = vec![("nothing".to_owned(), vec![]), ("a-user".to_owned(), vec![user])];
    for kind in AttachmentKind::blockers() {
        let (row, name) = (kind.row(), kind.row().name);
        let resources = |count: u32| {
            row.refers_to.into_iter().flat_map(move |class| {
                (0..count).map(move |item| {
                    Operation::CreateResource(Resource { kind: class, item: Item(item) })
                })
            })
        };
        let held =
            |count: u32| (0..count).map(move |item| attach(ONE, kind, Item(item), Service(0)));
        let users = [user, Operation::create_user(OTHER)];
        if row.refers_to.is_some() {
            let before = resources(1).chain(users).collect();
            states.push((format!("could-hold-{name}"), before));
        }
        let quota = u32::try_from(Account::default().quota(kind)).unwrap_or(u32::MAX);
        if row.naming != Naming::Single && (2..=10).contains(&quota) {
            let nearly = resources(quota + 1).chain([user]).chain(held(quota - 1)).collect();
            states.push((format!("{NEARLY_FULL}{name}"), nearly));
        }
        states.push((format!("holds-{name}"), resources(1).chain([user]).chain(held(1)).collect()));
    }
    states
}

/// The operations that race.
fn operations() -> Vec<Operation> {
    let renamed =
        |user| Operation::UpdateUser(user, UserChange { name: Some(User(2)), path: None });
    let other_case = InvalidRequest::of(Operation::create_user, "UserName", InputError::OtherCase);
    let mut operations = vec![
        Operation::DeleteUser(ONE),
        Operation::create_user(ONE),
        Operation::create_user(User(2)),
        renamed(ONE),
        renamed(OTHER),
    ];
    operations.extend(other_case.map(|flaw| Operation::Invalid(ONE, flaw)));
    for kind in AttachmentKind::blockers() {
        let quota = u32::try_from(Account::default().quota(kind)).unwrap_or(u32::MAX);
        // The first two items, and the last one within the quota and the first one beyond it.
        let at_quota = if (2..=10).contains(&quota) { [quota - 1, quota] } else { [0, 1] };
        let mut items = vec![0, 1];
        items.extend(at_quota.into_iter().filter(|it| *it > 1));
        for item in items {
            operations.push(attach(ONE, kind, Item(item), Service(0)));
        }
        operations.push(attach(OTHER, kind, Item(0), Service(0)));
        operations.push(Operation::Detach(ONE, kind, Item(0)));
    }
    for class in ResourceKind::all() {
        let resource = Resource { kind: class, item: Item(0) };
        operations
            .extend([Operation::CreateResource(resource), Operation::DeleteResource(resource)]);
    }
    operations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delete_user_races_with_every_kind() {
        let races = races();
        for kind in AttachmentKind::blockers() {
            let is_against_kind = |it: &&Race| {
                let deletes = it.calls.contains(&Operation::DeleteUser(ONE));
                deletes && it.calls.iter().any(|op| op.kind() == Some(kind))
            };
            assert!(races.iter().any(|it| is_against_kind(&it)), "{}", kind.row().name);
        }
    }
}
