//! `iamspec replay` and `iamspec shrink`: re-run saved findings, and shorten the script of one.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use iamspec_conformance::results::shrink::shrink;
use iamspec_conformance::results::{Threshold, findings};
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::{Endpoint, Finding, Report, Script, Suite, Verdict};

use crate::commands::leftovers::{cleanup_command, sweep, sweep_journal};
use crate::commands::options::ThresholdArgs;
use crate::commands::reports::report::check_files;
use crate::commands::selection::by_name;
use crate::commands::test::outcome::print_not_deleted;
use crate::commands::test::target::{OpenTarget, TargetArgs, stop_on_ctrl_c};
use crate::exit_code;
use crate::exit_code::Outcome;
use crate::report::format::summary::counted;
use crate::wire::output::visible::{say, visible_line};

/// The arguments of `iamspec replay`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec replay regressions/*.script --endpoint http://127.0.0.1:5000")]
pub struct ReplayArgs {
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The divergences that count.
    #[command(flatten)]
    pub counts: ThresholdArgs,
    /// Script files, or names of built-in scripts
    #[arg(value_name = "SCRIPT", required = true, help_heading = "Arguments")]
    pub scripts: Vec<String>,
}

/// The arguments of `iamspec shrink`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec shrink my.script --endpoint http://127.0.0.1:5000 > short.script")]
pub struct ShrinkArgs {
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The divergences that count.
    #[command(flatten)]
    pub counts: ThresholdArgs,
    /// Maximum number of calls
    #[arg(long, value_name = "N", default_value_t = 2000, help_heading = "Execution")]
    pub calls: usize,
    /// Script file, or the name of a built-in script
    #[arg(value_name = "SCRIPT", help_heading = "Arguments")]
    pub script: String,
}

pub(crate) fn replay(args: &ReplayArgs, out: &mut dyn Write) -> Result<u8> {
    let scripts = args.scripts.iter().map(|name| by_name(name)).collect::<Result<Vec<_>>>()?;
    check_trace(&args.target, args.scripts.iter())?;
    let mut target = OpenTarget::open(&args.target)?;
    let stopped = stop_on_ctrl_c(&target.http, &args.target.endpoint)?;
    let threshold = args.counts.into();
    let mut outcome = Outcome::default();
    for script in scripts.into_iter().flatten() {
        let report = execute(&script, ObserveMode::default(), &mut target.http, &stopped);
        let left = sweep(&report, &mut target.http);
        print_not_deleted(&left, &target.http, &args.target.endpoint, out)?;
        outcome.inconclusive |=
            report.end_reason.is_some() || left.iter().any(|it| !it.after_divergence);
        let name = &script.name;
        if let Some(finding) = first_finding(&report, threshold) {
            let rule = finding.rule_id();
            writeln!(
                out,
                "FAILS  {name}  {rule}, response {}",
                visible_line(&finding.response.to_string())
            )?;
            outcome.diverges = true;
        } else if let Some(reason) = no_verdict(&report) {
            writeln!(out, "ERROR  {name}  {}", visible_line(&reason))?;
            outcome.inconclusive = true;
        } else {
            let (tier, level) = (threshold.tier.name(), threshold.level.name());
            writeln!(out, "FIXED  {name}  at tier {tier} and level {level}")?;
        }
    }
    target.http.check_trace()?;
    Ok(exit_code::of(outcome))
}

pub(crate) fn shorten(args: &ShrinkArgs, out: &mut dyn Write) -> Result<u8> {
    let script = by_name(&args.script)?.into_iter().next().context("there is no such script")?;
    check_trace(&args.target, [&args.script])?;
    let mut target = OpenTarget::open(&args.target)?;
    let stopped = stop_on_ctrl_c(&target.http, &args.target.endpoint)?;
    let threshold = args.counts.into();
    let report = execute(&script, ObserveMode::default(), &mut target.http, &stopped);
    let Some(finding) = first_finding(&report, threshold) else {
        let inconclusive = no_verdict(&report);
        let reason = inconclusive.as_deref().unwrap_or("every response conforms");
        say(&format!(
            "iamspec: {} has no finding on {}, so there is nothing to shrink: {reason}",
            script.name, target.name
        ));
        let inconclusive = inconclusive.is_some();
        return Ok(exit_code::of(Outcome { inconclusive, nothing_ran: true, diverges: false }));
    };
    let mut rerun = |script: &Script| {
        let report = execute(script, ObserveMode::Off, &mut target.http, &stopped);
        report.script_runs.into_iter().next()
    };
    let Some(short) = shrink(&finding, &mut args.calls.clone(), &mut rerun) else {
        bail!(
            "{} did not reproduce {} within {} calls; raise --calls",
            script.name,
            finding.rule_id(),
            args.calls
        )
    };
    sweep_journal(&mut target.http, true);
    target.http.check_trace()?;
    if let Some(command) = cleanup_command(&target.http, &args.target.endpoint) {
        say(&format!(
            "not everything is deleted; when the endpoint accepts the deletion, run: {command}"
        ));
    }
    say(&format!(
        "shrunk to {} of {}",
        short.script.steps.len(),
        counted(script.steps.len(), "call")
    ));
    let script = Script { idea: finding.divergence.statement(), ..short.script };
    write!(out, "{}", iamspec_conformance::script::print::print(&script))?;
    Ok(exit_code::CONFORMS)
}

/// The trace is not one of the scripts.
fn check_trace<'a>(
    target: &'a TargetArgs,
    scripts: impl IntoIterator<Item = &'a String>,
) -> Result<()> {
    let scripts = scripts.into_iter().map(Path::new);
    check_files(target.endpoint.trace.as_deref(), scripts.chain(target.inputs()))
}

fn execute(
    script: &Script,
    observe: ObserveMode,
    endpoint: &mut dyn Endpoint,
    stopped: &AtomicBool,
) -> Report {
    let suite = Suite::new(vec![script.clone()]).with_observe_mode(observe);
    suite.run(endpoint, &mut |_| (), &|| stopped.load(Ordering::Relaxed))
}

/// The first finding at this threshold. Findings are sorted by level.
fn first_finding(report: &Report, threshold: Threshold) -> Option<Finding> {
    findings(&report.script_runs).into_iter().find(|it| threshold.includes(&it.divergence))
}

/// The reason why a replay has no verdict: one of a call, or the early end of the run.
fn no_verdict(report: &Report) -> Option<String> {
    inconclusive_reason(report).or_else(|| report.end_reason.as_ref().map(ToString::to_string))
}

/// The reason why the script has no verdict, if a call was skipped, unsupported or inconclusive.
fn inconclusive_reason(report: &Report) -> Option<String> {
    report.script_runs.iter().flat_map(|it| &it.exchanges).find_map(|it| match &it.verdict {
        Verdict::Inconclusive(reason) => Some(reason.to_string()),
        Verdict::Unsupported(action) => Some(format!("{action} is unsupported")),
        Verdict::Skipped(reason) => Some(reason.clone()),
        Verdict::Conforms(_) | Verdict::Diverges(_) => None,
    })
}
