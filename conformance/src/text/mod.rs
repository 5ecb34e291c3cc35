//! Scripts and histories as text, for people.
//!
//! ```text
//! # Membership of a group stands in the way of deletion; leaving the group clears it.
//! CreateGroup g0
//! CreateUser u0
//! AddUserToGroup u0 g0
//! DeleteUser u0                    -> 409 DeleteConflict
//! ```
//!
//! A line is a call by AWS's name, its symbols, and after `->` what is answered: `200`, `200` with
//! a listing in brackets, or a status, a code and a text in quotes. `#` begins a comment.

mod answer;
mod operation;
mod parse;
mod print;

pub use parse::{ParseError, parse};
pub use print::{operation, print};
