//! The table of invalid requests: which parameter is invalid or unusual in which way, and the
//! response.
//!
//! A row is a well-formed operation, a request parameter and an [`InputError`]. The model does not
//! contain the value of a parameter; the harness chooses it. The service validates a request before
//! it looks anything up (D-016, inferred), except the grammar of a policy document (D-024). If the
//! well-formed request would be refused too, both refusals conform, unless a fact gives an order.

use crate::evidence::{
    A_059, B_AK_12, B_IP_09, B_LP_14, B_LP_15, B_LP_16, B_MF_03, B_MF_04, B_MF_09, B_MP_05,
    B_PB_05, B_SC_05, B_SK_06, B_SS_05, B_SS_09, B_SS_11, B_TG_08, B_TG_10, B_TG_11, C_005, C_016,
    C_036, C_041, C_043, C_045, C_064, C_065, C_066, C_078, C_079, C_093, D_001, D_007, D_008,
    D_009, D_012, D_014, D_015, D_016, D_020, D_021, D_023, E_007, E_009, Evidence, Fact,
};
use crate::ids::{CreateUserOptions, IssueOptions, Item, Path, Service, Status, User, UserChange};
use crate::kind::{AttachmentKind, Resource, ResourceKind, SubResource};
use crate::operation::{InvalidRequest, Operation};
use crate::rule::ErrorCode::{
    EntityAlreadyExists, InvalidAuthenticationCode, InvalidInput, MalformedCertificate,
    MalformedPolicyDocument, NoSuchEntity, PasswordPolicyViolation, UnrecognizedPublicKeyEncoding,
    ValidationError,
};
use crate::rule::{Clause, Condition, Expected, InputError};

/// One invalid request.
#[derive(Debug)]
pub struct InvalidRequestRow {
    /// The well-formed operation.
    pub well_formed: fn(User) -> Operation,
    /// The request parameter.
    pub parameter: &'static str,
    /// In which way the parameter is invalid or unusual.
    pub error: InputError,
    /// The clause for the response.
    pub clause: Clause,
}

impl InvalidRequestRow {
    const fn new(
        sound: fn(User) -> Operation,
        member: &'static str,
        defect: InputError,
        answer: Expected,
        [code, text]: [Evidence; 2],
    ) -> Self {
        let reason = Condition::InvalidInput(member, defect);
        Self {
            well_formed: sound,
            parameter: member,
            error: defect,
            clause: Clause {
                condition: reason,
                expected: answer,
                status: code,
                code,
                text: text.of_text(),
            },
        }
    }

    /// A listing with one item per page returns the same items as a listing in one page (E-009).
    ///
    /// The items of all pages together count, not the size of a page: a page may have fewer items
    /// than requested, and a page with more loses nothing.
    const fn one_by_one(sound: fn(User) -> Operation, evidence: Evidence) -> Self {
        Self::new(
            sound,
            "MaxItems",
            InputError::OnePerPage,
            Expected::Success,
            [evidence, evidence],
        )
    }
}

impl InvalidRequest {
    /// Every invalid request.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..INVALID_REQUESTS.len()).filter_map(|index| u8::try_from(index).ok()).map(Self)
    }

    /// The invalid request of this action, parameter and error, if the table has it.
    #[must_use]
    pub fn of(sound: fn(User) -> Operation, member: &str, defect: InputError) -> Option<Self> {
        let api = |sound: fn(User) -> Operation| sound(User(0)).action().map(|action| action.api);
        Self::all().find(|invalid| {
            let row = invalid.row();
            api(row.well_formed) == api(sound) && (row.parameter, row.error) == (member, defect)
        })
    }

    /// The row; the first one if the index is out of range.
    #[must_use]
    pub fn row(self) -> &'static InvalidRequestRow {
        let [first, ..] = &INVALID_REQUESTS;
        INVALID_REQUESTS.get(usize::from(self.0)).unwrap_or(first)
    }
}

const fn both(facts: &'static [&'static Fact]) -> [Evidence; 2] {
    [Evidence::by(facts), Evidence::by(facts)]
}

/// A documented constraint; the text is recorded for other parameters (D-001).
const CONSTRAINT: [Evidence; 2] = [Evidence::by(&[D_021, D_001]), Evidence::like(&[D_001])];

/// No user has the name in the request. Validation before the lookup is inferred (D-016).
const UNUSED_NAME: [Evidence; 2] =
    [Evidence::like(&[D_021, D_001, D_016]), Evidence::like(&[D_001])];

/// Recorded for other actions; validation before the lookup is inferred (D-016).
const BAD_CHARACTER: [Evidence; 2] = [Evidence::like(&[D_007, D_016]), Evidence::like(&[D_007])];

/// Recorded for another listing.
const MARKER: [Evidence; 2] = [Evidence::like(&[D_014]), Evidence::like(&[D_014])];

/// The message names the rules of the account's password policy that the password breaks (B-LP-14,
/// B-LP-15). The policy belongs to the account, so any text conforms.
const PASSWORD_POLICY: [Evidence; 2] = [
    Evidence::by(&[B_LP_14, B_LP_15, B_LP_16]),
    Evidence::unspecified(&[B_LP_14, B_LP_15, B_LP_16]),
];

/// Documented for every listing.
const PAGED: Evidence = Evidence::by(&[E_009, E_007]);

/// The same for a listing whose items are only inferred.
const PAGED_INFERRED: Evidence = Evidence::like(&[E_009, E_007]);

const VALIDATION_ERROR: Expected = Expected::Refused(ValidationError);

const CREDENTIAL: AttachmentKind = AttachmentKind::ServiceCredential;
const GROUP: Resource = Resource { kind: ResourceKind::Group, item: Item(0) };
const DEVICE: Resource = Resource { kind: ResourceKind::Device, item: Item(0) };
const POLICY: Resource = Resource { kind: ResourceKind::Policy, item: Item(0) };

const fn create_user(user: User) -> Operation {
    let options = CreateUserOptions { path: Path(0), boundary: None, tag: None };
    Operation::CreateUser(user, options)
}

const fn tag_user(user: User) -> Operation {
    Operation::Attach(user, AttachmentKind::Tag, Item(0))
}

const fn list_users(_: User) -> Operation {
    Operation::ListUsers(Path(0))
}

/// Every row.
pub const INVALID_REQUESTS: [InvalidRequestRow; 56] = [
    InvalidRequestRow::new(
        create_user,
        "UserName",
        InputError::TooLong,
        VALIDATION_ERROR,
        [Evidence::by(&[D_021, D_001]), Evidence::by(&[D_020])],
    ),
    InvalidRequestRow::new(
        create_user,
        "UserName",
        InputError::BadCharacter,
        VALIDATION_ERROR,
        both(&[D_007]),
    ),
    InvalidRequestRow::new(
        create_user,
        "UserName",
        InputError::OtherCase,
        Expected::Refused(EntityAlreadyExists),
        [Evidence::by(&[C_065, C_041]), Evidence::by(&[C_041])],
    ),
    InvalidRequestRow::new(
        create_user,
        "Path",
        InputError::Malformed,
        VALIDATION_ERROR,
        [Evidence::like(&[D_008]), Evidence::like(&[D_008])],
    ),
    InvalidRequestRow::new(create_user, "Path", InputError::TooLong, VALIDATION_ERROR, CONSTRAINT),
    InvalidRequestRow::new(
        create_user,
        "Tags",
        InputError::TooLong,
        VALIDATION_ERROR,
        both(&[B_TG_08]),
    ),
    InvalidRequestRow::new(
        Operation::GetUser,
        "UserName",
        InputError::TooLong,
        VALIDATION_ERROR,
        UNUSED_NAME,
    ),
    InvalidRequestRow::new(
        Operation::GetUser,
        "UserName",
        InputError::BadCharacter,
        VALIDATION_ERROR,
        BAD_CHARACTER,
    ),
    InvalidRequestRow::new(
        Operation::GetUser,
        "UserName",
        InputError::OtherCase,
        Expected::Success,
        [Evidence::by(&[C_066, C_043]), Evidence::by(&[C_066])],
    ),
    InvalidRequestRow::new(
        Operation::GetUser,
        "UserName",
        InputError::Absent,
        Expected::Success,
        both(&[C_045]),
    ),
    InvalidRequestRow::new(
        Operation::DeleteUser,
        "UserName",
        InputError::TooLong,
        VALIDATION_ERROR,
        UNUSED_NAME,
    ),
    InvalidRequestRow::new(
        Operation::DeleteUser,
        "UserName",
        InputError::BadCharacter,
        VALIDATION_ERROR,
        BAD_CHARACTER,
    ),
    InvalidRequestRow::new(
        Operation::DeleteUser,
        "UserName",
        InputError::OtherCase,
        Expected::Success,
        both(&[A_059]),
    ),
    InvalidRequestRow::new(
        |user| Operation::UpdateUser(user, UserChange { name: Some(user), path: None }),
        "NewUserName",
        InputError::OtherCase,
        Expected::Refused(EntityAlreadyExists),
        [Evidence::by(&[C_036]), Evidence::unspecified(&[C_036])],
    ),
    InvalidRequestRow::new(
        list_users,
        "PathPrefix",
        InputError::Malformed,
        VALIDATION_ERROR,
        both(&[D_009]),
    ),
    InvalidRequestRow::new(
        list_users,
        "MaxItems",
        InputError::TooShort,
        VALIDATION_ERROR,
        both(&[D_012]),
    ),
    InvalidRequestRow::new(
        list_users,
        "MaxItems",
        InputError::TooLong,
        VALIDATION_ERROR,
        both(&[D_012]),
    ),
    InvalidRequestRow::new(list_users, "Marker", InputError::Malformed, VALIDATION_ERROR, MARKER),
    InvalidRequestRow::new(
        |user| Operation::Attach(user, AttachmentKind::LoginProfile, Item(0)),
        "Password",
        InputError::TooShort,
        Expected::Refused(PasswordPolicyViolation),
        PASSWORD_POLICY,
    ),
    InvalidRequestRow::new(
        |user| Operation::Detach(user, AttachmentKind::AccessKey, Item(0)),
        "UserName",
        InputError::Absent,
        Expected::Success,
        both(&[B_AK_12]),
    ),
    InvalidRequestRow::new(
        |user| {
            Operation::Issue(user, AttachmentKind::SigningCertificate, Item(0), IssueOptions::None)
        },
        "CertificateBody",
        InputError::Malformed,
        Expected::Refused(MalformedCertificate),
        both(&[B_SC_05]),
    ),
    InvalidRequestRow::new(
        |user| Operation::Issue(user, AttachmentKind::SshPublicKey, Item(0), IssueOptions::None),
        "SSHPublicKeyBody",
        InputError::Malformed,
        Expected::Refused(UnrecognizedPublicKeyEncoding),
        both(&[B_SK_06]),
    ),
    InvalidRequestRow::new(
        |user| Operation::Issue(user, CREDENTIAL, Item(0), IssueOptions::Service(Service(0))),
        "ServiceName",
        InputError::UnknownValue,
        Expected::Refused(NoSuchEntity),
        both(&[B_SS_05]),
    ),
    InvalidRequestRow::new(
        |user| Operation::SetStatus(user, CREDENTIAL, Item(0), Status::Inactive),
        "Status",
        InputError::UnknownValue,
        VALIDATION_ERROR,
        both(&[B_SS_11]),
    ),
    InvalidRequestRow::new(
        |user| Operation::Detach(user, CREDENTIAL, Item(0)),
        "ServiceSpecificCredentialId",
        InputError::BadCharacter,
        VALIDATION_ERROR,
        both(&[B_SS_09]),
    ),
    InvalidRequestRow::new(
        |_| Operation::CreateResource(DEVICE),
        "Path",
        InputError::Malformed,
        VALIDATION_ERROR,
        both(&[B_MF_03]),
    ),
    InvalidRequestRow::new(
        |_| Operation::CreateResource(DEVICE),
        "Path",
        InputError::TooLong,
        VALIDATION_ERROR,
        both(&[B_MF_04]),
    ),
    InvalidRequestRow::new(
        |user| Operation::Attach(user, AttachmentKind::MfaDevice, Item(0)),
        "AuthenticationCode1",
        InputError::Wrong,
        Expected::Refused(InvalidAuthenticationCode),
        both(&[B_MF_09]),
    ),
    InvalidRequestRow::new(
        |user| Operation::Attach(user, AttachmentKind::MfaDevice, Item(0)),
        "AuthenticationCode2",
        InputError::Duplicate,
        Expected::Refused(InvalidAuthenticationCode),
        both(&[B_MF_09]),
    ),
    InvalidRequestRow::new(
        |user| Operation::Attach(user, AttachmentKind::InlinePolicy, Item(0)),
        "PolicyDocument",
        InputError::Malformed,
        Expected::Refused(MalformedPolicyDocument),
        both(&[B_IP_09]),
    ),
    InvalidRequestRow::new(
        |user| Operation::Attach(user, AttachmentKind::ManagedPolicy, Item(0)),
        "PolicyArn",
        InputError::Malformed,
        VALIDATION_ERROR,
        both(&[B_MP_05]),
    ),
    InvalidRequestRow::new(
        |user| Operation::PutBoundary(user, Item(0)),
        "PermissionsBoundary",
        InputError::Malformed,
        Expected::Refused(InvalidInput),
        both(&[B_PB_05]),
    ),
    InvalidRequestRow::new(
        tag_user,
        "Tags",
        InputError::Duplicate,
        Expected::Refused(InvalidInput),
        both(&[B_TG_10]),
    ),
    InvalidRequestRow::new(
        tag_user,
        "Key",
        InputError::TooLong,
        VALIDATION_ERROR,
        both(&[B_TG_11]),
    ),
    InvalidRequestRow::new(
        |_| Operation::SetDefault(POLICY, SubResource::Version, Item(1)),
        "VersionId",
        InputError::Malformed,
        VALIDATION_ERROR,
        both(&[D_015]),
    ),
    InvalidRequestRow::new(
        Operation::GetUser,
        "UserName",
        InputError::Empty,
        VALIDATION_ERROR,
        both(&[D_007]),
    ),
    InvalidRequestRow::new(
        |user| Operation::List(user, AttachmentKind::AccessKey),
        "UserName",
        InputError::Absent,
        Expected::Success,
        [Evidence::like(&[B_AK_12, D_023]), Evidence::like(&[B_AK_12, D_023])],
    ),
    InvalidRequestRow::new(
        |_| Operation::CreateResource(GROUP),
        "GroupName",
        InputError::OtherCase,
        Expected::Refused(EntityAlreadyExists),
        [Evidence::by(&[C_064, C_005]), Evidence::like(&[C_005])],
    ),
    InvalidRequestRow::new(
        |_| Operation::GetResource(GROUP),
        "GroupName",
        InputError::OtherCase,
        Expected::Success,
        both(&[C_078]),
    ),
    InvalidRequestRow::new(
        |_| Operation::DeleteResource(GROUP),
        "GroupName",
        InputError::OtherCase,
        Expected::Success,
        both(&[C_079]),
    ),
    InvalidRequestRow::new(
        |_| Operation::CreateResource(POLICY),
        "PolicyName",
        InputError::OtherCase,
        Expected::Refused(EntityAlreadyExists),
        [Evidence::by(&[C_093]), Evidence::like(&[C_016])],
    ),
    InvalidRequestRow::one_by_one(|user| Operation::List(user, AttachmentKind::AccessKey), PAGED),
    InvalidRequestRow::one_by_one(
        |user| Operation::List(user, AttachmentKind::SigningCertificate),
        PAGED,
    ),
    InvalidRequestRow::one_by_one(
        |user| Operation::List(user, AttachmentKind::SshPublicKey),
        PAGED,
    ),
    InvalidRequestRow::one_by_one(|user| Operation::List(user, CREDENTIAL), PAGED),
    InvalidRequestRow::one_by_one(|user| Operation::List(user, AttachmentKind::MfaDevice), PAGED),
    InvalidRequestRow::one_by_one(
        |user| Operation::List(user, AttachmentKind::InlinePolicy),
        PAGED,
    ),
    InvalidRequestRow::one_by_one(
        |user| Operation::List(user, AttachmentKind::ManagedPolicy),
        PAGED,
    ),
    InvalidRequestRow::one_by_one(
        |user| Operation::List(user, AttachmentKind::GroupMembership),
        PAGED,
    ),
    InvalidRequestRow::one_by_one(|user| Operation::List(user, AttachmentKind::Tag), PAGED),
    InvalidRequestRow::one_by_one(|_| Operation::ListHolders(POLICY), PAGED_INFERRED),
    InvalidRequestRow::one_by_one(
        |_| Operation::ListSubResources(POLICY, SubResource::Version),
        PAGED_INFERRED,
    ),
    InvalidRequestRow::one_by_one(
        |_| Operation::ListSubResources(GROUP, SubResource::InlinePolicy),
        PAGED_INFERRED,
    ),
    InvalidRequestRow::one_by_one(
        |_| Operation::ListSubResources(GROUP, SubResource::AttachedPolicy),
        PAGED_INFERRED,
    ),
    // E-009 is about actions whose names begin with `List`.
    InvalidRequestRow::one_by_one(|_| Operation::GetResource(GROUP), PAGED_INFERRED),
    // Of the listings of the whole account, only this one is limited to what the run has created.
    InvalidRequestRow::one_by_one(|_| Operation::ListUsers(Path(1)), PAGED),
];
