//! When a call is refused or carried out, and how we know.
//!
//! Each API call has a short list of claims; a claim has a reason (a predicate on the state), the
//! answer it calls for, and evidence for each tier of that answer. A call with its claim is a rule.

use crate::account::Account;
use crate::evidence::{Evidence, Level};
use crate::kind::{Kind, Naming, Status, TABLE};
use crate::object::{self, Class};
use crate::operation::{Operation, Verb, With};

/// One API call, with everything that is claimed of its answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// The name of the action on the wire.
    pub api: &'static str,
    /// What is claimed, `Unhindered` first.
    pub claims: &'static [Claim],
}

/// A reason, the answer it calls for, and how we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// When it applies.
    pub reason: Reason,
    /// What is answered then.
    pub answer: Answer,
    /// Why it is carried out or refused, with that HTTP status.
    pub status: Evidence,
    /// Why with this code, or with these items where the call lists.
    pub code: Evidence,
    /// Why in these words: the texts are the messages of these facts.
    pub text: Evidence,
}

/// What a claim calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The call is carried out.
    Done,
    /// The call is refused with this code.
    Refused(Code),
}

/// The error codes that the model speaks of, by their names on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
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
    /// The quota is used up.
    LimitExceeded,
    /// No such user, object or item.
    NoSuchEntity,
}

impl Code {
    /// The code as it stands in `<Code>`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeleteConflict => "DeleteConflict",
            Self::DuplicateCertificate => "DuplicateCertificate",
            Self::DuplicateSSHPublicKey => "DuplicateSSHPublicKey",
            Self::EntityAlreadyExists => "EntityAlreadyExists",
            Self::EntityTemporarilyUnmodifiable => "EntityTemporarilyUnmodifiable",
            Self::LimitExceeded => "LimitExceeded",
            Self::NoSuchEntity => "NoSuchEntity",
        }
    }

    /// The HTTP status that goes with it (E-005).
    #[must_use]
    pub const fn http(self) -> u16 {
        match self {
            Self::DuplicateSSHPublicKey => 400,
            Self::NoSuchEntity => 404,
            Self::DeleteConflict
            | Self::DuplicateCertificate
            | Self::EntityAlreadyExists
            | Self::EntityTemporarilyUnmodifiable
            | Self::LimitExceeded => 409,
        }
    }
}

/// Why a call is answered as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// None of the other reasons applies.
    Unhindered,
    /// The user is there already.
    UserExists,
    /// There is no such user.
    NoSuchUser,
    /// The account holds as many users, or objects of the class, as its quota allows.
    AccountFull,
    /// The object is there already.
    ObjectExists,
    /// There is no such group, policy or device.
    NoSuchObject,
    /// A user holds the object.
    InUse,
    /// The user holds this very item.
    AlreadyHeld,
    /// Only another user holds the item.
    HeldByAnother,
    /// The body was uploaded before.
    SameBody,
    /// The user holds as much of the kind as the quota allows.
    QuotaReached,
    /// Nobody holds the item, or, where it is an object, this user does not.
    NotHeld,
    /// The item was made a moment ago.
    BeingMade,
    /// The user holds an active item of the kind, or any where the kind knows no status.
    Holds(Kind),
    /// The user holds inactive items of the kind, and no active one.
    HoldsInactive(Kind),
}

impl Reason {
    /// Whether it applies to `op` in `account`.
    #[must_use]
    pub fn applies(self, account: &Account, op: &Operation) -> bool {
        match self {
            Self::Unhindered => true,
            Self::UserExists => op.user().is_some_and(|user| account.has_user(user)),
            Self::NoSuchUser => op.user().is_some_and(|user| !account.has_user(user)),
            Self::AccountFull => account.is_full(op),
            Self::ObjectExists => op.object().is_some_and(|object| account.has(object)),
            Self::NoSuchObject => op.object().is_some_and(|object| !account.has(object)),
            Self::InUse => op.object().is_some_and(|object| account.is_used(object)),
            Self::AlreadyHeld | Self::BeingMade => Holder::of(account, op) == Holder::User,
            Self::HeldByAnother => Holder::of(account, op) == Holder::Another,
            Self::NotHeld => not_held(account, op),
            Self::SameBody => matches!(op, Operation::Issue(_, _, _, With::BodyOf(_))),
            Self::QuotaReached => quota_reached(account, op),
            Self::Holds(kind) => statuses(account, op, kind).any(|it| it == Status::Active),
            Self::HoldsInactive(kind) => {
                let mut held = statuses(account, op, kind).peekable();
                held.peek().is_some() && held.all(|it| it == Status::Inactive)
            }
        }
    }

    /// The second half of a rule's id.
    #[must_use]
    pub fn slug(self) -> String {
        let words = match self {
            Self::Unhindered => "carried-out",
            Self::UserExists => "user-exists",
            Self::NoSuchUser => "no-such-user",
            Self::AccountFull => "account-full",
            Self::ObjectExists => "already-exists",
            Self::NoSuchObject => "no-such-object",
            Self::InUse => "in-use",
            Self::AlreadyHeld => "already-held",
            Self::HeldByAnother => "held-by-another",
            Self::SameBody => "same-body",
            Self::QuotaReached => "quota-reached",
            Self::NotHeld => "not-held",
            Self::BeingMade => "being-made",
            Self::Holds(kind) => return format!("holds-{}", kind.row().name),
            Self::HoldsInactive(kind) => return format!("holds-inactive-{}", kind.row().name),
        };
        words.to_owned()
    }
}

/// Who holds the item that an operation names.
#[derive(PartialEq, Eq)]
enum Holder {
    User,
    Another,
    Nobody,
}

impl Holder {
    fn of(account: &Account, op: &Operation) -> Self {
        let (Some(user), Some(kind)) = (op.user(), op.kind()) else { return Self::Nobody };
        let item = op.item().unwrap_or_default();
        if account.held(user, kind, item).is_some() {
            return Self::User;
        }
        let shared =
            kind.row().naming == Naming::Service || kind.row().refers == Some(Class::Device);
        if shared && account.holders(kind, item).next().is_some() {
            Self::Another
        } else {
            Self::Nobody
        }
    }
}

/// An object that is not there is `NoSuchObject`, and not also not held.
fn not_held(account: &Account, op: &Operation) -> bool {
    let there = op.object().is_none_or(|object| account.has(object));
    there && Holder::of(account, op) == Holder::Nobody
}

fn quota_reached(account: &Account, op: &Operation) -> bool {
    let (Some(user), Some(kind)) = (op.user(), op.kind()) else { return false };
    let quota = kind.row().quota;
    let held = account.held_of(user, kind).filter(|held| match op {
        Operation::Issue(.., With::Service(service)) => held.service == *service,
        _ => true,
    });
    let replaced = account.held(user, kind, op.item().unwrap_or_default()).is_some()
        && kind.row().naming == Naming::Caller
        && kind.row().refers.is_none();
    (held.count() as u64 + u64::from(!replaced)) * quota.each > account.quota(kind)
}

fn statuses(account: &Account, op: &Operation, kind: Kind) -> impl Iterator<Item = Status> {
    op.user().into_iter().flat_map(move |user| account.held_of(user, kind)).map(|held| held.status)
}

/// A call with one of its claims: what a finding names and `explain` explains.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The call.
    pub call: &'static Call,
    /// What is claimed of it.
    pub claim: &'static Claim,
}

impl Rule {
    /// A stable name, such as `DeleteUser/holds-access-key`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.call.api, self.claim.reason.slug())
    }

    /// The strongest of its tiers.
    #[must_use]
    pub fn level(&self) -> Level {
        self.claim.status.level
    }
}

/// Two rules are one where the call and the reason are.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.call.api == other.call.api && self.claim.reason == other.claim.reason
    }
}

/// Every call: users, objects, then the kinds in table order.
pub fn calls() -> impl Iterator<Item = &'static Call> {
    let users = [&object::CREATE_USER, &object::GET_USER, &object::DELETE_USER];
    let objects = Class::all().flat_map(|class| [&class.row().create, &class.row().delete]);
    let kinds = TABLE.iter().flat_map(|row| Verb::ALL.into_iter().filter_map(|it| row.call(it)));
    users.into_iter().chain(objects).chain(kinds)
}

/// Every rule, call by call.
pub fn rules() -> impl Iterator<Item = Rule> {
    calls().flat_map(|call| call.claims.iter().map(move |claim| Rule { call, claim }))
}

impl Claim {
    /// Carried out, unless another claim applies.
    #[must_use]
    pub const fn done(evidence: Evidence) -> Self {
        Self::done_although(Reason::Unhindered, evidence)
    }

    /// Carried out, although one might expect a refusal.
    #[must_use]
    pub const fn done_although(reason: Reason, evidence: Evidence) -> Self {
        Self { reason, answer: Answer::Done, status: evidence, code: evidence, text: evidence }
    }

    /// Refused with this code; the texts are the messages of the last facts.
    #[must_use]
    pub const fn refused(reason: Reason, code: Code, evidence: Evidence, text: Evidence) -> Self {
        Self { reason, answer: Answer::Refused(code), status: evidence, code: evidence, text }
    }

    /// Carried out or refused, nobody knows; if refused, then presumably with this code.
    #[must_use]
    pub const fn open(reason: Reason, code: Code, facts: Evidence) -> Self {
        let open = Evidence::open(facts.facts);
        Self { reason, answer: Answer::Refused(code), status: open, code: open, text: open }
    }

    /// Now carried out, now refused with this code, as these facts show.
    #[must_use]
    pub const fn sometimes(reason: Reason, code: Code, status: Evidence, text: Evidence) -> Self {
        let answer = Answer::Refused(code);
        Self { reason, answer, status: Evidence::open(status.facts), code: text, text }
    }
}
