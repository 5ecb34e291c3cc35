//! What is known of the form of an answer beyond what it shows: ids, ARNs, dates, and the names that come
//! back. One row each, with its facts; the values are looked at where the wire is, in the harness.

use iamspec_model::evidence::{
    B_AK_01, B_AK_03, B_GR_09, B_IP_03, B_LP_01, B_LP_02, B_MF_01, B_MF_13, B_SC_01, B_SC_02,
    B_SK_01, B_SK_02, B_SK_03, B_SS_01, B_SS_02, C_020, C_042, C_044, E_008, E_017,
};
use iamspec_model::{Account, Evidence, Expected, Fact, Operation, Rule, allowed};

use crate::oracle::{Divergence, Tier, Verdict};
use crate::response::Response;

/// What a member of an answer must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatCheck {
    /// It begins so, and has so many characters, capital letters and digits from 2 to 7.
    Id(&'static str, usize),
    /// It begins so, and is so long; of which letters no fact says.
    Long(&'static str, usize),
    /// It begins so; how long it is no fact says.
    Begins(&'static str),
    /// At least so many letters and digits.
    Letters(usize),
    /// An ARN of this account that ends so, `{Path}` and the like being what stands beside it in the answer,
    /// or else in the request.
    Arn(&'static str),
    /// What was sent under the same name; where nothing was, this.
    Sent(&'static str),
    /// A date in UTC, in whole seconds.
    Date,
    /// A date in UTC, perhaps with a part of a second: one such answer was recorded.
    DateOrFraction,
}

/// A member of the answers of some calls.
#[derive(Debug)]
pub struct FormatRow {
    /// The calls.
    pub calls: &'static [&'static str],
    /// The member, wherever it stands in the answer.
    pub member: &'static str,
    /// What it must look like.
    pub form: FormatCheck,
    /// What is known of that.
    pub evidence: Evidence,
}

/// A member of an answer that does not look as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatDeviation {
    /// What was found and what should be, in one line.
    pub detail: String,
    /// What is known of that.
    pub evidence: Evidence,
}

const fn row(
    calls: &'static [&'static str],
    member: &'static str,
    form: FormatCheck,
    facts: &'static [&'static Fact],
) -> FormatRow {
    FormatRow { calls, member, form, evidence: Evidence::by(facts) }
}

const READS: &[&str] = &[
    "GetUser",
    "GetGroup",
    "GetLoginProfile",
    "ListAccessKeys",
    "ListServiceSpecificCredentials",
    "ListGroupsForUser",
];

const MAKES: &[&str] = &["CreateUser", "CreateGroup", "CreateLoginProfile", "CreateAccessKey"];

/// Every row.
pub const FORMS: [FormatRow; 31] = [
    row(&["CreateUser", "GetUser"], "UserId", FormatCheck::Id("AIDA", 21), &[E_017]),
    row(
        &["CreateGroup", "GetGroup", "ListGroupsForUser"],
        "GroupId",
        FormatCheck::Id("AGPA", 21),
        &[E_017],
    ),
    row(&["CreatePolicy", "GetPolicy"], "PolicyId", FormatCheck::Id("ANPA", 21), &[E_017]),
    row(&["CreateAccessKey"], "AccessKeyId", FormatCheck::Long("AKIA", 20), &[E_017, B_AK_01]),
    row(&["ListAccessKeys"], "AccessKeyId", FormatCheck::Long("AKIA", 20), &[E_017]),
    row(&["UploadSSHPublicKey"], "SSHPublicKeyId", FormatCheck::Begins("APKA"), &[E_017, B_SK_01]),
    row(
        &["CreateServiceSpecificCredential"],
        "ServiceSpecificCredentialId",
        FormatCheck::Begins("ACCA"),
        &[E_017, B_SS_01],
    ),
    row(&["UploadSigningCertificate"], "CertificateId", FormatCheck::Letters(24), &[E_017]),
    row(&["CreateUser", "GetUser"], "Arn", FormatCheck::Arn("user{Path}{UserName}"), &[C_042]),
    row(
        &["CreateVirtualMFADevice"],
        "SerialNumber",
        FormatCheck::Arn("mfa/{VirtualMFADeviceName}"),
        &[B_MF_01],
    ),
    row(&["CreateUser"], "Path", FormatCheck::Sent("/"), &[C_042]),
    row(&["CreateUser"], "UserName", FormatCheck::Sent(""), &[C_042]),
    row(&["GetUser"], "UserName", FormatCheck::Sent(""), &[C_044]),
    row(&["CreateLoginProfile"], "UserName", FormatCheck::Sent(""), &[B_LP_01]),
    row(&["GetLoginProfile"], "UserName", FormatCheck::Sent(""), &[B_LP_02]),
    row(&["CreateAccessKey"], "UserName", FormatCheck::Sent(""), &[B_AK_01]),
    row(&["ListAccessKeys"], "UserName", FormatCheck::Sent(""), &[B_AK_03]),
    row(&["UploadSigningCertificate"], "UserName", FormatCheck::Sent(""), &[B_SC_01]),
    row(&["ListSigningCertificates"], "UserName", FormatCheck::Sent(""), &[B_SC_02]),
    row(&["UploadSSHPublicKey"], "UserName", FormatCheck::Sent(""), &[B_SK_01]),
    row(&["GetSSHPublicKey"], "UserName", FormatCheck::Sent(""), &[B_SK_02]),
    row(&["ListSSHPublicKeys"], "UserName", FormatCheck::Sent(""), &[B_SK_03]),
    row(&["CreateServiceSpecificCredential"], "UserName", FormatCheck::Sent(""), &[B_SS_01]),
    row(&["ListServiceSpecificCredentials"], "UserName", FormatCheck::Sent(""), &[B_SS_02]),
    row(&["ListMFADevices"], "UserName", FormatCheck::Sent(""), &[B_MF_13]),
    row(&["GetUserPolicy"], "UserName", FormatCheck::Sent(""), &[B_IP_03]),
    row(&["GetUserPolicy"], "PolicyName", FormatCheck::Sent(""), &[B_IP_03]),
    row(&["CreatePolicy"], "PolicyName", FormatCheck::Sent(""), &[C_020]),
    row(&["GetGroup"], "GroupName", FormatCheck::Sent(""), &[B_GR_09]),
    row(READS, "CreateDate", FormatCheck::Date, &[E_008]),
    row(MAKES, "CreateDate", FormatCheck::DateOrFraction, &[E_008]),
];

/// The verdict, where the answer conforms in what it says, and not in its form.
#[must_use]
pub(crate) fn judged(
    verdict: Verdict,
    (account, op): (&Account, &Operation),
    observed: &Response,
    odd: &[FormatDeviation],
) -> Verdict {
    let done = allowed(account, op).rules().find(|rule| rule.claim.answer == Expected::Done);
    match (&verdict, observed, done, odd) {
        (Verdict::Conforms(_), Response::Done(_), Some(rule), [first, ..]) => {
            let level = odd.iter().map(|it| it.evidence.level).fold(first.evidence.level, Ord::max);
            let facts = odd.iter().flat_map(|it| it.evidence.facts);
            let mut evidence: Vec<&str> = facts.map(|fact| fact.id).collect();
            evidence.dedup();
            let allowed: Vec<(String, Rule)> =
                odd.iter().map(|it| (format!("200 with {}", it.detail), rule)).collect();
            let state = account.to_string();
            let tier = Tier::Text;
            let going_on = "carried out";
            Verdict::Diverges(Box::new(Divergence {
                tier,
                level,
                rule,
                allowed,
                evidence,
                state,
                going_on,
            }))
        }
        _ => verdict,
    }
}
