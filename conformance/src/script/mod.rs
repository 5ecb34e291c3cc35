//! A script: operations in symbols, with one line that says the idea. A history is a script with
//! the answers.

pub mod isolation;
pub mod parse;
pub mod pattern;
pub mod print;

use iamspec_model::Operation;

use crate::response::Response;
use crate::script::isolation::neighbours;

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

/// The hand-written scripts, each with its name and its text: one idea each.
pub const HAND_WRITTEN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scripts.rs"));

/// The hand-written scripts.
///
/// # Errors
/// The first that cannot be read, which a test rules out.
pub fn hand_written() -> Result<Vec<Script>, (String, parse::ParseError)> {
    let parse = |(name, text): &(&str, &str)| {
        parse::parse(name, text).map_err(|error| ((*name).to_owned(), error))
    };
    HAND_WRITTEN.iter().map(parse).collect()
}

/// Every script of ours: the hand-written ones, and those about neighbours.
///
/// # Errors
/// The first that cannot be read, which a test rules out.
pub fn ours() -> Result<Vec<Script>, (String, parse::ParseError)> {
    Ok(hand_written()?.into_iter().chain(neighbours()).collect())
}
