//! Which calls are put otherwise, and what is answered.

use super::{Defect, FlawRow};
use crate::claim::{
    Answer,
    Code::{
        EntityAlreadyExists, InvalidAuthenticationCode, InvalidInput, MalformedCertificate,
        MalformedPolicyDocument, NoSuchEntity, PasswordPolicyViolation,
        UnrecognizedPublicKeyEncoding, ValidationError,
    },
};
use crate::evidence::{
    B_AK_12, B_IP_09, B_LP_14, B_LP_15, B_LP_16, B_MF_03, B_MF_04, B_MF_09, B_MP_05, B_PB_05,
    B_SC_05, B_SK_06, B_SS_05, B_SS_09, B_SS_11, B_TG_08, B_TG_10, B_TG_11, C_036, C_041, C_043,
    C_045, D_001, D_007, D_008, D_009, D_012, D_014, D_015, D_016, D_020, D_021, E_007, E_009,
    Evidence, X_016, X_017,
};
use crate::kind::{Item, Kind, Service, Status};
use crate::object::{Class, Object, Part};
use crate::operation::{Change, Extras, Operation, Path, User, With};

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
