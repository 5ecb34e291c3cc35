//! Signing certificates: X.509 certificates that the caller uploads.

use crate::evidence::{
    A_007, A_015, A_016, B_SC_01, B_SC_02, B_SC_03, B_SC_04, B_SC_06, B_SC_07, E_005, Evidence,
    G_004, X_004, X_020, X_026,
};
use crate::kind::AttachmentKind;
use crate::rule::Condition::{
    HeldByAnother, Holds, HoldsInactive, NoSuchUser, NotHeld, QuotaReached, SameBody,
};
use crate::rule::ErrorCode::{DeleteConflict, DuplicateCertificate, LimitExceeded, NoSuchEntity};
use crate::rule::{Action, Clause};
use crate::tables::attachments::{AttachmentRow, Naming, Quota};

/// The row of this kind.
pub(crate) const ROW: AttachmentRow = AttachmentRow {
    kind: AttachmentKind::SigningCertificate,
    name: AttachmentKind::SigningCertificate.name(),
    noun: "signing certificate",
    prefix: "cert",
    parameter: "CertificateId",
    naming: Naming::Service,
    has_status: true,
    has_body: true,
    lost_on_removal: None,
    per_service: false,
    refers_to: None,
    quota: Quota { name: "CertificatesPerUser", max: 2, each: 1 },
    attach: Action {
        api: "UploadSigningCertificate",
        clauses: &[
            Clause::success(Evidence::by(&[B_SC_01])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_SC_07])),
            Clause::refused(QuotaReached, LimitExceeded, Evidence::by(&[B_SC_04, G_004])),
            Clause::unspecified(SameBody, DuplicateCertificate, &[E_005, X_020]),
        ],
    },
    list: Action {
        api: "ListSigningCertificates",
        clauses: &[
            Clause::success(Evidence::by(&[B_SC_02])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_SC_07])),
        ],
    },
    get: None,
    set_status: Some(Action {
        api: "UpdateSigningCertificate",
        clauses: &[
            Clause::success(Evidence::by(&[B_SC_03])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_SC_07])),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_SC_06])),
            Clause::unspecified(HeldByAnother, NoSuchEntity, &[X_026]),
        ],
    }),
    renew: None,
    detach: Action {
        api: "DeleteSigningCertificate",
        clauses: &[
            Clause::success(Evidence::by(&[B_SC_03])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_SC_07])),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_SC_06])),
            Clause::unspecified(HeldByAnother, NoSuchEntity, &[X_026]),
        ],
    },
    blocks: Some(Clause::refused_with_text(
        Holds(AttachmentKind::SigningCertificate),
        DeleteConflict,
        Evidence::by(&[A_007, A_015, A_016]),
        Evidence::by(&[A_007]),
    )),
    blocks_inactive: Some(Clause::unspecified(
        HoldsInactive(AttachmentKind::SigningCertificate),
        DeleteConflict,
        &[X_004],
    )),
};
