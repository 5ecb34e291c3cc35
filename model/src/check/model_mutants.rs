//! Faults of the model itself, made from its tables: what a sentence must notice.
//!
//! What a model with a fault does.
//!
//! Faults that change nothing.

use std::fmt;

use crate::ids::{AttachmentAction, User};
use crate::operation::Operation;
use crate::rule::{Action, Clause, calls, rules};
use crate::semantics::conditions::Condition;
use crate::semantics::{Allowed, Effect, allowed_where, apply, next};
use crate::state::Account;
use crate::tables::attachments::{AttachmentKind, Status, TABLE};
use crate::tables::resources;
use crate::tables::resources::{ResourceAction, ResourceKind};
use crate::tables::sub_resources::{SubResource, SubResourceAction};
use crate::tables::validation::InputError;

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelMutant {
    /// The rule of this call and reason is never in force.
    Forgets(&'static str, Condition),
    /// It always is.
    Overdoes(&'static str, Condition),
    /// It is in force only of the first user, object and item.
    OfTheFirst(&'static str, Condition),
    /// It is in force only where it would be with any one fact less.
    NeedsOneMore(&'static str, Condition),
    /// Each of these two is in force where the other one should be.
    Confuses(&'static str, Condition, Condition),
    /// The call is carried out and does nothing.
    Loses(&'static str),
    /// The call does the opposite.
    Reverses(&'static str),
    /// The call does to the next kind what it should do to this one.
    OtherKind(&'static str),
    /// The call does to the next user what it should do to this one.
    OtherUser(&'static str),
    /// The call is carried out for all users that hold the item.
    ForEverybody(&'static str),
    /// The call takes everything away that the user holds of the kind.
    TakesAll(&'static str),
}

impl ModelMutant {
    /// Every fault that the tables give.
    pub fn all() -> impl Iterator<Item = Self> {
        let verb = |verb| TABLE.iter().filter_map(move |row| row.call(verb)).map(|call| call.api);
        let effects = || calls().map(|call| call.api).filter(|api| !rests(api));
        let attachments = move || {
            [AttachmentAction::Attach, AttachmentAction::SetStatus, AttachmentAction::Detach]
                .into_iter()
                .flat_map(verb)
        };
        of_rules()
            .chain(calls().flat_map(confusions))
            .chain(effects().map(Self::Loses))
            .chain(effects().filter(|api| has_opposite(api)).map(Self::Reverses))
            .chain(attachments().map(Self::OtherKind))
            .chain(attachments().map(Self::OtherUser))
            .chain(verb(AttachmentAction::Detach).map(Self::ForEverybody))
            .chain(verb(AttachmentAction::Detach).map(Self::TakesAll))
    }

    /// The call that is wrong.
    #[must_use]
    pub const fn api(self) -> &'static str {
        match self {
            Self::Forgets(api, _)
            | Self::Overdoes(api, _)
            | Self::OfTheFirst(api, _)
            | Self::NeedsOneMore(api, _)
            | Self::Confuses(api, ..)
            | Self::Loses(api)
            | Self::Reverses(api)
            | Self::OtherKind(api)
            | Self::OtherUser(api)
            | Self::ForEverybody(api)
            | Self::TakesAll(api) => api,
        }
    }

    /// What the model with this fault allows.
    #[must_use]
    pub fn allowed(self, account: &Account, op: &Operation) -> Allowed {
        allowed_where(account, op, &|call, claim| self.says(account, op, call, claim))
    }

    /// Whether the claim is in force.
    fn says(self, account: &Account, op: &Operation, call: &Action, claim: &Clause) -> bool {
        let applies = |reason: Condition| reason.applies(account, op);
        let this = |api, reason| call.api == api && claim.reason == reason;
        let reason = claim.reason;
        match self {
            Self::Forgets(api, of) if this(api, of) => false,
            Self::Overdoes(api, of) if this(api, of) => true,
            Self::OfTheFirst(api, of) if this(api, of) => is_of_the_first(op) && applies(reason),
            Self::NeedsOneMore(api, of) if this(api, of) => {
                applies(reason) && account.with_one_less().all(|it| reason.applies(&it, op))
            }
            Self::Confuses(api, one, other) if this(api, one) => applies(other),
            Self::Confuses(api, one, other) if this(api, other) => applies(one),
            _ => applies(reason),
        }
    }
}

/// What can be wrong with one rule.
fn of_rules() -> impl Iterator<Item = ModelMutant> {
    rules().flat_map(|rule| {
        let (api, reason) = (rule.call.api, rule.claim.reason);
        // A listing may be asked for item by item just where it may be asked for at once.
        let paged = matches!(reason, Condition::Flawed(_, InputError::OneByOne));
        // What applies whatever is there cannot be overdone.
        let always = match reason {
            Condition::Unhindered => None,
            Condition::Flawed(_, defect) if !defect.needs_subject() || paged => None,
            _ => Some(ModelMutant::Overdoes(api, reason)),
        };
        let first = (!tells_of_all(api) && !paged).then_some(ModelMutant::OfTheFirst(api, reason));
        let more = counts(reason).then_some(ModelMutant::NeedsOneMore(api, reason));
        [Some(ModelMutant::Forgets(api, reason)), always, first, more].into_iter().flatten()
    })
}

/// Two rules of a call that may be taken for each other.
fn confusions(call: &'static Action) -> impl Iterator<Item = ModelMutant> {
    let claims = call.claims.iter().enumerate();
    claims.filter(|(_, it)| it.reason != Condition::Unhindered).flat_map(move |(place, one)| {
        let others = call.claims.iter().skip(place + 1);
        others.map(move |other| ModelMutant::Confuses(call.api, one.reason, other.reason))
    })
}

/// Whether the reason is about how many there are.
const fn counts(reason: Condition) -> bool {
    matches!(
        reason,
        Condition::AccountFull
            | Condition::InUse
            | Condition::IsBoundary
            | Condition::HasParts(_)
            | Condition::PartsFull
            | Condition::QuotaReached
            | Condition::Holds(_)
            | Condition::HoldsInactive(_)
    )
}

/// Whether everything that the call names is the first of its sort.
fn is_of_the_first(op: &Operation) -> bool {
    let flawed = if let Operation::Flawed(user, _) = *op { Some(user) } else { None };
    let user = flawed.or(op.user()).map(|user| user.0);
    let object = op.object().map(|object| object.item.0);
    let items = [op.item(), op.piece()].map(|item| item.map(|item| item.0));
    [user, object].into_iter().chain(items).flatten().all(|number| number == 0)
}

fn is(call: Option<&Action>, api: &str) -> bool {
    call.is_some_and(|call| call.api == api)
}

fn is_deed(deeds: &[ResourceAction], api: &str) -> bool {
    ResourceKind::all().any(|class| deeds.iter().any(|deed| is(class.row().call(*deed), api)))
}

fn is_verb(verbs: &[AttachmentAction], api: &str) -> bool {
    TABLE.iter().any(|row| verbs.iter().any(|verb| is(row.call(*verb), api)))
}

/// Whether the call names nothing.
fn tells_of_all(api: &str) -> bool {
    let own = [&resources::LIST_USERS, &resources::SUMMARY, &resources::DETAILS];
    own.iter().any(|call| call.api == api) || is_deed(&[ResourceAction::ListAll], api)
}

/// Whether the call has no effect that could be lost.
fn rests(api: &str) -> bool {
    let own = [&resources::GET_USER, &resources::CHANGE_PASSWORD, &resources::LAST_USED];
    let acts = [SubResourceAction::List, SubResourceAction::Get];
    tells_of_all(api)
        || own.iter().any(|call| call.api == api)
        || is_verb(&[AttachmentAction::List, AttachmentAction::Get, AttachmentAction::Renew], api)
        || is_deed(&[ResourceAction::Read, ResourceAction::Holders], api)
        || SubResource::all().any(|part| acts.into_iter().any(|act| is(part.row().call(act), api)))
}

/// Whether there is a call that does the opposite, where this one does something.
fn has_opposite(api: &str) -> bool {
    let own = [&resources::CREATE_USER, &resources::PUT_BOUNDARY];
    own.iter().any(|call| call.api == api)
        || is_verb(&[AttachmentAction::Attach, AttachmentAction::SetStatus], api)
        || is_deed(&[ResourceAction::Create], api)
        || SubResource::all().any(|part| is(part.row().call(SubResourceAction::Add), api))
}

impl fmt::Display for ModelMutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forgets(api, reason) => write!(f, "forgets {api}/{}", reason.slug()),
            Self::Overdoes(api, reason) => write!(f, "overdoes {api}/{}", reason.slug()),
            Self::OfTheFirst(api, reason) => {
                write!(f, "only of the first, {api}/{}", reason.slug())
            }
            Self::NeedsOneMore(api, reason) => write!(f, "one too late, {api}/{}", reason.slug()),
            Self::Confuses(api, one, other) => {
                write!(f, "takes {api}/{} and {} for each other", one.slug(), other.slug())
            }
            Self::Loses(api) => write!(f, "loses the effect of {api}"),
            Self::Reverses(api) => write!(f, "does the opposite of {api}"),
            Self::OtherKind(api) => write!(f, "does {api} to another kind"),
            Self::OtherUser(api) => write!(f, "does {api} to another user"),
            Self::ForEverybody(api) => write!(f, "does {api} for everybody"),
            Self::TakesAll(api) => write!(f, "takes all away in {api}"),
        }
    }
}

impl ModelMutant {
    /// What is true after the call was carried out by the model with this fault.
    #[must_use]
    pub fn next(self, account: &Account, op: &Operation) -> Account {
        let mut after = next(account, op, Effect::Done);
        let instead = |other: Option<Operation>| {
            let mut account = account.clone();
            other.inspect(|other| apply(&mut account, other));
            account
        };
        if op.call().is_none_or(|call| call.api != self.api()) {
            return after;
        }
        match (self, *op) {
            (Self::Loses(_), _) => instead(None),
            (Self::Reverses(_), _) => instead(opposite(op)),
            (Self::OtherKind(_), _) => instead(with(op, |user, kind| (user, following(kind)))),
            (Self::OtherUser(_), _) => {
                let others = |user: User| account.users().find(|it| *it != user).unwrap_or(user);
                instead(with(op, |user, kind| (others(user), kind)))
            }
            (Self::ForEverybody(_), Operation::Detach(_, kind, item)) => {
                for user in account.holders(kind, item) {
                    apply(&mut after, &Operation::Detach(user, kind, item));
                }
                after
            }
            (Self::TakesAll(_), Operation::Detach(user, kind, _)) => {
                for held in account.held_of(user, kind) {
                    apply(&mut after, &Operation::Detach(user, kind, held.item));
                }
                after
            }
            _ => after,
        }
    }
}

/// The call that would undo it.
fn opposite(op: &Operation) -> Option<Operation> {
    Some(match *op {
        Operation::CreateUser(user, _) => Operation::DeleteUser(user),
        Operation::PutBoundary(user, _) => Operation::DeleteBoundary(user),
        Operation::Create(object) => Operation::Delete(object),
        Operation::Add(object, part, item) => Operation::Remove(object, part, item),
        Operation::Attach(user, kind, item) | Operation::Issue(user, kind, item, _) => {
            Operation::Detach(user, kind, item)
        }
        Operation::SetStatus(user, kind, item, status) => {
            let other = if status == Status::Active { Status::Inactive } else { Status::Active };
            Operation::SetStatus(user, kind, item, other)
        }
        _ => return None,
    })
}

/// The same call about another kind or user.
fn with(
    op: &Operation,
    change: impl Fn(User, AttachmentKind) -> (User, AttachmentKind),
) -> Option<Operation> {
    let (user, kind) = change(op.user()?, op.kind()?);
    Some(match *op {
        Operation::Attach(_, _, item) => Operation::Attach(user, kind, item),
        Operation::Issue(_, _, item, with) => Operation::Issue(user, kind, item, with),
        Operation::SetStatus(_, _, item, status) => Operation::SetStatus(user, kind, item, status),
        Operation::Detach(_, _, item) => Operation::Detach(user, kind, item),
        _ => return None,
    })
}

/// The kind that comes next in the table, after the last one the first.
fn following(kind: AttachmentKind) -> AttachmentKind {
    AttachmentKind::all()
        .chain(AttachmentKind::all())
        .skip_while(|it| *it != kind)
        .nth(1)
        .unwrap_or(kind)
}

/// Faults that nothing can notice, each with the reason why.
pub const EQUIVALENT: [(&str, &str); 7] = [
    ("overdoes GetUser/user-name-other-case", NOBODY_THERE),
    ("overdoes GetUser/user-name-absent", NOBODY_THERE),
    ("overdoes DeleteUser/user-name-other-case", NOBODY_THERE),
    ("overdoes DeleteAccessKey/user-name-absent", NOBODY_THERE),
    ("takes EnableMFADevice/no-such-object and no-right-codes for each other", BOTH),
    ("takes ResyncMFADevice/no-such-object and no-right-codes for each other", BOTH),
    ("takes all away in DeleteLoginProfile", "a user holds one login profile at most"),
];

const NOBODY_THERE: &str = "where the user does not exist the call is refused however it is put";

const BOTH: &str =
    "where there is no such device there are no right codes for it, and nowhere else";
