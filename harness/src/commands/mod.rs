//! The commands. Each writes its result to `out` and its progress to stderr, and returns an exit
//! code.
//!
//! The arguments of a command are next to its function. The command line that combines them is in
//! [`crate::cli`]; no command imports it.

/// Commands for real accounts: the deletion plan of a user, and the cleanup after a run.
pub mod accounts {
    pub mod cleanup;
    pub mod permissions;
    pub mod plan;
}
pub mod completions;
pub mod connection;
pub(crate) mod leftovers;
pub mod options;
/// Commands that read saved runs.
pub mod reports {
    pub mod report;
    pub mod site;
}
/// Commands for SDKs: serve the reference endpoint, check and probe drivers, export scripts.
pub mod sdks {
    pub mod driver;
    pub mod export;
    pub(crate) mod probe;
    pub mod serve;
}
pub mod selection;
pub mod settings;
pub mod shard;
/// Commands that test an endpoint: runs, races, replays, the comparison of endpoints, and mutants.
pub mod test {
    pub mod compare;
    pub(crate) mod dry_run;
    pub(crate) mod invariants;
    pub mod jobs;
    pub mod known_failures;
    pub mod matrix;
    pub mod mutants;
    pub mod outcome;
    pub mod race;
    pub mod replay;
    pub(crate) mod reproduce;
    pub mod run;
    pub mod run_args;
    pub mod target;
}
/// Commands for recorded traffic: the audit of logs, a proxy that records, evidence from runs, changes of AWS's API.
pub mod traffic {
    pub mod api_diff;
    pub mod audit;
    pub mod evidence;
    mod learned;
    pub mod record;
}
/// Commands that print the specification, and that check the model itself.
pub mod understand {
    pub mod docs;
    pub mod explain;
    pub mod list;
    pub(crate) mod look_up;
    pub(crate) mod proofs;
    pub mod show;
    pub mod verify;
}
