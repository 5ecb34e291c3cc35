//! Every state of a scope, breadth first, in little memory and with the way to each.
//!
//! stateright is the reference: it says what a model and a property are. This does the same for
//! scopes that are too large for it, and leaves to its caller what is looked at in a state. Of a
//! state that was looked at nothing is kept but a fingerprint of 64 bits, as in stateright, and the
//! call that first led to it: among n states two are taken for one with a chance of n² / 2⁶⁵.

use std::collections::{HashSet, VecDeque};

use ahash::RandomState;
use stateright::Model as _;

use crate::account::Account;
use crate::operation::Operation;
use crate::scope::Scope;
use crate::symmetry;

/// The same in every run: a search that finds something finds it again.
pub(crate) const fn hasher() -> RandomState {
    RandomState::with_seeds(1, 2, 3, 4)
}

/// A search that goes from state to state.
///
/// ```
/// use iamspec_model::{Scope, engine::Search};
/// use stateright::Model as _;
///
/// let scope = Scope { users: 1, ..Scope::NOTHING };
/// let mut search = Search::new(scope);
/// while let Some((place, account)) = search.next_state() {
///     let mut calls = Vec::new();
///     scope.actions(&account, &mut calls);
///     for (number, op) in calls.into_iter().enumerate() {
///         if let Some(after) = scope.next_state(&account, op) {
///             search.offer(place, number, after);
///         }
///     }
/// }
/// assert_eq!(search.states(), 3); // no user, a user, and one with a login profile
/// ```
#[derive(Debug)]
pub struct Search {
    scope: Scope,
    seen: HashSet<u64, RandomState>,
    /// By which call, in the order of [`Scope`]'s actions, of which state each was first reached;
    /// the first state by none.
    from: Vec<(u32, u32)>,
    /// States that were reached and not looked at, in that order.
    frontier: VecDeque<Account>,
    looked_at: usize,
    depth: usize,
    /// How many states there were when the last of a depth was looked at.
    level_ends: usize,
    transitions: usize,
}

/// Where a state stands in the order in which states were reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u32);

impl Search {
    /// A search that has reached the first state.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        let frontier: VecDeque<Account> = scope.init_states().into();
        let seen = frontier.iter().map(|first| scope.fingerprint(first));
        let mut set = HashSet::with_hasher(hasher());
        set.extend(seen);
        let from = vec![(0, 0); frontier.len()];
        Self {
            scope,
            seen: set,
            from,
            frontier,
            looked_at: 0,
            depth: 0,
            level_ends: 0,
            transitions: 0,
        }
    }

    /// The next state to be looked at; none when all were.
    pub fn next_state(&mut self) -> Option<(Place, Account)> {
        let state = self.frontier.pop_front()?;
        if self.looked_at == self.level_ends {
            self.depth += 1;
            self.level_ends = self.from.len();
        }
        let place = Place(u32::try_from(self.looked_at).ok()?);
        self.looked_at += 1;
        Some((place, state))
    }

    /// The next states to be looked at, so many at most and all of one depth; none when all were.
    pub(crate) fn next_states(&mut self, most: usize) -> Vec<(Place, Account)> {
        let mut states: Vec<_> = self.next_state().into_iter().collect();
        while !states.is_empty() && states.len() < most && self.looked_at < self.level_ends {
            states.extend(self.next_state());
        }
        states
    }

    /// Takes note that the call of this number leads from the state at `place` to this one.
    pub fn offer(&mut self, place: Place, number: usize, state: Account) {
        self.offer_known(place, number, self.scope.fingerprint(&state), Some(state));
    }

    /// The same, where the fingerprint is known; without the state if it was reached before.
    pub(crate) fn offer_known(
        &mut self,
        place: Place,
        number: usize,
        fingerprint: u64,
        state: Option<Account>,
    ) {
        self.transitions += 1;
        if let Some(state) = state.filter(|_| self.seen.insert(fingerprint)) {
            self.from.push((place.0, u32::try_from(number).unwrap_or(u32::MAX)));
            self.frontier.push_back(state);
        }
    }

    /// Whether a state with this fingerprint was reached.
    pub(crate) fn has_seen(&self, fingerprint: u64) -> bool {
        self.seen.contains(&fingerprint)
    }

    /// Looks at every state that is left, and at nothing in it.
    pub fn finish(&mut self) {
        let mut calls = Vec::new();
        while let Some((place, state)) = self.next_state() {
            self.scope.actions(&state, &mut calls);
            for (number, op) in calls.drain(..).enumerate() {
                if let Some(after) = self.scope.next_state(&state, op) {
                    self.offer(place, number, after);
                }
            }
        }
    }

    /// How many states were reached.
    #[must_use]
    pub fn states(&self) -> usize {
        self.from.len()
    }

    /// How many times a state was reached.
    #[must_use]
    pub fn transitions(&self) -> usize {
        self.transitions
    }

    /// How many states stand on the longest of the shortest ways, the first one included.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The shortest calls that lead to the state at `place`.
    #[must_use]
    pub fn path(&self, place: Place) -> Vec<Operation> {
        let mut numbers = Vec::new();
        let mut at = place.0;
        while at > 0 {
            let Some((before, number)) = self.from.get(at as usize) else { break };
            numbers.push(*number);
            at = *before;
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

impl Scope {
    /// What tells states apart: all that is true, or, where some that are reached differ in names
    /// only, all but the names.
    #[must_use]
    pub fn fingerprint(&self, account: &Account) -> u64 {
        if self.renames() {
            symmetry::without_names(self, account)
        } else {
            hasher().hash_one(account)
        }
    }
}
