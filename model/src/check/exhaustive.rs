//! Every state of a scope and every call in it, reads and refusals included.
//!
//! stateright sees states; what a call does and what it is answered is seen here. What holds of
//! states is looked at here too, so that a scope that is too large for stateright is checked whole.

use std::panic::resume_unwind;

use stateright::{Expectation, Model as _, Property};

use crate::check::explorer::{FoundState, Search};
use crate::check::scope::Scope;
use crate::check::transition_properties::TransitionProperty;
use crate::check::{frame_properties, transition_properties};
use crate::operation::Operation;
use crate::semantics::Allowed;
use crate::state::Account;

/// One call in one state.
#[derive(Debug)]
pub struct Visit<'a> {
    /// Where.
    pub scope: &'a Scope,
    /// The state in which it is asked.
    pub before: &'a Account,
    /// What is asked.
    pub op: Operation,
    /// What may be answered.
    pub allowed: Allowed,
    /// The state if it is carried out, wherever it may be; the same state where it may not.
    pub after: &'a Account,
}

impl Visit<'_> {
    /// Whether it may be carried out.
    #[must_use]
    pub fn may_be_done(&self) -> bool {
        self.allowed.may_be_done()
    }

    /// Whether it is carried out for certain, if it is asked often enough.
    #[must_use]
    pub fn must_be_done(&self) -> bool {
        self.allowed.must_be_done()
    }
}

/// What a walk came to.
#[derive(Debug)]
pub struct ExhaustiveCheck {
    /// How many states there are.
    pub states: usize,
    /// How often a call led from a state to another one.
    pub transitions: usize,
    /// How many calls were asked in them.
    pub calls: usize,
    /// How many states stand on the longest of the shortest ways.
    pub depth: usize,
    /// What was found of every sentence, those about states first.
    pub found: Vec<Violation>,
}

/// What was found of a sentence.
#[derive(Debug)]
pub struct Violation {
    /// The sentence.
    pub sentence: &'static str,
    /// Where it is said to hold.
    pub said_of: PropertySubject,
    /// The calls that lead to where it falls, or, of some state, to where it holds.
    pub path: Option<Vec<Operation>>,
}

/// Where a sentence is said to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertySubject {
    /// In every state.
    EveryState,
    /// In at least one.
    SomeState,
    /// Of every call in every state.
    EveryCall,
}

impl PropertySubject {
    /// As it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EveryState => "always",
            Self::SomeState => "sometimes",
            Self::EveryCall => "every call",
        }
    }
}

impl Violation {
    /// What was found of a property of states, given the calls that lead to where it is decided.
    #[must_use]
    pub fn of(property: &Property<Scope>, path: Option<Vec<Operation>>) -> Self {
        let reached = property.expectation == Expectation::Sometimes;
        let said_of =
            if reached { PropertySubject::SomeState } else { PropertySubject::EveryState };
        Self { sentence: property.name, said_of, path }
    }

    /// Whether the sentence is true.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.path.is_some() == (self.said_of == PropertySubject::SomeState)
    }
}

/// Walks every state of the scope, breadth first, so that paths are shortest, on as many threads as
/// there are processors: what is found does not depend on how many. Where the model has a fault, the
/// walk ends when the fault is noticed.
#[must_use]
pub fn walk(scope: &Scope) -> ExhaustiveCheck {
    let threads = if scope.fault.is_some() {
        1
    } else {
        std::thread::available_parallelism().map_or(1, Into::into)
    };
    let mut walker = Walker::new(scope);
    loop {
        // One thread looks at one state at a time: a fault may show in the next one.
        let states = walker.search.next_states(if threads == 1 { 1 } else { STATES_AT_ONCE });
        if states.is_empty() || scope.fault.is_some() && walker.notices() {
            break;
        }
        for looked in walker.look_at_all(&states, threads) {
            walker.take(looked);
        }
    }
    walker.end()
}

/// Enough for threads to be worth their start, and few enough to be kept.
const STATES_AT_ONCE: usize = 4096;

/// Every sentence about calls that a walk checks.
pub fn sentences() -> impl Iterator<Item = &'static str> {
    transition_properties::all().map(|(words, _)| words)
}

struct Walker<'a> {
    scope: &'a Scope,
    search: Search,
    calls: usize,
    /// Every property, with where it fell, or was first reached.
    properties: Vec<(Property<Scope>, Option<FoundState>)>,
    /// Every sentence about calls, and whether it speaks of those that are put otherwise.
    sentences: Vec<(TransitionProperty, bool)>,
    /// Where each of them fell first.
    fallen: Vec<Option<(FoundState, Operation)>>,
}

/// What was seen in one state.
struct Looked {
    place: FoundState,
    calls: usize,
    /// The properties that were decided here, by number.
    decided: Vec<usize>,
    /// The sentences that fell here, by number.
    fallen: Vec<(usize, Operation)>,
    /// The calls that lead on, by number, and what they lead to: its fingerprint, and the state where
    /// it is new.
    reached: Vec<(usize, u64, Option<Account>)>,
}

impl<'a> Walker<'a> {
    fn new(scope: &'a Scope) -> Self {
        Self {
            scope,
            search: Search::new(*scope),
            calls: 0,
            properties: scope.properties().into_iter().map(|it| (it, None)).collect(),
            sentences: transition_properties::all()
                .map(|(words, holds)| (holds, words == frame_properties::PUT_OTHERWISE.0))
                .collect(),
            fallen: vec![None; transition_properties::all().count()],
        }
    }

    /// Looks at these states, each thread at its share of them.
    fn look_at_all(&self, states: &[(FoundState, Account)], threads: usize) -> Vec<Looked> {
        let look_at = |states: &[(FoundState, Account)]| -> Vec<Looked> {
            let mut calls = Vec::new();
            states.iter().map(|(place, state)| self.look_at(*place, state, &mut calls)).collect()
        };
        let mut shares = states.chunks(states.len().div_ceil(threads).max(1));
        let own = shares.next().unwrap_or_default();
        std::thread::scope(|scope| {
            let look_at = &look_at;
            let others: Vec<_> = shares.map(|share| scope.spawn(move || look_at(share))).collect();
            let own = look_at(own);
            let others =
                others.into_iter().map(|it| it.join().unwrap_or_else(|it| resume_unwind(it)));
            [own].into_iter().chain(others).flatten().collect()
        })
    }

    fn look_at(&self, place: FoundState, before: &Account, calls: &mut Vec<Operation>) -> Looked {
        let scope = self.scope;
        scope.actions(before, calls);
        let changing = calls.len();
        scope.asked_only(before, calls);
        let decided = self.decided(before);
        let (mut fallen, mut reached) = (Vec::new(), Vec::new());
        let count = calls.len();
        for (number, op) in calls.drain(..).enumerate() {
            let allowed = scope.allowed(before, &op);
            let done = allowed.may_be_done().then(|| scope.next(before, &op));
            let after = done.as_ref().unwrap_or(before);
            self.check(&Visit { scope, before, op, allowed, after }, &mut fallen);
            if let Some(after) = done.filter(|after| number < changing && after != before) {
                let fingerprint = scope.fingerprint(&after);
                let new = !self.search.has_seen(fingerprint);
                reached.push((number, fingerprint, new.then_some(after)));
            }
        }
        Looked { place, calls: count, decided, fallen, reached }
    }

    fn decided(&self, state: &Account) -> Vec<usize> {
        let open = self.properties.iter().enumerate().filter(|(_, (_, found))| found.is_none());
        let decides = |property: &Property<Scope>| {
            let reached = property.expectation == Expectation::Sometimes;
            (property.condition)(self.scope, state) == reached
        };
        open.filter(|(_, (property, _))| decides(property)).map(|(number, _)| number).collect()
    }

    fn check(&self, visit: &Visit<'_>, fallen: &mut Vec<(usize, Operation)>) {
        let otherwise = matches!(visit.op, Operation::Flawed(..));
        let sentences = self.sentences.iter().zip(&self.fallen).enumerate();
        for (number, ((holds, of_flawed), known)) in sentences {
            if otherwise == *of_flawed && known.is_none() && !holds(visit) {
                fallen.push((number, visit.op));
            }
        }
    }

    fn take(&mut self, looked: Looked) {
        self.calls += looked.calls;
        for number in looked.decided {
            if let Some((_, found)) = self.properties.get_mut(number) {
                found.get_or_insert(looked.place);
            }
        }
        for (number, op) in looked.fallen {
            if let Some(fallen) = self.fallen.get_mut(number) {
                fallen.get_or_insert((looked.place, op));
            }
        }
        for (number, fingerprint, state) in looked.reached {
            self.search.offer_known(looked.place, number, fingerprint, state);
        }
    }

    /// Whether something that must always hold has fallen.
    fn notices(&self) -> bool {
        let always = |it: &Property<Scope>| it.expectation != Expectation::Sometimes;
        self.fallen.iter().any(Option::is_some)
            || self.properties.iter().any(|(it, found)| always(it) && found.is_some())
    }

    fn end(self) -> ExhaustiveCheck {
        let mut found = Vec::new();
        for (property, place) in &self.properties {
            found.push(Violation::of(property, place.map(|place| self.search.path(place))));
        }
        for (sentence, fallen) in sentences().zip(&self.fallen) {
            let path = |(place, op)| self.search.path(place).into_iter().chain([op]).collect();
            let said_of = PropertySubject::EveryCall;
            found.push(Violation { sentence, said_of, path: fallen.map(path) });
        }
        ExhaustiveCheck {
            states: self.search.states(),
            transitions: self.search.transitions(),
            calls: self.calls,
            depth: self.search.depth(),
            found,
        }
    }
}
