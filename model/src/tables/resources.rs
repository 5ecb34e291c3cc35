//! The table of resources (groups, customer managed policies, virtual MFA devices), and the actions
//! on users and on the whole account.
//!
//! One row describes one kind of resource, with the clauses of its actions. The actions on users
//! are constants: they are in no row because users are the subject of the model.

use std::fmt;

use crate::evidence::{
    A_001, A_002, A_017, A_018, A_022, B_AK_13, B_AK_15, B_GR_09, B_LP_12, B_LP_18, B_MF_01,
    B_MF_02, B_MF_05, B_MF_14, B_MF_20, B_PB_01, B_PB_02, B_PB_03, B_PB_04, B_PB_06, B_PB_07,
    B_TG_01, C_001, C_002, C_003, C_004, C_005, C_006, C_010, C_011, C_012, C_013, C_014, C_016,
    C_020, C_021, C_025, C_026, C_030, C_031, C_032, C_035, C_040, C_041, C_042, C_044, C_048,
    C_049, C_050, C_051, C_060, C_068, C_069, C_072, C_075, C_088, D_022, D_023, E_001, E_010,
    Evidence, F_002, F_003, F_010, G_001, G_006, X_011, X_019, X_031,
};
use crate::kind::{Resource, ResourceAction, ResourceKind, SubResource};
use crate::rule::Condition::{
    AccountFull, HasSubResources, InUse, IsBoundary, NameTaken, NoBoundary, NoSuchResource,
    NoSuchUser, NotHeld, RecentlyChanged, ResourceExists, SameName, UserExists,
};
use crate::rule::ErrorCode::{
    AccessDenied, DeleteConflict, EntityAlreadyExists, EntityTemporarilyUnmodifiable,
    LimitExceeded, NoSuchEntity,
};
use crate::rule::{Action, Clause};
use crate::tables::attachments::{BLOCKING_CLAUSES, Loss, with_blocking_clauses};

/// The facts about one kind of resource.
#[derive(Debug)]
pub struct ResourceRow {
    /// The noun in sentences.
    pub noun: &'static str,
    /// The letter of its symbols in scripts: `g0`.
    pub prefix: &'static str,
    /// The request parameter that names it.
    pub parameter: &'static str,
    /// The action that creates it.
    pub create: Action,
    /// The action that reads it.
    pub get: Option<Action>,
    /// The action that lists all resources of the kind.
    pub list: Action,
    /// The action that renames it.
    pub rename: Option<Action>,
    /// The action that lists its holders.
    pub list_holders: Option<Action>,
    /// The action that deletes it.
    pub delete: Action,
    /// What is lost for good when it is deleted after its last holder has given it up; `None` if
    /// no fact names a loss.
    pub lost_on_deletion: Option<Loss>,
}

impl ResourceRow {
    /// The API action for an action of this kind, if the API has one.
    #[must_use]
    pub const fn action(&self, action: ResourceAction) -> Option<&Action> {
        match action {
            ResourceAction::Create => Some(&self.create),
            ResourceAction::Get => self.get.as_ref(),
            ResourceAction::List => Some(&self.list),
            ResourceAction::Rename => self.rename.as_ref(),
            ResourceAction::ListHolders => self.list_holders.as_ref(),
            ResourceAction::Delete => Some(&self.delete),
        }
    }
}

impl ResourceKind {
    /// Every kind of resource.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Group, Self::Policy, Self::Device].into_iter()
    }

    /// The row of this kind.
    #[must_use]
    pub const fn row(self) -> &'static ResourceRow {
        match self {
            Self::Group => &GROUP,
            Self::Policy => &POLICY,
            Self::Device => &DEVICE,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.row().prefix, self.item.0)
    }
}

const DEVICE: ResourceRow = ResourceRow {
    noun: "virtual MFA device",
    prefix: "d",
    parameter: "SerialNumber",
    create: Action {
        api: "CreateVirtualMFADevice",
        clauses: &[
            Clause::success(Evidence::by(&[B_MF_01])),
            Clause::refused(ResourceExists, EntityAlreadyExists, Evidence::by(&[B_MF_02, B_MF_20])),
        ],
    },
    get: None,
    list: Action {
        api: "ListVirtualMFADevices",
        clauses: &[Clause::success(Evidence::by(&[B_MF_14]))],
    },
    rename: None,
    list_holders: None,
    delete: Action {
        api: "DeleteVirtualMFADevice",
        clauses: &[
            Clause::success(Evidence::by(&[C_026])),
            Clause::refused(NoSuchResource, NoSuchEntity, Evidence::by(&[B_MF_05])),
            Clause::refused_with_text(
                InUse,
                DeleteConflict,
                Evidence::by(&[D_022, C_069]),
                Evidence::by(&[C_069, C_025]),
            ),
        ],
    },
    lost_on_deletion: Some(Loss {
        what: "its seed, which no action returns again",
        facts: &[B_MF_01, B_MF_14],
    }),
};

const NO_SUCH_GROUP: Clause = Clause::refused(NoSuchResource, NoSuchEntity, Evidence::by(&[C_004]));

const GROUP: ResourceRow = ResourceRow {
    noun: "group",
    prefix: "g",
    parameter: "GroupName",
    create: Action {
        api: "CreateGroup",
        clauses: &[
            Clause::success(Evidence::by(&[D_023])),
            Clause::refused(ResourceExists, EntityAlreadyExists, Evidence::by(&[C_005])),
        ],
    },
    get: Some(Action {
        api: "GetGroup",
        clauses: &[Clause::success(Evidence::by(&[B_GR_09])), NO_SUCH_GROUP],
    }),
    list: Action { api: "ListGroups", clauses: &[Clause::success(Evidence::by(&[E_010]))] },
    rename: Some(Action {
        api: "UpdateGroup",
        clauses: &[
            Clause::success(Evidence::by(&[D_023, C_072])),
            NO_SUCH_GROUP,
            Clause::refused(NameTaken, EntityAlreadyExists, Evidence::by(&[C_006])),
            Clause::unspecified(SameName, EntityAlreadyExists, &[X_031]),
        ],
    }),
    list_holders: None,
    delete: Action {
        api: "DeleteGroup",
        clauses: &[
            Clause::success(Evidence::by(&[D_023])),
            NO_SUCH_GROUP,
            Clause::refused(InUse, DeleteConflict, Evidence::by(&[C_001])),
            Clause::refused(
                HasSubResources(SubResource::AttachedPolicy),
                DeleteConflict,
                Evidence::by(&[C_002]),
            ),
            Clause::refused(
                HasSubResources(SubResource::InlinePolicy),
                DeleteConflict,
                Evidence::by(&[C_003]),
            ),
        ],
    },
    lost_on_deletion: None,
};

const POLICY: ResourceRow = ResourceRow {
    noun: "managed policy",
    prefix: "p",
    parameter: "PolicyArn",
    create: Action {
        api: "CreatePolicy",
        clauses: &[
            Clause::success(Evidence::by(&[C_020])),
            Clause::refused(ResourceExists, EntityAlreadyExists, Evidence::by(&[C_016])),
        ],
    },
    get: Some(Action {
        api: "GetPolicy",
        clauses: &[
            Clause::success(Evidence::by(&[C_088])),
            Clause::refused(NoSuchResource, NoSuchEntity, Evidence::by(&[C_014])),
        ],
    }),
    list: Action { api: "ListPolicies", clauses: &[Clause::success(Evidence::like(&[E_010]))] },
    rename: None,
    list_holders: Some(Action {
        api: "ListEntitiesForPolicy",
        clauses: &[
            Clause::success(Evidence::like(&[C_060])),
            Clause::refused(NoSuchResource, NoSuchEntity, Evidence::by(&[C_021])),
        ],
    }),
    delete: Action {
        api: "DeletePolicy",
        clauses: &[
            Clause::success(Evidence::by(&[E_001, D_023])),
            Clause::refused(NoSuchResource, NoSuchEntity, Evidence::by(&[C_013])),
            Clause::refused(InUse, DeleteConflict, Evidence::by(&[C_010])),
            Clause::refused(IsBoundary, DeleteConflict, Evidence::by(&[C_011])),
            Clause::refused(
                HasSubResources(SubResource::Version),
                DeleteConflict,
                Evidence::by(&[C_012]),
            ),
        ],
    },
    lost_on_deletion: None,
};

/// `CreateUser`.
pub const CREATE_USER: Action = Action {
    api: "CreateUser",
    clauses: &[
        Clause::success(Evidence::by(&[C_042, B_TG_01, B_PB_01])),
        Clause::refused(UserExists, EntityAlreadyExists, Evidence::by(&[C_040])),
        Clause::refused(NoSuchResource, NoSuchEntity, Evidence::by(&[B_PB_07, B_PB_04])),
        Clause::sometimes(AccountFull, LimitExceeded, &[G_001], Evidence::by(&[G_006])),
    ],
};

/// `GetUser`.
pub const GET_USER: Action = Action {
    api: "GetUser",
    clauses: &[
        Clause::success(Evidence::by(&[C_044])),
        Clause::refused_with_text(
            NoSuchUser,
            NoSuchEntity,
            Evidence::by(&[D_022, A_001]),
            Evidence::by(&[F_002, F_003]),
        ),
    ],
};

/// `ListUsers`.
pub const LIST_USERS: Action =
    Action { api: "ListUsers", clauses: &[Clause::success(Evidence::by(&[C_048, C_049]))] };

/// `UpdateUser`. A name that another user has is refused because user names are unique (C-041).
pub const UPDATE_USER: Action = Action {
    api: "UpdateUser",
    clauses: &[
        Clause::success(Evidence::by(&[C_030, C_068])),
        Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[C_031])),
        Clause::refused_with_text(
            NameTaken,
            EntityAlreadyExists,
            Evidence::by(&[C_041, D_022, C_075]),
            Evidence::by(&[C_075, C_035]),
        ),
        Clause::unspecified(SameName, EntityAlreadyExists, &[X_031]),
        Clause::sometimes(
            RecentlyChanged,
            EntityTemporarilyUnmodifiable,
            &[D_022, F_010],
            Evidence::by(&[D_022, F_010]),
        )
        .with_unknown_text(&[X_019]),
    ],
};

/// `DeleteUser`. The rows of the table of attachments supply the blocking clauses.
pub const DELETE_USER: Action = Action { api: "DeleteUser", clauses: &DELETE_USER_CLAUSES };

/// The data that `DeleteUser` destroys besides the user.
pub const LOST_WITH_USER: [Loss; 3] = [
    Loss { what: "its unique id: a new user of the same name gets another one", facts: &[A_022] },
    Loss { what: "its tags", facts: &[A_017] },
    Loss { what: "its permissions boundary; the policy itself stays", facts: &[A_018] },
];

const DELETE_USER_CLAUSES: [Clause; BLOCKING_CLAUSES + 2] = with_blocking_clauses(&[
    Clause::success(Evidence::by(&[A_001])),
    Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[A_002])),
]);

/// `PutUserPermissionsBoundary`.
pub const PUT_USER_PERMISSIONS_BOUNDARY: Action = Action {
    api: "PutUserPermissionsBoundary",
    clauses: &[
        Clause::success(Evidence::by(&[B_PB_02])),
        Clause::refused_with_text(
            NoSuchUser,
            NoSuchEntity,
            Evidence::by(&[D_022, B_PB_06]),
            Evidence::by(&[B_PB_06]),
        ),
        Clause::refused(NoSuchResource, NoSuchEntity, Evidence::like(&[B_PB_04])),
    ],
};

/// `DeleteUserPermissionsBoundary`.
pub const DELETE_USER_PERMISSIONS_BOUNDARY: Action = Action {
    api: "DeleteUserPermissionsBoundary",
    clauses: &[
        Clause::success(Evidence::by(&[B_PB_03])),
        Clause::refused_with_text(
            NoSuchUser,
            NoSuchEntity,
            Evidence::by(&[D_022]),
            Evidence::like(&[B_PB_06]),
        ),
        Clause::unspecified(NoBoundary, NoSuchEntity, &[X_011]),
    ],
};

/// `ChangePassword`. The user calls for itself.
pub const CHANGE_PASSWORD: Action = Action {
    api: "ChangePassword",
    clauses: &[
        Clause::success(Evidence::by(&[D_023])),
        Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_LP_12])),
        Clause::sometimes(
            RecentlyChanged,
            EntityTemporarilyUnmodifiable,
            &[D_022, B_LP_18],
            Evidence::by(&[B_LP_18, D_022]),
        )
        .with_unknown_text(&[X_019]),
    ],
};

/// `GetAccessKeyLastUsed`, which names no user. The response for a key that no user holds is
/// recorded for a key that never existed.
pub const GET_ACCESS_KEY_LAST_USED: Action = Action {
    api: "GetAccessKeyLastUsed",
    clauses: &[
        Clause::success(Evidence::by(&[B_AK_13, C_032])),
        Clause::refused(NotHeld, AccessDenied, Evidence::like(&[B_AK_15])),
    ],
};

/// `GetAccountSummary`.
pub const GET_ACCOUNT_SUMMARY: Action =
    Action { api: "GetAccountSummary", clauses: &[Clause::success(Evidence::by(&[C_051, G_001]))] };

/// `GetAccountAuthorizationDetails`.
pub const GET_ACCOUNT_AUTHORIZATION_DETAILS: Action = Action {
    api: "GetAccountAuthorizationDetails",
    clauses: &[Clause::success(Evidence::by(&[C_050]))],
};

/// The actions on users and on the whole account.
pub(crate) const USER_ACTIONS: [&Action; 11] = [
    &CREATE_USER,
    &GET_USER,
    &DELETE_USER,
    &LIST_USERS,
    &UPDATE_USER,
    &PUT_USER_PERMISSIONS_BOUNDARY,
    &DELETE_USER_PERMISSIONS_BOUNDARY,
    &CHANGE_PASSWORD,
    &GET_ACCESS_KEY_LAST_USED,
    &GET_ACCOUNT_SUMMARY,
    &GET_ACCOUNT_AUTHORIZATION_DETAILS,
];
