//! `iamspec driver`: checks a driver against the protocol, probes how its SDK handles faults, and
//! runs the built-in driver.

use std::io::{IsTerminal as _, Write};
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use iamspec_conformance::script::pattern::suggestion;

use crate::commands::sdks::probe;
use crate::driver::builtin::{WRONG, drive};
use crate::driver::check::CHECKS;
use crate::driver::process::{NotStarted, Silent};
use crate::driver::schema;
use crate::exit_code;
use crate::exit_code::Outcome;
use crate::report::format::style::Style;
use crate::report::format::summary::counted;
use crate::server::{Options, Server};
use crate::wire::output::visible::visible_line;

/// The arguments of `iamspec driver`.
///
/// Without an action, the command is the built-in driver, as in the first edition.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  iamspec driver check 'python3 my_driver.py'
  # The SDK against the reference endpoint.
  iamspec run --driver 'python3 my_driver.py'
  iamspec run --driver 'python3 my_driver.py' --endpoint http://127.0.0.1:5000

How to write a driver: docs/guide/drivers.md"
)]
pub struct DriverArgs {
    /// The action.
    #[command(subcommand)]
    pub command: Option<DriverCommand>,
    /// The arguments of the built-in driver.
    #[command(flatten)]
    pub builtin: BuiltinDriverArgs,
}

impl DriverArgs {
    /// Whether the command is the built-in driver, which sends secrets to its caller.
    pub(crate) const fn is_driver(&self) -> bool {
        matches!(self.command, None | Some(DriverCommand::Builtin(_)))
    }
}

/// The actions of `iamspec driver`.
#[derive(Debug, Subcommand)]
pub enum DriverCommand {
    /// Check that a driver follows the protocol
    Check(DriverCheckArgs),
    /// Print how SDKs handle faults: requests, results, effects
    Probe(DriverProbeArgs),
    /// Run the built-in driver: the client of iamspec in place of an SDK
    #[command(hide = true)]
    Builtin(BuiltinDriverArgs),
}

/// The arguments of `iamspec driver check`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec driver check 'python3 my_driver.py'
  iamspec driver check --schema > driver.schema.json

How to write a driver: docs/guide/drivers.md")]
pub struct DriverCheckArgs {
    /// Print the JSON Schema of all messages, check nothing
    #[arg(long)]
    pub schema: bool,
    /// Shell command that starts the driver, as one argument
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// The arguments of `iamspec driver probe`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # Two SDKs side by side.
  iamspec driver probe 'python3 my_driver.py' 'node my_driver.mjs'")]
pub struct DriverProbeArgs {
    /// Shell commands that start the drivers, one argument each
    #[arg(value_name = "COMMAND", required = true)]
    pub commands: Vec<String>,
}

/// The arguments of `iamspec driver builtin`.
#[derive(Args, Debug)]
pub struct BuiltinDriverArgs {
    /// Defect of the built-in driver
    #[arg(long, value_name = "NAME", hide = true)]
    pub wrong: Option<String>,
}

pub(crate) fn driver(args: &DriverArgs, out: &mut dyn Write) -> Result<u8> {
    match &args.command {
        Some(DriverCommand::Check(args)) => check(args, out),
        Some(DriverCommand::Probe(args)) => probe::probe(&args.commands, out),
        Some(DriverCommand::Builtin(args)) => builtin(args, out),
        None if std::io::stdin().is_terminal() => {
            bail!("expected `check` or `probe`; see `iamspec driver --help`")
        }
        None => builtin(&args.builtin, out),
    }
}

pub(crate) fn check(args: &DriverCheckArgs, out: &mut dyn Write) -> Result<u8> {
    if args.schema {
        write!(out, "{}", schema()?)?;
        return Ok(exit_code::CONFORMS);
    }
    let Some(command) = &args.command else {
        bail!("expected the command that starts the driver; see `iamspec driver check --help`")
    };
    let server = Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Options::default())?;
    let style = Style::stdout();
    let (mut broken, mut ran) = (0, 0);
    for (sentence, holds) in CHECKS {
        ran += 1;
        match holds(command, &server) {
            Ok(()) => writeln!(out, "{}  {sentence}", style.success("holds "))?,
            // A program that cannot be run is a usage error, and not a broken check.
            Err(error) if error.is::<NotStarted>() => return Err(error),
            Err(error) => {
                broken += 1;
                let silent = error.is::<Silent>();
                let error = visible_line(&format!("{error:#}"));
                writeln!(out, "{}  {sentence}\n        {error}", style.failure("BROKEN"))?;
                // Each silence takes up to a minute.
                if silent {
                    break;
                }
            }
        }
        out.flush()?;
    }
    if ran < CHECKS.len() {
        let rest = counted(CHECKS.len() - ran, "check");
        writeln!(
            out,
            "{rest} not run, because the driver did not answer; repair that first, and run the \
             command again"
        )?;
    }
    writeln!(out, "{}, {broken} broken", counted(ran, "check"))?;
    Ok(exit_code::of(Outcome { diverges: broken > 0, ..Outcome::default() }))
}

fn builtin(args: &BuiltinDriverArgs, out: &mut dyn Write) -> Result<u8> {
    let defect = args.wrong.as_deref();
    if let Some(name) = defect.filter(|it| !WRONG.contains(it)) {
        let similar = suggestion(name, WRONG.iter());
        bail!("the driver has no defect `{name}`{similar}; its defects are {}", WRONG.join(", "));
    }
    drive(defect, std::io::stdin().lock(), out)?;
    Ok(exit_code::CONFORMS)
}
