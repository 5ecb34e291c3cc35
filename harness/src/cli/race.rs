//! `iamspec race`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Target, Typed, words};

/// `iamspec race`.
#[derive(Args, Debug)]
pub struct Race {
    /// What the user typed. It must stay the first field.
    #[command(flatten)]
    pub typed: Typed,
    /// Whom to ask.
    #[command(flatten)]
    pub target: Target,
    /// How often the calls of a race are asked together
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub repeats: usize,
    /// How many clients ask at once, from 2 to 8; what shows is shown with as few as it still shows with
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=8))]
    pub clients: u8,
    /// What the head starts begin with
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The longest head start that one client has of the others
    #[arg(long, value_name = "TIME", value_parser = words::time, default_value = "2ms")]
    pub jitter: Duration,
    /// How long reads may show what was true earlier: what no order explains is read again until then
    #[arg(long, value_name = "TIME", value_parser = words::time, default_value = "0s")]
    pub settle: Duration,
    /// Write those that were lost as a page as well, each with a timeline; it needs no network
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print the races, and hold none
    #[arg(long)]
    pub list: bool,
    /// Races to hold instead of all; `*` stands for anything
    #[arg(value_name = "RACE")]
    pub races: Vec<String>,
}

/// What stands below the help.
pub(super) const EXAMPLES: &str = "Examples:
  iamspec race                                            the embedded reference endpoint
  iamspec race --endpoint http://127.0.0.1:5000           an emulator on this machine
  iamspec race 'DeleteUser+*' --repeats 200               every race with DeleteUser, more often
  iamspec race --mutant check-then-act:DeleteUser         an endpoint that looks first and acts then

The calls of a race are first asked one after the other, in every order; where that already goes wrong,
the race is not held. Exit code 1 where an answer or what is true afterwards fits no order of the calls.";
