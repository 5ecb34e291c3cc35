//! Scripts, histories, the judge, mutants and findings for anything that speaks the IAM Query API.
//!
//! Read in this order: [`script`] (what is asked), [`observed`] (what is answered), [`text`] (both,
//! for people), [`endpoint`] (who is asked), [`wording`] (the texts of the facts), [`verdict`] and
//! [`judge`] (does the answer conform), [`mod@replay`] (a script from the first call to the last verdict), [`leftover`]
//! (what must be removed again), [`observe`] (what is read after a change), [`course`] (calls that are chosen by where
//! the account is), [`suite`] (many scripts; `run/mod.rs` plays them), [`finding`], [`shrink`] and [`coverage`] (what a run
//! found, in how few calls it shows, and what was asked), [`checker`] (an endpoint against itself), and then
//! the endpoints that need no network: [`mod@reference`], [`may`] and [`mutant`].

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
pub use response::{Failure, Listing, Response};
pub use results::Finding;
pub use results::history::{Exchange, Origin, ScriptRun};
pub use runner::session::replay;
pub use runner::{Report, Suite};
pub use script::{Script, Step};
