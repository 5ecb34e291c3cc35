//! Histories in text: scripts with what was answered behind each call.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use iamspec_conformance::expectation::Expectations;
use iamspec_conformance::finding::{Tally, Threshold, findings};
use iamspec_conformance::recorded::judged;
use iamspec_conformance::{Replay, Report, text};

use crate::exit;
use crate::render::{self, Paint, counted};
use crate::stream::{End, FORMAT, Header, Target, Told, revision, told};

/// Judges each, and tells it as a run.
pub(super) fn judge(files: &[&PathBuf], out: &mut dyn Write) -> Result<u8> {
    let replays = files.iter().map(|file| replay(file)).collect::<Result<Vec<_>>>()?;
    let report = Report { replays, kept: Vec::new(), requests: 0, ended: None };
    let threshold = Threshold::default();
    let tally = Tally::of(&report.replays, threshold, &Expectations::default());
    let found = findings(&report.replays);
    let exit = match (tally.unexpected, tally.inconclusive) {
        (1.., _) => exit::DIVERGES,
        (0, 1..) => exit::INCONCLUSIVE,
        (0, 0) => exit::CONFORMS,
    };
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
    let again = |it: &iamspec_conformance::Finding| format!("iamspec judge {}", it.history.name);
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

fn replay(file: &PathBuf) -> Result<Replay> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    let script =
        text::parse(&name, &text).with_context(|| format!("the history {name} is wrong"))?;
    Ok(judged(&script))
}
