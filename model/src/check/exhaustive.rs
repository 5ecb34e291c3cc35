//! The exhaustive check: every property, in every state of a scope and for every call in it.
//!
//! stateright checks properties of states. This check also covers the effects and refusals of
//! calls, including reads. It checks the properties of states too, because some scopes are too
//! large for stateright.

use std::panic::resume_unwind;

use stateright::{Expectation, Model as _, Property};

use crate::check::explorer::{FoundState, Search};
use crate::check::scope::Scope;
use crate::check::{
    TransitionProperty, Visit, frame_properties, logic_agreement, state_properties,
    transition_properties,
};
use crate::logic::structure::Structure;
use crate::operation::Operation;
use crate::state::Account;

/// The result of an exhaustive check.
#[derive(Debug)]
pub struct ExhaustiveCheck {
    /// The number of states.
    pub states: usize,
    /// The number of transitions between different states.
    pub transitions: usize,
    /// The number of calls checked.
    pub calls: usize,
    /// The number of states on the longest of the shortest paths.
    pub depth: usize,
    /// The result for each property, properties of states first.
    pub results: Vec<PropertyResult>,
}

/// The result for one property.
#[derive(Debug)]
pub struct PropertyResult {
    /// The property, in one sentence.
    pub property: &'static str,
    /// What the property quantifies over.
    pub subject: Quantifier,
    /// The calls that lead to a violation or, for [`Quantifier::SomeState`], to an example.
    pub path: Option<Vec<Operation>>,
}

/// What a property quantifies over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// Every state.
    EveryState,
    /// At least one state.
    SomeState,
    /// Every call in every state.
    EveryCall,
}

impl Quantifier {
    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EveryState => "always",
            Self::SomeState => "sometimes",
            Self::EveryCall => "every call",
        }
    }
}

impl PropertyResult {
    /// The result for a property of states, with the path to the violation or the example.
    #[must_use]
    pub fn of(property: &Property<Scope>, path: Option<Vec<Operation>>) -> Self {
        let said_of = match property.expectation {
            Expectation::Sometimes => Quantifier::SomeState,
            _ => Quantifier::EveryState,
        };
        Self { property: property.name, subject: said_of, path }
    }

    /// Returns true if the property holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.path.is_some() == (self.subject == Quantifier::SomeState)
    }
}

/// Checks every state of the scope, breadth first, so that paths are shortest.
///
/// The check uses one thread for each processor; the result does not depend on their number. If the
/// scope has a model mutant, the check ends when a property detects it.
#[must_use]
pub fn exhaustive_check(scope: &Scope) -> ExhaustiveCheck {
    let threads = if scope.mutant.is_some() {
        1
    } else {
        std::thread::available_parallelism().map_or(1, Into::into)
    };
    let mut checker = Checker::new(scope);
    loop {
        // One thread visits one state at a time, because the next state may detect the mutant.
        let states = checker.search.next_states(if threads == 1 { 1 } else { BATCH_LEN });
        if states.is_empty() || scope.mutant.is_some() && checker.has_violation() {
            break;
        }
        for result in checker.visit_all(&states, threads) {
            checker.record(result);
        }
    }
    checker.finish()
}

/// The number of states to visit before the results are recorded: enough to occupy the threads, and
/// few enough to hold in memory.
const BATCH_LEN: usize = 4096;

/// The properties of calls that this call violates, in an account of any size.
#[must_use]
pub fn violated_by_call(before: &Account, op: Operation) -> Vec<&'static str> {
    let scope = &Scope::EMPTY;
    let structure = &Structure::of(before);
    let allowed = scope.allowed(before, &op);
    let success = allowed.may_succeed().then(|| scope.next(before, &op));
    let after = success.as_ref().unwrap_or(before);
    let visit = Visit { scope, before, structure, op, allowed, after };
    let is_invalid = matches!(op, Operation::Invalid(..));
    transition_properties()
        .filter(|(sentence, _)| is_invalid == is_of_invalid_requests(sentence))
        .filter(|(_, holds)| !holds(&visit))
        .map(|(sentence, _)| sentence)
        .collect()
}

/// The properties of states that an account of any size violates.
#[must_use]
pub fn violated_by_state(account: &Account) -> Vec<&'static str> {
    let properties = state_properties::always().into_iter();
    properties.filter(|it| !(it.condition)(&Scope::EMPTY, account)).map(|it| it.name).collect()
}

/// Every property of calls.
fn transition_properties() -> impl Iterator<Item = (&'static str, TransitionProperty)> {
    transition_properties::ALL
        .into_iter()
        .chain(frame_properties::ALL)
        .chain(transition_properties::PROGRESS)
        .chain(logic_agreement::ALL)
        .chain([frame_properties::INVALID_REQUESTS])
}

/// One property is about invalid requests; the others are about all other calls.
fn is_of_invalid_requests(sentence: &str) -> bool {
    sentence == frame_properties::INVALID_REQUESTS.0
}

/// The sentence of every property of calls.
pub fn property_names() -> impl Iterator<Item = &'static str> {
    transition_properties().map(|(sentence, _)| sentence)
}

struct Checker<'a> {
    scope: &'a Scope,
    search: Search,
    calls: usize,
    /// The properties of states, each with the first state that decides it.
    state_properties: Vec<(Property<Scope>, Option<FoundState>)>,
    transition_properties: Vec<CheckedTransitionProperty>,
}

struct CheckedTransitionProperty {
    sentence: &'static str,
    holds: TransitionProperty,
    /// True if the property is about invalid requests; all others skip them.
    of_invalid_requests: bool,
    /// The first violation.
    violation: Option<(FoundState, Operation)>,
}

/// The results of visiting one state.
struct VisitedState {
    state: FoundState,
    calls: usize,
    /// The properties of states that this state decides, by index.
    decided: Vec<usize>,
    /// The violated properties of calls, by index.
    violated: Vec<(usize, Operation)>,
    successors: Vec<Successor>,
}

struct Successor {
    /// The index of the call.
    call: usize,
    fingerprint: u64,
    /// The state, unless it was reached before.
    state: Option<Account>,
}

impl<'a> Checker<'a> {
    fn new(scope: &'a Scope) -> Self {
        let checked = |(sentence, holds)| CheckedTransitionProperty {
            sentence,
            holds,
            of_invalid_requests: is_of_invalid_requests(sentence),
            violation: None,
        };
        Self {
            scope,
            search: Search::new(*scope),
            calls: 0,
            state_properties: scope.properties().into_iter().map(|it| (it, None)).collect(),
            transition_properties: transition_properties().map(checked).collect(),
        }
    }

    /// Visits these states, each thread a share of them, and returns the results in order.
    fn visit_all(&self, states: &[(FoundState, Account)], threads: usize) -> Vec<VisitedState> {
        let visit = |states: &[(FoundState, Account)]| -> Vec<VisitedState> {
            let mut calls = Vec::new();
            states.iter().map(|(state, account)| self.visit(*state, account, &mut calls)).collect()
        };
        let mut shares = states.chunks(states.len().div_ceil(threads).max(1));
        let own_share = shares.next().unwrap_or_default();
        std::thread::scope(|scope| {
            let visit = &visit;
            let others: Vec<_> = shares.map(|share| scope.spawn(move || visit(share))).collect();
            let own = visit(own_share);
            let others =
                others.into_iter().map(|it| it.join().unwrap_or_else(|it| resume_unwind(it)));
            [own].into_iter().chain(others).flatten().collect()
        })
    }

    fn visit(
        &self,
        state: FoundState,
        before: &Account,
        calls: &mut Vec<Operation>,
    ) -> VisitedState {
        let scope = self.scope;
        scope.actions(before, calls);
        let action_count = calls.len();
        scope.probes(before, calls);
        let call_count = calls.len();
        let decided = self.decided_properties(before);
        let structure = Structure::of(before);
        let (mut violated, mut successors) = (Vec::new(), Vec::new());
        for (call, op) in calls.drain(..).enumerate() {
            let allowed = scope.allowed(before, &op);
            let success = allowed.may_succeed().then(|| scope.next(before, &op));
            let after = success.as_ref().unwrap_or(before);
            self.check_call(
                &Visit { scope, before, structure: &structure, op, allowed, after },
                &mut violated,
            );
            if let Some(after) = success.filter(|after| call < action_count && after != before) {
                let fingerprint = scope.fingerprint(&after);
                let new = !self.search.has_seen(fingerprint);
                successors.push(Successor { call, fingerprint, state: new.then_some(after) });
            }
        }
        VisitedState { state, calls: call_count, decided, violated, successors }
    }

    fn decided_properties(&self, account: &Account) -> Vec<usize> {
        let undecided =
            self.state_properties.iter().enumerate().filter(|(_, (_, found))| found.is_none());
        let decides = |property: &Property<Scope>| {
            let is_example = property.expectation == Expectation::Sometimes;
            (property.condition)(self.scope, account) == is_example
        };
        undecided.filter(|(_, (property, _))| decides(property)).map(|(index, _)| index).collect()
    }

    fn check_call(&self, visit: &Visit<'_>, violated: &mut Vec<(usize, Operation)>) {
        let is_invalid = matches!(visit.op, Operation::Invalid(..));
        for (index, property) in self.transition_properties.iter().enumerate() {
            if is_invalid == property.of_invalid_requests
                && property.violation.is_none()
                && !(property.holds)(visit)
            {
                violated.push((index, visit.op));
            }
        }
    }

    fn record(&mut self, visited: VisitedState) {
        self.calls += visited.calls;
        for index in visited.decided {
            if let Some((_, found)) = self.state_properties.get_mut(index) {
                found.get_or_insert(visited.state);
            }
        }
        for (index, op) in visited.violated {
            if let Some(property) = self.transition_properties.get_mut(index) {
                property.violation.get_or_insert((visited.state, op));
            }
        }
        for Successor { call, fingerprint, state } in visited.successors {
            self.search.offer_known(visited.state, call, fingerprint, state);
        }
    }

    /// Returns true if a property that must always hold is violated.
    fn has_violation(&self) -> bool {
        let must_hold = |it: &Property<Scope>| it.expectation != Expectation::Sometimes;
        self.transition_properties.iter().any(|it| it.violation.is_some())
            || self.state_properties.iter().any(|(it, found)| must_hold(it) && found.is_some())
    }

    fn finish(self) -> ExhaustiveCheck {
        let of_states = self.state_properties.iter().map(|(property, found)| {
            PropertyResult::of(property, found.map(|it| self.search.path(it)))
        });
        let of_calls = self.transition_properties.iter().map(|property| {
            let path = |(state, op)| self.search.path(state).into_iter().chain([op]).collect();
            PropertyResult {
                property: property.sentence,
                subject: Quantifier::EveryCall,
                path: property.violation.map(path),
            }
        });
        ExhaustiveCheck {
            states: self.search.states(),
            transitions: self.search.transitions(),
            calls: self.calls,
            depth: self.search.depth(),
            results: of_states.chain(of_calls).collect(),
        }
    }
}
