//! Virtual MFA devices.

use super::ClassRow;
use crate::claim::{
    Call, Claim,
    Code::{DeleteConflict, EntityAlreadyExists, NoSuchEntity},
    Reason::{InUse, NoSuchObject, ObjectExists},
};
use crate::evidence::{B_MF_01, B_MF_02, B_MF_05, B_MF_14, C_025, C_026, D_022, Evidence};

/// The row.
pub(super) const ROW: ClassRow = ClassRow {
    noun: "virtual MFA device",
    symbol: "d",
    member: "SerialNumber",
    create: Call {
        api: "CreateVirtualMFADevice",
        claims: &[
            Claim::done(Evidence::by(&[B_MF_01])),
            Claim::refused(
                ObjectExists,
                EntityAlreadyExists,
                Evidence::by(&[B_MF_02]),
                Evidence::by(&[B_MF_02]),
            ),
        ],
    },
    read: None,
    list: Call { api: "ListVirtualMFADevices", claims: &[Claim::done(Evidence::by(&[B_MF_14]))] },
    rename: None,
    holders: None,
    delete: Call {
        api: "DeleteVirtualMFADevice",
        claims: &[
            Claim::done(Evidence::by(&[C_026])),
            Claim::refused(
                NoSuchObject,
                NoSuchEntity,
                Evidence::by(&[B_MF_05]),
                Evidence::by(&[B_MF_05]),
            ),
            Claim::refused(InUse, DeleteConflict, Evidence::by(&[D_022]), Evidence::by(&[C_025])),
        ],
    },
};
