//! `iamspec completions` and `iamspec man`: shell completions and manual pages.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Command};
use clap_complete::Shell;

use crate::exit_code;

/// The arguments of `iamspec completions`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec completions bash > /etc/bash_completion.d/iamspec
  iamspec completions fish > ~/.config/fish/completions/iamspec.fish")]
pub struct CompletionsArgs {
    /// Shell to print completions for
    #[arg(value_enum)]
    pub shell: Shell,
}

/// The arguments of `iamspec man`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec man | man -l -
  iamspec man --out /usr/local/share/man/man1")]
pub struct ManArgs {
    /// Write one page per command into this folder
    ///
    /// Default: print the first page to stdout.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

pub(crate) fn completions(
    args: &CompletionsArgs,
    mut cli: Command,
    out: &mut dyn Write,
) -> Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut cli, "iamspec", &mut text);
    out.write_all(&text)?;
    Ok(exit_code::CONFORMS)
}

pub(crate) fn man(args: &ManArgs, mut cli: Command, out: &mut dyn Write) -> Result<u8> {
    let Some(folder) = &args.out else {
        clap_mangen::Man::new(cli).render(out)?;
        return Ok(exit_code::CONFORMS);
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    cli.build();
    write_page(&cli, folder)?;
    for command in cli.get_subcommands().filter(|it| !it.is_hide_set()) {
        write_page(command, folder)?;
        let inner = command.get_subcommands().filter(|it| !it.is_hide_set());
        for command in inner.filter(|it| it.get_name() != "help") {
            write_page(command, folder)?;
        }
    }
    Ok(exit_code::CONFORMS)
}

/// Writes the page of a command, for example `iamspec-run.1`.
fn write_page(command: &Command, folder: &Path) -> Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    let file = folder.join(format!("{name}.1"));
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}
