//! The suites that are generated, by name.

use crate::chance::Chance;
use crate::course::{Course, Drain, Lattice, Pairs, Random, Tour};
use crate::observe::Observe;
use crate::suite::Suite;

/// A suite that is generated as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generated {
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

impl Generated {
    /// What can be played apart, in order: calls by chance in portions, and everything else whole.
    #[must_use]
    pub fn portions(self) -> Vec<Self> {
        let Self::Random { seed, calls } = self else { return vec![self] };
        let mut chance = Chance(seed);
        let portion = |number: usize| Self::Random {
            seed: if number == 0 { seed } else { chance.next() },
            calls: PORTION.min(calls.saturating_sub(number * PORTION)),
        };
        (0..calls.div_ceil(PORTION)).map(portion).collect()
    }

    /// Its course, from the beginning.
    #[must_use]
    pub fn course(self) -> Box<dyn Course> {
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

    /// How many calls it makes on an endpoint that conforms, the clean-up left out.
    #[must_use]
    pub fn calls(self) -> usize {
        Suite::new(Vec::new()).with(vec![self]).observing(Observe::Off).calls()
    }
}
