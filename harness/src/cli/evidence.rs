//! `iamspec evidence`.

use clap::{Args, Subcommand};

/// `iamspec evidence`.
#[derive(Args, Debug)]
pub struct Evidence {
    /// What to do with it.
    #[command(subcommand)]
    pub what: What,
}

/// What to do with the evidence.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Say which facts are old, which contradict others, and which rules rest on one report
    Stale(Stale),
}

/// `iamspec evidence stale`.
#[derive(Args, Debug)]
pub struct Stale {
    /// Facts whose sources are all older are listed: a day, a month or a year
    #[arg(long, value_name = "DATE", default_value = "2022-01-01")]
    pub before: String,
}
