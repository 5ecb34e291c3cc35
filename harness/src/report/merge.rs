//! Merges the shards of one suite into the report of the whole run.
//!
//! The merge rejects shards of different runs. Only all shards together show whether an entry of
//! the known-failures file is stale, so the check for stale entries is here.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use iamspec_conformance::results::known_failures::{EntryStatus, KnownFailure};

use crate::exit_code;
use crate::report::RunReport;
use crate::report::events::FindingEvent;
use crate::report::events::{
    CallEvent, CoverageEvent, EndEvent, ExerciseEvent, KnownFailureEvent, MissingEvent, NO_SCRIPT,
    RemarkEvent, RunHeader, RunTarget, RunTotals, UnspecifiedEvent,
};
use crate::report::kinds::kind_events;

/// Merges all shards of a run. The result does not depend on their order.
///
/// # Errors
/// A report that is not a shard; shards of different runs, with the difference; a missing shard; a
/// duplicate shard.
pub fn merge(shards: Vec<RunReport>) -> Result<RunReport> {
    let shards = in_order(shards)?;
    let header = header(&shards)?;
    let known_failures = known_failures(&shards)?;
    let mut errors: Vec<String> = Vec::new();
    let of_shards = shards.iter().flat_map(|it| it.known_failure_errors.iter().cloned());
    for it in of_shards.chain(known_failures.iter().filter_map(known_failure_error)) {
        if !errors.contains(&it) {
            errors.push(it);
        }
    }
    Ok(RunReport {
        header,
        calls: calls(&shards),
        findings: findings(&shards),
        remarks: remarks(&shards),
        unspecified: unspecified(&shards),
        coverage: coverage(&shards),
        not_deleted: shards.iter().flat_map(|it| it.not_deleted.iter().cloned()).collect(),
        end: end(&shards, errors.len()),
        known_failures: Vec::new(),
        known_failure_errors: errors,
    })
}

/// The shards by number, each exactly once.
fn in_order(reports: Vec<RunReport>) -> Result<Vec<RunReport>> {
    let mut by_number: BTreeMap<usize, RunReport> = BTreeMap::new();
    let mut of = None;
    for report in reports {
        let started = report.header.started.clone();
        let shard = report.header.shard.with_context(|| {
            format!("the run of {started} is whole; write shards with `iamspec run --shard K/N`")
        })?;
        let all = *of.get_or_insert(shard.of);
        ensure!(
            all == shard.of,
            "one file is a shard of {all} and another a shard of {}; merge the shards of one run",
            shard.of
        );
        ensure!((1..=all).contains(&shard.number), "there is no shard {} of {all}", shard.number);
        if by_number.insert(shard.number, report).is_some() {
            bail!("shard {}/{all} is there twice; name each once", shard.number);
        }
    }
    let all = of.context("nothing to merge; name the files of the shards")?;
    let missing = (1..=all).filter(|it| !by_number.contains_key(it));
    let missing: Vec<String> = missing.map(|it| format!("{it}/{all}")).collect();
    ensure!(
        missing.is_empty(),
        "missing shards: {}; run each with `--shard` and merge again",
        missing.join(", ")
    );
    Ok(by_number.into_values().collect())
}

/// The header that all shards share, with the earliest start time.
fn header(shards: &[RunReport]) -> Result<RunHeader> {
    let headers: Vec<&RunHeader> = shards.iter().map(|it| &it.header).collect();
    let first = *headers.first().context("nothing to merge")?;
    for other in &headers {
        let same = |what: &str, one: &str, another: &str| {
            let number = other.shard.map_or(0, |it| it.number);
            ensure!(
                one == another,
                "the {what} of shard 1 is `{one}`, and of shard {number} `{another}`; \
                 run all shards with the same iamspec and options"
            );
            Ok(())
        };
        same("version", &first.version, &other.version)?;
        same("revision", &first.revision, &other.revision)?;
        same("target", &target(first), &target(other)).context(
            "expected one target; if the shards use different URLs of the same endpoint, name it \
             with --about FILE",
        )?;
        same("client", &first.client_name(), &other.client_name())?;
        same("suite", &first.selection, &other.selection)?;
        same("tier", &first.tier, &other.tier)?;
        same("level", &first.level, &other.level)?;
        let rules = |it: &RunHeader| it.rules.clone().unwrap_or_else(|| "all rules".to_owned());
        same("rule set", &rules(first), &rules(other))?;
        same("value of --settle", &first.settle.to_string(), &other.settle.to_string())?;
        same("seed", &first.seed.to_string(), &other.seed.to_string())?;
    }
    let started = headers.iter().map(|it| it.started.clone()).min().unwrap_or_default();
    Ok(RunHeader { started, shard: None, ..first.clone() })
}

fn target(header: &RunHeader) -> String {
    let RunTarget { name, version, .. } = &header.target;
    version.as_ref().map_or_else(|| name.clone(), |version| format!("{name} {version}"))
}

/// All calls by script. The request number of each is that of its shard.
fn calls(shards: &[RunReport]) -> Vec<CallEvent> {
    let mut calls: Vec<CallEvent> = shards.iter().flat_map(|it| it.calls.iter().cloned()).collect();
    calls.sort_by(|one, other| one.script.cmp(&other.script));
    calls
}

/// The findings of all shards; the same finding of several shards keeps its shortest script.
fn findings(shards: &[RunReport]) -> Vec<FindingEvent> {
    let mut findings: Vec<FindingEvent> = Vec::new();
    for finding in shards.iter().flat_map(|it| it.findings.iter().cloned()) {
        let same = |other: &&mut FindingEvent| {
            (&finding.rule, &finding.tier, &finding.level, finding.status, &finding.reason)
                == (&other.rule, &other.tier, &other.level, other.status, &other.reason)
        };
        match findings.iter_mut().find(same) {
            None => findings.push(finding),
            Some(known) => merge_finding(known, finding),
        }
    }
    let position = |words: &[&str], word: &str| words.iter().position(|it| *it == word);
    findings.sort_by_key(|it| {
        let level = position(&["must", "should", "info"], &it.level);
        (level, position(&["status", "code", "text"], &it.tier), it.rule.clone())
    });
    findings
}

fn merge_finding(known: &mut FindingEvent, mut other: FindingEvent) {
    // A history that cannot be exported cannot be run by name either: it is the last choice.
    let cost = |it: &FindingEvent| (it.export.is_none(), it.history.len(), it.script.clone());
    if cost(&other) < cost(known) {
        std::mem::swap(known, &mut other);
    }
    known.other_scripts.push(other.script);
    known.other_scripts.append(&mut other.other_scripts);
    known.other_scripts.sort();
    known.other_scripts.dedup();
    known.other_scripts.retain(|it| *it != known.script);
}

fn remarks(shards: &[RunReport]) -> Vec<RemarkEvent> {
    let mut remarks: Vec<RemarkEvent> = Vec::new();
    for remark in shards.iter().flat_map(|it| it.remarks.iter().cloned()) {
        match remarks
            .iter_mut()
            .find(|it| it.action == remark.action && it.deviation == remark.deviation)
        {
            None => remarks.push(remark),
            Some(known) => known.calls += remark.calls,
        }
    }
    remarks
}

fn unspecified(shards: &[RunReport]) -> Vec<UnspecifiedEvent> {
    let mut events: Vec<UnspecifiedEvent> =
        shards.iter().flat_map(|it| it.unspecified.iter().cloned()).collect();
    events.sort_by(|one, other| (&one.rule, &one.response).cmp(&(&other.rule, &other.response)));
    events.dedup();
    events
}

fn coverage(shards: &[RunReport]) -> CoverageEvent {
    let all = || shards.iter().map(|it| &it.coverage);
    let mut sets: Vec<Vec<String>> = all().flat_map(|it| it.sets.iter().cloned()).collect();
    let mut pairs: Vec<[String; 2]> = all().flat_map(|it| it.pairs.iter().cloned()).collect();
    sets.sort_by_key(|it| (it.len(), it.clone()));
    sets.dedup();
    pairs.sort();
    pairs.dedup();
    let rules = all().map(|it| &it.rules).collect::<Vec<_>>();
    let outcomes = all().map(|it| &it.outcomes).collect::<Vec<_>>();
    let calls: Vec<_> = shards.iter().flat_map(|it| it.calls.iter().cloned()).collect();
    let kinds = kind_events(&calls);
    CoverageEvent { rules: exercise(&rules), outcomes: exercise(&outcomes), sets, pairs, kinds }
}

/// Tested if one shard tested it; otherwise the most specific reason of all shards.
fn exercise(shards: &[&ExerciseEvent]) -> ExerciseEvent {
    let mut tested: Vec<String> = shards.iter().flat_map(|it| it.tested.iter().cloned()).collect();
    tested.sort();
    tested.dedup();
    let mut missing: BTreeMap<String, MissingEvent> = BTreeMap::new();
    for it in shards.iter().flat_map(|it| &it.not_tested) {
        if tested.binary_search(&it.name).is_err()
            && missing.get(&it.name).is_none_or(|known| known.reason == NO_SCRIPT)
        {
            missing.insert(it.name.clone(), it.clone());
        }
    }
    // Every shard has the same list, unless it is the report of an older version.
    let undecidable = shards.iter().map(|it| &it.undecidable).max_by_key(|it| it.len());
    ExerciseEvent {
        tested,
        not_tested: missing.into_values().collect(),
        undecidable: undecidable.cloned().unwrap_or_default(),
    }
}

/// The results of all shards for each entry of the known-failures file.
fn known_failures(shards: &[RunReport]) -> Result<Vec<KnownFailureEvent>> {
    let mut entries = shards.first().map(|it| it.known_failures.clone()).unwrap_or_default();
    for shard in shards.iter().skip(1) {
        let same = |(one, other): (&KnownFailureEvent, &KnownFailureEvent)| {
            let of = |it: &KnownFailureEvent| {
                (it.rule.clone(), it.script.clone(), it.outcome.clone(), it.flaky)
            };
            of(one) == of(other)
        };
        let others = &shard.known_failures;
        ensure!(
            entries.len() == others.len() && entries.iter().zip(others).all(same),
            "the shards used different known failures; run all shards with the same file"
        );
        for (entry, other) in entries.iter_mut().zip(others) {
            entry.run |= other.run;
            entry.tested |= other.tested;
            entry.matched |= other.matched;
            entry.conforms += other.conforms;
        }
    }
    Ok(entries)
}

fn known_failure_error(event: &KnownFailureEvent) -> Option<String> {
    let status = EntryStatus {
        script_ran: event.run,
        tested: event.tested,
        matched: event.matched,
        conforming: event.conforms,
    };
    let (rule, script, flaky) = (event.rule.clone(), event.script.clone(), event.flaky);
    let outcome = event.outcome.clone();
    let entry = KnownFailure { rule, script, outcome, flaky, ..KnownFailure::default() };
    entry.status_error(status).map(|it| it.to_string())
}

/// The sum of the totals, the duration of the slowest shard and the most severe exit code.
fn end(shards: &[RunReport], errors: usize) -> EndEvent {
    let mut totals = RunTotals::default();
    for it in shards.iter().map(|it| &it.end.totals) {
        totals.passed += it.passed;
        totals.below += it.below;
        totals.unexpected += it.unexpected;
        totals.known_failures += it.known_failures;
        totals.unsupported += it.unsupported;
        totals.inconclusive += it.inconclusive;
        totals.skipped += it.skipped;
    }
    let early = shards.iter().enumerate().filter_map(|(index, it)| {
        Some(format!("shard {}: {}", index + 1, it.end.ended_early.as_deref()?))
    });
    let early: Vec<String> = early.collect();
    let codes = shards.iter().map(|it| it.end.exit);
    let diverges = (errors > 0).then_some(exit_code::DIVERGES);
    let nothing_ran = (totals.calls() == 0).then_some(exit_code::NOTHING_RAN);
    let journals: Vec<&str> = shards.iter().filter_map(|it| it.end.journal.as_deref()).collect();
    EndEvent {
        scripts: shards.iter().map(|it| it.end.scripts).sum(),
        requests: shards.iter().map(|it| it.end.requests).sum(),
        seconds: shards.iter().map(|it| it.end.seconds).fold(0.0, f64::max),
        totals,
        ended_early: (!early.is_empty()).then(|| early.join("; ")),
        shortened: None,
        responded: shards.iter().any(|it| it.end.responded),
        journal: (!journals.is_empty()).then(|| journals.join(" ")),
        cleanup: shards.iter().flat_map(|it| it.end.cleanup.iter().cloned()).collect(),
        exit: exit_code::gravest(codes.chain(diverges).chain(nothing_ran)),
    }
}
