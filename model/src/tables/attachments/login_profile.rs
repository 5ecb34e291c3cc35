//! The login profile: a console password, one or none.

use crate::evidence::{
    A_008, A_015, A_016, B_LP_01, B_LP_02, B_LP_03, B_LP_04, B_LP_05, B_LP_06, B_LP_07, B_LP_08,
    B_LP_09, B_LP_10, B_LP_11, B_LP_17, D_022, Evidence,
};
use crate::rule::Code::{
    DeleteConflict, EntityAlreadyExists, EntityTemporarilyUnmodifiable, NoSuchEntity,
};
use crate::rule::{Call, Claim};
use crate::semantics::conditions::Reason::{AlreadyHeld, BeingMade, Holds, NoSuchUser, NotHeld};
use crate::tables::attachments::{Kind, Naming, Quota, Row};

/// The row.
pub(crate) const ROW: Row = Row {
    kind: Kind::LoginProfile,
    name: "login-profile",
    noun: "login profile",
    symbol: "",
    member: "UserName",
    naming: Naming::Single,
    statuses: false,
    bodies: false,
    loses: "the password",
    services: false,
    refers: None,
    quota: Quota { name: "LoginProfilesPerUser", max: 1, each: 1 },
    attach: Call {
        api: "CreateLoginProfile",
        claims: &[
            Claim::done(Evidence::by(&[B_LP_01])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_LP_07]),
                Evidence::by(&[B_LP_07]),
            ),
            Claim::refused(
                AlreadyHeld,
                EntityAlreadyExists,
                Evidence::by(&[B_LP_06]),
                Evidence::by(&[B_LP_06]),
            ),
        ],
    },
    list: Call {
        api: "GetLoginProfile",
        claims: &[
            Claim::done(Evidence::by(&[B_LP_02])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_LP_07, B_LP_08]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_LP_03]),
                Evidence::by(&[B_LP_03]),
            ),
        ],
    },
    get: None,
    set_status: None,
    renew: Some(Call {
        api: "UpdateLoginProfile",
        claims: &[
            Claim::done(Evidence::by(&[B_LP_09])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_LP_07, B_LP_08]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_LP_11]),
                Evidence::by(&[B_LP_11]),
            ),
            Claim::sometimes(
                BeingMade,
                EntityTemporarilyUnmodifiable,
                Evidence::by(&[B_LP_17, B_LP_09]),
                Evidence::by(&[B_LP_17]),
            ),
        ],
    }),
    detach: Call {
        api: "DeleteLoginProfile",
        claims: &[
            Claim::done(Evidence::by(&[B_LP_10])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_LP_08]),
                Evidence::by(&[B_LP_08]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_LP_04]),
                Evidence::by(&[B_LP_04, B_LP_05]),
            ),
            Claim::sometimes(
                BeingMade,
                EntityTemporarilyUnmodifiable,
                Evidence::by(&[B_LP_17, B_LP_10]),
                Evidence::by(&[B_LP_17]),
            ),
        ],
    },
    blocks: Some(Claim::refused(
        Holds(Kind::LoginProfile),
        DeleteConflict,
        Evidence::by(&[A_008, A_015, A_016]),
        Evidence::by(&[A_008]),
    )),
    blocks_inactive: None,
};
