//! Every state of a scope, breadth first, in little memory and with the way to each.
//!
//! stateright is the reference: it says what a model and a property are. This does the same for
//! scopes that are too large for it, and leaves to its caller what is looked at in a state. Of a
//! state that was looked at nothing is kept but a fingerprint of 64 bits, as in stateright, and the
//! call that first led to it: among n states two are taken for one with a chance of n² / 2⁶⁵.
//!
//! What nobody can tell apart: items that the same users hold, and states that differ in names only.
//!
//! The model compares names and never reads them, so renaming users and items makes of a path a
//! path. In a scope of alike items one state therefore stands for all its renamings.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use ahash::RandomState;
use stateright::Model as _;

use crate::check::scope::Scope;
use crate::ids::User;
use crate::operation::Operation;
use crate::state::Account;
use crate::tables::attachments::{AttachmentKind, Item, Naming, Status};

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
pub struct FoundState(u32);

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
    pub fn next_state(&mut self) -> Option<(FoundState, Account)> {
        let state = self.frontier.pop_front()?;
        if self.looked_at == self.level_ends {
            self.depth += 1;
            self.level_ends = self.from.len();
        }
        let place = FoundState(u32::try_from(self.looked_at).ok()?);
        self.looked_at += 1;
        Some((place, state))
    }

    /// The next states to be looked at, so many at most and all of one depth; none when all were.
    pub(crate) fn next_states(&mut self, most: usize) -> Vec<(FoundState, Account)> {
        let mut states: Vec<_> = self.next_state().into_iter().collect();
        while !states.is_empty() && states.len() < most && self.looked_at < self.level_ends {
            states.extend(self.next_state());
        }
        states
    }

    /// Takes note that the call of this number leads from the state at `place` to this one.
    pub fn offer(&mut self, place: FoundState, number: usize, state: Account) {
        self.offer_known(place, number, self.scope.fingerprint(&state), Some(state));
    }

    /// The same, where the fingerprint is known; without the state if it was reached before.
    pub(crate) fn offer_known(
        &mut self,
        place: FoundState,
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
    pub fn path(&self, place: FoundState) -> Vec<Operation> {
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
        if self.renames() { without_names(self, account) } else { hasher().hash_one(account) }
    }
}

/// How many items of a kind a scope of alike items may have.
pub const ITEMS: usize = 16;

/// Every order of three users; those of the first two, and of the first alone, stand in front.
const ORDERS: [[u32; USERS]; 6] =
    [[0, 1, 2], [1, 0, 2], [0, 2, 1], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// How many users a scope of alike items may have.
pub const USERS: usize = 3;

/// A number that is the same for states that differ in names only.
#[must_use]
pub fn without_names(scope: &Scope, account: &Account) -> u64 {
    CanonicalForm::of(scope, account).fingerprint()
}

/// The bit of an object that exists; two lower ones for each user say who holds it, and how.
const EXISTS: u16 = 1 << 15;

/// How every item of every kind looks: who holds it, whether it is active, and whether it exists.
pub(crate) struct CanonicalForm {
    scope: Scope,
    users: [bool; USERS],
    items: [[u16; ITEMS]; AttachmentKind::COUNT],
}

impl CanonicalForm {
    pub(crate) fn of(scope: &Scope, account: &Account) -> Self {
        let mut looks = Self {
            scope: *scope,
            users: [false; USERS],
            items: [[0; ITEMS]; AttachmentKind::COUNT],
        };
        for user in account.users() {
            if let Some(exists) = looks.users.get_mut(user.0 as usize) {
                *exists = true;
            }
        }
        for object in account.objects() {
            if let Some(kind) =
                AttachmentKind::blockers().find(|kind| kind.row().refers == Some(object.class))
            {
                looks.add(kind, object.item, EXISTS);
            }
        }
        for held in account.holdings() {
            let inactive = u32::from(held.status == Status::Inactive);
            looks.add(held.kind, held.item, 1 << (held.user.0 * 2 + inactive));
        }
        looks
    }

    fn add(&mut self, kind: AttachmentKind, item: Item, bit: u16) {
        let place = self.place(kind, item);
        let items = self.items.get_mut(kind as usize);
        if let Some(look) = items.and_then(|items| items.get_mut(place)) {
            *look |= bit;
        }
    }

    /// Items that the service names are numbered through; each user has its own of them.
    fn place(&self, kind: AttachmentKind, item: Item) -> usize {
        let own = kind.row().naming == Naming::Service;
        (if own { item.0 % self.scope.room(kind).max(1) } else { item.0 }) as usize
    }

    fn items(&self, kind: AttachmentKind) -> &[u16] {
        let items = self.items.get(kind as usize).map_or(&[][..], |items| &items[..]);
        items.get(..self.scope.room(kind) as usize).unwrap_or(items)
    }

    /// Of an item that only one user can hold, only what this user holds counts.
    fn seen_by(user: User, kind: AttachmentKind) -> u16 {
        if kind.row().refers.is_some() { u16::MAX } else { 3 << (user.0 * 2) }
    }

    /// Whether no item before this one looks like it.
    pub(crate) fn is_first(&self, user: User, kind: AttachmentKind, item: Item) -> bool {
        let seen = Self::seen_by(user, kind);
        let (before, rest) = self.items(kind).split_at(self.place(kind, item));
        rest.first().is_none_or(|this| before.iter().all(|it| (it ^ this) & seen != 0))
    }

    /// Whether no item after this one looks like it.
    pub(crate) fn is_last(&self, user: User, kind: AttachmentKind, item: Item) -> bool {
        let seen = Self::seen_by(user, kind);
        let (_, rest) = self.items(kind).split_at(self.place(kind, item));
        let Some((this, after)) = rest.split_first() else { return true };
        after.iter().all(|it| (it ^ this) & seen != 0)
    }

    /// A number that renaming does not change: the least of all orders of the users.
    fn fingerprint(&self) -> u64 {
        let orders: usize = (1..=self.scope.users as usize).product();
        let orders = ORDERS.iter().take(orders);
        orders.map(|order| self.in_order(order)).min().unwrap_or_default()
    }

    /// A number that does not depend on the names of items, with the users in this order.
    fn in_order(&self, order: &[u32; USERS]) -> u64 {
        let mut hasher = hasher().build_hasher();
        for user in order {
            let exists = self.users.get(*user as usize).is_some_and(|it| *it);
            hasher.write_u128(self.own(*user) << 1 | u128::from(exists));
        }
        for kind in AttachmentKind::blockers().filter(|kind| kind.row().refers.is_some()) {
            let mut looks = [0; ITEMS];
            for (look, item) in looks.iter_mut().zip(self.items(kind)) {
                *look = item & EXISTS;
                for (to, from) in order.iter().enumerate() {
                    *look |= (item >> (from * 2) & 3) << (to * 2);
                }
            }
            looks.sort_unstable();
            looks.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// How many active and inactive items of its own a user holds of each kind, two counts a kind.
    fn own(&self, user: u32) -> u128 {
        let own = AttachmentKind::blockers().filter(|kind| kind.row().refers.is_none());
        own.fold(0, |word, kind| {
            let count = |bit: u32| {
                self.items(kind)
                    .iter()
                    .map(|it| u128::from(it >> (user * 2 + bit) & 1))
                    .sum::<u128>()
            };
            (word << COUNT_BITS | count(0)) << COUNT_BITS | count(1)
        })
    }
}

/// The bits of a count from 0 to [`ITEMS`].
const COUNT_BITS: u32 = usize::BITS - ITEMS.leading_zeros();

const _: () = assert!(ITEMS < 1 << COUNT_BITS, "a count of all items fits its bits");
const _: () = assert!(
    AttachmentKind::COUNT * 2 * (COUNT_BITS as usize) < u128::BITS as usize,
    "two counts a kind, and whether the user exists"
);
const _: () = assert!(USERS * 2 < EXISTS.trailing_zeros() as usize, "two bits a user below EXISTS");

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::ids::IssueOptions;
    use crate::operation::Operation;
    use crate::semantics::apply;

    #[test]
    fn every_count_of_items_has_a_fingerprint_of_its_own() {
        let most = u32::try_from(ITEMS).unwrap_or_default();
        let scope = Scope { users: 1, items: most, statuses: true, ..Scope::NOTHING };
        let user = User(0);
        let mut seen = HashMap::new();
        for kind in AttachmentKind::blockers().filter(|kind| kind.row().statuses) {
            for (active, inactive) in
                (0..=most).flat_map(|it| (0..=most - it).map(move |to| (it, to)))
            {
                let mut account = Account::default();
                apply(&mut account, &Operation::create_user(user));
                for item in (0..active + inactive).map(Item) {
                    apply(&mut account, &Operation::Issue(user, kind, item, IssueOptions::Nothing));
                }
                for item in (active..active + inactive).map(Item) {
                    let off = Operation::SetStatus(user, kind, item, Status::Inactive);
                    apply(&mut account, &off);
                }
                let held = account.holdings().filter(|it| it.kind == kind).count();
                assert_eq!(held, (active + inactive) as usize, "{kind:?}");
                if active + inactive > 0 {
                    let this = (kind, active, inactive);
                    let other = seen.insert(without_names(&scope, &account), this);
                    assert_eq!(other, None, "{this:?}");
                }
            }
        }
        assert_eq!(seen.len() % (ITEMS * (ITEMS + 3) / 2), 0);
        assert!(!seen.is_empty(), "no kind has a status");
    }
}
