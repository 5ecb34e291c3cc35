//! Audit: checks recorded traffic of other clients, such as CloudTrail logs, against the
//! specification.
//!
//! The account is empty or unknown at first. Knowledge grows with the responses: with refusals, with
//! listings, and with the effects of successful calls. A response is impossible only if no account
//! that agrees with all knowledge explains it. The audit makes three assumptions:
//! - No event about the users and resources in question is missing between the first and the last.
//! - An event that ended before another one began comes before it. Others may have any order.
//! - A read or a refusal may show an earlier state for a while after a change (F-001 to F-004). Only
//!   what changed within that time is uncertain.
//!
//! `knowledge.rs` keeps what is known, `effects.rs` updates it, `forgetting.rs` has what becomes
//! unknown, `view.rs` reads it at one time,
//! `possible_accounts.rs` enumerates the accounts that agree with it, `ordering.rs` searches for an
//! order of events that overlap, `judgement.rs` judges one event, `account_listings.rs` a listing of the
//! whole account, `action_responses.rs` a refusal by its action alone, `aws_policies.rs` a response about a policy of AWS, and `checker.rs` has the
//! [`Auditor`].
//! Log formats belong to the harness.

mod account_listings;
mod action_responses;
mod aws_policies;
mod checker;
mod effects;
mod forgetting;
mod judgement;
mod knowledge;
mod ordering;
mod possible_accounts;
mod view;

use std::fmt;
use std::rc::Rc;

use iamspec_model::{Action, Entity, Item, Level, Operation, Path, Resource, User};

use crate::oracle::Tier;
use crate::oracle::formats::FormatDeviation;
use crate::response::{Failure, Response};
use crate::results::Threshold;

pub use crate::audit::aws_policies::{aws_policy, is_about_policies_of_others};
pub use crate::audit::checker::Auditor;

/// How an audit compares.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditOptions {
    /// Whether nothing exists at first. Otherwise, the account is unknown.
    pub starts_empty: bool,
    /// The number of microseconds after a change in which a read or a refusal may be stale.
    pub lag: i64,
    /// The divergences that count.
    pub threshold: Threshold,
    /// Whether responses that show unspecified behavior are collected.
    pub learn: bool,
}

/// A recorded request and its response. Each name has one symbol in the whole account.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    /// The id of the event in the log.
    pub id: String,
    /// The call and its response, in the names of the log.
    pub shown: String,
    /// The file and the place in it.
    pub source: String,
    /// When the request was sent, for messages. Empty if the log has no times.
    pub time: String,
    /// When the request was sent, in microseconds since 1970.
    pub start: i64,
    /// When the response had arrived.
    pub end: i64,
    /// The action.
    pub action: &'static Action,
    /// The call.
    pub call: AuditCall,
    /// The response.
    pub response: Response,
    /// Which part of a listing the response shows.
    pub shown_part: ShownPart,
    /// The entities that a listing of the account shows twice, with the same ids.
    pub repeated: Vec<Entity>,
    /// Whether the message of the response is unknown: it is not compared.
    pub hides_message: bool,
    /// The resources that exist independently of the log, such as the policies of AWS.
    pub external: Vec<Resource>,
    /// The other policies of the log that have the name of the policy that a request creates.
    pub namesakes: Vec<Resource>,
    /// The path and the name of the AWS managed policy that the request names.
    pub aws_policy: Option<String>,
    /// The format deviations of the response.
    pub deviations: Vec<FormatDeviation>,
    /// The listings that are parts of the response, as the reads that would show the same.
    pub details: Vec<AuditEvent>,
}

/// The operations of a recorded request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditCall {
    /// An operation, and the others that succeed together with it, such as a second tag.
    Operation(Operation, Vec<Operation>),
    /// The request lacks a name, or is not an operation of the model. If it succeeded, everything
    /// about this user, or about every user and resource, may have changed.
    Unknown(Option<User>),
    /// The request sets or removes tags of the user, and it is not known which.
    UnknownTags(User),
    /// Only the action is recorded, and nothing that the request names. The event is judged without
    /// an account.
    Unnamed,
}

impl AuditCall {
    /// The symbol of an item that the service has named, and whose name the log does not have.
    pub const UNNAMED_ITEM: Item = Item(0x00ff_fffd);
}

/// Which part of a listing a response shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ShownPart {
    /// Every entry.
    #[default]
    Whole,
    /// Some entries: one page, or those that a filter selects.
    Part,
    /// The users with one of these paths, with their paths.
    Paths {
        /// The paths that the log has named so far and that begin with the prefix. `None`: all.
        listed: Option<Vec<Path>>,
        /// The path of each user in the response.
        paths: Vec<(User, Path)>,
    },
}

impl AuditEvent {
    /// The operation, if the request is one.
    #[must_use]
    pub const fn operation(&self) -> Option<&Operation> {
        match &self.call {
            AuditCall::Operation(operation, _) => Some(operation),
            _ => None,
        }
    }

    /// Every operation of the request.
    fn operations(&self) -> impl Iterator<Item = &Operation> {
        let (first, others) = match &self.call {
            AuditCall::Operation(first, others) => (Some(first), others.as_slice()),
            _ => (None, [].as_slice()),
        };
        first.into_iter().chain(others)
    }

    /// Whether the call cannot have changed anything: it is a read, or was refused.
    fn changes_nothing(&self) -> bool {
        let had_no_effect = match &self.response {
            Response::Success(_) => false,
            Response::Refused { .. } => true,
            Response::Failed(failure) => failure.kind.had_no_effect(),
        };
        had_no_effect || self.operation().is_some_and(Operation::is_read)
    }

    /// The failure, if there is no response that says whether the call succeeded.
    const fn failure(&self) -> Option<&Failure> {
        match &self.response {
            Response::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// `DeleteUser alice -> 409 DeleteConflict, event 4, 2026-01-01T00:00:00Z, log.json, event 17`
impl fmt::Display for AuditEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)?;
        for (word, text) in [("event ", &self.id), ("", &self.time), ("", &self.source)] {
            if !text.is_empty() {
                write!(f, ", {word}{text}")?;
            }
        }
        Ok(())
    }
}

/// The verdict on a recorded event.
#[derive(Clone, Debug)]
pub enum AuditVerdict {
    /// Some account that agrees with the knowledge explains the response.
    Possible,
    /// No account explains the response.
    Impossible(Box<AuditFinding>),
    /// Only an account in which a recent change is not visible yet explains the response, or one in
    /// which events that overlap have an order that the log does not give.
    TooSoon,
    /// The response does not depend on the account, or the event lacks a name.
    Uninformative,
}

/// The reason why a response is impossible.
#[derive(Clone, Debug)]
pub struct AuditFinding {
    /// The id of the broken rule.
    pub rule: String,
    /// The broken rule as a sentence.
    pub statement: String,
    /// The part of the response that differs.
    pub tier: Tier,
    /// The level of the evidence.
    pub level: Level,
    /// The expected responses, each with its rule.
    pub allowed: Vec<(String, String)>,
    /// The facts that the rule is based on.
    pub evidence: Vec<&'static str>,
    /// The event.
    pub event: Rc<AuditEvent>,
    /// The earlier events that make the response impossible.
    pub earlier_events: Vec<Rc<AuditEvent>>,
}

/// A response that shows unspecified behavior, in an account that was known as far as the operation
/// depends on it. Either a rule is unspecified, or several rules apply and the response names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inference {
    /// The name of the action.
    pub action: &'static str,
    /// The rules that may have decided the response.
    pub rules: Vec<String>,
    /// Their conditions, as phrases.
    pub conditions: Vec<String>,
    /// The rules that the response names, by its code and message.
    pub named: Vec<String>,
    /// The facts that leave the behavior unspecified.
    pub facts: Vec<&'static str>,
    /// The response, with its message if known.
    pub response: String,
    /// Its HTTP status.
    pub http: u16,
    /// Its error code; `None` for a success.
    pub code: Option<String>,
    /// Its message in the form of the facts, if they quote it.
    pub message: Option<&'static str>,
    /// The id of the event.
    pub event: String,
    /// The time of the event; empty if it is unknown.
    pub time: String,
}
