//! Compares two runs, by the rules that were broken and by the calls that both runs sent.
//!
//! Two runs are comparable if they have the same [`revision`]. Names that differ in every run are
//! ignored.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::script::print;
use iamspec_model::{Level, rules};
use sha2::{Digest as _, Sha256};

use crate::report::RunReport;
use crate::report::events::FindingEvent;
use crate::report::events::{CallEvent, CallVerdict, RemarkEvent};
use crate::wire::identifiers::without_run_names;

/// The differences between an earlier and a later run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportDiff {
    /// Findings of the later run alone.
    pub new: Vec<FindingEvent>,
    /// Findings of the earlier run alone, whose rules the later run tested.
    pub fixed: Vec<FindingEvent>,
    /// Findings of both runs with different responses.
    pub changed: Vec<(FindingEvent, FindingEvent)>,
    /// Findings of the earlier run alone, whose rules the later run did not test.
    pub not_tested: Vec<FindingEvent>,
    /// Deviations of the later client alone.
    pub remarks: Vec<RemarkEvent>,
    /// Deviations of the earlier client alone.
    pub remarks_gone: Vec<RemarkEvent>,
    /// The number of findings of both runs with the same response.
    pub same: usize,
    /// The same calls of the same scripts with different responses, if neither response diverges.
    pub calls: Vec<(CallEvent, CallEvent)>,
}

/// Compares two runs.
#[must_use]
pub fn compare(before: &RunReport, after: &RunReport) -> ReportDiff {
    let same = |one: &FindingEvent, other: &FindingEvent| {
        (&one.rule, &one.tier, &one.level) == (&other.rule, &other.tier, &other.level)
    };
    let mut diff = ReportDiff::default();
    for finding in &after.findings {
        match before.findings.iter().find(|it| same(it, finding)) {
            None => diff.new.push(finding.clone()),
            Some(it) if is_same_response(&it.observed, &finding.observed) => diff.same += 1,
            Some(it) => diff.changed.push((it.clone(), finding.clone())),
        }
    }
    for finding in &before.findings {
        if after.findings.iter().any(|it| same(it, finding)) {
            continue;
        }
        let tested = after.coverage.rules.tested.contains(&finding.rule);
        let group = if tested { &mut diff.fixed } else { &mut diff.not_tested };
        group.push(finding.clone());
    }
    diff.remarks = remarks_without(&after.remarks, &before.remarks);
    diff.remarks_gone = remarks_without(&before.remarks, &after.remarks);
    diff.calls = changed_calls(before, after);
    diff
}

/// The remarks that are not among the others.
fn remarks_without(remarks: &[RemarkEvent], others: &[RemarkEvent]) -> Vec<RemarkEvent> {
    let same = |one: &RemarkEvent, other: &RemarkEvent| {
        one.action == other.action && one.deviation == other.deviation
    };
    remarks.iter().filter(|it| !others.iter().any(|other| same(it, other))).cloned().collect()
}

fn changed_calls(before: &RunReport, after: &RunReport) -> Vec<(CallEvent, CallEvent)> {
    let earlier = calls_by_position(before);
    let later = calls_by_position(after);
    let pairs = later.iter().filter_map(|(position, call)| Some((*earlier.get(position)?, *call)));
    let has_changed = |one: &CallEvent, other: &CallEvent| {
        let is_finding =
            one.verdict == CallVerdict::Diverges || other.verdict == CallVerdict::Diverges;
        let response = |it: &CallEvent| it.response.as_deref().map(without_run_names);
        !is_finding && (one.verdict != other.verdict || response(one) != response(other))
    };
    let pairs = pairs.filter(|(one, other)| has_changed(one, other));
    pairs.map(|(one, other)| (one.clone(), other.clone())).collect()
}

fn is_same_response(one: &str, other: &str) -> bool {
    one == other || without_run_names(one) == without_run_names(other)
}

/// The calls by script, call, and the number of equal calls before it in the script.
fn calls_by_position(report: &RunReport) -> BTreeMap<(&str, &str, usize), &CallEvent> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut calls = BTreeMap::new();
    for call in &report.calls {
        let count = counts.entry((&call.script, &call.call)).or_default();
        calls.insert((call.script.as_str(), call.call.as_str(), *count), call);
        *count += 1;
    }
    calls
}

/// Returns the first digits of a digest over every rule, with its levels, and every bundled script.
#[must_use]
pub fn revision() -> String {
    let mut digest = Sha256::new();
    for rule in rules() {
        let claim = rule.clause;
        let levels = [claim.status.level, claim.code.level, claim.text.level];
        let levels = levels.map(Level::name).join(" ");
        digest.update(format!("{} {levels} {}\n", rule.id(), rule.statement()));
    }
    // A test shows that the bundled scripts parse.
    for script in built_in_scripts().unwrap_or_default() {
        digest.update(format!("{}\n{}", script.name, print::print(&script)));
    }
    HEXLOWER.encode(&digest.finalize()).chars().take(12).collect()
}
