//! Properties of every call in every state: effects, refusals, and the progress of deletion plans.
//!
//! Like the properties of states, these do not use the functions that evaluate the rules. They
//! compare the facts before and after a call.

use crate::check::state_properties::{
    attachments_of, count_of, item_quota, resource_exists, user_exists,
};
use crate::check::{TransitionProperty, Visit};
use crate::ids::{IssueOptions, Status, User};
use crate::kind::{AttachmentKind, Resource, ResourceKind, SubResource};
use crate::operation::Operation;
use crate::rule::Condition;
use crate::semantics::deletion_plan::{deletion_plan, deletion_plan_with_devices};
use crate::state::{Account, Attachment};
use crate::tables::attachments::Naming;

/// The properties of effects and refusals.
pub(crate) const ALL: [(&str, TransitionProperty); 10] = [
    ("a call changes only what it names", changes_only_what_it_names),
    (
        "a successful call has its effect, and a read or a new secret changes nothing",
        has_its_effect,
    ),
    ("no call about a user that does not exist succeeds, except CreateUser", needs_its_user),
    (
        "no call about a group, policy or device that does not exist succeeds, except its creation",
        needs_its_resource,
    ),
    ("an entity is created if and only if it does not exist", creates_only_missing_entities),
    (
        "an item that no user holds is not read, changed or removed, except a membership or a tag",
        needs_its_attachment,
    ),
    ("an attachment is repeated only by the actions that permit it", repeats_only_if_permitted),
    ("only a call on a recent change may be refused for a while", refuses_recent_changes_only),
    ("an item that the user holds can be read, changed and removed", held_items_are_accessible),
    ("a free item within the quota can be attached", free_items_are_attachable),
];

/// The properties of deletion plans.
pub(crate) const PROGRESS: [(&str, TransitionProperty); 2] = [
    ("the deletion plan of every user works and leaves other users unchanged", plan_works),
    ("no call shortens a deletion plan by more than one step", plan_is_shortest),
];

/// The attachments that the call names: those of `user`, or of all users.
fn named_attachments<'a>(
    account: &'a Account,
    op: &'a Operation,
    user: Option<User>,
) -> impl Iterator<Item = Attachment> + 'a {
    let (kind, item) = (op.kind(), op.item().unwrap_or_default());
    account.attachments().filter(move |held| {
        kind == Some(held.kind) && held.item == item && user.is_none_or(|user| user == held.user)
    })
}

fn changes_only_what_it_names(visit: &Visit<'_>) -> bool {
    let (before, after, op) = (visit.before, visit.after, &visit.op);
    if before == after {
        return true;
    }
    let new_name = match *op {
        Operation::UpdateUser(_, change) => change.name,
        _ => None,
    };
    let (user, kind, item) = (op.user(), op.kind(), op.item().unwrap_or_default());
    let is_named = |it: User| [user, new_name].contains(&Some(it));
    let is_other_resource = |it: Resource| !names_resource(op, it);
    // `creates_users_with_options` checks a user that is created while it exists.
    let whole_user = matches!(op, Operation::DeleteUser(_) | Operation::CreateUser(..));
    let renames_group = matches!(op, Operation::RenameResource(..));
    let is_other = |held: &Attachment| {
        let same_item = kind == Some(held.kind) && item == held.item;
        let group = Resource { kind: ResourceKind::Group, item: held.item };
        let of_renamed_group = renames_group && held.kind == AttachmentKind::GroupMembership;
        !(user == Some(held.user) && (whole_user || same_item)
            || new_name.is_some() && is_named(held.user)
            || of_renamed_group && names_resource(op, group))
    };
    let other_users = || before.users().filter(|it| !is_named(*it));
    let resources_before = before.resources().filter(|it| is_other_resource(*it));
    let entries_before = before.all_sub_resources().filter(|it| is_other_resource(it.resource));
    other_users().eq(after.users().filter(|it| !is_named(*it)))
        && other_users().all(|it| before.path(it) == after.path(it))
        && other_users().all(|it| before.boundary(it) == after.boundary(it))
        && resources_before.eq(after.resources().filter(|it| is_other_resource(*it)))
        && entries_before.eq(after.all_sub_resources().filter(|it| is_other_resource(it.resource)))
        && before.attachments().filter(is_other).eq(after.attachments().filter(is_other))
}

/// Returns true if the call is about the resource, its name or its sub-resources.
fn names_resource(op: &Operation, resource: Resource) -> bool {
    match *op {
        Operation::CreateResource(it) | Operation::DeleteResource(it) => it == resource,
        Operation::RenameResource(it, name) => {
            it == resource || name == Some(resource.item) && it.kind == resource.kind
        }
        _ => op.sub_resource().is_some_and(|(it, _)| it == resource),
    }
}

fn has_its_effect(visit: &Visit<'_>) -> bool {
    let (before, after, op) = (visit.before, visit.after, &visit.op);
    if !visit.may_succeed() {
        return before == after;
    }
    let named = |account| named_attachments(account, op, op.user()).next();
    match *op {
        Operation::CreateUser(user, _) => user_exists(after, user),
        Operation::DeleteUser(user) => {
            !user_exists(after, user) && attachments_of(after, user).next().is_none()
        }
        Operation::CreateResource(resource) => resource_exists(after, resource),
        Operation::DeleteResource(resource) => !resource_exists(after, resource),
        Operation::Attach(..) | Operation::Issue(..) => named(after).is_some_and(|it| {
            it.status == named(before).map_or(Status::Active, |before| before.status)
        }),
        Operation::SetStatus(.., status) => {
            named(before).is_none() || named(after).is_some_and(|it| it.status == status)
        }
        Operation::Detach(..) => named(after).is_none(),
        Operation::ResetSecret(..) | Operation::ChangePassword(_) => before == after,
        // The frame properties check the other calls that change something.
        _ => !op.is_read() || before == after,
    }
}

fn needs_its_user(visit: &Visit<'_>) -> bool {
    let user_missing = visit.op.user().is_some_and(|user| !user_exists(visit.before, user));
    match visit.op {
        _ if !user_missing => true,
        Operation::CreateUser(..) => true,
        // A user that does not exist cannot call for itself.
        Operation::ChangePassword(_) => !visit.may_succeed(),
        _ => visit.refuses(Condition::NoSuchUser),
    }
}

fn needs_its_resource(visit: &Visit<'_>) -> bool {
    let op = &visit.op;
    let resource_missing = op.resource().is_some_and(|it| !resource_exists(visit.before, it));
    if !resource_missing || matches!(op, Operation::CreateResource(_)) {
        return true;
    }
    let needs_codes = matches!(
        op,
        Operation::Attach(_, AttachmentKind::MfaDevice, _) | Operation::ResetSecret(..)
    );
    let names_version = matches!(op.sub_resource(), Some((_, SubResource::Version)))
        && op.entry().is_some()
        && !matches!(op, Operation::AddSubResource(..));
    // One text is recorded for both conditions (C-019).
    names_version && visit.refuses(Condition::NoSuchVersion)
        || visit.refuses(Condition::NoSuchResource)
            && (!needs_codes || visit.refuses(Condition::NoValidCodes))
}

fn creates_only_missing_entities(visit: &Visit<'_>) -> bool {
    match visit.op {
        Operation::CreateUser(user, _) => {
            let possible = !user_exists(visit.before, user)
                && visit.op.resource().is_none_or(|policy| resource_exists(visit.before, policy));
            possible == visit.may_succeed() && possible == visit.must_succeed()
        }
        Operation::CreateResource(resource) => {
            resource_exists(visit.before, resource) != visit.must_succeed()
        }
        _ => true,
    }
}

/// It is unknown whether a user can deactivate a device that it does not hold, and what
/// happens to the id of another user's item.
fn needs_its_attachment(visit: &Visit<'_>) -> bool {
    let op = &visit.op;
    let Some(kind) = op.kind() else { return true };
    let naming = kind.row().naming;
    let accesses_item = match op {
        Operation::Get(..)
        | Operation::SetStatus(..)
        | Operation::ResetSecret(..)
        | Operation::Detach(..) => true,
        Operation::List(..) => naming == Naming::Single,
        _ => false,
    };
    let user = op.user().filter(|user| accesses_item && user_exists(visit.before, *user));
    let Some(user) = user else { return true };
    if named_attachments(visit.before, op, Some(user)).next().is_some() {
        return true;
    }
    let another_holds_it = named_attachments(visit.before, op, None).next().is_some();
    let is_device = kind == AttachmentKind::MfaDevice;
    if is_device && op.resource().is_some_and(|it| resource_exists(visit.before, it))
        || another_holds_it && naming == Naming::Service
    {
        return visit.is_unspecified();
    }
    // RemoveUserFromGroup and UntagUser succeed (B-GR-03, B-TG-06).
    [AttachmentKind::GroupMembership, AttachmentKind::Tag].contains(&kind) || !visit.may_succeed()
}

/// It is unknown whether an enabled device can be enabled again, and whether a body can be
/// uploaded again.
fn repeats_only_if_permitted(visit: &Visit<'_>) -> bool {
    let (account, op) = (visit.before, &visit.op);
    let holds = |item| {
        account.attachments().any(|held| {
            op.kind() == Some(held.kind) && held.item == item && op.user() == Some(held.user)
        })
    };
    match *op {
        Operation::Attach(_, AttachmentKind::LoginProfile, item) => {
            !holds(item) || !visit.may_succeed()
        }
        Operation::Attach(_, AttachmentKind::MfaDevice, item) => {
            !holds(item) || visit.is_unspecified()
        }
        Operation::Issue(.., IssueOptions::SameBodyAs(other)) => {
            !holds(other) || !visit.must_succeed()
        }
        _ => true,
    }
}

/// A login profile that was just created (B-LP-17), or a user that just changed (D-022).
fn refuses_recent_changes_only(visit: &Visit<'_>) -> bool {
    let (account, op) = (visit.before, &visit.op);
    let may_be_recent = match *op {
        Operation::Detach(user, AttachmentKind::LoginProfile, _)
        | Operation::ResetSecret(user, AttachmentKind::LoginProfile, _) => {
            named_attachments(account, op, Some(user)).next().is_some()
        }
        Operation::Attach(user, AttachmentKind::MfaDevice, _)
        | Operation::Detach(user, AttachmentKind::MfaDevice, _)
        | Operation::UpdateUser(user, _)
        | Operation::ChangePassword(user) => user_exists(account, user),
        _ => false,
    };
    may_be_recent == visit.allowed.refusals().any(|rule| rule.clause.condition.is_transient())
}

fn held_items_are_accessible(visit: &Visit<'_>) -> bool {
    let op = &visit.op;
    let user = op.user().filter(|user| user_exists(visit.before, *user));
    let Some(user) = user else { return true };
    let holds = || named_attachments(visit.before, op, Some(user)).next().is_some();
    let accessible = match op {
        Operation::GetUser(_) => true,
        Operation::List(_, kind) => kind.row().naming != Naming::Single || holds(),
        Operation::Get(..) | Operation::SetStatus(..) | Operation::ResetSecret(..) => holds(),
        // Removing a user from a group that it is not in succeeds (B-GR-03).
        Operation::Detach(_, kind, _) => {
            let is_membership = *kind == AttachmentKind::GroupMembership;
            let group_exists = || op.resource().is_some_and(|it| resource_exists(visit.before, it));
            holds() || is_membership && group_exists()
        }
        _ => false,
    };
    !accessible || visit.must_succeed()
}

fn free_items_are_attachable(visit: &Visit<'_>) -> bool {
    let (account, op) = (visit.before, &visit.op);
    let (Some(user), Some(kind)) = (op.user(), op.kind()) else { return true };
    if !matches!(op, Operation::Attach(..) | Operation::Issue(..)) || !user_exists(account, user) {
        return true;
    }
    let is_device = kind.row().refers_to == Some(ResourceKind::Device);
    let holder = Some(user).filter(|_| !is_device);
    let taken = named_attachments(account, op, holder).next().is_some();
    // These actions can be repeated (B-IP-02, B-GR-02, B-MP-08, B-TG-07). It is unknown whether
    // they can if the quota is reached.
    let repeatable = matches!(
        kind,
        AttachmentKind::InlinePolicy
            | AttachmentKind::GroupMembership
            | AttachmentKind::ManagedPolicy
            | AttachmentKind::Tag
    );
    let resource_exists = op.resource().is_none_or(|it| resource_exists(account, it));
    let new_body = !matches!(op, Operation::Issue(.., IssueOptions::SameBodyAs(_)));
    let within_quota = count_of(account, user, kind) < item_quota(kind);
    let free = resource_exists && new_body && within_quota && (!taken || repeatable);
    !free || visit.must_succeed()
}

/// Checked once for each user and state: at `GetUser`.
fn plan_works(visit: &Visit<'_>) -> bool {
    let Operation::GetUser(user) = visit.op else { return true };
    if !user_exists(visit.before, user) {
        return true;
    }
    if state_after(visit, &deletion_plan_with_devices(visit.before, user)).is_none() {
        return false;
    }
    let Some(after) = state_after(visit, &deletion_plan(visit.before, user)) else { return false };
    let of_others = |account: &Account| {
        account.attachments().filter(|held| held.user != user).collect::<Vec<_>>()
    };
    !user_exists(&after, user)
        && of_others(&after) == of_others(visit.before)
        && after.resources().eq(visit.before.resources())
}

/// The state after these calls, if each of them is certain to succeed.
fn state_after(visit: &Visit<'_>, plan: &[Operation]) -> Option<Account> {
    plan.iter().try_fold(visit.before.clone(), |account, op| {
        let certain = visit.scope.allowed(&account, op).must_succeed();
        certain.then(|| visit.scope.next(&account, op))
    })
}

/// If no call shortens a plan by more than one step, no sequence of calls is shorter than the plan.
fn plan_is_shortest(visit: &Visit<'_>) -> bool {
    let length = |account: &Account, user| deletion_plan(account, user).len();
    let name_after = |user| match visit.op {
        Operation::UpdateUser(renamed, change) if renamed == user => change.name.unwrap_or(user),
        _ => user,
    };
    !visit.must_succeed()
        || visit.before == visit.after
        || visit
            .before
            .users()
            .all(|user| length(visit.after, name_after(user)) + 1 >= length(visit.before, user))
}
