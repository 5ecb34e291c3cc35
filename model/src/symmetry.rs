//! What nobody can tell apart: items that the same users hold, and states that differ in names only.
//!
//! The model compares names and never reads them, so renaming users and items makes of a path a
//! path. In a scope of alike items one state therefore stands for all its renamings.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use crate::account::Account;
use crate::engine;
use crate::kind::{Item, Kind, Naming, Status};
use crate::operation::User;
use crate::scope::Scope;

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
    Looks::of(scope, account).fingerprint()
}

/// The bit of an object that exists; two lower ones for each user say who holds it, and how.
const EXISTS: u16 = 1 << 15;

/// How every item of every kind looks: who holds it, whether it is active, and whether it exists.
pub(crate) struct Looks {
    scope: Scope,
    users: [bool; USERS],
    items: [[u16; ITEMS]; Kind::COUNT],
}

impl Looks {
    pub(crate) fn of(scope: &Scope, account: &Account) -> Self {
        let mut looks =
            Self { scope: *scope, users: [false; USERS], items: [[0; ITEMS]; Kind::COUNT] };
        for user in account.users() {
            if let Some(exists) = looks.users.get_mut(user.0 as usize) {
                *exists = true;
            }
        }
        for object in account.objects() {
            if let Some(kind) =
                Kind::blockers().find(|kind| kind.row().refers == Some(object.class))
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

    fn add(&mut self, kind: Kind, item: Item, bit: u16) {
        let place = self.place(kind, item);
        let items = self.items.get_mut(kind as usize);
        if let Some(look) = items.and_then(|items| items.get_mut(place)) {
            *look |= bit;
        }
    }

    /// Items that the service names are numbered through; each user has its own of them.
    fn place(&self, kind: Kind, item: Item) -> usize {
        let own = kind.row().naming == Naming::Service;
        (if own { item.0 % self.scope.room(kind).max(1) } else { item.0 }) as usize
    }

    fn items(&self, kind: Kind) -> &[u16] {
        let items = self.items.get(kind as usize).map_or(&[][..], |items| &items[..]);
        items.get(..self.scope.room(kind) as usize).unwrap_or(items)
    }

    /// Of an item that only one user can hold, only what this user holds counts.
    fn seen_by(user: User, kind: Kind) -> u16 {
        if kind.row().refers.is_some() { u16::MAX } else { 3 << (user.0 * 2) }
    }

    /// Whether no item before this one looks like it.
    pub(crate) fn is_first(&self, user: User, kind: Kind, item: Item) -> bool {
        let seen = Self::seen_by(user, kind);
        let (before, rest) = self.items(kind).split_at(self.place(kind, item));
        rest.first().is_none_or(|this| before.iter().all(|it| (it ^ this) & seen != 0))
    }

    /// Whether no item after this one looks like it.
    pub(crate) fn is_last(&self, user: User, kind: Kind, item: Item) -> bool {
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
        let mut hasher = engine::hasher().build_hasher();
        for user in order {
            let exists = self.users.get(*user as usize).is_some_and(|it| *it);
            hasher.write_u128(self.own(*user) << 1 | u128::from(exists));
        }
        for kind in Kind::blockers().filter(|kind| kind.row().refers.is_some()) {
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
        let own = Kind::blockers().filter(|kind| kind.row().refers.is_none());
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
    Kind::COUNT * 2 * (COUNT_BITS as usize) < u128::BITS as usize,
    "two counts a kind, and whether the user exists"
);
const _: () = assert!(USERS * 2 < EXISTS.trailing_zeros() as usize, "two bits a user below EXISTS");

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::operation::{Operation, With};
    use crate::step::apply;

    #[test]
    fn every_count_of_items_has_a_fingerprint_of_its_own() {
        let most = u32::try_from(ITEMS).unwrap_or_default();
        let scope = Scope { users: 1, items: most, statuses: true, ..Scope::NOTHING };
        let user = User(0);
        let mut seen = HashMap::new();
        for kind in Kind::blockers().filter(|kind| kind.row().statuses) {
            for (active, inactive) in
                (0..=most).flat_map(|it| (0..=most - it).map(move |to| (it, to)))
            {
                let mut account = Account::default();
                apply(&mut account, &Operation::create_user(user));
                for item in (0..active + inactive).map(Item) {
                    apply(&mut account, &Operation::Issue(user, kind, item, With::Nothing));
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
