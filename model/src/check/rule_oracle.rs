//! Every reason once more, by counting facts: a rule is in force where its reason is so, and nowhere
//! else.
//!
//! Without this a rule could be taken for another one that refuses as well, or hold of one user and
//! not of the next.

use crate::check::exhaustive::Visit;
use crate::check::state_properties::{by, most, most_parts};
use crate::check::transition_properties::{TransitionProperty, exists, there};
use crate::ids::{IssueOptions, User, UserChange};
use crate::operation::Operation;
use crate::rule::{Expected, Rule};
use crate::semantics::conditions::Condition;
use crate::state::{Account, Attachment, SubResourceEntry};
use crate::tables::attachments::{AttachmentKind, Naming, Status};
use crate::tables::resources::{Resource, ResourceKind};
use crate::tables::sub_resources::SubResource;

/// The sentence.
pub(crate) const RECOUNTED: (&str, TransitionProperty) =
    ("every rule is in force where its reason is so, and nowhere else", is_recounted);

fn is_recounted(visit: &Visit<'_>) -> bool {
    let Some(call) = visit.op.call() else { return true };
    let account = visit.before;
    // Nothing is carried out for a user that is not there, whatever else is so.
    let can = |rule: &Rule| {
        rule.claim.answer != Expected::Done || visit.op.user().is_none_or(|it| exists(account, it))
    };
    let so = |rule: &Rule| can(rule) && is_so(rule.claim.reason, account, &visit.op);
    let rules = || call.claims.iter().map(|claim| Rule { call, claim });
    let expected = rules().filter(|it| it.claim.reason != Condition::Unhindered).filter(so);
    let said = visit.allowed.rules().filter(|it| it.claim.reason != Condition::Unhindered);
    said.eq(expected)
}

/// Whether the reason is so.
fn is_so(reason: Condition, account: &Account, op: &Operation) -> bool {
    let user_is_there = op.user().is_none_or(|user| exists(account, user));
    let object_is_there = op.object().is_none_or(|object| there(account, object));
    let bounds = |user: User| account.boundary(user).map(policy);
    match reason {
        Condition::Unhindered | Condition::Flawed(..) => true,
        Condition::UserExists | Condition::BeingChanged => user_is_there,
        Condition::NoSuchUser => !user_is_there,
        // The 5,000 users of G-001 are in no scope.
        Condition::AccountFull => false,
        Condition::ObjectExists => object_is_there,
        Condition::NoSuchObject | Condition::NoRightCodes => !object_is_there,
        Condition::NameTaken => new_name(account, op) == NewName::Taken,
        Condition::SameName => new_name(account, op) == NewName::Same,
        Condition::InUse => op.object().is_some_and(|object| is_used(account, object)),
        Condition::IsBoundary => account.users().any(|user| bounds(user) == op.object()),
        Condition::NoBoundary => op.user().is_some_and(|it| user_is_there && bounds(it).is_none()),
        Condition::Holds(kind) => statuses(account, op, kind).contains(&Status::Active),
        Condition::HoldsInactive(kind) => {
            let held = statuses(account, op, kind);
            !held.is_empty() && !held.contains(&Status::Active)
        }
        Condition::HasParts(_)
        | Condition::AlreadyPart
        | Condition::NotPart
        | Condition::NoSuchVersion
        | Condition::NoSuchPolicy
        | Condition::IsDefault
        | Condition::PartsFull => is_so_of_parts(reason, account, op, object_is_there),
        Condition::AlreadyHeld
        | Condition::BeingMade
        | Condition::HeldByAnother
        | Condition::SameBody
        | Condition::NotHeld
        | Condition::QuotaReached => {
            is_so_of_items(reason, account, op, user_is_there, object_is_there)
        }
    }
}

fn is_so_of_parts(reason: Condition, account: &Account, op: &Operation, there: bool) -> bool {
    let pieces = |part| {
        let own = move |it: &SubResourceEntry| Some(it.of) == op.object() && it.part == part;
        account.pieces().filter(own)
    };
    let part = op.part().map(|(_, part)| part);
    let named = part.into_iter().flat_map(pieces).find(|it| Some(it.item) == op.piece());
    let policy_is_there =
        op.referred().is_none_or(|policy| account.objects().any(|it| it == policy));
    match reason {
        Condition::HasParts(SubResource::Version) => pieces(SubResource::Version).count() > 1,
        Condition::HasParts(part) => pieces(part).next().is_some(),
        Condition::AlreadyPart => named.is_some(),
        Condition::NotPart => there && policy_is_there && named.is_none(),
        Condition::NoSuchVersion => named.is_none(),
        Condition::NoSuchPolicy => !policy_is_there,
        Condition::IsDefault => named.is_some_and(|it| it.default),
        Condition::PartsFull => part.is_some_and(|part| {
            pieces(part).count() >= most_parts(part)
                && (named.is_none() || part == SubResource::Version)
        }),
        _ => false,
    }
}

fn is_so_of_items(
    reason: Condition,
    account: &Account,
    op: &Operation,
    user_is_there: bool,
    object_is_there: bool,
) -> bool {
    let Some(kind) = op.kind() else { return false };
    let named = |held: &Attachment| held.kind == kind && held.item == op.item().unwrap_or_default();
    let own = |held: &Attachment| op.user() == Some(held.user);
    let held = account.holdings().any(|it| named(&it) && own(&it));
    // What the service names, and a device, is one user's; other names are as many as there are users.
    let one_users = kind.row().naming == Naming::Service || kind == AttachmentKind::MfaDevice;
    let held_by_another = one_users && !held && account.holdings().any(|it| named(&it));
    let again = matches!(
        kind,
        AttachmentKind::MfaDevice | AttachmentKind::InlinePolicy | AttachmentKind::Tag
    ) && held;
    match reason {
        Condition::AlreadyHeld => held,
        Condition::BeingMade => user_is_there && held,
        Condition::HeldByAnother => held_by_another,
        Condition::NotHeld => object_is_there && !held && !held_by_another,
        Condition::SameBody => match *op {
            Operation::Issue(.., IssueOptions::BodyOf(other)) => {
                account.holdings().any(|it| it.kind == kind && it.item == other)
            }
            _ => false,
        },
        Condition::QuotaReached => op.user().is_some_and(|user| {
            by(account, user).filter(|it| it.kind == kind).count() >= most(kind) && !again
        }),
        _ => false,
    }
}

#[derive(PartialEq, Eq)]
enum NewName {
    Same,
    Free,
    Taken,
}

fn new_name(account: &Account, op: &Operation) -> NewName {
    let name = |same, taken| match (same, taken) {
        (true, _) => NewName::Same,
        (false, true) => NewName::Taken,
        (false, false) => NewName::Free,
    };
    match *op {
        Operation::UpdateUser(_, UserChange { name: None, path }) => name(path.is_none(), false),
        Operation::UpdateUser(user, UserChange { name: Some(other), .. }) => {
            name(other == user, exists(account, other))
        }
        Operation::Rename(group, Some(item)) => {
            name(item == group.item, there(account, Resource { item, ..group }))
        }
        _ => NewName::Free,
    }
}

const fn policy(item: crate::tables::attachments::Item) -> Resource {
    Resource { class: ResourceKind::Policy, item }
}

/// Whether a user or a group has it.
fn is_used(account: &Account, object: Resource) -> bool {
    let holds = |held: Attachment| {
        held.item == object.item
            && match object.class {
                ResourceKind::Group => held.kind == AttachmentKind::GroupMembership,
                ResourceKind::Policy => held.kind == AttachmentKind::ManagedPolicy,
                ResourceKind::Device => held.kind == AttachmentKind::MfaDevice,
            }
    };
    let attached =
        |it: SubResourceEntry| it.part == SubResource::AttachedPolicy && policy(it.item) == object;
    account.holdings().any(holds) || account.pieces().any(attached)
}

fn statuses(account: &Account, op: &Operation, kind: AttachmentKind) -> Vec<Status> {
    let held = account.holdings().filter(|it| it.kind == kind && op.user() == Some(it.user));
    held.map(|it| it.status).collect()
}
