//! Which calls are asked together: every two of these, in a few accounts, for which the model checker finds
//! a wrong end where an implementation checks first and acts then.

use std::time::Duration;

use iamspec_model::check::interleavings::Interleaving;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, InputError, InvalidRequest, Item, Operation, Resource, ResourceKind,
    Service, User, UserChange, allowed, apply,
};

use crate::concurrency::execute::reads;
use crate::concurrency::linearizability::{Linearization, order};
use crate::concurrency::{Race, TimedCall};
use crate::oracle::messages;
use crate::reference::{ReferenceOptions, settle};
use crate::response::Response;
use crate::script::isolation::attach;

const ONE: User = User(0);
const OTHER: User = User(1);

/// How an account is called in which one more of a kind fits, and not two.
const NEARLY: &str = "nearly-full-of-";

/// The races, those about `DeleteUser` first, those that nobody could be blamed for last.
#[must_use]
pub fn races() -> Vec<Race> {
    let mut races: Vec<Race> = Vec::new();
    for (place, before) in accounts() {
        let calls = calls();
        for (at, one) in calls.iter().enumerate() {
            for other in calls.iter().skip(at) {
                races.extend(race(&place, &before, [*one, *other]));
            }
        }
    }
    races.sort_by_key(|it| {
        let deletes = |op: &Operation| matches!(op, Operation::DeleteUser(_));
        (!it.certain, !it.calls.iter().any(deletes), it.before.len(), it.name.clone())
    });
    let mut kept: Vec<Race> = Vec::new();
    for race in races {
        if !kept.iter().any(|known| is_same(known, &race)) {
            kept.push(race);
        }
    }
    kept
}

/// Two calls go wrong together in more than one account: one is enough, and one more where each alone would
/// still fit into a quota.
fn is_same(one: &Race, other: &Race) -> bool {
    let apis = |it: &Race| {
        let mut apis: Vec<String> = it.calls.iter().map(api).collect();
        apis.sort_unstable();
        apis
    };
    let attaches = |op: &Operation| matches!(op, Operation::Attach(..) | Operation::Issue(..));
    let to_the_quota = |it: &Race| it.name.contains(NEARLY) && it.calls.iter().all(attaches);
    apis(one) == apis(other) && to_the_quota(one) == to_the_quota(other)
}

/// The call, and whether it names the user in another case.
fn api(op: &Operation) -> String {
    let api = op.call().map_or("", |call| call.api);
    let other_case = matches!(op, Operation::Flawed(..));
    if other_case { format!("{api}-in-another-case") } else { api.to_owned() }
}

fn race(place: &str, before: &[Operation], calls: [Operation; 2]) -> Option<Race> {
    let mut account = Account::default();
    for op in before {
        apply(&mut account, op);
    }
    // Each alone is carried out: a refusal that nothing else causes shows nothing.
    if !calls.iter().all(|op| allowed(&account, op).must_be_done()) {
        return None;
    }
    let way = Interleaving { account, calls: calls.to_vec() }.anomaly()?;
    let [one, other] = calls.each_ref().map(api);
    let name = format!("{one}+{other}/{place}");
    let race = Race { name, before: before.to_vec(), calls: calls.to_vec(), way, certain: false };
    Some(Race { certain: is_ruled_out(&race), ..race })
}

/// Whether the end of an implementation in which every call looks before any acts is one that no order of
/// them may have.
fn is_ruled_out(race: &Race) -> bool {
    let mut account = Account::default();
    let done = race.before.iter().chain(&race.calls).map(|op| {
        apply(&mut account, op);
        (*op, Response::DONE)
    });
    let mut asked: Vec<(Operation, Response)> = done.collect();
    for op in reads(race) {
        let symbols = messages::symbols(&op);
        asked.push((op, settle(&mut account, &op, &mut ReferenceOptions::default(), &symbols)));
    }
    // Each at a moment of its own, but for those that are asked together.
    let (first, last) = (race.before.len(), race.before.len() + race.calls.len());
    let timed = asked.into_iter().enumerate().map(|(place, (operation, observed))| {
        let moment = if place < last { place.min(first) } else { place };
        let start = Duration::from_micros(u64::try_from(moment).unwrap_or(u64::MAX));
        TimedCall { operation, observed, start, end: start + Duration::from_nanos(1) }
    });
    order(&timed.collect::<Vec<_>>(), &Account::default(), usize::MAX) == Linearization::None
}

/// The accounts in which they are asked: nothing, a user alone, and for each kind a user that could hold
/// one, holds one, or lacks one to its quota.
fn accounts() -> Vec<(String, Vec<Operation>)> {
    let user = Operation::create_user(ONE);
    let mut accounts = vec![("nothing".to_owned(), vec![]), ("a-user".to_owned(), vec![user])];
    for kind in AttachmentKind::blockers() {
        let (row, name) = (kind.row(), kind.row().name);
        let objects = |many: u32| {
            row.refers.into_iter().flat_map(move |class| {
                (0..many).map(move |item| Operation::Create(Resource { class, item: Item(item) }))
            })
        };
        let held = |many: u32| (0..many).map(move |item| attach(ONE, kind, Item(item), Service(0)));
        let users = [user, Operation::create_user(OTHER)];
        if row.refers.is_some() {
            let both = objects(1).chain(users).collect();
            accounts.push((format!("could-hold-{name}"), both));
        }
        let quota = u32::try_from(Account::default().quota(kind)).unwrap_or(u32::MAX);
        if row.naming != Naming::Single && (2..=10).contains(&quota) {
            let nearly = objects(quota + 1).chain([user]).chain(held(quota - 1)).collect();
            accounts.push((format!("{NEARLY}{name}"), nearly));
        }
        accounts.push((format!("holds-{name}"), objects(1).chain([user]).chain(held(1)).collect()));
    }
    accounts
}

/// What is asked.
fn calls() -> Vec<Operation> {
    let renamed =
        |user| Operation::UpdateUser(user, UserChange { name: Some(User(2)), path: None });
    let other_case = InvalidRequest::of(Operation::create_user, "UserName", InputError::OtherCase);
    let mut calls = vec![
        Operation::DeleteUser(ONE),
        Operation::create_user(ONE),
        Operation::create_user(User(2)),
        renamed(ONE),
        renamed(OTHER),
    ];
    calls.extend(other_case.map(|flaw| Operation::Flawed(ONE, flaw)));
    for kind in AttachmentKind::blockers() {
        let quota = u32::try_from(Account::default().quota(kind)).unwrap_or(u32::MAX);
        // The first two, and the two beyond which the quota does not let.
        let nearly = if (2..=10).contains(&quota) { [quota - 1, quota] } else { [0, 1] };
        let mut items = vec![0, 1];
        items.extend(nearly.into_iter().filter(|it| *it > 1));
        for item in items {
            calls.push(attach(ONE, kind, Item(item), Service(0)));
        }
        calls.push(attach(OTHER, kind, Item(0), Service(0)));
        calls.push(Operation::Detach(ONE, kind, Item(0)));
    }
    for class in ResourceKind::all() {
        let object = Resource { class, item: Item(0) };
        calls.extend([Operation::Create(object), Operation::Delete(object)]);
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletion_races_with_every_kind() {
        let races = races();
        for kind in AttachmentKind::blockers() {
            let against = |it: &&Race| {
                let deletes = it.calls.contains(&Operation::DeleteUser(ONE));
                deletes && it.calls.iter().any(|op| op.kind() == Some(kind))
            };
            assert!(races.iter().any(|it| against(&it)), "{}", kind.row().name);
        }
    }
}
