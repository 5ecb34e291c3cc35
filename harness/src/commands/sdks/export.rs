//! `iamspec export`.
//!
//! `iamspec export`: scripts as programs.

use std::io::Write;

use anyhow::Result;
use clap::Args;

use crate::commands::test::run::named;
use crate::exit_code;
use crate::export::{Language, export};

/// `iamspec export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// In which language
    #[arg(long = "as", value_enum, value_name = "LANGUAGE")]
    pub language: Language,
    /// Whom the program asks where `AWS_ENDPOINT_URL_IAM` is not set
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:5000")]
    pub endpoint: String,
    /// A file, or the name of one of ours (`iamspec list scripts`)
    #[arg(value_name = "SCRIPT")]
    pub script: String,
}

pub(crate) fn write(args: &ExportArgs, out: &mut dyn Write) -> Result<u8> {
    let scripts = named(&args.script)?;
    for script in &scripts {
        write!(out, "{}", export(script, args.language, &args.endpoint)?)?;
    }
    Ok(exit_code::CONFORMS)
}
