//! `iamspec driver-check` and `iamspec driver`.
//!
//! `iamspec driver-check` and `iamspec driver`: is a driver as the protocol says, and one that is.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, bail};
use clap::Args;
use iamspec_conformance::script::pattern::suggestion;

use crate::driver::builtin::{WRONG, drive};
use crate::driver::check::CHECKS;
use crate::driver::schema;
use crate::exit_code;
use crate::report::format::style::Style;
use crate::report::format::summary::counted;
use crate::server::{Options, Server};

/// `iamspec driver-check`.
#[derive(Args, Debug)]
pub struct DriverCheckArgs {
    /// Print the JSON Schema of all messages instead
    #[arg(long)]
    pub schema: bool,
    /// The command that starts the driver, in one word for a shell
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// `iamspec driver-probe`.
#[derive(Args, Debug)]
pub struct DriverProbeArgs {
    /// The commands that start the drivers, each in one word for a shell
    #[arg(value_name = "COMMAND", required = true)]
    pub commands: Vec<String>,
}

/// `iamspec driver`.
#[derive(Args, Debug)]
pub struct BuiltinDriverArgs {
    /// Be wrong in this way
    #[arg(long, value_name = "HOW")]
    pub wrong: Option<String>,
}

pub(crate) fn check(args: &DriverCheckArgs, out: &mut dyn Write) -> Result<u8> {
    if args.schema {
        write!(out, "{}", schema()?)?;
        return Ok(exit_code::CONFORMS);
    }
    let Some(command) = &args.command else { bail!("name the command that starts the driver") };
    let server = Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Options::default())?;
    let paint = Style::stdout();
    let mut broken = 0;
    for (sentence, holds) in CHECKS {
        match holds(command, &server) {
            Ok(()) => writeln!(out, "{}  {sentence}", paint.right("holds "))?,
            Err(error) => {
                broken += 1;
                writeln!(out, "{}  {sentence}\n        {error:#}", paint.wrong("BROKEN"))?;
            }
        }
        out.flush()?;
    }
    writeln!(out, "{}, {broken} broken", counted(CHECKS.len(), "check"))?;
    Ok(if broken == 0 { exit_code::CONFORMS } else { exit_code::DIVERGES })
}

pub(crate) fn own(args: &BuiltinDriverArgs, out: &mut dyn Write) -> Result<u8> {
    let wrong = args.wrong.as_deref();
    if let Some(name) = wrong.filter(|it| !WRONG.contains(it)) {
        let near = suggestion(name, WRONG.iter());
        bail!("no driver is wrong like `{name}`{near}; there are {}", WRONG.join(", "));
    }
    drive(wrong, std::io::stdin().lock(), out)?;
    Ok(exit_code::CONFORMS)
}
