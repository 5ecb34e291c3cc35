//! What a user types.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::accounts::cleanup::CleanupArgs;
use crate::commands::accounts::plan::PlanArgs;
use crate::commands::completions::{CompletionsArgs, ManArgs};
use crate::commands::reports::report::{DiffArgs, IssueArgs, MatrixArgs, MergeArgs, ReportArgs};
use crate::commands::sdks::driver::{BuiltinDriverArgs, DriverCheckArgs, DriverProbeArgs};
use crate::commands::sdks::export::ExportArgs;
use crate::commands::sdks::serve::ServeArgs;
use crate::commands::test::race::RaceArgs;
use crate::commands::test::run::{RunArgs, ThresholdArgs};
use crate::commands::test::target::TargetArgs;
use crate::commands::traffic::api_diff::ApiDiffArgs;
use crate::commands::traffic::audit::AuditArgs;
use crate::commands::traffic::evidence::EvidenceArgs;
use crate::commands::understand::docs::DocsArgs;
use crate::exit_code;

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
    /// Say on stderr what is asked and answered, and what is waited for; twice: with which members
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
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
    Run(Box<RunArgs>),
    /// Check the model itself in every state of a few scopes
    #[command(after_help = "Examples:
  iamspec verify
  iamspec verify --full                       large scopes as well
  iamspec verify quotas                       one scope
  iamspec verify pair --explore 127.0.0.1:0   one scope in a browser")]
    Verify(VerifyArgs),
    /// Ask calls at the same time, and see whether some order of them explains what came of it
    #[command(after_help = crate::commands::test::race::EXAMPLES)]
    Race(RaceArgs),
    /// Serve the reference endpoint
    #[command(after_help = crate::commands::sdks::serve::EXAMPLES)]
    Serve(ServeArgs),
    /// List the kinds, the rules, the scripts and more
    #[command(after_help = "Examples:
  iamspec list              the nine kinds
  iamspec list rules")]
    List(ListArgs),
    /// Say what a rule means, how sure it is, and how we know
    #[command(after_help = "Examples:
  iamspec explain DeleteUser/holds-mfa-device
  iamspec explain 'DeleteUser/*'")]
    Explain(ExplainArgs),
    /// Print how deletion works, and every call, as pages in Markdown
    #[command(after_help = crate::commands::understand::docs::EXAMPLES)]
    Docs(DocsArgs),
    /// Say which calls of a newer service model are not what the facts were taken from
    #[command(after_help = "Examples:
  iamspec api-diff botocore/data/iam/2010-05-08/service-2.json.gz    exit code 1 where a call is")]
    ApiDiff(ApiDiffArgs),
    /// Say what the evidence is worth
    #[command(after_help = "Examples:
  iamspec evidence stale --before 2022-01-01")]
    Evidence(EvidenceArgs),
    /// Print what must be done, in order, before a user can be deleted
    #[command(after_help = "Examples:
  iamspec plan delete-user/two-of-everything                 the users of a script, in the model alone
  iamspec plan my.script --devices
  iamspec plan alice --endpoint aws                          a user of the account that your credentials are of
  iamspec plan alice --endpoint http://127.0.0.1:5000 --as aws-cli

An endpoint is only read: GetUser, and the listing of each of the nine kinds.")]
    Plan(PlanArgs),
    /// Hold what others asked and were answered against the model: the logs of `CloudTrail`
    #[command(after_help = crate::commands::traffic::audit::EXAMPLES)]
    Audit(AuditArgs),
    /// Play finds again, and say of each whether it FAILS, is FIXED, or what the ERROR is
    #[command(after_help = "Examples:
  iamspec replay regressions/*.script --endpoint http://127.0.0.1:5000")]
    Replay(ReplayArgs),
    /// Drop calls from a script for as long as it shows what it shows
    #[command(after_help = "Examples:
  iamspec shrink my.script --endpoint http://127.0.0.1:5000 > short.script")]
    Shrink(ShrinkArgs),
    /// Try the default scripts, at tier text and level should, on endpoints that are wrong in one way each
    #[command(after_help = "Examples:
  iamspec mutants                    every one, over HTTP; some minutes
  iamspec mutants 'DeleteUser/*'     those of one call
  iamspec mutants --in-memory        without HTTP; some seconds")]
    Mutants(MutantsArgs),
    /// Show an earlier run again, or write it in another form
    #[command(after_help = "Examples:
  iamspec run --endpoint http://127.0.0.1:5000 --report json=run.jsonl
  iamspec report run.jsonl
  iamspec report run.jsonl --as junit > run.xml")]
    Report(ReportArgs),
    /// Write a finding of an earlier run as the text of an issue
    #[command(after_help = "Examples:
  iamspec issue run.jsonl DeleteUser/holds-mfa-device")]
    Issue(IssueArgs),
    /// Write a script as a program that anybody can run: for the AWS CLI, boto3, curl or pytest
    #[command(after_help = "Examples:
  iamspec export delete-user/alone/mfa-device --as aws-cli > show.sh
  iamspec export regressions/find.script --as pytest --endpoint http://127.0.0.1:4566")]
    Export(ExportArgs),
    /// Compare two runs: what is new, what is fixed, what is answered otherwise
    #[command(after_help = "Examples:
  iamspec diff before.jsonl after.jsonl    exit code 1 where something is new")]
    Diff(DiffArgs),
    /// Put the parts of one suite together that `run --shard` has played
    #[command(after_help = "Examples:
  iamspec run --shard 1/2 --report json=1.jsonl
  iamspec run --shard 2/2 --report json=2.jsonl
  iamspec merge 1.jsonl 2.jsonl --report html=run.html

The exit code is the gravest of the parts; a part that is missing or of another run is refused.")]
    Merge(MergeArgs),
    /// Run against several endpoints, and show them side by side
    #[command(after_help = "Examples:
  iamspec matrix tests/emulators/*/target.toml
  iamspec matrix tests/emulators/*/target.toml -- --tier text --level should
  iamspec matrix moto.jsonl localstack.jsonl          runs that were written down

Beside each file may stand `expected.toml`, what the endpoint is known to do otherwise.
The exit code is the gravest of the runs: 2, 1, 3, 4, then 0.")]
    Matrix(MatrixArgs),
    /// Print what completes the words of a command line
    #[command(after_help = "Examples:
  iamspec completions bash > /etc/bash_completion.d/iamspec
  iamspec completions fish > ~/.config/fish/completions/iamspec.fish")]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_help = "Examples:
  iamspec man | man -l -
  iamspec man --out /usr/local/share/man/man1")]
    Man(ManArgs),
    /// Say whether a driver of an SDK keeps to the protocol
    #[command(after_help = "Examples:
  iamspec driver-check 'python3 my_driver.py'
  iamspec run --driver 'python3 my_driver.py'                the SDK at the reference endpoint
  iamspec run --driver 'python3 my_driver.py' --endpoint http://127.0.0.1:5000

How to write one: harness/drivers.md")]
    DriverCheck(DriverCheckArgs),
    /// Print what an SDK does on the endpoint's bad days: requests, what the caller sees, what is left
    #[command(after_help = "Examples:
  iamspec driver-probe 'python3 my_driver.py' 'node my_driver.mjs'   side by side")]
    DriverProbe(DriverProbeArgs),
    /// Be a driver: our own client in the place of an SDK
    #[command(hide = true)]
    Driver(BuiltinDriverArgs),
    /// Remove what a run has left that was killed, or that could not remove it
    #[command(after_help = "Examples:
  iamspec cleanup                  what every run left that has a journal and is over
  iamspec cleanup 1f3a9c02 --list  what one run left
  iamspec cleanup 1f3a9c02 --endpoint http://127.0.0.1:5000
                                   where its journal is lost: by its names")]
    Cleanup(CleanupArgs),
}

/// `iamspec replay`.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// Whom to ask.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What counts.
    #[command(flatten)]
    pub counts: ThresholdArgs,
    /// Files, or names of ours (`iamspec list scripts`)
    #[arg(value_name = "SCRIPT", required = true)]
    pub scripts: Vec<String>,
}

/// `iamspec shrink`.
#[derive(Args, Debug)]
pub struct ShrinkArgs {
    /// Whom to ask.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What counts.
    #[command(flatten)]
    pub counts: ThresholdArgs,
    /// How many calls may be spent on it
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub calls: usize,
    /// A file, or the name of one of ours (`iamspec list scripts`)
    #[arg(value_name = "SCRIPT")]
    pub script: String,
}

/// `iamspec mutants`.
#[derive(Args, Debug)]
pub struct MutantsArgs {
    /// Ask the model itself, and no server
    #[arg(long)]
    pub in_memory: bool,
    /// Only mutants whose name is so; `*` stands for anything
    #[arg(value_name = "GLOB", default_value = "*")]
    pub name: String,
}

/// `iamspec verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
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
pub struct ListArgs {
    /// What to list
    #[arg(value_enum, default_value = "kinds")]
    pub what: ListTopic,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ListTopic {
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
pub struct ExplainArgs {
    /// A rule, such as `DeleteUser/holds-access-key`; `*` stands for anything
    #[arg(value_name = "RULE")]
    pub rule: String,
}

fn exit_codes() -> String {
    let codes = exit_code::ALL.iter().map(|(code, meaning)| format!("  {code}  {meaning}"));
    format!("Exit codes:\n{}", codes.collect::<Vec<_>>().join("\n"))
}
