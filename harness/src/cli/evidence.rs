//! `iamspec evidence`.

use std::path::PathBuf;

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
    /// Say what of recorded runs would be shared, and what of it is news
    Show(Show),
    /// Write what of recorded runs is news as rows of facts, behind those that are there
    #[command(after_help = EXAMPLES)]
    Add(Add),
}

const EXAMPLES: &str = "Examples:
  iamspec run --endpoint aws --i-own-this-account 123456789012 --rate 2 --record today.jsonl
  iamspec evidence show today.jsonl
  iamspec evidence add today.jsonl --to facts.jsonl

Nothing that is there is changed. A row that says otherwise than another one says so, and which.";

/// `iamspec evidence show`.
#[derive(Args, Debug)]
pub struct Show {
    /// What `iamspec run --record FILE` has written
    #[arg(value_name = "FILE", required = true)]
    pub runs: Vec<PathBuf>,
}

/// `iamspec evidence add`.
#[derive(Args, Debug)]
pub struct Add {
    /// The file of facts; made where there is none
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Add what an endpoint has answered that is not AWS, as `unknown`
    #[arg(long)]
    pub whatever_it_is: bool,
    /// What `iamspec run --record FILE` has written
    #[arg(value_name = "FILE", required = true)]
    pub runs: Vec<PathBuf>,
}

/// `iamspec evidence stale`.
#[derive(Args, Debug)]
pub struct Stale {
    /// Facts whose sources are all older are listed: a day, a month or a year
    #[arg(long, value_name = "DATE", default_value = "2022-01-01")]
    pub before: String,
}
