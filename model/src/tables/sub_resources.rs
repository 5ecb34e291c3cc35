//! The table of sub-resources: the policies of a group and the versions of a policy.
//!
//! Sub-resources block the deletion of their resource. If no fact is about the policies of groups,
//! a clause cites the facts about policies of users, at level *info*.

use crate::evidence::{
    B_IP_02, B_IP_05, B_MP_03, B_MP_04, B_MP_09, C_004, C_013, C_017, C_018, C_019, C_061, C_080,
    C_081, C_082, C_083, C_084, C_085, C_086, C_087, C_092, E_001, E_010, Evidence, G_001, G_007,
};
use crate::ids::Item;
use crate::kind::{ResourceKind, SubResource, SubResourceAction};
use crate::rule::Condition::{
    HasEntry, IsDefault, NoSuchEntry, NoSuchPolicy, NoSuchResource, NoSuchVersion,
    SubResourceQuotaReached,
};
use crate::rule::ErrorCode::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Action, Clause};

/// The facts about one kind of sub-resource.
#[derive(Debug)]
pub struct SubResourceRow {
    /// The kind of resource that it belongs to.
    pub resource: ResourceKind,
    /// The name in rule ids.
    pub name: &'static str,
    /// The noun in sentences.
    pub noun: &'static str,
    /// The prefix of its symbols in scripts.
    pub prefix: &'static str,
    /// The request parameter that names it.
    pub parameter: &'static str,
    /// The kind of resource that it refers to.
    pub refers_to: Option<ResourceKind>,
    /// The maximum number for one resource.
    pub max: u64,
    /// The action that adds one.
    pub add: Action,
    /// The action that lists them.
    pub list: Action,
    /// The action that reads one.
    pub get: Option<Action>,
    /// The action that makes one the default.
    pub set_default: Option<Action>,
    /// The action that removes one.
    pub remove: Action,
}

impl SubResourceRow {
    /// The API action for an action of this kind, if the API has one.
    #[must_use]
    pub const fn action(&self, action: SubResourceAction) -> Option<&Action> {
        match action {
            SubResourceAction::Add => Some(&self.add),
            SubResourceAction::List => Some(&self.list),
            SubResourceAction::Get => self.get.as_ref(),
            SubResourceAction::SetDefault => self.set_default.as_ref(),
            SubResourceAction::Remove => Some(&self.remove),
        }
    }
}

impl SubResource {
    /// Every kind of sub-resource.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::InlinePolicy, Self::AttachedPolicy, Self::Version].into_iter()
    }

    /// The row of this kind.
    #[must_use]
    pub const fn row(self) -> &'static SubResourceRow {
        match self {
            Self::InlinePolicy => &INLINE_POLICY,
            Self::AttachedPolicy => &ATTACHED_POLICY,
            Self::Version => &VERSION,
        }
    }

    /// The symbol of a sub-resource in scripts: `i0`, `p0`, `v1`.
    #[must_use]
    pub fn symbol(self, item: Item) -> String {
        format!("{}{}", self.row().prefix, item.0)
    }
}

const NO_SUCH_GROUP: Clause =
    Clause::refused(NoSuchResource, NoSuchEntity, Evidence::like(&[C_004]));

const INLINE_POLICY: SubResourceRow = SubResourceRow {
    resource: ResourceKind::Group,
    name: SubResource::InlinePolicy.name(),
    noun: "inline group policy",
    prefix: "i",
    parameter: "PolicyName",
    refers_to: None,
    // 5,120 characters (G-001) divided by the 128 characters of each test document.
    max: 40,
    add: Action {
        api: "PutGroupPolicy",
        clauses: &[
            Clause::success(Evidence::by(&[C_080])),
            NO_SUCH_GROUP,
            Clause::success_despite(HasEntry, Evidence::like(&[B_IP_02])),
            Clause::refused_with_text(
                SubResourceQuotaReached,
                LimitExceeded,
                Evidence::like(&[G_001]),
                Evidence::by(&[C_092]),
            ),
        ],
    },
    list: Action {
        api: "ListGroupPolicies",
        clauses: &[Clause::success(Evidence::by(&[C_083])), NO_SUCH_GROUP],
    },
    get: Some(Action {
        api: "GetGroupPolicy",
        clauses: &[
            Clause::success(Evidence::by(&[C_081])),
            NO_SUCH_GROUP,
            Clause::refused(NoSuchEntry, NoSuchEntity, Evidence::by(&[C_082])),
        ],
    }),
    set_default: None,
    remove: Action {
        api: "DeleteGroupPolicy",
        clauses: &[
            Clause::success(Evidence::like(&[B_IP_05])),
            NO_SUCH_GROUP,
            Clause::refused(NoSuchEntry, NoSuchEntity, Evidence::like(&[C_082])),
        ],
    },
};

const ATTACHED_POLICY: SubResourceRow = SubResourceRow {
    resource: ResourceKind::Group,
    name: SubResource::AttachedPolicy.name(),
    noun: "attached managed policy",
    prefix: "p",
    parameter: "PolicyArn",
    refers_to: Some(ResourceKind::Policy),
    max: 10,
    add: Action {
        api: "AttachGroupPolicy",
        clauses: &[
            Clause::success(Evidence::by(&[C_084])),
            NO_SUCH_GROUP,
            Clause::refused(NoSuchPolicy, NoSuchEntity, Evidence::like(&[B_MP_03])),
            Clause::success_despite(HasEntry, Evidence::by(&[B_MP_09])),
            Clause::refused_with_text(
                SubResourceQuotaReached,
                LimitExceeded,
                Evidence::like(&[G_001, G_007]),
                Evidence::unspecified(&[G_007]),
            ),
        ],
    },
    list: Action {
        api: "ListAttachedGroupPolicies",
        clauses: &[Clause::success(Evidence::by(&[C_084])), NO_SUCH_GROUP],
    },
    get: None,
    set_default: None,
    remove: Action {
        api: "DetachGroupPolicy",
        clauses: &[
            Clause::success(Evidence::by(&[C_084])),
            NO_SUCH_GROUP,
            Clause::refused(NoSuchPolicy, NoSuchEntity, Evidence::like(&[B_MP_04, C_085])),
            Clause::refused(NoSuchEntry, NoSuchEntity, Evidence::by(&[C_085])),
        ],
    },
};

const NO_SUCH_VERSION: Clause =
    Clause::refused(NoSuchVersion, NoSuchEntity, Evidence::by(&[C_019]));

/// It is unknown which of the two texts the service returns.
const NO_SUCH_POLICY: Clause = Clause::refused_with_text(
    NoSuchResource,
    NoSuchEntity,
    Evidence::like(&[C_013, C_019]),
    Evidence::unspecified(&[C_013, C_019]),
);

const VERSION: SubResourceRow = SubResourceRow {
    resource: ResourceKind::Policy,
    name: SubResource::Version.name(),
    noun: "policy version",
    prefix: "v",
    parameter: "VersionId",
    refers_to: None,
    max: 5,
    add: Action {
        api: "CreatePolicyVersion",
        clauses: &[
            Clause::success(Evidence::by(&[C_061, C_086])),
            NO_SUCH_POLICY,
            Clause::refused(SubResourceQuotaReached, LimitExceeded, Evidence::by(&[C_017])),
        ],
    },
    list: Action {
        api: "ListPolicyVersions",
        clauses: &[Clause::success(Evidence::by(&[C_086, E_010])), NO_SUCH_POLICY],
    },
    get: Some(Action {
        api: "GetPolicyVersion",
        clauses: &[Clause::success(Evidence::by(&[C_086])), NO_SUCH_VERSION],
    }),
    set_default: Some(Action {
        api: "SetDefaultPolicyVersion",
        clauses: &[Clause::success(Evidence::by(&[C_087])), NO_SUCH_VERSION],
    }),
    remove: Action {
        api: "DeletePolicyVersion",
        clauses: &[
            Clause::success(Evidence::by(&[E_001])),
            NO_SUCH_VERSION,
            Clause::refused(IsDefault, DeleteConflict, Evidence::by(&[C_018])),
        ],
    },
};
