//! TODO describe commands::test.

pub(crate) mod dry_run;
pub(crate) mod invariants;
pub(crate) mod jobs;
pub(crate) mod known_failures;
pub(crate) mod mutants;
pub mod options;
pub(crate) mod outcome;
pub mod race;
pub(crate) mod replay;
pub(crate) mod reproduce;
pub mod run;
pub mod shard;
pub mod target;
