//! From text to scripts. Every error says where, what was expected, and what came.

use iamspec_model::claim::calls;
use iamspec_model::{Item, Kind, Operation};

use super::operation::Shape;
use crate::nearest::suggestion;
use crate::script::{Script, Step};

/// What is wrong with a script, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What was expected and what came.
    pub message: String,
}

/// Reads a script.
///
/// # Errors
/// The first line that is not a call of this model, with its place.
pub fn parse(name: &str, text: &str) -> Result<Script, ParseError> {
    let mut script = Script { name: name.to_owned(), idea: String::new(), steps: Vec::new() };
    let mut bound = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let at = |(column, message): Failure| ParseError { line: index + 1, column, message };
        if let Some(comment) = line.trim_start().strip_prefix('#') {
            if script.idea.is_empty() {
                comment.trim().clone_into(&mut script.idea);
            }
        } else if !line.trim().is_empty() {
            let mut words = Words { line, place: 0 };
            let step = words.step().map_err(at)?;
            binds_anew(&step.operation, &mut bound).map_err(|message| at((1, message)))?;
            script.steps.push(step);
        }
    }
    if script.steps.is_empty() {
        return Err(ParseError {
            line: 1,
            column: 1,
            message: "expected a call such as `CreateUser u0`, found none".to_owned(),
        });
    }
    Ok(script)
}

/// A symbol that the service's answer gives a meaning is given it once.
fn binds_anew(op: &Operation, bound: &mut Vec<(Kind, Item)>) -> Result<(), String> {
    if let Operation::Issue(_, kind, item, _) = *op {
        if bound.contains(&(kind, item)) {
            return Err(format!(
                "`{}` was bound by an earlier call; use a new number",
                kind.symbol(item)
            ));
        }
        bound.push((kind, item));
    }
    Ok(())
}

/// The column, and what is wrong there.
pub(super) type Failure = (usize, String);

/// What is left of a line.
pub(super) struct Words<'a> {
    line: &'a str,
    pub(super) place: usize,
}

impl<'a> Words<'a> {
    pub(super) fn rest(&self) -> &'a str {
        self.line.get(self.place..).unwrap_or_default()
    }

    pub(super) fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.place += rest.len() - rest.trim_start().len();
    }

    pub(super) fn fail<T>(&self, message: impl Into<String>) -> Result<T, Failure> {
        let before = self.line.get(..self.place).unwrap_or_default();
        Err((before.chars().count() + 1, message.into()))
    }

    /// The next word, which ends at a blank or one of `stops`; empty at the end or at a comment.
    pub(super) fn word(&mut self, stops: &[char]) -> &'a str {
        self.skip_blanks();
        let rest = self.rest();
        if rest.starts_with('#') {
            return "";
        }
        let end =
            rest.find(|it: char| it.is_whitespace() || stops.contains(&it)).unwrap_or(rest.len());
        self.place += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Puts a word back, so that an error points at its beginning.
    pub(super) fn back<T>(&mut self, word: &str, message: impl Into<String>) -> Result<T, Failure> {
        self.place -= word.len();
        self.fail(message)
    }

    pub(super) fn found(word: &str) -> String {
        if word.is_empty() { "the end of the line".to_owned() } else { format!("`{word}`") }
    }

    fn step(&mut self) -> Result<Step, Failure> {
        let api = self.word(&[]);
        let Some(shape) = Shape::of(api) else {
            let near = suggestion(api, calls().map(|call| call.api));
            return self.back(api, format!("expected a call, found `{api}`{near}"));
        };
        let operation = self.arguments(shape)?;
        let operation = self.flaw(operation)?;
        let answer = match self.word(&[]) {
            "" => None,
            "->" => Some(self.answer()?),
            word => {
                return self
                    .back(word, format!("expected `->` or the end of the line, found `{word}`"));
            }
        };
        match self.word(&[]) {
            "" => Ok(Step { operation, answer }),
            word => self.back(word, format!("expected the end of the line, found `{word}`")),
        }
    }
}
