//! Managed policies: attached to the user by their ARN.

use crate::evidence::{
    A_003, A_015, A_016, A_020, B_MP_01, B_MP_02, B_MP_03, B_MP_04, B_MP_06, B_MP_07, B_MP_08,
    D_022, D_023, Evidence, G_002, G_005, X_010,
};
use crate::rule::ErrorCode::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Action, Clause};
use crate::semantics::conditions::Condition::{
    AlreadyHeld, Holds, NoSuchObject, NoSuchUser, NotHeld, QuotaReached,
};
use crate::tables::attachments::{AttachmentKind, AttachmentRow, Naming, Quota};
use crate::tables::resources::ResourceKind;

/// The row.
pub(crate) const ROW: AttachmentRow = AttachmentRow {
    kind: AttachmentKind::ManagedPolicy,
    name: "managed-policy",
    noun: "managed policy",
    symbol: "p",
    member: "PolicyArn",
    naming: Naming::Caller,
    statuses: false,
    bodies: false,
    loses: "",
    services: false,
    refers: Some(ResourceKind::Policy),
    quota: Quota { name: "PoliciesPerUser", max: 10, each: 1 },
    attach: Action {
        api: "AttachUserPolicy",
        claims: &[
            Clause::done(Evidence::by(&[B_MP_01])),
            Clause::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_MP_07, D_022]),
                Evidence::by(&[B_MP_07]),
            ),
            Clause::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[B_MP_03]),
                Evidence::by(&[B_MP_03]),
            ),
            Clause::done_although(AlreadyHeld, Evidence::by(&[B_MP_08, X_010])),
            Clause::sometimes(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[G_002]),
                Evidence::by(&[B_MP_06, G_005]),
            ),
        ],
    },
    list: Action {
        api: "ListAttachedUserPolicies",
        claims: &[
            Clause::done(Evidence::by(&[B_MP_02])),
            Clause::refused(
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
    detach: Action {
        api: "DetachUserPolicy",
        claims: &[
            Clause::done(Evidence::by(&[A_020, D_023])),
            Clause::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_MP_07]),
            ),
            Clause::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::like(&[B_MP_04, D_022]),
                Evidence::like(&[B_MP_04]),
            ),
            Clause::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_MP_04]),
                Evidence::by(&[B_MP_04]),
            ),
        ],
    },
    blocks: Some(Clause::refused(
        Holds(AttachmentKind::ManagedPolicy),
        DeleteConflict,
        Evidence::by(&[A_003, A_015, A_016]),
        Evidence::by(&[A_003]),
    )),
    blocks_inactive: None,
};
