//! The model in two pure functions: what may be answered ([`allowed`]), and what is true afterwards
//! ([`next`]). Checks stand apart from effects: a refusal changes nothing.

pub mod conditions;
pub mod deletion_plan;
pub mod listing;

use crate::evidence::Level;
use crate::ids::{CreateUserOptions, IssueOptions, User};
use crate::operation::Operation;
use crate::rule::{Action, Clause, Expected, Rule};
use crate::semantics::conditions::Condition;
use crate::state::{Account, Attachment};
use crate::tables::attachments::{AttachmentKind, Item, Naming, Service, Status};
use crate::tables::resources::Resource;
use crate::tables::sub_resources::SubResource;

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It was carried out.
    Done,
    /// It was refused, and changed nothing.
    Refused,
}

/// What a conforming endpoint may answer: the claims in force, one bit each.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    call: &'static Action,
    in_force: u32,
    /// What is claimed because of how the call is put.
    flawed: Option<&'static Clause>,
}

const NOT_A_CALL: Action = Action { api: "", claims: &[] };

impl Allowed {
    fn claims(self) -> impl Iterator<Item = &'static Clause> {
        let claims = self.call.claims.iter().enumerate();
        let sound = claims.filter(move |(index, _)| self.in_force >> index & 1 == 1);
        let sound = sound.map(|(_, claim)| claim);
        // How it is put decides in place of what would carry it out.
        let is_done = |claim: &&Clause| claim.answer == Expected::Done;
        let stands = sound.clone().any(|claim| is_done(&claim));
        let flawed = self.flawed.filter(|claim| claim.answer != Expected::Done || stands);
        sound.filter(move |claim| self.flawed.is_none() || !is_done(claim)).chain(flawed)
    }

    /// The rules in force. Where several refuse, each of them conforms.
    pub fn rules(self) -> impl Iterator<Item = Rule> {
        self.claims().map(move |claim| Rule { call: self.call, claim })
    }

    /// The rules that speak for a refusal.
    pub fn refusals(self) -> impl Iterator<Item = Rule> {
        self.rules().filter(|rule| rule.claim.answer != Expected::Done)
    }

    /// Whether a conforming endpoint carries the call out, at the latest when what passes by itself
    /// has passed.
    #[must_use]
    pub fn must_be_done(self) -> bool {
        self.may_be_done() && self.refusals().all(|rule| rule.claim.reason.passes())
    }

    /// Whether a conforming endpoint may carry the call out.
    #[must_use]
    pub fn may_be_done(self) -> bool {
        self.claims().any(|claim| claim.answer == Expected::Done)
    }
}

/// What a conforming endpoint may answer to `op` in `account`.
///
/// That nothing hinders a call is in force where no claim refuses it, or where those that do leave
/// it open. A claim that carries out despite appearances needs the user to be there.
#[must_use]
pub fn allowed(account: &Account, op: &Operation) -> Allowed {
    allowed_where(account, op, &|_, claim| claim.reason.applies(account, op))
}

/// As [`allowed`], where somebody else says which reasons apply.
pub(crate) fn allowed_where(
    account: &Account,
    op: &Operation,
    says: &dyn Fn(&Action, &Clause) -> bool,
) -> Allowed {
    let call = op.call().unwrap_or(&NOT_A_CALL);
    let flawed = match *op {
        Operation::Flawed(_, flaw) => Some(&flaw.row().claim).filter(|claim| says(call, claim)),
        _ => None,
    };
    let mut in_force = 0;
    let mut hindered = call.claims.first().is_none_or(|first| !says(call, first));
    for (index, claim) in call.claims.iter().enumerate().skip(1) {
        let refuses = claim.answer != Expected::Done;
        let applies =
            says(call, claim) && (refuses || op.user().is_none_or(|user| account.has_user(user)));
        in_force |= u32::from(applies) << index;
        hindered |= applies && (!refuses || claim.status.level > Level::Open);
    }
    Allowed { call, in_force: in_force | u32::from(!hindered), flawed }
}

/// The account after `op` was answered with `outcome`.
#[must_use]
pub fn next(account: &Account, op: &Operation, outcome: Effect) -> Account {
    let mut after = account.clone();
    if outcome == Effect::Done {
        apply(&mut after, op);
    }
    after
}

/// Carries `op` out in place.
pub fn apply(account: &mut Account, op: &Operation) {
    match op.sound() {
        Operation::CreateUser(user, extras) => create_user(account, user, extras),
        Operation::UpdateUser(user, change) => {
            account.set_path(user, change.path.unwrap_or(account.path(user)));
            account.rename_user(user, change.name.unwrap_or(user));
        }
        Operation::DeleteUser(user) => account.remove_user(user),
        Operation::PutBoundary(user, policy) => account.set_boundary(user, Some(policy)),
        Operation::DeleteBoundary(user) => account.set_boundary(user, None),
        Operation::Create(object) => account.add(object),
        Operation::Rename(object, name) => account.rename(object, name.unwrap_or(object.item)),
        Operation::Delete(object) => delete(account, object),
        Operation::Add(policy, SubResource::Version, _) => {
            account.add_piece(policy, SubResource::Version, account.next_version(policy));
        }
        Operation::Add(object, part, item) => account.add_piece(object, part, item),
        Operation::SetDefault(policy, _, version) => account.set_default(policy, version),
        Operation::Remove(object, part, item) => account.remove_piece(object, part, item),
        Operation::Attach(user, kind, item) => {
            hold(
                account,
                Attachment { user, kind, item, status: Status::Active, service: Service(0) },
            );
        }
        Operation::Issue(user, kind, item, with) => {
            let service =
                if let IssueOptions::Service(service) = with { service } else { Service(0) };
            hold(account, Attachment { user, kind, item, status: Status::Active, service });
        }
        Operation::SetStatus(user, kind, item, status) => {
            if let Some(held) = account.held(user, kind, item) {
                account.hold(Attachment { status, ..held });
            }
        }
        Operation::Detach(user, kind, item) => account.drop_item(user, kind, item),
        // Secrets are not part of the state, and what reads changes nothing.
        _ => {}
    }
}

/// A user that is there already stays as it is.
fn create_user(account: &mut Account, user: User, extras: CreateUserOptions) {
    if !account.has_user(user) {
        account.add_user(user);
        account.set_path(user, extras.path);
        account.set_boundary(user, extras.boundary);
        if let Some(tag) = extras.tag {
            apply(account, &Operation::Attach(user, AttachmentKind::Tag, tag));
        }
    }
}

/// A user that does not exist holds nothing, whatever was answered. What is held stays as it is.
fn hold(account: &mut Account, held: Attachment) {
    let there = account.held(held.user, held.kind, held.item).is_some();
    if account.has_user(held.user) && !there {
        account.hold(held);
    }
}

/// An object takes the attachments to it along.
fn delete(account: &mut Account, object: Resource) {
    let refers = |held: &Attachment| {
        held.kind.row().refers == Some(object.class) && held.item == object.item
    };
    let held: Vec<Attachment> = account.holdings().filter(refers).collect();
    for it in held {
        account.drop_item(it.user, it.kind, it.item);
    }
    let groups: Vec<Resource> = account.owners(object).collect();
    for group in groups {
        account.remove_piece(group, SubResource::AttachedPolicy, object.item);
    }
    let bounded: Vec<User> = account.bounded_by(object).collect();
    for user in bounded {
        account.set_boundary(user, None);
    }
    account.remove(object);
}

/// Every account that may be true after `op` was answered with `outcome`: one, unless the call was
/// carried out where nobody knows what that does, or where a conforming endpoint refuses it.
#[must_use]
pub fn worlds(account: &Account, op: &Operation, outcome: Effect) -> Vec<Account> {
    let main = next(account, op, outcome);
    let mut worlds = vec![main];
    let wrong = matches!(op, Operation::Flawed(_, it) if it.row().claim.answer != Expected::Done);
    if wrong && !worlds.contains(account) {
        // What comes of a call that should have been refused for how it is put is not known.
        worlds.push(account.clone());
    }
    if outcome == Effect::Done && !op.is_read() {
        let other = otherwise(account, op);
        if !worlds.contains(&other) {
            worlds.push(other);
        }
    }
    worlds
}

/// What else may be true where the call was carried out although something spoke against it.
fn otherwise(account: &Account, op: &Operation) -> Account {
    let mut other = account.clone();
    let spoken = |reason: Condition| reason.applies(account, op);
    match op.sound() {
        Operation::CreateUser(user, extras) if spoken(Condition::UserExists) => {
            other.remove_user(user);
            create_user(&mut other, user, extras);
        }
        Operation::CreateUser(user, extras) if spoken(Condition::NoSuchObject) => {
            create_user(&mut other, user, CreateUserOptions { boundary: None, ..extras });
        }
        Operation::PutBoundary(..) if spoken(Condition::NoSuchObject) => {}
        // What stood in the way may be held by nobody that exists.
        Operation::DeleteUser(user)
            if account.held_by(user).any(|it| it.kind.row().blocks.is_some()) =>
        {
            other.forget_user(user);
        }
        Operation::Delete(object) if spoken(Condition::InUse) || spoken(Condition::IsBoundary) => {
            other.remove(object);
        }
        Operation::Attach(user, kind, item) if spoken(Condition::HeldByAnother) => {
            drop_everywhere(&mut other, kind, item);
            apply(&mut other, &Operation::Attach(user, kind, item));
        }
        Operation::Attach(_, kind, _)
            if spoken(Condition::NoSuchObject)
                || kind.row().naming == Naming::Single && spoken(Condition::AlreadyHeld) => {}
        Operation::Detach(_, kind, item) if spoken(Condition::HeldByAnother) => {
            drop_everywhere(&mut other, kind, item);
        }
        Operation::SetStatus(_, kind, item, status) if spoken(Condition::HeldByAnother) => {
            let users: Vec<_> = account.holders(kind, item).collect();
            for user in users {
                apply(&mut other, &Operation::SetStatus(user, kind, item, status));
            }
        }
        _ => apply(&mut other, op),
    }
    other
}

fn drop_everywhere(account: &mut Account, kind: AttachmentKind, item: Item) {
    let users: Vec<_> = account.holders(kind, item).collect();
    for user in users {
        account.drop_item(user, kind, item);
    }
}
