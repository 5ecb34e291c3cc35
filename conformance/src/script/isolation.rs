//! Scripts for every kind: what is done for one user and one item is done for them alone.

use std::collections::BTreeSet;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, IssueOptions, Item, Operation, Resource, ResourceKind, Service, Status, User,
};

use crate::script::{Script, Step};

const USERS: [User; 2] = [User(0), User(1)];

/// One script a kind: each of two users holds as many as two. Of what the second one holds one is made
/// inactive and another taken away, then one of the first one's. Both are read before another call may
/// hide what one has done to the wrong user.
#[must_use]
pub fn neighbours() -> Vec<Script> {
    AttachmentKind::all().map(script).collect()
}

fn script(kind: AttachmentKind) -> Script {
    let row = kind.row();
    let [first, second] = USERS;
    // What cannot be shared is another one for the other user.
    let alone = row.naming == Naming::Service || row.refers == Some(ResourceKind::Device);
    let other = if alone { [2, 3].as_slice() } else { &[0] };
    let many = if row.naming == Naming::Single { 1 } else { 2 };
    let [firsts, seconds] = [&[0, 1], other]
        .map(|items| items.iter().take(many).copied().map(Item).collect::<Vec<_>>());
    let used: BTreeSet<Item> = firsts.iter().chain(&seconds).copied().collect();
    let objects = row.refers.into_iter().flat_map(|class| {
        used.iter().map(move |item| Operation::Create(Resource { class, item: *item }))
    });
    let attached = |user, items: &[Item]| {
        items.iter().map(|it| attach(user, kind, *it, Service(0))).collect::<Vec<_>>()
    };
    let last = |items: &[Item]| items.last().copied().unwrap_or_default();
    let set = Operation::SetStatus(second, kind, last(&seconds), Status::Inactive);
    let listed = USERS.map(|user| Operation::List(user, kind));
    let gone = seconds.first().copied().unwrap_or_default();
    let calls = objects
        .chain(USERS.map(Operation::create_user))
        .chain(attached(first, &firsts))
        .chain(listed)
        .chain(attached(second, &seconds))
        .chain(row.statuses.then_some(set))
        .chain(listed.into_iter().filter(|_| row.statuses))
        .chain([Operation::Detach(second, kind, gone)])
        .chain((firsts.len() > 1).then(|| Operation::Detach(first, kind, last(&firsts))));
    Script {
        name: format!("neighbours/{}", row.name),
        idea: format!("What is done with {} of one user leaves all others alone.", row.noun),
        steps: calls.map(|operation| Step { operation, answer: None }).collect(),
    }
}

/// The call that attaches it, for this service where the kind knows services.
pub(crate) fn attach(user: User, kind: AttachmentKind, item: Item, service: Service) -> Operation {
    match kind.row().naming {
        Naming::Service if kind.row().services => {
            Operation::Issue(user, kind, item, IssueOptions::Service(service))
        }
        Naming::Service => Operation::Issue(user, kind, item, IssueOptions::Nothing),
        Naming::Single | Naming::Caller => Operation::Attach(user, kind, item),
    }
}
