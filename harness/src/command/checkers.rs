//! `iamspec run --suite checkers`: an endpoint against itself.

use std::io::Write;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail};
use iamspec_conformance::checker::{self, Checked, check};
use iamspec_conformance::observe::Observe;
use iamspec_conformance::{Suite, text};

use super::kept::print_kept;
use super::run::{list, stopped_by_ctrl_c};
use super::target::Open;
use crate::cli::Run;
use crate::exit;
use crate::render::counted;

pub(super) fn run(args: &Run, out: &mut dyn Write) -> Result<u8> {
    let others = args.suite.len() > 1 || !args.scripts.is_empty();
    let limits = args.budget.is_some() || args.until_coverage || args.coverage.is_some();
    if others || limits || args.expect.is_some() || args.rule.is_some() {
        bail!(
            "the checkers compare an endpoint with itself; run them alone, without --expect, --rule, --budget and --coverage"
        );
    }
    let suite = Suite::new(checker::scripts()).observing(Observe::Off);
    let mut open = Open::of(&args.target)?;
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
    let broken = checked.iter().filter(|it| !it.broken.is_empty()).count();
    let asked = checked.iter().filter(|it| it.asked > 0).count();
    writeln!(out, "{} of {} asked, {broken} broken", asked, counted(checked.len(), "checker"))?;
    Ok(match (broken, asked) {
        (0, 0) => exit::INCONCLUSIVE,
        (0, _) if report.ended.is_some() => exit::INCONCLUSIVE,
        (0, _) => exit::CONFORMS,
        _ => exit::DIVERGES,
    })
}

fn lines(it: &Checked<'_>) -> String {
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
            lines.push_str(&format!("    {:<32} -> {answer}\n", text::operation(&step.operation)));
        }
    }
    lines
}
