//! Virtual MFA devices that are enabled for a user.

use crate::evidence::{
    A_012, A_013, A_015, A_016, B_MF_06, B_MF_07, B_MF_08, B_MF_09, B_MF_10, B_MF_11, B_MF_12,
    B_MF_13, D_022, D_023, Evidence, F_010, G_002, X_008, X_012, X_013, X_019,
};
use crate::kind::{AttachmentKind, ResourceKind};
use crate::rule::Condition::{
    AlreadyHeld, HeldByAnother, Holds, NoSuchResource, NoSuchUser, NoValidCodes, NotHeld,
    QuotaReached, RecentlyChanged,
};
use crate::rule::ErrorCode::{
    DeleteConflict, EntityAlreadyExists, EntityTemporarilyUnmodifiable, InvalidAuthenticationCode,
    LimitExceeded, NoSuchEntity,
};
use crate::rule::{Action, Clause};
use crate::tables::attachments::{AttachmentRow, Naming, Quota};

/// The row of this kind.
pub(crate) const ROW: AttachmentRow = AttachmentRow {
    kind: AttachmentKind::MfaDevice,
    name: AttachmentKind::MfaDevice.name(),
    noun: "MFA device",
    prefix: "d",
    parameter: "SerialNumber",
    naming: Naming::Caller,
    has_status: false,
    has_body: false,
    lost_on_removal: None,
    per_service: false,
    refers_to: Some(ResourceKind::Device),
    quota: Quota { name: "MFADevicesPerUser", max: 8, each: 1 },
    attach: Action {
        api: "EnableMFADevice",
        clauses: &[
            Clause::success(Evidence::by(&[B_MF_06])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_MF_07])),
            Clause::refused_with_text(
                NoSuchResource,
                NoSuchEntity,
                Evidence::like(&[B_MF_12, D_022]),
                Evidence::like(&[B_MF_12]),
            ),
            Clause::refused(NoValidCodes, InvalidAuthenticationCode, Evidence::like(&[B_MF_09])),
            Clause::unspecified(AlreadyHeld, EntityAlreadyExists, &[X_013]),
            Clause::refused(HeldByAnother, EntityAlreadyExists, Evidence::by(&[B_MF_08])),
            Clause::refused_with_text(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[G_002, D_022]),
                Evidence::unspecified(&[X_008]),
            ),
            Clause::sometimes(
                RecentlyChanged,
                EntityTemporarilyUnmodifiable,
                &[D_022, F_010],
                Evidence::by(&[D_022, F_010]),
            )
            .with_unknown_text(&[X_019]),
        ],
    },
    list: Action {
        api: "ListMFADevices",
        clauses: &[
            Clause::success(Evidence::by(&[B_MF_13])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_MF_07]),
            ),
        ],
    },
    get: None,
    set_status: None,
    renew: Some(Action {
        api: "ResyncMFADevice",
        clauses: &[
            Clause::success(Evidence::by(&[D_023])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_MF_07]),
            ),
            Clause::refused_with_text(
                NoSuchResource,
                NoSuchEntity,
                Evidence::like(&[B_MF_12, D_022]),
                Evidence::like(&[B_MF_12]),
            ),
            Clause::refused_with_text(
                NoValidCodes,
                InvalidAuthenticationCode,
                Evidence::like(&[B_MF_09, D_022]),
                Evidence::like(&[B_MF_09]),
            ),
            // No evidence: X-012 is the same question about DeactivateMFADevice.
            Clause::unspecified(NotHeld, NoSuchEntity, &[X_012]),
            Clause::unspecified(HeldByAnother, NoSuchEntity, &[X_012]),
        ],
    }),
    detach: Action {
        api: "DeactivateMFADevice",
        clauses: &[
            Clause::success(Evidence::by(&[B_MF_10])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_MF_11])),
            Clause::refused(NoSuchResource, NoSuchEntity, Evidence::by(&[B_MF_12])),
            Clause::unspecified(NotHeld, NoSuchEntity, &[X_012]),
            Clause::unspecified(HeldByAnother, NoSuchEntity, &[X_012]),
            Clause::sometimes(
                RecentlyChanged,
                EntityTemporarilyUnmodifiable,
                &[D_022],
                Evidence::by(&[D_022]),
            )
            .with_unknown_text(&[X_019]),
        ],
    },
    blocks: Some(Clause::refused_with_text(
        Holds(AttachmentKind::MfaDevice),
        DeleteConflict,
        Evidence::by(&[A_013, A_012, A_015, A_016]),
        Evidence::by(&[A_013, A_012]),
    )),
    blocks_inactive: None,
};
