//! Wire rules: what every response looks like on the wire, whatever the operation does.
//!
//! One row for each rule, with its facts. The HTTP client in the harness compares each response with
//! the service model and reports each [`WireViolation`]. A violation does not change the verdict on
//! the behavior: it is a divergence of its own.

use iamspec_model::evidence::{
    A_022, A_058, B_AK_01, B_AK_03, B_AK_13, B_IP_03, B_LP_01, B_LP_02, B_MF_01, B_MF_21, B_MP_02,
    B_PB_01, B_SC_01, B_SC_02, B_SK_01, B_SK_02, B_SS_01, B_SS_04, C_020, C_042, C_050, C_086,
    C_088, D_021, E_001, E_002, E_003, E_004, E_007, E_008, E_009, E_017, E_023, E_025, E_026,
    E_027, E_029, G_012,
};
use iamspec_model::tables::actions;
use iamspec_model::{Account, Action, Clause, Evidence, Fact, Level, Operation, Rule};

use crate::oracle::formats::FORMAT_RULES;
use crate::oracle::{Divergence, Tier};

/// A rule about the form of responses.
#[derive(Debug, PartialEq, Eq)]
pub struct WireRule {
    /// The name, unique among the rules.
    pub name: &'static str,
    /// The rule in one sentence.
    pub statement: &'static str,
    /// `code` if some SDK reads nothing, raises an error or returns a wrong value; otherwise `wire`.
    pub tier: Tier,
    /// The evidence.
    pub evidence: Evidence,
    /// A built-in script that exercises the rule.
    pub script: &'static str,
}

/// A response that violates a wire rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireViolation {
    /// The rule.
    pub rule: &'static WireRule,
    /// The evidence, if it differs between the elements that the rule is about.
    pub evidence: Evidence,
    /// The place in the response, what was expected and what was found, in one line.
    pub detail: String,
}

impl WireViolation {
    /// A violation with the evidence of the rule.
    #[must_use]
    pub const fn of(rule: &'static WireRule, detail: String) -> Self {
        Self { rule, evidence: rule.evidence, detail }
    }
}

const fn row(
    name: &'static str,
    tier: Tier,
    script: &'static str,
    facts: &'static [&'static Fact],
    statement: &'static str,
) -> WireRule {
    WireRule { name, statement, tier, evidence: Evidence::by(facts), script }
}

macro_rules! wire_rules {
    ($($(#[$doc:meta])* $rule:ident = $row:expr;)+) => {
        $($(#[$doc])* pub static $rule: WireRule = $row;)+
        /// Every wire rule.
        pub static WIRE_RULES: &[&WireRule] = &[$(&$rule),+];
    };
}

wire_rules! {
    /// The root element of a success.
    ROOT_ELEMENT = row("root-element", Tier::Code, "list/access-key", &[E_001],
        "the root element of a success has the name of the action and ends with `Response`");
    /// The namespace of the root element.
    NAMESPACE = row("namespace", Tier::Wire, "delete-user/bare", &[E_001, E_003],
        "the root element has the namespace of IAM");
    /// The element around the members of a result.
    RESULT_WRAPPER = row("result-wrapper", Tier::Code, "list/access-key", &[E_001],
        "a result is in an element that has the name of the action and ends with `Result`");
    /// No result if the action has no output.
    NO_RESULT = row("no-result", Tier::Wire, "delete-user/bare", &[E_002],
        "an action without output returns no result element");
    /// The metadata of a success.
    RESPONSE_METADATA = row("response-metadata", Tier::Wire, "delete-user/bare", &[E_001],
        "a success has a request id in `ResponseMetadata`");
    /// The place of the metadata of a success.
    METADATA_LAST = row("metadata-last", Tier::Code, "list/access-key", &[E_001],
        "`ResponseMetadata` comes after the result");
    /// The status of a success.
    SUCCESS_STATUS = row("success-status", Tier::Wire, "delete-user/bare", &[E_001],
        "a success has the HTTP status 200");
    /// The content type of a success or a refusal.
    CONTENT_TYPE = row("content-type", Tier::Wire, "delete-user/bare", &[E_001, E_023],
        "a response has the content type text/xml");
    /// The notation of a document: the one that AWS uses. XML permits others.
    PLAIN_XML = WireRule {
        name: "plain-xml",
        statement: "XML has no byte order mark, prefix, CDATA section or comment in a value",
        tier: Tier::Code,
        evidence: Evidence::like(&[E_001, E_003, E_023]),
        script: "list/access-key",
    };
    /// The framing of lists.
    LIST_FRAMING = row("list-framing", Tier::Code, "list/access-key", &[E_025],
        "each entry of a list is a `member` element");
    /// The framing of maps.
    MAP_FRAMING = row("map-framing", Tier::Code, "account/views", &[E_029],
        "each entry of a map is an `entry` element with a `key` and a `value`");
    /// White space around values.
    OUTER_SPACE = row("outer-space", Tier::Code, "list/access-key", &[B_AK_01, D_021, E_003, E_017],
        "a name, a path, an id, an ARN, a secret key or an error code has no white space around it");
    /// Empty values.
    EMPTY_VALUE = row("empty-value", Tier::Code, "list/access-key", &[B_AK_01, D_021, E_017],
        "a name, a path, an id, an ARN or a secret key is not empty");
    /// Empty lists.
    LIST_PRESENT = row("list-present", Tier::Code, "list/managed-policy", &[E_007],
        "a listing contains its list, even if the list is empty");
    /// The flag of a listing.
    IS_TRUNCATED = row("is-truncated", Tier::Wire, "list/access-key", &[E_007],
        "a listing says whether it is truncated");
    /// The marker of a truncated page.
    MARKER = row("marker", Tier::Code, "one-by-one/access-key", &[E_007],
        "a truncated page has a marker");
    /// The marker of a complete listing.
    STRAY_MARKER = row("stray-marker", Tier::Wire, "list/access-key", &[E_007],
        "a page that is not truncated has no marker");
    /// The size of a page.
    PAGE_SIZE = row("page-size", Tier::Wire, "one-by-one/access-key", &[E_009],
        "a page has at most as many entries as the request asks for");
    /// The required members of the service model.
    REQUIRED_MEMBERS = row("required-members", Tier::Code, "list/mfa-device", &[E_026],
        "a structure has the members that the service model requires");
    /// The members of every recorded response.
    RECORDED_MEMBERS = row("recorded-members", Tier::Code, "list/access-key", &[],
        "a structure has the members that every recorded response has");
    /// Members that the service model does not have.
    UNKNOWN_MEMBERS = WireRule {
        name: "unknown-members",
        statement: "a structure has no members that the service model does not have",
        tier: Tier::Wire,
        evidence: Evidence::like(&[E_026]),
        script: "list/access-key",
    };
    /// Members that occur twice.
    SINGLE_MEMBERS = row("single-members", Tier::Code, "list/access-key", &[E_026],
        "a member that is not a list occurs once");
    /// The values that the caller chose.
    SENT_VALUES = row("sent-values", Tier::Code, "update-user/carries-everything", &[],
        "a name, a path, a status, a document or a tag in a success is the one that was sent");
    /// The ids of new users.
    NEW_USER_ID = row("new-user-id", Tier::Wire, "recreated/tag", &[A_022, A_058],
        "a new user has an id that no earlier user of the run had");
    /// The form of dates.
    TIMESTAMP = row("timestamp", Tier::Code, "list/access-key", &[E_008, E_026],
        "a timestamp is a date, `T` and a time with `Z` or an offset");
    /// The form of booleans.
    BOOLEAN = row("boolean", Tier::Code, "list/access-key", &[E_026],
        "a boolean is `true` or `false`");
    /// The form of integers.
    INTEGER = row("integer", Tier::Code, "get-policy/read", &[E_026, E_029],
        "an integer is decimal");
    /// The form of blobs.
    BLOB = row("blob", Tier::Code, "delete-virtual-mfa-device/enabled", &[E_026],
        "a blob is in base64");
    /// The values of enumerations.
    ENUMERATION = row("enumeration", Tier::Code, "list/access-key", &[E_026],
        "a value of an enumeration is one that the service model has");
    /// The encoding of policy documents.
    DOCUMENT_ENCODING = row("document-encoding", Tier::Code, "get/inline-policy", &[B_IP_03, E_027],
        "a policy document in a response is percent-encoded");
    /// The seed of a device.
    BASE32_SEED = row("base32-seed", Tier::Code, "delete-virtual-mfa-device/enabled", &[B_MF_21],
        "the blob with the seed of a device holds base32");
    /// The picture of a device.
    QR_CODE = row("qr-code", Tier::Code, "delete-virtual-mfa-device/enabled", &[B_MF_21],
        "the blob with the QR code of a device holds a PNG picture");
    /// The framing of errors.
    ERROR_FRAMING = row("error-framing", Tier::Code, "delete-user/missing", &[E_003],
        "a refusal is an `ErrorResponse` with an `Error` that has a `Code`");
    /// The type of errors.
    ERROR_TYPE = row("error-type", Tier::Wire, "delete-user/missing", &[E_003, E_004],
        "the `Type` of a refusal is `Sender`");
    /// The request id of errors.
    ERROR_REQUEST_ID = row("error-request-id", Tier::Wire, "delete-user/missing", &[E_003],
        "a refusal has a request id");
}

/// Members that the service model does not require and every recorded response has.
#[derive(Debug)]
pub struct RecordedMembers {
    /// The names of the actions.
    pub actions: &'static [&'static str],
    /// The structure, or the list whose entries have the members; empty for the result itself. `A.B` is
    /// the structure `B` in the structure `A`, which need not have it.
    pub structure: &'static str,
    /// The members.
    pub members: &'static [&'static str],
    /// The evidence.
    pub evidence: Evidence,
}

const fn recorded(
    actions: &'static [&'static str],
    structure: &'static str,
    members: &'static [&'static str],
    facts: &'static [&'static Fact],
) -> RecordedMembers {
    RecordedMembers { actions, structure, members, evidence: Evidence::by(facts) }
}

/// The members of [`RECORDED_MEMBERS`].
pub static RECORDED: [RecordedMembers; 23] = [
    recorded(&["CreateUser"], "", &["User"], &[C_042]),
    recorded(
        &["CreateUser", "GetUser"],
        "User.PermissionsBoundary",
        &["PermissionsBoundaryArn", "PermissionsBoundaryType"],
        &[B_PB_01],
    ),
    recorded(&["GetAccountSummary"], "", &["SummaryMap"], &[G_012]),
    recorded(&["CreateLoginProfile"], "LoginProfile", &["PasswordResetRequired"], &[B_LP_01]),
    recorded(&["GetLoginProfile"], "LoginProfile", &["PasswordResetRequired"], &[B_LP_02]),
    recorded(&["CreateAccessKey"], "AccessKey", &["CreateDate"], &[B_AK_01]),
    recorded(
        &["ListAccessKeys"],
        "AccessKeyMetadata",
        &["UserName", "AccessKeyId", "Status", "CreateDate"],
        &[B_AK_03],
    ),
    recorded(&["GetAccessKeyLastUsed"], "", &["UserName", "AccessKeyLastUsed"], &[B_AK_13]),
    recorded(
        &["ListAttachedUserPolicies"],
        "AttachedPolicies",
        &["PolicyName", "PolicyArn"],
        &[B_MP_02],
    ),
    recorded(&["UploadSigningCertificate"], "Certificate", &["UploadDate"], &[B_SC_01]),
    recorded(&["ListSigningCertificates"], "Certificates", &["UploadDate"], &[B_SC_02]),
    recorded(&["UploadSSHPublicKey"], "SSHPublicKey", &["UploadDate"], &[B_SK_01]),
    recorded(&["GetSSHPublicKey"], "SSHPublicKey", &["UploadDate"], &[B_SK_02]),
    recorded(
        &["CreateServiceSpecificCredential", "ResetServiceSpecificCredential"],
        "ServiceSpecificCredential",
        &["ServiceUserName", "ServicePassword"],
        &[B_SS_01, B_SS_04],
    ),
    recorded(
        &["CreateVirtualMFADevice"],
        "VirtualMFADevice",
        &["Base32StringSeed", "QRCodePNG"],
        &[B_MF_01],
    ),
    recorded(&["CreatePolicy"], "Policy", POLICY_MEMBERS, &[C_020]),
    recorded(&["GetPolicy"], "Policy", POLICY_MEMBERS, &[C_088]),
    recorded(&["GetPolicy"], "Policy", &["Tags"], &[C_088]),
    recorded(&["CreatePolicyVersion"], "PolicyVersion", VERSION_MEMBERS, &[C_086]),
    recorded(&["GetPolicyVersion"], "PolicyVersion", VERSION_MEMBERS, &[C_086]),
    recorded(&["GetPolicyVersion"], "PolicyVersion", &["Document"], &[C_086]),
    recorded(&["ListPolicyVersions"], "Versions", VERSION_MEMBERS, &[C_086]),
    recorded(
        &["GetAccountAuthorizationDetails"],
        "UserDetailList",
        &[
            "Arn",
            "AttachedManagedPolicies",
            "CreateDate",
            "GroupList",
            "Path",
            "Tags",
            "UserId",
            "UserName",
        ],
        &[C_050],
    ),
];

/// The evidence of [`OUTER_SPACE`] and [`EMPTY_VALUE`] for names, paths, ids and ARNs.
pub const NAME_FORM: Evidence = Evidence::by(&[D_021, E_017]);

/// The evidence of [`OUTER_SPACE`] and [`EMPTY_VALUE`] for secret access keys.
pub const SECRET_KEY_FORM: Evidence = Evidence::by(&[B_AK_01]);

/// The evidence of [`OUTER_SPACE`] for the codes of errors.
pub const ERROR_CODE_FORM: Evidence = Evidence::by(&[E_003]);

const POLICY_MEMBERS: &[&str] = &[
    "Arn",
    "AttachmentCount",
    "CreateDate",
    "DefaultVersionId",
    "IsAttachable",
    "Path",
    "PermissionsBoundaryUsageCount",
    "PolicyId",
    "PolicyName",
    "UpdateDate",
];

const VERSION_MEMBERS: &[&str] = &["CreateDate", "IsDefaultVersion", "VersionId"];

/// The word between the action and the name of a wire rule in the id of a finding.
const SEPARATOR: &str = "/wire-";

impl WireRule {
    /// The id of the rule for an action, such as `ListUsers/wire-list-framing`.
    #[must_use]
    pub fn id(&self, api: &str) -> String {
        format!("{api}{SEPARATOR}{}", self.name)
    }

    /// The evidence of the rule for all elements that it is about.
    #[must_use]
    pub fn evidences(&self) -> Vec<Evidence> {
        if self.name == RECORDED_MEMBERS.name {
            return RECORDED.iter().map(|row| row.evidence).collect();
        }
        if self.name == SENT_VALUES.name {
            let rows = FORMAT_RULES.iter().filter(|row| row.expected.is_sent());
            return rows.map(|row| row.evidence).collect();
        }
        vec![self.evidence]
    }

    /// The level of the rule.
    #[must_use]
    pub fn level(&self) -> Level {
        let levels = self.evidences().into_iter().map(|it| it.level);
        levels.max().unwrap_or(Level::Unspecified)
    }
}

/// The ids of all wire rules for all actions.
pub fn wire_rule_ids() -> impl Iterator<Item = String> {
    actions().flat_map(|action| WIRE_RULES.iter().map(|it| it.id(action.api)))
}

/// Whether this is the id of a wire rule, or a pattern for such ids only.
#[must_use]
pub fn is_wire_rule_id(id: &str) -> bool {
    id.contains(SEPARATOR)
}

/// One divergence for each violated rule, the most important first.
#[must_use]
pub(crate) fn divergences(
    (account, op): (&Account, &Operation),
    violations: &[WireViolation],
) -> Vec<Divergence> {
    let Some((action, clause)) = op.action().and_then(first_clause) else { return Vec::new() };
    let rule = Rule { action, clause };
    let mut found: Vec<Divergence> = Vec::new();
    for it in violations {
        let facts = it.evidence.facts.iter().map(|fact| fact.id);
        let expected = (it.detail.clone(), rule);
        match found.iter_mut().find(|known| known.wire_rule == Some(it.rule)) {
            Some(known) => {
                known.level = known.level.max(it.evidence.level);
                if !known.expected.contains(&expected) {
                    known.expected.push(expected);
                }
                let evidence = &mut known.evidence;
                for id in facts {
                    if !evidence.contains(&id) {
                        evidence.push(id);
                    }
                }
            }
            None => found.push(Divergence {
                tier: it.rule.tier,
                level: it.evidence.level,
                rule,
                wire_rule: Some(it.rule),
                expected: vec![expected],
                evidence: facts.collect(),
                state: account.to_string(),
                assumed_state: "as if the response had the right form",
            }),
        }
    }
    found.sort_by_key(|it| (it.tier, std::cmp::Reverse(it.level)));
    found
}

fn first_clause(action: &'static Action) -> Option<(&'static Action, &'static Clause)> {
    action.clauses.first().map(|clause| (action, clause))
}
