//! The login profile: a console password, at most one for each user.

use crate::evidence::{
    A_008, A_015, A_016, B_LP_01, B_LP_02, B_LP_03, B_LP_04, B_LP_05, B_LP_06, B_LP_07, B_LP_08,
    B_LP_09, B_LP_10, B_LP_11, B_LP_17, B_LP_18, D_022, Evidence,
};
use crate::kind::AttachmentKind;
use crate::rule::Condition::{AlreadyHeld, Holds, NoSuchUser, NotHeld, RecentlyCreated};
use crate::rule::ErrorCode::{
    DeleteConflict, EntityAlreadyExists, EntityTemporarilyUnmodifiable, NoSuchEntity,
};
use crate::rule::{Action, Clause};
use crate::tables::attachments::{AttachmentRow, Loss, Naming, Quota};

/// The row of this kind.
pub(crate) const ROW: AttachmentRow = AttachmentRow {
    kind: AttachmentKind::LoginProfile,
    name: AttachmentKind::LoginProfile.name(),
    noun: "login profile",
    prefix: "",
    parameter: "UserName",
    naming: Naming::Single,
    has_status: false,
    has_body: false,
    lost_on_removal: Some(Loss { what: "the password", facts: &[B_LP_02] }),
    per_service: false,
    refers_to: None,
    quota: Quota { name: "LoginProfilesPerUser", max: 1, each: 1 },
    attach: Action {
        api: "CreateLoginProfile",
        clauses: &[
            Clause::success(Evidence::by(&[B_LP_01])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_LP_07])),
            Clause::refused(AlreadyHeld, EntityAlreadyExists, Evidence::by(&[B_LP_06])),
        ],
    },
    list: Action {
        api: "GetLoginProfile",
        clauses: &[
            Clause::success(Evidence::by(&[B_LP_02])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_LP_07, B_LP_08]),
            ),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_LP_03])),
        ],
    },
    get: None,
    set_status: None,
    renew: Some(Action {
        api: "UpdateLoginProfile",
        clauses: &[
            Clause::success(Evidence::by(&[B_LP_09])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_LP_07, B_LP_08]),
            ),
            Clause::refused(NotHeld, NoSuchEntity, Evidence::by(&[B_LP_11])),
            Clause::sometimes(
                RecentlyCreated,
                EntityTemporarilyUnmodifiable,
                &[B_LP_17, B_LP_09],
                Evidence::by(&[B_LP_17]),
            ),
        ],
    }),
    detach: Action {
        api: "DeleteLoginProfile",
        clauses: &[
            Clause::success(Evidence::by(&[B_LP_10])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_LP_08])),
            Clause::refused_with_text(
                NotHeld,
                NoSuchEntity,
                Evidence::by(&[B_LP_04]),
                Evidence::by(&[B_LP_04, B_LP_05]),
            ),
            Clause::sometimes(
                RecentlyCreated,
                EntityTemporarilyUnmodifiable,
                &[B_LP_17, B_LP_18, B_LP_10],
                Evidence::by(&[B_LP_17, B_LP_18]),
            ),
        ],
    },
    blocks: Some(Clause::refused_with_text(
        Holds(AttachmentKind::LoginProfile),
        DeleteConflict,
        Evidence::by(&[A_008, A_015, A_016]),
        Evidence::by(&[A_008]),
    )),
    blocks_inactive: None,
};
