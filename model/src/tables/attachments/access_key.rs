//! Access keys: an id and a secret, which the service creates.

use crate::evidence::{
    A_009, A_010, A_015, A_016, B_AK_01, B_AK_02, B_AK_03, B_AK_04, B_AK_06, B_AK_07, B_AK_08,
    B_AK_09, B_AK_10, B_AK_16, B_AK_17, B_AK_18, D_022, Evidence, G_003, X_004, X_026,
};
use crate::kind::AttachmentKind;
use crate::rule::Condition::{
    HeldByAnother, Holds, HoldsInactive, NoSuchUser, NotHeld, QuotaReached,
};
use crate::rule::ErrorCode::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Action, Clause};
use crate::tables::attachments::{AttachmentRow, Loss, Naming, Quota};

/// The row of this kind.
pub(crate) const ROW: AttachmentRow = AttachmentRow {
    kind: AttachmentKind::AccessKey,
    name: AttachmentKind::AccessKey.name(),
    noun: "access key",
    prefix: "key",
    parameter: "AccessKeyId",
    naming: Naming::Service,
    has_status: true,
    has_body: false,
    lost_on_removal: Some(Loss {
        what: "its secret, which no action returns again",
        facts: &[B_AK_01, B_AK_03],
    }),
    per_service: false,
    refers_to: None,
    quota: Quota { name: "AccessKeysPerUser", max: 2, each: 1 },
    attach: Action {
        api: "CreateAccessKey",
        clauses: &[
            Clause::success(Evidence::by(&[B_AK_01])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_AK_06])),
            Clause::refused(QuotaReached, LimitExceeded, Evidence::by(&[B_AK_04, G_003])),
        ],
    },
    list: Action {
        api: "ListAccessKeys",
        clauses: &[
            Clause::success(Evidence::by(&[B_AK_02, B_AK_03])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022, B_AK_18]),
                Evidence::like(&[B_AK_06]),
            ),
        ],
    },
    get: None,
    set_status: Some(Action {
        api: "UpdateAccessKey",
        clauses: &[
            Clause::success(Evidence::by(&[B_AK_09, B_AK_17])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022, B_AK_18]),
                Evidence::like(&[B_AK_06]),
            ),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_AK_07])),
            Clause::unspecified(HeldByAnother, NoSuchEntity, &[X_026]),
        ],
    }),
    renew: None,
    detach: Action {
        api: "DeleteAccessKey",
        clauses: &[
            Clause::success(Evidence::by(&[B_AK_10])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022, B_AK_18]),
                Evidence::like(&[B_AK_06]),
            ),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_AK_08, B_AK_16])),
            Clause::unspecified(HeldByAnother, NoSuchEntity, &[X_026]),
        ],
    },
    blocks: Some(Clause::refused_with_text(
        Holds(AttachmentKind::AccessKey),
        DeleteConflict,
        Evidence::by(&[A_009, A_015, A_016]),
        Evidence::by(&[A_009]),
    )),
    blocks_inactive: Some(Clause::refused_with_text(
        HoldsInactive(AttachmentKind::AccessKey),
        DeleteConflict,
        Evidence::by(&[A_010, X_004]),
        Evidence::by(&[A_010]),
    )),
};
