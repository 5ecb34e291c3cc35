//! What a run tells, as one stream of events: every renderer reads it, and nothing else.
//!
//! A file of it is JSON Lines, an event a line (`harness/schemas/stream.json`): first the header, then
//! what was asked and what was found, last the footer. Without a footer the run is incomplete.

mod anonymize;
pub mod build;
pub mod diff;
pub mod events;
pub mod file;
pub mod finding;
pub mod format;
pub mod merge;

use crate::report::events::{
    CallEvent, CoverageEvent, EndEvent, KnownFailureEvent, NotDeletedEvent, RemarkEvent, RunHeader,
    UnspecifiedEvent,
};
use crate::report::finding::FindingEvent;

/// The version of the format; a reader refuses others.
pub const FORMAT: u32 = 1;

/// A whole run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunReport {
    /// What was to be played, and where.
    pub header: RunHeader,
    /// Every call, in the order asked.
    pub calls: Vec<CallEvent>,
    /// What was found, what binds most first.
    pub findings: Vec<FindingEvent>,
    /// What the client did otherwise than it should.
    pub remarks: Vec<RemarkEvent>,
    /// Questions that the facts leave open, with what was seen.
    pub open: Vec<UnspecifiedEvent>,
    /// What was reached, and what was not.
    pub coverage: CoverageEvent,
    /// What the endpoint did not let go.
    pub kept: Vec<NotDeletedEvent>,
    /// What a part of a suite has seen of the expectations.
    pub entries: Vec<KnownFailureEvent>,
    /// What is wrong with the expectations, a sentence each.
    pub complaints: Vec<String>,
    /// What it came to.
    pub end: EndEvent,
}
