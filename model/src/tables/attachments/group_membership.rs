//! Group memberships of a user.

use crate::evidence::{
    A_011, A_015, A_016, B_GR_01, B_GR_02, B_GR_03, B_GR_04, B_GR_05, B_GR_06, B_GR_07, B_GR_08,
    B_GR_10, D_022, D_023, Evidence, G_001, G_002, X_009,
};
use crate::kind::{AttachmentKind, ResourceKind};
use crate::rule::Condition::{
    AlreadyHeld, Holds, NoSuchResource, NoSuchUser, NotHeld, QuotaReached,
};
use crate::rule::ErrorCode::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Action, Clause};
use crate::tables::attachments::{AttachmentRow, Naming, Quota};

/// The row of this kind.
pub(crate) const ROW: AttachmentRow = AttachmentRow {
    kind: AttachmentKind::GroupMembership,
    name: AttachmentKind::GroupMembership.name(),
    noun: "group membership",
    prefix: "g",
    parameter: "GroupName",
    naming: Naming::Caller,
    has_status: false,
    has_body: false,
    lost_on_removal: None,
    per_service: false,
    refers_to: Some(ResourceKind::Group),
    quota: Quota { name: "GroupsPerUser", max: 10, each: 1 },
    attach: Action {
        api: "AddUserToGroup",
        clauses: &[
            Clause::success(Evidence::by(&[B_GR_01])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_GR_04])),
            Clause::refused(NoSuchResource, NoSuchEntity, Evidence::by(&[B_GR_05])),
            Clause::success_despite(AlreadyHeld, Evidence::by(&[B_GR_02])),
            Clause::refused_with_text(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[G_001, G_002, D_022]),
                Evidence::by(&[B_GR_10, X_009]),
            ),
        ],
    },
    list: Action {
        api: "ListGroupsForUser",
        clauses: &[
            Clause::success(Evidence::by(&[B_GR_08])),
            Clause::refused_with_text(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[D_022]),
                Evidence::like(&[B_GR_04]),
            ),
        ],
    },
    get: None,
    set_status: None,
    renew: None,
    detach: Action {
        api: "RemoveUserFromGroup",
        clauses: &[
            Clause::success(Evidence::by(&[D_023])),
            Clause::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_GR_07])),
            Clause::refused(NoSuchResource, NoSuchEntity, Evidence::by(&[B_GR_06])),
            Clause::success_despite(NotHeld, Evidence::by(&[B_GR_03])),
        ],
    },
    blocks: Some(Clause::refused_with_text(
        Holds(AttachmentKind::GroupMembership),
        DeleteConflict,
        Evidence::by(&[A_011, A_015, A_016]),
        Evidence::by(&[A_011]),
    )),
    blocks_inactive: None,
};
