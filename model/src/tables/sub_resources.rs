//! What a group or a policy has that stands in the way of its own deletion: the policies of a group
//! and the versions of a policy. One row a part.
//!
//! Little is recorded of the policies of groups; what is recorded for those of users is taken for
//! them too, as inferred.

use crate::evidence::{
    B_IP_01, B_IP_02, B_IP_03, B_IP_04, B_IP_05, B_IP_06, B_MP_01, B_MP_02, B_MP_03, B_MP_04,
    B_MP_08, C_004, C_013, C_017, C_018, C_019, C_061, E_001, E_010, Evidence, G_001, G_007, X_010,
};
use crate::rule::ErrorCode::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Action, Clause};
use crate::semantics::conditions::Condition::{
    AlreadyPart, IsDefault, NoSuchObject, NoSuchPolicy, NoSuchVersion, NotPart, PartsFull,
};
use crate::tables::attachments::Item;
use crate::tables::resources::ResourceKind;

/// A part of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubResource {
    /// An inline policy of a group.
    InlinePolicy,
    /// A managed policy that is attached to a group.
    AttachedPolicy,
    /// A version of a managed policy. The first is made with the policy, and one is in force.
    Version,
}

/// How one part differs from another.
#[derive(Debug)]
pub struct SubResourceRow {
    /// What it is a part of.
    pub of: ResourceKind,
    /// Its name in rule ids.
    pub name: &'static str,
    /// What people call one.
    pub noun: &'static str,
    /// What its symbols begin with in scripts.
    pub symbol: &'static str,
    /// The request member that names it.
    pub member: &'static str,
    /// What it refers to, if it refers to something that exists by itself.
    pub refers: Option<ResourceKind>,
    /// How many an object may have, and what one counts for.
    pub max: u64,
    /// The call that adds one.
    pub add: Action,
    /// The call that lists them.
    pub list: Action,
    /// The call that reads one.
    pub get: Option<Action>,
    /// The call that puts one in force.
    pub set_default: Option<Action>,
    /// The call that takes one away.
    pub remove: Action,
}

/// What is done with a part: the columns of the table of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubResourceAction {
    /// Adds one.
    Add,
    /// Lists them.
    List,
    /// Reads one.
    Get,
    /// Puts one in force.
    SetDefault,
    /// Takes one away.
    Remove,
}

impl SubResourceAction {
    /// Every act, in the order of the columns.
    pub const ALL: [Self; 5] = [Self::Add, Self::List, Self::Get, Self::SetDefault, Self::Remove];
}

impl SubResourceRow {
    /// The call for an act, if the part has one.
    #[must_use]
    pub const fn call(&self, act: SubResourceAction) -> Option<&Action> {
        match act {
            SubResourceAction::Add => Some(&self.add),
            SubResourceAction::List => Some(&self.list),
            SubResourceAction::Get => self.get.as_ref(),
            SubResourceAction::SetDefault => self.set_default.as_ref(),
            SubResourceAction::Remove => Some(&self.remove),
        }
    }
}

impl SubResource {
    /// Every part.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::InlinePolicy, Self::AttachedPolicy, Self::Version].into_iter()
    }

    /// Its row.
    #[must_use]
    pub const fn row(self) -> &'static SubResourceRow {
        match self {
            Self::InlinePolicy => &INLINE,
            Self::AttachedPolicy => &ATTACHED,
            Self::Version => &VERSION,
        }
    }

    /// The symbol of one as scripts write it: `i0`, `p0`, `v1`.
    #[must_use]
    pub fn symbol(self, item: Item) -> String {
        format!("{}{}", self.row().symbol, item.0)
    }
}

const NO_SUCH_GROUP: Clause =
    Clause::refused(NoSuchObject, NoSuchEntity, Evidence::like(&[C_004]), Evidence::like(&[C_004]));

/// Recorded for groups in other words than those of the fact (B-IP-06).
const NO_SUCH_INLINE_POLICY: Clause =
    Clause::refused(NotPart, NoSuchEntity, Evidence::like(&[B_IP_06]), Evidence::open(&[B_IP_06]));

const INLINE: SubResourceRow = SubResourceRow {
    of: ResourceKind::Group,
    name: "inline-policy",
    noun: "inline policy of the group",
    symbol: "i",
    member: "PolicyName",
    refers: None,
    max: 40, // 5,120 characters (G-001), at 128 for each of our documents
    add: Action {
        api: "PutGroupPolicy",
        claims: &[
            Clause::done(Evidence::like(&[B_IP_01])),
            NO_SUCH_GROUP,
            Clause::done_although(AlreadyPart, Evidence::like(&[B_IP_02])),
            Clause::refused(
                PartsFull,
                LimitExceeded,
                Evidence::like(&[G_001]),
                Evidence::open(&[G_007]),
            ),
        ],
    },
    list: Action {
        api: "ListGroupPolicies",
        claims: &[Clause::done(Evidence::like(&[B_IP_04])), NO_SUCH_GROUP],
    },
    get: Some(Action {
        api: "GetGroupPolicy",
        claims: &[Clause::done(Evidence::like(&[B_IP_03])), NO_SUCH_GROUP, NO_SUCH_INLINE_POLICY],
    }),
    set_default: None,
    remove: Action {
        api: "DeleteGroupPolicy",
        claims: &[Clause::done(Evidence::like(&[B_IP_05])), NO_SUCH_GROUP, NO_SUCH_INLINE_POLICY],
    },
};

const ATTACHED: SubResourceRow = SubResourceRow {
    of: ResourceKind::Group,
    name: "attached-policy",
    noun: "managed policy that is attached to the group",
    symbol: "p",
    member: "PolicyArn",
    refers: Some(ResourceKind::Policy),
    max: 10,
    add: Action {
        api: "AttachGroupPolicy",
        claims: &[
            Clause::done(Evidence::like(&[B_MP_01])),
            NO_SUCH_GROUP,
            Clause::refused(
                NoSuchPolicy,
                NoSuchEntity,
                Evidence::like(&[B_MP_03]),
                Evidence::like(&[B_MP_03]),
            ),
            Clause::done_although(AlreadyPart, Evidence::like(&[B_MP_08, X_010])),
            Clause::refused(
                PartsFull,
                LimitExceeded,
                Evidence::like(&[G_001, G_007]),
                Evidence::open(&[G_007]),
            ),
        ],
    },
    list: Action {
        api: "ListAttachedGroupPolicies",
        claims: &[Clause::done(Evidence::like(&[B_MP_02])), NO_SUCH_GROUP],
    },
    get: None,
    set_default: None,
    remove: Action {
        api: "DetachGroupPolicy",
        claims: &[
            Clause::done(Evidence::like(&[B_MP_01])),
            NO_SUCH_GROUP,
            Clause::refused(
                NoSuchPolicy,
                NoSuchEntity,
                Evidence::like(&[B_MP_04]),
                Evidence::like(&[B_MP_04]),
            ),
            Clause::refused(
                NotPart,
                NoSuchEntity,
                Evidence::like(&[B_MP_04]),
                Evidence::like(&[B_MP_04]),
            ),
        ],
    },
};

const NO_SUCH_VERSION: Clause =
    Clause::refused(NoSuchVersion, NoSuchEntity, Evidence::by(&[C_019]), Evidence::by(&[C_019]));

/// Which of the two texts is said is not known.
const NO_SUCH_POLICY: Clause = Clause::refused(
    NoSuchObject,
    NoSuchEntity,
    Evidence::like(&[C_013, C_019]),
    Evidence::open(&[C_013, C_019]),
);

const VERSION: SubResourceRow = SubResourceRow {
    of: ResourceKind::Policy,
    name: "version",
    noun: "version of the policy",
    symbol: "v",
    member: "VersionId",
    refers: None,
    max: 5,
    add: Action {
        api: "CreatePolicyVersion",
        claims: &[
            Clause::done(Evidence::by(&[C_061])),
            NO_SUCH_POLICY,
            Clause::refused(
                PartsFull,
                LimitExceeded,
                Evidence::by(&[C_017]),
                Evidence::by(&[C_017]),
            ),
        ],
    },
    list: Action {
        api: "ListPolicyVersions",
        claims: &[Clause::done(Evidence::like(&[E_010])), NO_SUCH_POLICY],
    },
    get: Some(Action {
        api: "GetPolicyVersion",
        claims: &[Clause::done(Evidence::like(&[C_061])), NO_SUCH_VERSION],
    }),
    set_default: Some(Action {
        api: "SetDefaultPolicyVersion",
        claims: &[Clause::done(Evidence::like(&[C_061])), NO_SUCH_VERSION],
    }),
    remove: Action {
        api: "DeletePolicyVersion",
        claims: &[
            Clause::done(Evidence::by(&[E_001])),
            NO_SUCH_VERSION,
            Clause::refused(
                IsDefault,
                DeleteConflict,
                Evidence::by(&[C_018]),
                Evidence::by(&[C_018]),
            ),
        ],
    },
};
