//! What exists besides attachments: users, and the groups, managed policies and virtual MFA devices
//! that a user's attachments refer to. One row a class, with the claims about its calls.
//!
//! Virtual MFA devices.
//!
//! Groups.
//!
//! Managed policies of the customer.
//!
//! The calls about users themselves, about what a user has that is no attachment, and the views of
//! the whole account.

use std::fmt;

use crate::evidence::{
    A_001, A_002, B_AK_13, B_AK_15, B_GR_09, B_LP_12, B_MF_01, B_MF_02, B_MF_05, B_MF_14, B_PB_01,
    B_PB_02, B_PB_03, B_PB_04, B_PB_06, B_TG_01, C_001, C_002, C_003, C_004, C_005, C_006, C_010,
    C_011, C_012, C_013, C_014, C_016, C_020, C_021, C_025, C_026, C_030, C_031, C_032, C_035,
    C_040, C_041, C_042, C_044, C_048, C_049, C_050, C_051, C_060, D_022, D_023, E_001, E_010,
    Evidence, F_002, F_003, F_010, G_001, G_006, X_011, X_018, X_019,
};
use crate::rule::Code::{
    AccessDenied, DeleteConflict, EntityAlreadyExists, EntityTemporarilyUnmodifiable,
    LimitExceeded, NoSuchEntity,
};
use crate::rule::{Call, Claim};
use crate::semantics::conditions::Reason::{
    AccountFull, BeingChanged, HasParts, InUse, IsBoundary, NameTaken, NoBoundary, NoSuchObject,
    NoSuchUser, NotHeld, ObjectExists, SameName, UserExists,
};
use crate::tables::attachments::{BLOCKERS_LEN, Item, with_blockers};
use crate::tables::sub_resources::Part;

/// A group, a managed policy or a virtual MFA device, by its symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Object {
    /// What it is.
    pub class: Class,
    /// Which one: the number of its symbol, which is also that of the attachment to it.
    pub item: Item,
}

/// A class of objects that attachments refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A group.
    Group,
    /// A customer managed policy.
    Policy,
    /// A virtual MFA device.
    Device,
}

/// How one class differs from another.
#[derive(Debug)]
pub struct ClassRow {
    /// What people call it.
    pub noun: &'static str,
    /// The letter of its symbols in scripts: `g0`.
    pub symbol: &'static str,
    /// The request member that names it.
    pub member: &'static str,
    /// The call that makes it.
    pub create: Call,
    /// The call that reads one.
    pub read: Option<Call>,
    /// The call that lists all that there are.
    pub list: Call,
    /// The call that gives it another name.
    pub rename: Option<Call>,
    /// The call that lists who holds it.
    pub holders: Option<Call>,
    /// The call that removes it.
    pub delete: Call,
}

/// What is done with an object: the columns of the table of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Makes it.
    Create,
    /// Reads it.
    Read,
    /// Lists all of its class.
    ListAll,
    /// Gives it another name.
    Rename,
    /// Lists who holds it.
    Holders,
    /// Removes it.
    Delete,
}

impl Deed {
    /// Every deed, in the order of the columns.
    pub const ALL: [Self; 6] =
        [Self::Create, Self::Read, Self::ListAll, Self::Rename, Self::Holders, Self::Delete];
}

impl ClassRow {
    /// The call for a deed, if the class has one.
    #[must_use]
    pub const fn call(&self, deed: Deed) -> Option<&Call> {
        match deed {
            Deed::Create => Some(&self.create),
            Deed::Read => self.read.as_ref(),
            Deed::ListAll => Some(&self.list),
            Deed::Rename => self.rename.as_ref(),
            Deed::Holders => self.holders.as_ref(),
            Deed::Delete => Some(&self.delete),
        }
    }
}

impl Class {
    /// Every class.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Group, Self::Policy, Self::Device].into_iter()
    }

    /// Its row.
    #[must_use]
    pub const fn row(self) -> &'static ClassRow {
        match self {
            Self::Group => &GROUP,
            Self::Policy => &POLICY,
            Self::Device => &DEVICE,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.class.row().symbol, self.item.0)
    }
}

/// The row.
pub(crate) const DEVICE: ClassRow = ClassRow {
    noun: "virtual MFA device",
    symbol: "d",
    member: "SerialNumber",
    create: Call {
        api: "CreateVirtualMFADevice",
        claims: &[
            Claim::done(Evidence::by(&[B_MF_01])),
            Claim::refused(
                ObjectExists,
                EntityAlreadyExists,
                Evidence::by(&[B_MF_02]),
                Evidence::by(&[B_MF_02]),
            ),
        ],
    },
    read: None,
    list: Call { api: "ListVirtualMFADevices", claims: &[Claim::done(Evidence::by(&[B_MF_14]))] },
    rename: None,
    holders: None,
    delete: Call {
        api: "DeleteVirtualMFADevice",
        claims: &[
            Claim::done(Evidence::by(&[C_026])),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[B_MF_05]),
                Evidence::by(&[B_MF_05]),
            ),
            Claim::refused(InUse, DeleteConflict, Evidence::by(&[D_022]), Evidence::by(&[C_025])),
        ],
    },
};

const NO_SUCH_GROUP: Claim =
    Claim::refused(NoSuchObject, NoSuchEntity, Evidence::by(&[C_004]), Evidence::by(&[C_004]));

/// The row.
pub(crate) const GROUP: ClassRow = ClassRow {
    noun: "group",
    symbol: "g",
    member: "GroupName",
    create: Call {
        api: "CreateGroup",
        claims: &[
            Claim::done(Evidence::by(&[D_023])),
            Claim::refused(
                ObjectExists,
                EntityAlreadyExists,
                Evidence::by(&[C_005]),
                Evidence::by(&[C_005]),
            ),
        ],
    },
    read: Some(Call {
        api: "GetGroup",
        claims: &[Claim::done(Evidence::by(&[B_GR_09])), NO_SUCH_GROUP],
    }),
    list: Call { api: "ListGroups", claims: &[Claim::done(Evidence::by(&[E_010]))] },
    rename: Some(Call {
        api: "UpdateGroup",
        claims: &[
            Claim::done(Evidence::by(&[D_023])),
            NO_SUCH_GROUP,
            Claim::refused(
                NameTaken,
                EntityAlreadyExists,
                Evidence::by(&[C_006]),
                Evidence::by(&[C_006]),
            ),
            // No evidence: X-018 asks the same of UpdateUser.
            Claim::open(SameName, EntityAlreadyExists, Evidence::open(&[X_018])),
        ],
    }),
    holders: None,
    delete: Call {
        api: "DeleteGroup",
        claims: &[
            Claim::done(Evidence::by(&[D_023])),
            NO_SUCH_GROUP,
            Claim::refused(InUse, DeleteConflict, Evidence::by(&[C_001]), Evidence::by(&[C_001])),
            Claim::refused(
                HasParts(Part::AttachedPolicy),
                DeleteConflict,
                Evidence::by(&[C_002]),
                Evidence::by(&[C_002]),
            ),
            Claim::refused(
                HasParts(Part::InlinePolicy),
                DeleteConflict,
                Evidence::by(&[C_003]),
                Evidence::by(&[C_003]),
            ),
        ],
    },
};

/// The row.
pub(crate) const POLICY: ClassRow = ClassRow {
    noun: "managed policy",
    symbol: "p",
    member: "PolicyArn",
    create: Call {
        api: "CreatePolicy",
        claims: &[
            Claim::done(Evidence::by(&[C_020])),
            Claim::refused(
                ObjectExists,
                EntityAlreadyExists,
                Evidence::by(&[C_016]),
                Evidence::by(&[C_016]),
            ),
        ],
    },
    read: Some(Call {
        api: "GetPolicy",
        claims: &[
            Claim::done(Evidence::like(&[C_020])),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[C_014]),
                Evidence::by(&[C_014]),
            ),
        ],
    }),
    list: Call { api: "ListPolicies", claims: &[Claim::done(Evidence::like(&[E_010]))] },
    rename: None,
    holders: Some(Call {
        api: "ListEntitiesForPolicy",
        claims: &[
            Claim::done(Evidence::like(&[C_060])),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[C_021]),
                Evidence::by(&[C_021]),
            ),
        ],
    }),
    delete: Call {
        api: "DeletePolicy",
        claims: &[
            Claim::done(Evidence::by(&[E_001, D_023])),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[C_013]),
                Evidence::by(&[C_013]),
            ),
            Claim::refused(InUse, DeleteConflict, Evidence::by(&[C_010]), Evidence::by(&[C_010])),
            Claim::refused(
                IsBoundary,
                DeleteConflict,
                Evidence::by(&[C_011]),
                Evidence::by(&[C_011]),
            ),
            Claim::refused(
                HasParts(Part::Version),
                DeleteConflict,
                Evidence::by(&[C_012]),
                Evidence::by(&[C_012]),
            ),
        ],
    },
};

/// `CreateUser`.
pub const CREATE_USER: Call = Call {
    api: "CreateUser",
    claims: &[
        Claim::done(Evidence::by(&[C_042, B_TG_01, B_PB_01])),
        Claim::refused(
            UserExists,
            EntityAlreadyExists,
            Evidence::by(&[C_040]),
            Evidence::by(&[C_040]),
        ),
        Claim::refused(
            NoSuchObject,
            NoSuchEntity,
            Evidence::by(&[B_PB_04]),
            Evidence::by(&[B_PB_04]),
        ),
        Claim::sometimes(
            AccountFull,
            LimitExceeded,
            Evidence::by(&[G_001]),
            Evidence::by(&[G_006]),
        ),
    ],
};

/// `GetUser`.
pub const GET_USER: Call = Call {
    api: "GetUser",
    claims: &[
        Claim::done(Evidence::by(&[C_044])),
        Claim::refused(
            NoSuchUser,
            NoSuchEntity,
            Evidence::by(&[D_022, A_001]),
            Evidence::by(&[F_002, F_003]),
        ),
    ],
};

/// `ListUsers`.
pub const LIST_USERS: Call =
    Call { api: "ListUsers", claims: &[Claim::done(Evidence::by(&[C_048, C_049]))] };

/// `UpdateUser`. A name that is taken is refused because names are unique, whoever asks (C-041).
pub const UPDATE_USER: Call = Call {
    api: "UpdateUser",
    claims: &[
        Claim::done(Evidence::by(&[C_030])),
        Claim::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[C_031]), Evidence::by(&[C_031])),
        Claim::refused(
            NameTaken,
            EntityAlreadyExists,
            Evidence::by(&[C_041, D_022, C_035]),
            Evidence::by(&[C_035]),
        ),
        Claim::open(SameName, EntityAlreadyExists, Evidence::open(&[X_018])),
        Claim::sometimes(
            BeingChanged,
            EntityTemporarilyUnmodifiable,
            Evidence::by(&[D_022, F_010]),
            Evidence::by(&[D_022, F_010]),
        )
        .in_unknown_words(&[X_019]),
    ],
};

/// `DeleteUser`: what the rows of the kinds say stands in its way.
pub const DELETE_USER: Call = Call { api: "DeleteUser", claims: &DELETE_USER_CLAIMS };

const DELETE_USER_CLAIMS: [Claim; BLOCKERS_LEN + 2] = with_blockers(&[
    Claim::done(Evidence::by(&[A_001])),
    Claim::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[A_002]), Evidence::by(&[A_002])),
]);

/// `PutUserPermissionsBoundary`.
pub const PUT_BOUNDARY: Call = Call {
    api: "PutUserPermissionsBoundary",
    claims: &[
        Claim::done(Evidence::by(&[B_PB_02])),
        Claim::refused(
            NoSuchUser,
            NoSuchEntity,
            Evidence::by(&[D_022, B_PB_06]),
            Evidence::by(&[B_PB_06]),
        ),
        Claim::refused(
            NoSuchObject,
            NoSuchEntity,
            Evidence::by(&[B_PB_04]),
            Evidence::by(&[B_PB_04]),
        ),
    ],
};

/// `DeleteUserPermissionsBoundary`.
pub const DELETE_BOUNDARY: Call = Call {
    api: "DeleteUserPermissionsBoundary",
    claims: &[
        Claim::done(Evidence::by(&[B_PB_03])),
        Claim::refused(
            NoSuchUser,
            NoSuchEntity,
            Evidence::by(&[D_022]),
            Evidence::like(&[B_PB_06]),
        ),
        Claim::open(NoBoundary, NoSuchEntity, Evidence::open(&[X_011])),
    ],
};

/// `ChangePassword`: the user itself asks.
pub const CHANGE_PASSWORD: Call = Call {
    api: "ChangePassword",
    claims: &[
        Claim::done(Evidence::by(&[D_023])),
        Claim::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_LP_12]), Evidence::by(&[B_LP_12])),
        Claim::sometimes(
            BeingChanged,
            EntityTemporarilyUnmodifiable,
            Evidence::by(&[D_022]),
            Evidence::by(&[D_022]),
        )
        .in_unknown_words(&[X_019]),
    ],
};

/// `GetAccessKeyLastUsed`, which names no user. What it says of a key that nobody holds is recorded of
/// one that never was.
pub const LAST_USED: Call = Call {
    api: "GetAccessKeyLastUsed",
    claims: &[
        Claim::done(Evidence::by(&[B_AK_13, C_032])),
        Claim::refused(
            NotHeld,
            AccessDenied,
            Evidence::like(&[B_AK_15]),
            Evidence::like(&[B_AK_15]),
        ),
    ],
};

/// `GetAccountSummary`.
pub const SUMMARY: Call =
    Call { api: "GetAccountSummary", claims: &[Claim::done(Evidence::by(&[C_051, G_001]))] };

/// `GetAccountAuthorizationDetails`.
pub const DETAILS: Call =
    Call { api: "GetAccountAuthorizationDetails", claims: &[Claim::done(Evidence::by(&[C_050]))] };

/// Every call of this file but those that begin and end a user.
pub const OTHERS: [&Call; 8] = [
    &LIST_USERS,
    &UPDATE_USER,
    &PUT_BOUNDARY,
    &DELETE_BOUNDARY,
    &CHANGE_PASSWORD,
    &LAST_USED,
    &SUMMARY,
    &DETAILS,
];
