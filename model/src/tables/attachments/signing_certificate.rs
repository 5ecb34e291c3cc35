//! Signing certificates: X.509 certificates that the caller uploads.

use crate::evidence::{
    A_007, A_015, A_016, B_SC_01, B_SC_02, B_SC_03, B_SC_04, B_SC_06, B_SC_07, E_005, Evidence,
    G_004, X_004, X_020, X_026,
};
use crate::rule::Code::{DeleteConflict, DuplicateCertificate, LimitExceeded, NoSuchEntity};
use crate::rule::{Call, Claim};
use crate::semantics::conditions::Reason::{
    HeldByAnother, Holds, HoldsInactive, NoSuchUser, NotHeld, QuotaReached, SameBody,
};
use crate::tables::attachments::{Kind, Naming, Quota, Row};

/// The row.
pub(crate) const ROW: Row = Row {
    kind: Kind::SigningCertificate,
    name: "signing-certificate",
    noun: "signing certificate",
    symbol: "cert",
    member: "CertificateId",
    naming: Naming::Service,
    statuses: true,
    bodies: true,
    loses: "",
    services: false,
    refers: None,
    quota: Quota { name: "CertificatesPerUser", max: 2, each: 1 },
    attach: Call {
        api: "UploadSigningCertificate",
        claims: &[
            Claim::done(Evidence::by(&[B_SC_01])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_SC_07]),
                Evidence::by(&[B_SC_07]),
            ),
            Claim::refused(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[B_SC_04, G_004]),
                Evidence::by(&[B_SC_04, G_004]),
            ),
            Claim::open(SameBody, DuplicateCertificate, Evidence::open(&[E_005, X_020])),
        ],
    },
    list: Call {
        api: "ListSigningCertificates",
        claims: &[
            Claim::done(Evidence::by(&[B_SC_02])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_SC_07]),
                Evidence::by(&[B_SC_07]),
            ),
        ],
    },
    get: None,
    set_status: Some(Call {
        api: "UpdateSigningCertificate",
        claims: &[
            Claim::done(Evidence::by(&[B_SC_03])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_SC_07]),
                Evidence::by(&[B_SC_07]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_SC_06]),
                Evidence::by(&[B_SC_06]),
            ),
            Claim::open(HeldByAnother, NoSuchEntity, Evidence::open(&[X_026])),
        ],
    }),
    renew: None,
    detach: Call {
        api: "DeleteSigningCertificate",
        claims: &[
            Claim::done(Evidence::by(&[B_SC_03])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_SC_07]),
                Evidence::by(&[B_SC_07]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_SC_06]),
                Evidence::by(&[B_SC_06]),
            ),
            Claim::open(HeldByAnother, NoSuchEntity, Evidence::open(&[X_026])),
        ],
    },
    blocks: Some(Claim::refused(
        Holds(Kind::SigningCertificate),
        DeleteConflict,
        Evidence::by(&[A_007, A_015, A_016]),
        Evidence::by(&[A_007]),
    )),
    blocks_inactive: Some(Claim::open(
        HoldsInactive(Kind::SigningCertificate),
        DeleteConflict,
        Evidence::open(&[X_004]),
    )),
};
