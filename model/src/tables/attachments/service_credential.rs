//! Service-specific credentials: a name and a password for one service.

use crate::evidence::{
    A_005, A_015, A_016, B_SS_01, B_SS_02, B_SS_03, B_SS_04, B_SS_07, B_SS_08, B_SS_10, D_022,
    Evidence, G_002, X_004, X_007, X_026,
};
use crate::rule::Code::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Call, Claim};
use crate::semantics::conditions::Reason::{
    HeldByAnother, Holds, HoldsInactive, NoSuchUser, NotHeld, QuotaReached,
};
use crate::tables::attachments::{Kind, Naming, Quota, Row};

/// The row.
pub(crate) const ROW: Row = Row {
    kind: Kind::ServiceCredential,
    name: "service-credential",
    noun: "service-specific credential",
    symbol: "cred",
    member: "ServiceSpecificCredentialId",
    naming: Naming::Service,
    statuses: true,
    bodies: false,
    loses: "its password, which no call tells again",
    services: true,
    refers: None,
    quota: Quota { name: "ServiceSpecificCredentialsPerUser", max: 2, each: 1 },
    attach: Call {
        api: "CreateServiceSpecificCredential",
        claims: &[
            Claim::done(Evidence::by(&[B_SS_01])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_SS_07]),
                Evidence::by(&[B_SS_07]),
            ),
            Claim::refused(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[G_002, D_022]),
                Evidence::open(&[X_007]),
            ),
        ],
    },
    list: Call {
        api: "ListServiceSpecificCredentials",
        claims: &[
            Claim::done(Evidence::by(&[B_SS_02])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_SS_07]),
            ),
        ],
    },
    get: None,
    set_status: Some(Call {
        api: "UpdateServiceSpecificCredential",
        claims: &[
            Claim::done(Evidence::by(&[B_SS_03])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_SS_10]),
                Evidence::by(&[B_SS_10]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_SS_08]),
                Evidence::by(&[B_SS_08]),
            ),
            Claim::open(HeldByAnother, NoSuchEntity, Evidence::open(&[X_026])),
        ],
    }),
    renew: Some(Call {
        api: "ResetServiceSpecificCredential",
        claims: &[
            Claim::done(Evidence::by(&[B_SS_04])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_SS_10]),
                Evidence::by(&[B_SS_10]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_SS_08]),
                Evidence::by(&[B_SS_08]),
            ),
            Claim::open(HeldByAnother, NoSuchEntity, Evidence::open(&[X_026])),
        ],
    }),
    detach: Call {
        api: "DeleteServiceSpecificCredential",
        claims: &[
            Claim::done(Evidence::by(&[B_SS_03])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_SS_10]),
                Evidence::by(&[B_SS_10]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_SS_08]),
                Evidence::by(&[B_SS_08]),
            ),
            Claim::open(HeldByAnother, NoSuchEntity, Evidence::open(&[X_026])),
        ],
    },
    blocks: Some(Claim::refused(
        Holds(Kind::ServiceCredential),
        DeleteConflict,
        Evidence::by(&[A_005, A_015, A_016]),
        Evidence::by(&[A_005]),
    )),
    blocks_inactive: Some(Claim::open(
        HoldsInactive(Kind::ServiceCredential),
        DeleteConflict,
        Evidence::open(&[X_004]),
    )),
};
