//! What the commands do. Each writes its result to `out`, its progress to stderr, and returns an
//! exit code.

pub mod accounts;
pub mod completions;
pub mod reports;
pub mod sdks;
pub mod test;
pub mod traffic;
pub mod understand;

use std::io::Write;

use anyhow::{Result, bail};
use iamspec_conformance::Mutant;
use iamspec_conformance::reference::{ReferenceOptions, UnspecifiedPolicy};
use iamspec_conformance::script::pattern::suggestion;

use crate::cli::Command;

/// Does what was typed.
///
/// # Errors
/// A wrong command line or file, or a fault of our own: exit code 2.
pub fn execute(command: Command, out: &mut dyn Write) -> Result<u8> {
    match command {
        Command::Run(args) => test::run::run(&args, out),
        Command::Race(args) => test::race::race(&args, out),
        Command::Verify(args) => understand::verify::verify(&args, out),
        Command::Serve(args) => sdks::serve::serve(&args, out),
        Command::List(args) => understand::list::list(args.what, out),
        Command::Explain(args) => understand::explain::explain(&args.rule, out),
        Command::ApiDiff(args) => traffic::api_diff::diff(&args, out),
        Command::Docs(args) => understand::docs::docs(&args, out),
        Command::Evidence(args) => traffic::evidence::evidence(&args.what, out),
        Command::Plan(args) => accounts::plan::plan(&args, out),
        Command::Audit(args) => traffic::audit::judge(&args, out),
        Command::Report(args) => reports::report::report(&args, out),
        Command::Export(args) => sdks::export::write(&args, out),
        Command::Issue(args) => reports::report::issue(&args, out),
        Command::Diff(args) => reports::report::diff(&args, out),
        Command::Merge(args) => reports::report::merge(&args, out),
        Command::Matrix(args) => reports::matrix::matrix(&args, out),
        Command::DriverCheck(args) => sdks::driver::check(&args, out),
        Command::DriverProbe(args) => sdks::probe::probe(&args, out),
        Command::Driver(args) => sdks::driver::own(&args, out),
        Command::Completions(args) => completions::completions(&args, out),
        Command::Man(args) => completions::man(&args, out),
        Command::Replay(args) => test::replay::replay(&args, out),
        Command::Shrink(args) => test::replay::shorten(&args, out),
        Command::Cleanup(args) => accounts::cleanup::cleanup(&args, out),
        Command::Mutants(args) => test::mutants::mutants(&args, out),
    }
}

fn behaviour(may: UnspecifiedPolicy, mutant: Option<&str>) -> Result<ReferenceOptions> {
    let Some(name) = mutant else {
        return Ok(ReferenceOptions { may, ..ReferenceOptions::default() });
    };
    let Some(mutant) = Mutant::named(name) else {
        let near = suggestion(name, Mutant::all().map(|it| it.name));
        bail!("no mutant is called `{name}`{near}; `iamspec list mutants` prints their names")
    };
    Ok(ReferenceOptions { may, mutant: Some(mutant), ..ReferenceOptions::default() })
}
