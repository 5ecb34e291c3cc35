//! Frame properties: a call that is not about attachments changes its subject and nothing else.
//!
//! They cover names, paths, boundaries, tags, sub-resources, reads of the account, and invalid
//! requests. They do not use the functions that evaluate the rules.

use crate::check::state_properties::{
    attachments_of, policy, resource_exists, sub_resource_quota, user_exists,
};
use crate::check::{TransitionProperty, Visit};
use crate::ids::{Item, Path, Status, User, UserChange};
use crate::kind::{AttachmentKind, Resource, SubResource};
use crate::operation::Operation;
use crate::rule::{Condition, InputError};
use crate::state::Account;

/// The properties of well-formed calls.
pub(crate) const ALL: [(&str, TransitionProperty); 9] = [
    ("a renamed entity keeps everything, and nothing else changes", renames_keep_everything),
    ("no user or group gets a name that is taken, and any can get a free one", names_are_unique),
    (
        "a permissions boundary is set, replaced and removed, and its policy is not deleted",
        boundaries_work,
    ),
    ("a user is created with the requested path, boundary and tag", creates_users_with_options),
    (
        "a sub-resource is added, made the default and removed, and no other changes",
        sub_resources_work,
    ),
    (
        "a group with policies or a policy with several versions is not deleted",
        sub_resources_block_deletion,
    ),
    ("an entity is read and listed if and only if it exists", reads_what_exists),
    (
        "only a user with a password changes it, and the last use is known only for held keys",
        passwords_and_keys_need_holders,
    ),
    ("tags are set and removed, also repeatedly", tags_work),
];

/// The only property of invalid requests; all other properties skip them.
pub(crate) const INVALID_REQUESTS: (&str, TransitionProperty) = (
    "an invalid request is refused, and a name in different case or an absent one means the user",
    invalid_requests_work,
);

/// The facts about a user, except its name.
type UserFacts = (Path, Option<Item>, Vec<(AttachmentKind, Item, Status)>);

fn facts_of(account: &Account, user: User) -> UserFacts {
    let held = attachments_of(account, user).map(|it| (it.kind, it.item, it.status)).collect();
    (account.path(user), account.boundary(user), held)
}

fn members(account: &Account, group: Resource) -> Vec<User> {
    account
        .attachments()
        .filter(|it| it.kind == AttachmentKind::GroupMembership && it.item == group.item)
        .map(|it| it.user)
        .collect()
}

/// A sub-resource: its kind, its item, and whether it is the default.
type Entry = (SubResource, Item, bool);

fn entries(account: &Account, resource: Resource) -> Vec<Entry> {
    account
        .all_sub_resources()
        .filter(|it| it.resource == resource)
        .map(|it| (it.kind, it.item, it.is_default))
        .collect()
}

/// If the sub-resource exists, returns whether it is the default.
fn entry(account: &Account, resource: Resource, kind: SubResource, item: Item) -> Option<bool> {
    entries(account, resource).iter().find(|it| (it.0, it.1) == (kind, item)).map(|it| it.2)
}

fn renames_keep_everything(visit: &Visit<'_>) -> bool {
    let (before, after) = (visit.before, visit.after);
    if !visit.may_succeed() {
        return true;
    }
    match visit.op {
        Operation::UpdateUser(user, UserChange { name: Some(name), path: None })
            if user != name =>
        {
            !user_exists(after, user)
                && user_exists(after, name)
                && facts_of(before, user) == facts_of(after, name)
                && before
                    .users()
                    .filter(|it| *it != user && *it != name)
                    .all(|it| user_exists(after, it) && facts_of(before, it) == facts_of(after, it))
        }
        Operation::UpdateUser(user, UserChange { name: None, path: Some(path) }) => {
            let (_, boundary, held) = facts_of(before, user);
            facts_of(after, user) == (path, boundary, held) && before.users().eq(after.users())
        }
        Operation::RenameResource(group, Some(item)) if item != group.item => {
            let renamed = Resource { item, ..group };
            !resource_exists(after, group)
                && resource_exists(after, renamed)
                && members(before, group) == members(after, renamed)
                && entries(before, group) == entries(after, renamed)
        }
        _ => true,
    }
}

fn names_are_unique(visit: &Visit<'_>) -> bool {
    let before = visit.before;
    let (unchanged, taken) = match visit.op {
        Operation::UpdateUser(user, change) if user_exists(before, user) => {
            // The own name with another path is a change (C-068).
            let unchanged = match change.name {
                Some(name) => name == user && change.path.is_none_or(|it| it == before.path(user)),
                None => change.path.is_none(),
            };
            (unchanged, change.name.is_some_and(|it| it != user && user_exists(before, it)))
        }
        Operation::RenameResource(group, name) if resource_exists(before, group) => {
            let taken =
                |item| item != group.item && resource_exists(before, Resource { item, ..group });
            (name == Some(group.item), name.is_some_and(taken))
        }
        _ => return true,
    };
    match (unchanged, taken) {
        (true, _) => visit.is_unspecified(),
        (_, true) => visit.refuses(Condition::NameTaken),
        _ => visit.must_succeed(),
    }
}

fn boundaries_work(visit: &Visit<'_>) -> bool {
    let (before, after) = (visit.before, visit.after);
    let is_boundary = |resource: Resource| {
        before.users().any(|user| before.boundary(user).map(policy) == Some(resource))
    };
    match visit.op {
        Operation::PutBoundary(user, item) => {
            let possible = user_exists(before, user) && resource_exists(before, policy(item));
            possible == visit.must_succeed() && (!possible || after.boundary(user) == Some(item))
        }
        Operation::DeleteBoundary(user) if user_exists(before, user) => {
            let was_set = before.boundary(user).is_some();
            after.boundary(user).is_none()
                && if was_set { visit.must_succeed() } else { visit.is_unspecified() }
        }
        Operation::DeleteResource(resource) if is_boundary(resource) => {
            visit.refuses(Condition::IsBoundary)
        }
        _ => true,
    }
}

fn creates_users_with_options(visit: &Visit<'_>) -> bool {
    let Operation::CreateUser(user, options) = visit.op else { return true };
    let tag = options.tag.map(|it| (AttachmentKind::Tag, it, Status::Active)).into_iter().collect();
    user_exists(visit.before, user)
        || !visit.may_succeed()
        || facts_of(visit.after, user) == (options.path, options.boundary, tag)
}

fn sub_resources_work(visit: &Visit<'_>) -> bool {
    let (before, after) = (visit.before, visit.after);
    let Some((resource, kind)) = visit.op.sub_resource() else { return true };
    let item = visit.op.entry().unwrap_or_default();
    let entry_before = entry(before, resource, kind, item);
    let entry_after = entry(after, resource, kind, item);
    let others = |account: &Account| {
        let mut all = entries(account, resource);
        all.retain(|it| (it.0, it.1) != (kind, item));
        all
    };
    let policy_exists = visit.op.referenced_policy().is_none_or(|it| resource_exists(before, it));
    let resources_exist = resource_exists(before, resource) && policy_exists;
    match visit.op {
        // The property states the quotas of C-017 and G-001 independently of the tables.
        Operation::AddSubResource(..) => {
            let count = entries(before, resource).iter().filter(|it| it.0 == kind).count();
            let replaces = entry_before.is_some() && kind != SubResource::Version;
            let possible = resources_exist && (count < sub_resource_quota(kind) || replaces);
            possible == visit.must_succeed()
                && (!possible || entry_after.is_some())
                && others(before) == others(after)
        }
        Operation::RemoveSubResource(..) => {
            let possible = resources_exist && entry_before.is_some_and(|default| !default);
            possible == visit.may_succeed()
                && (!possible || entry_after.is_none())
                && others(before) == others(after)
        }
        Operation::SetDefault(..) => {
            let one_default = entries(after, resource).iter().filter(|it| it.2).count() == 1;
            entry_before.is_some() == visit.may_succeed()
                && (entry_before.is_none() || entry_after == Some(true) && one_default)
        }
        _ => true,
    }
}

fn sub_resources_block_deletion(visit: &Visit<'_>) -> bool {
    let Operation::DeleteResource(resource) = visit.op else { return true };
    let entries = entries(visit.before, resource);
    let refused_if_more_than = |limit, kind| {
        entries.iter().filter(|it| it.0 == kind).count() <= limit
            || visit.refuses(Condition::HasSubResources(kind))
    };
    refused_if_more_than(0, SubResource::InlinePolicy)
        && refused_if_more_than(0, SubResource::AttachedPolicy)
        && refused_if_more_than(1, SubResource::Version)
}

fn reads_what_exists(visit: &Visit<'_>) -> bool {
    let before = visit.before;
    match visit.op {
        Operation::ListUsers(_)
        | Operation::ListResources(..)
        | Operation::GetAccountSummary
        | Operation::GetAuthorizationDetails => visit.must_succeed(),
        Operation::GetResource(resource)
        | Operation::ListHolders(resource)
        | Operation::ListSubResources(resource, _) => {
            resource_exists(before, resource) == visit.must_succeed()
        }
        Operation::GetSubResource(resource, kind, item) => {
            entry(before, resource, kind, item).is_some() == visit.must_succeed()
        }
        _ => true,
    }
}

fn passwords_and_keys_need_holders(visit: &Visit<'_>) -> bool {
    let is_held = |kind: AttachmentKind, item: Item, user: Option<User>| {
        visit
            .before
            .attachments()
            .any(|it| it.kind == kind && it.item == item && user.is_none_or(|user| user == it.user))
    };
    match visit.op {
        Operation::ChangePassword(user) => {
            let has_password = is_held(AttachmentKind::LoginProfile, Item(0), Some(user));
            let mut refusals = visit.allowed.refusals();
            let may_be_recent =
                refusals.any(|rule| rule.clause.condition == Condition::RecentlyChanged);
            has_password == visit.must_succeed() && may_be_recent == user_exists(visit.before, user)
        }
        Operation::GetAccessKeyLastUsed(key) => {
            is_held(AttachmentKind::AccessKey, key, None) == visit.must_succeed()
        }
        _ => true,
    }
}

fn tags_work(visit: &Visit<'_>) -> bool {
    let has_tag = |account: &Account, user, tag| {
        account
            .attachments()
            .any(|it| (it.user, it.kind, it.item) == (user, AttachmentKind::Tag, tag))
    };
    match visit.op {
        Operation::Attach(user, AttachmentKind::Tag, tag) if user_exists(visit.before, user) => {
            visit.must_succeed() && has_tag(visit.after, user, tag)
        }
        Operation::Detach(user, AttachmentKind::Tag, tag) if user_exists(visit.before, user) => {
            visit.must_succeed() && !has_tag(visit.after, user, tag)
        }
        Operation::List(user, AttachmentKind::Tag) => {
            user_exists(visit.before, user) == visit.must_succeed()
        }
        _ => true,
    }
}

/// Names that differ only in case collide if they are assigned, and mean the same user or resource
/// elsewhere. An empty name is refused. A listing with one item per page succeeds if and only if the plain listing does.
fn invalid_requests_work(visit: &Visit<'_>) -> bool {
    let Operation::Invalid(_, invalid) = visit.op else { return true };
    let (row, well_formed) = (invalid.row(), visit.op.well_formed());
    let condition = Condition::InvalidInput(row.parameter, row.error);
    let rule_applies = visit.allowed.rules().any(|rule| rule.clause.condition == condition);
    let may_succeed = visit.may_succeed();
    let well_formed_may_succeed = visit.scope.allowed(visit.before, &well_formed).may_succeed();
    let assigns_name = matches!(
        well_formed,
        Operation::CreateUser(..) | Operation::UpdateUser(..) | Operation::CreateResource(_)
    );
    let subject_exists = match well_formed.resource() {
        Some(resource) => resource_exists(visit.before, resource),
        None => well_formed.user().is_none_or(|user| user_exists(visit.before, user)),
    };
    match row.error {
        InputError::Empty if !subject_exists => !rule_applies && !may_succeed,
        InputError::OtherCase | InputError::Absent if !subject_exists => {
            !rule_applies && well_formed_may_succeed == may_succeed
        }
        InputError::OtherCase if assigns_name => rule_applies && !may_succeed,
        InputError::OtherCase | InputError::Absent | InputError::OnePerPage => {
            rule_applies == well_formed_may_succeed && well_formed_may_succeed == may_succeed
        }
        _ => rule_applies && !may_succeed,
    }
}
