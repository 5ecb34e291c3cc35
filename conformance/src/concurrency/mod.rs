//! Several clients at once: what is asked at the same time, and whether some order of the calls explains
//! what was answered and what is true afterwards.
//!
//! Read in this order: [`hunt`] (which calls are asked together: those that the model checker finds wrong
//! answers for where an implementation checks first and acts then), [`search`] (is there an order),
//! [`mod@play`] and [`crowd`] (how they are asked, by how many, and when anything is held against the endpoint), [`explain`] (why no
//! order fits).
//!
//! Histories are judged whole. Splitting them by object would be faster, and wrong: a group, a policy or a device
//! joins its users, and a rename joins two names; calls about things that share nothing are never asked
//! together, so that there is nothing to split.

pub mod catalog;
pub mod execute;
pub mod linearizability;

use std::time::Duration;

use iamspec_model::Operation;

use crate::endpoint::Endpoint;
use crate::response::Response;

/// Calls that are asked at the same time, one by each client, after others that make what they need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Race {
    /// What it is called, after its calls and what was there before.
    pub name: String,
    /// What is asked before, by one client.
    pub before: Vec<Operation>,
    /// What is asked together.
    pub calls: Vec<Operation>,
    /// A way to go wrong: which call takes its next step each time, looking first and acting then.
    pub way: Vec<usize>,
    /// Whether what is known rules out what comes of that way: where it does not, nothing is held
    /// against anybody, and it is not asked.
    pub certain: bool,
}

/// A call of a history in which calls overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedCall {
    /// What was asked.
    pub operation: Operation,
    /// What was answered. A lost answer may come from a call that took effect, then or later.
    pub observed: Response,
    /// When it was sent.
    pub start: Duration,
    /// When it was answered.
    pub end: Duration,
}

/// An endpoint that several clients can ask at the same time.
pub trait ConcurrentEndpoint: Endpoint {
    /// Asks all of them at the same moment, each by a client of its own, after so long a head start for
    /// the others; the answers in the same order. The times are counted from one moment.
    fn together(&mut self, calls: &[(Operation, Duration)]) -> Vec<TimedCall>;
}
