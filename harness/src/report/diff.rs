//! Compares two runs, by the rules that were broken and by the calls that both runs sent.
//!
//! Two runs are comparable if they have the same [`revision`]. Names that differ in every run are
//! ignored.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::script::print;
use iamspec_model::rules;
use sha2::{Digest as _, Sha256};

use crate::report::RunReport;
use crate::report::events::{CallEvent, CallVerdict, RemarkEvent};
use crate::report::events::{FindingEvent, FindingStatus};
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
    let mut diff = ReportDiff::default();
    let (earlier, later) = (worst_by_rule(before), worst_by_rule(after));
    for (rule, finding) in &later {
        match earlier.get(rule).copied().or_else(|| below(before, finding)) {
            Some(it) if tier(finding) > tier(it) => {
                diff.changed.push((it.clone(), (*finding).clone()));
            }
            Some(it) if tier(finding) < tier(it) => diff.new.push((*finding).clone()),
            None => diff.new.push((*finding).clone()),
            Some(it) if is_same_response(&it.observed, &finding.observed) => diff.same += 1,
            Some(it) => diff.changed.push((it.clone(), (*finding).clone())),
        }
    }
    for (rule, finding) in &earlier {
        if later.contains_key(rule) || below(after, finding).is_some() {
            continue;
        }
        let finding = (*finding).clone();
        let tested = after.has_tested(&finding.rule) || after.repeats(&finding);
        let group = if tested { &mut diff.fixed } else { &mut diff.not_tested };
        group.push(finding);
    }
    diff.remarks = remarks_without(&after.remarks, &before.remarks);
    diff.remarks_gone = remarks_without(&before.remarks, &after.remarks);
    diff.calls = changed_calls(before, after);
    diff
}

/// The tiers, the most severe first: a wrong status is worse than a wrong text.
const TIERS: [&str; 3] = ["status", "code", "text"];

/// The place of a finding's tier in [`TIERS`].
fn tier(it: &FindingEvent) -> usize {
    TIERS.iter().position(|name| *name == it.tier).unwrap_or(TIERS.len())
}

/// The most severe finding of each rule at the tier and the level of the run.
fn worst_by_rule(run: &RunReport) -> BTreeMap<&str, &FindingEvent> {
    let mut worst: BTreeMap<&str, &FindingEvent> = BTreeMap::new();
    for finding in run.findings.iter().filter(|it| it.status != FindingStatus::Below) {
        let known = worst.entry(&finding.rule).or_insert(finding);
        if tier(finding) < tier(known) {
            *known = finding;
        }
    }
    worst
}

/// The same finding in a run whose tier or level leaves it out.
fn below<'a>(run: &'a RunReport, finding: &FindingEvent) -> Option<&'a FindingEvent> {
    let same = |it: &&FindingEvent| {
        (&it.rule, &it.tier, &it.level) == (&finding.rule, &finding.tier, &finding.level)
    };
    run.findings.iter().filter(|it| it.status == FindingStatus::Below).find(same)
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

/// The revision: the first digits of a digest over every rule and every built-in script.
///
/// It covers what decides a verdict: the id of a rule, its expected response, its levels and facts,
/// and the steps of a script. It does not change if a statement or a comment is rewritten.
#[must_use]
pub fn revision() -> String {
    let mut digest = Sha256::new();
    for rule in rules() {
        let clause = rule.clause;
        let expected = clause.expected.name();
        digest.update(format!("{} {expected}", rule.id()));
        for evidence in [clause.status, clause.code, clause.text] {
            let facts: Vec<&str> = evidence.facts.iter().map(|it| it.id).collect();
            digest.update(format!(" {}:{}", evidence.level.name(), facts.join(",")));
        }
        digest.update("\n");
    }
    // A test shows that the built-in scripts parse.
    for script in built_in_scripts().unwrap_or_default() {
        digest.update(format!("{}\n{}", script.name, print::steps(&script)));
    }
    HEXLOWER.encode(&digest.finalize()).chars().take(12).collect()
}
