//! The calls that AWS refuses for its own managed policies. These policies belong to no account, so
//! the refusals do not depend on the state of the model.

use crate::evidence::{B_MP_13, C_015, C_094, C_095, Fact};

/// The refusals of changes to a policy of AWS. Each fact names its operation.
pub const REFUSED_CHANGES: [&Fact; 3] = [C_015, C_094, C_095];

/// The operations that attach a policy to a user or a group. They are refused for a policy under
/// [`OF_SERVICE_ROLES`] (B-MP-13).
pub const ATTACHING: [&str; 2] = ["AttachUserPolicy", "AttachGroupPolicy"];

/// The path of the policies that only a service-linked role can have (B-MP-13).
pub const OF_SERVICE_ROLES: &str = "/aws-service-role/";

/// The refusal to attach such a policy.
pub const REFUSED_ATTACHMENT: &Fact = B_MP_13;
