//! `iamspec evidence show` and `add`: print the new evidence of recorded runs, and append it to a
//! facts file.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::aws::destination::Destination;
use crate::commands::reports::report::read_run;
use crate::commands::traffic::evidence::rows::{EvidenceRow, NewEvidence, new_evidence};
use crate::commands::traffic::evidence::{EvidenceAddArgs, EvidenceShowArgs};
use crate::exit_code;
use crate::report::RunReport;
use crate::report::format::style::Style;
use crate::report::format::summary::counted;
use crate::wire::output::visible::visible_line;

/// The prefix of the ids of new rows.
const PREFIX: &str = "R-";

pub(crate) fn show(args: &EvidenceShowArgs, out: &mut dyn Write) -> Result<u8> {
    let style = Style::stdout();
    for file in &args.runs {
        let run = read_run(file)?.printable();
        let NewEvidence { rows, known, unclear } = new_evidence(&run, strength(&run))?;
        writeln!(
            out,
            "{}",
            style.bold(&format!("{}, {}", run.header.target.name, run.header.started))
        )?;
        if !is_aws(&run) {
            writeln!(out, "  not AWS: its responses are no evidence of AWS's behavior")?;
        }
        for row in &rows {
            writeln!(out, "  {} {}", row.operation, row.state)?;
            writeln!(out, "    {}  {}", row.input, response(row))?;
            writeln!(out, "    {}\n    {}", row.note, row.source)?;
        }
        writeln!(
            out,
            "{} new, {} already recorded, {} without evidence\n",
            counted(rows.len(), "row"),
            counted(known, "response"),
            counted(unclear, "call")
        )?;
    }
    writeln!(
        out,
        "The recorded file contains calls and responses in symbols, without names, accounts, ARNs and \
         secrets.\nThe request ids are also in AWS's own logs. `iamspec evidence add --to FILE` appends \
         the rows to a facts file."
    )?;
    Ok(exit_code::CONFORMS)
}

pub(crate) fn add(args: &EvidenceAddArgs, out: &mut dyn Write) -> Result<u8> {
    let existing = rows_of(&args.to)?;
    let mut all = existing.clone();
    let (mut present, mut contradicted) = (0, 0);
    for file in &args.runs {
        for mut row in new_rows(file, args.allow_non_aws)? {
            if all.iter().any(|it| it.has_same_response(&row)) {
                present += 1;
                continue;
            }
            if let Some(other) = all.iter().find(|it| it.has_same_call(&row)) {
                row.note = format!("CONTRADICTS {}; {}", other.id, row.note);
                contradicted += 1;
            }
            row.id = next_id(&all);
            all.push(row);
        }
    }
    let new = all.get(existing.len()..).unwrap_or_default();
    append(&args.to, new)?;
    for row in new {
        let line = format!("{}  {} {}: {}", row.id, row.operation, row.state, row.note);
        writeln!(out, "{}", visible_line(&line))?;
    }
    writeln!(
        out,
        "{}: {} added, {} already present, {} contradict existing rows",
        args.to.display(),
        counted(new.len(), "row"),
        present,
        contradicted
    )?;
    Ok(exit_code::CONFORMS)
}

/// The rows that a file adds: those of a recorded run, or those that an audit has learned.
fn new_rows(file: &Path, allow_non_aws: bool) -> Result<Vec<EvidenceRow>> {
    let non_aws = |what: &str| {
        format!(
            "{} {what}, which is not AWS: its responses are no evidence; --allow-non-aws adds them \
             with strength `unknown`",
            file.display()
        )
    };
    if let Some(rows) = learned_rows(file)? {
        let is_of_aws = rows.iter().all(|it| it.strength != "unknown");
        ensure!(is_of_aws || allow_non_aws, non_aws("has responses of another service"));
        return Ok(rows);
    }
    let run = read_run(file)?;
    let what = format!("is a run against {}", run.header.target.name);
    ensure!(is_aws(&run) || allow_non_aws, non_aws(&what));
    Ok(new_evidence(&run, strength(&run))?.rows)
}

/// The rows of a file that an audit wrote; `None` for another file.
fn learned_rows(file: &Path) -> Result<Option<Vec<EvidenceRow>>> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let first = text.lines().find(|it| !it.trim().is_empty());
    let is_row = |it: &str| serde_json::from_str::<EvidenceRow>(it).is_ok();
    if text.is_empty() || first.is_some_and(is_row) { rows_of(file).map(Some) } else { Ok(None) }
}

/// The strength of new evidence. Only AWS itself gives recorded evidence.
fn strength(run: &RunReport) -> &'static str {
    if is_aws(run) { "recorded" } else { "unknown" }
}

fn is_aws(run: &RunReport) -> bool {
    Destination::is_aws(&run.header.target.name)
}

/// The response of a row as text.
fn response(row: &EvidenceRow) -> String {
    let mut text = row.http.map(|it| it.to_string()).unwrap_or_default();
    let (code, message) = (row.code.as_deref(), row.message.as_deref());
    _ = code.map(|it| write!(text, " {}", visible_line(it)));
    _ = message.map(|it| write!(text, " {it:?}"));
    text
}

/// The rows of a file. A missing file has none.
fn rows_of(file: &Path) -> Result<Vec<EvidenceRow>> {
    if !file.exists() {
        return Ok(Vec::new());
    }
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, it)| !it.trim().is_empty());
    let row = |(index, line): (usize, &str)| {
        serde_json::from_str(line)
            .with_context(|| format!("{}, line {}, is not a valid fact", file.display(), index + 1))
    };
    lines.map(row).collect()
}

/// Appends rows to a file. Existing text stays unchanged.
fn append(file: &Path, rows: &[EvidenceRow]) -> Result<()> {
    let mut text = String::new();
    let existing = std::fs::read(file).unwrap_or_default();
    if existing.last().is_some_and(|it| *it != b'\n') {
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

/// The id of the next new row.
fn next_id(rows: &[EvidenceRow]) -> String {
    let numbers = rows.iter().filter_map(|it| it.id.strip_prefix(PREFIX)?.parse::<u32>().ok());
    format!("{PREFIX}{:03}", numbers.max().unwrap_or_default() + 1)
}
