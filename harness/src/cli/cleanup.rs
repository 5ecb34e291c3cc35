//! `iamspec cleanup`.

use clap::Args;
use clap::builder::Resettable;

use super::Whom;

/// `iamspec cleanup`.
#[derive(Args, Debug)]
// A journal names its endpoint, so that neither option needs one.
#[command(mut_arg("i_own_this_account", |it| it.requires(Resettable::Reset)))]
#[command(mut_arg("journal", |it| it.requires(Resettable::Reset)))]
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
