//! Scripts: operation sequences in symbolic names, with one line that states the idea.
//!
//! A history is a script with the observed responses. [`parse`] and [`print`] define the text
//! format, [`corpus`] contains the embedded scripts and generates one for every kind of attachment,
//! and [`unusual`] replaces symbols by symbols with unusual names. The runner runs scripts; this
//! module does not.

pub mod corpus;
pub mod parse;
pub mod pattern;
pub mod print;
pub mod rebuild;
pub mod unusual;

use iamspec_model::Operation;

use crate::response::Response;

/// A sequence of operations that runs in a namespace of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// A stable name, such as `delete-user/alone/access-key`.
    pub name: String,
    /// What the script shows, in one sentence.
    pub idea: String,
    /// The operations, in order.
    pub steps: Vec<Step>,
}

/// One operation with an optional response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The operation.
    pub operation: Operation,
    /// In a script, the response that its author documents for AWS. In a history, the observed
    /// response.
    pub response: Option<Response>,
}

impl From<Operation> for Step {
    /// The operation without a response.
    fn from(operation: Operation) -> Self {
        Self { operation, response: None }
    }
}

impl Script {
    /// Returns the operations, in order.
    pub fn operations(&self) -> impl Iterator<Item = Operation> + use<'_> {
        self.steps.iter().map(|step| step.operation)
    }

    /// Returns the script up to and including this step.
    #[must_use]
    pub fn until(&self, step: usize) -> Self {
        Self { steps: self.steps.iter().take(step + 1).cloned().collect(), ..self.clone() }
    }
}
