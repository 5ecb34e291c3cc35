//! The exhaustive check of the specification itself, in every state of bounded [`scope::Scope`]s.
//!
//! [`scopes`] lists the scopes with their state counts. Properties of states and of calls do not
//! use the functions that evaluate the rules, so that a wrong rule cannot hide itself.
//! [`model_mutants`] are deliberate errors in the model, which the properties must detect.
//!
//! Only [`model_checker`] and [`exhaustive`] import the lists of properties.

pub mod canonical_form;
pub mod exhaustive;
pub mod explorer;
pub(crate) mod frame_properties;
pub(crate) mod independence;
pub mod interleavings;
pub(crate) mod logic_agreement;
pub mod model_checker;
pub mod model_mutants;
pub mod scope;
pub(crate) mod state_properties;
pub mod tla_module;
pub(crate) mod transition_properties;

use crate::check::scope::Scope;
use crate::logic::structure::Structure;
use crate::operation::Operation;
use crate::rule::Condition;
use crate::semantics::Allowed;
use crate::state::Account;

/// One call in one state, with its allowed responses.
#[derive(Debug)]
pub struct Visit<'a> {
    /// The scope of the check.
    pub scope: &'a Scope,
    /// The state before the call.
    pub before: &'a Account,
    /// The same state as a structure of first-order logic.
    pub structure: &'a Structure,
    /// The call.
    pub op: Operation,
    /// The allowed responses.
    pub allowed: Allowed,
    /// The state after the call if it may succeed; otherwise the state before.
    pub after: &'a Account,
}

impl Visit<'_> {
    /// Returns true if the call may succeed.
    #[must_use]
    pub fn may_succeed(&self) -> bool {
        self.allowed.may_succeed()
    }

    /// Returns true if the call is certain to succeed, at the latest after retries.
    #[must_use]
    pub fn must_succeed(&self) -> bool {
        self.allowed.must_succeed()
    }

    /// Returns true if it is unspecified whether the call succeeds.
    fn is_unspecified(&self) -> bool {
        self.may_succeed() && !self.must_succeed()
    }

    /// Returns true if the call is refused and this condition is one of the reasons.
    fn refuses(&self, condition: Condition) -> bool {
        !self.may_succeed()
            && self.allowed.refusals().any(|rule| rule.clause.condition == condition)
    }
}

/// A property of one state.
pub(crate) type StateProperty = fn(&Scope, &Account) -> bool;

/// A property of one call in one state.
pub(crate) type TransitionProperty = fn(&Visit<'_>) -> bool;
