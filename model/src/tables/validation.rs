//! Calls that are put otherwise than they should be: a member that breaks a constraint, a name in
//! another case, a user that does not name itself. One row each.
//!
//! The model knows which member is wrong in which way, never a value: what is sent stands in the
//! harness. A constraint is looked at before anything is looked for (D-016, inferred): where the call
//! would be refused as it is, both refusals conform.
//!
//! Which calls are put otherwise, and what is answered.

use crate::evidence::{
    B_AK_12, B_IP_09, B_LP_14, B_LP_15, B_LP_16, B_MF_03, B_MF_04, B_MF_09, B_MP_05, B_PB_05,
    B_SC_05, B_SK_06, B_SS_05, B_SS_09, B_SS_11, B_TG_08, B_TG_10, B_TG_11, C_036, C_041, C_043,
    C_045, D_001, D_007, D_008, D_009, D_012, D_014, D_015, D_016, D_020, D_021, E_007, E_009,
    Evidence, X_016, X_017,
};
use crate::ids::{CreateUserOptions, IssueOptions, Path, User, UserChange};
use crate::operation::Operation;
use crate::rule::ErrorCode::{
    EntityAlreadyExists, InvalidAuthenticationCode, InvalidInput, MalformedCertificate,
    MalformedPolicyDocument, NoSuchEntity, PasswordPolicyViolation, UnrecognizedPublicKeyEncoding,
    ValidationError,
};
use crate::rule::{Clause, Expected};
use crate::semantics::conditions::Condition;
use crate::state::Account;
use crate::tables::attachments::{AttachmentKind, Item, Service, Status};
use crate::tables::resources::{Resource, ResourceKind};
use crate::tables::sub_resources::SubResource;

/// One row of the table, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InvalidRequest(pub u8);

/// How a member is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InputError {
    /// The user itself asks, and names nobody.
    Absent,
    /// A character that may not stand there.
    BadCharacter,
    /// The same twice, where two different ones must be.
    Doubled,
    /// Not in the form that it must have.
    Malformed,
    /// None of the words that it may be.
    NotAWord,
    /// As small as it may be, so that a listing is asked for item by item, to its end.
    OneByOne,
    /// The same name in another case.
    OtherCase,
    /// Longer, or more, than it may be.
    TooLong,
    /// Shorter, or less, than it may be.
    TooShort,
}

impl InputError {
    /// Every defect.
    pub const ALL: [Self; 9] = [
        Self::Absent,
        Self::BadCharacter,
        Self::Doubled,
        Self::Malformed,
        Self::NotAWord,
        Self::OneByOne,
        Self::OtherCase,
        Self::TooLong,
        Self::TooShort,
    ];

    /// The word in scripts and in the ids of rules.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::BadCharacter => "bad-character",
            Self::Doubled => "doubled",
            Self::Malformed => "malformed",
            Self::NotAWord => "not-a-word",
            Self::OneByOne => "one-by-one",
            Self::OtherCase => "other-case",
            Self::TooLong => "too-long",
            Self::TooShort => "too-short",
        }
    }
}

impl InputError {
    /// Whether what is claimed of it needs the user, or the object, to be there.
    #[must_use]
    pub const fn needs_subject(self) -> bool {
        matches!(self, Self::OtherCase | Self::Absent | Self::OneByOne)
    }

    /// When a rule about it applies, in words.
    pub(crate) fn condition(self, member: &str) -> String {
        match self {
            Self::Absent => format!("where the user itself asks, without {member}"),
            Self::BadCharacter => format!("where {member} has a character that it may not have"),
            Self::Doubled => format!("where {member} comes twice"),
            Self::Malformed => format!("where {member} is not in the form that it must have"),
            Self::NotAWord => format!("where {member} is none of what it may be"),
            Self::OneByOne => format!("where {member} asks for one at a time, page after page"),
            Self::OtherCase => format!("where {member} is a name that exists, in another case"),
            Self::TooLong => format!("where {member} is longer, or more, than it may be"),
            Self::TooShort => format!("where {member} is shorter, or less, than it may be"),
        }
    }
}

/// A call, what is wrong with it, and what is answered.
#[derive(Debug)]
pub struct InvalidRequestRow {
    /// The call as it should be.
    pub sound: fn(User) -> Operation,
    /// The member.
    pub member: &'static str,
    /// What is wrong with it.
    pub defect: InputError,
    /// What is answered.
    pub claim: Clause,
}

impl InvalidRequestRow {
    const fn refused(
        sound: fn(User) -> Operation,
        member: &'static str,
        defect: InputError,
        answer: Expected,
        evidence: [Evidence; 2],
    ) -> Self {
        let [code, text] = evidence;
        let reason = Condition::Flawed(member, defect);
        Self { sound, member, defect, claim: Clause { reason, answer, status: code, code, text } }
    }

    /// A listing that is asked for item by item shows what it shows at once (E-009). What its pages show
    /// together is compared, not how much each of them shows: a page may show less than was asked for,
    /// and one that shows more loses nothing.
    const fn one_by_one(sound: fn(User) -> Operation, paged: Evidence) -> Self {
        Self::refused(sound, "MaxItems", InputError::OneByOne, Expected::Done, [paged, paged])
    }

    /// Whether what is claimed applies: of a name in another case it does where the user exists, of a
    /// listing where there is something to list.
    #[must_use]
    pub fn applies(&self, account: &Account, user: User) -> bool {
        let object = (self.sound)(user).object();
        let exists = object.map_or_else(|| account.has_user(user), |it| account.has(it));
        !self.defect.needs_subject() || exists
    }
}

impl InvalidRequest {
    /// Every flaw.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..INVALID_REQUESTS.len()).filter_map(|place| u8::try_from(place).ok()).map(Self)
    }

    /// The same flaw of another call, where that is in the table.
    #[must_use]
    pub fn of(sound: fn(User) -> Operation, member: &str, defect: InputError) -> Option<Self> {
        let call = |sound: fn(User) -> Operation| sound(User(0)).call().map(|call| call.api);
        Self::all().find(|flaw| {
            let row = flaw.row();
            call(row.sound) == call(sound) && (row.member, row.defect) == (member, defect)
        })
    }

    /// Its row; the first where there is none of that number.
    #[must_use]
    pub fn row(self) -> &'static InvalidRequestRow {
        let [first, ..] = &INVALID_REQUESTS;
        INVALID_REQUESTS.get(usize::from(self.0)).unwrap_or(first)
    }
}

const fn both(facts: &'static [&'static crate::evidence::Fact]) -> [Evidence; 2] {
    [Evidence::by(facts), Evidence::by(facts)]
}

/// Documented as a constraint, refused in the form that is recorded for others (D-001).
const CONSTRAINT: [Evidence; 2] = [Evidence::by(&[D_021, D_001]), Evidence::like(&[D_001])];

/// The name that is sent is nobody's: that it is looked at before it is looked for is inferred (D-016).
const NOBODYS_NAME: [Evidence; 2] =
    [Evidence::like(&[D_021, D_001, D_016]), Evidence::like(&[D_001])];

const LOOKED_AT: [Evidence; 2] = [Evidence::like(&[D_007, D_016]), Evidence::like(&[D_007])];

/// Documented of the names that users are made with; that they are looked up so too is inferred.
const LOOKED_UP: [Evidence; 2] = [Evidence::like(&[C_043]), Evidence::like(&[C_043])];

/// Recorded for another listing.
const MARKER: [Evidence; 2] = [Evidence::like(&[D_014]), Evidence::like(&[D_014])];

/// Documented of every listing.
const PAGED: Evidence = Evidence::by(&[E_009, E_007]);

/// The same of one of which it is only inferred what it shows.
const LIKE_PAGED: Evidence = Evidence::like(&[E_009, E_007]);

const INVALID: Expected = Expected::Refused(ValidationError);

const CREDENTIAL: AttachmentKind = AttachmentKind::ServiceCredential;
const GROUP: Resource = Resource { class: ResourceKind::Group, item: Item(0) };
const DEVICE: Resource = Resource { class: ResourceKind::Device, item: Item(0) };
const POLICY: Resource = Resource { class: ResourceKind::Policy, item: Item(0) };

const fn create(user: User) -> Operation {
    let extras = CreateUserOptions { path: Path(0), boundary: None, tag: None };
    Operation::CreateUser(user, extras)
}

const fn tag(user: User) -> Operation {
    Operation::Attach(user, AttachmentKind::Tag, Item(0))
}

const fn list(_: User) -> Operation {
    Operation::ListUsers(Path(0))
}

/// Every row.
pub const INVALID_REQUESTS: [InvalidRequestRow; 47] = [
    InvalidRequestRow::refused(
        create,
        "UserName",
        InputError::TooLong,
        INVALID,
        [Evidence::by(&[D_021, D_001]), Evidence::by(&[D_020])],
    ),
    InvalidRequestRow::refused(
        create,
        "UserName",
        InputError::BadCharacter,
        INVALID,
        both(&[D_007]),
    ),
    InvalidRequestRow::refused(
        create,
        "UserName",
        InputError::OtherCase,
        Expected::Refused(EntityAlreadyExists),
        [Evidence::by(&[C_041]), Evidence::by(&[C_041, X_017])],
    ),
    InvalidRequestRow::refused(
        create,
        "Path",
        InputError::Malformed,
        INVALID,
        [Evidence::like(&[D_008]), Evidence::like(&[D_008])],
    ),
    InvalidRequestRow::refused(create, "Path", InputError::TooLong, INVALID, CONSTRAINT),
    InvalidRequestRow::refused(create, "Tags", InputError::TooLong, INVALID, both(&[B_TG_08])),
    InvalidRequestRow::refused(
        Operation::GetUser,
        "UserName",
        InputError::TooLong,
        INVALID,
        NOBODYS_NAME,
    ),
    InvalidRequestRow::refused(
        Operation::GetUser,
        "UserName",
        InputError::BadCharacter,
        INVALID,
        LOOKED_AT,
    ),
    InvalidRequestRow::refused(
        Operation::GetUser,
        "UserName",
        InputError::OtherCase,
        Expected::Done,
        [LOOKED_UP[0], Evidence::open(&[X_016])],
    ),
    InvalidRequestRow::refused(
        Operation::GetUser,
        "UserName",
        InputError::Absent,
        Expected::Done,
        both(&[C_045]),
    ),
    InvalidRequestRow::refused(
        Operation::DeleteUser,
        "UserName",
        InputError::TooLong,
        INVALID,
        NOBODYS_NAME,
    ),
    InvalidRequestRow::refused(
        Operation::DeleteUser,
        "UserName",
        InputError::BadCharacter,
        INVALID,
        LOOKED_AT,
    ),
    InvalidRequestRow::refused(
        Operation::DeleteUser,
        "UserName",
        InputError::OtherCase,
        Expected::Done,
        LOOKED_UP,
    ),
    InvalidRequestRow::refused(
        |user| Operation::UpdateUser(user, UserChange { name: Some(user), path: None }),
        "NewUserName",
        InputError::OtherCase,
        Expected::Refused(EntityAlreadyExists),
        [Evidence::by(&[C_036]), Evidence::open(&[C_036])],
    ),
    InvalidRequestRow::refused(list, "PathPrefix", InputError::Malformed, INVALID, both(&[D_009])),
    InvalidRequestRow::refused(list, "MaxItems", InputError::TooShort, INVALID, both(&[D_012])),
    InvalidRequestRow::refused(list, "MaxItems", InputError::TooLong, INVALID, both(&[D_012])),
    InvalidRequestRow::refused(list, "Marker", InputError::Malformed, INVALID, MARKER),
    InvalidRequestRow::refused(
        |user| Operation::Attach(user, AttachmentKind::LoginProfile, Item(0)),
        "Password",
        InputError::TooShort,
        Expected::Refused(PasswordPolicyViolation),
        both(&[B_LP_14, B_LP_15, B_LP_16]),
    ),
    InvalidRequestRow::refused(
        |user| Operation::Detach(user, AttachmentKind::AccessKey, Item(0)),
        "UserName",
        InputError::Absent,
        Expected::Done,
        both(&[B_AK_12]),
    ),
    InvalidRequestRow::refused(
        |user| {
            Operation::Issue(
                user,
                AttachmentKind::SigningCertificate,
                Item(0),
                IssueOptions::Nothing,
            )
        },
        "CertificateBody",
        InputError::Malformed,
        Expected::Refused(MalformedCertificate),
        both(&[B_SC_05]),
    ),
    InvalidRequestRow::refused(
        |user| Operation::Issue(user, AttachmentKind::SshPublicKey, Item(0), IssueOptions::Nothing),
        "SSHPublicKeyBody",
        InputError::Malformed,
        Expected::Refused(UnrecognizedPublicKeyEncoding),
        both(&[B_SK_06]),
    ),
    InvalidRequestRow::refused(
        |user| Operation::Issue(user, CREDENTIAL, Item(0), IssueOptions::Service(Service(0))),
        "ServiceName",
        InputError::NotAWord,
        Expected::Refused(NoSuchEntity),
        both(&[B_SS_05]),
    ),
    InvalidRequestRow::refused(
        |user| Operation::SetStatus(user, CREDENTIAL, Item(0), Status::Inactive),
        "Status",
        InputError::NotAWord,
        INVALID,
        both(&[B_SS_11]),
    ),
    InvalidRequestRow::refused(
        |user| Operation::Detach(user, CREDENTIAL, Item(0)),
        "ServiceSpecificCredentialId",
        InputError::BadCharacter,
        INVALID,
        both(&[B_SS_09]),
    ),
    InvalidRequestRow::refused(
        |_| Operation::Create(DEVICE),
        "Path",
        InputError::Malformed,
        INVALID,
        both(&[B_MF_03]),
    ),
    InvalidRequestRow::refused(
        |_| Operation::Create(DEVICE),
        "Path",
        InputError::TooLong,
        INVALID,
        both(&[B_MF_04]),
    ),
    InvalidRequestRow::refused(
        |user| Operation::Attach(user, AttachmentKind::MfaDevice, Item(0)),
        "AuthenticationCode2",
        InputError::Doubled,
        Expected::Refused(InvalidAuthenticationCode),
        both(&[B_MF_09]),
    ),
    InvalidRequestRow::refused(
        |user| Operation::Attach(user, AttachmentKind::InlinePolicy, Item(0)),
        "PolicyDocument",
        InputError::Malformed,
        Expected::Refused(MalformedPolicyDocument),
        both(&[B_IP_09]),
    ),
    InvalidRequestRow::refused(
        |user| Operation::Attach(user, AttachmentKind::ManagedPolicy, Item(0)),
        "PolicyArn",
        InputError::Malformed,
        INVALID,
        both(&[B_MP_05]),
    ),
    InvalidRequestRow::refused(
        |user| Operation::PutBoundary(user, Item(0)),
        "PermissionsBoundary",
        InputError::Malformed,
        Expected::Refused(InvalidInput),
        both(&[B_PB_05]),
    ),
    InvalidRequestRow::refused(
        tag,
        "Tags",
        InputError::Doubled,
        Expected::Refused(InvalidInput),
        both(&[B_TG_10]),
    ),
    InvalidRequestRow::refused(tag, "Key", InputError::TooLong, INVALID, both(&[B_TG_11])),
    InvalidRequestRow::refused(
        |_| Operation::SetDefault(POLICY, SubResource::Version, Item(1)),
        "VersionId",
        InputError::Malformed,
        INVALID,
        both(&[D_015]),
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
    InvalidRequestRow::one_by_one(|_| Operation::Holders(POLICY), LIKE_PAGED),
    InvalidRequestRow::one_by_one(|_| Operation::Parts(POLICY, SubResource::Version), LIKE_PAGED),
    InvalidRequestRow::one_by_one(
        |_| Operation::Parts(GROUP, SubResource::InlinePolicy),
        LIKE_PAGED,
    ),
    InvalidRequestRow::one_by_one(
        |_| Operation::Parts(GROUP, SubResource::AttachedPolicy),
        LIKE_PAGED,
    ),
];
