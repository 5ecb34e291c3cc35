//! `iamspec export`: scripts as programs.

use std::io::Write;

use anyhow::Result;

use super::run::named;
use crate::cli::Export;
use crate::exit;
use crate::export::export;

pub(super) fn write(args: &Export, out: &mut dyn Write) -> Result<u8> {
    let scripts = named(&args.script)?;
    for script in &scripts {
        write!(out, "{}", export(script, args.language, &args.endpoint)?)?;
    }
    Ok(exit::CONFORMS)
}
