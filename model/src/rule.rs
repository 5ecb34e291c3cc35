//! When a call is refused or carried out, and how we know.
//!
//! Each API call has a short list of claims; a claim has a reason (a predicate on the state), the
//! answer it calls for, and evidence for each tier of that answer. A call with its claim is a rule.

use crate::evidence::{Evidence, Fact};
use crate::ids::{AttachmentAction, User};
use crate::semantics::conditions::Condition;
use crate::tables::attachments::TABLE;
use crate::tables::resources;
use crate::tables::resources::{ResourceAction, ResourceKind};
use crate::tables::sub_resources::{SubResource, SubResourceAction};
use crate::tables::validation::INVALID_REQUESTS;

/// One API call, with everything that is claimed of its answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// The name of the action on the wire.
    pub api: &'static str,
    /// What is claimed, `Unhindered` first.
    pub claims: &'static [Clause],
}

/// A reason, the answer it calls for, and how we know.
///
/// A claim is as binding as the facts that name its state. That a code is documented for a call
/// (D-022) binds by itself only where it can mean one thing: that the user, to which every such request
/// refers, does not exist; that a quota, which is documented too, is used up; that a device is enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clause {
    /// When it applies.
    pub reason: Condition,
    /// What is answered then.
    pub answer: Expected,
    /// Why it is carried out or refused, with that HTTP status.
    pub status: Evidence,
    /// Why with this code, or with these items where the call lists.
    pub code: Evidence,
    /// Why in these words: the texts are the messages of these facts.
    pub text: Evidence,
}

/// What a claim calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// The call is carried out.
    Done,
    /// The call is refused with this code.
    Refused(ErrorCode),
}

/// The error codes that the model speaks of, by their names on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The caller may not, or may not know that there is nothing.
    AccessDenied,
    /// Something is still attached.
    DeleteConflict,
    /// The certificate is there already.
    DuplicateCertificate,
    /// The key is there already.
    DuplicateSSHPublicKey,
    /// It is there already.
    EntityAlreadyExists,
    /// It is just being made.
    EntityTemporarilyUnmodifiable,
    /// The codes of the device are wrong.
    InvalidAuthenticationCode,
    /// Something in the request is not as it should be.
    InvalidInput,
    /// The quota is used up.
    LimitExceeded,
    /// The certificate is none.
    MalformedCertificate,
    /// The document is no policy.
    MalformedPolicyDocument,
    /// No such user, object or item.
    NoSuchEntity,
    /// The password is too weak for the account.
    PasswordPolicyViolation,
    /// The key is none.
    UnrecognizedPublicKeyEncoding,
    /// A member breaks a constraint.
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

    /// The code as it stands in `<ErrorCode>`.
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

    /// Whether it says that the request is not in the form that it should have, which is looked at
    /// before anything is looked for (D-016).
    #[must_use]
    pub const fn is_of_form(self) -> bool {
        matches!(self, Self::InvalidInput | Self::ValidationError)
    }

    /// The HTTP status that goes with it (E-005).
    #[must_use]
    pub const fn http(self) -> u16 {
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

/// A call with one of its claims: what a finding names and `explain` explains.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The call.
    pub call: &'static Action,
    /// What is claimed of it.
    pub claim: &'static Clause,
}

impl Rule {
    /// A stable name, such as `DeleteUser/holds-access-key`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.call.api, self.claim.reason.slug())
    }
}

/// Two rules are one where the call and the reason are.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.call.api == other.call.api && self.claim.reason == other.claim.reason
    }
}

/// Every call: users, objects and their parts, then the kinds in table order.
pub fn calls() -> impl Iterator<Item = &'static Action> {
    let users =
        [&resources::CREATE_USER, &resources::GET_USER, &resources::DELETE_USER].into_iter();
    let objects = ResourceKind::all().flat_map(|class| {
        ResourceAction::ALL.into_iter().filter_map(move |deed| class.row().call(deed))
    });
    let parts = SubResource::all().flat_map(|part| {
        SubResourceAction::ALL.into_iter().filter_map(move |act| part.row().call(act))
    });
    let kinds = TABLE
        .iter()
        .flat_map(|row| AttachmentAction::ALL.into_iter().filter_map(|it| row.call(it)));
    users.chain(resources::OTHERS).chain(objects).chain(parts).chain(kinds)
}

/// Every rule, call by call; then those about calls that are put otherwise than they should be.
pub fn rules() -> impl Iterator<Item = Rule> {
    let sound = calls().flat_map(|call| call.claims.iter().map(move |claim| Rule { call, claim }));
    let flawed = INVALID_REQUESTS
        .iter()
        .filter_map(|row| Some(Rule { call: (row.sound)(User(0)).call()?, claim: &row.claim }));
    sound.chain(flawed)
}

impl Clause {
    /// Carried out, unless another claim applies.
    #[must_use]
    pub const fn done(evidence: Evidence) -> Self {
        Self::done_although(Condition::Unhindered, evidence)
    }

    /// Carried out, although one might expect a refusal.
    #[must_use]
    pub const fn done_although(reason: Condition, evidence: Evidence) -> Self {
        Self { reason, answer: Expected::Done, status: evidence, code: evidence, text: evidence }
    }

    /// Refused with this code; the texts are the messages of the last facts.
    #[must_use]
    pub const fn refused(
        reason: Condition,
        code: ErrorCode,
        evidence: Evidence,
        text: Evidence,
    ) -> Self {
        Self { reason, answer: Expected::Refused(code), status: evidence, code: evidence, text }
    }

    /// Carried out or refused, nobody knows; if refused, then presumably with this code.
    #[must_use]
    pub const fn open(reason: Condition, code: ErrorCode, facts: Evidence) -> Self {
        let open = Evidence::open(facts.facts);
        Self { reason, answer: Expected::Refused(code), status: open, code: open, text: open }
    }

    /// Now carried out, now refused, as the first facts show; if refused, then with this code, as
    /// the last ones do, whose messages are the texts.
    #[must_use]
    pub const fn sometimes(
        reason: Condition,
        code: ErrorCode,
        status: Evidence,
        text: Evidence,
    ) -> Self {
        let answer = Expected::Refused(code);
        Self { reason, answer, status: Evidence::open(status.facts), code: text, text }
    }

    /// In words that these facts leave open.
    #[must_use]
    pub const fn in_unknown_words(self, facts: &'static [&'static Fact]) -> Self {
        Self { text: Evidence::open(facts), ..self }
    }
}
