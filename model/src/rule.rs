//! The types of rules: an API [`Action`], its [`Clause`]s, and the [`Condition`] of each clause.
//!
//! A clause states what the service returns under a condition, with evidence for the status, the
//! error code and the text. An action together with one of its clauses is a [`Rule`]. Conditions
//! are data here: [`crate::semantics::conditions`] alone evaluates them. The clauses themselves are
//! in [`crate::tables`].

use crate::evidence::{Evidence, Fact, Level};
use crate::kind::{AttachmentKind, SubResource};

/// An API action, with everything that is known about its responses.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// The name in the IAM API, such as `CreateUser`.
    pub api: &'static str,
    /// The clauses. The first one has the condition `Unhindered`.
    pub clauses: &'static [Clause],
}

/// A condition, the response that it calls for, and the evidence.
///
/// A clause is as binding as the facts that name its state. A fact that only lists the error codes
/// of an action (D-022) is binding if the code can have a single cause: the user that every such
/// request names does not exist, a documented quota is reached, or a device is already enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clause {
    /// When the clause applies.
    pub condition: Condition,
    /// The expected response.
    pub expected: Expected,
    /// Evidence that the call succeeds or is refused, with its HTTP status.
    pub status: Evidence,
    /// Evidence for the error code, or for the items of a listing.
    pub code: Evidence,
    /// Evidence for the text: the messages of these facts are the accepted texts.
    pub text: Evidence,
}

impl Clause {
    /// Success, unless another clause applies.
    #[must_use]
    pub const fn success(evidence: Evidence) -> Self {
        Self::success_despite(Condition::Unhindered, evidence)
    }

    /// Success under a condition that suggests a refusal.
    #[must_use]
    pub const fn success_despite(reason: Condition, evidence: Evidence) -> Self {
        Self {
            condition: reason,
            expected: Expected::Success,
            status: evidence,
            code: evidence,
            text: evidence,
        }
    }

    /// Refusal with this code. The same evidence supports the status, the code and the text.
    #[must_use]
    pub const fn refused(reason: Condition, code: ErrorCode, evidence: Evidence) -> Self {
        Self::refused_with_text(reason, code, evidence, evidence)
    }

    /// Refusal with this code. `text` is the evidence for the text.
    #[must_use]
    pub const fn refused_with_text(
        reason: Condition,
        code: ErrorCode,
        evidence: Evidence,
        text: Evidence,
    ) -> Self {
        Self {
            condition: reason,
            expected: Expected::Refused(code),
            status: evidence,
            code: evidence,
            text: text.of_text(),
        }
    }

    /// Unspecified: the call may succeed. If it is refused, then presumably with this code.
    #[must_use]
    pub const fn unspecified(
        reason: Condition,
        code: ErrorCode,
        facts: &'static [&'static Fact],
    ) -> Self {
        Self::refused(reason, code, Evidence::unspecified(facts))
    }

    /// The call sometimes succeeds, as `status` shows. If it is refused, then with this code.
    ///
    /// `text` is the evidence for the code and for the text.
    #[must_use]
    pub const fn sometimes(
        reason: Condition,
        code: ErrorCode,
        status: &'static [&'static Fact],
        text: Evidence,
    ) -> Self {
        let answer = Expected::Refused(code);
        Self {
            condition: reason,
            expected: answer,
            status: Evidence::unspecified(status),
            code: text,
            text: text.of_text(),
        }
    }

    /// Returns true if the clause refuses with the code of this name.
    #[must_use]
    pub fn refuses_with(&self, code: &str) -> bool {
        matches!(self.expected, Expected::Refused(it) if it.name() == code)
    }

    /// The same clause with an unknown text, which these facts name as an open question.
    #[must_use]
    pub const fn with_unknown_text(self, facts: &'static [&'static Fact]) -> Self {
        Self { text: Evidence::unspecified(facts), ..self }
    }
}

/// An action with one of its clauses: the unit that findings name and `explain` explains.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The action.
    pub action: &'static Action,
    /// The clause.
    pub clause: &'static Clause,
}

impl Rule {
    /// A stable name, such as `DeleteUser/holds-access-key`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.action.api, self.clause.condition.slug())
    }

    /// Its levels in the tiers status, code and text.
    #[must_use]
    pub fn levels(&self) -> [Level; 3] {
        [self.clause.status, self.clause.code, self.clause.text].map(|it| it.level)
    }
}

/// Two rules are equal if they have the same action and the same condition.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.action.api == other.action.api && self.clause.condition == other.clause.condition
    }
}

/// The response that a clause calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// The call succeeds.
    Success,
    /// The call is refused with this code.
    Refused(ErrorCode),
}

impl Expected {
    /// `success`, or the error code.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused(code) => code.name(),
        }
    }
}

/// A predicate on the state of the account and the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// No other condition applies.
    Unhindered,
    /// This request parameter is invalid, or unusual in a way that the service accepts.
    InvalidInput(&'static str, InputError),
    /// The user already exists.
    UserExists,
    /// The user does not exist.
    NoSuchUser,
    /// The account has as many users as its quota allows.
    AccountFull,
    /// The resource already exists.
    ResourceExists,
    /// The group, policy or device does not exist.
    NoSuchResource,
    /// The device does not exist, so no authentication code is valid.
    NoValidCodes,
    /// Another user or group has the new name.
    NameTaken,
    /// The request changes nothing: it has no new name or path, or the current name alone.
    SameName,
    /// A user or a group uses the resource.
    InUse,
    /// The policy is the permissions boundary of a user.
    IsBoundary,
    /// The user has no permissions boundary.
    NoBoundary,
    /// The resource has a sub-resource of this kind; of versions, one besides the first.
    HasSubResources(SubResource),
    /// The resource already has this sub-resource.
    HasEntry,
    /// The resource does not have this sub-resource.
    NoSuchEntry,
    /// The policy or the version does not exist.
    NoSuchVersion,
    /// The policy to attach to the group does not exist.
    NoSuchPolicy,
    /// The version is the default version.
    IsDefault,
    /// The resource has as many sub-resources of the kind as its quota allows.
    SubResourceQuotaReached,
    /// The user already holds this item.
    AlreadyHeld,
    /// Another user, and not this one, holds the item.
    HeldByAnother,
    /// A user holds an item with the same body.
    SameBody,
    /// The user holds as much of the kind as the quota allows.
    QuotaReached,
    /// No user holds the item or, if it refers to a resource, this user does not.
    NotHeld,
    /// The user holds the item, which may be very new. The model has no time: the condition applies
    /// for as long as the item is attached.
    RecentlyCreated,
    /// The user exists and may have changed very recently. The model has no time: the condition
    /// applies for as long as the user exists.
    RecentlyChanged,
    /// The user holds an active item of the kind, or any item if the kind has no status.
    Holds(AttachmentKind),
    /// The user holds inactive items of the kind and no active one.
    HoldsInactive(AttachmentKind),
}

impl Condition {
    /// Returns true if the condition ends by itself after an unknown time.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::RecentlyCreated | Self::RecentlyChanged)
    }

    /// The second half of a rule id.
    #[must_use]
    pub fn slug(self) -> String {
        let slug = match self {
            Self::Unhindered => "carried-out",
            Self::InvalidInput(member, defect) => {
                return format!("{}-{}", kebab_case(member), defect.name());
            }
            Self::UserExists => "user-exists",
            Self::NoSuchUser => "no-such-user",
            Self::AccountFull => "account-full",
            Self::ResourceExists => "already-exists",
            Self::NoSuchResource => "no-such-object",
            Self::NoValidCodes => "no-right-codes",
            Self::NameTaken => "name-taken",
            Self::SameName => "same-name",
            Self::InUse => "in-use",
            Self::IsBoundary => "is-boundary",
            Self::NoBoundary => "no-boundary",
            Self::HasSubResources(part) => return format!("has-{}", part.name()),
            Self::HasEntry => "already-there",
            Self::NoSuchEntry => "not-there",
            Self::NoSuchVersion => "no-such-version",
            Self::NoSuchPolicy => "no-such-policy",
            Self::IsDefault => "is-default",
            Self::SubResourceQuotaReached => "quota-of-parts-reached",
            Self::AlreadyHeld => "already-held",
            Self::HeldByAnother => "held-by-another",
            Self::SameBody => "same-body",
            Self::QuotaReached => "quota-reached",
            Self::NotHeld => "not-held",
            Self::RecentlyCreated => "being-made",
            Self::RecentlyChanged => "being-changed",
            Self::Holds(kind) => return format!("holds-{}", kind.name()),
            Self::HoldsInactive(kind) => return format!("holds-inactive-{}", kind.name()),
        };
        slug.to_owned()
    }
}

/// Converts `NewUserName` to `new-user-name` and `SSHPublicKeyBody` to `ssh-public-key-body`.
///
/// Written by hand because rule ids must not change with the version of a case-conversion crate.
fn kebab_case(member: &str) -> String {
    let letters: Vec<char> = member.chars().collect();
    let mut words = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let next_is_lower = letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        let previous = index.checked_sub(1).and_then(|it| letters.get(it));
        let starts_word = letter.is_ascii_uppercase()
            && previous.is_some_and(|it| it.is_ascii_lowercase() || next_is_lower);
        if starts_word {
            words.push('-');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// In which way a request parameter is invalid or unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InputError {
    /// The parameter is absent: the user calls for itself and does not name itself.
    Absent,
    /// It has a character that is not allowed.
    BadCharacter,
    /// It repeats a value that must differ.
    Duplicate,
    /// It is empty: the user calls for itself with an empty name.
    Empty,
    /// It does not have the required form.
    Malformed,
    /// It is not one of the allowed values.
    UnknownValue,
    /// It requests one item per page; the client reads every page.
    OnePerPage,
    /// It is an existing name in different case.
    OtherCase,
    /// It exceeds its maximum length, number or value.
    TooLong,
    /// It is below its minimum length, number or value.
    TooShort,
    /// It has the required form and a wrong value.
    Wrong,
}

impl InputError {
    /// Every input error.
    pub const ALL: [Self; 11] = [
        Self::Absent,
        Self::BadCharacter,
        Self::Duplicate,
        Self::Empty,
        Self::Malformed,
        Self::UnknownValue,
        Self::OnePerPage,
        Self::OtherCase,
        Self::TooLong,
        Self::TooShort,
        Self::Wrong,
    ];

    /// The word in scripts and in rule ids.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::BadCharacter => "bad-character",
            Self::Duplicate => "doubled",
            Self::Empty => "empty",
            Self::Malformed => "malformed",
            Self::UnknownValue => "not-a-word",
            Self::OnePerPage => "one-by-one",
            Self::OtherCase => "other-case",
            Self::TooLong => "too-long",
            Self::TooShort => "too-short",
            Self::Wrong => "wrong",
        }
    }

    /// Returns true if the request has no value for the parameter. A service may take an empty name for a
    /// missing one, so the user itself signs a request that has no value for its name.
    #[must_use]
    pub const fn lacks_value(self) -> bool {
        matches!(self, Self::Absent | Self::Empty)
    }

    /// Returns true if the rule about it applies only if the user or the resource exists.
    #[must_use]
    pub const fn needs_subject(self) -> bool {
        matches!(self, Self::OtherCase | Self::Absent | Self::Empty | Self::OnePerPage)
    }
}

/// The error codes in the model, by their name in responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The caller lacks permission, or must not learn that the entity does not exist.
    AccessDenied,
    /// Something is still attached.
    DeleteConflict,
    /// The certificate already exists.
    DuplicateCertificate,
    /// The SSH key already exists.
    DuplicateSSHPublicKey,
    /// The entity already exists.
    EntityAlreadyExists,
    /// The entity is still being created or changed.
    EntityTemporarilyUnmodifiable,
    /// The codes of the device are wrong.
    InvalidAuthenticationCode,
    /// A parameter is invalid.
    InvalidInput,
    /// The quota is reached.
    LimitExceeded,
    /// The body is not a certificate.
    MalformedCertificate,
    /// The document is not a policy.
    MalformedPolicyDocument,
    /// The user, resource or item does not exist.
    NoSuchEntity,
    /// The password does not meet the password policy.
    PasswordPolicyViolation,
    /// The body is not a public key.
    UnrecognizedPublicKeyEncoding,
    /// A parameter breaks a constraint.
    ValidationError,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 15] = [
        Self::AccessDenied,
        Self::DeleteConflict,
        Self::DuplicateCertificate,
        Self::DuplicateSSHPublicKey,
        Self::EntityAlreadyExists,
        Self::EntityTemporarilyUnmodifiable,
        Self::InvalidAuthenticationCode,
        Self::InvalidInput,
        Self::LimitExceeded,
        Self::MalformedCertificate,
        Self::MalformedPolicyDocument,
        Self::NoSuchEntity,
        Self::PasswordPolicyViolation,
        Self::UnrecognizedPublicKeyEncoding,
        Self::ValidationError,
    ];

    /// The name in the `<Code>` element of an error response.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDenied",
            Self::DeleteConflict => "DeleteConflict",
            Self::DuplicateCertificate => "DuplicateCertificate",
            Self::DuplicateSSHPublicKey => "DuplicateSSHPublicKey",
            Self::EntityAlreadyExists => "EntityAlreadyExists",
            Self::EntityTemporarilyUnmodifiable => "EntityTemporarilyUnmodifiable",
            Self::InvalidAuthenticationCode => "InvalidAuthenticationCode",
            Self::InvalidInput => "InvalidInput",
            Self::LimitExceeded => "LimitExceeded",
            Self::MalformedCertificate => "MalformedCertificate",
            Self::MalformedPolicyDocument => "MalformedPolicyDocument",
            Self::NoSuchEntity => "NoSuchEntity",
            Self::PasswordPolicyViolation => "PasswordPolicyViolation",
            Self::UnrecognizedPublicKeyEncoding => "UnrecognizedPublicKeyEncoding",
            Self::ValidationError => "ValidationError",
        }
    }

    /// The code with this name in the `<Code>` element of an error response.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Returns true if the code reports a malformed request. The service validates the form of a
    /// request before it looks anything up (D-016).
    #[must_use]
    pub const fn is_validation(self) -> bool {
        matches!(self, Self::InvalidInput | Self::ValidationError)
    }

    /// The HTTP status of the error (E-005).
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::DuplicateSSHPublicKey
            | Self::InvalidInput
            | Self::MalformedCertificate
            | Self::MalformedPolicyDocument
            | Self::PasswordPolicyViolation
            | Self::UnrecognizedPublicKeyEncoding
            | Self::ValidationError => 400,
            Self::AccessDenied | Self::InvalidAuthenticationCode => 403,
            Self::NoSuchEntity => 404,
            Self::DeleteConflict
            | Self::DuplicateCertificate
            | Self::EntityAlreadyExists
            | Self::EntityTemporarilyUnmodifiable
            | Self::LimitExceeded => 409,
        }
    }
}
