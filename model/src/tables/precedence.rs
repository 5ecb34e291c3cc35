//! Which of several refusals AWS answers with, as far as anybody knows: a partial order, as data.
//! Where it says nothing, every refusal that applies conforms. A response that breaks an order differs in the
//! first tier in which it differs from the refusal that wins: the status, the code or the text.

use crate::evidence::{A_031, D_017, D_018, Evidence};
use crate::rule::Rule;
use crate::semantics::conditions::Condition;
use crate::tables::attachments::AttachmentKind;

/// Where both apply, `first` is answered and `then` is not.
#[derive(Debug)]
pub struct Precedence {
    /// The calls that it holds for.
    pub calls: &'static [&'static str],
    /// The reason that wins.
    pub first: Condition,
    /// The reasons that lose.
    pub then: &'static [Condition],
    /// How we know.
    pub evidence: Evidence,
}

/// Every order that is known.
pub const PRECEDENCES: [Precedence; 3] = [
    Precedence {
        calls: &["DeleteUser"],
        first: Condition::Holds(AttachmentKind::LoginProfile),
        then: &[
            Condition::Holds(AttachmentKind::AccessKey),
            Condition::Holds(AttachmentKind::MfaDevice),
        ],
        evidence: Evidence::by(&[A_031]),
    },
    Precedence {
        calls: &["RemoveUserFromGroup"],
        first: Condition::NoSuchUser,
        then: &[Condition::NoSuchObject],
        evidence: Evidence::by(&[D_017]),
    },
    Precedence {
        calls: &[
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
            Condition::NoSuchObject,
            Condition::NoRightCodes,
            Condition::NotHeld,
            Condition::HeldByAnother,
        ],
        evidence: Evidence::by(&[D_018]),
    },
];

/// The order by which `rule` loses against one of `in_force`, if there is one.
#[must_use]
pub fn outranked(rule: Rule, in_force: &[Rule]) -> Option<(&'static Precedence, Rule)> {
    PRECEDENCES.iter().find_map(|order| {
        let here = order.calls.contains(&rule.call.api) && order.then.contains(&rule.claim.reason);
        let winner = in_force.iter().find(|other| other.claim.reason == order.first)?;
        here.then_some((order, *winner))
    })
}
