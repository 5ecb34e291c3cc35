//! Group memberships: what makes a user a member.

use crate::evidence::{
    A_011, A_015, A_016, B_GR_01, B_GR_02, B_GR_03, B_GR_04, B_GR_05, B_GR_06, B_GR_07, B_GR_08,
    B_GR_10, D_022, D_023, Evidence, G_001, G_002, X_009,
};
use crate::rule::Code::{DeleteConflict, LimitExceeded, NoSuchEntity};
use crate::rule::{Call, Claim};
use crate::semantics::conditions::Reason::{
    AlreadyHeld, Holds, NoSuchObject, NoSuchUser, NotHeld, QuotaReached,
};
use crate::tables::attachments::{Kind, Naming, Quota, Row};
use crate::tables::resources::Class;

/// The row.
pub(crate) const ROW: Row = Row {
    kind: Kind::GroupMembership,
    name: "group-membership",
    noun: "group membership",
    symbol: "g",
    member: "GroupName",
    naming: Naming::Caller,
    statuses: false,
    bodies: false,
    loses: "",
    services: false,
    refers: Some(Class::Group),
    quota: Quota { name: "GroupsPerUser", max: 10, each: 1 },
    attach: Call {
        api: "AddUserToGroup",
        claims: &[
            Claim::done(Evidence::by(&[B_GR_01])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_GR_04]),
                Evidence::by(&[B_GR_04]),
            ),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[B_GR_05]),
                Evidence::by(&[B_GR_05]),
            ),
            Claim::done_although(AlreadyHeld, Evidence::by(&[B_GR_02])),
            Claim::refused(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[G_001, G_002, D_022]),
                Evidence::by(&[B_GR_10, X_009]),
            ),
        ],
    },
    list: Call {
        api: "ListGroupsForUser",
        claims: &[
            Claim::done(Evidence::by(&[B_GR_08])),
            Claim::refused(
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
    detach: Call {
        api: "RemoveUserFromGroup",
        claims: &[
            Claim::done(Evidence::by(&[D_023])),
            Claim::refused(
                NoSuchUser,
                NoSuchEntity,
                Evidence::by(&[B_GR_07]),
                Evidence::by(&[B_GR_07]),
            ),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[B_GR_06]),
                Evidence::by(&[B_GR_06]),
            ),
            Claim::done_although(NotHeld, Evidence::by(&[B_GR_03])),
        ],
    },
    blocks: Some(Claim::refused(
        Holds(Kind::GroupMembership),
        DeleteConflict,
        Evidence::by(&[A_011, A_015, A_016]),
        Evidence::by(&[A_011]),
    )),
    blocks_inactive: None,
};
