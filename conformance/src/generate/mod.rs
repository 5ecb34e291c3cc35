//! Calls that are chosen one by one, by where the account is thought to be: so that a divergence
//! costs what it costs to mend the state, and no more. A script is what is asked whatever comes; a
//! course has aims.
//!
//! The suites that are generated, by name.
//!
//! Chance that can be had again: the same seed gives the same choices.

pub mod drain;
pub mod kind_set;
pub mod lattice_pairs;
pub mod random;
pub mod tour;

use iamspec_model::{Account, Operation};

use crate::generate::drain::Drain;
use crate::generate::lattice_pairs::{Lattice, Pairs};
use crate::generate::random::Random;
use crate::generate::tour::Tour;
use crate::rng::Rng;

/// Whether the endpoint has what a call needs, for all that is known.
pub type CanHold<'a> = &'a dyn Fn(&Operation) -> bool;

/// Calls with an aim.
pub trait Generator {
    /// A stable name, such as `lattice`.
    fn name(&self) -> &'static str;

    /// What it is for, in one sentence.
    fn idea(&self) -> &'static str;

    /// A name space of its own begins.
    fn begin(&mut self) {}

    /// The next call, where the account is thought to be so. None where nothing is left to be asked in
    /// this name space.
    fn next(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation>;

    /// Whether something is left to be asked, in a name space of its own. Asked before the first
    /// call, and where a name space was left.
    fn goes_on(&self) -> bool;
}

/// A suite that is generated as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneratedSuite {
    /// Every set of kinds.
    Lattice,
    /// Every two kinds, in either order.
    Pairs,
    /// Every call in every state with one of each kind or none.
    Tour,
    /// As much as there may be, and its plan.
    Drain,
    /// By chance.
    Random {
        /// What chance begins with.
        seed: u64,
        /// How many calls it makes.
        calls: usize,
    },
}

/// Calls by chance are made in portions of so many, each of which can be played alone.
const PORTION: usize = 1000;

impl GeneratedSuite {
    /// What can be played apart, in order: calls by chance in portions, and everything else whole.
    #[must_use]
    pub fn portions(self) -> Vec<Self> {
        let Self::Random { seed, calls } = self else { return vec![self] };
        let mut chance = Rng(seed);
        let portion = |number: usize| Self::Random {
            seed: if number == 0 { seed } else { chance.next() },
            calls: PORTION.min(calls.saturating_sub(number * PORTION)),
        };
        (0..calls.div_ceil(PORTION)).map(portion).collect()
    }

    /// Its course, from the beginning.
    #[must_use]
    pub fn course(self) -> Box<dyn Generator> {
        match self {
            Self::Lattice => Box::new(Lattice::default()),
            Self::Pairs => Box::new(Pairs::default()),
            Self::Tour => Box::new(Tour::default()),
            Self::Drain => Box::new(Drain::default()),
            Self::Random { seed, calls } => Box::new(Random::new(seed, calls)),
        }
    }

    /// How many calls it may make before it is given up: some four times what it makes on an endpoint that
    /// conforms.
    pub(crate) const fn most_calls(self) -> usize {
        match self {
            Self::Lattice => 6_000,
            Self::Pairs | Self::Drain => 1_000,
            Self::Tour => 64_000,
            Self::Random { calls, .. } => calls.saturating_add(50),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.course().name()
    }
}
