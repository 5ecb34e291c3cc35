//! SSH public keys, which the caller uploads for Git over SSH.

use crate::evidence::{
    A_006, A_015, A_016, A_052, B_AK_06, B_SC_07, B_SK_01, B_SK_02, B_SK_03, B_SK_04, B_SK_05,
    D_022, E_005, Evidence, G_002, X_004, X_006, X_020, X_026,
};
use crate::kind::AttachmentKind;
use crate::rule::Condition::{
    HeldByAnother, Holds, HoldsInactive, NoSuchUser, NotHeld, QuotaReached, SameBody,
};
use crate::rule::ErrorCode::{DeleteConflict, DuplicateSSHPublicKey, LimitExceeded, NoSuchEntity};
use crate::rule::{Action, Clause};
use crate::tables::attachments::{AttachmentRow, Naming, Quota};

/// The row of this kind.
pub(crate) const ROW: AttachmentRow = AttachmentRow {
    kind: AttachmentKind::SshPublicKey,
    name: AttachmentKind::SshPublicKey.name(),
    noun: "SSH public key",
    prefix: "ssh",
    parameter: "SSHPublicKeyId",
    naming: Naming::Service,
    has_status: true,
    has_body: true,
    lost_on_removal: None,
    per_service: false,
    refers_to: None,
    quota: Quota { name: "SSHPublicKeysPerUser", max: 5, each: 1 },
    attach: Action {
        api: "UploadSSHPublicKey",
        clauses: &[
            Clause::success(Evidence::by(&[B_SK_01])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_SC_07, B_AK_06]),
            ),
            Clause::refused_with_text(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[G_002, D_022]),
                Evidence::unspecified(&[X_006]),
            ),
            Clause::unspecified(SameBody, DuplicateSSHPublicKey, &[E_005, X_020]),
        ],
    },
    list: Action {
        api: "ListSSHPublicKeys",
        clauses: &[
            Clause::success(Evidence::by(&[B_SK_03])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_SC_07, B_AK_06]),
            ),
        ],
    },
    get: Some(Action {
        api: "GetSSHPublicKey",
        clauses: &[
            Clause::success(Evidence::by(&[B_SK_02])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_SC_07, B_AK_06]),
            ),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_SK_05])),
            Clause::unspecified(HeldByAnother, NoSuchEntity, &[X_026]),
        ],
    }),
    set_status: Some(Action {
        api: "UpdateSSHPublicKey",
        clauses: &[
            Clause::success(Evidence::by(&[B_SK_04])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_SC_07, B_AK_06]),
            ),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_SK_05])),
            Clause::unspecified(HeldByAnother, NoSuchEntity, &[X_026]),
        ],
    }),
    renew: None,
    detach: Action {
        api: "DeleteSSHPublicKey",
        clauses: &[
            Clause::success(Evidence::by(&[B_SK_04])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_SC_07, B_AK_06]),
            ),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_SK_05])),
            Clause::unspecified(HeldByAnother, NoSuchEntity, &[X_026]),
        ],
    },
    blocks: Some(Clause::refused_with_text(
        Holds(AttachmentKind::SshPublicKey),
        DeleteConflict,
        Evidence::by(&[A_006, A_052, A_015, A_016]),
        Evidence::by(&[A_006]),
    )),
    blocks_inactive: Some(Clause::unspecified(
        HoldsInactive(AttachmentKind::SshPublicKey),
        DeleteConflict,
        &[X_004],
    )),
};
