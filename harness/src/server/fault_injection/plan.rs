//! A fault plan: which requests get which fault.
//!
//! The choice depends on the seed and on the sequence of earlier requests only, so a run with the
//! same requests gets the same faults. Faults with a window also depend on the history.

use iamspec_conformance::rng::Rng;
use iamspec_conformance::script::pattern::glob;

use crate::server::fault_injection::InjectedFault;

/// An ordered list of faults, each with the requests it affects.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    pub(super) faults: Vec<PlannedFault>,
}

/// One fault of a plan.
#[derive(Clone, Debug)]
pub(super) struct PlannedFault {
    pub(super) fault: InjectedFault,
    /// A pattern of action names; `*` matches any characters.
    pub(super) actions: String,
    pub(super) trigger: FaultTrigger,
    /// Maximum number of injections.
    pub(super) limit: Option<u64>,
    /// Each fault has its own generator, so that no fault changes the draws of another.
    pub(super) rng: Rng,
    /// The number of matching requests so far.
    pub(super) matches: u64,
    /// The number of injections so far.
    pub(super) injections: u64,
}

/// The condition under which a matching request gets the fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum FaultTrigger {
    Always,
    /// With this probability.
    Chance(f64),
    /// Every n-th matching request.
    Every(u64),
    /// The first n matching requests.
    First(u64),
}

impl FaultPlan {
    /// Selects the fault of the next request: the first one of the plan that is due. Call it once
    /// for each request, before the request is handled.
    pub fn next(&mut self, action: &str) -> Option<InjectedFault> {
        self.choose(action, |_| Some(())).map(|(fault, ())| fault)
    }

    /// Like [`Self::next`], among the faults that can have an effect on this request. `applicable`
    /// returns the data needed to inject a fault, or `None` if the fault would have no effect.
    pub(crate) fn choose<T>(
        &mut self,
        action: &str,
        mut applicable: impl FnMut(InjectedFault) -> Option<T>,
    ) -> Option<(InjectedFault, T)> {
        let mut chosen = None;
        for planned in self.faults.iter_mut().filter(|it| glob(&it.actions, action)) {
            // Every matching fault counts and draws, whichever is chosen; else the plan would not
            // be reproducible.
            let due = planned.is_due();
            if due && chosen.is_none() {
                chosen = applicable(planned.fault).map(|data| (planned.fault, data));
                planned.injections += u64::from(chosen.is_some());
            }
        }
        chosen
    }

    /// The number of injections of each sort of fault, in the order of the plan.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        let mut counts: Vec<(&'static str, u64)> = Vec::new();
        for planned in &self.faults {
            let name = planned.fault.name();
            match counts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += planned.injections,
                None => counts.push((name, planned.injections)),
            }
        }
        counts
    }

    /// All faults of the plan.
    pub(super) fn faults(&self) -> impl Iterator<Item = InjectedFault> {
        self.faults.iter().map(|planned| planned.fault)
    }
}

impl PlannedFault {
    fn is_due(&mut self) -> bool {
        self.matches += 1;
        let due = match self.trigger {
            FaultTrigger::Always => true,
            FaultTrigger::Chance(probability) => self.rng.with_probability(probability),
            FaultTrigger::Every(number) => self.matches.is_multiple_of(number),
            FaultTrigger::First(number) => self.matches <= number,
        };
        due && self.limit.is_none_or(|limit| self.injections < limit)
    }
}
