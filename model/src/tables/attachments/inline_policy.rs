//! Inline policies: documents that belong to the user alone.

use crate::evidence::{
    A_004, A_015, A_016, B_IP_01, B_IP_02, B_IP_03, B_IP_04, B_IP_05, B_IP_06, B_IP_07, B_IP_08,
    D_022, Evidence, G_008,
};
use crate::rule::Code::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Call, Claim};
use crate::semantics::conditions::Reason::{AlreadyHeld, Holds, NoSuchUser, NotHeld, QuotaReached};
use crate::tables::attachments::{Kind, Naming, Quota, Row};

/// The row.
pub(crate) const ROW: Row = Row {
    kind: Kind::InlinePolicy,
    name: "inline-policy",
    noun: "inline policy",
    symbol: "i",
    member: "PolicyName",
    naming: Naming::Caller,
    statuses: false,
    bodies: false,
    loses: "its document",
    services: false,
    refers: None,
    quota: Quota { name: "UserPolicySize", max: 2048, each: 128 },
    attach: Call {
        api: "PutUserPolicy",
        claims: &[
            Claim::done(Evidence::by(&[B_IP_01])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_IP_07, D_022]),
                Evidence::by(&[B_IP_07]),
            ),
            Claim::done_although(AlreadyHeld, Evidence::by(&[B_IP_02])),
            Claim::refused(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[B_IP_08, G_008]),
                Evidence::by(&[B_IP_08, G_008]),
            ),
        ],
    },
    list: Call {
        api: "ListUserPolicies",
        claims: &[
            Claim::done(Evidence::by(&[B_IP_04])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_IP_07]),
            ),
        ],
    },
    get: Some(Call {
        api: "GetUserPolicy",
        claims: &[
            Claim::done(Evidence::by(&[B_IP_03])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_IP_07, D_022]),
                Evidence::by(&[B_IP_07]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_IP_06]),
                Evidence::by(&[B_IP_06]),
            ),
        ],
    }),
    set_status: None,
    renew: None,
    detach: Call {
        api: "DeleteUserPolicy",
        claims: &[
            Claim::done(Evidence::by(&[B_IP_05])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_IP_07, D_022]),
                Evidence::by(&[B_IP_07]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_IP_06]),
                Evidence::by(&[B_IP_06]),
            ),
        ],
    },
    blocks: Some(Claim::refused(
        Holds(Kind::InlinePolicy),
        DeleteConflict,
        Evidence::by(&[A_004, A_015, A_016]),
        Evidence::by(&[A_004]),
    )),
    blocks_inactive: None,
};
