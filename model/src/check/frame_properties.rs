//! What the calls beside attachments do and are answered in every state, each in one sentence.
//!
//! Like the others, these do not borrow the words of the rules: they compare facts before and after.

use crate::check::exhaustive::Visit;
use crate::check::state_properties::most_parts;
use crate::check::transition_properties::{TransitionProperty, exists, is_open, refuses, there};
use crate::ids::{Path, User, UserChange};
use crate::operation::Operation;
use crate::semantics::conditions::Condition;
use crate::state::{Account, Attachment, SubResourceEntry};
use crate::tables::attachments::{AttachmentKind, Item, Status};
use crate::tables::resources::{Resource, ResourceKind};
use crate::tables::sub_resources::SubResource;
use crate::tables::validation::InputError;

/// Every sentence.
pub(crate) const ALL: [(&str, TransitionProperty); 9] = [
    ("what gets another name keeps everything, and nothing else changes", renames_carry_everything),
    (
        "no user and no group gets the name of another one, and any gets one that is free",
        names_are_unique,
    ),
    (
        "a permissions boundary is put, replaced and taken away, and holds its policy",
        boundaries_hold,
    ),
    (
        "a user is made with the path, the boundary and the tag that are asked for",
        makes_what_is_asked,
    ),
    (
        "what a group or a policy has is added, put in force and taken away, and nothing else",
        parts_come_and_go,
    ),
    (
        "a group that has policies is not deleted, nor a policy that has several versions",
        parts_hold,
    ),
    ("what exists is read and listed, and nothing else is", reads_what_exists),
    (
        "a password is changed by a user that has one, and a key is told of that somebody holds",
        owners_are_told,
    ),
    ("tags are put and taken away, put again and taken away again", tags_come_and_go),
];

/// The one sentence about calls that are put otherwise than they should be, of which the others say
/// nothing.
pub(crate) const PUT_OTHERWISE: (&str, TransitionProperty) = (
    "what is wrong with a call is said, and a name in another case or none at all means the user",
    means_the_same_or_is_refused,
);

type Own = (Path, Option<Item>, Vec<(AttachmentKind, Item, Status)>);

/// All that is true of a user but its name.
fn own(account: &Account, user: User) -> Own {
    let held = account.holdings().filter(|it| it.user == user);
    let held = held.map(|it: Attachment| (it.kind, it.item, it.status)).collect();
    (account.path(user), account.boundary(user), held)
}

fn members(account: &Account, group: Resource) -> Vec<User> {
    let of = |it: &Attachment| it.kind == AttachmentKind::GroupMembership && it.item == group.item;
    account.holdings().filter(of).map(|it| it.user).collect()
}

fn pieces(account: &Account, object: Resource) -> Vec<(SubResource, Item, bool)> {
    let of = |it: &SubResourceEntry| it.of == object;
    account.pieces().filter(of).map(|it| (it.part, it.item, it.default)).collect()
}

fn has(account: &Account, object: Resource, part: SubResource, item: Item) -> Option<bool> {
    let all = pieces(account, object);
    all.iter().find(|it| (it.0, it.1) == (part, item)).map(|it| it.2)
}

fn renames_carry_everything(visit: &Visit<'_>) -> bool {
    let (before, after) = (visit.before, visit.after);
    if !visit.may_be_done() {
        return true;
    }
    match visit.op {
        Operation::UpdateUser(user, UserChange { name: Some(name), path: None })
            if user != name =>
        {
            !exists(after, user)
                && exists(after, name)
                && own(before, user) == own(after, name)
                && before
                    .users()
                    .filter(|it| *it != user && *it != name)
                    .all(|it| exists(after, it) && own(before, it) == own(after, it))
        }
        Operation::UpdateUser(user, UserChange { name: None, path: Some(path) }) => {
            own(after, user) == (path, own(before, user).1, own(before, user).2)
                && before.users().eq(after.users())
        }
        Operation::Rename(group, Some(item)) if item != group.item => {
            let renamed = Resource { item, ..group };
            !there(after, group)
                && there(after, renamed)
                && members(before, group) == members(after, renamed)
                && pieces(before, group) == pieces(after, renamed)
        }
        _ => true,
    }
}

fn names_are_unique(visit: &Visit<'_>) -> bool {
    let (own, taken) = match visit.op {
        Operation::UpdateUser(user, change) if exists(visit.before, user) => {
            let same = change.name == Some(user) || change.name.is_none() && change.path.is_none();
            (same, change.name.is_some_and(|it| it != user && exists(visit.before, it)))
        }
        Operation::Rename(group, name) if there(visit.before, group) => {
            let taken =
                |item| item != group.item && there(visit.before, Resource { item, ..group });
            (name == Some(group.item), name.is_some_and(taken))
        }
        _ => return true,
    };
    match (own, taken) {
        (true, _) => is_open(visit),
        (_, true) => refuses(visit, Condition::NameTaken),
        _ => visit.must_be_done(),
    }
}

fn boundaries_hold(visit: &Visit<'_>) -> bool {
    let (before, after) = (visit.before, visit.after);
    let bounds = |policy: Resource| {
        policy.class == ResourceKind::Policy
            && before.users().any(|user| before.boundary(user) == Some(policy.item))
    };
    match visit.op {
        Operation::PutBoundary(user, item) => {
            let policy = Resource { class: ResourceKind::Policy, item };
            let can = exists(before, user) && there(before, policy);
            can == visit.must_be_done() && (!can || after.boundary(user) == Some(item))
        }
        Operation::DeleteBoundary(user) if exists(before, user) => {
            let set = before.boundary(user).is_some();
            after.boundary(user).is_none()
                && if set { visit.must_be_done() } else { is_open(visit) }
        }
        Operation::Delete(policy) if bounds(policy) => refuses(visit, Condition::IsBoundary),
        _ => true,
    }
}

fn makes_what_is_asked(visit: &Visit<'_>) -> bool {
    let Operation::CreateUser(user, extras) = visit.op else { return true };
    let tag = extras.tag.map(|it| (AttachmentKind::Tag, it, Status::Active)).into_iter().collect();
    let made = own(visit.after, user) == (extras.path, extras.boundary, tag);
    exists(visit.before, user) || !visit.may_be_done() || made
}

fn parts_come_and_go(visit: &Visit<'_>) -> bool {
    let (before, after) = (visit.before, visit.after);
    let Some((object, part)) = visit.op.part() else { return true };
    let item = visit.op.piece().unwrap_or_default();
    let (had, has_now) = (has(before, object, part, item), has(after, object, part, item));
    let others = |account: &Account| {
        let mut all = pieces(account, object);
        all.retain(|it| (it.0, it.1) != (part, item));
        all
    };
    let refers = visit.op.referred().is_none_or(|it| there(before, it));
    let can = there(before, object) && refers;
    match visit.op {
        // The five versions and the ten policies that C-017 and G-001 allow, once more.
        Operation::Add(..) => {
            let full =
                pieces(before, object).iter().filter(|it| it.0 == part).count() >= most_parts(part);
            let can = can && (!full || had.is_some() && part != SubResource::Version);
            can == visit.must_be_done()
                && (!can || has_now.is_some())
                && others(before) == others(after)
        }
        Operation::Remove(..) => {
            let can = can && had.is_some_and(|default| !default);
            can == visit.may_be_done()
                && (!can || has_now.is_none())
                && others(before) == others(after)
        }
        Operation::SetDefault(..) => {
            let only = pieces(after, object).iter().filter(|it| it.2).count() == 1;
            had.is_some() == visit.may_be_done() && (had.is_none() || has_now == Some(true) && only)
        }
        _ => true,
    }
}

fn parts_hold(visit: &Visit<'_>) -> bool {
    let Operation::Delete(object) = visit.op else { return true };
    let of = |part| pieces(visit.before, object).iter().filter(|it| it.0 == part).count();
    (of(SubResource::InlinePolicy) == 0
        || refuses(visit, Condition::HasParts(SubResource::InlinePolicy)))
        && (of(SubResource::AttachedPolicy) == 0
            || refuses(visit, Condition::HasParts(SubResource::AttachedPolicy)))
        && (of(SubResource::Version) < 2
            || refuses(visit, Condition::HasParts(SubResource::Version)))
}

fn reads_what_exists(visit: &Visit<'_>) -> bool {
    let before = visit.before;
    match visit.op {
        Operation::ListUsers(_)
        | Operation::ListAll(..)
        | Operation::Summary
        | Operation::Details => visit.must_be_done(),
        Operation::Read(object) | Operation::Holders(object) | Operation::Parts(object, _) => {
            there(before, object) == visit.must_be_done()
        }
        Operation::Part(object, part, item) => {
            has(before, object, part, item).is_some() == visit.must_be_done()
        }
        _ => true,
    }
}

fn owners_are_told(visit: &Visit<'_>) -> bool {
    let holds = |kind: AttachmentKind, item: Item, user: Option<User>| {
        visit
            .before
            .holdings()
            .any(|it| it.kind == kind && it.item == item && user.is_none_or(|user| user == it.user))
    };
    match visit.op {
        Operation::ChangePassword(user) => {
            let can = holds(AttachmentKind::LoginProfile, Item(0), Some(user));
            can == visit.must_be_done()
                && visit.allowed.refusals().any(|rule| rule.claim.reason == Condition::BeingChanged)
                    == exists(visit.before, user)
        }
        Operation::LastUsed(key) => {
            holds(AttachmentKind::AccessKey, key, None) == visit.must_be_done()
        }
        _ => true,
    }
}

fn tags_come_and_go(visit: &Visit<'_>) -> bool {
    let tag = |account: &Account, user, tag| {
        account.holdings().any(|it| (it.user, it.kind, it.item) == (user, AttachmentKind::Tag, tag))
    };
    match visit.op {
        Operation::Attach(user, AttachmentKind::Tag, item) if exists(visit.before, user) => {
            visit.must_be_done() && tag(visit.after, user, item)
        }
        Operation::Detach(user, AttachmentKind::Tag, item) if exists(visit.before, user) => {
            visit.must_be_done() && !tag(visit.after, user, item)
        }
        Operation::List(user, AttachmentKind::Tag) => {
            exists(visit.before, user) == visit.must_be_done()
        }
        _ => true,
    }
}

/// The user is made and renamed by names that differ; it is found by a name in another case. A listing
/// may be asked for item by item wherever it may be asked for at once.
fn means_the_same_or_is_refused(visit: &Visit<'_>) -> bool {
    let Operation::Flawed(user, flaw) = visit.op else { return true };
    let (row, sound) = (flaw.row(), visit.op.sound());
    let named = Condition::Flawed(row.member, row.defect);
    let said = visit.allowed.rules().any(|rule| rule.claim.reason == named);
    let can = visit.scope.allowed(visit.before, &sound).may_be_done();
    let gives = matches!(sound, Operation::CreateUser(..) | Operation::UpdateUser(..));
    match row.defect {
        InputError::OtherCase | InputError::Absent if !exists(visit.before, user) => {
            !said && can == visit.may_be_done()
        }
        InputError::OtherCase if gives => said && !visit.may_be_done(),
        InputError::OtherCase | InputError::Absent | InputError::OneByOne => {
            said == can && can == visit.may_be_done()
        }
        _ => said && !visit.may_be_done(),
    }
}
