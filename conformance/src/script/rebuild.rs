//! Rebuilds a given account from an empty one, as a sequence of operations.

use iamspec_model::{
    Account, Attachment, CreateUserOptions, Item, Operation, Resource, Status, SubResource,
};

use crate::script::corpus::attach;

/// Returns operations that turn an empty account into `account`: resources first, then
/// sub-resources, then each user with its attachments.
///
/// Deleted policy versions leave gaps in the version numbers. Rebuilding creates and deletes these
/// versions again.
#[must_use]
pub fn rebuild(account: &Account) -> Vec<Operation> {
    let mut operations: Vec<Operation> =
        account.resources().map(Operation::CreateResource).collect();
    for resource in account.resources() {
        rebuild_sub_resources(account, resource, &mut operations);
    }
    for user in account.users() {
        let options = CreateUserOptions {
            path: account.path(user),
            boundary: account.boundary(user),
            tag: None,
        };
        operations.push(Operation::CreateUser(user, options));
        operations.extend(account.attachments_of(user).flat_map(rebuild_attachment));
    }
    operations
}

fn rebuild_sub_resources(account: &Account, resource: Resource, operations: &mut Vec<Operation>) {
    for kind in SubResource::all().filter(|it| it.row().resource == resource.kind) {
        let existing: Vec<_> = account.sub_resources(resource, kind).collect();
        if kind != SubResource::Version {
            operations.extend(
                existing.iter().map(|it| Operation::AddSubResource(resource, kind, it.item)),
            );
            continue;
        }
        let last_created = account.next_version(resource).0.saturating_sub(1);
        let last = existing.last().map_or(last_created, |it| it.item.0.max(last_created));
        let exists = |number: u32| existing.iter().any(|it| it.item.0 == number);
        for number in 2..=last {
            operations.push(Operation::AddSubResource(resource, kind, Item(number)));
            if !exists(number) {
                operations.push(Operation::RemoveSubResource(resource, kind, Item(number)));
            }
        }
        if let Some(default) = existing.iter().find(|it| it.is_default && it.item != Item(1)) {
            operations.push(Operation::SetDefault(resource, kind, default.item));
        }
        if !exists(1) {
            operations.push(Operation::RemoveSubResource(resource, kind, Item(1)));
        }
    }
}

fn rebuild_attachment(attachment: Attachment) -> impl Iterator<Item = Operation> {
    let Attachment { user, kind, item, status, service } = attachment;
    let deactivate = Operation::SetStatus(user, kind, item, status);
    [attach(user, kind, item, service)]
        .into_iter()
        .chain((status == Status::Inactive).then_some(deactivate))
}
