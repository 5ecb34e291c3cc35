//! The report of a run: the data that every output format is written from.
//!
//! A run produces one [`RunReport`]. Its file is JSON Lines, one event a line
//! (`harness/schemas/report.json`): first the header, then calls and findings, last the footer. A
//! file without a footer is incomplete, and reading it fails.

mod anonymize;
pub(crate) mod audited;
pub mod build;
pub mod diff;
pub mod events;
pub mod file;
pub mod format;
pub mod kinds;
pub mod merge;
mod printable;
pub(crate) mod rule_links;
pub mod site;

use crate::report::events::FindingEvent;
use crate::report::events::{
    CallEvent, CoverageEvent, EndEvent, KnownFailureEvent, NotDeletedEvent, RemarkEvent, RunHeader,
    UnspecifiedEvent,
};

/// The version of the format. Version 1 differs only in names and can still be read.
pub const FORMAT: u32 = 2;

/// The report of a whole run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunReport {
    /// The target, the selected suite and the options.
    pub header: RunHeader,
    /// Every call, in the order of the scripts.
    pub calls: Vec<CallEvent>,
    /// The findings, those of the highest level first.
    pub findings: Vec<FindingEvent>,
    /// The deviations of the client under test.
    pub remarks: Vec<RemarkEvent>,
    /// The responses in situations that the evidence leaves unspecified.
    pub unspecified: Vec<UnspecifiedEvent>,
    /// The coverage of the run.
    pub coverage: CoverageEvent,
    /// The resources that the cleanup could not delete.
    pub not_deleted: Vec<NotDeletedEvent>,
    /// For a shard or a run of named scripts: its results for each entry of the known-failures file.
    pub known_failures: Vec<KnownFailureEvent>,
    /// The problems in the known-failures file, a sentence each.
    pub known_failure_errors: Vec<String>,
    /// The totals and the exit code.
    pub end: EndEvent,
}

impl RunReport {
    /// Returns true if the run tested the rule. For a rule that no call can test alone, a call with
    /// a verdict to which it applies is enough.
    #[must_use]
    pub fn has_tested(&self, rule: &str) -> bool {
        let rules = &self.coverage.rules;
        let is_undecidable = || rules.undecidable.iter().any(|it| it.name == rule);
        rules.tested.iter().any(|it| it == rule)
            || is_undecidable() && self.calls.iter().any(|it| has_verdict_on(it, rule))
    }

    /// Returns true if the endpoint responded and the run reached its end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.end.responded && self.end.ended_early.is_none()
    }

    /// Returns true if the run has a verdict on the rule in the script of this finding.
    #[must_use]
    pub fn repeats(&self, finding: &FindingEvent) -> bool {
        let mut calls = self.calls.iter().filter(|it| it.script == finding.script);
        calls.any(|it| has_verdict_on(it, &finding.rule))
    }
}

fn has_verdict_on(call: &CallEvent, rule: &str) -> bool {
    call.verdict.is_judged() && call.rules.iter().any(|it| it == rule)
}
