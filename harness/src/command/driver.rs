//! `iamspec driver-check` and `iamspec driver`: is a driver as the protocol says, and one that is.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, bail};
use iamspec_conformance::nearest::suggestion;

use crate::cli::{DriverCheck, OwnDriver};
use crate::driver::{CHECKS, WRONG, drive, schema};
use crate::exit;
use crate::render::{Paint, counted};
use crate::server::{Options, Server};

pub(super) fn check(args: &DriverCheck, out: &mut dyn Write) -> Result<u8> {
    if args.schema {
        write!(out, "{}", schema()?)?;
        return Ok(exit::CONFORMS);
    }
    let Some(command) = &args.command else { bail!("name the command that starts the driver") };
    let server = Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Options::default())?;
    let paint = Paint::stdout();
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
    Ok(if broken == 0 { exit::CONFORMS } else { exit::DIVERGES })
}

pub(super) fn own(args: &OwnDriver, out: &mut dyn Write) -> Result<u8> {
    let wrong = args.wrong.as_deref();
    if let Some(name) = wrong.filter(|it| !WRONG.contains(it)) {
        let near = suggestion(name, WRONG.iter());
        bail!("no driver is wrong like `{name}`{near}; there are {}", WRONG.join(", "));
    }
    drive(wrong, std::io::stdin().lock(), out)?;
    Ok(exit::CONFORMS)
}
