//! Managed policies of the customer.

use super::ClassRow;
use super::part::Part;
use crate::claim::{
    Call, Claim,
    Code::{DeleteConflict, EntityAlreadyExists, NoSuchEntity},
    Reason::{HasParts, InUse, IsBoundary, NoSuchObject, ObjectExists},
};
use crate::evidence::{
    C_010, C_011, C_012, C_013, C_014, C_016, C_020, C_021, C_060, D_023, E_001, E_010, Evidence,
};

/// The row.
pub(super) const ROW: ClassRow = ClassRow {
    noun: "managed policy",
    symbol: "p",
    member: "PolicyArn",
    create: Call {
        api: "CreatePolicy",
        claims: &[
            Claim::done(Evidence::by(&[C_020])),
            Claim::refused(
                ObjectExists,
                EntityAlreadyExists,
                Evidence::by(&[C_016]),
                Evidence::by(&[C_016]),
            ),
        ],
    },
    read: Some(Call {
        api: "GetPolicy",
        claims: &[
            Claim::done(Evidence::like(&[C_020])),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[C_014]),
                Evidence::by(&[C_014]),
            ),
        ],
    }),
    list: Call { api: "ListPolicies", claims: &[Claim::done(Evidence::like(&[E_010]))] },
    rename: None,
    holders: Some(Call {
        api: "ListEntitiesForPolicy",
        claims: &[
            Claim::done(Evidence::like(&[C_060])),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[C_021]),
                Evidence::by(&[C_021]),
            ),
        ],
    }),
    delete: Call {
        api: "DeletePolicy",
        claims: &[
            Claim::done(Evidence::by(&[E_001, D_023])),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[C_013]),
                Evidence::by(&[C_013]),
            ),
            Claim::refused(InUse, DeleteConflict, Evidence::by(&[C_010]), Evidence::by(&[C_010])),
            Claim::refused(
                IsBoundary,
                DeleteConflict,
                Evidence::by(&[C_011]),
                Evidence::by(&[C_011]),
            ),
            Claim::refused(
                HasParts(Part::Version),
                DeleteConflict,
                Evidence::by(&[C_012]),
                Evidence::by(&[C_012]),
            ),
        ],
    },
};
