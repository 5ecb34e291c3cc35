//! The calls that build a given account from an empty one.

use iamspec_model::{
    Account, Attachment, CreateUserOptions, Item, Operation, Resource, Status, SubResource,
};

use crate::script::isolation::attach;

/// The calls that make this account out of nothing: what exists, what groups and policies have, then
/// user by user.
///
/// Versions that were deleted leave gaps in the numbers, which are made and deleted again.
#[must_use]
pub fn rebuild(account: &Account) -> Vec<Operation> {
    let mut calls: Vec<Operation> = account.objects().map(Operation::Create).collect();
    for object in account.objects() {
        parts(account, object, &mut calls);
    }
    for user in account.users() {
        let extras = CreateUserOptions {
            path: account.path(user),
            boundary: account.boundary(user),
            tag: None,
        };
        calls.push(Operation::CreateUser(user, extras));
        calls.extend(account.held_by(user).flat_map(held));
    }
    calls
}

fn parts(account: &Account, object: Resource, calls: &mut Vec<Operation>) {
    for part in SubResource::all().filter(|it| it.row().of == object.class) {
        let pieces: Vec<_> = account.parts(object, part).collect();
        if part != SubResource::Version {
            calls.extend(pieces.iter().map(|it| Operation::Add(object, part, it.item)));
            continue;
        }
        let made = account.next_version(object).0.saturating_sub(1);
        let last = pieces.last().map_or(made, |it| it.item.0.max(made));
        let kept = |number: u32| pieces.iter().any(|it| it.item.0 == number);
        for number in 2..=last {
            calls.push(Operation::Add(object, part, Item(number)));
            if !kept(number) {
                calls.push(Operation::Remove(object, part, Item(number)));
            }
        }
        if let Some(default) = pieces.iter().find(|it| it.default && it.item != Item(1)) {
            calls.push(Operation::SetDefault(object, part, default.item));
        }
        if !kept(1) {
            calls.push(Operation::Remove(object, part, Item(1)));
        }
    }
}

fn held(it: Attachment) -> impl Iterator<Item = Operation> {
    let Attachment { user, kind, item, status, service } = it;
    let attach = attach(user, kind, item, service);
    let inactive = status == Status::Inactive;
    let set = inactive.then_some(Operation::SetStatus(user, kind, item, status));
    [attach].into_iter().chain(set)
}
