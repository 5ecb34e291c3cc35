//! Two generators that call `DeleteUser` with combinations of kinds: [`Lattice`] covers every set
//! of kinds, [`Pairs`] every ordered pair.

use std::collections::VecDeque;

use iamspec_model::{Account, AttachmentKind, Operation};

use crate::generate::kind_set::{Fresh, KindSet, USER, can_hold};
use crate::generate::{CanHold, Generator};

/// Calls `DeleteUser` on a user that holds each set of kinds in turn, small sets first.
#[derive(Clone, Debug)]
pub struct Lattice {
    sets: VecDeque<KindSet>,
    fresh: Fresh,
}

impl Default for Lattice {
    fn default() -> Self {
        // The empty set comes last, because that call deletes the user.
        let mut sets: VecDeque<KindSet> = KindSet::by_size().into();
        sets.rotate_left(1);
        Self { sets, fresh: Fresh::default() }
    }
}

impl Generator for Lattice {
    fn name(&self) -> &'static str {
        "lattice"
    }

    fn description(&self) -> &'static str {
        "every non-empty set of attachment kinds blocks deletion; the empty set does not"
    }

    fn next_operation(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        while let Some(set) = self.sets.front().copied() {
            if can_hold(set, can) {
                if let Some(op) = self.fresh.step_towards(account, USER, set, can) {
                    return Some(op);
                }
                self.sets.pop_front();
                return Some(Operation::DeleteUser(USER));
            }
            self.sets.pop_front();
        }
        None
    }

    fn has_more(&self) -> bool {
        !self.sets.is_empty()
    }
}

/// Calls `DeleteUser` on a user that holds two kinds, attached in either order. Only the attachment
/// named in the refusal may differ.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// The remaining pairs; each has its kinds in the order in which they are attached.
    pairs: VecDeque<(AttachmentKind, AttachmentKind)>,
    fresh: Fresh,
}

impl Default for Pairs {
    fn default() -> Self {
        let pairs = AttachmentKind::blockers().flat_map(|first| {
            AttachmentKind::blockers()
                .filter(move |second| *second != first)
                .map(move |second| (first, second))
        });
        Self { pairs: pairs.collect(), fresh: Fresh::default() }
    }
}

impl Generator for Pairs {
    fn name(&self) -> &'static str {
        "pairs"
    }

    fn description(&self) -> &'static str {
        "every two attachment kinds block deletion, whichever was attached first"
    }

    fn next_operation(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        while let Some((first, second)) = self.pairs.front().copied() {
            let one = KindSet::default().with(first);
            let both = one.with(second);
            if !can_hold(both, can) {
                self.pairs.pop_front();
                continue;
            }
            let held = KindSet::held(account, USER);
            if held == both {
                self.pairs.pop_front();
                return Some(Operation::DeleteUser(USER));
            }
            let goal = if held == one { both } else { one };
            if let Some(op) = self.fresh.step_towards(account, USER, goal, can) {
                return Some(op);
            }
            self.pairs.pop_front();
        }
        None
    }

    fn has_more(&self) -> bool {
        !self.pairs.is_empty()
    }
}
