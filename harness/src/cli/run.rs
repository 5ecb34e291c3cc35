//! `iamspec run`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use iamspec_conformance::finding::Threshold;

use crate::shard::ShardArg;

use super::{
    Budget, Jobs, LevelArg, ObserveArg, ReportArg, SuiteArg, Target, TierArg, Typed, words,
};

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
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Run {
    /// What the user typed. It must stay the first field.
    #[command(flatten)]
    pub typed: Typed,
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
    /// Play so many scripts and courses at the same time, or as many as the endpoint answers fastest, `auto`, which
    /// some hundred reads of nobody show; what comes of them does not depend on it. With --driver and --trace one after the other all the same
    #[arg(long, value_name = "N", default_value = "1")]
    pub jobs: Jobs,
    /// Play one part of several, `2/8`; `env`: the part that a Slurm array, an AWS Batch array job, Buildkite,
    /// `CircleCI` or GitLab says; `env/8`: where only the number is said, as by a Kubernetes Indexed Job
    #[arg(long, value_name = "K/N", conflicts_with_all = ["update_expectations", "dry_run"])]
    pub shard: Option<ShardArg>,
    /// Write what was asked and what was not, as JSON
    #[arg(long, value_name = "FILE")]
    pub coverage: Option<PathBuf>,
    /// Write the run down as evidence: calls and answers in symbols, without names, accounts and secrets, and
    /// what the service called each request. `iamspec evidence show` shows what of it is news
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
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
    /// Print every request that would be sent to an endpoint that conforms, and send none
    #[arg(long)]
    pub dry_run: bool,
    /// Scripts to play instead of all: files, or names of ours (`iamspec list scripts`)
    #[arg(value_name = "SCRIPT")]
    pub scripts: Vec<String>,
}
