//! `iamspec replay` and `iamspec shrink`: finds that were kept.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail};
use iamspec_conformance::results::shrink::shrink;
use iamspec_conformance::results::{Threshold, findings};
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::{Endpoint, Finding, Report, Script, Suite, Verdict};

use crate::cli::{ReplayArgs, ShrinkArgs};
use crate::commands::accounts::cleanup::print_kept;
use crate::commands::test::run::{named, stopped_by_ctrl_c};
use crate::commands::test::target::OpenTarget;
use crate::exit_code;

pub(crate) fn replay(args: &ReplayArgs, out: &mut dyn Write) -> Result<u8> {
    let mut open = OpenTarget::of(&args.target)?;
    let stopped = stopped_by_ctrl_c(&open.http)?;
    let threshold = args.counts.into();
    let scripts = args.scripts.iter().map(|name| named(name)).collect::<Result<Vec<_>>>()?;
    let mut worst = exit_code::CONFORMS;
    for script in scripts.into_iter().flatten() {
        let report = play(&script, ObserveMode::default(), &mut open.http, &stopped);
        print_kept(&report, &open.http, out)?;
        let name = &script.name;
        if let Some(finding) = first(&report, threshold) {
            let rule = finding.rule().id();
            writeln!(out, "FAILS  {name}  {rule}, answered {}", finding.observed)?;
            worst = exit_code::gravest([worst, exit_code::DIVERGES]);
        } else if let Some(why) = unanswered(&report) {
            writeln!(out, "ERROR  {name}  {why}")?;
            worst = exit_code::gravest([worst, exit_code::INCONCLUSIVE]);
        } else {
            let (tier, level) = (threshold.tier.name(), threshold.level.name());
            writeln!(out, "FIXED  {name}  as far as {tier} and {level} go")?;
        }
    }
    Ok(worst)
}

pub(crate) fn shorten(args: &ShrinkArgs, out: &mut dyn Write) -> Result<u8> {
    let mut open = OpenTarget::of(&args.target)?;
    let stopped = stopped_by_ctrl_c(&open.http)?;
    let threshold = args.counts.into();
    let script = named(&args.script)?.into_iter().next().context("no such script")?;
    let report = play(&script, ObserveMode::default(), &mut open.http, &stopped);
    let Some(finding) = first(&report, threshold) else {
        let unanswered = unanswered(&report);
        let why = unanswered.as_deref().unwrap_or("every answer conforms");
        eprintln!(
            "iamspec: {} shows nothing on {} that could be made short: {why}",
            script.name, open.name
        );
        return Ok(if unanswered.is_some() {
            exit_code::INCONCLUSIVE
        } else {
            exit_code::NOTHING_RAN
        });
    };
    let mut again = |script: &Script| {
        let report = play(script, ObserveMode::Off, &mut open.http, &stopped);
        report.replays.into_iter().next()
    };
    let short = shrink(&finding, args.calls, &mut again);
    let Some(short) = short else {
        let rule = finding.rule().id();
        bail!(
            "{} did not show {rule} again within {} calls; raise --calls",
            script.name,
            args.calls
        )
    };
    let steps = short.script.steps.len();
    eprintln!("{} calls of {}", steps, script.steps.len());
    let script = Script { idea: finding.rule().statement(), ..short.script };
    write!(out, "{}", iamspec_conformance::script::print::print(&script))?;
    Ok(exit_code::CONFORMS)
}

fn play(
    script: &Script,
    observe: ObserveMode,
    endpoint: &mut dyn Endpoint,
    stopped: &AtomicBool,
) -> Report {
    let suite = Suite::new(vec![script.clone()]).observing(observe);
    suite.run(endpoint, &mut |_| (), &|| stopped.load(Ordering::Relaxed))
}

/// What counts, what binds most first.
fn first(report: &Report, threshold: Threshold) -> Option<Finding> {
    findings(&report.replays).into_iter().find(|it| threshold.counts(&it.divergence))
}

/// Why nothing can be said, where that is so.
fn unanswered(report: &Report) -> Option<String> {
    report.replays.iter().flat_map(|it| &it.exchanges).find_map(|it| match &it.verdict {
        Verdict::Inconclusive(why) => Some(why.to_string()),
        Verdict::Unsupported(api) => Some(format!("{api} is unsupported")),
        Verdict::Skipped(why) => Some(why.clone()),
        Verdict::Conforms(_) | Verdict::Diverges(_) => None,
    })
}
