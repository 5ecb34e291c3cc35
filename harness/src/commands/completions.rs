//! `iamspec completions` and `iamspec man`.
//!
//! `iamspec completions` and `iamspec man`: for a user's shell.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit_code;

/// `iamspec completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `iamspec man`.
#[derive(Args, Debug)]
pub struct ManArgs {
    /// Write a page for each command into this folder, instead of the first one to stdout
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

pub(crate) fn completions(args: &CompletionsArgs, out: &mut dyn Write) -> Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "iamspec", &mut text);
    out.write_all(&text)?;
    Ok(exit_code::CONFORMS)
}

pub(crate) fn man(args: &ManArgs, out: &mut dyn Write) -> Result<u8> {
    let Some(folder) = &args.out else {
        clap_mangen::Man::new(Cli::command()).render(out)?;
        return Ok(exit_code::CONFORMS);
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut cli = Cli::command();
    cli.build();
    page(&cli, folder)?;
    for command in cli.get_subcommands().filter(|it| !it.is_hide_set()) {
        page(command, folder)?;
    }
    Ok(exit_code::CONFORMS)
}

/// One page: `iamspec-run.1`.
fn page(command: &clap::Command, folder: &Path) -> Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    let file = folder.join(format!("{name}.1"));
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}
