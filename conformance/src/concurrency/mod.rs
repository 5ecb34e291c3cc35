//! Concurrent clients: operations sent at the same time, and a check that some order of them
//! explains every response and the final state.
//!
//! [`catalog`] lists the races: pairs of operations for which the model checker finds a wrong
//! outcome if an implementation checks first and acts later. [`execute`] runs them with two or more
//! clients. [`linearizability`] searches for an order and explains why none fits.
//!
//! Each history is checked as a whole. Checking it per resource would be faster but wrong: a group,
//! a policy or a device connects its users, and a rename connects two names.

pub mod catalog;
pub mod execute;
pub mod linearizability;

use std::time::Duration;

use iamspec_model::Operation;

use crate::endpoint::Endpoint;
use crate::response::Response;

/// Operations sent at the same time, each by its own client, after a common setup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Race {
    /// The name: the actions and the initial state.
    pub name: String,
    /// The setup operations, sent by one client.
    pub setup: Vec<Operation>,
    /// The racing operations.
    pub calls: Vec<Operation>,
    /// An interleaving with a wrong outcome: the index of the operation that takes each step. Every
    /// operation first checks and then acts.
    pub anomaly: Vec<usize>,
    /// Whether the specification rules out the outcome of that interleaving. Otherwise the race
    /// proves nothing and is not run.
    pub is_forbidden: bool,
}

/// An operation in a history of overlapping operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedCall {
    /// The operation.
    pub operation: Operation,
    /// The response. After a lost response, the operation may take effect at any time or never.
    pub response: Response,
    /// The time of the request.
    pub start: Duration,
    /// The time of the response.
    pub end: Duration,
}

/// An endpoint that several clients can call at the same time.
pub trait ConcurrentEndpoint: Endpoint {
    /// Sends all operations at the same time, each from its own client, after its delay. Returns
    /// the responses in the same order, with times from a common clock.
    fn send_together(&mut self, calls: &[(Operation, Duration)]) -> Vec<TimedCall>;
}
