//! `iamspec report` and `iamspec diff`: what earlier runs told, in another form, and against each other.

use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::cli::{Diff, Report};
use crate::exit;
use crate::render::{self, Paint};
use crate::stream::{self, Stream, compare};

pub(super) fn report(args: &Report, out: &mut dyn Write) -> Result<u8> {
    let stream = read(&args.file)?;
    let text = match args.form {
        Some(form) => form.text(&stream)?,
        None => render::terminal(&stream, Paint::stdout()),
    };
    write!(out, "{text}")?;
    Ok(stream.end.exit)
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

/// The run that a file tells.
pub(super) fn read(file: &Path) -> Result<Stream> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    stream::read(&text).with_context(|| format!("{} is no whole run", file.display()))
}
