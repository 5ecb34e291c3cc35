//! Runs the conformance suite of iamspec from `cargo test`.
//!
//! [`ScriptTests`] makes one test of each built-in script. The endpoint is a service in the same
//! process ([`service`]) or listens on this machine. The test target does not use the harness of
//! `cargo test`:
//!
//! ```toml
//! [[test]]
//! name = "iam"
//! harness = false
//! ```
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use iamspec_testing::ScriptTests;
//!
//! fn main() -> ExitCode {
//!     ScriptTests::of_url("http://127.0.0.1:5000")
//!         .with_known_failures("tests/known-failures.toml")
//!         .main()
//! }
//! ```
//!
//! [`reference`] is an endpoint for tests of code that calls IAM.
//!
//! `cargo test -- delete-user` runs the scripts whose names contain `delete-user`, and
//! `cargo nextest list` lists all of them.

mod random_scripts;
pub mod reference;
mod script_tests;
pub mod service;
pub mod state_machine;
mod verdict;

pub use iamspec_conformance::Tier;
pub use libtest_mimic::Trial;
pub use script_tests::ScriptTests;
pub use service::ServiceTransport;
