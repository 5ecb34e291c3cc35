//! What a model with a fault does.

use super::Fault;
use crate::account::Account;
use crate::kind::{Kind, Status};
use crate::operation::{Operation, User};
use crate::step::{Outcome, apply, next};

impl Fault {
    /// What is true after the call was carried out by the model with this fault.
    #[must_use]
    pub fn next(self, account: &Account, op: &Operation) -> Account {
        let mut after = next(account, op, Outcome::Done);
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
fn with(op: &Operation, change: impl Fn(User, Kind) -> (User, Kind)) -> Option<Operation> {
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
fn following(kind: Kind) -> Kind {
    Kind::all().chain(Kind::all()).skip_while(|it| *it != kind).nth(1).unwrap_or(kind)
}
