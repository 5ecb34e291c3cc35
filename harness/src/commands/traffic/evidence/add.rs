//! `iamspec evidence show` and `add`: what a run has recorded becomes rows of evidence, for whoever keeps them.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::aws::destination::Destination;
use crate::commands::reports::report::read;
use crate::commands::traffic::evidence::rows::{EvidenceRow, RecordedAnswer, lesson};
use crate::commands::traffic::evidence::{EvidenceAddArgs, EvidenceShowArgs};
use crate::exit_code;
use crate::report::RunReport;
use crate::report::format::style::Style;
use crate::report::format::summary::counted;

/// What rows of ours begin with.
const PREFIX: &str = "R-";

pub(crate) fn show(args: &EvidenceShowArgs, out: &mut dyn Write) -> Result<u8> {
    let paint = Style::stdout();
    for file in &args.runs {
        let run = read(file)?;
        let RecordedAnswer { rows, known, unclear } = lesson(&run, strength(&run))?;
        writeln!(
            out,
            "{}",
            paint.bold(&format!("{}, {}", run.header.target.name, run.header.begun))
        )?;
        if !is_aws(&run) {
            writeln!(out, "  not AWS: what it answers is no evidence of what AWS does")?;
        }
        for row in &rows {
            writeln!(out, "  {} {}", row.operation, row.state)?;
            writeln!(out, "    {}  {}", row.input, said(row))?;
            writeln!(out, "    {}\n    {}", row.note, row.source)?;
        }
        writeln!(
            out,
            "{} of news, {} that say what is recorded, {} that nothing is learned from\n",
            counted(rows.len(), "row"),
            counted(known, "answer"),
            counted(unclear, "call")
        )?;
    }
    writeln!(
        out,
        "This is all that is shared: calls and answers in symbols, without names, accounts, ARNs and secrets. The \
         request ids\nare in AWS's own logs. `iamspec evidence add --to FILE` writes it as rows of facts."
    )?;
    Ok(exit_code::CONFORMS)
}

pub(crate) fn add(args: &EvidenceAddArgs, out: &mut dyn Write) -> Result<u8> {
    let kept = rows_of(&args.to)?;
    let mut all = kept.clone();
    let (mut there, mut contradicted) = (0, 0);
    for file in &args.runs {
        let run = read(file)?;
        ensure!(
            is_aws(&run) || args.whatever_it_is,
            "{} asked {}, which is not AWS: what that answers is no evidence; --whatever-it-is adds it as `unknown`",
            file.display(),
            run.header.target.name
        );
        for mut row in lesson(&run, strength(&run))?.rows {
            if all.iter().any(|it| it.says_the_same(&row)) {
                there += 1;
                continue;
            }
            if let Some(other) = all.iter().find(|it| it.is_about_the_same(&row)) {
                row.note = format!("CONTRADICTS {}; {}", other.id, row.note);
                contradicted += 1;
            }
            row.id = next_id(&all);
            all.push(row);
        }
    }
    let new = all.get(kept.len()..).unwrap_or_default();
    append(&args.to, new)?;
    for row in new {
        writeln!(out, "{}  {} {}: {}", row.id, row.operation, row.state, row.note)?;
    }
    writeln!(
        out,
        "{}: {} added, {} there already, {} contradict others there",
        args.to.display(),
        counted(new.len(), "row"),
        there,
        contradicted
    )?;
    Ok(exit_code::CONFORMS)
}

/// What only the real service can give.
fn strength(run: &RunReport) -> &'static str {
    if is_aws(run) { "recorded" } else { "unknown" }
}

fn is_aws(run: &RunReport) -> bool {
    Destination::is_aws(&run.header.target.name)
}

fn said(row: &EvidenceRow) -> String {
    let mut said = row.http.map(|it| it.to_string()).unwrap_or_default();
    let (code, message) = (row.code.as_deref(), row.message.as_deref());
    _ = code.map(|it| write!(said, " {it}"));
    _ = message.map(|it| write!(said, " {it:?}"));
    said
}

/// The rows of a file; none where there is no such file.
fn rows_of(file: &Path) -> Result<Vec<EvidenceRow>> {
    if !file.exists() {
        return Ok(Vec::new());
    }
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, it)| !it.trim().is_empty());
    let row = |(place, line): (usize, &str)| {
        serde_json::from_str(line)
            .with_context(|| format!("{}, line {}, is no row of facts", file.display(), place + 1))
    };
    lines.map(row).collect()
}

/// What is there is not touched.
fn append(file: &Path, rows: &[EvidenceRow]) -> Result<()> {
    let mut text = String::new();
    let whole = std::fs::read(file).unwrap_or_default();
    if whole.last().is_some_and(|it| *it != b'\n') {
        text.push('\n');
    }
    for row in rows {
        text.push_str(&serde_json::to_string(row)?);
        text.push('\n');
    }
    let opened = OpenOptions::new().create(true).append(true).open(file);
    let written = opened.and_then(|mut it| it.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write {}", file.display()))
}

fn next_id(rows: &[EvidenceRow]) -> String {
    let numbers = rows.iter().filter_map(|it| it.id.strip_prefix(PREFIX)?.parse::<u32>().ok());
    format!("{PREFIX}{:03}", numbers.max().unwrap_or_default() + 1)
}
