//! The command line: the root options, the commands and their groups.
//!
//! The arguments of a command are next to its function, in [`crate::commands`]. [`command`] is the
//! complete command line with its help, and [`execute`] runs a command.

use std::ffi::OsString;
use std::io::Write;

use anyhow::Result;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::commands::accounts::cleanup::{CleanupArgs, cleanup};
use crate::commands::accounts::permissions::{PermissionsArgs, permissions};
use crate::commands::accounts::plan::{PlanArgs, plan};
use crate::commands::completions::{CompletionsArgs, ManArgs, completions, man};
use crate::commands::options::ColorArg;
use crate::commands::reports::report;
use crate::commands::reports::report::{DiffArgs, IssueArgs, MergeArgs, ReportArgs};
use crate::commands::reports::site::{SiteArgs, site};
use crate::commands::sdks::driver::{DriverArgs, DriverCheckArgs, DriverProbeArgs};
use crate::commands::sdks::export::ExportArgs;
use crate::commands::sdks::serve::{ServeArgs, serve};
use crate::commands::sdks::{driver, export, probe};
use crate::commands::settings::added_options;
use crate::commands::test::compare::{CompareArgs, compare};
use crate::commands::test::matrix::{MatrixArgs, matrix};
use crate::commands::test::mutants::{MutantsArgs, mutants};
use crate::commands::test::race::{RaceArgs, race};
use crate::commands::test::replay::{ReplayArgs, ShrinkArgs, replay, shorten};
use crate::commands::test::run::run;
use crate::commands::test::run_args::{IN_SHORT_HELP, RunArgs};
use crate::commands::traffic::api_diff;
use crate::commands::traffic::api_diff::ApiDiffArgs;
use crate::commands::traffic::audit::{AuditArgs, audit};
use crate::commands::traffic::evidence::{EvidenceArgs, evidence};
use crate::commands::traffic::record::{RecordArgs, record};
use crate::commands::understand::docs::{DocsArgs, docs};
use crate::commands::understand::explain::{ExplainArgs, explain};
use crate::commands::understand::list::{ListArgs, list};
use crate::commands::understand::show::{ShowScriptArgs, show};
use crate::commands::understand::verify::{VerifyArgs, verify};
use crate::exit_code;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "iamspec",
    version,
    about = "Tests whether a service implements IAM users the way AWS does",
    max_term_width = 100
)]
pub struct Cli {
    /// Log each request to stderr; `-vv` adds parameter names
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Color the output: auto, always or never; `auto` follows `FORCE_COLOR`, `NO_COLOR`
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true,
        hide_short_help = true
    )]
    pub color: ColorArg,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands. Hidden ones are names of the first edition.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run test scripts against an endpoint
    Run(Box<RunArgs>),
    /// Send calls concurrently and check the results
    Race(RaceArgs),
    /// Re-run saved findings: FAILS, FIXED or ERROR
    Replay(ReplayArgs),
    /// Shorten a script that has a finding
    Shrink(ShrinkArgs),
    /// Run against several endpoints, show them side by side
    Matrix(MatrixArgs),
    /// Send the same calls to two endpoints, show how they differ
    Compare(CompareArgs),
    /// Check that the suite detects systematic defects
    Mutants(MutantsArgs),
    /// List kinds, rules, scripts and more
    List(ListArgs),
    /// Print scripts in the syntax of script files
    Show(ShowScriptArgs),
    /// Explain a rule and its evidence
    Explain(ExplainArgs),
    /// Print the specification as Markdown pages
    Docs(DocsArgs),
    /// Check the model itself exhaustively
    Verify(VerifyArgs),
    /// Check recorded traffic against the specification
    #[command(alias = "judge")]
    Audit(AuditArgs),
    /// Record traffic: a proxy that writes a HAR file
    Record(RecordArgs),
    /// List weak evidence, add new evidence
    Evidence(EvidenceArgs),
    /// Compare a newer AWS service model with the facts
    ApiDiff(ApiDiffArgs),
    /// Serve the reference endpoint
    Serve(ServeArgs),
    /// Check and probe SDK drivers
    Driver(DriverArgs),
    /// Write a script as a program (AWS CLI, boto3, curl, pytest)
    Export(ExportArgs),
    /// Show, convert, compare and merge saved runs
    Report(ReportArgs),
    /// Write the specification and saved runs as a website
    Site(SiteArgs),
    /// Print the calls that delete a user, in order
    Plan(PlanArgs),
    /// Delete the resources of a killed run
    Cleanup(CleanupArgs),
    /// Print the IAM policy that a command needs
    Permissions(PermissionsArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
    /// Print the manual pages
    Man(ManArgs),
    /// Write a finding as the text of an issue
    #[command(hide = true)]
    Issue(IssueArgs),
    /// Compare two saved runs
    #[command(hide = true)]
    Diff(DiffArgs),
    /// Merge the shards of one run
    #[command(hide = true)]
    Merge(MergeArgs),
    /// Check that a driver follows the protocol
    #[command(hide = true)]
    DriverCheck(DriverCheckArgs),
    /// Print how SDKs handle faults
    #[command(hide = true)]
    DriverProbe(DriverProbeArgs),
}

impl Command {
    /// Whether stdout may contain secrets: the built-in driver hands them to its caller.
    #[must_use]
    pub const fn prints_secrets(&self) -> bool {
        matches!(self, Self::Driver(args) if args.is_driver())
    }

    /// Whether stdout is input of a program, so that no text in it may be changed.
    #[must_use]
    pub fn prints_data(&self) -> bool {
        match self {
            Self::Export(_)
            | Self::Show(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Permissions(_) => true,
            Self::Run(args) => args.prints_data(),
            Self::Report(args) => args.prints_data(),
            Self::Plan(args) => args.prints_data(),
            _ => self.prints_secrets(),
        }
    }
}

/// Parses a command line. The settings of `iamspec.toml` are added to that of a run.
///
/// # Errors
/// A wrong command line, as an error of clap; or a wrong settings file.
pub fn parse(words: &[OsString]) -> Result<Cli> {
    let parse = |words: &[OsString]| {
        command().try_get_matches_from(words).and_then(|it| Cli::from_arg_matches(&it))
    };
    let cli = parse(words)?;
    let Command::Run(args) = &cli.command else { return Ok(cli) };
    let added = added_options(args)?;
    let position = words.iter().position(|it| it == "run");
    let Some(position) = position.filter(|_| !added.is_empty()) else { return Ok(cli) };
    let (before, after) = words.split_at(position + 1);
    let added = added.into_iter().map(OsString::from).collect::<Vec<_>>();
    Ok(parse(&[before, &added, after].concat())?)
}

/// Runs a command. Returns its exit code.
///
/// # Errors
/// A wrong command line or file, or an internal error: exit code 2.
pub fn execute(command_line: Command, out: &mut dyn Write) -> Result<u8> {
    match command_line {
        Command::Run(args) => run(&args, out),
        Command::Race(args) => race(&args, out),
        Command::Replay(args) => replay(&args, out),
        Command::Shrink(args) => shorten(&args, out),
        Command::Matrix(args) => matrix(&args, out),
        Command::Compare(args) => compare(&args, out),
        Command::Mutants(args) => mutants(&args, out),
        Command::List(args) => list(&args, out),
        Command::Show(args) => show(&args, out),
        Command::Explain(args) => explain(&args, out),
        Command::Docs(args) => docs(&args, out),
        Command::Verify(args) => verify(&args, out),
        Command::Audit(args) => audit(&args, out),
        Command::Record(args) => record(&args, out),
        Command::Evidence(args) => evidence(&args, out),
        Command::ApiDiff(args) => api_diff::diff(&args, out),
        Command::Serve(args) => serve(&args, out),
        Command::Driver(args) => driver::driver(&args, out),
        Command::Export(args) => export::write(&args, out),
        Command::Report(args) => report::report(&args, out),
        Command::Site(args) => site(&args, out),
        Command::Plan(args) => plan(&args, out),
        Command::Cleanup(args) => cleanup(&args, out),
        Command::Permissions(args) => permissions(&args, out),
        Command::Completions(args) => completions(&args, command(), out),
        Command::Man(args) => man(&args, command(), out),
        Command::Issue(args) => report::issue(&args, out),
        Command::Diff(args) => report::diff(&args, out),
        Command::Merge(args) => report::merge(&args, out),
        Command::DriverCheck(args) => driver::check(&args, out),
        Command::DriverProbe(args) => probe::probe(&args.commands, out),
    }
}

/// The groups of commands in the help. A test checks that each visible command is in one group.
const GROUPS: [(&str, &[&str]); 7] = [
    ("Test", &["run", "race", "replay", "shrink", "matrix", "compare", "mutants"]),
    ("Understand", &["list", "show", "explain", "docs", "verify"]),
    ("Recorded traffic", &["audit", "record", "evidence", "api-diff"]),
    ("SDKs", &["serve", "driver", "export"]),
    ("Reports", &["report", "site"]),
    ("Real accounts", &["plan", "cleanup", "permissions"]),
    ("Other", &["completions", "man", "help"]),
];

/// The commands that the short help describes.
const MOST_USED: [&str; 5] = ["run", "explain", "list", "serve", "report"];

/// The text for `iamspec` without arguments.
pub const FIRST_STEPS: &str =
    "iamspec tests whether a service implements IAM users the way AWS does.

First steps:
  # See how DeleteUser behaves on AWS.
  iamspec docs
  # Run the tests against an endpoint that has a known defect.
  iamspec run --mutant forgets-mfa-device
  # Run the tests against your own endpoint.
  iamspec run --endpoint http://127.0.0.1:5000

`iamspec -h` lists all commands.
";

/// Sections of the help: the usage, then the commands (`before-help`), the options, and the exit
/// codes (`after-help`).
const TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}Options:\n{options}{after-help}";

/// The complete command line, with commands grouped in the help.
#[must_use]
pub fn command() -> clap::Command {
    let cli = Cli::command();
    let about = |name: &str| {
        let command = cli.get_subcommands().find(|it| it.get_name() == name);
        let about = command.and_then(clap::Command::get_about).map(ToString::to_string);
        about.unwrap_or_else(|| "Print the help of a command".to_owned())
    };
    let described = |name: &str| format!("  {name:<12} {}\n", about(name));
    let mut short = "Most used:\n".to_owned();
    short.extend(MOST_USED.map(described));
    short.push_str("\nAll commands (`iamspec --help` describes them):\n");
    let mut long = String::new();
    for (group, names) in GROUPS {
        short.push_str(&format!("  {group:<16}  {}\n", names.join(", ")));
        long.push_str(&format!("{group}:\n"));
        long.extend(names.iter().map(|name| described(name)));
        long.push('\n');
    }
    let in_short_help = |arg: clap::Arg| {
        let is_shown = IN_SHORT_HELP.contains(&arg.get_id().as_str());
        if is_shown { arg } else { arg.hide_short_help(true) }
    };
    cli.mut_subcommand("run", |run| run.mut_args(in_short_help))
        .help_template(TEMPLATE)
        .before_help(short.trim_end().to_owned())
        .before_long_help(long.trim_end().to_owned())
        .after_long_help(exit_codes())
}

fn exit_codes() -> String {
    let codes = exit_code::ALL
        .iter()
        .map(|(code, name, meaning)| format!("  {code}  {name:<12}  {meaning}"));
    format!("Exit codes:\n{}", codes.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_visible_command_is_in_one_group_of_the_help() {
        let mut grouped: Vec<&str> =
            GROUPS.iter().flat_map(|(_, names)| names.iter()).copied().collect();
        let cli = command();
        let mut visible: Vec<&str> = cli
            .get_subcommands()
            .filter(|it| !it.is_hide_set())
            .map(clap::Command::get_name)
            .collect();
        visible.push("help");
        grouped.sort_unstable();
        visible.sort_unstable();
        assert_eq!(grouped, visible);
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
