//! The calls about users themselves, about what a user has that is no attachment, and the views of
//! the whole account.

use crate::claim::{
    Call, Claim,
    Code::{
        AccessDenied, EntityAlreadyExists, EntityTemporarilyUnmodifiable, LimitExceeded,
        NoSuchEntity,
    },
    Reason::{
        AccountFull, BeingChanged, NameTaken, NoBoundary, NoSuchObject, NoSuchUser, NotHeld,
        SameName, UserExists,
    },
};
use crate::evidence::{
    A_001, A_002, B_AK_13, B_AK_15, B_LP_12, B_PB_01, B_PB_02, B_PB_03, B_PB_04, B_PB_06, B_TG_01,
    C_030, C_031, C_032, C_035, C_040, C_041, C_042, C_044, C_048, C_049, C_050, C_051, D_022,
    D_023, Evidence, F_002, F_003, F_010, G_001, G_006, X_011, X_018, X_019,
};
use crate::kind::{BLOCKERS_LEN, with_blockers};

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
