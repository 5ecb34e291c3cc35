//! Generators: they choose each operation from the account's assumed state.
//!
//! A script sends fixed operations. A [`Generator`] adapts: after a divergence it only repairs the
//! state that it needs, and continues. [`GeneratedSuite`] lists the generators by name. Generators
//! do not call the endpoint and do not judge responses. The `strategies` draw whole scripts
//! instead, for tests with proptest.

pub mod drain;
pub mod kind_set;
pub mod lattice;
pub mod random;
#[cfg(feature = "proptest")]
pub mod strategies;
pub mod tour;
mod walk;

use iamspec_model::{Account, Operation};

use crate::generate::drain::Drain;
use crate::generate::lattice::Lattice;
use crate::generate::random::Random;
use crate::generate::tour::Tour;
use crate::rng::Rng;

/// Whether the endpoint supports an operation, as far as known.
pub type CanHold<'a> = &'a dyn Fn(&Operation) -> bool;

/// A source of operations, each chosen from the account's assumed state.
pub trait Generator {
    /// The stable name, such as `lattice`.
    fn name(&self) -> &'static str;

    /// The purpose, in one sentence.
    fn description(&self) -> &'static str;

    /// Starts a new, empty namespace.
    fn start_namespace(&mut self) {}

    /// The next operation, given the assumed account. Returns `None` if nothing is left for this
    /// namespace.
    fn next_operation(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation>;

    /// The number of goals that are neither reached nor dropped. Runners call this before the first
    /// operation and each time a namespace ends: with 0, the generator has ended.
    fn remaining(&self) -> usize;

    /// What the generator has left out, and why. `None` if it reached all of its goals.
    fn omission(&self) -> Option<String> {
        None
    }
}

/// A suite whose operations a generator chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneratedSuite {
    /// `DeleteUser` with every set of kinds.
    Lattice,
    /// `DeleteUser` with every ordered pair of kinds.
    Pairs,
    /// Every user and attachment operation in every state with at most one item of each kind.
    Tour,
    /// A user filled to every quota, emptied by its deletion plan.
    Drain,
    /// Random operations.
    Random {
        /// The seed of the random choices.
        seed: u64,
        /// The maximum number of operations.
        calls: usize,
    },
}

/// The number of random operations in one batch. Each batch can run on its own.
const BATCH: usize = 1000;

impl GeneratedSuite {
    /// The parts that can run independently, in order. Only the random suite has several.
    #[must_use]
    pub fn batches(self) -> Box<dyn Iterator<Item = Self>> {
        let Self::Random { seed, calls } = self else { return Box::new(std::iter::once(self)) };
        let mut rng = Rng(seed);
        let batch = move |number: usize| Self::Random {
            seed: if number == 0 { seed } else { rng.next() },
            calls: BATCH.min(calls.saturating_sub(number * BATCH)),
        };
        Box::new((0..calls.div_ceil(BATCH)).map(batch))
    }

    /// A new generator of this suite.
    #[must_use]
    pub fn generator(self) -> Box<dyn Generator> {
        match self {
            Self::Lattice => Box::new(Lattice::of_sets()),
            Self::Pairs => Box::new(Lattice::of_pairs()),
            Self::Tour => Box::new(Tour::default()),
            Self::Drain => Box::new(Drain::default()),
            Self::Random { seed, calls } => Box::new(Random::new(seed, calls)),
        }
    }

    /// The number of operations with which the suite ends on any endpoint.
    ///
    /// For the lattice, it is the number of operations that reach every set from an empty account,
    /// which an endpoint needs that deletes every user. The other suites need at most 1.3 times the
    /// operations of a conforming endpoint, for which a test checks the numbers.
    #[must_use]
    pub const fn max_operations(self) -> usize {
        match self {
            Self::Lattice => 5_700,
            Self::Pairs => 314,
            Self::Drain => 202,
            Self::Tour => 21_000,
            Self::Random { calls, .. } => calls,
        }
    }

    /// The suite's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.generator().name()
    }
}
