//! `iamspec run --suite invariants`: checks an endpoint against itself, without the specification.

use std::io::Write;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail};
use iamspec_conformance::invariants::{InvariantResult, check};
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::script::print;
use iamspec_conformance::{Suite, invariants};

use crate::commands::leftovers::sweep;
use crate::commands::selection::{SuiteArg, list};
use crate::commands::test::dry_run::print_requests;
use crate::commands::test::outcome::print_not_deleted;
use crate::commands::test::run_args::RunArgs;
use crate::commands::test::target::{OpenTarget, stop_on_ctrl_c};
use crate::driver::Driver;
use crate::exit_code;
use crate::exit_code::Outcome;
use crate::report::format::summary::counted;
use crate::wire::output::visible::visible_line;

/// The options that the suite supports.
pub(crate) const SUPPORTED: [&str; 20] = [
    "config",
    "endpoint",
    "wait",
    "max-wait",
    "profile",
    "credentials",
    "ca-bundle",
    "insecure",
    "i-own-this-account",
    "timeout",
    "rate",
    "journal",
    "trace",
    "mutant",
    "unspecified",
    "settle",
    "driver",
    "suite",
    "list",
    "dry-run",
];

pub(crate) fn run(args: &RunArgs, out: &mut dyn Write) -> Result<u8> {
    let unsupported = unsupported(args);
    if !unsupported.is_empty() {
        bail!(
            "--suite invariants compares an endpoint with itself and does not support {}; remove it",
            unsupported.join(", ")
        );
    }
    let suite = Suite::new(invariants::scripts())
        .with_observe_mode(ObserveMode::Off)
        .with_convergence_timeout(args.settle);
    if args.dry_run {
        return print_requests(&suite, &args.target, out);
    }
    let mut target = OpenTarget::open_any(&args.target, !args.list)?;
    if let Some(why) = target.unusable.take() {
        return Err(why.into());
    }
    writeln!(out, "{}: {}", target.title, counted(suite.scripts().len(), "script"))?;
    if args.list {
        return list(&suite, out);
    }
    let stopped = stop_on_ctrl_c(&target.http, &args.target.endpoint)?;
    let report = suite.run(&mut target.http, &mut |_| (), &|| stopped.load(Ordering::Relaxed));
    let results = check(&report.script_runs);
    for result in &results {
        write!(out, "{}", lines(result))?;
    }
    let left = sweep(&report, &mut target.http);
    print_not_deleted(&left, &target.http, &args.target.endpoint, out)?;
    let deviations = target.http.driver().map(Driver::remarks).unwrap_or_default();
    for it in &deviations {
        writeln!(
            out,
            "DIFFERS    the client: {} {} ({} times)",
            it.api,
            visible_line(&it.what),
            it.times
        )?;
    }
    target.http.check_trace()?;
    let broken = results.iter().filter(|it| !it.violations.is_empty()).count();
    let tested = results.iter().filter(|it| it.tested > 0).count();
    writeln!(out, "{tested} of {} tested, {broken} broken", counted(results.len(), "invariant"))?;
    Ok(exit_code::of(Outcome {
        diverges: broken > 0 || !deviations.is_empty(),
        inconclusive: tested == 0
            || report.end_reason.is_some()
            || left.iter().any(|it| !it.after_divergence),
        nothing_ran: false,
    }))
}

/// The typed options and arguments that the suite does not support: all that are not in
/// [`SUPPORTED`].
fn unsupported(args: &RunArgs) -> Vec<String> {
    let typed = args.typed.options::<RunArgs>().into_iter().map(|(name, _)| name);
    let options = typed.filter(|it| !SUPPORTED.contains(&it.as_str())).map(|it| format!("--{it}"));
    let suites = args.selection.suite.iter().filter(|it| **it != SuiteArg::Invariants);
    let suites = suites.map(|_| "another --suite".to_owned());
    let scripts = args.selection.scripts.iter().map(|it| format!("the script {it}"));
    options.chain(suites).chain(scripts).collect()
}

fn lines(result: &InvariantResult<'_>) -> String {
    let (id, sentence) = (result.invariant.id, result.invariant.statement);
    let word = match (result.tested, result.violations.len()) {
        (0, _) => "not tested",
        (_, 0) => "holds",
        _ => "BROKEN",
    };
    let kinds = counted(result.tested, "kind");
    let mut lines = format!("{word:<10} {id:<26} {sentence}; tested with {kinds}\n");
    for replay in &result.violations {
        lines.push_str(&format!("  {}\n", replay.script.name));
        for step in replay.history().steps {
            let response = step
                .response
                .map_or_else(|| "not sent".to_owned(), |response| response.to_string());
            let (call, response) = (print::operation(&step.operation), visible_line(&response));
            lines.push_str(&format!("    {call:<32} -> {response}\n"));
        }
    }
    lines
}
