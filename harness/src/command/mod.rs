//! What the commands do. Each writes its result to `out`, its progress to stderr, and returns an
//! exit code.

mod about;
mod again;
mod api_diff;
mod checkers;
mod cleanup;
mod docs;
mod driver;
mod evidence;
mod expectations;
mod explain;
mod explore;
mod export;
mod history;
mod jobs;
mod judge;
mod kept;
mod list;
mod matrix;
mod mutants;
mod outcome;
mod peak;
mod plan;
mod probe;
mod progress;
mod race;
mod rehearse;
mod replay;
mod report;
mod run;
mod serve;
mod shell;
mod started;
mod target;
mod verify;

use std::io::Write;

use anyhow::{Result, bail};
use iamspec_conformance::Mutant;
use iamspec_conformance::may::May;
use iamspec_conformance::nearest::suggestion;
use iamspec_conformance::reference::Behaviour;

use crate::cli::Command;

pub use list::UNMODELLED;
pub(crate) use list::kinds;

/// Does what was typed.
///
/// # Errors
/// A wrong command line or file, or a fault of our own: exit code 2.
pub fn execute(command: Command, out: &mut dyn Write) -> Result<u8> {
    match command {
        Command::Run(args) => run::run(&args, out),
        Command::Race(args) => race::race(&args, out),
        Command::Verify(args) => verify::verify(&args, out),
        Command::Serve(args) => serve::serve(&args, out),
        Command::List(args) => list::list(args.what, out),
        Command::Explain(args) => explain::explain(&args.rule, out),
        Command::ApiDiff(args) => api_diff::diff(&args, out),
        Command::Docs(args) => docs::docs(&args, out),
        Command::Evidence(args) => evidence::evidence(&args.what, out),
        Command::Plan(args) => plan::plan(&args, out),
        Command::Judge(args) => judge::judge(&args, out),
        Command::Report(args) => report::report(&args, out),
        Command::Export(args) => export::write(&args, out),
        Command::Issue(args) => report::issue(&args, out),
        Command::Diff(args) => report::diff(&args, out),
        Command::Merge(args) => report::merge(&args, out),
        Command::Matrix(args) => matrix::matrix(&args, out),
        Command::DriverCheck(args) => driver::check(&args, out),
        Command::DriverProbe(args) => probe::probe(&args, out),
        Command::Driver(args) => driver::own(&args, out),
        Command::Completions(args) => shell::completions(&args, out),
        Command::Man(args) => shell::man(&args, out),
        Command::Replay(args) => replay::replay(&args, out),
        Command::Shrink(args) => replay::shorten(&args, out),
        Command::Cleanup(args) => cleanup::cleanup(&args, out),
        Command::Mutants(args) => mutants::mutants(&args, out),
    }
}

fn behaviour(may: May, mutant: Option<&str>) -> Result<Behaviour> {
    let Some(name) = mutant else { return Ok(Behaviour { may, ..Behaviour::default() }) };
    let Some(mutant) = Mutant::named(name) else {
        let near = suggestion(name, Mutant::all().map(|it| it.name));
        bail!("no mutant is called `{name}`{near}; `iamspec list mutants` prints their names")
    };
    Ok(Behaviour { may, mutant: Some(mutant), ..Behaviour::default() })
}
