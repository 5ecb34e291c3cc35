//! `iamspec run --suite checkers`: an endpoint against itself.

use std::io::Write;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail};
use iamspec_conformance::invariants::{InvariantResult, check};
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::{Suite, invariants};

use crate::commands::accounts::cleanup::print_kept;
use crate::commands::test::dry_run::rehearse;
use crate::commands::test::options::SuiteArg;
use crate::commands::test::run::{RunArgs, list, stopped_by_ctrl_c};
use crate::commands::test::target::OpenTarget;
use crate::driver::Driver;
use crate::exit_code;
use crate::report::format::summary::counted;

/// The options that the checkers honour.
const HONOURED: [&str; 12] = [
    "endpoint",
    "i-own-this-account",
    "timeout",
    "rate",
    "journal",
    "trace",
    "mutant",
    "may",
    "driver",
    "suite",
    "list",
    "dry-run",
];

pub(crate) fn run(args: &RunArgs, out: &mut dyn Write) -> Result<u8> {
    let unsupported = unsupported(args);
    if !unsupported.is_empty() {
        bail!(
            "--suite checkers compares an endpoint with itself, and does not support {}; leave it out",
            unsupported.join(", ")
        );
    }
    let suite = Suite::new(invariants::scripts()).observing(ObserveMode::Off);
    if args.dry_run {
        return rehearse(&suite, args, out);
    }
    let mut open = OpenTarget::of(&args.target)?;
    writeln!(out, "{}: {}", open.name, counted(suite.scripts().len(), "script"))?;
    if args.list {
        return list(&suite, out);
    }
    let stopped = stopped_by_ctrl_c(&open.http)?;
    let report = suite.run(&mut open.http, &mut |_| (), &|| stopped.load(Ordering::Relaxed));
    let checked = check(&report.replays);
    for it in &checked {
        write!(out, "{}", lines(it))?;
    }
    print_kept(&report, &open.http, out)?;
    let remarks = open.http.driver().map(Driver::remarks).unwrap_or_default();
    for it in &remarks {
        writeln!(out, "DIFFERS    the client: {} {} ({} times)", it.api, it.what, it.times)?;
    }
    let broken = checked.iter().filter(|it| !it.broken.is_empty()).count();
    let asked = checked.iter().filter(|it| it.asked > 0).count();
    writeln!(out, "{} of {} asked, {broken} broken", asked, counted(checked.len(), "checker"))?;
    let diverges = (broken > 0 || !remarks.is_empty()).then_some(exit_code::DIVERGES);
    let open_end = (asked == 0 || report.ended.is_some()).then_some(exit_code::INCONCLUSIVE);
    Ok(exit_code::gravest([exit_code::CONFORMS].into_iter().chain(diverges).chain(open_end)))
}

/// What the user typed and the checkers cannot honour: a new option of `run` is refused unless it is in [`HONOURED`].
fn unsupported(args: &RunArgs) -> Vec<String> {
    let typed = args.typed.options::<RunArgs>().into_iter().map(|(name, _)| name);
    let options = typed.filter(|it| !HONOURED.contains(&it.as_str())).map(|it| format!("--{it}"));
    let suites = args.suite.iter().filter(|it| **it != SuiteArg::Checkers);
    let suites = suites.map(|_| "another --suite".to_owned());
    let scripts = args.scripts.iter().map(|it| format!("the script {it}"));
    options.chain(suites).chain(scripts).collect()
}

fn lines(it: &InvariantResult<'_>) -> String {
    let (id, sentence) = (it.checker.id, it.checker.sentence);
    let word = match (it.asked, it.broken.len()) {
        (0, _) => "not asked",
        (_, 0) => "holds",
        _ => "BROKEN",
    };
    let mut lines =
        format!("{word:<9}  {id:<26} {sentence}; asked of {}\n", counted(it.asked, "kind"));
    for replay in &it.broken {
        lines.push_str(&format!("  {}\n", replay.script.name));
        for step in replay.history().steps {
            let answer = step.answer.map_or_else(|| "not asked".to_owned(), |it| it.to_string());
            lines.push_str(&format!(
                "    {:<32} -> {answer}\n",
                iamspec_conformance::script::print::operation(&step.operation)
            ));
        }
    }
    lines
}
