//! `iamspec api-diff`.

use std::path::PathBuf;

use clap::Args;

/// `iamspec api-diff`.
#[derive(Args, Debug)]
pub struct ApiDiff {
    /// Print the checksums of this model, and compare nothing
    #[arg(long)]
    pub print: bool,
    /// The service model, as botocore ships it: `botocore/data/iam/2010-05-08/service-2.json.gz`
    #[arg(value_name = "SERVICE_MODEL")]
    pub model: PathBuf,
}
