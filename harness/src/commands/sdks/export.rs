//! `iamspec export`: writes a script as a program for the AWS CLI, boto3, curl or pytest.

use std::io::Write;

use anyhow::Result;
use clap::Args;

use crate::aws::destination::Destination;
use crate::commands::selection::by_name;
use crate::exit_code;
use crate::export::{Language, export};

/// The arguments of `iamspec export`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec export delete-user/alone/mfa-device --as aws-cli > show.sh
  iamspec export regressions/mfa.script --as pytest --endpoint http://127.0.0.1:4566")]
pub struct ExportArgs {
    /// Language of the program
    #[arg(long = "as", value_enum, value_name = "LANGUAGE")]
    pub language: Language,
    /// Endpoint of the program if `AWS_ENDPOINT_URL_IAM` is not set
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:5000")]
    pub endpoint: String,
    /// Script file, or the name of a built-in script
    #[arg(value_name = "SCRIPT")]
    pub script: String,
}

pub(crate) fn write(args: &ExportArgs, out: &mut dyn Write) -> Result<u8> {
    Destination::check(&args.endpoint)?;
    for script in &by_name(&args.script)? {
        write!(out, "{}", export(script, args.language, &args.endpoint)?)?;
    }
    Ok(exit_code::CONFORMS)
}
