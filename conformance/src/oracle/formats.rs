//! Format rules for response elements: ids, ARNs, dates, and names that echo the request.
//!
//! One row for each element, with its facts. The HTTP client in the harness reads the values and
//! reports each [`FormatDeviation`].

use iamspec_model::evidence::{
    B_AK_01, B_AK_03, B_GR_09, B_IP_03, B_IP_10, B_LP_01, B_LP_02, B_MF_01, B_MF_13, B_SC_01,
    B_SC_02, B_SK_01, B_SK_02, B_SK_03, B_SS_01, B_SS_02, B_SS_04, B_TG_01, B_TG_02, B_TG_03,
    C_020, C_042, C_044, C_078, C_081, E_008, E_017,
};
use iamspec_model::{Account, Evidence, Expected, Fact, Operation, Rule, allowed};

use crate::oracle::{Divergence, Tier, Verdict};
use crate::response::Response;

/// The expected format of a response element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatCheck {
    /// An id with this prefix and length, in capital letters and digits from 2 to 7.
    Id(&'static str, usize),
    /// An id with this prefix and length. No fact specifies its characters.
    IdOfLength(&'static str, usize),
    /// An id with this prefix. No fact specifies its length.
    IdWithPrefix(&'static str),
    /// At least this many letters and digits.
    Alphanumeric(usize),
    /// An ARN of this account with this resource part. A placeholder such as `{Path}` stands for
    /// the element of that name in the response, or else the parameter in the request. `{Path=/}`
    /// also has the default of the parameter.
    Arn(&'static str),
    /// The request parameter of the same name, or this default if the request does not contain it.
    EchoesRequest(&'static str),
    /// The value that an earlier request of the run has sent, apart from outer white space.
    AsSent,
    /// A date in UTC, in whole seconds.
    Date,
    /// A date in UTC, optionally with a fraction of a second. One such response is recorded.
    DateWithFraction,
}

impl FormatCheck {
    /// Whether the element has a value that the caller chose: another one is a wrong value in every SDK
    /// ([`SENT_VALUES`]).
    ///
    /// [`SENT_VALUES`]: crate::oracle::wire::SENT_VALUES
    #[must_use]
    pub const fn is_sent(self) -> bool {
        matches!(self, Self::EchoesRequest(_) | Self::AsSent)
    }
}

/// The expected format of one element in the responses to some actions.
#[derive(Debug)]
pub struct FormatRule {
    /// The names of the actions.
    pub actions: &'static [&'static str],
    /// The name of the element, at any depth of the response.
    pub element: &'static str,
    /// The expected format.
    pub expected: FormatCheck,
    /// The evidence for the format.
    pub evidence: Evidence,
}

/// A response element with an unexpected format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatDeviation {
    /// The expected and the actual value, in one line.
    pub detail: String,
    /// The evidence for the format.
    pub evidence: Evidence,
    /// Whether the value is another one than the caller chose, and not only in another form.
    pub is_wrong_value: bool,
}

const fn row(
    calls: &'static [&'static str],
    member: &'static str,
    form: FormatCheck,
    facts: &'static [&'static Fact],
) -> FormatRule {
    FormatRule { actions: calls, element: member, expected: form, evidence: Evidence::by(facts) }
}

const READ_ACTIONS: &[&str] = &[
    "GetUser",
    "GetGroup",
    "GetLoginProfile",
    "ListAccessKeys",
    "ListServiceSpecificCredentials",
    "ListGroupsForUser",
];

const CREATE_ACTIONS: &[&str] =
    &["CreateUser", "CreateGroup", "CreateLoginProfile", "CreateAccessKey"];

/// Every format rule.
pub const FORMAT_RULES: [FormatRule; 38] = [
    row(&["CreateUser", "GetUser"], "UserId", FormatCheck::Id("AIDA", 21), &[E_017]),
    row(
        &["CreateGroup", "GetGroup", "ListGroupsForUser"],
        "GroupId",
        FormatCheck::Id("AGPA", 21),
        &[E_017],
    ),
    row(&["CreatePolicy", "GetPolicy"], "PolicyId", FormatCheck::Id("ANPA", 21), &[E_017]),
    row(
        &["CreateAccessKey"],
        "AccessKeyId",
        FormatCheck::IdOfLength("AKIA", 20),
        &[E_017, B_AK_01],
    ),
    row(&["ListAccessKeys"], "AccessKeyId", FormatCheck::IdOfLength("AKIA", 20), &[E_017]),
    row(
        &["UploadSSHPublicKey"],
        "SSHPublicKeyId",
        FormatCheck::IdWithPrefix("APKA"),
        &[E_017, B_SK_01],
    ),
    row(
        &["CreateServiceSpecificCredential"],
        "ServiceSpecificCredentialId",
        FormatCheck::IdWithPrefix("ACCA"),
        &[E_017, B_SS_01],
    ),
    row(&["UploadSigningCertificate"], "CertificateId", FormatCheck::Alphanumeric(24), &[E_017]),
    row(&["CreateUser", "GetUser"], "Arn", FormatCheck::Arn("user{Path}{UserName}"), &[C_042]),
    row(
        &["CreateVirtualMFADevice"],
        "SerialNumber",
        FormatCheck::Arn("mfa{Path=/}{VirtualMFADeviceName}"),
        &[B_MF_01],
    ),
    row(&["CreateUser"], "Path", FormatCheck::EchoesRequest("/"), &[C_042]),
    row(&["CreateUser"], "UserName", FormatCheck::EchoesRequest(""), &[C_042]),
    row(&["GetUser"], "UserName", FormatCheck::EchoesRequest(""), &[C_044]),
    row(&["CreateLoginProfile"], "UserName", FormatCheck::EchoesRequest(""), &[B_LP_01]),
    row(&["GetLoginProfile"], "UserName", FormatCheck::EchoesRequest(""), &[B_LP_02]),
    row(&["CreateAccessKey"], "UserName", FormatCheck::EchoesRequest(""), &[B_AK_01]),
    row(&["ListAccessKeys"], "UserName", FormatCheck::EchoesRequest(""), &[B_AK_03]),
    row(&["UploadSigningCertificate"], "UserName", FormatCheck::EchoesRequest(""), &[B_SC_01]),
    row(&["ListSigningCertificates"], "UserName", FormatCheck::EchoesRequest(""), &[B_SC_02]),
    row(&["UploadSSHPublicKey"], "UserName", FormatCheck::EchoesRequest(""), &[B_SK_01]),
    row(&["GetSSHPublicKey"], "UserName", FormatCheck::EchoesRequest(""), &[B_SK_02]),
    row(&["ListSSHPublicKeys"], "UserName", FormatCheck::EchoesRequest(""), &[B_SK_03]),
    row(
        &["CreateServiceSpecificCredential"],
        "UserName",
        FormatCheck::EchoesRequest(""),
        &[B_SS_01],
    ),
    row(
        &["ListServiceSpecificCredentials"],
        "UserName",
        FormatCheck::EchoesRequest(""),
        &[B_SS_02],
    ),
    row(&["ListMFADevices"], "UserName", FormatCheck::EchoesRequest(""), &[B_MF_13]),
    row(&["GetUserPolicy"], "UserName", FormatCheck::EchoesRequest(""), &[B_IP_03]),
    row(&["GetUserPolicy"], "PolicyName", FormatCheck::EchoesRequest(""), &[B_IP_03]),
    row(&["GetUserPolicy"], "PolicyDocument", FormatCheck::AsSent, &[B_IP_03, B_IP_10]),
    row(&["ListUserTags"], "Key", FormatCheck::AsSent, &[B_TG_01, B_TG_03]),
    row(&["ListUserTags"], "Value", FormatCheck::AsSent, &[B_TG_01, B_TG_03]),
    row(&["CreatePolicy"], "PolicyName", FormatCheck::EchoesRequest(""), &[C_020]),
    row(&["GetGroup"], "GroupName", FormatCheck::EchoesRequest(""), &[B_GR_09]),
    // A new item is active.
    row(&["CreateAccessKey"], "Status", FormatCheck::EchoesRequest("Active"), &[B_AK_01]),
    row(&["UploadSigningCertificate"], "Status", FormatCheck::EchoesRequest("Active"), &[B_SC_01]),
    row(&["UploadSSHPublicKey"], "Status", FormatCheck::EchoesRequest("Active"), &[B_SK_01]),
    row(
        &["CreateServiceSpecificCredential"],
        "Status",
        FormatCheck::EchoesRequest("Active"),
        &[B_SS_01],
    ),
    row(READ_ACTIONS, "CreateDate", FormatCheck::Date, &[E_008]),
    row(CREATE_ACTIONS, "CreateDate", FormatCheck::DateWithFraction, &[E_008]),
];

const WITH_USERS: &[&str] = &["ListUsers", "GetGroup", "GetAccountAuthorizationDetails"];

const WITH_POLICY: &[&str] = &["ListPolicies", "GetPolicy"];

const MORE_READ_ACTIONS: &[&str] = &[
    "ListUsers",
    "ListGroups",
    "ListPolicies",
    "GetPolicy",
    "GetPolicyVersion",
    "ListPolicyVersions",
    "GetAccountAuthorizationDetails",
];

const MORE_CREATE_ACTIONS: &[&str] = &[
    "CreatePolicy",
    "CreatePolicyVersion",
    "CreateServiceSpecificCredential",
    "ResetServiceSpecificCredential",
];

/// More format rules, for recorded traffic: the forms of ids and dates are those of every response
/// (E-008, E-017), and no call of the suite shows all of these elements. The values in new groups, policies, profiles and
/// credentials, and the tags of a user, are compared in recorded traffic only.
pub const RECORDED_FORMAT_RULES: [FormatRule; 20] = [
    row(WITH_USERS, "UserId", FormatCheck::Id("AIDA", 21), &[E_017]),
    row(&["ListGroups"], "GroupId", FormatCheck::Id("AGPA", 21), &[E_017]),
    row(WITH_POLICY, "PolicyId", FormatCheck::Id("ANPA", 21), &[E_017]),
    row(MORE_READ_ACTIONS, "CreateDate", FormatCheck::Date, &[E_008]),
    row(MORE_READ_ACTIONS, "UpdateDate", FormatCheck::Date, &[E_008]),
    row(MORE_CREATE_ACTIONS, "CreateDate", FormatCheck::DateWithFraction, &[E_008]),
    row(MORE_CREATE_ACTIONS, "UpdateDate", FormatCheck::DateWithFraction, &[E_008]),
    row(
        &["ResetServiceSpecificCredential"],
        "UserName",
        FormatCheck::EchoesRequest(""),
        &[B_SS_04],
    ),
    row(&["GetGroupPolicy"], "GroupName", FormatCheck::EchoesRequest(""), &[C_081]),
    row(&["GetGroupPolicy"], "PolicyName", FormatCheck::EchoesRequest(""), &[C_081]),
    FormatRule {
        actions: &["CreateGroup"],
        element: "GroupName",
        expected: FormatCheck::EchoesRequest(""),
        evidence: Evidence::like(&[C_078]),
    },
    FormatRule {
        actions: &["CreateGroup", "CreatePolicy"],
        element: "Path",
        expected: FormatCheck::EchoesRequest("/"),
        evidence: Evidence::like(&[C_042]),
    },
    row(&["CreatePolicy"], "DefaultVersionId", FormatCheck::EchoesRequest("v1"), &[C_020]),
    row(&["CreatePolicy"], "AttachmentCount", FormatCheck::EchoesRequest("0"), &[C_020]),
    row(
        &["CreatePolicy"],
        "PermissionsBoundaryUsageCount",
        FormatCheck::EchoesRequest("0"),
        &[C_020],
    ),
    row(&["CreatePolicy"], "IsAttachable", FormatCheck::EchoesRequest("true"), &[C_020]),
    row(
        &["CreateLoginProfile"],
        "PasswordResetRequired",
        FormatCheck::EchoesRequest("false"),
        &[B_LP_01],
    ),
    row(
        &["CreateServiceSpecificCredential"],
        "ServiceName",
        FormatCheck::EchoesRequest(""),
        &[B_SS_01],
    ),
    row(&["CreateUser", "GetUser"], "Key", FormatCheck::AsSent, &[B_TG_01, B_TG_02]),
    row(&["CreateUser", "GetUser"], "Value", FormatCheck::AsSent, &[B_TG_01, B_TG_02]),
];

/// Adds format deviations to the verdict. If the response otherwise conforms and succeeds, the
/// verdict becomes a divergence in tier text.
#[must_use]
pub(crate) fn with_formats(
    verdict: Verdict,
    (account, op): (&Account, &Operation),
    observed: &Response,
    deviations: &[FormatDeviation],
) -> Verdict {
    let success =
        allowed(account, op).rules().find(|rule| rule.clause.expected == Expected::Success);
    let (Verdict::Conforms(_), Response::Success(_), Some(rule)) = (&verdict, observed, success)
    else {
        return verdict;
    };
    match format_divergence(rule, account.to_string(), deviations) {
        Some(divergence) => Verdict::Diverges(Box::new(divergence)),
        None => verdict,
    }
}

/// The divergence of a success of this rule with format deviations, if there are any.
#[must_use]
pub(crate) fn format_divergence(
    rule: Rule,
    state: String,
    deviations: &[FormatDeviation],
) -> Option<Divergence> {
    let first = deviations.first()?;
    let levels = deviations.iter().map(|it| it.evidence.level);
    let facts = deviations.iter().flat_map(|it| it.evidence.facts);
    let mut evidence: Vec<&str> = facts.map(|fact| fact.id).collect();
    evidence.dedup();
    Some(Divergence {
        tier: Tier::Text,
        level: levels.fold(first.evidence.level, Ord::max),
        rule,
        wire_rule: None,
        expected: deviations.iter().map(|it| (format!("200 with {}", it.detail), rule)).collect(),
        evidence,
        state,
        assumed_state: "the operation succeeded",
    })
}
