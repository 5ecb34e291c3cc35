//! As much as there may be, and its plan.
//!
//! An account out of nothing.

use iamspec_model::{
    Account, Attachment, AttachmentKind, CreateUserOptions, Item, Operation, Resource, Status,
    SubResource, plan_with_devices,
};

use crate::generate::{CanHold, Fresh, Generator, USER, first_its_object};
use crate::script::isolation::attach;

/// A user is filled to every quota, one more is asked of each kind, and the plan empties it.
#[derive(Clone, Debug)]
pub struct Drain {
    /// The kind that is filled; after the last one the user is emptied.
    filling: Option<AttachmentKind>,
    /// Whether the one that is too many was asked, and whether `DeleteUser` was.
    asked: bool,
    /// Whether the user was made in this name space, and whether all is over.
    begun: bool,
    over: bool,
    fresh: Fresh,
}

impl Default for Drain {
    fn default() -> Self {
        let filling = AttachmentKind::blockers().next();
        Self { filling, asked: false, begun: false, over: false, fresh: Fresh::default() }
    }
}

impl Drain {
    fn fill(
        &mut self,
        account: &Account,
        kind: AttachmentKind,
        can: CanHold<'_>,
    ) -> Option<Operation> {
        let quota = kind.row().quota;
        let most = account.quota(kind) / quota.each.max(1);
        let held = account.held_of(USER, kind).count() as u64;
        let attach = self.fresh.attach(account, USER, kind);
        let op = first_its_object(account, attach);
        if !can(&op) || self.asked || held > most {
            self.filling = AttachmentKind::blockers().skip_while(|it| *it != kind).nth(1);
            self.asked = false;
            return None;
        }
        self.asked = held == most && op == attach;
        Some(op)
    }
}

impl Generator for Drain {
    fn name(&self) -> &'static str {
        "drain"
    }

    fn idea(&self) -> &'static str {
        "a user that holds as much as it may of every kind is emptied by its plan, and goes"
    }

    fn begin(&mut self) {
        *self = Self::default();
    }

    fn next(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        if !account.has_user(USER) {
            self.over = self.begun;
            self.begun = true;
            return (!self.over).then_some(Operation::create_user(USER));
        }
        while let Some(kind) = self.filling {
            if let Some(op) = self.fill(account, kind, can) {
                return Some(op);
            }
        }
        if !self.asked {
            self.asked = true;
            return Some(Operation::DeleteUser(USER));
        }
        plan_with_devices(account, USER).into_iter().next()
    }

    fn goes_on(&self) -> bool {
        !self.over
    }
}

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
