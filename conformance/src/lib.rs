//! Scripts, histories, the judge, mutants and findings for anything that speaks the IAM Query API.
//!
//! Read in this order: [`script`] (what is asked), [`observed`] (what is answered), [`text`] (both,
//! for people), [`endpoint`] (who is asked), [`wording`] (the texts of the facts), [`verdict`] and
//! [`judge`] (does the answer conform), [`mod@replay`] (a script from the first call to the last verdict), [`leftover`]
//! (what must be removed again), [`observe`] (what is read after a change), [`course`] (calls that are chosen by where
//! the account is), [`suite`] (many scripts; `run/mod.rs` plays them), [`finding`], [`shrink`] and [`coverage`] (what a run
//! found, in how few calls it shows, and what was asked), [`checker`] (an endpoint against itself), and then
//! the endpoints that need no network: [`mod@reference`], [`may`] and [`mutant`].

pub mod script;

pub mod neighbours;

pub mod checker;

pub mod observed;

pub mod text;

pub mod nearest;

pub mod endpoint;

pub mod wording;

pub mod verdict;

pub mod oddity;

pub mod again;

mod belief;

pub mod chance;

pub mod course;

pub mod judge;

pub mod observe;

mod player;

pub mod replay;

pub mod patience;

pub mod leftover;

mod run;

pub mod shrink;

pub mod race;

pub mod generated;

pub mod recorded;

pub mod shard;

pub mod suite;

pub mod finding;

pub mod foreign;

pub mod coverage;

pub mod expectation;

pub mod standing;

pub mod reference;

pub mod mutant;

pub mod may;

pub use endpoint::Endpoint;
pub use finding::Finding;
pub use judge::Judge;
pub use mutant::Mutant;
pub use observed::{Interruption, Observed, Shown};
pub use reference::Reference;
pub use replay::{Exchange, Replay, replay};
pub use script::{Script, Step};
pub use suite::{Report, Suite};
pub use verdict::{Divergence, OpenPoint, Tier, Verdict};
