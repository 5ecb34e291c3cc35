//! `iamspec report` and `iamspec diff`: what earlier runs told, in another form, and against each other.

use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use iamspec_conformance::expectation::glob;

use super::run::named;
use crate::cli::{Diff, Issue, Merge, Report, ReportArg};
use crate::exit;
use crate::export::{Language, export};
use crate::render::{self, Paint};
use crate::stream::{self, Finding, Stream, compare};

pub(super) fn report(args: &Report, out: &mut dyn Write) -> Result<u8> {
    let stream = read(&args.file)?;
    let text = match args.form {
        Some(form) => form.text(&stream)?,
        None => render::terminal(&stream, Paint::stdout()),
    };
    write!(out, "{text}")?;
    Ok(stream.end.exit)
}

pub(super) fn issue(args: &Issue, out: &mut dyn Write) -> Result<u8> {
    let stream = read(&args.file)?;
    let mine = |it: &&Finding| glob(&args.rule, &it.rule);
    let found: Vec<&Finding> = stream.findings.iter().filter(mine).collect();
    if found.is_empty() {
        bail!(
            "{} has no finding whose rule is `{}`; `iamspec report {}` prints them",
            args.file.display(),
            args.rule,
            args.file.display()
        );
    }
    for finding in found {
        // What was found in a script of somebody's own may be gone since.
        let script = named(&finding.script).ok().and_then(|it| it.into_iter().next());
        let program = script.map(|it| export(&it, Language::AwsCli, "http://127.0.0.1:5000"));
        let program = program.transpose()?;
        write!(out, "{}", render::issue(&stream, finding, program.as_deref()))?;
    }
    Ok(exit::CONFORMS)
}

pub(super) fn diff(args: &Diff, out: &mut dyn Write) -> Result<u8> {
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    ensure!(
        before.header.revision == after.header.revision || args.across_revisions,
        "the runs are of different rules and scripts ({} and {}), so that a difference may be ours; \
         --across-revisions compares them all the same",
        before.header.revision,
        after.header.revision
    );
    let changes = compare(&before, &after);
    write!(out, "{}", render::changes(&changes, Paint::stdout()))?;
    Ok(if changes.new.is_empty() && changes.remarks.is_empty() {
        exit::CONFORMS
    } else {
        exit::DIVERGES
    })
}

pub(super) fn merge(args: &Merge, out: &mut dyn Write) -> Result<u8> {
    let parts = args.files.iter().map(|it| read(it)).collect::<Result<Vec<_>>>()?;
    let stream = stream::merge(parts)?;
    let (name, asked) = (&stream.header.target.name, &stream.header.asked);
    writeln!(out, "{name}: {asked}, in {}", render::counted(args.files.len(), "part"))?;
    write!(out, "{}", render::terminal(&stream, Paint::stdout()))?;
    write_down(&stream, &args.report)?;
    Ok(stream.end.exit)
}

/// Writes the reports that were asked for.
pub(super) fn write_down(stream: &Stream, reports: &[ReportArg]) -> Result<()> {
    for report in reports {
        write_file(&report.file, &report.format.text(stream)?)?;
    }
    Ok(())
}

pub(super) fn write_file(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The run that a file tells.
pub(super) fn read(file: &Path) -> Result<Stream> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    stream::read(&text).with_context(|| format!("{} is no whole run", file.display()))
}
