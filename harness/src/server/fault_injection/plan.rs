//! Which call meets with what. What is chosen depends on the seed and on the calls that came before,
//! and on nothing else but the past that some faults need.

use std::path::Path;

use anyhow::{Context as _, Result};
use iamspec_conformance::results::known_failures::glob;
use iamspec_conformance::rng::Rng;

use crate::server::fault_injection::{InjectedFault, file};

/// Faults, with the calls that meet with them.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    pub(crate) faults: Vec<Planned>,
}

/// One fault of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) fault: InjectedFault,
    /// The calls: `*` stands for anything.
    pub(crate) on: String,
    pub(crate) when: FaultTrigger,
    /// How often at most.
    pub(crate) times: Option<u64>,
    /// Its own, so that no fault changes what another one meets with.
    pub(crate) chance: Rng,
    /// How many such calls there were.
    pub(crate) seen: u64,
    /// How often it happened.
    pub(crate) happened: u64,
}

/// Which of the calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FaultTrigger {
    Always,
    Chance(f64),
    Every(u64),
    First(u64),
}

impl FaultPlan {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong, in which line, and what is allowed.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the faults of `{}`", path.display()))?;
        Self::parse(&text).with_context(|| format!("cannot use `{}`", path.display()))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong, in which line, and what is allowed.
    pub fn parse(text: &str) -> Result<Self> {
        file::parse(text).map(|faults| Self { faults })
    }

    /// What the next call meets with: the first fault in the order of the file. To be asked before
    /// the call, once for each.
    pub fn next(&mut self, action: &str) -> Option<InjectedFault> {
        self.choose(action, |_| Some(())).map(|(fault, ())| fault)
    }

    /// The same, of the faults that can happen now: those for which there is something to do.
    pub(crate) fn choose<T>(
        &mut self,
        action: &str,
        mut possible: impl FnMut(InjectedFault) -> Option<T>,
    ) -> Option<(InjectedFault, T)> {
        let mut chosen = None;
        for planned in self.faults.iter_mut().filter(|it| glob(&it.on, action)) {
            // Every one counts and draws, whichever is chosen.
            let due = planned.is_due();
            if due && chosen.is_none() {
                chosen = possible(planned.fault).map(|it| (planned.fault, it));
                planned.happened += u64::from(chosen.is_some());
            }
        }
        chosen
    }

    /// How often each sort of fault happened, in the order of the file.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        let mut counts: Vec<(&'static str, u64)> = Vec::new();
        for planned in &self.faults {
            let name = planned.fault.name();
            match counts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += planned.happened,
                None => counts.push((name, planned.happened)),
            }
        }
        counts
    }

    /// Every fault that may happen.
    pub(crate) fn faults(&self) -> impl Iterator<Item = InjectedFault> {
        self.faults.iter().map(|it| it.fault)
    }
}

impl Planned {
    fn is_due(&mut self) -> bool {
        self.seen += 1;
        let due = match self.when {
            FaultTrigger::Always => true,
            FaultTrigger::Chance(often) => self.chance.comes_about(often),
            FaultTrigger::Every(number) => self.seen.is_multiple_of(number),
            FaultTrigger::First(number) => self.seen <= number,
        };
        due && self.times.is_none_or(|most| self.happened < most)
    }
}
