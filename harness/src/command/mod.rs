//! What the commands do. Each writes its result to `out`, its progress to stderr, and returns an
//! exit code.

mod explain;
mod list;
mod outcome;
mod progress;
mod run;
mod serve;
mod verify;

use std::io::Write;

use anyhow::{Result, bail};
use iamspec_conformance::Mutant;

use crate::cli::Command;

pub use list::UNMODELLED;

/// Does what was typed.
///
/// # Errors
/// A wrong command line or file, or a fault of our own: exit code 2.
pub fn execute(command: Command, out: &mut dyn Write) -> Result<u8> {
    match command {
        Command::Run(args) => run::run(&args, out),
        Command::Verify(args) => verify::verify(&args, out),
        Command::Serve(args) => serve::serve(&args, out),
        Command::List(args) => list::list(args.what, out),
        Command::Explain(args) => explain::explain(&args.rule, out),
    }
}

fn mutant(name: Option<&str>) -> Result<Option<Mutant>> {
    let Some(name) = name else { return Ok(None) };
    match Mutant::named(name) {
        Some(mutant) => Ok(Some(mutant)),
        None => bail!("no mutant is called `{name}`; `iamspec list mutants` prints their names"),
    }
}
