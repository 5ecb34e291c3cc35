//! The scopes that are checked, each with the number of states that it must have.
//!
//! The numbers are closed formulas, not what a search once said: a model that loses or gains
//! behaviour does not meet them. A user that holds one item or none of the six kinds that refer to
//! nothing is in one of 2⁶ = 64 states.

use crate::check::scope::{Scope, ScopeExtension};

/// A scope that is checked.
#[derive(Clone, Copy, Debug)]
pub struct NamedScope {
    /// One word.
    pub name: &'static str,
    /// What is in it.
    pub about: &'static str,
    /// How much.
    pub scope: Scope,
    /// How many states it must have.
    pub states: usize,
    /// How often a call leads from a state to another one, as it was when last reviewed.
    pub transitions: usize,
    /// How long it takes.
    pub size: ScopeSize,
}

/// How long a scope takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeSize {
    /// Checked in every test.
    Small,
    /// Checked where somebody asks for it.
    Large,
}

impl NamedScope {
    /// Whether stateright can hold it: it takes no two states for one.
    #[must_use]
    pub const fn fits_stateright(&self) -> bool {
        !self.scope.renames()
    }

    /// The scope of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        SCOPES.iter().find(|it| it.name == name)
    }
}

const ONE: Scope =
    Scope { users: 1, items: 1, groups: 1, policies: 1, devices: 1, ..Scope::NOTHING };

/// As many as there can be, and one more of each. Inline policies are measured in characters; and of
/// managed policies AWS allows more where it is asked to, so that nothing but their number ends them.
const QUOTAS: Scope = Scope {
    users: 1,
    items: 3,
    quotas: true,
    groups: 11,
    policies: 10,
    devices: 9,
    given: true,
    alike: true,
    ..Scope::NOTHING
};

const SHARING: Scope =
    Scope { users: 2, groups: 2, policies: 2, devices: 2, given: true, ..Scope::NOTHING };

/// Every scope, the small ones first.
pub const SCOPES: [NamedScope; 13] = [
    // Without the user each of three objects is there or not; with it each is absent, there or held,
    // and six kinds are held or not: 8 + 27 * 64.
    NamedScope {
        name: "one",
        about: "one user, one of each kind",
        scope: ONE,
        states: 1_736,
        transitions: 17_320,
        size: ScopeSize::Small,
    },
    // As above, but four kinds are absent, active or inactive: 8 + 27 * 4 * 81.
    NamedScope {
        name: "status",
        about: "the same, each item active or inactive",
        scope: Scope { statuses: true, ..ONE },
        states: 8_756,
        transitions: 110_904,
        size: ScopeSize::Small,
    },
    // Two of what refers to nothing. Of four kinds two items are each absent, active or inactive, in
    // any order: six ways; of inline policies there are none to two: 1 + 2 * 3 * 6^4.
    NamedScope {
        name: "mixed",
        about: "one user, two items a kind, active and inactive",
        scope: Scope { users: 1, items: 2, statuses: true, alike: true, ..Scope::NOTHING },
        states: 7_777,
        transitions: 95_932,
        size: ScopeSize::Small,
    },
    // As the first, but five kinds have two items that are there or not: 8 + 27 * 2 * 1024.
    NamedScope {
        name: "two-of-each",
        about: "one user, two of each kind",
        scope: Scope { items: 2, ..ONE },
        states: 55_304,
        transitions: 774_184,
        size: ScopeSize::Small,
    },
    // No quota of objects is reached. Numbers of a login profile, access keys, certificates, SSH
    // keys, credentials, inline policies, devices, policies and groups:
    // 1 + 2 * 3 * 3 * 6 * 3 * 3 * 3 * 3 * 3.
    NamedScope {
        name: "near-quotas",
        about: "one user, up to the quotas of what it is issued",
        scope: Scope { items: 2, groups: 2, policies: 2, devices: 2, ..QUOTAS },
        states: 26_245,
        transitions: 314_930,
        size: ScopeSize::Small,
    },
    // Two users share a group and a device: 4 + 2 * 9 * 64 + 5 * 4 * 64 * 64.
    NamedScope {
        name: "pair",
        about: "two users, a group and a device that come and go",
        scope: Scope { users: 2, policies: 0, ..ONE },
        states: 83_076,
        transitions: 1_282_072,
        size: ScopeSize::Small,
    },
    // Two users with a login profile or none: each is in two groups or not, holds two policies or
    // not, and each of two devices is one user's or nobody's. 1 + 2 * 2 * 4 * 4 * 4 + 4 * 16 * 16 * 9.
    NamedScope {
        name: "sharing-bare",
        about: "two users with a login profile at most; two groups, policies, devices",
        scope: SHARING,
        states: 9_473,
        transitions: 119_044,
        size: ScopeSize::Small,
    },
    // For n users, of which there are 1, 3, 3, 1 sets, with a login profile or none, the group and
    // the policy are absent or held by some of them, the device is absent, free or one user's:
    // 2 * 2 * 2 + 3 * 2 * 3 * 3 * 3 + 3 * 4 * 5 * 5 * 4 + 8 * 9 * 9 * 5.
    NamedScope {
        name: "crowd",
        about: "three users with a login profile at most; one group, policy, device",
        scope: Scope { users: 3, groups: 1, policies: 1, devices: 1, ..Scope::NOTHING },
        states: 4_610,
        transitions: 46_554,
        size: ScopeSize::Small,
    },
    // A user with a login profile or none, one of two paths, two tags or not, and the policy for a
    // boundary or none is in 16 states without the policy, in 32 with it. Each of two access keys is
    // nobody's or somebody's, but two users cannot swap them, for want of a third name:
    // 1 + 2 * 16 * 4 + 16 * 16 * 8 + 1 + 2 * 32 * 4 + 32 * 32 * 8.
    NamedScope {
        name: "names",
        about: "two users that get other names, paths, boundaries and tags",
        scope: Scope {
            users: 2,
            items: 1,
            policies: 1,
            beside: ScopeExtension::Users,
            ..Scope::NOTHING
        },
        states: 10_626,
        transitions: 126_392,
        size: ScopeSize::Small,
    },
    // Each of two groups is absent or has two inline policies or not, and the user in it or not:
    // 5 * 5 + 9 * 9; where the policy exists, the groups and the user have it or not:
    // 9 * 9 + 17 * 17 * 2.
    NamedScope {
        name: "group-policies",
        about: "two groups that get other names and policies, and a user",
        scope: Scope {
            users: 1,
            groups: 2,
            policies: 1,
            beside: ScopeExtension::Groups,
            ..Scope::NOTHING
        },
        states: 765,
        transitions: 6_630,
        size: ScopeSize::Small,
    },
    // Of n versions made so far one to five are left, one of them in force; where all five are, the
    // last is among them, for a sixth is not made. Of k - 1 others with the last, or k without it:
    // 1 + the sum over n to 7 of the sums of k * C(n - 1, k - 1), k to 5, and k * C(n - 1, k), k to 4.
    NamedScope {
        name: "versions",
        about: "a policy and its versions, numbered up to seven",
        scope: Scope { policies: 1, beside: ScopeExtension::Versions, ..Scope::NOTHING },
        states: 680,
        transitions: 3_557,
        size: ScopeSize::Small,
    },
    // Numbers as above, each up to its quota: 1 + 2 * 3 * 3 * 6 * 3 * 4 * 9 * 11 * 11.
    NamedScope {
        name: "quotas",
        about: "one user, every kind up to its quota",
        scope: QUOTAS,
        states: 1_411_345,
        transitions: 19_167_194,
        size: ScopeSize::Large,
    },
    // With names there are 1 + 2 * 64 * 4 * 4 * 4 + 64 * 64 * 16 * 16 * 9 = 9,445,377 states. Without
    // those of objects, two users hold two groups in one of 10 ways, policies likewise, devices in
    // one of 6; without those of users, half, but for what is the same when they change places
    // (Burnside): 1 + 64 * 3 * 3 * 3 + (64 * 64 * 10 * 10 * 6 + 64 * 4 * 4 * 2) / 2.
    NamedScope {
        name: "sharing",
        about: "two users, one item a kind; two groups, policies, devices",
        scope: Scope { items: 1, alike: true, ..SHARING },
        states: 1_231_553,
        transitions: 25_108_740,
        size: ScopeSize::Large,
    },
];
