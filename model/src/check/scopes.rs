//! The named scopes, each with the number of states that it must have.
//!
//! The comments derive each number by a closed formula; it is not the result of a search. A model
//! that loses or gains behavior has another number of states. Six kinds refer to no resource: a
//! user with at most one item of each is in one of 2⁶ = 64 states.

use crate::check::scope::{Scope, ScopeExtension};

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
