//! Service-specific credentials: a user name and a password for one service.

use crate::evidence::{
    A_005, A_015, A_016, B_SS_01, B_SS_02, B_SS_03, B_SS_04, B_SS_07, B_SS_08, B_SS_10, D_022,
    Evidence, G_002, X_004, X_007, X_026,
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
    kind: AttachmentKind::ServiceCredential,
    name: AttachmentKind::ServiceCredential.name(),
    noun: "service-specific credential",
    prefix: "cred",
    parameter: "ServiceSpecificCredentialId",
    naming: Naming::Service,
    has_status: true,
    has_body: false,
    lost_on_removal: Some(Loss {
        what: "its password, which no action returns again",
        facts: &[B_SS_02],
    }),
    per_service: true,
    refers_to: None,
    quota: Quota { name: "ServiceSpecificCredentialsPerUser", max: 2, each: 1 },
    attach: Action {
        api: "CreateServiceSpecificCredential",
        clauses: &[
            Clause::success(Evidence::by(&[B_SS_01])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_SS_07])),
            Clause::refused_with_text(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[G_002, D_022]),
                Evidence::unspecified(&[X_007]),
            ),
        ],
    },
    list: Action {
        api: "ListServiceSpecificCredentials",
        clauses: &[
            Clause::success(Evidence::by(&[B_SS_02])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_SS_07]),
            ),
        ],
    },
    get: None,
    set_status: Some(Action {
        api: "UpdateServiceSpecificCredential",
        clauses: &[
            Clause::success(Evidence::by(&[B_SS_03])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_SS_10])),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_SS_08])),
            Clause::unspecified(HeldByAnother, NoSuchEntity, &[X_026]),
        ],
    }),
    renew: Some(Action {
        api: "ResetServiceSpecificCredential",
        clauses: &[
            Clause::success(Evidence::by(&[B_SS_04])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_SS_10])),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_SS_08])),
            Clause::unspecified(HeldByAnother, NoSuchEntity, &[X_026]),
        ],
    }),
    detach: Action {
        api: "DeleteServiceSpecificCredential",
        clauses: &[
            Clause::success(Evidence::by(&[B_SS_03])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_SS_10])),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_SS_08])),
            Clause::unspecified(HeldByAnother, NoSuchEntity, &[X_026]),
        ],
    },
    blocks: Some(Clause::refused_with_text(
        Holds(AttachmentKind::ServiceCredential),
        DeleteConflict,
        Evidence::by(&[A_005, A_015, A_016]),
        Evidence::by(&[A_005]),
    )),
    blocks_inactive: Some(Clause::unspecified(
        HoldsInactive(AttachmentKind::ServiceCredential),
        DeleteConflict,
        &[X_004],
    )),
};
