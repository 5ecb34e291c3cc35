//! Tags: what does not stand in the way of deletion, although a user holds it.

use crate::evidence::{
    B_TG_03, B_TG_04, B_TG_05, B_TG_06, B_TG_07, B_TG_09, D_022, Evidence, G_002, X_024,
};
use crate::rule::Code::{LimitExceeded, NoSuchEntity};
use crate::rule::{Call, Claim};
use crate::semantics::conditions::Reason::{AlreadyHeld, NoSuchUser, NotHeld, QuotaReached};
use crate::tables::attachments::{Kind, Naming, Quota, Row};

/// The row.
pub(crate) const ROW: Row = Row {
    kind: Kind::Tag,
    name: "tag",
    noun: "tag",
    symbol: "t",
    member: "Key",
    naming: Naming::Caller,
    statuses: false,
    bodies: false,
    loses: "",
    services: false,
    refers: None,
    quota: Quota { name: "TagsPerUser", max: 50, each: 1 },
    attach: Call {
        api: "TagUser",
        claims: &[
            Claim::done(Evidence::by(&[B_TG_04])),
            NO_SUCH_USER,
            Claim::done_although(AlreadyHeld, Evidence::by(&[B_TG_07])),
            Claim::refused(
                QuotaReached,
                LimitExceeded,
                Evidence::by(&[G_002, D_022]),
                Evidence::by(&[B_TG_09, X_024]),
            ),
        ],
    },
    list: Call {
        api: "ListUserTags",
        claims: &[Claim::done(Evidence::by(&[B_TG_03])), NO_SUCH_USER],
    },
    get: None,
    set_status: None,
    renew: None,
    detach: Call {
        api: "UntagUser",
        claims: &[
            Claim::done(Evidence::by(&[B_TG_04])),
            NO_SUCH_USER,
            Claim::done_although(NotHeld, Evidence::by(&[B_TG_06])),
        ],
    },
    blocks: None,
    blocks_inactive: None,
};

const NO_SUCH_USER: Claim =
    Claim::refused(NoSuchUser, NoSuchEntity, Evidence::by(&[B_TG_05]), Evidence::by(&[B_TG_05]));
