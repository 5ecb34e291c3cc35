//! `iamspec report`: shows, converts, compares and merges saved runs, and writes issues from them.
//!
//! The other commands use this file to write and read reports: [`write_reports`], [`read_run`],
//! [`terminal_text`].

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use iamspec_conformance::script::parse;
use iamspec_conformance::script::pattern::glob;

use crate::commands::selection::{STDIN, by_name};
use crate::exit_code;
use crate::exit_code::Outcome;
use crate::export::{Language, export, short_program};
use crate::report::diff::compare;
use crate::report::events::FindingEvent;
use crate::report::format::changes::changes;
use crate::report::format::ci::junit::junit;
use crate::report::format::ci::sarif::sarif;
use crate::report::format::html::html;
use crate::report::format::issue::{emulator_issue, issue as issue_text};
use crate::report::format::markdown::{badge, markdown};
use crate::report::format::style::Style;
use crate::report::format::summary::counted;
use crate::report::format::terminal::{TerminalOptions, terminal};
use crate::report::{RunReport, file as report_file, merge as shards};
use crate::wire::output::private_file;

/// A report to write: its format and its file.
#[derive(Clone, Debug)]
pub struct ReportArg {
    /// The format.
    pub format: Format,
    /// The file.
    pub file: PathBuf,
}

impl ReportArg {
    /// Whether the report is written to stdout.
    pub(crate) fn is_stdout(&self) -> bool {
        self.file == Path::new("-")
    }
}

/// The arguments of `iamspec report`. `iamspec report FILE` means `iamspec report show FILE`.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:
  iamspec run --endpoint http://127.0.0.1:5000 --report json=run.jsonl
  iamspec report show run.jsonl
  iamspec report show run.jsonl --as junit > run.xml
  iamspec report diff before.jsonl after.jsonl

`iamspec report FILE` means `iamspec report show FILE`."
)]
pub struct ReportArgs {
    /// The action.
    #[command(subcommand)]
    pub command: Option<ReportCommand>,
    /// The arguments of `show`, if no action is named.
    #[command(flatten)]
    pub show: Option<ShowArgs>,
}

impl ReportArgs {
    /// Whether the command prints a format for programs.
    pub(crate) fn prints_data(&self) -> bool {
        let show = match &self.command {
            Some(ReportCommand::Show(args)) => Some(args),
            Some(_) => None,
            None => self.show.as_ref(),
        };
        let format = show.and_then(|it| it.format);
        format.is_some_and(|it| it != Format::Markdown)
    }
}

/// The actions of `iamspec report`.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Show a saved run, or convert it to another format
    Show(ShowArgs),
    /// Write a finding as the text of an issue
    Issue(IssueArgs),
    /// Compare two saved runs
    Diff(DiffArgs),
    /// Merge the shards of one run
    Merge(MergeArgs),
}

/// The arguments of `iamspec report show`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec report show run.jsonl
  iamspec report show run.jsonl --show unspecified
  iamspec report show run.jsonl --as junit > run.xml")]
pub struct ShowArgs {
    /// Output format; default: as on the terminal
    #[arg(long = "as", value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Details to add to the terminal output; repeatable
    #[arg(long, value_enum, value_name = "DETAIL")]
    pub show: Vec<Detail>,
    /// File that `iamspec run --report json=FILE` wrote; `-` is stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// The arguments of `iamspec report issue`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec report issue run.jsonl DeleteUser/holds-mfa-device")]
pub struct IssueArgs {
    /// File that `iamspec run --report json=FILE` wrote; `-` is stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Rule of the finding; `*` matches any text
    #[arg(value_name = "RULE")]
    pub rule: String,
    /// Tracker that the text is for; default: the one of the endpoint
    #[arg(long, value_enum, value_name = "TRACKER")]
    pub to: Option<Tracker>,
}

/// A tracker that asks for a form of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tracker {
    /// AWS Emulator: a short program with an SDK
    AwsEmulator,
}

/// The arguments of `iamspec report diff`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # Exit code 1 if the later run has a new finding.
  iamspec report diff before.jsonl after.jsonl")]
pub struct DiffArgs {
    /// Also compare runs with different rules or scripts
    ///
    /// Differences may then come from the specification instead of the endpoint.
    #[arg(long)]
    pub across_revisions: bool,
    /// Earlier run, from `iamspec run --report json=FILE`
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,
    /// Later run
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,
}

/// The arguments of `iamspec report merge`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec run --shard 1/2 --report json=1.jsonl
  iamspec run --shard 2/2 --report json=2.jsonl
  iamspec report merge 1.jsonl 2.jsonl --report html=run.html

The exit code is the most severe one of the shards. A missing shard, or one of another run, is an
error.")]
pub struct MergeArgs {
    /// Report to write, such as `html=run.html`; repeatable
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<ReportArg>,
    /// Details to add to the terminal output; repeatable
    #[arg(long, value_enum, value_name = "DETAIL")]
    pub show: Vec<Detail>,
    /// Files that `iamspec run --shard K/N --report json=FILE` wrote
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// A report format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON Lines with all events; the source of the other formats
    Json,
    /// JUnit XML
    Junit,
    /// Markdown, for the summary page of a CI job
    Markdown,
    /// A self-contained HTML page
    Html,
    /// JSON for a shields.io badge
    Badge,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

impl Format {
    /// The report in this format.
    ///
    /// # Errors
    /// An error of the JSON, XML or template library.
    pub fn text(self, run: &RunReport) -> Result<String> {
        match self {
            Self::Json => report_file::to_json_lines(run),
            Self::Junit => junit(run),
            Self::Markdown => Ok(markdown(run)),
            Self::Html => html(run),
            Self::Badge => badge(run),
            Self::Sarif => sarif(run),
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
        let expected =
            || anyhow!("expected FORMAT=FILE with one of the formats {}, found `{text}`", names());
        let (format, file) = text.split_once('=').ok_or_else(expected)?;
        let format = Format::from_str(format, false).map_err(|_| expected())?;
        if file.is_empty() {
            return Err(expected());
        }
        Ok(Self { format, file: PathBuf::from(file) })
    }
}

/// A detail that the terminal output omits by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Detail {
    /// Every observed behavior that the specification leaves open
    Unspecified,
}

/// The terminal output of a run.
pub(crate) fn terminal_text(run: &RunReport, details: &[Detail]) -> String {
    let show_unspecified = details.contains(&Detail::Unspecified);
    terminal(run, TerminalOptions { style: Style::stdout(), show_unspecified })
}

pub(crate) fn report(args: &ReportArgs, out: &mut dyn Write) -> Result<u8> {
    match (&args.command, &args.show) {
        (Some(ReportCommand::Show(args)), _) | (None, Some(args)) => show(args, out),
        (Some(ReportCommand::Issue(args)), _) => issue(args, out),
        (Some(ReportCommand::Diff(args)), _) => diff(args, out),
        (Some(ReportCommand::Merge(args)), _) => merge(args, out),
        (None, None) => bail!("expected a report file; see `iamspec report --help`"),
    }
}

fn show(args: &ShowArgs, out: &mut dyn Write) -> Result<u8> {
    ensure!(
        args.format.is_none() || args.show.is_empty(),
        "--show adds details to the terminal output, and --as selects another one; remove one of \
         the two options"
    );
    let run = read_run(&args.file)?;
    let text = match args.format {
        Some(format) => format.text(&run)?,
        None => terminal_text(&run, &args.show),
    };
    write!(out, "{text}")?;
    Ok(run.end.exit)
}

pub(crate) fn issue(args: &IssueArgs, out: &mut dyn Write) -> Result<u8> {
    let run = read_run(&args.file)?;
    let findings: Vec<&FindingEvent> =
        run.findings.iter().filter(|it| glob(&args.rule, &it.rule)).collect();
    if findings.is_empty() {
        bail!(
            "{} has no finding for the rule `{}`; `iamspec report show {}` prints its findings",
            args.file.display(),
            args.rule,
            args.file.display()
        );
    }
    for finding in findings {
        if args.to == Some(Tracker::AwsEmulator) {
            let program = short_program_of(finding)?;
            write!(out, "{}", emulator_issue(&run, finding, &program))?;
            continue;
        }
        // The user's script may be gone.
        let named = Some(finding.script.as_str()).filter(|it| *it != STDIN);
        let script = named.and_then(|it| by_name(it).ok()).and_then(|it| it.into_iter().next());
        let program = script.map(|it| export(&it, Language::AwsCli, "http://127.0.0.1:5000"));
        let program = program.transpose()?;
        write!(out, "{}", issue_text(&run, finding, program.as_deref()))?;
    }
    Ok(exit_code::CONFORMS)
}

/// A short program that shows a finding, from the calls of its history.
fn short_program_of(finding: &FindingEvent) -> Result<String> {
    let calls = finding.history.iter().map(|it| it.call.as_str()).collect::<Vec<_>>().join("\n");
    let text = format!("# {}\n{calls}\n", finding.rule);
    let script = parse::parse(&finding.script, &text)
        .with_context(|| format!("the calls of {} are not a script", finding.rule))?;
    // The message and the listing of a response are not compared.
    let status_and_code = |it: &str| {
        let words: Vec<&str> = it.split([' ', '[', '"']).take(2).collect();
        words.join(" ").trim_end().to_owned()
    };
    let mut expected: Vec<String> =
        finding.expected.iter().map(|it| status_and_code(&it.response)).collect();
    expected.dedup();
    short_program(&script, &expected)
}

pub(crate) fn diff(args: &DiffArgs, out: &mut dyn Write) -> Result<u8> {
    let (before, after) = (read_run(&args.before)?, read_run(&args.after)?);
    ensure!(
        before.header.revision == after.header.revision || args.across_revisions,
        "the runs use different revisions ({} and {}), so a difference may come from the \
         specification; --across-revisions compares them anyway",
        before.header.revision,
        after.header.revision
    );
    let differences = compare(&before.printable(), &after.printable());
    write!(out, "{}", changes(&differences, Style::stdout()))?;
    let diverges = !differences.new.is_empty() || !differences.remarks.is_empty();
    Ok(exit_code::of(Outcome { diverges, ..Outcome::default() }))
}

pub(crate) fn merge(args: &MergeArgs, out: &mut dyn Write) -> Result<u8> {
    let inputs = args.files.iter().map(PathBuf::as_path);
    check_files(args.report.iter().map(|it| it.file.as_path()), inputs)?;
    let runs = args.files.iter().map(|it| read_run(it)).collect::<Result<Vec<_>>>()?;
    let run = shards::merge(runs)?;
    let (name, selection) = (&run.header.target.name, &run.header.selection);
    writeln!(out, "{name}: {selection}, in {}", counted(args.files.len(), "shard"))?;
    write!(out, "{}", terminal_text(&run, &args.show))?;
    write_reports(&run, &args.report, out)?;
    Ok(run.end.exit)
}

/// Writes the reports that the options name; `-` is `out`. If one cannot be written, the others still
/// are.
pub(crate) fn write_reports(
    run: &RunReport,
    reports: &[ReportArg],
    out: &mut dyn Write,
) -> Result<()> {
    let mut write = |it: &ReportArg| {
        let text = it.format.text(run)?;
        if it.is_stdout() {
            return out.write_all(text.as_bytes()).context("cannot write to stdout");
        }
        write_file(&it.file, &text)
    };
    let results: Vec<Result<()>> = reports.iter().map(&mut write).collect();
    all_written(results)
}

/// The errors of all files that could not be written, as one.
pub(crate) fn all_written(results: impl IntoIterator<Item = Result<()>>) -> Result<()> {
    let errors: Vec<String> =
        results.into_iter().filter_map(Result::err).map(|it| format!("{it:#}")).collect();
    ensure!(errors.is_empty(), "{}", errors.join("\n"));
    Ok(())
}

/// Checks, before anything is sent, that each output can be written, is named once, and is not one of
/// the inputs: files and folders that the command reads.
pub(crate) fn check_files<'a>(
    outputs: impl IntoIterator<Item = &'a Path>,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<()> {
    let inputs: Vec<PathBuf> = inputs.into_iter().filter(|it| it.exists()).map(place_of).collect();
    let mut named = BTreeSet::new();
    for file in outputs {
        ensure!(
            file != Path::new("-"),
            "`-` is not a file: a command prints its own result to stdout; name a file, such as \
             run.jsonl; nothing was sent"
        );
        let (place, is_device) = (place_of(file), file.metadata().is_ok_and(|it| !it.is_file()));
        ensure!(
            is_device || !file.exists() || !inputs.iter().any(|it| place.starts_with(it)),
            "the command reads {} and would overwrite it; choose another file for the output; \
             nothing was sent",
            file.display()
        );
        private_file::check(file)
            .with_context(|| format!("cannot write {}; nothing was sent", file.display()))?;
        ensure!(
            is_device || named.insert(place),
            "{} is named twice; give each output a file of its own; nothing was sent",
            file.display()
        );
    }
    Ok(())
}

/// The longest chain of links that is followed.
const LINKS_MAX: usize = 40;

/// The place of a file that may not exist: its folder and its links are resolved.
fn place_of(file: &Path) -> PathBuf {
    let mut file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    for _ in 0..LINKS_MAX {
        let Ok(target) = file.read_link() else { break };
        file = file.parent().map_or(target.clone(), |folder| folder.join(&target));
    }
    let folder = file.parent().and_then(|it| it.canonicalize().ok());
    match (folder, file.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => file,
    }
}

pub(crate) fn write_file(file: &Path, text: &str) -> Result<()> {
    private_file::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// Reads a saved run; `-` is stdin.
pub(crate) fn read_run(file: &Path) -> Result<RunReport> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.with_context(|| format!("cannot read {}", file.display()))?;
    report_file::read(&text).with_context(|| format!("{} is not a complete run", file.display()))
}
