//! What must hold in every state, and what must be reached in some, each in one sentence.
//!
//! A property does not borrow the words of the rules that it checks: it counts facts by itself and
//! has its own copy of the few numbers it needs, so that a rule that forgets something is noticed.

use stateright::Property;

use crate::check::independence;
use crate::check::scope::Scope;
use crate::ids::User;
use crate::operation::Operation;
use crate::state::{Account, Attachment, SubResourceEntry};
use crate::tables::attachments::{AttachmentKind, Status};
use crate::tables::resources::{Resource, ResourceKind};
use crate::tables::sub_resources::SubResource;

pub(crate) type StateCondition = fn(&Scope, &Account) -> bool;

const FREE_OBJECTS: &str =
    "a group, policy or device that nobody holds, and that has nothing of its own, can be deleted";

/// In every state.
const ALWAYS: [(&str, StateCondition); 8] = [
    ("a user that holds an active item, but for tags, is not deleted", |scope, account| {
        account
            .holdings()
            .filter(|it| it.status == Status::Active && it.kind != AttachmentKind::Tag)
            .all(|it| !can(scope, account, Operation::DeleteUser(it.user)))
    }),
    ("a user that holds nothing but tags can be deleted", |scope, account| {
        account
            .users()
            .filter(|user| by(account, *user).all(|it| it.kind == AttachmentKind::Tag))
            .all(|user| can(scope, account, Operation::DeleteUser(user)))
    }),
    ("a user that does not exist holds nothing", |_, account| {
        account.holdings().all(|it| account.users().any(|user| user == it.user))
    }),
    ("nothing refers to a group, policy or device that does not exist", |_, account| {
        account
            .holdings()
            .all(|it| object(it).is_none_or(|object| account.objects().any(|it| it == object)))
    }),
    ("a group, policy or device that a user holds is not deleted", |scope, account| {
        account.holdings().filter_map(object).all(|it| !can(scope, account, Operation::Delete(it)))
    }),
    (FREE_OBJECTS, |scope, account| {
        account
            .objects()
            .filter(|it| is_free(account, *it))
            .all(|it| can(scope, account, Operation::Delete(it)))
    }),
    ("a device is enabled for one user at most", |_, account| {
        account
            .objects()
            .filter(|it| it.class == ResourceKind::Device)
            .all(|device| account.holdings().filter(|it| object(*it) == Some(device)).count() <= 1)
    }),
    ("nobody holds more than the quotas that AWS fixes", |_, account| {
        account.users().all(|user| {
            MOST.iter().all(|(kind, most)| {
                by(account, user).filter(|it| it.kind == *kind).count() <= *most
            })
        })
    }),
];

/// The quotas as G-001 and G-002 have them, once more, so far as they count items and AWS does not
/// raise them; `tests/quotas.rs` fills every one.
const MOST: [(AttachmentKind, usize); 7] = [
    (AttachmentKind::LoginProfile, 1),
    (AttachmentKind::AccessKey, 2),
    (AttachmentKind::SigningCertificate, 2),
    (AttachmentKind::SshPublicKey, 5),
    (AttachmentKind::ServiceCredential, 2),
    (AttachmentKind::MfaDevice, 8),
    (AttachmentKind::GroupMembership, 10),
];

/// A quota that AWS raises where it is asked to, so that it may be exceeded.
const USUAL: (AttachmentKind, usize) = (AttachmentKind::ManagedPolicy, 10);

/// In some state.
const SOMETIMES: [(&str, StateCondition); 11] = [
    ("a user holds a login profile and nothing else", alone::<0>),
    ("a user holds an access key and nothing else", alone::<1>),
    ("a user holds a signing certificate and nothing else", alone::<2>),
    ("a user holds an SSH public key and nothing else", alone::<3>),
    ("a user holds a service-specific credential and nothing else", alone::<4>),
    ("a user holds an MFA device and nothing else", alone::<5>),
    ("a user holds an inline policy and nothing else", alone::<6>),
    ("a user holds a managed policy and nothing else", alone::<7>),
    ("a user holds a group membership and nothing else", alone::<8>),
    ("a user holds all nine kinds at once", |_, account| {
        account.users().any(|user| {
            AttachmentKind::blockers().all(|kind| by(account, user).any(|it| it.kind == kind))
        })
    }),
    ("a user exists beside a device that is enabled for nobody", |_, account| {
        account.users().next().is_some()
            && account.objects().any(|it| {
                it.class == ResourceKind::Device
                    && !account.holdings().any(|held| object(held) == Some(it))
            })
    }),
];

/// Reached where nothing is given.
const SOMETIMES_NOTHING: (&str, StateCondition) =
    ("everything is gone again or not yet there", |_, account| {
        account.users().next().is_none() && account.objects().next().is_none()
    });

/// Reached where two users have a group and a policy to share.
const SOMETIMES_SHARED: (&str, StateCondition) =
    ("two users are in one group and hold one policy", |_, account| {
        let shared = |class| {
            let users = |object: Resource| {
                account
                    .holdings()
                    .filter(|held| crate::check::state_properties::object(*held) == Some(object))
                    .count()
            };
            account.objects().any(|it| it.class == class && users(it) == 2)
        };
        shared(ResourceKind::Group) && shared(ResourceKind::Policy)
    });

/// Reached where there is more of everything than AWS allows.
const SOMETIMES_FULL_OF_ALL: (&str, StateCondition) =
    ("a user holds as many items of every kind as AWS allows", |_, account| {
        account.users().any(|user| {
            MOST.iter().chain([&USUAL]).all(|(kind, most)| {
                by(account, user).filter(|it| it.kind == *kind).count() == *most
            })
        })
    });

/// Reached where items are made inactive.
const SOMETIMES_INACTIVE: (&str, StateCondition) =
    ("a user holds inactive items only", |_, account| {
        account.users().any(|user| {
            by(account, user).count() > 0
                && by(account, user).all(|it| it.status == Status::Inactive)
        })
    });

/// Reached where there are more items than AWS's smallest quota of two allows.
const SOMETIMES_FULL: (&str, StateCondition) =
    ("a user holds two access keys, as many as AWS allows", |_, account| {
        account.users().any(|user| {
            by(account, user).filter(|it| it.kind == AttachmentKind::AccessKey).count() == 2
        })
    });

pub(crate) fn all(scope: Scope) -> Vec<Property<Scope>> {
    let mut properties: Vec<_> =
        ALWAYS.iter().map(|(name, it)| Property::always(name, *it)).collect();
    let (name, holds) = independence::SENTENCE;
    let mixed = scope.statuses && scope.items > 1;
    properties.extend(mixed.then(|| Property::always(name, holds)));
    let objects = scope.groups.min(scope.policies);
    let has_all = objects.min(scope.devices).min(scope.items) > 0;
    let reached = SOMETIMES.iter().filter(|_| has_all);
    properties.extend(reached.map(|(name, it)| Property::sometimes(name, *it)));
    let full = scope.quotas && objects >= 10 && scope.devices >= 8;
    for (asked, (name, reached)) in [
        (!scope.given, SOMETIMES_NOTHING),
        (scope.statuses, SOMETIMES_INACTIVE),
        (scope.items > 1, SOMETIMES_FULL),
        (full, SOMETIMES_FULL_OF_ALL),
        (scope.users > 1 && objects > 0, SOMETIMES_SHARED),
    ] {
        properties.extend(asked.then(|| Property::sometimes(name, reached)));
    }
    properties
}

/// How many items of a kind a user may hold, for all that the scopes can tell.
pub(crate) fn most(kind: AttachmentKind) -> usize {
    MOST.iter().chain([&USUAL]).find(|(of, _)| *of == kind).map_or(usize::MAX, |(_, most)| *most)
}

/// How many parts of a sort an object may have (G-001, C-017); forty of our documents have the
/// characters that a group may have.
pub(crate) const fn most_parts(part: SubResource) -> usize {
    match part {
        SubResource::Version => 5,
        SubResource::AttachedPolicy => 10,
        SubResource::InlinePolicy => 40,
    }
}

pub(crate) fn by(account: &Account, user: User) -> impl Iterator<Item = Attachment> + use<'_> {
    account.holdings().filter(move |it| it.user == user)
}

fn can(scope: &Scope, account: &Account, op: Operation) -> bool {
    scope.allowed(account, &op).may_be_done()
}

/// Whether neither users nor groups have it, and it has no policies and one version at most.
fn is_free(account: &Account, object: Resource) -> bool {
    let attached = |it: &SubResourceEntry| {
        it.part == SubResource::AttachedPolicy
            && object == Resource { class: ResourceKind::Policy, item: it.item }
    };
    let bounds = |user: User| {
        account.boundary(user).map(|item| Resource { class: ResourceKind::Policy, item })
            == Some(object)
    };
    !account.holdings().any(|held| crate::check::state_properties::object(held) == Some(object))
        && !account.users().any(bounds)
        && !account.pieces().any(|it| attached(&it))
        && account.pieces().filter(|it| it.of == object).count()
            <= usize::from(object.class == ResourceKind::Policy)
}

fn object(held: Attachment) -> Option<Resource> {
    let class = match held.kind {
        AttachmentKind::MfaDevice => ResourceKind::Device,
        AttachmentKind::ManagedPolicy => ResourceKind::Policy,
        AttachmentKind::GroupMembership => ResourceKind::Group,
        _ => return None,
    };
    Some(Resource { class, item: held.item })
}

fn alone<const INDEX: usize>(_: &Scope, account: &Account) -> bool {
    account.users().any(|user| {
        by(account, user).count() > 0 && by(account, user).all(|it| it.kind as usize == INDEX)
    })
}
