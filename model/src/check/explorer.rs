//! A breadth-first search of every state of a scope, in little memory, with a path to each state.
//!
//! stateright defines what a model and a property are. This search covers scopes that are too large
//! for stateright; its caller decides what to check in each state. After a visit it keeps only a
//! 64-bit fingerprint of the state, as stateright does, and the call that first led to it. Among n
//! states, two share a fingerprint with a probability of n² / 2⁶⁵.

use std::collections::{HashSet, VecDeque};

use ahash::RandomState;
use stateright::Model as _;

use crate::check::scope::Scope;
use crate::operation::Operation;
use crate::state::Account;
use crate::state::bits::hasher;

/// A breadth-first search of a scope.
///
/// ```
/// use iamspec_model::Scope;
/// use iamspec_model::check::explorer::Search;
/// use stateright::Model as _;
///
/// let scope = Scope { users: 1, ..Scope::EMPTY };
/// let mut search = Search::new(scope);
/// while let Some((found, account)) = search.next_state() {
///     let mut calls = Vec::new();
///     scope.actions(&account, &mut calls);
///     for (number, op) in calls.into_iter().enumerate() {
///         if let Some(after) = scope.next_state(&account, op) {
///             search.offer(found, number, after);
///         }
///     }
/// }
/// assert_eq!(search.states(), 3); // no user, a user, and one with a login profile
/// ```
#[derive(Debug)]
pub struct Search {
    scope: Scope,
    seen: HashSet<u64, RandomState>,
    /// For each state: the previous state, and the call that first led from there, as an index into
    /// the actions of the [`Scope`].
    predecessors: Vec<(u32, u32)>,
    /// States that are reached and not yet visited, in order.
    frontier: VecDeque<Account>,
    visited: usize,
    depth: usize,
    /// The number of states when the last one of the previous depth was visited.
    level_ends: usize,
    transitions: usize,
}

/// A reached state, by its index in the order of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundState(u32);

impl Search {
    /// A search that has reached the initial state.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        let frontier: VecDeque<Account> = scope.init_states().into();
        let mut seen = HashSet::with_hasher(hasher());
        seen.extend(frontier.iter().map(|state| scope.fingerprint(state)));
        let predecessors = vec![(0, 0); frontier.len()];
        Self {
            scope,
            seen,
            predecessors,
            frontier,
            visited: 0,
            depth: 0,
            level_ends: 0,
            transitions: 0,
        }
    }

    /// The next state to visit; `None` after the last one.
    pub fn next_state(&mut self) -> Option<(FoundState, Account)> {
        let state = self.frontier.pop_front()?;
        if self.visited == self.level_ends {
            self.depth += 1;
            self.level_ends = self.predecessors.len();
        }
        let found = FoundState(u32::try_from(self.visited).ok()?);
        self.visited += 1;
        Some((found, state))
    }

    /// The next states to visit: at most `limit`, all of the same depth. Empty after the last one.
    pub(crate) fn next_states(&mut self, limit: usize) -> Vec<(FoundState, Account)> {
        let mut states: Vec<_> = self.next_state().into_iter().collect();
        while !states.is_empty() && states.len() < limit && self.visited < self.level_ends {
            states.extend(self.next_state());
        }
        states
    }

    /// Records that call `number` leads from the state `from` to this one.
    pub fn offer(&mut self, from: FoundState, number: usize, state: Account) {
        self.offer_known(from, number, self.scope.fingerprint(&state), Some(state));
    }

    /// The same with a known fingerprint, and without the state if it was reached before.
    pub(crate) fn offer_known(
        &mut self,
        from: FoundState,
        number: usize,
        fingerprint: u64,
        state: Option<Account>,
    ) {
        self.transitions += 1;
        if let Some(state) = state.filter(|_| self.seen.insert(fingerprint)) {
            self.predecessors.push((from.0, u32::try_from(number).unwrap_or(u32::MAX)));
            self.frontier.push_back(state);
        }
    }

    /// Returns true if a state with this fingerprint was reached.
    pub(crate) fn has_seen(&self, fingerprint: u64) -> bool {
        self.seen.contains(&fingerprint)
    }

    /// Visits all remaining states.
    pub fn finish(&mut self) {
        let mut calls = Vec::new();
        while let Some((found, state)) = self.next_state() {
            self.scope.actions(&state, &mut calls);
            for (number, op) in calls.drain(..).enumerate() {
                if let Some(after) = self.scope.next_state(&state, op) {
                    self.offer(found, number, after);
                }
            }
        }
    }

    /// The number of states reached so far.
    #[must_use]
    pub fn states(&self) -> usize {
        self.predecessors.len()
    }

    /// The number of transitions between different states so far.
    #[must_use]
    pub fn transitions(&self) -> usize {
        self.transitions
    }

    /// The number of states on the longest of the shortest paths, including the initial state.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The shortest sequence of calls that leads to the state.
    #[must_use]
    pub fn path(&self, state: FoundState) -> Vec<Operation> {
        let mut numbers = Vec::new();
        let mut index = state.0;
        while index > 0 {
            let Some((previous, number)) = self.predecessors.get(index as usize) else { break };
            numbers.push(*number);
            index = *previous;
        }
        let mut state = self.scope.init_states().into_iter().next().unwrap_or_default();
        let mut path = Vec::new();
        for number in numbers.into_iter().rev() {
            let mut calls = Vec::new();
            self.scope.actions(&state, &mut calls);
            let Some(op) = calls.get(number as usize) else { break };
            state = self.scope.next(&state, op);
            path.push(*op);
        }
        path
    }
}
