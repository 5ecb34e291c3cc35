//! Two runs against each other.
//!
//! What tells the rules and scripts of one iamspec from those of another.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use iamspec_conformance::script::corpus::ours;
use iamspec_model::rules;
use sha2::{Digest as _, Sha256};

use crate::report::RunReport;
use crate::report::events::{CallEvent, CallVerdict, RemarkEvent};
use crate::report::finding::FindingEvent;

/// What is otherwise in the second of two runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportDiff {
    /// What only the second one found.
    pub new: Vec<FindingEvent>,
    /// What only the first one found, of rules that the second one asked.
    pub fixed: Vec<FindingEvent>,
    /// What both found, and was answered otherwise.
    pub changed: Vec<(FindingEvent, FindingEvent)>,
    /// What only the first one found, of rules that the second one did not ask.
    pub not_asked: Vec<FindingEvent>,
    /// What only the second client did otherwise than it should.
    pub remarks: Vec<RemarkEvent>,
    /// What only the first client did so.
    pub remarks_gone: Vec<RemarkEvent>,
    /// How many findings are as they were.
    pub same: usize,
    /// Calls of the same place in the same script that were answered otherwise, where that is no finding:
    /// both conform, or nothing is said of one.
    pub calls: Vec<(CallEvent, CallEvent)>,
}

/// Compares two runs by the rules that were broken, and by the calls that both made.
#[must_use]
pub fn compare(before: &RunReport, after: &RunReport) -> ReportDiff {
    let same = |one: &FindingEvent, other: &FindingEvent| {
        (&one.rule, &one.tier, &one.level) == (&other.rule, &other.tier, &other.level)
    };
    let mut changes = ReportDiff::default();
    for finding in &after.findings {
        match before.findings.iter().find(|it| same(it, finding)) {
            None => changes.new.push(finding.clone()),
            Some(it) if it.observed == finding.observed => changes.same += 1,
            Some(it) => changes.changed.push((it.clone(), finding.clone())),
        }
    }
    for finding in &before.findings {
        if after.findings.iter().any(|it| same(it, finding)) {
            continue;
        }
        let asked = after.coverage.rules.asked.contains(&finding.rule);
        let place = if asked { &mut changes.fixed } else { &mut changes.not_asked };
        place.push(finding.clone());
    }
    changes.remarks = only(&after.remarks, &before.remarks);
    changes.remarks_gone = only(&before.remarks, &after.remarks);
    changes.calls = calls(before, after);
    changes
}

/// The remarks that the others lack.
fn only(these: &[RemarkEvent], others: &[RemarkEvent]) -> Vec<RemarkEvent> {
    let same =
        |one: &RemarkEvent, other: &RemarkEvent| one.api == other.api && one.what == other.what;
    these.iter().filter(|it| !others.iter().any(|other| same(it, other))).cloned().collect()
}

fn calls(before: &RunReport, after: &RunReport) -> Vec<(CallEvent, CallEvent)> {
    let earlier = by_place(before);
    let later = by_place(after);
    let pairs = later.iter().filter_map(|(place, call)| Some((*earlier.get(place)?, *call)));
    let differ = |one: &CallEvent, other: &CallEvent| {
        let finding =
            one.verdict == CallVerdict::Diverges || other.verdict == CallVerdict::Diverges;
        !finding && (one.verdict != other.verdict || answer(one) != answer(other))
    };
    let pairs = pairs.filter(|(one, other)| differ(one, other));
    pairs.map(|(one, other)| (one.clone(), other.clone())).collect()
}

/// The answer without the numbers of the run and the name space, which a name in another case still has.
fn answer(call: &CallEvent) -> Option<String> {
    let mut shown = String::new();
    let mut rest = call.answer.as_deref()?;
    while let Some(at) = rest.to_ascii_lowercase().find(PREFIX) {
        let (before, after) = rest.split_at(at + PREFIX.len());
        shown.push_str(before);
        rest = after.trim_start_matches(|it: char| it.is_ascii_hexdigit());
        rest = rest.trim_start_matches(|it: char| it == '-' || it.is_ascii_digit());
    }
    Some(shown + rest)
}

/// What every name of a run begins with, before its number.
const PREFIX: &str = "iamspec-";

/// The calls by script, call, and how often the script had asked it before.
fn by_place(stream: &RunReport) -> BTreeMap<(&str, &str, usize), &CallEvent> {
    let mut times: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut places = BTreeMap::new();
    for call in &stream.calls {
        let count = times.entry((&call.script, &call.call)).or_default();
        places.insert((call.script.as_str(), call.call.as_str(), *count), call);
        *count += 1;
    }
    places
}

/// The first digits of a digest over every rule, with its levels, and every script of ours.
#[must_use]
pub fn revision() -> String {
    let mut digest = Sha256::new();
    for rule in rules() {
        let claim = rule.claim;
        let levels = [claim.status.level, claim.code.level, claim.text.level];
        let levels = levels.map(iamspec_model::Level::name).join(" ");
        digest.update(format!("{} {levels} {}\n", rule.id(), rule.statement()));
    }
    // Ours can be read, which a test shows.
    for script in ours().unwrap_or_default() {
        digest.update(format!(
            "{}\n{}",
            script.name,
            iamspec_conformance::script::print::print(&script)
        ));
    }
    HEXLOWER.encode(&digest.finalize()).chars().take(12).collect()
}
