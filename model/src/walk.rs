//! Every state of a scope and every call in it, reads and refusals included.
//!
//! stateright sees states; what a call does and what it is answered is seen here. The two searches
//! must count the same states, which a test asserts.

use std::collections::HashMap;

use stateright::Model as _;

use crate::account::Account;
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
    /// How many calls were asked in them.
    pub calls: usize,
    /// For every sentence: the calls that lead to where it falls, if it does.
    pub sentences: Vec<(&'static str, Option<Vec<Operation>>)>,
}

/// Walks every state of the scope, breadth first, so that paths are shortest. Where the model has a
/// fault, it ends when the fault is noticed.
#[must_use]
pub fn walk(scope: &Scope) -> Walk {
    let first = Account::default();
    let mut search = Search {
        index: HashMap::from([(first.clone(), 0)]),
        states: vec![(first, None)],
        calls: 0,
        fallen: vec![None; transition::ALL.len()],
    };
    let mut place = 0;
    while let Some((state, _)) = search.states.get(place) {
        let before = state.clone();
        search.expand(scope, place, &before);
        place += 1;
        if scope.fault.is_some() && search.fallen.iter().any(Option::is_some) {
            break;
        }
    }
    let paths: Vec<_> = search.fallen.iter().map(|at| search.path(*at)).collect();
    Walk {
        states: search.states.len(),
        calls: search.calls,
        sentences: sentences().zip(paths).collect(),
    }
}

/// Every sentence that a walk checks.
pub fn sentences() -> impl Iterator<Item = &'static str> {
    transition::ALL.iter().map(|(words, _)| *words)
}

struct Search {
    index: HashMap<Account, usize>,
    /// Every state, with the state and the call by which it was first reached.
    states: Vec<(Account, Option<(usize, Operation)>)>,
    calls: usize,
    /// Where each sentence fell first.
    fallen: Vec<Option<(usize, Operation)>>,
}

impl Search {
    fn expand(&mut self, scope: &Scope, place: usize, before: &Account) {
        let mut operations = Vec::new();
        scope.actions(before, &mut operations);
        let changing = operations.len();
        scope.asked_only(&mut operations);
        for (number, op) in operations.into_iter().enumerate() {
            self.calls += 1;
            let allowed = scope.allowed(before, &op);
            let done = if allowed.may_be_done() { Some(scope.next(before, &op)) } else { None };
            let after = done.as_ref().unwrap_or(before);
            self.check(&Visit { scope, before, op, allowed, after }, place);
            if let Some(after) = done.filter(|after| number < changing && after != before)
                && !self.index.contains_key(&after)
            {
                self.index.insert(after.clone(), self.states.len());
                self.states.push((after, Some((place, op))));
            }
        }
    }

    fn check(&mut self, visit: &Visit<'_>, place: usize) {
        for (fallen, (_, holds)) in self.fallen.iter_mut().zip(transition::ALL) {
            let holds: Sentence = holds;
            if fallen.is_none() && !holds(visit) {
                *fallen = Some((place, visit.op));
            }
        }
    }

    /// The calls from the first state to where a sentence fell.
    fn path(&self, at: Option<(usize, Operation)>) -> Option<Vec<Operation>> {
        let mut path = Vec::new();
        let mut at = Some(at?);
        while let Some((place, op)) = at {
            path.push(op);
            at = self.states.get(place).and_then(|(_, from)| *from);
        }
        path.reverse();
        Some(path)
    }
}
