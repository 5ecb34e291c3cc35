//! What a mutant remembers of the account, where what is wrong with it is that it does not forget.

use iamspec_model::kind::Naming;
use iamspec_model::{Account, Change, Item, Kind, Operation, User, With};

use super::Fault;

/// What was so before.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The account before the last call that changed something.
    pub(super) before: Account,
    /// The calls by which each user would get again what it held last.
    held: Vec<(User, Vec<Operation>)>,
}

impl Fault {
    /// Whether it is about what was so before.
    #[must_use]
    pub const fn remembers(self) -> bool {
        matches!(self, Self::ListsLate | Self::Resurrects(_) | Self::ResurrectsBoundary)
    }
}

impl Memory {
    /// Takes note of what a call has changed.
    pub(crate) fn note(&mut self, fault: Fault, op: &Operation, before: Account, after: &Account) {
        if before == *after {
            return;
        }
        for user in after.users() {
            let held = again(fault, after, user);
            if !held.is_empty() {
                self.held.retain(|(it, _)| *it != user);
                self.held.push((user, held));
            }
        }
        // Who gets another name takes all along, and leaves nothing to the next who has the old one.
        if let Operation::UpdateUser(user, Change { name: Some(_), .. }) = *op {
            self.held.retain(|(it, _)| *it != user);
        }
        self.before = before;
    }

    /// The calls by which a user gets again what the one of its name held last.
    pub(super) fn held_by(&self, user: User) -> impl Iterator<Item = Operation> + use<'_> {
        self.held.iter().filter(move |(it, _)| *it == user).flat_map(|(_, held)| held).copied()
    }
}

/// How a user would get again what it holds now, of that with which the fault is concerned.
fn again(fault: Fault, account: &Account, user: User) -> Vec<Operation> {
    match fault {
        Fault::Resurrects(kind) => {
            account.held_of(user, kind).map(|it| attach(user, kind, it.item)).collect()
        }
        Fault::ResurrectsBoundary => {
            account.boundary(user).map(|it| Operation::PutBoundary(user, it)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn attach(user: User, kind: Kind, item: Item) -> Operation {
    if kind.row().naming == Naming::Service {
        Operation::Issue(user, kind, item, With::Nothing)
    } else {
        Operation::Attach(user, kind, item)
    }
}
