//! The commands. Each writes its result to `out` and its progress to stderr, and returns an exit
//! code.
//!
//! The arguments of a command stand beside its function. The command line that combines them is in
//! [`crate::cli`]; no command imports it.

pub mod accounts;
pub mod completions;
pub mod options;
pub mod reports;
pub mod sdks;
pub mod selection;
pub mod shard;
pub mod test;
pub mod traffic;
pub mod understand;
