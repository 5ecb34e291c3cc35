//! What a user types.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use iamspec_conformance::finding::Threshold;

use crate::exit;

mod cleanup;
mod report;
mod serve;
mod target;
mod words;

pub use cleanup::Cleanup;
pub use report::{Diff, Format, Report, ReportArg};
pub use serve::Serve;
pub use target::Target;
pub use words::{Budget, LevelArg, ObserveArg, SuiteArg, TierArg};

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "iamspec",
    version,
    about = "When is an AWS IAM user deleted? An executable specification, and a suite that puts it to any endpoint",
    after_help = exit_codes(),
    max_term_width = 100
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play scripts against an endpoint and judge every answer
    #[command(after_help = "Examples:
  iamspec run                                        the embedded reference endpoint
  iamspec run --endpoint http://127.0.0.1:5000       an emulator on this machine
  iamspec run --mutant forgets-mfa-device            an endpoint that is wrong in one known way
  iamspec run --rule 'DeleteUser/*' --tier text      one call, down to the words
  iamspec run delete-user/alone/access-key my.script one script of ours, one of yours")]
    Run(Box<Run>),
    /// Check the model itself in every state of a few scopes
    #[command(after_help = "Examples:
  iamspec verify
  iamspec verify --full                       large scopes as well
  iamspec verify quotas                       one scope
  iamspec verify pair --explore 127.0.0.1:0   one scope in a browser")]
    Verify(Verify),
    /// Serve the reference endpoint
    #[command(after_help = serve::EXAMPLES)]
    Serve(Serve),
    /// List the kinds, the rules, the scripts and more
    #[command(after_help = "Examples:
  iamspec list              the nine kinds
  iamspec list rules")]
    List(List),
    /// Say what a rule means, how sure it is, and how we know
    #[command(after_help = "Examples:
  iamspec explain DeleteUser/holds-mfa-device
  iamspec explain 'DeleteUser/*'")]
    Explain(Explain),
    /// Print what must be done, in order, before the users of a script can be deleted
    #[command(after_help = "Examples:
  iamspec plan delete-user/two-of-everything
  iamspec plan my.script --devices")]
    Plan(Plan),
    /// Play finds again, and say of each whether it FAILS, is FIXED, or what the ERROR is
    #[command(after_help = "Examples:
  iamspec replay regressions/*.script --endpoint http://127.0.0.1:5000")]
    Replay(Replay),
    /// Drop calls from a script for as long as it shows what it shows
    #[command(after_help = "Examples:
  iamspec shrink my.script --endpoint http://127.0.0.1:5000 > short.script")]
    Shrink(Shrink),
    /// Try the default scripts, at tier text and level should, on endpoints that are wrong in one way each
    #[command(after_help = "Examples:
  iamspec mutants                    every one, over HTTP; some minutes
  iamspec mutants 'DeleteUser/*'     those of one call
  iamspec mutants --in-memory        without HTTP; some seconds")]
    Mutants(Mutants),
    /// Show an earlier run again, or write it in another form
    #[command(after_help = "Examples:
  iamspec run --endpoint http://127.0.0.1:5000 --report json=run.jsonl
  iamspec report run.jsonl
  iamspec report run.jsonl --as junit > run.xml")]
    Report(Report),
    /// Compare two runs: what is new, what is fixed, what is answered otherwise
    #[command(after_help = "Examples:
  iamspec diff before.jsonl after.jsonl    exit code 1 where something is new")]
    Diff(Diff),
    /// Remove what a run has left that was killed, or that could not remove it
    #[command(after_help = "Examples:
  iamspec cleanup                  what every run left that has a journal and is over
  iamspec cleanup 1f3a9c02 --list  what one run left
  iamspec cleanup 1f3a9c02 --endpoint http://127.0.0.1:5000
                                   where its journal is lost: by its names")]
    Cleanup(Cleanup),
}

/// `iamspec replay`.
#[derive(Args, Debug)]
pub struct Replay {
    /// Whom to ask.
    #[command(flatten)]
    pub target: Target,
    /// What counts.
    #[command(flatten)]
    pub counts: Counts,
    /// Files, or names of ours (`iamspec list scripts`)
    #[arg(value_name = "SCRIPT", required = true)]
    pub scripts: Vec<String>,
}

/// `iamspec shrink`.
#[derive(Args, Debug)]
pub struct Shrink {
    /// Whom to ask.
    #[command(flatten)]
    pub target: Target,
    /// What counts.
    #[command(flatten)]
    pub counts: Counts,
    /// How many calls may be spent on it
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub calls: usize,
    /// A file, or the name of one of ours (`iamspec list scripts`)
    #[arg(value_name = "SCRIPT")]
    pub script: String,
}

/// `iamspec mutants`.
#[derive(Args, Debug)]
pub struct Mutants {
    /// Ask the model itself, and no server
    #[arg(long)]
    pub in_memory: bool,
    /// Only mutants whose name is so; `*` stands for anything
    #[arg(value_name = "GLOB", default_value = "*")]
    pub name: String,
}

/// What counts.
#[derive(Args, Clone, Copy, Debug)]
pub struct Counts {
    /// How closely answers are compared
    #[arg(long, value_enum, default_value = "code")]
    pub tier: TierArg,
    /// From which level on a divergence fails the run
    #[arg(long, value_enum, default_value = "must")]
    pub level: LevelArg,
}

impl From<Counts> for Threshold {
    fn from(counts: Counts) -> Self {
        Self { tier: counts.tier.into(), level: counts.level.into() }
    }
}

/// `iamspec run`.
#[derive(Args, Debug)]
pub struct Run {
    /// Whom to ask.
    #[command(flatten)]
    pub target: Target,
    /// What counts.
    #[command(flatten)]
    pub counts: Counts,
    /// What to play: repeatable; the hand-written scripts if left out and no script is named
    #[arg(long, value_enum, value_name = "NAME")]
    pub suite: Vec<SuiteArg>,
    /// When what calls change is read, from both sides
    #[arg(long, value_enum, default_value = "end")]
    pub observe: ObserveArg,
    /// How long the endpoint may take until its answers are as they should be, such as `10s`: a read that
    /// shows otherwise and a refusal are asked again, and what settled is reported; not at all if left out
    #[arg(long, value_name = "TIME", value_parser = words::time, default_value = "0s")]
    pub settle: Duration,
    /// What the chance of `--suite random` begins with
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many calls `--suite random` makes at most
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub calls: usize,
    /// End after so many requests, or so many seconds (`60s`), and clean up
    #[arg(long, value_name = "N")]
    pub budget: Option<Budget>,
    /// End a generated suite where nothing new comes up for a while
    #[arg(long)]
    pub until_coverage: bool,
    /// Write what was asked and what was not, as JSON
    #[arg(long, value_name = "FILE")]
    pub coverage: Option<PathBuf>,
    /// Write a report as well, such as `json=run.jsonl`; repeatable
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<ReportArg>,
    /// What the endpoint is, for reports: a file with `name`, `version` and `licence`, in TOML
    #[arg(long, value_name = "FILE")]
    pub about: Option<PathBuf>,
    /// Where the finds of generated suites are kept as scripts, which are played again next time
    #[arg(long, value_name = "FOLDER", default_value = "regressions")]
    pub regressions: PathBuf,
    /// Play only scripts that reach a rule of this name; `*` stands for anything
    #[arg(long, value_name = "GLOB")]
    pub rule: Option<String>,
    /// Known divergences of this target, in TOML
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// Add what is unexpected to the file of known divergences, and take out what is stale
    #[arg(long, requires = "expect")]
    pub update_expectations: bool,
    /// Print what would be played, and play nothing
    #[arg(long)]
    pub list: bool,
    /// Scripts to play instead of all: files, or names of ours (`iamspec list scripts`)
    #[arg(value_name = "SCRIPT")]
    pub scripts: Vec<String>,
}

/// `iamspec verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// Check large scopes as well
    #[arg(long, conflicts_with_all = ["scope", "explore"])]
    pub full: bool,
    /// Show a scope in stateright's Explorer instead, at an address of this machine; port 0 takes a
    /// free one
    #[arg(long, value_name = "ADDRESS")]
    pub explore: Option<SocketAddr>,
    /// One scope by its name, instead of all
    #[arg(value_name = "SCOPE")]
    pub scope: Option<String>,
}

/// `iamspec list`.
#[derive(Args, Debug)]
pub struct List {
    /// What to list
    #[arg(value_enum, default_value = "kinds")]
    pub what: Listing,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Listing {
    /// The nine kinds of attachment
    Kinds,
    /// Every rule, with its level in each tier
    Rules,
    /// Every call that the reference endpoint serves, by its name in the API
    Calls,
    /// Every script of ours, in the order played
    Scripts,
    /// Endpoints that are wrong in one known way, made by hand; `iamspec mutants` has those of the tables
    Mutants,
    /// What holds in every state and of every call, and what is reached in some
    Properties,
    /// Every fault of the model that its tables give, and which nothing can notice
    Faults,
    /// What the exit codes mean
    ExitCodes,
    /// What the model does not speak of
    Unmodelled,
}

/// `iamspec explain`.
#[derive(Args, Debug)]
pub struct Explain {
    /// A rule, such as `DeleteUser/holds-access-key`; `*` stands for anything
    #[arg(value_name = "RULE")]
    pub rule: String,
}

/// `iamspec plan`.
#[derive(Args, Debug)]
pub struct Plan {
    /// A script that makes the users, of ours (`iamspec list scripts`) or a file; it is played in the
    /// model alone
    #[arg(value_name = "SCRIPT")]
    pub script: String,
    /// Delete the virtual MFA devices that the users leave as well
    #[arg(long)]
    pub devices: bool,
}

fn exit_codes() -> String {
    let codes = exit::ALL.iter().map(|(code, meaning)| format!("  {code}  {meaning}"));
    format!("Exit codes:\n{}", codes.collect::<Vec<_>>().join("\n"))
}
