//! Isolation scripts: an operation on one user's attachment does not affect another user.
//!
//! One script for each kind of attachment, generated from the model's tables.

use std::collections::BTreeSet;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, IssueOptions, Item, Operation, Resource, ResourceKind, Service, Status, User,
};

use crate::script::{Script, Step};

const USERS: [User; 2] = [User(0), User(1)];

/// Generates one script for each kind of attachment.
///
/// Each of two users holds up to two items. The script deactivates one item of the second user,
/// removes another one, and then removes an item of the first user. It lists both users before a
/// later operation can hide an effect on the wrong user.
#[must_use]
pub fn isolation_scripts() -> Vec<Script> {
    AttachmentKind::all().map(isolation_script).collect()
}

fn isolation_script(kind: AttachmentKind) -> Script {
    let row = kind.row();
    let [first, second] = USERS;
    // Two users cannot share an issued item or a device: the second user gets other items.
    let is_exclusive = row.naming == Naming::Service || row.refers_to == Some(ResourceKind::Device);
    let second_numbers = if is_exclusive { [2, 3] } else { [0, 1] };
    let first_count = if row.naming == Naming::Single { 1 } else { 2 };
    let second_count = if is_exclusive { first_count } else { 1 };
    let items = |numbers: [u32; 2], count: usize| -> Vec<Item> {
        numbers.into_iter().take(count).map(Item).collect()
    };
    let first_items = items([0, 1], first_count);
    let second_items = items(second_numbers, second_count);
    let used: BTreeSet<Item> = first_items.iter().chain(&second_items).copied().collect();
    let create_resources = row.refers_to.into_iter().flat_map(|class| {
        used.iter()
            .map(move |item| Operation::CreateResource(Resource { kind: class, item: *item }))
    });
    let attach_all = |user, items: &[Item]| {
        items.iter().map(|it| attach(user, kind, *it, Service(0))).collect::<Vec<_>>()
    };
    let last = |items: &[Item]| items.last().copied().unwrap_or_default();
    let deactivate = Operation::SetStatus(second, kind, last(&second_items), Status::Inactive);
    let list_both = USERS.map(|user| Operation::List(user, kind));
    let removed = second_items.first().copied().unwrap_or_default();
    let operations = create_resources
        .chain(USERS.map(Operation::create_user))
        .chain(attach_all(first, &first_items))
        .chain(list_both)
        .chain(attach_all(second, &second_items))
        .chain(row.has_status.then_some(deactivate))
        .chain(list_both.into_iter().filter(|_| row.has_status))
        .chain([Operation::Detach(second, kind, removed)])
        .chain((first_items.len() > 1).then(|| Operation::Detach(first, kind, last(&first_items))));
    Script {
        name: format!("neighbours/{}", row.name),
        idea: format!("Changing {} of one user does not affect other users.", row.noun),
        steps: operations.map(|operation| Step { operation, response: None }).collect(),
    }
}

/// Returns the operation that attaches an item. `service` applies to kinds that have services.
pub(crate) fn attach(user: User, kind: AttachmentKind, item: Item, service: Service) -> Operation {
    match kind.row().naming {
        Naming::Service if kind.row().per_service => {
            Operation::Issue(user, kind, item, IssueOptions::Service(service))
        }
        Naming::Service => Operation::Issue(user, kind, item, IssueOptions::None),
        Naming::Single | Naming::Caller => Operation::Attach(user, kind, item),
    }
}
