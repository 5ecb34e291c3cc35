//! The properties of states: those that hold in every state, and those that some state must reach.
//!
//! A property does not use the functions that evaluate the rules. It counts facts and has its own
//! copy of the few numbers that it needs, so that it detects a rule that forgets something.

use stateright::Property;

use crate::check::StateProperty;
use crate::check::scope::Scope;
use crate::ids::{Item, Status, User};
use crate::kind::{AttachmentKind, Resource, ResourceKind, SubResource};
use crate::operation::Operation;
use crate::state::{Account, Attachment, SubResourceEntry};

/// Properties of every state.
const ALWAYS: [(&str, StateProperty); 8] = [
    ("a user that holds an active item, other than a tag, is not deleted", |scope, account| {
        holders_of_active_items(account)
            .all(|user| !may_succeed(scope, account, Operation::DeleteUser(user)))
    }),
    ("a user that holds nothing but tags can be deleted", |scope, account| {
        account
            .users()
            .filter(|user| attachments_of(account, *user).all(|it| it.kind == AttachmentKind::Tag))
            .all(|user| may_succeed(scope, account, Operation::DeleteUser(user)))
    }),
    ("a user that does not exist holds nothing", |_, account| {
        account.attachments().all(|it| account.users().any(|user| user == it.user))
    }),
    ("no attachment refers to a group, policy or device that does not exist", |_, account| {
        account.attachments().all(|it| {
            resource_of(it).is_none_or(|resource| account.resources().any(|it| it == resource))
        })
    }),
    ("a group, policy or device that a user holds is not deleted", |scope, account| {
        account
            .attachments()
            .filter_map(resource_of)
            .all(|it| !may_succeed(scope, account, Operation::DeleteResource(it)))
    }),
    (
        "a group, policy or device that is unused and has no sub-resources can be deleted",
        |scope, account| {
            account
                .resources()
                .filter(|it| is_unused(account, *it))
                .all(|it| may_succeed(scope, account, Operation::DeleteResource(it)))
        },
    ),
    ("a device is enabled for at most one user", |_, account| {
        account.resources().filter(|it| it.kind == ResourceKind::Device).all(|device| {
            account.attachments().filter(|it| resource_of(*it) == Some(device)).count() <= 1
        })
    }),
    ("no user exceeds a quota that AWS does not raise", |_, account| {
        account.users().all(|user| {
            FIXED_QUOTAS.iter().all(|(kind, quota)| count_of(account, user, *kind) <= *quota)
        })
    }),
];

/// The quotas of G-001 and G-002 that count items and that AWS does not raise.
///
/// They repeat the tables on purpose. `model/tests/model/quotas.rs` fills each of them.
const FIXED_QUOTAS: [(AttachmentKind, usize); 7] = [
    (AttachmentKind::LoginProfile, 1),
    (AttachmentKind::AccessKey, 2),
    (AttachmentKind::SigningCertificate, 2),
    (AttachmentKind::SshPublicKey, 5),
    (AttachmentKind::ServiceCredential, 2),
    (AttachmentKind::MfaDevice, 8),
    (AttachmentKind::GroupMembership, 10),
];

/// A quota that AWS raises on request, so an account may exceed it.
const ADJUSTABLE_QUOTA: (AttachmentKind, usize) = (AttachmentKind::ManagedPolicy, 10);

/// Properties of some state, in a scope with at least one item of each kind.
const SOMETIMES: [(&str, StateProperty); 11] = [
    ("a user holds a login profile and nothing else", holds_only::<0>),
    ("a user holds an access key and nothing else", holds_only::<1>),
    ("a user holds a signing certificate and nothing else", holds_only::<2>),
    ("a user holds an SSH public key and nothing else", holds_only::<3>),
    ("a user holds a service-specific credential and nothing else", holds_only::<4>),
    ("a user holds an MFA device and nothing else", holds_only::<5>),
    ("a user holds an inline policy and nothing else", holds_only::<6>),
    ("a user holds a managed policy and nothing else", holds_only::<7>),
    ("a user holds a group membership and nothing else", holds_only::<8>),
    ("a user holds every blocking kind at once", |_, account| {
        account
            .users()
            .any(|user| AttachmentKind::blockers().all(|kind| count_of(account, user, kind) > 0))
    }),
    ("a user exists next to a device that is enabled for no user", |_, account| {
        account.users().next().is_some()
            && account.resources().any(|it| {
                it.kind == ResourceKind::Device
                    && !account.attachments().any(|held| resource_of(held) == Some(it))
            })
    }),
];

/// For scopes whose resources are created and deleted.
const REACHES_EMPTY: (&str, StateProperty) = ("nothing exists", |_, account| {
    account.users().next().is_none() && account.resources().next().is_none()
});

/// For scopes in which two users can share a group and a policy.
const REACHES_SHARING: (&str, StateProperty) =
    ("two users are in the same group and hold the same policy", |_, account| {
        let shared = |class| {
            let holders = |resource: Resource| {
                account.attachments().filter(|held| resource_of(*held) == Some(resource)).count()
            };
            account.resources().any(|it| it.kind == class && holders(it) == 2)
        };
        shared(ResourceKind::Group) && shared(ResourceKind::Policy)
    });

/// For scopes with more of everything than AWS allows.
const REACHES_ALL_QUOTAS: (&str, StateProperty) =
    ("a user holds as many items of every kind as AWS allows", |_, account| {
        account.users().any(|user| {
            FIXED_QUOTAS
                .iter()
                .chain([&ADJUSTABLE_QUOTA])
                .all(|(kind, quota)| count_of(account, user, *kind) == *quota)
        })
    });

/// For scopes with statuses.
const REACHES_INACTIVE: (&str, StateProperty) =
    ("a user holds inactive items only", |_, account| {
        account.users().any(|user| {
            attachments_of(account, user).next().is_some()
                && attachments_of(account, user).all(|it| it.status == Status::Inactive)
        })
    });

/// For scopes with several items of a kind.
const REACHES_KEY_QUOTA: (&str, StateProperty) =
    ("a user holds two access keys, the maximum", |_, account| {
        account.users().any(|user| count_of(account, user, AttachmentKind::AccessKey) == 2)
    });

/// The properties of every state.
pub(crate) fn always() -> Vec<Property<Scope>> {
    ALWAYS.iter().map(|(name, holds)| Property::always(name, *holds)).collect()
}

/// The properties that some state of the scope must reach.
pub(crate) fn sometimes(scope: &Scope) -> Vec<Property<Scope>> {
    let groups_and_policies = scope.groups.min(scope.policies);
    let has_every_kind = groups_and_policies.min(scope.devices).min(scope.items) > 0;
    let fills_all_quotas = scope.quotas && groups_and_policies >= 10 && scope.devices >= 8;
    let mut properties: Vec<_> = SOMETIMES.iter().filter(|_| has_every_kind).collect();
    for (applies, property) in [
        (!scope.fixed_resources, &REACHES_EMPTY),
        (scope.statuses, &REACHES_INACTIVE),
        (scope.items > 1, &REACHES_KEY_QUOTA),
        (fills_all_quotas, &REACHES_ALL_QUOTAS),
        (scope.users > 1 && groups_and_policies > 0, &REACHES_SHARING),
    ] {
        properties.extend(applies.then_some(property));
    }
    properties.into_iter().map(|(name, holds)| Property::sometimes(name, *holds)).collect()
}

/// The quota of a kind in items, or `usize::MAX` if no scope can reach it.
pub(crate) fn item_quota(kind: AttachmentKind) -> usize {
    FIXED_QUOTAS
        .iter()
        .chain([&ADJUSTABLE_QUOTA])
        .find(|(of, _)| *of == kind)
        .map_or(usize::MAX, |(_, quota)| *quota)
}

/// The quota of a kind of sub-resource (G-001, C-017). The inline policies of a group are limited
/// by characters, which forty test documents use up.
pub(crate) const fn sub_resource_quota(kind: SubResource) -> usize {
    match kind {
        SubResource::Version => 5,
        SubResource::AttachedPolicy => 10,
        SubResource::InlinePolicy => 40,
    }
}

pub(crate) fn user_exists(account: &Account, user: User) -> bool {
    account.users().any(|it| it == user)
}

pub(crate) fn resource_exists(account: &Account, resource: Resource) -> bool {
    account.resources().any(|it| it == resource)
}

pub(crate) fn attachments_of(
    account: &Account,
    user: User,
) -> impl Iterator<Item = Attachment> + use<'_> {
    account.attachments().filter(move |it| it.user == user)
}

/// The users that hold an active item, other than a tag. Attachments are in the order of users.
fn holders_of_active_items(account: &Account) -> impl Iterator<Item = User> + use<'_> {
    let mut last = None;
    account
        .attachments()
        .filter(|it| it.status == Status::Active && it.kind != AttachmentKind::Tag)
        .map(|it| it.user)
        .filter(move |user| last.replace(*user) != Some(*user))
}

/// The number of items of a kind that the user holds.
pub(crate) fn count_of(account: &Account, user: User, kind: AttachmentKind) -> usize {
    attachments_of(account, user).filter(|it| it.kind == kind).count()
}

pub(crate) const fn policy(item: Item) -> Resource {
    Resource { kind: ResourceKind::Policy, item }
}

fn may_succeed(scope: &Scope, account: &Account, op: Operation) -> bool {
    scope.allowed(account, &op).may_succeed()
}

/// Returns true if no user and no group uses the resource, and it has no sub-resources but the
/// first version of a policy.
fn is_unused(account: &Account, resource: Resource) -> bool {
    let attached = |it: &SubResourceEntry| {
        it.kind == SubResource::AttachedPolicy && resource == policy(it.item)
    };
    let bounded = |user: User| account.boundary(user).map(policy) == Some(resource);
    !account.attachments().any(|held| resource_of(held) == Some(resource))
        && !account.users().any(bounded)
        && !account.all_sub_resources().any(|it| attached(&it))
        && account.all_sub_resources().filter(|it| it.resource == resource).count()
            <= usize::from(resource.kind == ResourceKind::Policy)
}

/// The resource that an attachment refers to.
fn resource_of(held: Attachment) -> Option<Resource> {
    let class = match held.kind {
        AttachmentKind::MfaDevice => ResourceKind::Device,
        AttachmentKind::ManagedPolicy => ResourceKind::Policy,
        AttachmentKind::GroupMembership => ResourceKind::Group,
        _ => return None,
    };
    Some(Resource { kind: class, item: held.item })
}

fn holds_only<const INDEX: usize>(_: &Scope, account: &Account) -> bool {
    account.users().any(|user| {
        attachments_of(account, user).next().is_some()
            && attachments_of(account, user).all(|it| it.kind as usize == INDEX)
    })
}
