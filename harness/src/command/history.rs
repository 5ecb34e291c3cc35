//! Histories in text: scripts with what was answered behind each call.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use iamspec_conformance::expectation::Expectations;
use iamspec_conformance::finding::{Tally, Threshold, findings};
use iamspec_conformance::recorded::judged;
use iamspec_conformance::{Replay, Report, text};

use super::again::line;
use super::report::read;
use crate::exit;
use crate::render::{self, Paint, counted};
use crate::stream::{End, FORMAT, Header, Stream, Target, Told, revision, told};

/// Whether a file holds a history in text, or a run.
pub(super) fn is_one(file: &Path) -> bool {
    let begins = || {
        let mut first = String::new();
        let opened = std::fs::File::open(file).ok();
        opened.map(|it| BufReader::new(it).take(LINE_MAX).read_line(&mut first));
        first.starts_with("{\"event\":\"run\"")
    };
    match file.extension().and_then(std::ffi::OsStr::to_str) {
        Some("script") => true,
        Some("jsonl") => begins(),
        _ => false,
    }
}

/// The header of a run is shorter.
const LINE_MAX: u64 = 1 << 16;

/// Judges each, and tells it as a run.
pub(super) fn judge(files: &[&PathBuf], out: &mut dyn Write) -> Result<u8> {
    let replays = replays(files)?;
    let report = Report { replays, kept: Vec::new(), requests: 0, ended: None };
    let threshold = Threshold::default();
    let tally = Tally::of(&report.replays, threshold, &Expectations::default());
    let found = findings(&report.replays);
    let diverges = (tally.unexpected > 0).then_some(exit::DIVERGES);
    let inconclusive = (tally.inconclusive > 0).then_some(exit::INCONCLUSIVE);
    let exit = exit::gravest([exit::CONFORMS].into_iter().chain(diverges).chain(inconclusive));
    let name = counted(files.len(), "file");
    let header = Header {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: revision(),
        target: Target { name: name.clone(), ..Target::default() },
        tier: threshold.tier.name().to_owned(),
        level: threshold.level.name().to_owned(),
        begun: super::target::now(),
        ..Header::default()
    };
    let again = |it: &iamspec_conformance::Finding| {
        line(&["iamspec".to_owned(), "judge".to_owned(), it.history.name.clone()])
    };
    let stream = told(
        &report,
        Told {
            header,
            findings: found.iter().map(|it| (it, None, again(it))).collect(),
            threshold,
            remarks: Vec::new(),
            kept: Vec::new(),
            entries: Vec::new(),
            complaints: Vec::new(),
            tally,
            end: End { heard: true, exit, ..End::default() },
        },
    );
    writeln!(out, "{name}")?;
    write!(out, "{}", render::terminal(&stream, Paint::stdout()))?;
    Ok(exit)
}

fn replays(files: &[&PathBuf]) -> Result<Vec<Replay>> {
    let mut replays = Vec::new();
    for file in files {
        if file.extension().is_some_and(|it| it == "jsonl") {
            replays.extend(replays_of(&read(file)?)?);
        } else {
            replays.push(replay(file)?);
        }
    }
    Ok(replays)
}

/// The scripts of a run, each with its answers. What was not asked is left out.
fn replays_of(run: &Stream) -> Result<Vec<Replay>> {
    let mut histories: Vec<(&str, String)> = Vec::new();
    for call in &run.calls {
        if call.begins || histories.last().is_none_or(|(name, _)| *name != call.script) {
            histories.push((&call.script, String::new()));
        }
        if let (Some((_, text)), Some(answer)) = (histories.last_mut(), &call.answer) {
            _ = writeln!(text, "{} -> {answer}", call.call);
        }
    }
    histories.retain(|(_, text)| !text.is_empty());
    let replay = |(name, text): &(&str, String)| {
        let script =
            text::parse(name, text).with_context(|| format!("the history {name} is wrong"))?;
        Ok(judged(&script))
    };
    histories.iter().map(replay).collect()
}

fn replay(file: &PathBuf) -> Result<Replay> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    let script =
        text::parse(&name, &text).with_context(|| format!("the history {name} is wrong"))?;
    Ok(judged(&script))
}
