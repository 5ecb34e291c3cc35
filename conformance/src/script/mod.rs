//! A script: operations in symbols, with one line that says the idea. A history is a script with
//! the answers.

pub mod corpus;
pub mod isolation;
pub mod parse;
pub mod pattern;
pub mod print;
pub mod rebuild;

use iamspec_model::Operation;

use crate::response::Response;

/// Operations to ask one after the other, in a name space of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// A stable name, such as `delete-user/alone/access-key`.
    pub name: String,
    /// What it shows, in one sentence.
    pub idea: String,
    /// What is asked, in order.
    pub steps: Vec<Step>,
}

/// One operation, and the answer that was expected or observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is asked.
    pub operation: Operation,
    /// What its author says AWS answers, or what was answered.
    pub answer: Option<Response>,
}

impl Script {
    /// What is asked, in order.
    pub fn operations(&self) -> impl Iterator<Item = Operation> + use<'_> {
        self.steps.iter().map(|step| step.operation)
    }

    /// The script up to and with this step: what it takes to see what that step shows.
    #[must_use]
    pub fn until(&self, step: usize) -> Self {
        Self { steps: self.steps.iter().take(step + 1).cloned().collect(), ..self.clone() }
    }
}
