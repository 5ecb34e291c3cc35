//! `iamspec run`: executes scripts and generated suites against an endpoint and reports the
//! divergences from the specification.

use std::cell::Cell;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::results::Threshold;
use iamspec_conformance::runner::EndReason;
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::runner::shard::Shard;
use iamspec_conformance::{Reference, Report, Suite};

use crate::client::HttpClient;
use crate::commands::options::{ThresholdArgs, Typed, duration};
use crate::commands::reports::report::{
    Detail, ReportArg, terminal_text, write_file, write_reports,
};
use crate::commands::selection::{SelectionArgs, SuiteArg, select};
use crate::commands::test::dry_run::print_requests;
use crate::commands::test::jobs::{Budget, Jobs, Progress, number_of_jobs};
use crate::commands::test::outcome::{RunOutcome, today};
use crate::commands::test::shard::ShardArg;
use crate::commands::test::target::{OpenTarget, TargetArgs, TargetFile, now};
use crate::commands::test::{invariants, known_failures};
use crate::driver::Driver;
use crate::exit_code;
use crate::report::diff::revision;
use crate::report::events::{RunClient, RunHeader, RunTarget, ShardOf};
use crate::report::format::summary::counted;
use crate::report::{FORMAT, RunReport};

/// The arguments of `iamspec run`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # The embedded reference endpoint.
  iamspec run
  # An emulator on this machine.
  iamspec run --endpoint http://127.0.0.1:5000
  # An endpoint with one known defect.
  iamspec run --mutant forgets-mfa-device
  # The rules of one action, including error messages.
  iamspec run --rule 'DeleteUser/*' --tier text
  # A built-in script and one of your own.
  iamspec run delete-user/alone/access-key my.script")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub struct RunArgs {
    /// The options as typed. It must stay the first field.
    #[command(flatten)]
    pub typed: Typed,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The scripts and suites.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// The divergences that fail the run.
    #[command(flatten)]
    pub counts: ThresholdArgs,
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
    /// The run then deletes its resources as usual.
    #[arg(long, value_name = "N", help_heading = "Execution")]
    pub budget: Option<Budget>,
    /// Stop a generated suite when coverage stops growing
    #[arg(long, help_heading = "Execution")]
    pub until_coverage: bool,
    /// Number of scripts to run in parallel, or `auto`
    ///
    /// `auto` chooses the number by measuring the endpoint's throughput. Results do not depend on
    /// it. Ignored with --driver and --trace.
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Execution")]
    pub jobs: Jobs,
    /// Run shard K of N, for example `2/8`
    ///
    /// `env` takes K and N from the variables of a Slurm array, an AWS Batch array job, Buildkite,
    /// `CircleCI` or GitLab. `env/8` takes only K from them, for example in a Kubernetes Indexed
    /// Job. `iamspec report merge` combines the shards.
    #[arg(long, value_name = "K/N", conflicts_with_all = ["update_known_failures", "dry_run"], help_heading = "Execution")]
    pub shard: Option<ShardArg>,
    /// Report to write, such as `json=run.jsonl`; repeatable
    ///
    /// Formats: json, junit, markdown, html, badge.
    #[arg(long, value_name = "FORMAT=FILE", help_heading = "Output")]
    pub report: Vec<ReportArg>,
    /// Details to add to the terminal output; repeatable
    #[arg(long, value_enum, value_name = "DETAIL", help_heading = "Output")]
    pub show: Vec<Detail>,
    /// Write the exercised and the unexercised rules as JSON
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub coverage: Option<PathBuf>,
    /// Write the run as evidence, without names and secrets
    ///
    /// The file contains calls and responses in symbols, and the request ids of the service. It
    /// contains no names, accounts and secrets. `iamspec evidence show` prints what is new in it.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub record: Option<PathBuf>,
    /// Target description for reports (TOML)
    ///
    /// A file with `name`, `version` and optionally `licence` and `start`.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub about: Option<PathBuf>,
    /// Print the selected scripts and suites, send nothing
    #[arg(long, help_heading = "Safety")]
    pub list: bool,
    /// Print the requests for a conforming endpoint, send nothing
    #[arg(long, help_heading = "Safety")]
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

pub(crate) fn run(args: &RunArgs, out: &mut dyn Write) -> Result<u8> {
    if args.selection.suite.contains(&SuiteArg::Invariants) {
        return invariants::run(args, out);
    }
    let about = args.about.as_deref().map(TargetFile::read).transpose()?;
    let known_failures = known_failures::read(
        args.known_failures.as_deref(),
        about.as_ref(),
        args.update_known_failures,
    )?;
    let (suite, selected) = suite(args)?;
    if args.dry_run {
        return print_requests(&suite, &args.target, out);
    }
    let mut target = OpenTarget::open(&args.target)?;
    let calls = suite.count_operations(&mut Reference::default());
    let shard = selected.shard.map(|it| format!("shard {it} of ")).unwrap_or_default();
    let description = &selected.description;
    writeln!(out, "{}: {shard}{description}, {}", target.name, counted(calls, "call"))?;
    if selected.is_empty {
        return Ok(nothing_selected(args));
    }
    if args.list {
        return list(&suite, out);
    }
    out.flush()?;
    target.http.set_recording(args.record.is_some());
    let jobs = number_of_jobs(args.jobs, args.target.endpoint.rate, &target.http);
    let suite = suite.with_jobs(jobs);
    let header = header((&target.name, about), target.http.driver(), args, selected);
    let started = Instant::now();
    let report = execute(&suite, calls, args, &mut target.http)?;
    let duration = started.elapsed();
    let mut outcome = RunOutcome::new(&report, args, &known_failures);
    // The result is printed even if a file cannot be written.
    let saved = outcome.save_findings(&args.selection.regressions);
    let run = outcome.report((&report, duration), args, &target.http, header);
    write!(out, "{}", terminal_text(&run, &args.show))?;
    saved?;
    write_files(&run, args)?;
    match args.known_failures.as_deref().filter(|_| args.update_known_failures) {
        Some(file) => update(file, &run, &outcome),
        None => Ok(run.end.exit),
    }
}

fn write_files(run: &RunReport, args: &RunArgs) -> Result<()> {
    if let Some(file) = &args.coverage {
        write_file(file, &(serde_json::to_string_pretty(&run.coverage)? + "\n"))?;
    }
    write_reports(run, &args.report)?;
    if let Some(file) = &args.record {
        write_file(file, &crate::report::file::to_json_lines(&run.anonymous())?)?;
    }
    Ok(())
}

/// The selection of all shards together, and the shard of this run.
struct Selected {
    description: String,
    shard: Option<Shard>,
    /// No shard has anything to run.
    is_empty: bool,
}

fn suite(args: &RunArgs) -> Result<(Suite, Selected)> {
    let suite = select(&args.selection)?;
    let suite = suite.with_observe_mode(args.observe.into()).until_coverage(args.until_coverage);
    let suite = suite.with_convergence_timeout(args.settle);
    let shard = args.shard.map(ShardArg::resolve).transpose()?;
    let is_empty = suite.scripts().is_empty() && suite.generated().is_empty();
    let selected = Selected { description: description(&suite), shard, is_empty };
    let suite = match shard {
        Some(shard) => suite.shard(shard),
        None => suite,
    };
    Ok((suite, selected))
}

fn nothing_selected(args: &RunArgs) -> u8 {
    eprintln!(
        "iamspec: none of the selected scripts exercises a rule that matches `{}`; \
         `iamspec list rules` prints all rules",
        args.selection.rule.as_deref().unwrap_or("*")
    );
    exit_code::NOTHING_RAN
}

/// Updates the known failures. The exit code is that of a run with the new file.
fn update(file: &Path, run: &RunReport, outcome: &RunOutcome) -> Result<u8> {
    let update = known_failures::update(file, &run.findings, &outcome.complaints, &today())?;
    let (added, removed) = (update.added, update.removed);
    eprintln!(
        "{}: {added} added, {removed} removed; replace the reason of each new entry",
        file.display()
    );
    let fixed = run.end.exit == exit_code::DIVERGES && update.left == 0;
    Ok(if fixed { exit_code::CONFORMS } else { run.end.exit })
}

/// The first event of the report.
fn header(
    (name, about): (&str, Option<TargetFile>),
    driver: Option<&Driver>,
    args: &RunArgs,
    selected: Selected,
) -> RunHeader {
    let target = match about {
        Some(it) => RunTarget { name: it.name, version: Some(it.version), licence: it.licence },
        None => RunTarget { name: name.to_owned(), version: None, licence: None },
    };
    let threshold = Threshold::from(args.counts);
    RunHeader {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: revision(),
        target,
        client: driver.map(Driver::hello).map(|it| RunClient {
            sdk: it.sdk.clone(),
            version: it.version.clone(),
            language: it.language.clone(),
        }),
        selection: selected.description,
        tier: threshold.tier.name().to_owned(),
        level: threshold.level.name().to_owned(),
        settle: args.settle.as_secs_f64(),
        seed: args.selection.seed,
        started: now(),
        shard: selected.shard.map(|it| ShardOf { number: it.number(), of: it.of() }),
    }
}

/// Executes the suite until it ends, is stopped, or exceeds its budget.
fn execute(suite: &Suite, calls: usize, args: &RunArgs, http: &mut HttpClient) -> Result<Report> {
    let stopped = stop_on_ctrl_c(http)?;
    let progress = Progress::new(calls);
    let (sent, started) = (Cell::new(0), Instant::now());
    let is_spent = || match args.budget {
        Some(Budget::Requests(limit)) => sent.get() >= limit,
        Some(Budget::Time(limit)) => started.elapsed() >= limit,
        None => false,
    };
    let mut on_request = |requests| {
        sent.set(requests);
        progress.update(requests);
    };
    let is_stopped = || stopped.load(Ordering::Relaxed);
    let mut report = suite.run(http, &mut on_request, &|| is_stopped() || is_spent());
    if report.end_reason == Some(EndReason::Stopped) && !is_stopped() {
        report.end_reason = Some(EndReason::BudgetUsedUp);
    }
    progress.finish(&report);
    Ok(report)
}

/// Prints the scripts and generated suites, each with its number of calls.
pub(crate) fn list(suite: &Suite, out: &mut dyn Write) -> Result<u8> {
    for script in suite.scripts() {
        writeln!(out, "{:>5} {:<44} {}", script.steps.len(), script.name, script.idea)?;
    }
    for it in suite.generated() {
        writeln!(out, "{:>5} {:<44} {}", calls_of(*it), it.name(), it.generator().description())?;
    }
    Ok(exit_code::CONFORMS)
}

/// The number of calls of a generated suite on a conforming endpoint, without cleanup.
fn calls_of(generated: GeneratedSuite) -> usize {
    let suite =
        Suite::new(Vec::new()).with_generated(vec![generated]).with_observe_mode(ObserveMode::Off);
    suite.count_operations(&mut Reference::default())
}

/// The selection in words, for example "3 scripts, lattice".
fn description(suite: &Suite) -> String {
    let scripts = Some(suite.scripts().len()).filter(|it| *it > 0 || suite.generated().is_empty());
    let scripts = scripts.map(|it| counted(it, "script"));
    let generated = suite.generated().iter().map(|it| it.name().to_owned());
    scripts.into_iter().chain(generated).collect::<Vec<_>>().join(", ")
}

/// A flag that Ctrl-C sets.
///
/// After the first Ctrl-C, the command deletes its resources and ends. After the second, it exits
/// at once and prints the command that deletes them.
pub(crate) fn stop_on_ctrl_c(http: &HttpClient) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let run = http.journal().map(|it| it.header().run.clone());
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            if let Some(run) = &run {
                eprintln!("resources were not deleted; run: iamspec cleanup {run}");
            }
            std::process::exit(i32::from(exit_code::USAGE));
        }
        eprintln!("\nstopping and deleting resources; press Ctrl-C again to exit at once");
    };
    ctrlc::set_handler(handler).context("cannot handle Ctrl-C")?;
    Ok(stop)
}
