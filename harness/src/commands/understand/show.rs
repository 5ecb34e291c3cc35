//! `iamspec show`: prints scripts in the syntax of script files.

use std::io::Write;

use anyhow::Result;
use clap::Args;
use iamspec_conformance::script::print::print;

use crate::commands::selection::by_name;
use crate::exit_code;

/// The arguments of `iamspec show`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec show delete-user/alone/mfa-device
  # A copy to change and to run.
  iamspec show delete-user/two-of-everything > my.script
  iamspec run my.script")]
pub struct ShowScriptArgs {
    /// Script files, or names of built-in scripts (`iamspec list scripts`)
    ///
    /// `*` in a name matches any text, and `-` is a script on stdin.
    #[arg(value_name = "SCRIPT", required = true)]
    pub scripts: Vec<String>,
}

/// Prints the scripts, separated by empty lines. If several are printed, their names are comments.
///
/// # Errors
/// An unreadable or invalid script, or neither a file nor a built-in script.
pub(crate) fn show(args: &ShowScriptArgs, out: &mut dyn Write) -> Result<u8> {
    let mut scripts = Vec::new();
    for name in &args.scripts {
        scripts.extend(by_name(name)?);
    }
    for (index, script) in scripts.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        if scripts.len() > 1 {
            writeln!(out, "# {}", script.name)?;
        }
        write!(out, "{}", print(script))?;
    }
    Ok(exit_code::CONFORMS)
}
