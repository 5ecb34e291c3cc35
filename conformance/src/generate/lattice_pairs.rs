//! Every set of kinds.
//!
//! Every two kinds, in either order.

use std::collections::VecDeque;

use iamspec_model::{Account, AttachmentKind, Operation};

use crate::generate::kind_set::{Fresh, KindSet, USER, can_hold};
use crate::generate::{CanHold, Generator};

/// `DeleteUser` where the user holds each of the 512 sets of kinds, small sets first.
#[derive(Clone, Debug)]
pub struct Lattice {
    sets: VecDeque<KindSet>,
    fresh: Fresh,
}

impl Default for Lattice {
    fn default() -> Self {
        // Of a bare user last: it is gone then.
        let mut sets: VecDeque<KindSet> = KindSet::by_size().into();
        sets.rotate_left(1);
        Self { sets, fresh: Fresh::default() }
    }
}

impl Generator for Lattice {
    fn name(&self) -> &'static str {
        "lattice"
    }

    fn idea(&self) -> &'static str {
        "each of the 512 sets of kinds stands in the way of deletion, but for the empty one"
    }

    fn next(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
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

/// `DeleteUser` where the user holds two kinds, attached in either order: which of the two is named
/// is the only thing that can differ.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// First this kind is attached, then that one; a bare user stands between.
    pairs: VecDeque<(AttachmentKind, AttachmentKind)>,
    fresh: Fresh,
}

impl Default for Pairs {
    fn default() -> Self {
        let pairs = AttachmentKind::blockers().flat_map(|first| {
            AttachmentKind::blockers()
                .filter(move |then| *then != first)
                .map(move |then| (first, then))
        });
        Self { pairs: pairs.collect(), fresh: Fresh::default() }
    }
}

impl Generator for Pairs {
    fn name(&self) -> &'static str {
        "pairs"
    }

    fn idea(&self) -> &'static str {
        "each two kinds stand in the way of deletion, in whichever order they were attached"
    }

    fn next(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        while let Some((first, then)) = self.pairs.front().copied() {
            let (one, both) = (set([first]), set([first, then]));
            if !can_hold(both, can) {
                self.pairs.pop_front();
                continue;
            }
            let held = KindSet::held(account, USER);
            if held == both {
                self.pairs.pop_front();
                return Some(Operation::DeleteUser(USER));
            }
            let aim = if held == one { both } else { one };
            if let Some(op) = self.fresh.towards(account, USER, aim, can) {
                return Some(op);
            }
            self.pairs.pop_front();
        }
        None
    }

    fn goes_on(&self) -> bool {
        !self.pairs.is_empty()
    }
}

fn set<const N: usize>(kinds: [AttachmentKind; N]) -> KindSet {
    kinds.into_iter().fold(KindSet::default(), KindSet::with)
}
