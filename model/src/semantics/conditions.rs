//! The meaning of each [`Condition`]: a predicate on the account and the operation.
//!
//! This is the only module that evaluates conditions. [`crate::logic::statements`] and the
//! properties in [`crate::check`] state them again, without the functions below.

use crate::ids::{IssueOptions, Status, UserChange};
use crate::kind::{AttachmentKind, Resource, ResourceKind, SubResource};
use crate::operation::Operation;
use crate::rule::{Condition, InputError};
use crate::state::{Account, SubResourceEntry};
use crate::tables::attachments::Naming;

/// Returns true if the condition holds for `op` in `account`.
#[must_use]
pub fn holds(condition: Condition, account: &Account, op: &Operation) -> bool {
    match condition {
        Condition::Unhindered => true,
        Condition::InvalidInput(member, error) => is_invalid(account, op, member, error),
        Condition::UserExists | Condition::RecentlyChanged => {
            op.user().is_some_and(|user| account.has_user(user))
        }
        Condition::NoSuchUser => op.user().is_some_and(|user| !account.has_user(user)),
        Condition::AccountFull => account_full(account, op),
        Condition::ResourceExists => {
            op.resource().is_some_and(|resource| account.has_resource(resource))
        }
        // An attachment to a missing resource is left over from a divergence of the endpoint. The
        // response in such a state is unknown.
        Condition::NoSuchResource | Condition::NoValidCodes => {
            op.resource().is_some_and(|resource| !account.has_resource(resource))
                && Holder::of(account, op) != Holder::This
        }
        Condition::NameTaken => new_name_taken(account, op),
        Condition::SameName => changes_nothing(account, op),
        Condition::InUse => op.resource().is_some_and(|resource| account.is_in_use(resource)),
        Condition::IsBoundary => {
            op.resource().is_some_and(|resource| account.is_boundary(resource))
        }
        Condition::NoBoundary => {
            op.user().is_some_and(|user| account.has_user(user) && account.boundary(user).is_none())
        }
        Condition::HasSubResources(kind) => has_sub_resources(account, op, kind),
        Condition::HasEntry => named_entry(account, op).is_some(),
        Condition::NoSuchEntry | Condition::NoSuchVersion => entry_missing(account, op, condition),
        Condition::NoSuchPolicy => {
            op.referenced_policy().is_some_and(|policy| !account.has_resource(policy))
        }
        Condition::IsDefault => named_entry(account, op).is_some_and(|entry| entry.is_default),
        Condition::SubResourceQuotaReached => sub_resources_full(account, op),
        Condition::AlreadyHeld | Condition::RecentlyCreated => {
            Holder::of(account, op) == Holder::This
        }
        Condition::HeldByAnother => Holder::of(account, op) == Holder::Other,
        Condition::NotHeld => not_held(account, op),
        Condition::SameBody => same_body_held(account, op),
        Condition::QuotaReached => quota_reached(account, op),
        Condition::Holds(kind) => statuses(account, op, kind).any(|it| it == Status::Active),
        Condition::HoldsInactive(kind) => {
            let mut statuses = statuses(account, op, kind).peekable();
            statuses.peek().is_some() && statuses.all(|it| it == Status::Inactive)
        }
    }
}

/// Returns true if `op` is this invalid request, and its subject exists if the rule needs one.
fn is_invalid(account: &Account, op: &Operation, member: &str, error: InputError) -> bool {
    let Operation::Invalid(_, invalid) = *op else { return false };
    let row = invalid.row();
    let subject_exists = || match op.resource() {
        Some(resource) => account.has_resource(resource),
        None => op.user().is_none_or(|user| account.has_user(user)),
    };
    (row.parameter, row.error) == (member, error) && (!error.needs_subject() || subject_exists())
}

fn account_full(account: &Account, op: &Operation) -> bool {
    matches!(op, Operation::CreateUser(..)) && account.user_count() >= account.users_quota()
}

/// Who holds the item that an operation names.
#[derive(PartialEq, Eq)]
enum Holder {
    This,
    Other,
    Nobody,
}

impl Holder {
    fn of(account: &Account, op: &Operation) -> Self {
        let (Some(user), Some(kind)) = (op.user(), op.kind()) else { return Self::Nobody };
        let item = op.item().unwrap_or_default();
        if account.attachment(user, kind, item).is_some() {
            return Self::This;
        }
        let has_one_holder = kind.row().naming == Naming::Service
            || kind.row().refers_to == Some(ResourceKind::Device);
        if has_one_holder && account.holders(kind, item).next().is_some() {
            Self::Other
        } else {
            Self::Nobody
        }
    }
}

/// Returns true if another user or group has the requested new name.
fn new_name_taken(account: &Account, op: &Operation) -> bool {
    match op.well_formed() {
        Operation::UpdateUser(user, UserChange { name: Some(name), .. }) => {
            name != user && account.has_user(name)
        }
        Operation::RenameResource(resource, Some(name)) => {
            name != resource.item && account.has_resource(Resource { item: name, ..resource })
        }
        _ => false,
    }
}

/// Returns true if the request changes nothing: it has no new name and no new path, or the
/// own name without another path. The own name with another path is a change (C-068).
fn changes_nothing(account: &Account, op: &Operation) -> bool {
    match op.well_formed() {
        Operation::UpdateUser(_, UserChange { name: None, path }) => path.is_none(),
        Operation::UpdateUser(user, UserChange { name: Some(name), path }) => {
            name == user && path.is_none_or(|path| path == account.path(user))
        }
        Operation::RenameResource(resource, name) => name == Some(resource.item),
        _ => false,
    }
}

/// The first version of a policy does not count: the policy always has one.
fn has_sub_resources(account: &Account, op: &Operation, kind: SubResource) -> bool {
    let uncounted = usize::from(kind == SubResource::Version);
    op.resource().is_some_and(|resource| account.sub_resources(resource, kind).count() > uncounted)
}

/// The sub-resource that the operation names, if it exists.
fn named_entry(account: &Account, op: &Operation) -> Option<SubResourceEntry> {
    let ((resource, kind), item) = (op.sub_resource()?, op.entry()?);
    account.sub_resources(resource, kind).find(|entry| entry.item == item)
}

/// Returns true if the named sub-resource is missing.
///
/// If the resource is missing too, only `NoSuchObject` applies; versions are the exception, because
/// one text covers both (C-019). If the policy to attach is missing, only `NoSuchPolicy` applies.
fn entry_missing(account: &Account, op: &Operation, condition: Condition) -> bool {
    let resources_exist = op.resource().is_some_and(|resource| account.has_resource(resource))
        && op.referenced_policy().is_none_or(|policy| account.has_resource(policy));
    op.entry().is_some()
        && named_entry(account, op).is_none()
        && (resources_exist || condition == Condition::NoSuchVersion)
}

fn sub_resources_full(account: &Account, op: &Operation) -> bool {
    let Some((resource, kind)) = op.sub_resource() else { return false };
    let replaces = kind != SubResource::Version && named_entry(account, op).is_some();
    !replaces
        && account.sub_resources(resource, kind).count() as u64 >= account.sub_resource_quota(kind)
}

/// If the resource is missing, `NoSuchObject` applies instead.
fn not_held(account: &Account, op: &Operation) -> bool {
    if let (Operation::GetAccessKeyLastUsed(key), Some(kind)) = (*op, op.kind()) {
        return account.holders(kind, key).next().is_none();
    }
    op.resource().is_none_or(|resource| account.has_resource(resource))
        && Holder::of(account, op) == Holder::Nobody
}

fn same_body_held(account: &Account, op: &Operation) -> bool {
    match *op {
        Operation::Issue(_, kind, _, IssueOptions::SameBodyAs(other)) => {
            account.holders(kind, other).next().is_some()
        }
        _ => false,
    }
}

fn quota_reached(account: &Account, op: &Operation) -> bool {
    let (Some(user), Some(kind)) = (op.user(), op.kind()) else { return false };
    let row = kind.row();
    let counted = account.attachments_of_kind(user, kind).filter(|held| match op {
        Operation::Issue(.., IssueOptions::Service(service)) => held.service == *service,
        _ => true,
    });
    // Enabling an enabled device again, if that is possible, adds none.
    let replaces = account.attachment(user, kind, op.item().unwrap_or_default()).is_some()
        && row.naming == Naming::Caller
        && matches!(row.refers_to, None | Some(ResourceKind::Device));
    (counted.count() as u64 + u64::from(!replaces)) * row.quota.each > account.quota(kind)
}

/// The statuses of the items of the kind that the user of the operation holds.
fn statuses(
    account: &Account,
    op: &Operation,
    kind: AttachmentKind,
) -> impl Iterator<Item = Status> {
    op.user()
        .into_iter()
        .flat_map(move |user| account.attachments_of_kind(user, kind))
        .map(|held| held.status)
}
