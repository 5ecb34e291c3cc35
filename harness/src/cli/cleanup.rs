//! `iamspec cleanup`.

use clap::Args;

use super::Whom;

/// `iamspec cleanup`.
#[derive(Args, Debug)]
pub struct Cleanup {
    /// Whom to ask: by their journals if left out.
    #[command(flatten)]
    pub whom: Whom,
    /// Say what is there, and remove nothing
    #[arg(long)]
    pub list: bool,
    /// The run, as it was called when it was left; every run that has a journal if left out
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}
