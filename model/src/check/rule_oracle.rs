//! Every reason once more, by counting facts: a rule is in force where its reason is so, and nowhere
//! else.
//!
//! Without this a rule could be taken for another one that refuses as well, or hold of one user and
//! not of the next.

use crate::check::exhaustive::Visit;
use crate::check::state_properties::{by, most, most_parts};
use crate::check::transition_properties::{Sentence, exists, there};
use crate::ids::{Change, User, With};
use crate::operation::Operation;
use crate::rule::{Answer, Rule};
use crate::semantics::conditions::Reason;
use crate::state::{Account, Held, Piece};
use crate::tables::attachments::{Kind, Naming, Status};
use crate::tables::resources::{Class, Object};
use crate::tables::sub_resources::Part;

/// The sentence.
pub(crate) const RECOUNTED: (&str, Sentence) =
    ("every rule is in force where its reason is so, and nowhere else", is_recounted);

fn is_recounted(visit: &Visit<'_>) -> bool {
    let Some(call) = visit.op.call() else { return true };
    let account = visit.before;
    // Nothing is carried out for a user that is not there, whatever else is so.
    let can = |rule: &Rule| {
        rule.claim.answer != Answer::Done || visit.op.user().is_none_or(|it| exists(account, it))
    };
    let so = |rule: &Rule| can(rule) && is_so(rule.claim.reason, account, &visit.op);
    let rules = || call.claims.iter().map(|claim| Rule { call, claim });
    let expected = rules().filter(|it| it.claim.reason != Reason::Unhindered).filter(so);
    let said = visit.allowed.rules().filter(|it| it.claim.reason != Reason::Unhindered);
    said.eq(expected)
}

/// Whether the reason is so.
fn is_so(reason: Reason, account: &Account, op: &Operation) -> bool {
    let user_is_there = op.user().is_none_or(|user| exists(account, user));
    let object_is_there = op.object().is_none_or(|object| there(account, object));
    let bounds = |user: User| account.boundary(user).map(policy);
    match reason {
        Reason::Unhindered | Reason::Flawed(..) => true,
        Reason::UserExists | Reason::BeingChanged => user_is_there,
        Reason::NoSuchUser => !user_is_there,
        // The 5,000 users of G-001 are in no scope.
        Reason::AccountFull => false,
        Reason::ObjectExists => object_is_there,
        Reason::NoSuchObject | Reason::NoRightCodes => !object_is_there,
        Reason::NameTaken => new_name(account, op) == NewName::Taken,
        Reason::SameName => new_name(account, op) == NewName::Same,
        Reason::InUse => op.object().is_some_and(|object| is_used(account, object)),
        Reason::IsBoundary => account.users().any(|user| bounds(user) == op.object()),
        Reason::NoBoundary => op.user().is_some_and(|it| user_is_there && bounds(it).is_none()),
        Reason::Holds(kind) => statuses(account, op, kind).contains(&Status::Active),
        Reason::HoldsInactive(kind) => {
            let held = statuses(account, op, kind);
            !held.is_empty() && !held.contains(&Status::Active)
        }
        Reason::HasParts(_)
        | Reason::AlreadyPart
        | Reason::NotPart
        | Reason::NoSuchVersion
        | Reason::NoSuchPolicy
        | Reason::IsDefault
        | Reason::PartsFull => is_so_of_parts(reason, account, op, object_is_there),
        Reason::AlreadyHeld
        | Reason::BeingMade
        | Reason::HeldByAnother
        | Reason::SameBody
        | Reason::NotHeld
        | Reason::QuotaReached => {
            is_so_of_items(reason, account, op, user_is_there, object_is_there)
        }
    }
}

fn is_so_of_parts(reason: Reason, account: &Account, op: &Operation, there: bool) -> bool {
    let pieces = |part| {
        let own = move |it: &Piece| Some(it.of) == op.object() && it.part == part;
        account.pieces().filter(own)
    };
    let part = op.part().map(|(_, part)| part);
    let named = part.into_iter().flat_map(pieces).find(|it| Some(it.item) == op.piece());
    let policy_is_there =
        op.referred().is_none_or(|policy| account.objects().any(|it| it == policy));
    match reason {
        Reason::HasParts(Part::Version) => pieces(Part::Version).count() > 1,
        Reason::HasParts(part) => pieces(part).next().is_some(),
        Reason::AlreadyPart => named.is_some(),
        Reason::NotPart => there && policy_is_there && named.is_none(),
        Reason::NoSuchVersion => named.is_none(),
        Reason::NoSuchPolicy => !policy_is_there,
        Reason::IsDefault => named.is_some_and(|it| it.default),
        Reason::PartsFull => part.is_some_and(|part| {
            pieces(part).count() >= most_parts(part) && (named.is_none() || part == Part::Version)
        }),
        _ => false,
    }
}

fn is_so_of_items(
    reason: Reason,
    account: &Account,
    op: &Operation,
    user_is_there: bool,
    object_is_there: bool,
) -> bool {
    let Some(kind) = op.kind() else { return false };
    let named = |held: &Held| held.kind == kind && held.item == op.item().unwrap_or_default();
    let own = |held: &Held| op.user() == Some(held.user);
    let held = account.holdings().any(|it| named(&it) && own(&it));
    // What the service names, and a device, is one user's; other names are as many as there are users.
    let one_users = kind.row().naming == Naming::Service || kind == Kind::MfaDevice;
    let held_by_another = one_users && !held && account.holdings().any(|it| named(&it));
    let again = matches!(kind, Kind::MfaDevice | Kind::InlinePolicy | Kind::Tag) && held;
    match reason {
        Reason::AlreadyHeld => held,
        Reason::BeingMade => user_is_there && held,
        Reason::HeldByAnother => held_by_another,
        Reason::NotHeld => object_is_there && !held && !held_by_another,
        Reason::SameBody => match *op {
            Operation::Issue(.., With::BodyOf(other)) => {
                account.holdings().any(|it| it.kind == kind && it.item == other)
            }
            _ => false,
        },
        Reason::QuotaReached => op.user().is_some_and(|user| {
            by(account, user).filter(|it| it.kind == kind).count() >= most(kind) && !again
        }),
        _ => false,
    }
}

#[derive(PartialEq, Eq)]
enum NewName {
    Same,
    Free,
    Taken,
}

fn new_name(account: &Account, op: &Operation) -> NewName {
    let name = |same, taken| match (same, taken) {
        (true, _) => NewName::Same,
        (false, true) => NewName::Taken,
        (false, false) => NewName::Free,
    };
    match *op {
        Operation::UpdateUser(_, Change { name: None, path }) => name(path.is_none(), false),
        Operation::UpdateUser(user, Change { name: Some(other), .. }) => {
            name(other == user, exists(account, other))
        }
        Operation::Rename(group, Some(item)) => {
            name(item == group.item, there(account, Object { item, ..group }))
        }
        _ => NewName::Free,
    }
}

const fn policy(item: crate::tables::attachments::Item) -> Object {
    Object { class: Class::Policy, item }
}

/// Whether a user or a group has it.
fn is_used(account: &Account, object: Object) -> bool {
    let holds = |held: Held| {
        held.item == object.item
            && match object.class {
                Class::Group => held.kind == Kind::GroupMembership,
                Class::Policy => held.kind == Kind::ManagedPolicy,
                Class::Device => held.kind == Kind::MfaDevice,
            }
    };
    let attached = |it: Piece| it.part == Part::AttachedPolicy && policy(it.item) == object;
    account.holdings().any(holds) || account.pieces().any(attached)
}

fn statuses(account: &Account, op: &Operation, kind: Kind) -> Vec<Status> {
    let held = account.holdings().filter(|it| it.kind == kind && op.user() == Some(it.user));
    held.map(|it| it.status).collect()
}
