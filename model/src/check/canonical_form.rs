//! Symmetry: indistinguishable items, and states that differ only in names.
//!
//! The model compares names and never reads them, so a path with renamed users and items is a path
//! too. In a scope with `alike`, one state therefore represents all states that differ only in
//! names.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use crate::check::scope::Scope;
use crate::ids::{Item, Status, User};
use crate::kind::AttachmentKind;
use crate::state::Account;
use crate::state::bits::hasher;
use crate::tables::attachments::Naming;

/// The maximum number of items of a kind in a scope with symmetry.
pub const ITEMS: usize = 16;

/// The maximum number of users in a scope with symmetry.
pub const USERS: usize = 3;

/// Every order of three users. The orders of one and of two users come first.
const ORDERS: [[u32; USERS]; 6] =
    [[0, 1, 2], [1, 0, 2], [0, 2, 1], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// The bit of a resource that exists. The lower bits are two for each user: holds the item active,
/// holds it inactive.
const EXISTS: u16 = 1 << 15;

/// The bits of a count from 0 to [`ITEMS`].
const COUNT_BITS: u32 = usize::BITS - ITEMS.leading_zeros();

const _: () = assert!(ITEMS < 1 << COUNT_BITS, "a count of all items fits its bits");
const _: () = assert!(
    AttachmentKind::COUNT * 2 * (COUNT_BITS as usize) < u128::BITS as usize,
    "two counts for each kind, and one bit for the user"
);
const _: () = assert!(USERS * 2 < EXISTS.trailing_zeros() as usize, "two bits a user below EXISTS");

/// A hash that is equal for states that differ only in names.
#[must_use]
pub fn without_names(scope: &Scope, account: &Account) -> u64 {
    CanonicalForm::of(scope, account).fingerprint()
}

impl Scope {
    /// The identity of a state: a hash of all facts or, if the scope renames, of all but the names.
    #[must_use]
    pub fn fingerprint(&self, account: &Account) -> u64 {
        if self.renames() { without_names(self, account) } else { hasher().hash_one(account) }
    }
}

/// A state without names: for every item, which users hold it, its status, and whether it exists.
pub(crate) struct CanonicalForm {
    scope: Scope,
    users: [bool; USERS],
    items: [[u16; ITEMS]; AttachmentKind::COUNT],
}

impl CanonicalForm {
    pub(crate) fn of(scope: &Scope, account: &Account) -> Self {
        let mut form = Self {
            scope: *scope,
            users: [false; USERS],
            items: [[0; ITEMS]; AttachmentKind::COUNT],
        };
        for user in account.users() {
            if let Some(exists) = form.users.get_mut(user.0 as usize) {
                *exists = true;
            }
        }
        for resource in account.resources() {
            let mut kinds = AttachmentKind::blockers();
            if let Some(kind) = kinds.find(|kind| kind.row().refers_to == Some(resource.kind)) {
                form.set_bit(kind, resource.item, EXISTS);
            }
        }
        for held in account.attachments() {
            let inactive = u32::from(held.status == Status::Inactive);
            form.set_bit(held.kind, held.item, 1 << (held.user.0 * 2 + inactive));
        }
        form
    }

    fn set_bit(&mut self, kind: AttachmentKind, item: Item, bit: u16) {
        let index = self.index(kind, item);
        let items = self.items.get_mut(kind as usize);
        if let Some(bits) = items.and_then(|items| items.get_mut(index)) {
            *bits |= bit;
        }
    }

    /// Items that the service names are numbered across users; each user has its own range.
    fn index(&self, kind: AttachmentKind, item: Item) -> usize {
        let own_range = kind.row().naming == Naming::Service;
        (if own_range { item.0 % self.scope.item_count(kind).max(1) } else { item.0 }) as usize
    }

    fn items(&self, kind: AttachmentKind) -> &[u16] {
        let items = self.items.get(kind as usize).map_or(&[][..], |items| &items[..]);
        items.get(..self.scope.item_count(kind) as usize).unwrap_or(items)
    }

    /// The bits that distinguish items: if only one user can hold the item, only the bits of this
    /// user.
    fn compared_bits(user: User, kind: AttachmentKind) -> u16 {
        if kind.row().refers_to.is_some() { u16::MAX } else { 3 << (user.0 * 2) }
    }

    /// Returns true if no earlier item is indistinguishable from this one.
    pub(crate) fn is_first(&self, user: User, kind: AttachmentKind, item: Item) -> bool {
        let compared = Self::compared_bits(user, kind);
        let (before, rest) = self.items(kind).split_at(self.index(kind, item));
        rest.first().is_none_or(|this| before.iter().all(|it| (it ^ this) & compared != 0))
    }

    /// Returns true if no later item is indistinguishable from this one.
    pub(crate) fn is_last(&self, user: User, kind: AttachmentKind, item: Item) -> bool {
        let compared = Self::compared_bits(user, kind);
        let (_, rest) = self.items(kind).split_at(self.index(kind, item));
        let Some((this, after)) = rest.split_first() else { return true };
        after.iter().all(|it| (it ^ this) & compared != 0)
    }

    /// A hash that renaming does not change: the minimum over all orders of the users.
    fn fingerprint(&self) -> u64 {
        let count: usize = (1..=self.scope.users as usize).product();
        let orders = ORDERS.iter().take(count);
        orders.map(|order| self.hash_in_order(order)).min().unwrap_or_default()
    }

    /// A hash that does not depend on the names of items, with the users in this order.
    fn hash_in_order(&self, order: &[u32; USERS]) -> u64 {
        let mut hasher = hasher().build_hasher();
        for user in order {
            let exists = self.users.get(*user as usize).is_some_and(|it| *it);
            hasher.write_u128(self.counts(*user) << 1 | u128::from(exists));
        }
        for kind in AttachmentKind::blockers().filter(|kind| kind.row().refers_to.is_some()) {
            let mut all_bits = [0; ITEMS];
            let items = self.items(kind);
            let all_bits = all_bits.get_mut(..items.len()).unwrap_or_default();
            for (bits, item) in all_bits.iter_mut().zip(items) {
                *bits = item & EXISTS;
                for (to, from) in order.iter().enumerate() {
                    *bits |= (item >> (from * 2) & 3) << (to * 2);
                }
            }
            all_bits.sort_unstable();
            all_bits.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// For each kind that refers to no resource, the numbers of active and of inactive items of the
    /// user.
    fn counts(&self, user: u32) -> u128 {
        let kinds = AttachmentKind::blockers().filter(|kind| kind.row().refers_to.is_none());
        kinds.fold(0, |word, kind| {
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::ids::IssueOptions;
    use crate::operation::Operation;
    use crate::semantics::apply;

    #[test]
    fn different_item_counts_have_different_fingerprints() {
        let most = u32::try_from(ITEMS).unwrap_or_default();
        let scope = Scope { users: 1, items: most, statuses: true, ..Scope::EMPTY };
        let user = User(0);
        let mut fingerprints = HashMap::new();
        for kind in AttachmentKind::blockers().filter(|kind| kind.row().has_status) {
            for (active, inactive) in
                (0..=most).flat_map(|it| (0..=most - it).map(move |to| (it, to)))
            {
                let mut account = Account::default();
                apply(&mut account, &Operation::create_user(user));
                for item in (0..active + inactive).map(Item) {
                    apply(&mut account, &Operation::Issue(user, kind, item, IssueOptions::None));
                }
                for item in (active..active + inactive).map(Item) {
                    let disable = Operation::SetStatus(user, kind, item, Status::Inactive);
                    apply(&mut account, &disable);
                }
                let held = account.attachments().filter(|it| it.kind == kind).count();
                assert_eq!(held, (active + inactive) as usize, "{kind:?}");
                if active + inactive > 0 {
                    let this = (kind, active, inactive);
                    let other = fingerprints.insert(without_names(&scope, &account), this);
                    assert_eq!(other, None, "{this:?}");
                }
            }
        }
        assert_eq!(fingerprints.len() % (ITEMS * (ITEMS + 3) / 2), 0);
        assert!(!fingerprints.is_empty(), "no kind has a status");
    }
}
