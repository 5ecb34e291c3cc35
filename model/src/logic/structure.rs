//! One account as a finite structure: the relations of [`crate::logic::formula`] as tuples.

use crate::ids::{Item, Path, Status};
use crate::kind::{AttachmentKind, ResourceKind};
use crate::logic::formula::Relation;
use crate::state::Account;

/// The relations of one account: a sorted set of tuples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Structure {
    tuples: Vec<u64>,
}

/// A tuple: the relation, the first element, and the second one; 0 if the relation has none.
pub type Tuple = (Relation, u32, u32);

const KINDS: usize = AttachmentKind::ALL.len();

const fn relation_index(relation: Relation) -> u64 {
    match relation {
        Relation::User => 0,
        Relation::Default => 1,
        Relation::Numbered => 2,
        Relation::Boundary => 3,
        Relation::Path => 4,
        Relation::Exists(class) => 5 + class as u64,
        Relation::Has(part) => 8 + part as u64,
        Relation::Holds(kind) => 11 + kind as u64,
        Relation::Inactive(kind) => 11 + KINDS as u64 + kind as u64,
    }
}

/// The bits of one element. Symbols have fewer.
const ELEMENT_BITS: u32 = 24;
const ELEMENT: u64 = (1 << ELEMENT_BITS) - 1;

const fn pack((relation, first, second): Tuple) -> u64 {
    relation_index(relation) << (2 * ELEMENT_BITS)
        | (first as u64 & ELEMENT) << ELEMENT_BITS
        | second as u64 & ELEMENT
}

const fn elements_of(tuple: u64) -> (u32, u32) {
    ((tuple >> ELEMENT_BITS & ELEMENT) as u32, (tuple & ELEMENT) as u32)
}

impl Structure {
    /// The structure of an account.
    #[must_use]
    pub fn of(account: &Account) -> Self {
        let mut tuples = Vec::with_capacity(32);
        let mut add = |tuple: Tuple| tuples.push(pack(tuple));
        for user in account.users() {
            add((Relation::User, user.0, 0));
            if account.path(user) != Path::default() {
                add((Relation::Path, user.0, u32::from(account.path(user).0)));
            }
            if let Some(policy) = account.boundary(user) {
                add((Relation::Boundary, user.0, policy.0));
            }
        }
        for held in account.attachments() {
            add((Relation::Holds(held.kind), held.user.0, held.item.0));
            if held.status == Status::Inactive {
                add((Relation::Inactive(held.kind), held.user.0, held.item.0));
            }
        }
        for resource in account.resources() {
            add((Relation::Exists(resource.kind), resource.item.0, 0));
            if resource.kind == ResourceKind::Policy {
                let Item(next) = account.next_version(resource);
                (1..next).for_each(|it| add((Relation::Numbered, resource.item.0, it)));
            }
        }
        for entry in account.all_sub_resources() {
            add((Relation::Has(entry.kind), entry.resource.item.0, entry.item.0));
            if entry.is_default {
                add((Relation::Default, entry.resource.item.0, entry.item.0));
            }
        }
        tuples.sort_unstable();
        Self { tuples }
    }

    /// The structure with these tuples.
    #[must_use]
    pub fn from_tuples(tuples: impl IntoIterator<Item = Tuple>) -> Self {
        let mut tuples: Vec<u64> = tuples.into_iter().map(pack).collect();
        tuples.sort_unstable();
        tuples.dedup();
        Self { tuples }
    }

    /// Returns true if the structure has the tuple.
    #[must_use]
    pub fn has(&self, tuple: Tuple) -> bool {
        self.tuples.binary_search(&pack(tuple)).is_ok()
    }

    /// The number of second elements for which the relation holds with this first element.
    #[must_use]
    pub fn count(&self, relation: Relation, first: u32) -> u32 {
        u32::try_from(self.seconds(relation, first).len()).unwrap_or(u32::MAX)
    }

    /// The second elements for which the relation holds with this first element.
    pub(crate) fn seconds(
        &self,
        relation: Relation,
        first: u32,
    ) -> impl ExactSizeIterator<Item = u32> + use<'_> {
        let of_first = self.between((relation, first, 0), (relation, first, u32::MAX));
        of_first.iter().map(|tuple| elements_of(*tuple).1)
    }

    /// The tuples of a relation.
    pub fn tuples_of(&self, relation: Relation) -> impl Iterator<Item = (u32, u32)> + use<'_> {
        let all = self.between((relation, 0, 0), (relation, u32::MAX, u32::MAX));
        all.iter().map(|tuple| elements_of(*tuple))
    }

    fn between(&self, from: Tuple, to: Tuple) -> &[u64] {
        let (from, to) = (pack(from), pack(to));
        let start = self.tuples.partition_point(|it| *it < from);
        let end = self.tuples.partition_point(|it| *it <= to);
        self.tuples.get(start..end).unwrap_or_default()
    }

    /// Adds a tuple.
    pub fn insert(&mut self, tuple: Tuple) {
        let tuple = pack(tuple);
        if let Err(index) = self.tuples.binary_search(&tuple) {
            self.tuples.insert(index, tuple);
        }
    }

    /// Removes a tuple.
    pub fn remove(&mut self, tuple: Tuple) {
        if let Ok(index) = self.tuples.binary_search(&pack(tuple)) {
            self.tuples.remove(index);
        }
    }

    /// Removes the tuples of the relation with this first element.
    pub fn clear(&mut self, relation: Relation, first: u32) {
        let (from, to) = (pack((relation, first, 0)), pack((relation, first, u32::MAX)));
        let start = self.tuples.partition_point(|it| *it < from);
        let end = self.tuples.partition_point(|it| *it <= to);
        self.tuples.drain(start..end);
    }

    /// Puts a new element in the place of an old one, in all tuples of a relation at one position.
    /// Tuples that have the new element already are removed.
    pub fn rename(&mut self, relation: Relation, position: usize, old: u32, new: u32) {
        if old == new {
            return;
        }
        let renamed: Vec<(u32, u32)> = self.tuples_of(relation).collect();
        for (first, second) in renamed {
            let at = if position == 0 { first } else { second };
            if at == old || at == new {
                self.remove((relation, first, second));
            }
            if at == old {
                let pair = if position == 0 { (new, second) } else { (first, new) };
                self.insert((relation, pair.0, pair.1));
            }
        }
    }
}
