//! Groups.

use super::ClassRow;
use super::part::Part;
use crate::claim::{
    Call, Claim,
    Code::{DeleteConflict, EntityAlreadyExists, NoSuchEntity},
    Reason::{HasParts, InUse, NameTaken, NoSuchObject, ObjectExists, SameName},
};
use crate::evidence::{
    B_GR_09, C_001, C_002, C_003, C_004, C_005, C_006, D_023, E_010, Evidence, X_018,
};

const NO_SUCH_GROUP: Claim =
    Claim::refused(NoSuchObject, NoSuchEntity, Evidence::by(&[C_004]), Evidence::by(&[C_004]));

/// The row.
pub(super) const ROW: ClassRow = ClassRow {
    noun: "group",
    symbol: "g",
    member: "GroupName",
    create: Call {
        api: "CreateGroup",
        claims: &[
            Claim::done(Evidence::by(&[D_023])),
            Claim::refused(
                ObjectExists,
                EntityAlreadyExists,
                Evidence::by(&[C_005]),
                Evidence::by(&[C_005]),
            ),
        ],
    },
    read: Some(Call {
        api: "GetGroup",
        claims: &[Claim::done(Evidence::by(&[B_GR_09])), NO_SUCH_GROUP],
    }),
    list: Call { api: "ListGroups", claims: &[Claim::done(Evidence::by(&[E_010]))] },
    rename: Some(Call {
        api: "UpdateGroup",
        claims: &[
            Claim::done(Evidence::by(&[D_023])),
            NO_SUCH_GROUP,
            Claim::refused(
                NameTaken,
                EntityAlreadyExists,
                Evidence::by(&[C_006]),
                Evidence::by(&[C_006]),
            ),
            // No evidence: X-018 asks the same of UpdateUser.
            Claim::open(SameName, EntityAlreadyExists, Evidence::open(&[X_018])),
        ],
    }),
    holders: None,
    delete: Call {
        api: "DeleteGroup",
        claims: &[
            Claim::done(Evidence::by(&[D_023])),
            NO_SUCH_GROUP,
            Claim::refused(InUse, DeleteConflict, Evidence::by(&[C_001]), Evidence::by(&[C_001])),
            Claim::refused(
                HasParts(Part::AttachedPolicy),
                DeleteConflict,
                Evidence::by(&[C_002]),
                Evidence::by(&[C_002]),
            ),
            Claim::refused(
                HasParts(Part::InlinePolicy),
                DeleteConflict,
                Evidence::by(&[C_003]),
                Evidence::by(&[C_003]),
            ),
        ],
    },
};
