//! Managed policies, which are attached to a user by their ARN.

use crate::evidence::{
    A_003, A_015, A_016, A_020, A_055, B_MP_01, B_MP_02, B_MP_03, B_MP_04, B_MP_06, B_MP_07,
    B_MP_08, B_MP_09, B_MP_10, B_MP_11, B_MP_12, C_073, D_022, D_023, Evidence, G_002, G_005,
};
use crate::kind::{AttachmentKind, ResourceKind};
use crate::rule::Condition::{
    AlreadyHeld, Holds, NoSuchResource, NoSuchUser, NotHeld, QuotaReached,
};
use crate::rule::ErrorCode::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Action, Clause};
use crate::tables::attachments::{AttachmentRow, Naming, Quota};

/// The row of this kind.
pub(crate) const ROW: AttachmentRow = AttachmentRow {
    kind: AttachmentKind::ManagedPolicy,
    name: AttachmentKind::ManagedPolicy.name(),
    noun: "managed policy",
    prefix: "p",
    parameter: "PolicyArn",
    naming: Naming::Caller,
    has_status: false,
    has_body: false,
    lost_on_removal: None,
    per_service: false,
    refers_to: Some(ResourceKind::Policy),
    quota: Quota { name: "PoliciesPerUser", max: 10, each: 1 },
    attach: Action {
        api: "AttachUserPolicy",
        clauses: &[
            Clause::success(Evidence::by(&[B_MP_01])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_MP_10, B_MP_07, D_022]),
                Evidence::by(&[B_MP_12, B_MP_07]),
            ),
            Clause::refused(NoSuchResource, NoSuchEntity, Evidence::by(&[B_MP_03])),
            Clause::success_despite(AlreadyHeld, Evidence::by(&[B_MP_09, B_MP_08])),
            Clause::sometimes(
                QuotaReached,
                LimitExceeded,
                &[G_002],
                Evidence::by(&[B_MP_06, B_MP_11, G_005]),
            ),
        ],
    },
    list: Action {
        api: "ListAttachedUserPolicies",
        clauses: &[
            Clause::success(Evidence::by(&[B_MP_02])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022, C_073]),
                Evidence::by(&[C_073]),
            ),
        ],
    },
    get: None,
    set_status: None,
    renew: None,
    detach: Action {
        api: "DetachUserPolicy",
        clauses: &[
            Clause::success(Evidence::by(&[A_020, D_023])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_MP_07]),
            ),
            Clause::refused_with_text(
                NoSuchResource,
                NoSuchEntity,
                Evidence::like(&[B_MP_04, D_022]),
                Evidence::like(&[B_MP_04]),
            ),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_MP_04])),
        ],
    },
    blocks: Some(Clause::refused_with_text(
        Holds(AttachmentKind::ManagedPolicy),
        DeleteConflict,
        Evidence::by(&[A_003, A_055, A_015, A_016]),
        Evidence::by(&[A_003]),
    )),
    blocks_inactive: None,
};
