//! SSH public keys: what the caller uploads for Git over SSH.

use crate::evidence::{
    A_006, A_015, A_016, B_AK_06, B_SC_07, B_SK_01, B_SK_02, B_SK_03, B_SK_04, B_SK_05, D_022,
    E_005, Evidence, G_002, X_004, X_006, X_020, X_026,
};
use crate::rule::Code::{DeleteConflict, DuplicateSSHPublicKey, LimitExceeded, NoSuchEntity};
use crate::rule::{Call, Claim};
use crate::semantics::conditions::Reason::{
    HeldByAnother, Holds, HoldsInactive, NoSuchUser, NotHeld, QuotaReached, SameBody,
};
use crate::tables::attachments::{Kind, Naming, Quota, Row};

/// The row.
pub(crate) const ROW: Row = Row {
    kind: Kind::SshPublicKey,
    name: "ssh-public-key",
    noun: "SSH public key",
    symbol: "ssh",
    member: "SSHPublicKeyId",
    naming: Naming::Service,
    statuses: true,
    bodies: true,
    loses: "",
    services: false,
    refers: None,
    quota: Quota { name: "SSHPublicKeysPerUser", max: 5, each: 1 },
    attach: Call {
        api: "UploadSSHPublicKey",
        claims: &[
            Claim::done(Evidence::by(&[B_SK_01])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_SC_07, B_AK_06]),
            ),
            Claim::refused(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[G_002, D_022]),
                Evidence::open(&[X_006]),
            ),
            Claim::open(SameBody, DuplicateSSHPublicKey, Evidence::open(&[E_005, X_020])),
        ],
    },
    list: Call {
        api: "ListSSHPublicKeys",
        claims: &[
            Claim::done(Evidence::by(&[B_SK_03])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_SC_07, B_AK_06]),
            ),
        ],
    },
    get: Some(Call {
        api: "GetSSHPublicKey",
        claims: &[
            Claim::done(Evidence::by(&[B_SK_02])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_SC_07, B_AK_06]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_SK_05]),
                Evidence::by(&[B_SK_05]),
            ),
            Claim::open(HeldByAnother, NoSuchEntity, Evidence::open(&[X_026])),
        ],
    }),
    set_status: Some(Call {
        api: "UpdateSSHPublicKey",
        claims: &[
            Claim::done(Evidence::by(&[B_SK_04])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_SC_07, B_AK_06]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_SK_05]),
                Evidence::by(&[B_SK_05]),
            ),
            Claim::open(HeldByAnother, NoSuchEntity, Evidence::open(&[X_026])),
        ],
    }),
    renew: None,
    detach: Call {
        api: "DeleteSSHPublicKey",
        claims: &[
            Claim::done(Evidence::by(&[B_SK_04])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_SC_07, B_AK_06]),
            ),
            Claim::refused(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_SK_05]),
                Evidence::by(&[B_SK_05]),
            ),
            Claim::open(HeldByAnother, NoSuchEntity, Evidence::open(&[X_026])),
        ],
    },
    blocks: Some(Claim::refused(
        Holds(Kind::SshPublicKey),
        DeleteConflict,
        Evidence::by(&[A_006, A_015, A_016]),
        Evidence::by(&[A_006]),
    )),
    blocks_inactive: Some(Claim::open(
        HoldsInactive(Kind::SshPublicKey),
        DeleteConflict,
        Evidence::open(&[X_004]),
    )),
};
