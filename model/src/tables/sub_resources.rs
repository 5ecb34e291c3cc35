//! What a group or a policy has that stands in the way of its own deletion: the policies of a group
//! and the versions of a policy. One row a part.
//!
//! Little is recorded of the policies of groups; what is recorded for those of users is taken for
//! them too, as inferred.

use crate::evidence::{
    B_IP_01, B_IP_02, B_IP_03, B_IP_04, B_IP_05, B_IP_06, B_MP_01, B_MP_02, B_MP_03, B_MP_04,
    B_MP_08, C_004, C_013, C_017, C_018, C_019, C_061, E_001, E_010, Evidence, G_001, G_007, X_010,
};
use crate::rule::Code::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Call, Claim};
use crate::semantics::conditions::Reason::{
    AlreadyPart, IsDefault, NoSuchObject, NoSuchPolicy, NoSuchVersion, NotPart, PartsFull,
};
use crate::tables::attachments::Item;
use crate::tables::resources::Class;

/// A part of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// An inline policy of a group.
    InlinePolicy,
    /// A managed policy that is attached to a group.
    AttachedPolicy,
    /// A version of a managed policy. The first is made with the policy, and one is in force.
    Version,
}

/// How one part differs from another.
#[derive(Debug)]
pub struct PartRow {
    /// What it is a part of.
    pub of: Class,
    /// Its name in rule ids.
    pub name: &'static str,
    /// What people call one.
    pub noun: &'static str,
    /// What its symbols begin with in scripts.
    pub symbol: &'static str,
    /// The request member that names it.
    pub member: &'static str,
    /// What it refers to, if it refers to something that exists by itself.
    pub refers: Option<Class>,
    /// How many an object may have, and what one counts for.
    pub max: u64,
    /// The call that adds one.
    pub add: Call,
    /// The call that lists them.
    pub list: Call,
    /// The call that reads one.
    pub get: Option<Call>,
    /// The call that puts one in force.
    pub set_default: Option<Call>,
    /// The call that takes one away.
    pub remove: Call,
}

/// What is done with a part: the columns of the table of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
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

impl Act {
    /// Every act, in the order of the columns.
    pub const ALL: [Self; 5] = [Self::Add, Self::List, Self::Get, Self::SetDefault, Self::Remove];
}

impl PartRow {
    /// The call for an act, if the part has one.
    #[must_use]
    pub const fn call(&self, act: Act) -> Option<&Call> {
        match act {
            Act::Add => Some(&self.add),
            Act::List => Some(&self.list),
            Act::Get => self.get.as_ref(),
            Act::SetDefault => self.set_default.as_ref(),
            Act::Remove => Some(&self.remove),
        }
    }
}

impl Part {
    /// Every part.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::InlinePolicy, Self::AttachedPolicy, Self::Version].into_iter()
    }

    /// Its row.
    #[must_use]
    pub const fn row(self) -> &'static PartRow {
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

const NO_SUCH_GROUP: Claim =
    Claim::refused(NoSuchObject, NoSuchEntity, Evidence::like(&[C_004]), Evidence::like(&[C_004]));

/// Recorded for groups in other words than those of the fact (B-IP-06).
const NO_SUCH_INLINE_POLICY: Claim =
    Claim::refused(NotPart, NoSuchEntity, Evidence::like(&[B_IP_06]), Evidence::open(&[B_IP_06]));

const INLINE: PartRow = PartRow {
    of: Class::Group,
    name: "inline-policy",
    noun: "inline policy of the group",
    symbol: "i",
    member: "PolicyName",
    refers: None,
    max: 40, // 5,120 characters (G-001), at 128 for each of our documents
    add: Call {
        api: "PutGroupPolicy",
        claims: &[
            Claim::done(Evidence::like(&[B_IP_01])),
            NO_SUCH_GROUP,
            Claim::done_although(AlreadyPart, Evidence::like(&[B_IP_02])),
            Claim::refused(
                PartsFull,
                LimitExceeded,
                Evidence::like(&[G_001]),
                Evidence::open(&[G_007]),
            ),
        ],
    },
    list: Call {
        api: "ListGroupPolicies",
        claims: &[Claim::done(Evidence::like(&[B_IP_04])), NO_SUCH_GROUP],
    },
    get: Some(Call {
        api: "GetGroupPolicy",
        claims: &[Claim::done(Evidence::like(&[B_IP_03])), NO_SUCH_GROUP, NO_SUCH_INLINE_POLICY],
    }),
    set_default: None,
    remove: Call {
        api: "DeleteGroupPolicy",
        claims: &[Claim::done(Evidence::like(&[B_IP_05])), NO_SUCH_GROUP, NO_SUCH_INLINE_POLICY],
    },
};

const ATTACHED: PartRow = PartRow {
    of: Class::Group,
    name: "attached-policy",
    noun: "managed policy that is attached to the group",
    symbol: "p",
    member: "PolicyArn",
    refers: Some(Class::Policy),
    max: 10,
    add: Call {
        api: "AttachGroupPolicy",
        claims: &[
            Claim::done(Evidence::like(&[B_MP_01])),
            NO_SUCH_GROUP,
            Claim::refused(
                NoSuchPolicy,
                NoSuchEntity,
                Evidence::like(&[B_MP_03]),
                Evidence::like(&[B_MP_03]),
            ),
            Claim::done_although(AlreadyPart, Evidence::like(&[B_MP_08, X_010])),
            Claim::refused(
                PartsFull,
                LimitExceeded,
                Evidence::like(&[G_001, G_007]),
                Evidence::open(&[G_007]),
            ),
        ],
    },
    list: Call {
        api: "ListAttachedGroupPolicies",
        claims: &[Claim::done(Evidence::like(&[B_MP_02])), NO_SUCH_GROUP],
    },
    get: None,
    set_default: None,
    remove: Call {
        api: "DetachGroupPolicy",
        claims: &[
            Claim::done(Evidence::like(&[B_MP_01])),
            NO_SUCH_GROUP,
            Claim::refused(
                NoSuchPolicy,
                NoSuchEntity,
                Evidence::like(&[B_MP_04]),
                Evidence::like(&[B_MP_04]),
            ),
            Claim::refused(
                NotPart,
                NoSuchEntity,
                Evidence::like(&[B_MP_04]),
                Evidence::like(&[B_MP_04]),
            ),
        ],
    },
};

const NO_SUCH_VERSION: Claim =
    Claim::refused(NoSuchVersion, NoSuchEntity, Evidence::by(&[C_019]), Evidence::by(&[C_019]));

/// Which of the two texts is said is not known.
const NO_SUCH_POLICY: Claim = Claim::refused(
    NoSuchObject,
    NoSuchEntity,
    Evidence::like(&[C_013, C_019]),
    Evidence::open(&[C_013, C_019]),
);

const VERSION: PartRow = PartRow {
    of: Class::Policy,
    name: "version",
    noun: "version of the policy",
    symbol: "v",
    member: "VersionId",
    refers: None,
    max: 5,
    add: Call {
        api: "CreatePolicyVersion",
        claims: &[
            Claim::done(Evidence::by(&[C_061])),
            NO_SUCH_POLICY,
            Claim::refused(
                PartsFull,
                LimitExceeded,
                Evidence::by(&[C_017]),
                Evidence::by(&[C_017]),
            ),
        ],
    },
    list: Call {
        api: "ListPolicyVersions",
        claims: &[Claim::done(Evidence::like(&[E_010])), NO_SUCH_POLICY],
    },
    get: Some(Call {
        api: "GetPolicyVersion",
        claims: &[Claim::done(Evidence::like(&[C_061])), NO_SUCH_VERSION],
    }),
    set_default: Some(Call {
        api: "SetDefaultPolicyVersion",
        claims: &[Claim::done(Evidence::like(&[C_061])), NO_SUCH_VERSION],
    }),
    remove: Call {
        api: "DeletePolicyVersion",
        claims: &[
            Claim::done(Evidence::by(&[E_001])),
            NO_SUCH_VERSION,
            Claim::refused(
                IsDefault,
                DeleteConflict,
                Evidence::by(&[C_018]),
                Evidence::by(&[C_018]),
            ),
        ],
    },
};
