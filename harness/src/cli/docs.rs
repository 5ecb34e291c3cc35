//! `iamspec docs`.

use std::path::PathBuf;

use clap::Args;

/// `iamspec docs`.
#[derive(Args, Debug)]
pub struct Docs {
    /// Write every page into this folder
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Write nothing, and say which pages of the folder are not as they would be written
    #[arg(long, requires = "out")]
    pub check: bool,
    /// The page to print: that of `DeleteUser` if left out, or a call
    #[arg(value_name = "PAGE", conflicts_with = "out")]
    pub page: Option<String>,
}

/// What stands below the help.
pub(super) const EXAMPLES: &str = "Examples:
  iamspec docs                         how DeleteUser decides
  iamspec docs EnableMFADevice         one call
  iamspec docs --out docs              every page, as Markdown
  iamspec docs --out docs --check      exit code 1 where a page is not as it would be written";
