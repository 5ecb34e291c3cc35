//! Inline policies: policy documents that belong to one user.

use crate::evidence::{
    A_004, A_015, A_016, B_IP_01, B_IP_02, B_IP_03, B_IP_04, B_IP_05, B_IP_06, B_IP_07, B_IP_08,
    B_IP_10, B_IP_12, B_IP_13, B_IP_15, C_073, D_022, Evidence, G_008,
};
use crate::kind::AttachmentKind;
use crate::rule::Condition::{AlreadyHeld, Holds, NoSuchUser, NotHeld, QuotaReached};
use crate::rule::ErrorCode::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Action, Clause};
use crate::tables::attachments::{AttachmentRow, Loss, Naming, Quota};

/// The row of this kind.
pub(crate) const ROW: AttachmentRow = AttachmentRow {
    kind: AttachmentKind::InlinePolicy,
    name: AttachmentKind::InlinePolicy.name(),
    noun: "inline policy",
    prefix: "i",
    parameter: "PolicyName",
    naming: Naming::Caller,
    has_status: false,
    has_body: false,
    lost_on_removal: Some(Loss { what: "its document", facts: &[B_IP_04] }),
    per_service: false,
    refers_to: None,
    quota: Quota { name: "UserPolicySize", max: 2048, each: 128 },
    attach: Action {
        api: "PutUserPolicy",
        clauses: &[
            Clause::success(Evidence::by(&[B_IP_01])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_IP_12, B_IP_07, D_022]),
                Evidence::by(&[B_IP_07]),
            ),
            Clause::success_despite(AlreadyHeld, Evidence::by(&[B_IP_02, B_IP_10])),
            Clause::refused(QuotaReached, LimitExceeded, Evidence::by(&[B_IP_08, B_IP_13, G_008])),
        ],
    },
    list: Action {
        api: "ListUserPolicies",
        clauses: &[
            Clause::success(Evidence::by(&[B_IP_04])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022, C_073]),
                Evidence::by(&[C_073]),
            ),
        ],
    },
    get: Some(Action {
        api: "GetUserPolicy",
        clauses: &[
            Clause::success(Evidence::by(&[B_IP_03])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_IP_12, B_IP_07, D_022]),
                Evidence::by(&[B_IP_07]),
            ),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_IP_06, B_IP_15])),
        ],
    }),
    set_status: None,
    renew: None,
    detach: Action {
        api: "DeleteUserPolicy",
        clauses: &[
            Clause::success(Evidence::by(&[B_IP_05])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_IP_12, B_IP_07, D_022]),
                Evidence::by(&[B_IP_07]),
            ),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_IP_06, B_IP_15])),
        ],
    },
    blocks: Some(Clause::refused_with_text(
        Holds(AttachmentKind::InlinePolicy),
        DeleteConflict,
        Evidence::by(&[A_004, A_015, A_016]),
        Evidence::by(&[A_004]),
    )),
    blocks_inactive: None,
};
