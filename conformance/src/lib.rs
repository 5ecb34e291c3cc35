//! Conformance suite for any endpoint that implements the IAM Query API.
//!
//! The crate generates operation sequences, runs them against an [`Endpoint`], and compares each
//! response with the specification in `iamspec-model`. It contains no network code: the `harness`
//! crate implements [`Endpoint`] over HTTP.
//!
//! Modules, lowest first. Each module uses only modules above it in this list:
//! - [`response`]: responses in symbolic names
//! - [`script`]: operation sequences, their text format, and the embedded scripts
//! - [`oracle`]: decides whether a response conforms
//! - [`endpoint`]: the interface of a service under test
//! - [`generate`]: generators, which choose operations by the state of the account
//! - [`mod@reference`]: the model as an endpoint, optionally with one deviation
//! - [`results`]: histories, findings, coverage and known failures
//! - [`runner`]: runs scripts and generators, and deletes what they create
//! - [`concurrency`], [`mutation`], [`audit`], [`invariants`]: race tests, mutation testing,
//!   recorded traffic, and checks of an endpoint against itself

pub mod audit;
pub mod concurrency;
pub mod endpoint;
pub mod generate;
pub mod invariants;
pub mod mutation;
pub mod oracle;
pub mod reference;
pub mod response;
pub mod results;
pub mod rng;
pub mod runner;
pub mod script;

pub use endpoint::Endpoint;
pub use oracle::{Divergence, Oracle, Tier, UnspecifiedBehavior, Verdict};
pub use reference::Reference;
pub use reference::deviation::{Deviation, Mutant};
pub use response::{EndpointText, Failure, Listing, Response};
pub use results::Finding;
pub use results::history::{Exchange, Origin, ScriptRun};
pub use runner::{Report, Suite};
pub use script::{Script, Step};
