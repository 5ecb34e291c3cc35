//! The precedence of refusals: a partial order, as data.
//!
//! If several conditions refuse a call and no order relates them, each refusal conforms. A response
//! that violates an order deviates in the first tier (status, code, text) in which it differs from
//! the refusal that takes precedence.

use crate::evidence::{A_031, D_017, D_018, D_024, Evidence, Level};
use crate::kind::AttachmentKind;
use crate::rule::{Condition, InputError, Rule};

/// If both apply, the service reports `first` and not `then`.
#[derive(Debug)]
pub struct Precedence {
    /// The API names of the actions.
    pub actions: &'static [&'static str],
    /// The condition that takes precedence.
    pub first: Condition,
    /// The conditions that it takes precedence over.
    pub then: &'static [Condition],
    /// The evidence.
    pub evidence: Evidence,
}

/// Every known order.
pub const PRECEDENCES: [Precedence; 5] = [
    Precedence {
        actions: &["DeleteUser"],
        first: Condition::Holds(AttachmentKind::LoginProfile),
        then: &[
            Condition::Holds(AttachmentKind::AccessKey),
            Condition::Holds(AttachmentKind::MfaDevice),
        ],
        evidence: Evidence::by(&[A_031]),
    },
    Precedence {
        actions: &["RemoveUserFromGroup"],
        first: Condition::NoSuchUser,
        then: &[Condition::NoSuchResource],
        evidence: Evidence::by(&[D_017]),
    },
    Precedence {
        actions: &[
            "DeleteSigningCertificate",
            "UpdateSigningCertificate",
            "DeleteServiceSpecificCredential",
            "UpdateServiceSpecificCredential",
            "ResetServiceSpecificCredential",
            "EnableMFADevice",
            "DeactivateMFADevice",
        ],
        first: Condition::NoSuchUser,
        then: &[
            Condition::NoSuchResource,
            Condition::NoValidCodes,
            Condition::NotHeld,
            Condition::HeldByAnother,
        ],
        evidence: Evidence::by(&[D_018]),
    },
    Precedence {
        actions: &[
            "CreateServiceSpecificCredential",
            "UploadSigningCertificate",
            "EnableMFADevice",
        ],
        first: Condition::NoSuchUser,
        then: &[
            Condition::InvalidInput("ServiceName", InputError::UnknownValue),
            Condition::InvalidInput("CertificateBody", InputError::Malformed),
            Condition::InvalidInput("AuthenticationCode1", InputError::Wrong),
            Condition::InvalidInput("AuthenticationCode2", InputError::Duplicate),
        ],
        evidence: Evidence::by(&[D_018]),
    },
    Precedence {
        actions: &["PutUserPolicy"],
        first: Condition::NoSuchUser,
        then: &[Condition::InvalidInput("PolicyDocument", InputError::Malformed)],
        evidence: Evidence::by(&[D_024]),
    },
];

/// The order in which one of the rules `in_force` takes precedence over `rule`, with that rule.
#[must_use]
pub fn overriding_rule(rule: Rule, in_force: &[Rule]) -> Option<(&'static Precedence, Rule)> {
    PRECEDENCES.iter().find_map(|order| {
        let loses =
            order.actions.contains(&rule.action.api) && order.then.contains(&rule.clause.condition);
        let winner = in_force.iter().find(|other| other.clause.condition == order.first)?;
        loses.then_some((order, *winner))
    })
}

/// The rule that alone decides the response, if there is one.
///
/// A rule that passes with time decides nothing: the call can be repeated until it has passed. A
/// rule that another one takes precedence over decides nothing either, if the order has evidence.
#[must_use]
pub fn decisive_rule(in_force: &[Rule]) -> Option<Rule> {
    match deciding_rules(in_force).as_slice() {
        [rule] => Some(*rule),
        _ => None,
    }
}

/// The rules in force that a response is compared with after every transient condition has ended.
#[must_use]
pub fn deciding_rules(in_force: &[Rule]) -> Vec<Rule> {
    let mut lasting = in_force.to_vec();
    lasting.retain(|rule| !rule.clause.condition.is_transient());
    let is_overridden = |rule: Rule| {
        overriding_rule(rule, &lasting)
            .is_some_and(|(order, _)| order.evidence.level >= Level::Should)
    };
    lasting.iter().copied().filter(|rule| !is_overridden(*rule)).collect()
}
