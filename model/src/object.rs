//! What exists besides attachments: users, and the groups, managed policies and virtual MFA devices
//! that a user's attachments refer to. One row a class, with the claims about its calls.

use crate::claim::{
    Call, Claim,
    Code::{DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity},
    Reason::{AccountFull, InUse, NoSuchObject, NoSuchUser, ObjectExists, UserExists},
};
use crate::evidence::{
    A_001, A_002, B_MF_01, B_MF_02, B_MF_05, C_001, C_004, C_005, C_010, C_013, C_016, C_020,
    C_025, C_026, C_040, C_042, C_044, D_022, D_023, E_001, Evidence, F_002, F_003, G_001, G_006,
};
use crate::kind::{BLOCKERS, BLOCKERS_LEN, Item};

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
    /// The call that removes it.
    pub delete: Call,
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

/// `CreateUser`.
pub const CREATE_USER: Call = Call {
    api: "CreateUser",
    claims: &[
        Claim::done(Evidence::by(&[C_042])),
        Claim::refused(
            UserExists,
            EntityAlreadyExists,
            Evidence::by(&[C_040]),
            Evidence::by(&[C_040]),
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

/// `DeleteUser`: what the rows of the kinds say stands in its way.
pub const DELETE_USER: Call = Call { api: "DeleteUser", claims: &DELETE_USER_CLAIMS };

#[expect(clippy::indexing_slicing, reason = "checked when the constant is made")]
const DELETE_USER_CLAIMS: [Claim; BLOCKERS_LEN + 2] = {
    let mut claims = [Claim::done(Evidence::by(&[A_001])); BLOCKERS_LEN + 2];
    claims[1] =
        Claim::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[A_002]), Evidence::by(&[A_002]));
    let mut index = 0;
    while index < BLOCKERS_LEN {
        claims[index + 2] = BLOCKERS[index];
        index += 1;
    }
    claims
};

const GROUP: ClassRow = ClassRow {
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
    delete: Call {
        api: "DeleteGroup",
        claims: &[
            Claim::done(Evidence::by(&[D_023])),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[C_004]),
                Evidence::by(&[C_004]),
            ),
            Claim::refused(InUse, DeleteConflict, Evidence::by(&[C_001]), Evidence::by(&[C_001])),
        ],
    },
};

const POLICY: ClassRow = ClassRow {
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
        ],
    },
};

const DEVICE: ClassRow = ClassRow {
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
