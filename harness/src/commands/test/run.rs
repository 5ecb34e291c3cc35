//! `iamspec run`: executes scripts and generated suites against an endpoint and reports the
//! divergences from the specification.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;
use iamspec_conformance::results::known_failures::KnownFailures;
use iamspec_conformance::results::shrink::Minimization;
use iamspec_conformance::runner::EndReason;
use iamspec_conformance::runner::shard::Shard;
use iamspec_conformance::{Reference, Report, ScriptRun, Suite};

use crate::client::HttpClient;
use crate::client::account::readiness::Unusable;
use crate::commands::leftovers::sweep;
use crate::commands::reports::report::{
    all_written, check_files, terminal_text, write_file, write_reports,
};
use crate::commands::selection::{SuiteArg, contradictions, list, select};
use crate::commands::settings::settings_file;
use crate::commands::shard::ShardArg;
use crate::commands::test::dry_run::print_requests;
use crate::commands::test::jobs::{Progress, number_of_jobs};
use crate::commands::test::outcome::{RunOutcome, today};
use crate::commands::test::run_args::RunArgs;
use crate::commands::test::target::{OpenTarget, TargetFile, now, stop_on_ctrl_c};
use crate::commands::test::{invariants, known_failures};
use crate::driver::Driver;
use crate::exit_code;
use crate::report::diff::revision;
use crate::report::events::{RunClient, RunHeader, RunTarget, ShardOf};
use crate::report::format::summary::{counted, number};
use crate::report::{FORMAT, RunReport};
use crate::wire::output::visible::say;

pub(crate) fn run(args: &RunArgs, out: &mut dyn Write) -> Result<u8> {
    if args.selection.suite.contains(&SuiteArg::Invariants) {
        return invariants::run(args, out);
    }
    args.check()?;
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
    let inputs: Vec<PathBuf> = args.inputs().into_iter().chain(settings_file(args)).collect();
    check_files(args.outputs(), inputs.iter().map(PathBuf::as_path))?;
    for line in contradictions(suite.scripts()) {
        say(&format!("iamspec: {line}"));
    }
    let mut silence = std::io::sink();
    let text: &mut dyn Write = if args.prints_text() { &mut *out } else { &mut silence };
    let mut target = OpenTarget::open_any(&args.target, !args.list && !selected.is_empty)?;
    if let Some(why) = target.unusable.take() {
        let header = header((&target.name, about), target.http.driver(), args, selected);
        return report_unusable((&suite, &why), args, header, &mut target.http, out);
    }
    let size = suite.size(&mut Reference::default());
    let shard = selected.shard.map(|it| format!("shard {it} of ")).unwrap_or_default();
    let description = &selected.description;
    let planned = counted(size.calls, "planned call");
    let most = Some(size.max_calls).filter(|it| *it > size.calls);
    let most = most.map(|it| format!(", at most {}", number(it))).unwrap_or_default();
    writeln!(text, "{}: {shard}{description}, {planned}{most}", target.title)?;
    if selected.is_empty {
        return Ok(nothing_selected(args));
    }
    if args.list {
        return list(&suite, text);
    }
    text.flush()?;
    target.http.set_recording(args.record.is_some());
    let jobs = number_of_jobs(args.jobs, args.target.endpoint.rate, &target.http);
    let minimization = Minimization {
        threshold: args.threshold(),
        known_failures: known_failures.clone(),
        of_scripts: true,
        ..Minimization::default()
    };
    let suite =
        suite.with_jobs(jobs).with_budget(args.budget).with_minimization(minimization.clone());
    let header = header((&target.name, about), target.http.driver(), args, selected);
    let started = Instant::now();
    let report = execute((&suite, &minimization), size.requests, args, &mut target.http)?;
    let left = sweep(&report, &mut target.http);
    let duration = started.elapsed();
    let mut outcome = RunOutcome::new(&report, args, &known_failures);
    // The result is printed even if a file cannot be written.
    let saved = outcome.save_findings(&args.selection.regressions);
    let run = outcome.report((&report, left, duration), args, &target.http, header);
    write!(text, "{}", terminal_text(&run, &args.show))?;
    let trace = target.http.check_trace();
    let updated = match args.known_failures.as_deref().filter(|_| args.update_known_failures) {
        Some(file) => update(file, &report, &run, &outcome, args),
        None => Ok(run.end.exit),
    };
    let mut results = write_files(&run, args, out);
    results.extend([saved, trace]);
    let (code, updated) = match updated {
        Ok(code) => (code, Ok(())),
        Err(error) => (exit_code::USAGE, Err(error)),
    };
    results.push(updated);
    all_written(results)?;
    Ok(code)
}

/// Prints why the endpoint cannot be tested. The files are those of a run that has skipped every call.
fn report_unusable(
    (suite, why): (&Suite, &Unusable),
    args: &RunArgs,
    header: RunHeader,
    http: &mut HttpClient,
    out: &mut dyn Write,
) -> Result<u8> {
    let mut report = suite.run(http, &mut |_| (), &|| true);
    report.end_reason = Some(EndReason::NeverResponded(why.failure.clone()));
    let outcome = RunOutcome::new(&report, args, &KnownFailures::default());
    let mut run = outcome.report((&report, Vec::new(), Duration::ZERO), args, http, header);
    run.end.ended_early = Some(why.reason.clone());
    if args.prints_text() {
        writeln!(out, "{why}")?;
    } else {
        say(&why.to_string());
    }
    all_written(write_files(&run, args, out))?;
    Ok(run.end.exit)
}

/// Writes every file that the options name, even if one of them cannot be written.
fn write_files(run: &RunReport, args: &RunArgs, out: &mut dyn Write) -> Vec<Result<()>> {
    let coverage = args
        .coverage
        .as_ref()
        .map(|file| write_file(file, &(serde_json::to_string_pretty(&run.coverage)? + "\n")));
    let record = args
        .record
        .as_ref()
        .map(|file| write_file(file, &crate::report::file::to_json_lines(&run.anonymous())?));
    let reports = write_reports(run, &args.report, out);
    coverage.into_iter().chain(record).chain([reports]).collect()
}

/// The selection of all shards together, and the shard of this run.
struct Selected {
    description: String,
    shard: Option<Shard>,
    /// No shard has anything to run.
    is_empty: bool,
}

fn suite(args: &RunArgs) -> Result<(Suite, Selected)> {
    let suite = select(&args.selection, args.rules)?;
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
    say(&format!(
        "iamspec: none of the selected scripts reaches a rule that matches `{}`; \
         `iamspec list rules` prints all rules",
        args.selection.rule.as_deref().unwrap_or("*")
    ));
    exit_code::NOTHING_RAN
}

/// Updates the known failures. The exit code is that of a run with the new file.
fn update(
    file: &Path,
    report: &Report,
    run: &RunReport,
    outcome: &RunOutcome,
    args: &RunArgs,
) -> Result<u8> {
    let new = outcome.new_entries(report);
    let update = known_failures::update(file, &new, &outcome.complaints, &today())?;
    let (added, removed) = (update.added, update.removed);
    let next = if added > 0 { "; replace the reason of each new entry" } else { "" };
    say(&format!("{}: {added} added, {removed} removed{next}", file.display()));
    let updated = known_failures::read(Some(file), None, false)?;
    let rest = (run.not_deleted.as_slice(), run.remarks.as_slice());
    Ok(RunOutcome::exit_code_with(&updated, report, args, rest))
}

/// The first event of the report.
fn header(
    (name, about): (&str, Option<TargetFile>),
    driver: Option<&Driver>,
    args: &RunArgs,
    selected: Selected,
) -> RunHeader {
    let target = match about {
        Some(it) => RunTarget { name: it.name, version: Some(it.version), license: it.license },
        None => RunTarget { name: name.to_owned(), version: None, license: None },
    };
    let threshold = args.threshold();
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
        rules: threshold.rules.map(|it| it.name.clone()),
        settle: args.settle.as_secs_f64(),
        seed: args.selection.seed,
        started: now(),
        shard: selected.shard.map(|it| ShardOf { number: it.number(), of: it.of() }),
        site: args.site.clone(),
    }
}

/// Executes the suite until it ends or is stopped.
fn execute(
    (suite, counts): (&Suite, &Minimization),
    requests: usize,
    args: &RunArgs,
    http: &mut HttpClient,
) -> Result<Report> {
    let stopped = stop_on_ctrl_c(http, &args.target.endpoint)?;
    let progress = Progress::new(requests, !args.quiet);
    let mut on_request = |requests| progress.update(requests);
    let on_script = |it: &ScriptRun| progress.end_script(it, counts);
    let is_stopped = || stopped.load(Ordering::Relaxed);
    let mut report = suite.run_observed(http, &mut on_request, &on_script, &is_stopped);
    if let (Some(EndReason::Stopped), Some(other)) = (&report.end_reason, http.other_account()) {
        report.end_reason = Some(EndReason::OtherAccount(other.to_owned()));
    }
    if let Some(why) = http.end_reason() {
        report.end_reason = Some(EndReason::StoppedResponding(why.clone()));
    }
    progress.finish(&report);
    Ok(report)
}

/// The selection in words, for example "3 scripts, lattice".
fn description(suite: &Suite) -> String {
    let scripts = Some(suite.scripts().len()).filter(|it| *it > 0 || suite.generated().is_empty());
    let scripts = scripts.map(|it| counted(it, "script"));
    let generated = suite.generated().iter().map(|it| it.name().to_owned());
    scripts.into_iter().chain(generated).collect::<Vec<_>>().join(", ")
}
