//! Every set of kinds.

use std::collections::VecDeque;

use iamspec_model::{Account, Operation};

use super::{Can, Course, Fresh, Kinds, USER, can_hold};

/// `DeleteUser` where the user holds each of the 512 sets of kinds, small sets first.
#[derive(Clone, Debug)]
pub struct Lattice {
    sets: VecDeque<Kinds>,
    fresh: Fresh,
}

impl Default for Lattice {
    fn default() -> Self {
        // Of a bare user last: it is gone then.
        let mut sets: VecDeque<Kinds> = Kinds::by_size().into();
        sets.rotate_left(1);
        Self { sets, fresh: Fresh::default() }
    }
}

impl Course for Lattice {
    fn name(&self) -> &'static str {
        "lattice"
    }

    fn idea(&self) -> &'static str {
        "each of the 512 sets of kinds stands in the way of deletion, but for the empty one"
    }

    fn next(&mut self, account: &Account, can: Can<'_>) -> Option<Operation> {
        while let Some(set) = self.sets.front().copied() {
            if can_hold(set, can) {
                if let Some(op) = self.fresh.towards(account, USER, set, can) {
                    return Some(op);
                }
                self.sets.pop_front();
                return Some(Operation::DeleteUser(USER));
            }
            self.sets.pop_front();
        }
        None
    }

    fn goes_on(&self) -> bool {
        !self.sets.is_empty()
    }
}
