//! The model as a reference state machine of [`proptest_state_machine`], for property tests of
//! programs that are not IAM endpoints, such as a client-side cache or a cleanup tool.
//!
//! ```
//! use std::collections::BTreeSet;
//!
//! use iamspec_model::User;
//! use iamspec_testing::state_machine::{IamModel, Operation, ScriptState};
//! use proptest_state_machine::StateMachineTest;
//!
//! /// A cache of the users that exist.
//! struct Cache(BTreeSet<User>);
//!
//! impl StateMachineTest for Cache {
//!     type SystemUnderTest = Self;
//!     type Reference = IamModel;
//!
//!     fn init_test(_: &ScriptState) -> Self {
//!         Self(BTreeSet::new())
//!     }
//!
//!     /// `after` is the model after the operation.
//!     fn apply(mut cache: Self, after: &ScriptState, operation: Operation) -> Self {
//!         match operation {
//!             Operation::CreateUser(user, _) if after.account().has_user(user) => {
//!                 cache.0.insert(user);
//!             }
//!             Operation::DeleteUser(user) if !after.account().has_user(user) => {
//!                 cache.0.remove(&user);
//!             }
//!             _ => {} // wrong: UpdateUser renames users
//!         }
//!         cache
//!     }
//!
//!     fn check_invariants(cache: &Self, after: &ScriptState) {
//!         assert!(after.account().users().eq(cache.0.iter().copied()));
//!     }
//! }
//! ```

use iamspec_conformance::generate::strategies::{NameCounts, Swarm, choices};
use proptest::prelude::{BoxedStrategy, Just, Strategy as _};
use proptest_state_machine::ReferenceStateMachine;

pub use iamspec_conformance::generate::strategies::ScriptState;
pub use iamspec_model::{Operation, allowed};

/// The model of an account. Every operation that may succeed does.
#[derive(Clone, Copy, Debug)]
pub struct IamModel;

impl ReferenceStateMachine for IamModel {
    type State = ScriptState;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<ScriptState> {
        Just(ScriptState::default()).boxed()
    }

    fn transitions(state: &ScriptState) -> BoxedStrategy<Operation> {
        let (state, swarm) = (state.clone(), Swarm::of_all());
        let operation = move |choice| state.clone().advance(&choice, &swarm);
        choices(NameCounts::default()).prop_map(operation).boxed()
    }

    fn apply(mut state: ScriptState, operation: &Operation) -> ScriptState {
        state.apply(operation);
        state
    }

    fn preconditions(state: &ScriptState, operation: &Operation) -> bool {
        state.permits(operation)
    }
}
