//! The bounds of an exhaustive check: how many users, items and resources exist, and which calls.
//!
//! A scope is data. [`crate::check::model_checker`] derives the states and calls from it.
//!
//! Each scope in [`SCOPES`] has the number of states that it must have. The comments derive each
//! number by a closed formula; it is not the result of a search. A model that loses or gains
//! behavior has another number of states. Six kinds refer to no resource: a user with at most one
//! item of each is in one of 2⁶ = 64 states.

use crate::check::model_mutants::ModelMutant;
use crate::ids::{Item, User};
use crate::kind::{AttachmentKind, Resource, ResourceKind};
use crate::operation::Operation;
use crate::semantics::{Allowed, Effect, allowed, next};
use crate::state::Account;
use crate::tables::attachments::Naming;

/// The bounds of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "every combination is meaningful")]
pub struct Scope {
    /// The number of users.
    pub users: u32,
    /// The number of items for each user, of each kind that refers to no resource. The next item
    /// that the service names is the first free one.
    pub items: u32,
    /// True if each kind whose quota counts items has one item more than its quota, regardless of
    /// `items`. The check then includes calls that exceed the quota.
    pub quotas: bool,
    /// The number of groups.
    pub groups: u32,
    /// The number of managed policies.
    pub policies: u32,
    /// The number of virtual MFA devices.
    pub devices: u32,
    /// True if groups, policies and devices exist from the start and are never deleted.
    pub fixed_resources: bool,
    /// True if the check uses symmetry: one item stands for all indistinguishable ones, and one
    /// state for all that differ only in names. Paths still consist of calls of the model, so that
    /// a script can replay them.
    pub symmetry: bool,
    /// True if items become inactive and active again.
    pub statuses: bool,
    /// The calls besides those about attachments.
    pub extension: ScopeExtension,
    /// An error in the model, which the check must detect.
    pub mutant: Option<ModelMutant>,
}

/// Calls of a scope besides those about attachments. One extension at a time keeps scopes small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeExtension {
    /// No further calls.
    None,
    /// Names, paths, boundaries and two tags of users.
    Users,
    /// Names and policies of groups, with one policy more than the quota allows.
    Groups,
    /// Versions of policies: of one policy up to number seven, of several policies up to three.
    Versions,
}

impl ScopeExtension {
    /// The kinds of attachments in a scope with this extension.
    pub(crate) fn kinds(self) -> impl Iterator<Item = AttachmentKind> {
        AttachmentKind::blockers().filter(move |kind| match self {
            Self::None => true,
            Self::Users => [AttachmentKind::LoginProfile, AttachmentKind::AccessKey].contains(kind),
            Self::Groups => {
                [AttachmentKind::ManagedPolicy, AttachmentKind::GroupMembership].contains(kind)
            }
            Self::Versions => false,
        })
    }
}

impl Scope {
    /// The empty scope, as a base for others.
    pub const EMPTY: Self = Self {
        users: 0,
        items: 0,
        quotas: false,
        groups: 0,
        policies: 0,
        devices: 0,
        fixed_resources: false,
        symmetry: false,
        statuses: false,
        extension: ScopeExtension::None,
        mutant: None,
    };

    /// Returns true if some reachable states differ only in names and count as one.
    ///
    /// A single user without statuses needs no such renaming: the first free item is attached and
    /// the last one removed, so that the items of the user never have gaps.
    #[must_use]
    pub const fn renames(&self) -> bool {
        self.symmetry && (self.users > 1 || self.statuses)
    }

    /// The allowed responses, in the model with the error of this scope, if any.
    #[must_use]
    pub fn allowed(&self, account: &Account, op: &Operation) -> Allowed {
        self.mutant.map_or_else(|| allowed(account, op), |mutant| mutant.allowed(account, op))
    }

    /// The state after the call succeeds, in the model with the error of this scope, if any.
    #[must_use]
    pub fn next(&self, account: &Account, op: &Operation) -> Account {
        match self.mutant {
            Some(mutant) => mutant.next(account, op),
            None => next(account, op, Effect::Success),
        }
    }

    fn resource_count(&self, kind: ResourceKind) -> u32 {
        match kind {
            ResourceKind::Group => self.groups,
            ResourceKind::Policy => self.policies,
            ResourceKind::Device => self.devices,
        }
    }

    /// Every resource of a kind in this scope.
    pub(crate) fn resources_of(
        &self,
        class: ResourceKind,
    ) -> impl Iterator<Item = Resource> + use<> {
        (0..self.resource_count(class)).map(move |item| Resource { kind: class, item: Item(item) })
    }

    /// Every resource in this scope.
    pub(crate) fn resources(self) -> impl Iterator<Item = Resource> {
        ResourceKind::all().flat_map(move |kind| self.resources_of(kind))
    }

    /// The number of items of a kind for one user.
    pub(crate) fn item_count(&self, kind: AttachmentKind) -> u32 {
        let row = kind.row();
        match (row.refers_to, row.naming) {
            (Some(resource), _) => self.resource_count(resource),
            (None, Naming::Single) => 1,
            (None, _) if self.quotas && row.quota.each == 1 => {
                u32::try_from(row.quota.max + 1).unwrap_or(u32::MAX)
            }
            (None, _) => self.items,
        }
    }

    /// The items of a kind for one user. Items that the service names differ between users.
    pub(crate) fn items_of(
        self,
        user: User,
        kind: AttachmentKind,
    ) -> impl DoubleEndedIterator<Item = Item> {
        let count = self.item_count(kind);
        let first = if kind.row().naming == Naming::Service { user.0 * count } else { 0 };
        (first..first + count).map(Item)
    }
}

/// A scope with a name.
#[derive(Clone, Copy, Debug)]
pub struct NamedScope {
    /// The name, one word.
    pub name: &'static str,
    /// A short description.
    pub description: &'static str,
    /// The scope.
    pub scope: Scope,
    /// The required number of states.
    pub states: usize,
    /// The number of transitions between different states, as last reviewed.
    pub transitions: usize,
    /// How long the check takes.
    pub size: ScopeSize,
}

/// How long the check of a scope takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeSize {
    /// Checked by every test run.
    Small,
    /// Checked on request only.
    Large,
}

impl NamedScope {
    /// Returns true if stateright can check the scope: no two states count as one.
    #[must_use]
    pub const fn fits_stateright(&self) -> bool {
        !self.scope.renames()
    }

    /// The scope with this name.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        SCOPES.iter().find(|it| it.name == name)
    }
}

const ONE: Scope = Scope { users: 1, items: 1, groups: 1, policies: 1, devices: 1, ..Scope::EMPTY };

/// One item more than the quota of each kind. Inline policies are limited by characters, and AWS
/// raises the quota of managed policies on request; the scope has as many as the default quota
/// allows.
const QUOTAS: Scope = Scope {
    users: 1,
    items: 3,
    quotas: true,
    groups: 11,
    policies: 10,
    devices: 9,
    fixed_resources: true,
    symmetry: true,
    ..Scope::EMPTY
};

const SHARING: Scope =
    Scope { users: 2, groups: 2, policies: 2, devices: 2, fixed_resources: true, ..Scope::EMPTY };

/// Every named scope, the small ones first.
pub const SCOPES: [NamedScope; 13] = [
    // Without the user, each of three resources exists or not. With the user, each is absent,
    // unused or held, and six kinds are held or not: 8 + 27 * 64.
    NamedScope {
        name: "one",
        description: "one user, one of each kind",
        scope: ONE,
        states: 1_736,
        transitions: 17_320,
        size: ScopeSize::Small,
    },
    // As above, but items of four kinds are absent, active or inactive: 8 + 27 * 4 * 81.
    NamedScope {
        name: "status",
        description: "one user, one of each kind, active or inactive",
        scope: Scope { statuses: true, ..ONE },
        states: 8_756,
        transitions: 110_904,
        size: ScopeSize::Small,
    },
    // Two items of each kind that refers to no resource. For four kinds, two indistinguishable
    // items are absent, active or inactive: six combinations. There are zero to two inline
    // policies: 1 + 2 * 3 * 6^4.
    NamedScope {
        name: "mixed",
        description: "one user, two items of each kind, active or inactive",
        scope: Scope { users: 1, items: 2, statuses: true, symmetry: true, ..Scope::EMPTY },
        states: 7_777,
        transitions: 95_932,
        size: ScopeSize::Small,
    },
    // As `one`, but five kinds have two items, each attached or not: 8 + 27 * 2 * 1024.
    NamedScope {
        name: "two-of-each",
        description: "one user, two of each kind",
        scope: Scope { items: 2, ..ONE },
        states: 55_304,
        transitions: 774_184,
        size: ScopeSize::Small,
    },
    // No quota of resources is reached. Counts of login profiles, access keys, certificates, SSH
    // keys, credentials, inline policies, devices, policies and groups: 1 + 2 * 3 * 3 * 6 * 3 * 3 *
    // 3 * 3 * 3.
    NamedScope {
        name: "near-quotas",
        description: "one user, up to the quotas of items that refer to no resource",
        scope: Scope { items: 2, groups: 2, policies: 2, devices: 2, ..QUOTAS },
        states: 26_245,
        transitions: 314_930,
        size: ScopeSize::Small,
    },
    // Two users share a group and a device: 4 + 2 * 9 * 64 + 5 * 4 * 64 * 64.
    NamedScope {
        name: "pair",
        description: "two users; a group and a device, created and deleted",
        scope: Scope { users: 2, policies: 0, ..ONE },
        states: 83_076,
        transitions: 1_282_072,
        size: ScopeSize::Small,
    },
    // Two users, each with or without a login profile, two group memberships and two policies. Each
    // of two devices is enabled for one user or unused: 1 + 2 * 2 * 4 * 4 * 4 + 4 * 16 * 16 * 9.
    NamedScope {
        name: "sharing-bare",
        description: "two users with at most a login profile; two groups, policies, devices",
        scope: SHARING,
        states: 9_473,
        transitions: 119_044,
        size: ScopeSize::Small,
    },
    // There are 1, 3, 3, 1 sets of n users, each with or without a login profile. The group and the
    // policy are absent or held by a subset; the device is absent, unused or enabled for one user:
    // 2 * 2 * 2 + 3 * 2 * 3 * 3 * 3 + 3 * 4 * 5 * 5 * 4 + 8 * 9 * 9 * 5.
    NamedScope {
        name: "crowd",
        description: "three users with at most a login profile; one group, policy, device",
        scope: Scope { users: 3, groups: 1, policies: 1, devices: 1, ..Scope::EMPTY },
        states: 4_610,
        transitions: 46_554,
        size: ScopeSize::Small,
    },
    // A user has a login profile or not, one of two paths, two tags or not, and a boundary or not:
    // 16 states without the policy, 32 with it. Each of two access keys is free or held. Two users
    // cannot swap their keys, because that needs a third name: 1 + 2 * 16 * 4 + 16 * 16 * 8 + 1 + 2
    // * 32 * 4 + 32 * 32 * 8.
    NamedScope {
        name: "names",
        description: "two users that change names, paths, boundaries and tags",
        scope: Scope {
            users: 2,
            items: 1,
            policies: 1,
            extension: ScopeExtension::Users,
            ..Scope::EMPTY
        },
        states: 10_626,
        transitions: 126_392,
        size: ScopeSize::Small,
    },
    // Each of two groups is absent, or has two inline policies or not and the user as a member or
    // not: 5 * 5 + 9 * 9. If the policy exists, the groups and the user have it attached or not: 9
    // * 9 + 17 * 17 * 2.
    NamedScope {
        name: "group-policies",
        description: "two groups that change names and policies, and a user",
        scope: Scope {
            users: 1,
            groups: 2,
            policies: 1,
            extension: ScopeExtension::Groups,
            ..Scope::EMPTY
        },
        states: 765,
        transitions: 6_630,
        size: ScopeSize::Small,
    },
    // Of n versions created so far, one to five exist, and one is the default. If five exist, the
    // last one is among them, because a sixth is refused. There are k - 1 others with the last, or
    // k without: 1 + the sum over n to 7 of the sums of k * C(n - 1, k - 1), k to 5, and k * C(n -
    // 1, k), k to 4.
    NamedScope {
        name: "versions",
        description: "a policy and its versions, numbered up to seven",
        scope: Scope { policies: 1, extension: ScopeExtension::Versions, ..Scope::EMPTY },
        states: 680,
        transitions: 3_557,
        size: ScopeSize::Small,
    },
    // Counts as in `near-quotas`, each up to its quota: 1 + 2 * 3 * 3 * 6 * 3 * 4 * 9 * 11 * 11.
    NamedScope {
        name: "quotas",
        description: "one user, every kind up to its quota",
        scope: QUOTAS,
        states: 1_411_345,
        transitions: 19_167_194,
        size: ScopeSize::Large,
    },
    // With names there are 1 + 2 * 64 * 4 * 4 * 4 + 64 * 64 * 16 * 16 * 9 = 9,445,377 states.
    // Without the names of resources, two users hold two groups in one of 10 ways, two policies
    // likewise, and two devices in one of 6. Without the names of users there are half as many,
    // plus half of the states that a swap of the users does not change (Burnside): 1 + 64 * 3 * 3 *
    // 3 + (64 * 64 * 10 * 10 * 6 + 64 * 4 * 4 * 2) / 2.
    NamedScope {
        name: "sharing",
        description: "two users, one item of each kind; two groups, policies, devices",
        scope: Scope { items: 1, symmetry: true, ..SHARING },
        states: 1_231_553,
        transitions: 25_108_740,
        size: ScopeSize::Large,
    },
];
