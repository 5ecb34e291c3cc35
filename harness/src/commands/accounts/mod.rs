//! Commands for real accounts: the deletion plan of a user, and the cleanup after a run.

pub mod cleanup;
pub mod plan;
