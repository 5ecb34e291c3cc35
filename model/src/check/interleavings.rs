//! Concurrent calls on an endpoint without atomicity: each call checks first and takes effect
//! later.
//!
//! Such an endpoint evaluates the conditions of a call and applies its effect without a lock around
//! both. stateright explores every interleaving of checks and effects. An interleaving is an
//! anomaly if no sequential order of the calls explains the responses and the final state.

use std::hash::Hash;

use stateright::{Checker as _, Model, Property};

use crate::operation::Operation;
use crate::semantics::{Effect, allowed, apply};
use crate::state::Account;

/// Concurrent calls, one for each client.
#[derive(Clone, Debug)]
pub struct Interleaving {
    /// The state before the calls.
    pub account: Account,
    /// The calls.
    pub calls: Vec<Operation>,
}

/// The progress of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Not started.
    Pending,
    /// The check succeeded; the effect is outstanding.
    Checked,
    /// Completed with this outcome.
    Completed(Effect),
}

/// A state during the calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InterleavingState {
    /// The state of the account.
    pub account: Account,
    /// The progress of each call.
    pub stages: Vec<Stage>,
}

/// The only property.
const LINEARIZABLE: &str = "a sequential order explains the responses and the final state";

impl Interleaving {
    /// The shortest interleaving that is an anomaly, as the index of the call that takes each step.
    /// `None` if a sequential order explains every interleaving.
    #[must_use]
    pub fn anomaly(&self) -> Option<Vec<usize>> {
        let checker = self.clone().checker().spawn_bfs().join();
        checker.discovery(LINEARIZABLE).map(stateright::Path::into_actions)
    }

    fn is_linearizable(&self, end: &InterleavingState) -> bool {
        let mut remaining: Vec<usize> = (0..self.calls.len()).collect();
        self.has_order(&self.account, end, &mut remaining)
    }

    /// Returns true if some order of the remaining calls leads from `account` to the end.
    fn has_order(
        &self,
        account: &Account,
        end: &InterleavingState,
        remaining: &mut Vec<usize>,
    ) -> bool {
        if remaining.is_empty() {
            return *account == end.account;
        }
        for position in 0..remaining.len() {
            let call = remaining.remove(position);
            let matching =
                self.calls.get(call).zip(end.stages.get(call)).and_then(|(op, stage)| {
                    let mut after = account.clone();
                    (Stage::Completed(execute(&mut after, op)) == *stage).then_some(after)
                });
            let found = matching.is_some_and(|after| self.has_order(&after, end, remaining));
            remaining.insert(position, call);
            if found {
                return true;
            }
        }
        false
    }
}

/// Executes a call atomically. A call that may be refused is refused.
fn execute(account: &mut Account, op: &Operation) -> Effect {
    if allowed(account, op).must_succeed() {
        apply(account, op);
        Effect::Success
    } else {
        Effect::Refused
    }
}

impl Model for Interleaving {
    type State = InterleavingState;
    /// The index of the call that takes its next step.
    type Action = usize;

    fn init_states(&self) -> Vec<InterleavingState> {
        let stages = vec![Stage::Pending; self.calls.len()];
        vec![InterleavingState { account: self.account.clone(), stages }]
    }

    fn actions(&self, state: &InterleavingState, actions: &mut Vec<usize>) {
        let incomplete = |(_, stage): &(usize, &Stage)| !matches!(stage, Stage::Completed(_));
        actions.extend(state.stages.iter().enumerate().filter(incomplete).map(|(call, _)| call));
    }

    fn next_state(&self, last: &InterleavingState, call: usize) -> Option<InterleavingState> {
        let mut next = last.clone();
        let (op, stage) = (self.calls.get(call)?, next.stages.get_mut(call)?);
        *stage = match stage {
            Stage::Pending if allowed(&last.account, op).must_succeed() => Stage::Checked,
            Stage::Pending => Stage::Completed(Effect::Refused),
            Stage::Checked => {
                apply(&mut next.account, op);
                Stage::Completed(Effect::Success)
            }
            Stage::Completed(_) => return None,
        };
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(LINEARIZABLE, |model: &Self, state: &InterleavingState| {
            let completed = state.stages.iter().all(|it| matches!(it, Stage::Completed(_)));
            !completed || model.is_linearizable(state)
        })]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Item;
    use crate::ids::User;
    use crate::kind::AttachmentKind;
    use crate::tables::attachments::Naming;

    fn race(account: &[Operation], calls: &[Operation]) -> Option<Vec<usize>> {
        let mut before = Account::default();
        for op in account {
            apply(&mut before, op);
        }
        Interleaving { account: before, calls: calls.to_vec() }.anomaly()
    }

    const ALICE: User = User(0);

    /// An attachment that needs only a user.
    fn attach() -> Option<Operation> {
        let kind = AttachmentKind::blockers().find(|it| it.row().naming == Naming::Single)?;
        Some(Operation::Attach(ALICE, kind, Item(0)))
    }

    #[test]
    fn a_concurrent_attachment_during_deletion_is_an_anomaly() {
        let before = [Operation::create_user(ALICE)];
        let anomaly = attach().and_then(|it| race(&before, &[Operation::DeleteUser(ALICE), it]));
        assert_eq!(anomaly.map(|it| it.len()), Some(4));
    }

    #[test]
    fn independent_calls_have_no_anomaly() {
        let [one, other] = [User(0), User(1)].map(Operation::create_user);
        assert_eq!(race(&[], &[one, other]), None);
        assert_eq!(race(&[one], &[Operation::DeleteUser(ALICE), other]), None);
    }

    #[test]
    fn a_call_refused_in_every_order_has_no_anomaly() {
        let anomaly = attach().map(|it| race(&[], &[Operation::DeleteUser(ALICE), it]));
        assert_eq!(anomaly, Some(None));
    }
}
