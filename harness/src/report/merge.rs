//! The parts of one suite, played apart, as the run that they are together.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use iamspec_conformance::results::known_failures::{EntryStatus, KnownFailure};

use crate::exit_code;
use crate::report::RunReport;
use crate::report::build::NOBODY_ASKS;
use crate::report::events::{
    CallEvent, CoverageEvent, EndEvent, ExerciseEvent, KnownFailureEvent, MissingEvent,
    RemarkEvent, RunHeader, RunTotals, UnspecifiedEvent,
};
use crate::report::finding::FindingEvent;

/// One run of all parts. It does not depend on the order in which they are given.
///
/// # Errors
/// A run that is no part; parts of different runs, and in what they differ; a part that is missing or there
/// twice.
pub fn merge(parts: Vec<RunReport>) -> Result<RunReport> {
    let parts = in_order(parts)?;
    let header = header(&parts)?;
    let entries = entries(&parts)?;
    let mut complaints: Vec<String> = Vec::new();
    let of_parts = parts.iter().flat_map(|it| it.complaints.iter().cloned());
    for it in of_parts.chain(entries.iter().filter_map(out_of_date)) {
        if !complaints.contains(&it) {
            complaints.push(it);
        }
    }
    Ok(RunReport {
        header,
        calls: calls(&parts),
        findings: findings(&parts),
        remarks: remarks(&parts),
        open: open(&parts),
        coverage: coverage(&parts),
        kept: parts.iter().flat_map(|it| it.kept.iter().cloned()).collect(),
        end: end(&parts, complaints.len()),
        entries: Vec::new(),
        complaints,
    })
}

/// The parts by their number, each there once.
fn in_order(parts: Vec<RunReport>) -> Result<Vec<RunReport>> {
    let mut by_number: BTreeMap<usize, RunReport> = BTreeMap::new();
    let mut of = None;
    for stream in parts {
        let begun = stream.header.begun.clone();
        let part = stream.header.shard.with_context(|| {
            format!("the run of {begun} is whole; parts are written by `iamspec run --shard K/N`")
        })?;
        let all = *of.get_or_insert(part.of);
        ensure!(
            all == part.of,
            "one is a part of {all} and one of {}; merge those of one run",
            part.of
        );
        ensure!((1..=all).contains(&part.number), "there is no part {} of {all}", part.number);
        if by_number.insert(part.number, stream).is_some() {
            bail!("part {}/{all} is there twice; name each once", part.number);
        }
    }
    let all = of.context("nothing to merge; name the files of the parts")?;
    let missing = (1..=all).filter(|it| !by_number.contains_key(it));
    let missing: Vec<String> = missing.map(|it| format!("{it}/{all}")).collect();
    ensure!(
        missing.is_empty(),
        "missing: {}; run it with `--shard` and merge again",
        missing.join(", ")
    );
    Ok(by_number.into_values().collect())
}

/// What all parts say of the run; when the first of them began.
fn header(parts: &[RunReport]) -> Result<RunHeader> {
    let headers: Vec<&RunHeader> = parts.iter().map(|it| &it.header).collect();
    let first = *headers.first().context("nothing to merge")?;
    for other in &headers {
        let says = |what: &str, one: &str, another: &str| {
            let number = other.shard.map_or(0, |it| it.number);
            let help = "run all parts with the same iamspec and options";
            ensure!(
                one == another,
                "the {what} of part 1 is `{one}`, and of part {number} `{another}`; {help}"
            );
            Ok(())
        };
        says("version", &first.version, &other.version)?;
        says("revision", &first.revision, &other.revision)?;
        says("target", &target(first), &target(other)).context(
            "expected one target; --about FILE gives the same endpoint at other URLs one name",
        )?;
        says("client", &client(first), &client(other))?;
        says("suite", &first.asked, &other.asked)?;
        says("tier", &first.tier, &other.tier)?;
        says("level", &first.level, &other.level)?;
        says("settling time", &first.settle.to_string(), &other.settle.to_string())?;
        says("seed", &first.seed.to_string(), &other.seed.to_string())?;
    }
    let begun = headers.iter().map(|it| it.begun.clone()).min().unwrap_or_default();
    Ok(RunHeader { begun, shard: None, ..first.clone() })
}

fn target(header: &RunHeader) -> String {
    let it = &header.target;
    [Some(&it.name), it.version.as_ref()]
        .into_iter()
        .flatten()
        .cloned()
        .collect::<Vec<_>>()
        .join(" ")
}

fn client(header: &RunHeader) -> String {
    let it = header.client.as_ref();
    it.map_or_else(|| "iamspec".to_owned(), |it| format!("{} {}", it.sdk, it.version))
}

/// Script by script. Each says at which request of its part it was asked.
fn calls(parts: &[RunReport]) -> Vec<CallEvent> {
    let mut calls: Vec<CallEvent> = parts.iter().flat_map(|it| it.calls.iter().cloned()).collect();
    calls.sort_by(|one, other| one.script.cmp(&other.script));
    calls
}

/// A rule that is broken in one way is one finding, shown by the shortest script of all parts.
fn findings(parts: &[RunReport]) -> Vec<FindingEvent> {
    let mut found: Vec<FindingEvent> = Vec::new();
    for it in parts.iter().flat_map(|it| it.findings.iter().cloned()) {
        let same = |other: &&mut FindingEvent| {
            (&it.rule, &it.tier, &it.level, it.counted, &it.reason)
                == (&other.rule, &other.tier, &other.level, other.counted, &other.reason)
        };
        match found.iter_mut().find(same) {
            None => found.push(it),
            Some(other) => join(other, it),
        }
    }
    let place = |words: &[&str], word: &str| words.iter().position(|it| *it == word);
    found.sort_by_key(|it| {
        let level = place(&["must", "should", "info"], &it.level);
        (level, place(&["status", "code", "text"], &it.tier), it.rule.clone())
    });
    found
}

fn join(known: &mut FindingEvent, mut other: FindingEvent) {
    // What nobody can play again by its name is the last choice.
    let cost = |it: &FindingEvent| (it.export.is_none(), it.history.len(), it.script.clone());
    if cost(&other) < cost(known) {
        std::mem::swap(known, &mut other);
    }
    known.also.push(other.script);
    known.also.append(&mut other.also);
    known.also.sort();
    known.also.dedup();
    known.also.retain(|it| *it != known.script);
}

fn remarks(parts: &[RunReport]) -> Vec<RemarkEvent> {
    let mut remarks: Vec<RemarkEvent> = Vec::new();
    for it in parts.iter().flat_map(|it| it.remarks.iter().cloned()) {
        match remarks.iter_mut().find(|other| other.api == it.api && other.what == it.what) {
            None => remarks.push(it),
            Some(other) => other.times += it.times,
        }
    }
    remarks
}

fn open(parts: &[RunReport]) -> Vec<UnspecifiedEvent> {
    let mut points: Vec<UnspecifiedEvent> =
        parts.iter().flat_map(|it| it.open.iter().cloned()).collect();
    points.sort_by(|one, other| (&one.rule, &one.seen).cmp(&(&other.rule, &other.seen)));
    points.dedup();
    points
}

fn coverage(parts: &[RunReport]) -> CoverageEvent {
    let all = || parts.iter().map(|it| &it.coverage);
    let mut sets: Vec<Vec<String>> = all().flat_map(|it| it.sets.iter().cloned()).collect();
    let mut pairs: Vec<[String; 2]> = all().flat_map(|it| it.pairs.iter().cloned()).collect();
    sets.sort_by_key(|it| (it.len(), it.clone()));
    sets.dedup();
    pairs.sort();
    pairs.dedup();
    let rules = all().map(|it| &it.rules).collect::<Vec<_>>();
    let outcomes = all().map(|it| &it.outcomes).collect::<Vec<_>>();
    CoverageEvent { rules: exercise(&rules), outcomes: exercise(&outcomes), sets, pairs }
}

/// What one part has asked is asked. Of what none has, the reason that says most.
fn exercise(parts: &[&ExerciseEvent]) -> ExerciseEvent {
    let mut asked: Vec<String> = parts.iter().flat_map(|it| it.asked.iter().cloned()).collect();
    asked.sort();
    asked.dedup();
    let mut missing: BTreeMap<String, MissingEvent> = BTreeMap::new();
    for it in parts.iter().flat_map(|it| &it.not_asked) {
        if asked.binary_search(&it.name).is_err()
            && missing.get(&it.name).is_none_or(|known| known.why == NOBODY_ASKS)
        {
            missing.insert(it.name.clone(), it.clone());
        }
    }
    ExerciseEvent { asked, not_asked: missing.into_values().collect() }
}

/// What all parts have seen of each entry.
fn entries(parts: &[RunReport]) -> Result<Vec<KnownFailureEvent>> {
    let mut entries = parts.first().map(|it| it.entries.clone()).unwrap_or_default();
    for part in parts.iter().skip(1) {
        let same = |(one, other): (&KnownFailureEvent, &KnownFailureEvent)| {
            (&one.rule, &one.script, one.flaky) == (&other.rule, &other.script, other.flaky)
        };
        ensure!(
            entries.len() == part.entries.len() && entries.iter().zip(&part.entries).all(same),
            "the parts were held against different expectations; run them with the same file"
        );
        for (entry, other) in entries.iter_mut().zip(&part.entries) {
            entry.played |= other.played;
            entry.asked |= other.asked;
            entry.seen |= other.seen;
            entry.conforms += other.conforms;
        }
    }
    Ok(entries)
}

fn out_of_date(entry: &KnownFailureEvent) -> Option<String> {
    let standing = EntryStatus {
        played: entry.played,
        asked: entry.asked,
        seen: entry.seen,
        conforms: entry.conforms,
    };
    let (rule, script, flaky) = (entry.rule.clone(), entry.script.clone(), entry.flaky);
    let entry = KnownFailure { rule, script, flaky, ..KnownFailure::default() };
    entry.out_of_date(standing).map(|it| it.to_string())
}

/// The sums; as many seconds as the slowest part took; the gravest exit code.
fn end(parts: &[RunReport], complaints: usize) -> EndEvent {
    let mut sums = RunTotals::default();
    for it in parts.iter().map(|it| &it.end.sums) {
        sums.passed += it.passed;
        sums.below += it.below;
        sums.unexpected += it.unexpected;
        sums.expected += it.expected;
        sums.unsupported += it.unsupported;
        sums.inconclusive += it.inconclusive;
        sums.not_exercised += it.not_exercised;
    }
    let early = parts.iter().enumerate().filter_map(|(place, it)| {
        Some(format!("part {}: {}", place + 1, it.end.early.as_deref()?))
    });
    let early: Vec<String> = early.collect();
    let codes = parts.iter().map(|it| it.end.exit);
    let complained = (complaints > 0).then_some(exit_code::DIVERGES);
    let idle = (sums.calls() == 0).then_some(exit_code::NOTHING_RAN);
    let journals: Vec<&str> = parts.iter().filter_map(|it| it.end.journal.as_deref()).collect();
    EndEvent {
        scripts: parts.iter().map(|it| it.end.scripts).sum(),
        requests: parts.iter().map(|it| it.end.requests).sum(),
        seconds: parts.iter().map(|it| it.end.seconds).fold(0.0, f64::max),
        sums,
        early: (!early.is_empty()).then(|| early.join("; ")),
        heard: parts.iter().any(|it| it.end.heard),
        journal: (!journals.is_empty()).then(|| journals.join(" ")),
        exit: exit_code::gravest(codes.chain(complained).chain(idle)),
    }
}
