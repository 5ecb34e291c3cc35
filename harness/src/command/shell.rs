//! `iamspec completions` and `iamspec man`: for a user's shell.

use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;

use crate::cli::{Cli, Completions, Man};
use crate::exit;

pub(super) fn completions(args: &Completions, out: &mut dyn Write) -> Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "iamspec", &mut text);
    out.write_all(&text)?;
    Ok(exit::CONFORMS)
}

pub(super) fn man(args: &Man, out: &mut dyn Write) -> Result<u8> {
    let Some(folder) = &args.out else {
        clap_mangen::Man::new(Cli::command()).render(out)?;
        return Ok(exit::CONFORMS);
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut cli = Cli::command();
    cli.build();
    page(&cli, folder)?;
    for command in cli.get_subcommands().filter(|it| !it.is_hide_set()) {
        page(command, folder)?;
    }
    Ok(exit::CONFORMS)
}

/// One page: `iamspec-run.1`.
fn page(command: &clap::Command, folder: &Path) -> Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    let file = folder.join(format!("{name}.1"));
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}
