//! Commands that test an endpoint: runs, races, replays, the comparison of endpoints, and mutants.

mod dry_run;
mod invariants;
pub mod jobs;
mod known_failures;
pub mod matrix;
pub mod mutants;
mod outcome;
pub mod race;
pub mod replay;
pub(crate) mod reproduce;
pub mod run;
pub mod run_args;
pub mod target;
