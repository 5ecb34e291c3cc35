//! A second statement of each condition, by counting facts: a rule is in force if and only if its
//! condition holds.
//!
//! Without this check, one rule could stand in for another that also refuses the call, or a rule
//! could hold for one user and not for the next.

use crate::check::state_properties::{
    count_of, item_quota, policy, resource_exists, sub_resource_quota, user_exists,
};
use crate::check::{TransitionProperty, Visit};
use crate::ids::{IssueOptions, Status, User, UserChange};
use crate::kind::{AttachmentKind, Resource, ResourceKind, SubResource};
use crate::operation::Operation;
use crate::rule::{Condition, Expected, Rule};
use crate::state::{Account, Attachment, SubResourceEntry};
use crate::tables::attachments::Naming;

/// The property.
pub(crate) const PROPERTY: (&str, TransitionProperty) =
    ("a rule is in force if and only if its condition holds", rules_match_conditions);

fn rules_match_conditions(visit: &Visit<'_>) -> bool {
    let Some(action) = visit.op.action() else { return true };
    let account = visit.before;
    // A clause for success applies only if the user exists.
    let may_apply = |rule: &Rule| {
        rule.clause.expected != Expected::Success
            || visit.op.user().is_none_or(|user| user_exists(account, user))
    };
    let has_condition = |rule: &Rule| rule.clause.condition != Condition::Unhindered;
    let expected = action
        .clauses
        .iter()
        .map(|claim| Rule { action, clause: claim })
        .filter(has_condition)
        .filter(|rule| may_apply(rule) && expected(rule.clause.condition, account, &visit.op));
    visit.allowed.rules().filter(has_condition).eq(expected)
}

/// Returns true if the condition holds.
fn expected(condition: Condition, account: &Account, op: &Operation) -> bool {
    let user_exists = op.user().is_none_or(|user| user_exists(account, user));
    let resource_exists = op.resource().is_none_or(|resource| resource_exists(account, resource));
    let boundary = |user: User| account.boundary(user).map(policy);
    match condition {
        Condition::Unhindered | Condition::InvalidInput(..) => true,
        Condition::UserExists | Condition::RecentlyChanged => user_exists,
        Condition::NoSuchUser => !user_exists,
        // No scope has the 5,000 users of G-001.
        Condition::AccountFull => false,
        Condition::ResourceExists => resource_exists,
        Condition::NoSuchResource | Condition::NoValidCodes => !resource_exists,
        Condition::NameTaken => new_name(account, op) == NewName::Taken,
        Condition::SameName => new_name(account, op) == NewName::Unchanged,
        Condition::InUse => op.resource().is_some_and(|resource| is_used(account, resource)),
        Condition::IsBoundary => account.users().any(|user| boundary(user) == op.resource()),
        Condition::NoBoundary => {
            op.user().is_some_and(|user| user_exists && boundary(user).is_none())
        }
        Condition::Holds(kind) => statuses(account, op, kind).contains(&Status::Active),
        Condition::HoldsInactive(kind) => {
            let statuses = statuses(account, op, kind);
            !statuses.is_empty() && !statuses.contains(&Status::Active)
        }
        Condition::HasSubResources(_)
        | Condition::HasEntry
        | Condition::NoSuchEntry
        | Condition::NoSuchVersion
        | Condition::NoSuchPolicy
        | Condition::IsDefault
        | Condition::SubResourceQuotaReached => {
            expected_of_sub_resources(condition, account, op, resource_exists)
        }
        Condition::AlreadyHeld
        | Condition::RecentlyCreated
        | Condition::HeldByAnother
        | Condition::SameBody
        | Condition::NotHeld
        | Condition::QuotaReached => {
            expected_of_attachments(condition, account, op, user_exists, resource_exists)
        }
    }
}

fn expected_of_sub_resources(
    condition: Condition,
    account: &Account,
    op: &Operation,
    resource_exists: bool,
) -> bool {
    let entries = |kind| {
        let of_resource = move |it: &SubResourceEntry| Some(it.resource) == op.resource();
        account.all_sub_resources().filter(of_resource).filter(move |it| it.kind == kind)
    };
    let kind = op.sub_resource().map(|(_, kind)| kind);
    let named = kind.into_iter().flat_map(entries).find(|it| Some(it.item) == op.entry());
    let policy_exists =
        op.referenced_policy().is_none_or(|policy| account.resources().any(|it| it == policy));
    match condition {
        Condition::HasSubResources(SubResource::Version) => {
            entries(SubResource::Version).count() > 1
        }
        Condition::HasSubResources(kind) => entries(kind).next().is_some(),
        Condition::HasEntry => named.is_some(),
        Condition::NoSuchEntry => resource_exists && policy_exists && named.is_none(),
        Condition::NoSuchVersion => named.is_none(),
        Condition::NoSuchPolicy => !policy_exists,
        Condition::IsDefault => named.is_some_and(|it| it.is_default),
        Condition::SubResourceQuotaReached => kind.is_some_and(|kind| {
            entries(kind).count() >= sub_resource_quota(kind)
                && (named.is_none() || kind == SubResource::Version)
        }),
        _ => false,
    }
}

fn expected_of_attachments(
    condition: Condition,
    account: &Account,
    op: &Operation,
    user_exists: bool,
    resource_exists: bool,
) -> bool {
    let Some(kind) = op.kind() else { return false };
    let item = op.item().unwrap_or_default();
    let is_named = |held: &Attachment| held.kind == kind && held.item == item;
    let held = account.attachments().any(|it| is_named(&it) && op.user() == Some(it.user));
    // An item that the service names, and a device, has at most one holder.
    let has_one_holder = kind.row().naming == Naming::Service || kind == AttachmentKind::MfaDevice;
    let held_by_another = has_one_holder && !held && account.attachments().any(|it| is_named(&it));
    let replaces = held
        && matches!(
            kind,
            AttachmentKind::MfaDevice | AttachmentKind::InlinePolicy | AttachmentKind::Tag
        );
    match condition {
        Condition::AlreadyHeld => held,
        Condition::RecentlyCreated => user_exists && held,
        Condition::HeldByAnother => held_by_another,
        Condition::NotHeld => resource_exists && !held && !held_by_another,
        Condition::SameBody => match *op {
            Operation::Issue(.., IssueOptions::SameBodyAs(other)) => {
                account.attachments().any(|it| it.kind == kind && it.item == other)
            }
            _ => false,
        },
        Condition::QuotaReached => op
            .user()
            .is_some_and(|user| count_of(account, user, kind) >= item_quota(kind) && !replaces),
        _ => false,
    }
}

/// The result of a request for a new name.
#[derive(PartialEq, Eq)]
enum NewName {
    Unchanged,
    Free,
    Taken,
}

fn new_name(account: &Account, op: &Operation) -> NewName {
    let (unchanged, taken) = match *op {
        Operation::UpdateUser(_, UserChange { name: None, path }) => (path.is_none(), false),
        Operation::UpdateUser(user, UserChange { name: Some(name), path }) => {
            let moves = path.is_some_and(|path| path != account.path(user));
            (name == user && !moves, name != user && user_exists(account, name))
        }
        Operation::RenameResource(group, Some(item)) => {
            (item == group.item, resource_exists(account, Resource { item, ..group }))
        }
        _ => return NewName::Free,
    };
    match (unchanged, taken) {
        (true, _) => NewName::Unchanged,
        (false, true) => NewName::Taken,
        (false, false) => NewName::Free,
    }
}

/// Returns true if a user or a group uses the resource.
fn is_used(account: &Account, resource: Resource) -> bool {
    let kind = match resource.kind {
        ResourceKind::Group => AttachmentKind::GroupMembership,
        ResourceKind::Policy => AttachmentKind::ManagedPolicy,
        ResourceKind::Device => AttachmentKind::MfaDevice,
    };
    let attached_to_group = |it: SubResourceEntry| {
        it.kind == SubResource::AttachedPolicy && policy(it.item) == resource
    };
    account.attachments().any(|held| held.kind == kind && held.item == resource.item)
        || account.all_sub_resources().any(attached_to_group)
}

fn statuses(account: &Account, op: &Operation, kind: AttachmentKind) -> Vec<Status> {
    let held = account.attachments().filter(|it| it.kind == kind && op.user() == Some(it.user));
    held.map(|it| it.status).collect()
}
