//! Every state of a scope and every call in it, reads and refusals included.
//!
//! stateright sees states; what a call does and what it is answered is seen here. What holds of
//! states is looked at here too, so that a scope that is too large for stateright is checked whole.

use stateright::{Expectation, Model as _, Property};

use crate::account::Account;
use crate::engine::{Place, Search};
use crate::neighbour;
use crate::operation::Operation;
use crate::scope::Scope;
use crate::step::Allowed;
use crate::transition::{self, Sentence};

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
pub struct Walk {
    /// How many states there are.
    pub states: usize,
    /// How often a call led from a state to another one.
    pub transitions: usize,
    /// How many calls were asked in them.
    pub calls: usize,
    /// How many states stand on the longest of the shortest ways.
    pub depth: usize,
    /// What was found of every sentence, those about states first.
    pub found: Vec<Found>,
}

/// What was found of a sentence.
#[derive(Debug)]
pub struct Found {
    /// The sentence.
    pub sentence: &'static str,
    /// Where it is said to hold.
    pub said_of: SaidOf,
    /// The calls that lead to where it falls, or, of some state, to where it holds.
    pub path: Option<Vec<Operation>>,
}

/// Where a sentence is said to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaidOf {
    /// In every state.
    EveryState,
    /// In at least one.
    SomeState,
    /// Of every call in every state.
    EveryCall,
}

impl SaidOf {
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

impl Found {
    /// What was found of a property of states, given the calls that lead to where it is decided.
    #[must_use]
    pub fn of(property: &Property<Scope>, path: Option<Vec<Operation>>) -> Self {
        let reached = property.expectation == Expectation::Sometimes;
        let said_of = if reached { SaidOf::SomeState } else { SaidOf::EveryState };
        Self { sentence: property.name, said_of, path }
    }

    /// Whether the sentence is true.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.path.is_some() == (self.said_of == SaidOf::SomeState)
    }
}

/// Walks every state of the scope, breadth first, so that paths are shortest. Where the model has a
/// fault, it ends when the fault is noticed.
#[must_use]
pub fn walk(scope: &Scope) -> Walk {
    let mut walker = Walker {
        scope,
        search: Search::new(*scope),
        calls: 0,
        properties: scope.properties().into_iter().map(|it| (it, None)).collect(),
        sentences: transition::all()
            .map(|(words, holds)| (holds, words == neighbour::PUT_OTHERWISE.0))
            .collect(),
        fallen: vec![None; transition::all().count()],
    };
    let mut operations = Vec::new();
    while let Some((place, state)) = walker.search.next_state() {
        walker.look_at(place, &state);
        walker.ask(place, &state, &mut operations);
        if scope.fault.is_some() && walker.notices() {
            break;
        }
    }
    walker.end()
}

/// Every sentence about calls that a walk checks.
pub fn sentences() -> impl Iterator<Item = &'static str> {
    transition::all().map(|(words, _)| words)
}

struct Walker<'a> {
    scope: &'a Scope,
    search: Search,
    calls: usize,
    /// Every property, with where it fell, or was first reached.
    properties: Vec<(Property<Scope>, Option<Place>)>,
    /// Every sentence about calls, and whether it speaks of those that are put otherwise.
    sentences: Vec<(Sentence, bool)>,
    /// Where each of them fell first.
    fallen: Vec<Option<(Place, Operation)>>,
}

impl Walker<'_> {
    fn look_at(&mut self, place: Place, state: &Account) {
        for (property, found) in self.properties.iter_mut().filter(|(_, found)| found.is_none()) {
            let reached = property.expectation == Expectation::Sometimes;
            if (property.condition)(self.scope, state) == reached {
                *found = Some(place);
            }
        }
    }

    fn ask(&mut self, place: Place, before: &Account, operations: &mut Vec<Operation>) {
        let scope = self.scope;
        scope.actions(before, operations);
        let changing = operations.len();
        scope.asked_only(before, operations);
        for (number, op) in operations.drain(..).enumerate() {
            self.calls += 1;
            let allowed = scope.allowed(before, &op);
            let done = if allowed.may_be_done() { Some(scope.next(before, &op)) } else { None };
            let after = done.as_ref().unwrap_or(before);
            self.check(&Visit { scope, before, op, allowed, after }, place);
            if let Some(after) = done.filter(|after| number < changing && after != before) {
                self.search.offer(place, number, after);
            }
        }
    }

    fn check(&mut self, visit: &Visit<'_>, place: Place) {
        let otherwise = matches!(visit.op, Operation::Flawed(..));
        for (fallen, (holds, of_flawed)) in self.fallen.iter_mut().zip(&self.sentences) {
            if otherwise == *of_flawed && fallen.is_none() && !holds(visit) {
                *fallen = Some((place, visit.op));
            }
        }
    }

    /// Whether something that must always hold has fallen.
    fn notices(&self) -> bool {
        let always = |it: &Property<Scope>| it.expectation != Expectation::Sometimes;
        self.fallen.iter().any(Option::is_some)
            || self.properties.iter().any(|(it, found)| always(it) && found.is_some())
    }

    fn end(self) -> Walk {
        let mut found = Vec::new();
        for (property, place) in &self.properties {
            found.push(Found::of(property, place.map(|place| self.search.path(place))));
        }
        for (sentence, fallen) in sentences().zip(&self.fallen) {
            let path = |(place, op)| self.search.path(place).into_iter().chain([op]).collect();
            let said_of = SaidOf::EveryCall;
            found.push(Found { sentence, said_of, path: fallen.map(path) });
        }
        Walk {
            states: self.search.states(),
            transitions: self.search.transitions(),
            calls: self.calls,
            depth: self.search.depth(),
            found,
        }
    }
}
