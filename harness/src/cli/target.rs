//! Whom a command asks, and how.

use std::path::PathBuf;

use clap::Args;
use iamspec_conformance::may::May;

/// Which endpoint, and how it is asked.
#[derive(Args, Debug)]
pub struct Whom {
    /// The endpoint to ask: a URL; `env` for the one that `AWS_ENDPOINT_URL_IAM`, `AWS_ENDPOINT_URL`
    /// or the profile name; `aws` for AWS; the embedded reference endpoint if left out
    #[arg(long, value_name = "URL|env|aws")]
    pub endpoint: Option<String>,
    /// The id of the account, where the endpoint is not on this machine: users are made in it and deleted
    #[arg(long, value_name = "ID", requires = "endpoint")]
    pub i_own_this_account: Option<String>,
    /// How long to wait for an answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout: u64,
    /// How many requests a second are sent at most; 5 if left out and the endpoint is not on this machine
    #[arg(long, value_name = "N", value_parser = positive)]
    pub rate: Option<f64>,
    /// Where it is written down what a run makes, for `iamspec cleanup`; `iamspec` in the user's folder of
    /// state if left out
    #[arg(long, value_name = "FOLDER", requires = "endpoint")]
    pub journal: Option<PathBuf>,
    /// Write what goes over the wire, without secrets, as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
}

/// Whom to ask: an endpoint, or the embedded one.
#[derive(Args, Debug)]
pub struct Target {
    /// Which endpoint.
    #[command(flatten)]
    pub whom: Whom,
    /// Make the embedded reference endpoint wrong in this way (`iamspec list mutants`)
    #[arg(long, value_name = "NAME", conflicts_with = "endpoint")]
    pub mutant: Option<String>,
    /// What the embedded reference endpoint does where nobody knows: `presume` as the facts do, which
    /// is the default, `accept`, `refuse`, or a seed of chance
    #[arg(long, value_name = "HOW", conflicts_with = "endpoint")]
    pub may: Option<May>,
    /// Make the calls through this program, which drives an SDK (`iamspec driver-check`)
    #[arg(long, value_name = "COMMAND")]
    pub driver: Option<String>,
}

fn positive(typed: &str) -> Result<f64, String> {
    let number = typed.parse().ok().filter(|it: &f64| it.is_finite() && *it > 0.0);
    number.ok_or_else(|| "not a number above 0".to_owned())
}
