//! Managed policies: attached to the user by their ARN.

use crate::evidence::{
    A_003, A_015, A_016, A_020, B_MP_01, B_MP_02, B_MP_03, B_MP_04, B_MP_06, B_MP_07, B_MP_08,
    D_022, D_023, Evidence, G_002, G_005, X_010,
};
use crate::rule::Code::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Call, Claim};
use crate::semantics::conditions::Reason::{
    AlreadyHeld, Holds, NoSuchObject, NoSuchUser, NotHeld, QuotaReached,
};
use crate::tables::attachments::{Kind, Naming, Quota, Row};
use crate::tables::resources::Class;

/// The row.
pub(crate) const ROW: Row = Row {
    kind: Kind::ManagedPolicy,
    name: "managed-policy",
    noun: "managed policy",
    symbol: "p",
    member: "PolicyArn",
    naming: Naming::Caller,
    statuses: false,
    bodies: false,
    loses: "",
    services: false,
    refers: Some(Class::Policy),
    quota: Quota { name: "PoliciesPerUser", max: 10, each: 1 },
    attach: Call {
        api: "AttachUserPolicy",
        claims: &[
            Claim::done(Evidence::by(&[B_MP_01])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_MP_07, D_022]),
                Evidence::by(&[B_MP_07]),
            ),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[B_MP_03]),
                Evidence::by(&[B_MP_03]),
            ),
            Claim::done_although(AlreadyHeld, Evidence::by(&[B_MP_08, X_010])),
            Claim::sometimes(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[G_002]),
                Evidence::by(&[B_MP_06, G_005]),
            ),
        ],
    },
    list: Call {
        api: "ListAttachedUserPolicies",
        claims: &[
            Claim::done(Evidence::by(&[B_MP_02])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_MP_07]),
            ),
        ],
    },
    get: None,
    set_status: None,
    renew: None,
    detach: Call {
        api: "DetachUserPolicy",
        claims: &[
            Claim::done(Evidence::by(&[A_020, D_023])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_MP_07]),
            ),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::like(&[B_MP_04, D_022]),
                Evidence::like(&[B_MP_04]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_MP_04]),
                Evidence::by(&[B_MP_04]),
            ),
        ],
    },
    blocks: Some(Claim::refused(
        Holds(Kind::ManagedPolicy),
        DeleteConflict,
        Evidence::by(&[A_003, A_015, A_016]),
        Evidence::by(&[A_003]),
    )),
    blocks_inactive: None,
};
