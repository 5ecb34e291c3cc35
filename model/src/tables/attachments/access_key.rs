//! Access keys: a pair of an id and a secret, made by the service.

use crate::evidence::{
    A_009, A_010, A_015, A_016, B_AK_01, B_AK_02, B_AK_03, B_AK_04, B_AK_06, B_AK_07, B_AK_08,
    B_AK_09, B_AK_10, D_022, Evidence, G_003, X_004, X_026,
};
use crate::rule::Code::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Call, Claim};
use crate::semantics::conditions::Reason::{
    HeldByAnother, Holds, HoldsInactive, NoSuchUser, NotHeld, QuotaReached,
};
use crate::tables::attachments::{Kind, Naming, Quota, Row};

/// The row.
pub(crate) const ROW: Row = Row {
    kind: Kind::AccessKey,
    name: "access-key",
    noun: "access key",
    symbol: "key",
    member: "AccessKeyId",
    naming: Naming::Service,
    statuses: true,
    bodies: false,
    loses: "its secret, which no call tells again",
    services: false,
    refers: None,
    quota: Quota { name: "AccessKeysPerUser", max: 2, each: 1 },
    attach: Call {
        api: "CreateAccessKey",
        claims: &[
            Claim::done(Evidence::by(&[B_AK_01])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_AK_06]),
                Evidence::by(&[B_AK_06]),
            ),
            Claim::refused(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[B_AK_04, G_003]),
                Evidence::by(&[B_AK_04, G_003]),
            ),
        ],
    },
    list: Call {
        api: "ListAccessKeys",
        claims: &[
            Claim::done(Evidence::by(&[B_AK_02, B_AK_03])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_AK_06]),
            ),
        ],
    },
    get: None,
    set_status: Some(Call {
        api: "UpdateAccessKey",
        claims: &[
            Claim::done(Evidence::by(&[B_AK_09])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_AK_06]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_AK_07]),
                Evidence::by(&[B_AK_07]),
            ),
            Claim::open(HeldByAnother, NoSuchEntity, Evidence::open(&[X_026])),
        ],
    }),
    renew: None,
    detach: Call {
        api: "DeleteAccessKey",
        claims: &[
            Claim::done(Evidence::by(&[B_AK_10])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_AK_06]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_AK_08]),
                Evidence::by(&[B_AK_08]),
            ),
            Claim::open(HeldByAnother, NoSuchEntity, Evidence::open(&[X_026])),
        ],
    },
    blocks: Some(Claim::refused(
        Holds(Kind::AccessKey),
        DeleteConflict,
        Evidence::by(&[A_009, A_015, A_016]),
        Evidence::by(&[A_009]),
    )),
    blocks_inactive: Some(Claim::refused(
        HoldsInactive(Kind::AccessKey),
        DeleteConflict,
        Evidence::by(&[A_010, X_004]),
        Evidence::by(&[A_010]),
    )),
};
