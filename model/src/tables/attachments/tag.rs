//! Tags. They do not block the deletion of a user.

use crate::evidence::{
    B_TG_03, B_TG_04, B_TG_05, B_TG_06, B_TG_07, B_TG_09, D_022, Evidence, G_002, X_024,
};
use crate::kind::AttachmentKind;
use crate::rule::Condition::{AlreadyHeld, NoSuchUser, NotHeld, QuotaReached};
use crate::rule::ErrorCode::{LimitExceeded, NoSuchEntity};
use crate::rule::{Action, Clause};
use crate::tables::attachments::{AttachmentRow, Naming, Quota};

/// The row of this kind.
pub(crate) const ROW: AttachmentRow = AttachmentRow {
    kind: AttachmentKind::Tag,
    name: AttachmentKind::Tag.name(),
    noun: "tag",
    prefix: "t",
    parameter: "Key",
    naming: Naming::Caller,
    has_status: false,
    has_body: false,
    lost_on_removal: None,
    per_service: false,
    refers_to: None,
    quota: Quota { name: "TagsPerUser", max: 50, each: 1 },
    attach: Action {
        api: "TagUser",
        clauses: &[
            Clause::success(Evidence::by(&[B_TG_04])),
            NO_SUCH_USER,
            Clause::success_despite(AlreadyHeld, Evidence::by(&[B_TG_07])),
            Clause::refused_with_text(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[G_002, D_022]),
                Evidence::by(&[B_TG_09, X_024]),
            ),
        ],
    },
    list: Action {
        api: "ListUserTags",
        clauses: &[Clause::success(Evidence::by(&[B_TG_03])), NO_SUCH_USER],
    },
    get: None,
    set_status: None,
    renew: None,
    detach: Action {
        api: "UntagUser",
        clauses: &[
            Clause::success(Evidence::by(&[B_TG_04])),
            NO_SUCH_USER,
            Clause::success_despite(NotHeld, Evidence::by(&[B_TG_06])),
        ],
    },
    blocks: None,
    blocks_inactive: None,
};

const NO_SUCH_USER: Clause = Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_TG_05]));
