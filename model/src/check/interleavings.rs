//! Calls that are not atomic: each looks first and acts then, and others act in between.
//!
//! That is how a service goes wrong that checks what stands in the way of a call and carries it out
//! without a lock around both. stateright goes through every order of the looks and acts; where a way
//! ends in answers and an account that no order of whole calls explains, it has found an anomaly.

use std::hash::Hash;

use stateright::{Checker as _, Model, Property};

use crate::operation::Operation;
use crate::semantics::{Effect, allowed, apply};
use crate::state::Account;

/// Calls that several clients make at the same time, one each.
#[derive(Clone, Debug)]
pub struct Interleaving {
    /// What is true before.
    pub account: Account,
    /// What is asked.
    pub calls: Vec<Operation>,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It has not begun.
    Asked,
    /// It has found nothing in its way, and will act.
    Looked,
    /// It is answered.
    Answered(Effect),
}

/// What is true while the calls go on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Between {
    /// What exists.
    pub account: Account,
    /// How far each call is.
    pub stages: Vec<Stage>,
}

/// The name of the one property.
const EXPLAINED: &str =
    "some order of whole calls explains the answers and what is true afterwards";

impl Interleaving {
    /// The shortest way to an anomaly, as which call takes its next step each time; nothing where every
    /// way ends as some order of whole calls would.
    #[must_use]
    pub fn anomaly(&self) -> Option<Vec<usize>> {
        let checker = self.clone().checker().spawn_bfs().join();
        checker.discovery(EXPLAINED).map(stateright::Path::into_actions)
    }

    fn is_explained(&self, end: &Between) -> bool {
        let mut left: Vec<usize> = (0..self.calls.len()).collect();
        self.some_order(&self.account, end, &mut left)
    }

    /// Whether the calls that are left can follow each other from here to the end.
    fn some_order(&self, account: &Account, end: &Between, left: &mut Vec<usize>) -> bool {
        if left.is_empty() {
            return *account == end.account;
        }
        for place in 0..left.len() {
            let call = left.remove(place);
            let fits = self.calls.get(call).zip(end.stages.get(call)).and_then(|(op, stage)| {
                let mut after = account.clone();
                (Stage::Answered(answered(&mut after, op)) == *stage).then_some(after)
            });
            let explained = fits.is_some_and(|after| self.some_order(&after, end, left));
            left.insert(place, call);
            if explained {
                return true;
            }
        }
        false
    }
}

/// The call as a whole. What may be refused is.
fn answered(account: &mut Account, op: &Operation) -> Effect {
    if allowed(account, op).must_be_done() {
        apply(account, op);
        Effect::Done
    } else {
        Effect::Refused
    }
}

impl Model for Interleaving {
    type State = Between;
    /// The call that takes its next step.
    type Action = usize;

    fn init_states(&self) -> Vec<Between> {
        let stages = vec![Stage::Asked; self.calls.len()];
        vec![Between { account: self.account.clone(), stages }]
    }

    fn actions(&self, state: &Between, actions: &mut Vec<usize>) {
        let goes_on = |(place, stage): (usize, &Stage)| {
            (!matches!(stage, Stage::Answered(_))).then_some(place)
        };
        actions.extend(state.stages.iter().enumerate().filter_map(goes_on));
    }

    fn next_state(&self, last: &Between, call: usize) -> Option<Between> {
        let mut next = last.clone();
        let (op, stage) = (self.calls.get(call)?, next.stages.get_mut(call)?);
        *stage = match stage {
            Stage::Asked if allowed(&last.account, op).must_be_done() => Stage::Looked,
            Stage::Asked => Stage::Answered(Effect::Refused),
            Stage::Looked => {
                apply(&mut next.account, op);
                Stage::Answered(Effect::Done)
            }
            Stage::Answered(_) => return None,
        };
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(EXPLAINED, |model: &Self, state: &Between| {
            let over = state.stages.iter().all(|it| matches!(it, Stage::Answered(_)));
            !over || model.is_explained(state)
        })]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::User;
    use crate::tables::attachments::AttachmentKind;
    use crate::tables::attachments::Item;
    use crate::tables::attachments::Naming;

    fn race(account: &[Operation], calls: &[Operation]) -> Option<Vec<usize>> {
        let mut before = Account::default();
        for op in account {
            apply(&mut before, op);
        }
        Interleaving { account: before, calls: calls.to_vec() }.anomaly()
    }

    const ALICE: User = User(0);

    /// Of a kind that needs nothing but a user.
    fn attach() -> Option<Operation> {
        let kind = AttachmentKind::blockers().find(|it| it.row().naming == Naming::Single)?;
        Some(Operation::Attach(ALICE, kind, Item(0)))
    }

    #[test]
    fn a_deletion_that_looks_first_misses_what_is_attached_then() {
        let before = [Operation::create_user(ALICE)];
        let way = attach().and_then(|it| race(&before, &[Operation::DeleteUser(ALICE), it]));
        assert_eq!(way.map(|it| it.len()), Some(4));
    }

    #[test]
    fn what_shares_nothing_is_explained() {
        let [one, other] = [User(0), User(1)].map(Operation::create_user);
        assert_eq!(race(&[], &[one, other]), None);
        assert_eq!(race(&[one], &[Operation::DeleteUser(ALICE), other]), None);
    }

    #[test]
    fn a_call_that_finds_something_in_its_way_at_once_is_explained() {
        let way = attach().map(|it| race(&[], &[Operation::DeleteUser(ALICE), it]));
        assert_eq!(way, Some(None));
    }
}
