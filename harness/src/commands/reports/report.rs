//! The forms in which a run is written down.
//!
//! `iamspec report` and `iamspec diff`: what earlier runs told, in another form, and against each other.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use clap::{Args, ValueEnum};
use iamspec_conformance::results::known_failures::glob;

use crate::commands::test::run::named;
use crate::exit_code;
use crate::export::{Language, export};
use crate::report::RunReport;
use crate::report::diff::compare;
use crate::report::finding::FindingEvent;
use crate::report::format::style::Style;

/// A report to write, and where.
#[derive(Clone, Debug)]
pub struct ReportArg {
    /// In which form.
    pub format: Format,
    /// Where.
    pub file: PathBuf,
}

/// `iamspec report`.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// In which form: as on the terminal if left out
    #[arg(long = "as", value_enum, value_name = "FORMAT")]
    pub form: Option<Format>,
    /// What `iamspec run --report json=FILE` has written
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `iamspec issue`.
#[derive(Args, Debug)]
pub struct IssueArgs {
    /// What `iamspec run --report json=FILE` has written
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The rule that is broken; `*` stands for anything
    #[arg(value_name = "RULE")]
    pub rule: String,
}

/// `iamspec diff`.
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// Compare runs of different rules and scripts as well
    #[arg(long)]
    pub across_revisions: bool,
    /// The earlier run, as `iamspec run --report json=FILE` has written it
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,
    /// The later run
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,
}

/// `iamspec merge`.
#[derive(Args, Debug)]
pub struct MergeArgs {
    /// Write a report as well, such as `json=run.jsonl`; repeatable
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<ReportArg>,
    /// What each part has written with `iamspec run --shard K/N --report json=FILE`
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// `iamspec matrix`.
#[derive(Args, Debug)]
pub struct MatrixArgs {
    /// Where the runs and the tables are written, as JSON Lines, as pages and as Markdown
    #[arg(long, value_name = "FOLDER", default_value = "matrix")]
    pub out: PathBuf,
    /// Ask each endpoint through this client as well, and say which of the two is to blame; repeatable
    #[arg(long, value_name = "COMMAND")]
    pub driver: Vec<String>,
    /// What to run against: files with `name`, `version`, `licence` and `start`, in TOML, whose script
    /// `start` writes the URL as its first line; `reference`, the embedded endpoint; or runs that were
    /// written down (`.jsonl`)
    #[arg(value_name = "TARGET", required = true)]
    pub targets: Vec<PathBuf>,
    /// Options of `iamspec run` for each
    #[arg(last = true, value_name = "OPTION")]
    pub options: Vec<String>,
}

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The events of the run, as JSON Lines: what all other forms are made from
    Json,
    /// For CI that reads `JUnit`
    Junit,
    /// For the summary page of a CI job
    Markdown,
    /// One page that needs no network
    Html,
    /// For shields.io
    Badge,
}

impl Format {
    /// A run in this form.
    ///
    /// # Errors
    /// What the libraries say that write JSON and XML.
    pub fn text(self, stream: &RunReport) -> Result<String> {
        match self {
            Self::Json => crate::report::file::lines(stream),
            Self::Junit => crate::report::format::junit::junit(stream),
            Self::Markdown => Ok(crate::report::format::markdown::markdown(stream)),
            Self::Html => crate::report::format::html::html(stream),
            Self::Badge => crate::report::format::markdown::badge(stream),
        }
    }
}

impl FromStr for ReportArg {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let names = || {
            let names = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            names.map(|it| it.get_name().to_owned()).collect::<Vec<_>>().join(", ")
        };
        let expected = || anyhow!("expected FORMAT=FILE with a format of {}", names());
        let (format, file) = text.split_once('=').ok_or_else(expected)?;
        let format = Format::from_str(format, false).map_err(|_| expected())?;
        if file.is_empty() {
            return Err(expected());
        }
        Ok(Self { format, file: PathBuf::from(file) })
    }
}

pub(crate) fn report(args: &ReportArgs, out: &mut dyn Write) -> Result<u8> {
    let stream = read(&args.file)?;
    let text = match args.form {
        Some(form) => form.text(&stream)?,
        None => crate::report::format::terminal::terminal(&stream, Style::stdout()),
    };
    write!(out, "{text}")?;
    Ok(stream.end.exit)
}

pub(crate) fn issue(args: &IssueArgs, out: &mut dyn Write) -> Result<u8> {
    let stream = read(&args.file)?;
    let mine = |it: &&FindingEvent| glob(&args.rule, &it.rule);
    let found: Vec<&FindingEvent> = stream.findings.iter().filter(mine).collect();
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
        write!(
            out,
            "{}",
            crate::report::format::issue::issue(&stream, finding, program.as_deref())
        )?;
    }
    Ok(exit_code::CONFORMS)
}

pub(crate) fn diff(args: &DiffArgs, out: &mut dyn Write) -> Result<u8> {
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    ensure!(
        before.header.revision == after.header.revision || args.across_revisions,
        "the runs are of different rules and scripts ({} and {}), so that a difference may be ours; \
         --across-revisions compares them all the same",
        before.header.revision,
        after.header.revision
    );
    let changes = compare(&before, &after);
    write!(out, "{}", crate::report::format::changes::changes(&changes, Style::stdout()))?;
    Ok(if changes.new.is_empty() && changes.remarks.is_empty() {
        exit_code::CONFORMS
    } else {
        exit_code::DIVERGES
    })
}

pub(crate) fn merge(args: &MergeArgs, out: &mut dyn Write) -> Result<u8> {
    let parts = args.files.iter().map(|it| read(it)).collect::<Result<Vec<_>>>()?;
    let stream = crate::report::merge::merge(parts)?;
    let (name, asked) = (&stream.header.target.name, &stream.header.asked);
    writeln!(
        out,
        "{name}: {asked}, in {}",
        crate::report::format::summary::counted(args.files.len(), "part")
    )?;
    write!(out, "{}", crate::report::format::terminal::terminal(&stream, Style::stdout()))?;
    write_down(&stream, &args.report)?;
    Ok(stream.end.exit)
}

/// Writes the reports that were asked for.
pub(crate) fn write_down(stream: &RunReport, reports: &[ReportArg]) -> Result<()> {
    for report in reports {
        write_file(&report.file, &report.format.text(stream)?)?;
    }
    Ok(())
}

pub(crate) fn write_file(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The run that a file tells.
pub(crate) fn read(file: &Path) -> Result<RunReport> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    crate::report::file::read(&text).with_context(|| format!("{} is no whole run", file.display()))
}
