//! The options of `iamspec run`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use iamspec_conformance::results::Threshold;
use iamspec_conformance::results::rule_set::RuleSet;
use iamspec_conformance::runner::Budget;
use iamspec_conformance::runner::observe::ObserveMode;

use crate::commands::options::{ThresholdArgs, Typed, duration, rule_set};
use crate::commands::reports::report::{Detail, ReportArg};
use crate::commands::selection::{SelectionArgs, SuiteArg};
use crate::commands::shard::ShardArg;
use crate::commands::test::jobs::{Jobs, budget};
use crate::commands::test::target::TargetArgs;
use crate::report::rule_links::site_address;

/// The options of `iamspec run` that `-h` shows. `--help` shows all of them.
pub const IN_SHORT_HELP: [&str; 12] = [
    "scripts",
    "endpoint",
    "mutant",
    "i_own_this_account",
    "suite",
    "rule",
    "tier",
    "level",
    "known_failures",
    "jobs",
    "report",
    "help",
];

/// The arguments of `iamspec run`.
#[derive(Args, Debug)]
#[command(
    after_help = "`iamspec run --help` explains every option and has examples.",
    after_long_help = "Examples:
  # The embedded reference endpoint.
  iamspec run
  # An emulator on this machine.
  iamspec run --endpoint http://127.0.0.1:5000
  # An endpoint with one known defect.
  iamspec run --mutant forgets-mfa-device
  # The rules of one action, including error messages.
  iamspec run --rule 'DeleteUser/*' --tier text
  # A built-in script and one of your own.
  iamspec run delete-user/alone/access-key my.script"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub struct RunArgs {
    /// The options as typed. It must stay the first field.
    #[command(flatten)]
    pub typed: Typed,
    /// Settings file; `none` ignores every settings file
    ///
    /// Default: `iamspec.toml` in the working directory or in a folder above it. Typed options
    /// replace its settings.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The scripts and suites.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// The divergences that fail the run.
    #[command(flatten)]
    pub counts: ThresholdArgs,
    /// Rule set whose rules may fail the run, such as `2026-11`
    ///
    /// Findings of newer rules and levels are shown, but do not count. Newer built-in scripts run
    /// only if they are named. `iamspec list rule-sets` prints the sets. Default: every rule.
    #[arg(long, value_name = "SET", value_parser = rule_set, help_heading = "Verdicts")]
    pub rules: Option<&'static RuleSet>,
    /// File of known failures of this target (TOML)
    #[arg(long, alias = "expect", value_name = "FILE", help_heading = "Verdicts")]
    pub known_failures: Option<PathBuf>,
    /// Add new findings to the known failures, remove stale ones
    ///
    /// Creates the file if it does not exist. Replace the reason of each new entry.
    #[arg(
        long,
        alias = "update-expectations",
        requires = "known_failures",
        help_heading = "Verdicts"
    )]
    pub update_known_failures: bool,
    /// When to verify the effects of calls
    ///
    /// The run reads each changed relation from the user's side and from the resource's side.
    #[arg(long, value_enum, default_value = "end", help_heading = "Execution")]
    pub observe: ObserveArg,
    /// Retry stale reads and unexpected refusals this long
    ///
    /// For example `10s`, for eventually consistent endpoints. The report includes the delay.
    /// `0s` means no retries.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", help_heading = "Execution")]
    pub settle: Duration,
    /// Stop after N requests, or after a time such as `60s`
    ///
    /// The run then shortens the scripts of its findings and deletes its resources. Those requests
    /// do not count.
    #[arg(long, value_name = "N", value_parser = budget, help_heading = "Execution")]
    pub budget: Option<Budget>,
    /// Stop a generated suite when coverage stops growing
    #[arg(long, help_heading = "Execution")]
    pub until_coverage: bool,
    /// Number of scripts to run in parallel, or `auto`
    ///
    /// `auto` chooses the number by measuring the endpoint's throughput. Results do not depend on
    /// it. --driver and --trace need a single job.
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Execution")]
    pub jobs: Jobs,
    /// Run shard K of N, for example `2/8`
    ///
    /// `env` takes K and N from the variables of a Slurm array, an AWS Batch array job, Buildkite,
    /// CircleCI or GitLab. `env/8` takes only K from them, for example in a Kubernetes Indexed
    /// Job. `iamspec report merge` combines the shards.
    #[arg(long, value_name = "K/N", conflicts_with_all = ["update_known_failures", "dry_run"], help_heading = "Execution")]
    pub shard: Option<ShardArg>,
    /// Report to write, such as `json=run.jsonl`; repeatable
    ///
    /// Formats: json, junit, markdown, html, badge, sarif. The file `-` is stdout; the run then prints
    /// nothing else there.
    #[arg(long, value_name = "FORMAT=FILE", help_heading = "Output")]
    pub report: Vec<ReportArg>,
    /// Address of a site of `iamspec site` that reports link to
    ///
    /// Findings of HTML, Markdown and SARIF reports then link to the pages of their rules. A JSON
    /// report keeps the address.
    #[arg(long, value_name = "URL", value_parser = site_address, help_heading = "Output")]
    pub site: Option<String>,
    /// Print no result and no progress
    ///
    /// A report to `-` is still written.
    #[arg(long, short, conflicts_with_all = ["show", "list", "dry_run"], help_heading = "Output")]
    pub quiet: bool,
    /// Details to add to the terminal output; repeatable
    #[arg(long, value_enum, value_name = "DETAIL", help_heading = "Output")]
    pub show: Vec<Detail>,
    /// Write the tested and the untested rules as JSON
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub coverage: Option<PathBuf>,
    /// Write the run as evidence, without names and secrets
    ///
    /// The file contains calls and responses in symbols, and the request ids of the service. It
    /// contains no names, account ids or secrets. `iamspec evidence show` prints its new evidence.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub record: Option<PathBuf>,
    /// Target description for reports (TOML)
    ///
    /// A file with `name`, `version` and optionally `license` and `start`.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub about: Option<PathBuf>,
    /// Print the selected scripts and suites, send nothing
    #[arg(long, help_heading = "Output")]
    pub list: bool,
    /// Print the requests for a conforming endpoint, send nothing
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,
}

/// When a run verifies the effects of calls.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObserveArg {
    /// After each call
    Each,
    /// At the end of each script
    End,
    /// Never
    Off,
}

impl From<ObserveArg> for ObserveMode {
    fn from(observe: ObserveArg) -> Self {
        match observe {
            ObserveArg::Each => Self::Each,
            ObserveArg::End => Self::End,
            ObserveArg::Off => Self::Off,
        }
    }
}

impl RunArgs {
    /// The divergences that fail the run.
    pub(crate) fn threshold(&self) -> Threshold {
        Threshold { rules: self.rules, ..self.counts.into() }
    }

    /// Whether the run prints a report instead of its result.
    pub(crate) fn prints_data(&self) -> bool {
        self.report.iter().any(ReportArg::is_stdout)
    }

    /// Whether the run prints its result as text.
    pub(crate) fn prints_text(&self) -> bool {
        !self.quiet && !self.prints_data()
    }

    /// The files that the run writes.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = &Path> {
        let reports = self.report.iter().filter(|it| !it.is_stdout()).map(|it| it.file.as_path());
        let known = self.known_failures.as_deref().filter(|_| self.update_known_failures);
        let trace = self.target.endpoint.trace.as_deref();
        let files = reports.chain(self.coverage.as_deref()).chain(self.record.as_deref());
        files.chain(trace).chain(known)
    }

    /// The files and folders that the run reads, besides its settings. A file of known failures that
    /// the run updates is an output.
    pub(crate) fn inputs(&self) -> Vec<PathBuf> {
        let known = self.known_failures.clone().filter(|_| !self.update_known_failures);
        let files = known.into_iter().chain(self.about.clone());
        let selection = self.selection.scripts.iter().map(PathBuf::from).filter(|it| it.is_file());
        let selection = selection.chain([self.selection.regressions.clone()]);
        files.chain(selection).chain(self.target.inputs().map(Path::to_owned)).collect()
    }

    /// Rejects options that the run would ignore.
    pub(crate) fn check(&self) -> Result<()> {
        let typed = self.typed.options::<Self>();
        let typed = |name: &str| typed.iter().any(|(it, _)| it == name);
        ensure!(
            self.report.iter().filter(|it| it.is_stdout()).count() <= 1,
            "two reports cannot both be written to stdout (`-`); name a file for one of them"
        );
        let suites = &self.selection.suite;
        for name in ["seed", "calls"] {
            ensure!(
                !typed(name) || suites.contains(&SuiteArg::Random),
                "--{name} is an option of `--suite random`; add that suite, or remove --{name}"
            );
        }
        ensure!(
            !self.until_coverage || suites.iter().any(|it| it.is_generated()),
            "--until-coverage ends a generated suite; add one with --suite, or remove the option"
        );
        let endpoint = &self.target.endpoint;
        for (is_set, name) in
            [(self.target.driver.is_some(), "driver"), (endpoint.trace.is_some(), "trace")]
        {
            ensure!(
                !is_set || !matches!(self.jobs, Jobs::Number(2..)),
                "--{name} needs a single job; remove --jobs or --{name}"
            );
        }
        for (sends_nothing, mode) in [(self.list, "list"), (self.dry_run, "dry-run")] {
            for name in
                ["report", "coverage", "record", "update-known-failures", "show", "budget", "site"]
            {
                ensure!(
                    !sends_nothing || !typed(name),
                    "--{mode} sends nothing, so --{name} has no effect; remove one of the two options"
                );
            }
        }
        Ok(())
    }
}
