//! The model as a reference state machine: a right implementation agrees with it, a wrong one does
//! not, and the sequence that shows the difference is short.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use iamspec_model::User;
use iamspec_testing::state_machine::{IamModel, Operation, ScriptState};
use proptest::test_runner::{Config, TestError, TestRunner};
use proptest_state_machine::ReferenceStateMachine as _;

/// The names of users, as a program that never asks keeps them.
#[derive(Default)]
struct Names(BTreeSet<User>);

impl Names {
    fn apply(&mut self, operation: &Operation, before: &ScriptState, knows_renames: bool) {
        if !iamspec_model::allowed(before.account(), operation).may_succeed() {
            return;
        }
        match operation.well_formed() {
            Operation::CreateUser(user, _) => _ = self.0.insert(user),
            Operation::DeleteUser(user) => _ = self.0.remove(&user),
            Operation::UpdateUser(user, change) if knows_renames => {
                self.0.remove(&user);
                self.0.insert(change.name.unwrap_or(user));
            }
            _ => {}
        }
    }
}

/// The shortest sequence after which the names differ from those of the model.
fn disagreement(knows_renames: bool) -> Option<Vec<Operation>> {
    let config = Config { failure_persistence: None, max_shrink_iters: 5000, ..Config::default() };
    let rng = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
    let sequences = IamModel::sequential_strategy(1..100);
    let result =
        TestRunner::new_with_rng(config, rng).run(&sequences, |(start, operations, seen)| {
            let (mut state, mut names) = (start, Names::default());
            for operation in &operations {
                // Shrinking leaves out what was not reached.
                if let Some(seen) = &seen {
                    seen.fetch_add(1, Ordering::SeqCst);
                }
                names.apply(operation, &state, knows_renames);
                state = IamModel::apply(state, operation);
            }
            let expected: BTreeSet<User> = state.account().users().collect();
            proptest::prop_assert_eq!(names.0, expected);
            Ok(())
        });
    match result {
        Ok(()) => None,
        Err(TestError::Fail(_, (_, operations, _))) => Some(operations),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

#[test]
fn a_wrong_program_is_shown_by_a_short_sequence() {
    assert_eq!(disagreement(true), None);
    let operations = disagreement(false).unwrap();
    assert!(operations.len() <= 4, "{operations:?}");
    assert!(operations.iter().any(|it| matches!(it, Operation::UpdateUser(..))), "{operations:?}");
}
