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
use crate::ids::{Change, Extras, Path, User, With};
use crate::operation::Operation;
use crate::rule::Code::{
    EntityAlreadyExists, InvalidAuthenticationCode, InvalidInput, MalformedCertificate,
    MalformedPolicyDocument, NoSuchEntity, PasswordPolicyViolation, UnrecognizedPublicKeyEncoding,
    ValidationError,
};
use crate::rule::{Answer, Claim};
use crate::semantics::conditions::Reason;
use crate::state::Account;
use crate::tables::attachments::{Item, Kind, Service, Status};
use crate::tables::resources::{Class, Object};
use crate::tables::sub_resources::Part;

/// One row of the table, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flaw(pub u8);

/// How a member is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Defect {
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

impl Defect {
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

impl Defect {
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
pub struct FlawRow {
    /// The call as it should be.
    pub sound: fn(User) -> Operation,
    /// The member.
    pub member: &'static str,
    /// What is wrong with it.
    pub defect: Defect,
    /// What is answered.
    pub claim: Claim,
}

impl FlawRow {
    const fn refused(
        sound: fn(User) -> Operation,
        member: &'static str,
        defect: Defect,
        answer: Answer,
        evidence: [Evidence; 2],
    ) -> Self {
        let [code, text] = evidence;
        let reason = Reason::Flawed(member, defect);
        Self { sound, member, defect, claim: Claim { reason, answer, status: code, code, text } }
    }

    /// A listing that is asked for item by item shows what it shows at once (E-009). What its pages show
    /// together is compared, not how much each of them shows: a page may show less than was asked for,
    /// and one that shows more loses nothing.
    const fn one_by_one(sound: fn(User) -> Operation, paged: Evidence) -> Self {
        Self::refused(sound, "MaxItems", Defect::OneByOne, Answer::Done, [paged, paged])
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

impl Flaw {
    /// Every flaw.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..FLAWS.len()).filter_map(|place| u8::try_from(place).ok()).map(Self)
    }

    /// The same flaw of another call, where that is in the table.
    #[must_use]
    pub fn of(sound: fn(User) -> Operation, member: &str, defect: Defect) -> Option<Self> {
        let call = |sound: fn(User) -> Operation| sound(User(0)).call().map(|call| call.api);
        Self::all().find(|flaw| {
            let row = flaw.row();
            call(row.sound) == call(sound) && (row.member, row.defect) == (member, defect)
        })
    }

    /// Its row; the first where there is none of that number.
    #[must_use]
    pub fn row(self) -> &'static FlawRow {
        let [first, ..] = &FLAWS;
        FLAWS.get(usize::from(self.0)).unwrap_or(first)
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

const INVALID: Answer = Answer::Refused(ValidationError);

const CREDENTIAL: Kind = Kind::ServiceCredential;
const GROUP: Object = Object { class: Class::Group, item: Item(0) };
const DEVICE: Object = Object { class: Class::Device, item: Item(0) };
const POLICY: Object = Object { class: Class::Policy, item: Item(0) };

const fn create(user: User) -> Operation {
    let extras = Extras { path: Path(0), boundary: None, tag: None };
    Operation::CreateUser(user, extras)
}

const fn tag(user: User) -> Operation {
    Operation::Attach(user, Kind::Tag, Item(0))
}

const fn list(_: User) -> Operation {
    Operation::ListUsers(Path(0))
}

/// Every row.
pub const FLAWS: [FlawRow; 47] = [
    FlawRow::refused(
        create,
        "UserName",
        Defect::TooLong,
        INVALID,
        [Evidence::by(&[D_021, D_001]), Evidence::by(&[D_020])],
    ),
    FlawRow::refused(create, "UserName", Defect::BadCharacter, INVALID, both(&[D_007])),
    FlawRow::refused(
        create,
        "UserName",
        Defect::OtherCase,
        Answer::Refused(EntityAlreadyExists),
        [Evidence::by(&[C_041]), Evidence::by(&[C_041, X_017])],
    ),
    FlawRow::refused(
        create,
        "Path",
        Defect::Malformed,
        INVALID,
        [Evidence::like(&[D_008]), Evidence::like(&[D_008])],
    ),
    FlawRow::refused(create, "Path", Defect::TooLong, INVALID, CONSTRAINT),
    FlawRow::refused(create, "Tags", Defect::TooLong, INVALID, both(&[B_TG_08])),
    FlawRow::refused(Operation::GetUser, "UserName", Defect::TooLong, INVALID, NOBODYS_NAME),
    FlawRow::refused(Operation::GetUser, "UserName", Defect::BadCharacter, INVALID, LOOKED_AT),
    FlawRow::refused(
        Operation::GetUser,
        "UserName",
        Defect::OtherCase,
        Answer::Done,
        [LOOKED_UP[0], Evidence::open(&[X_016])],
    ),
    FlawRow::refused(Operation::GetUser, "UserName", Defect::Absent, Answer::Done, both(&[C_045])),
    FlawRow::refused(Operation::DeleteUser, "UserName", Defect::TooLong, INVALID, NOBODYS_NAME),
    FlawRow::refused(Operation::DeleteUser, "UserName", Defect::BadCharacter, INVALID, LOOKED_AT),
    FlawRow::refused(Operation::DeleteUser, "UserName", Defect::OtherCase, Answer::Done, LOOKED_UP),
    FlawRow::refused(
        |user| Operation::UpdateUser(user, Change { name: Some(user), path: None }),
        "NewUserName",
        Defect::OtherCase,
        Answer::Refused(EntityAlreadyExists),
        [Evidence::by(&[C_036]), Evidence::open(&[C_036])],
    ),
    FlawRow::refused(list, "PathPrefix", Defect::Malformed, INVALID, both(&[D_009])),
    FlawRow::refused(list, "MaxItems", Defect::TooShort, INVALID, both(&[D_012])),
    FlawRow::refused(list, "MaxItems", Defect::TooLong, INVALID, both(&[D_012])),
    FlawRow::refused(list, "Marker", Defect::Malformed, INVALID, MARKER),
    FlawRow::refused(
        |user| Operation::Attach(user, Kind::LoginProfile, Item(0)),
        "Password",
        Defect::TooShort,
        Answer::Refused(PasswordPolicyViolation),
        both(&[B_LP_14, B_LP_15, B_LP_16]),
    ),
    FlawRow::refused(
        |user| Operation::Detach(user, Kind::AccessKey, Item(0)),
        "UserName",
        Defect::Absent,
        Answer::Done,
        both(&[B_AK_12]),
    ),
    FlawRow::refused(
        |user| Operation::Issue(user, Kind::SigningCertificate, Item(0), With::Nothing),
        "CertificateBody",
        Defect::Malformed,
        Answer::Refused(MalformedCertificate),
        both(&[B_SC_05]),
    ),
    FlawRow::refused(
        |user| Operation::Issue(user, Kind::SshPublicKey, Item(0), With::Nothing),
        "SSHPublicKeyBody",
        Defect::Malformed,
        Answer::Refused(UnrecognizedPublicKeyEncoding),
        both(&[B_SK_06]),
    ),
    FlawRow::refused(
        |user| Operation::Issue(user, CREDENTIAL, Item(0), With::Service(Service(0))),
        "ServiceName",
        Defect::NotAWord,
        Answer::Refused(NoSuchEntity),
        both(&[B_SS_05]),
    ),
    FlawRow::refused(
        |user| Operation::SetStatus(user, CREDENTIAL, Item(0), Status::Inactive),
        "Status",
        Defect::NotAWord,
        INVALID,
        both(&[B_SS_11]),
    ),
    FlawRow::refused(
        |user| Operation::Detach(user, CREDENTIAL, Item(0)),
        "ServiceSpecificCredentialId",
        Defect::BadCharacter,
        INVALID,
        both(&[B_SS_09]),
    ),
    FlawRow::refused(
        |_| Operation::Create(DEVICE),
        "Path",
        Defect::Malformed,
        INVALID,
        both(&[B_MF_03]),
    ),
    FlawRow::refused(
        |_| Operation::Create(DEVICE),
        "Path",
        Defect::TooLong,
        INVALID,
        both(&[B_MF_04]),
    ),
    FlawRow::refused(
        |user| Operation::Attach(user, Kind::MfaDevice, Item(0)),
        "AuthenticationCode2",
        Defect::Doubled,
        Answer::Refused(InvalidAuthenticationCode),
        both(&[B_MF_09]),
    ),
    FlawRow::refused(
        |user| Operation::Attach(user, Kind::InlinePolicy, Item(0)),
        "PolicyDocument",
        Defect::Malformed,
        Answer::Refused(MalformedPolicyDocument),
        both(&[B_IP_09]),
    ),
    FlawRow::refused(
        |user| Operation::Attach(user, Kind::ManagedPolicy, Item(0)),
        "PolicyArn",
        Defect::Malformed,
        INVALID,
        both(&[B_MP_05]),
    ),
    FlawRow::refused(
        |user| Operation::PutBoundary(user, Item(0)),
        "PermissionsBoundary",
        Defect::Malformed,
        Answer::Refused(InvalidInput),
        both(&[B_PB_05]),
    ),
    FlawRow::refused(tag, "Tags", Defect::Doubled, Answer::Refused(InvalidInput), both(&[B_TG_10])),
    FlawRow::refused(tag, "Key", Defect::TooLong, INVALID, both(&[B_TG_11])),
    FlawRow::refused(
        |_| Operation::SetDefault(POLICY, Part::Version, Item(1)),
        "VersionId",
        Defect::Malformed,
        INVALID,
        both(&[D_015]),
    ),
    FlawRow::one_by_one(|user| Operation::List(user, Kind::AccessKey), PAGED),
    FlawRow::one_by_one(|user| Operation::List(user, Kind::SigningCertificate), PAGED),
    FlawRow::one_by_one(|user| Operation::List(user, Kind::SshPublicKey), PAGED),
    FlawRow::one_by_one(|user| Operation::List(user, CREDENTIAL), PAGED),
    FlawRow::one_by_one(|user| Operation::List(user, Kind::MfaDevice), PAGED),
    FlawRow::one_by_one(|user| Operation::List(user, Kind::InlinePolicy), PAGED),
    FlawRow::one_by_one(|user| Operation::List(user, Kind::ManagedPolicy), PAGED),
    FlawRow::one_by_one(|user| Operation::List(user, Kind::GroupMembership), PAGED),
    FlawRow::one_by_one(|user| Operation::List(user, Kind::Tag), PAGED),
    FlawRow::one_by_one(|_| Operation::Holders(POLICY), LIKE_PAGED),
    FlawRow::one_by_one(|_| Operation::Parts(POLICY, Part::Version), LIKE_PAGED),
    FlawRow::one_by_one(|_| Operation::Parts(GROUP, Part::InlinePolicy), LIKE_PAGED),
    FlawRow::one_by_one(|_| Operation::Parts(GROUP, Part::AttachedPolicy), LIKE_PAGED),
];
