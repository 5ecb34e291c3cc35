//! `iamspec completions` and `iamspec man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// `iamspec completions`.
#[derive(Args, Debug)]
pub struct Completions {
    /// For which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `iamspec man`.
#[derive(Args, Debug)]
pub struct Man {
    /// Write a page for each command into this folder, instead of the first one to stdout
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}
