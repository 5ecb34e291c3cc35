//! A set of facts, each packed into one integer, in a sorted list.
//!
//! The fields of a fact, from the highest bits: class, subject, kind, rest. Facts that belong
//! together are adjacent, so that every query is a range. A `Vec` of integers is smaller and faster
//! to clone, compare and hash than a `BTreeSet`, and the exhaustive check holds millions of states.

use ahash::RandomState;

use crate::ids::User;

/// The number of bits of a user, a resource or an item.
const BITS: u32 = 24;

/// The highest number. It and all numbers above it stand for nothing: no such fact is ever added.
pub(crate) const NOBODY: u32 = (1 << BITS) - 1;

/// The classes of facts, in list order.
pub(crate) const USER: u64 = 0;
pub(crate) const RESOURCE: u64 = 1;
pub(crate) const ATTACHMENT: u64 = 2;
pub(crate) const PATH: u64 = 3;
pub(crate) const BOUNDARY: u64 = 4;
pub(crate) const SUB_RESOURCE: u64 = 5;
pub(crate) const LAST_VERSION: u64 = 6;
pub(crate) const QUOTA: u64 = 7;
pub(crate) const USERS_QUOTA: u64 = 8;

/// The size of the range of facts about one kind, one user or resource, and one class.
pub(crate) const OF_KIND: u64 = 1 << 32;
pub(crate) const OF_SUBJECT: u64 = 1 << 36;
pub(crate) const OF_CLASS: u64 = 1 << 60;

pub(crate) const fn pack(class: u64, subject: u32, kind: u64, rest: u64) -> u64 {
    class << 60 | bounded(subject) << 36 | kind << 32 | rest
}

pub(crate) const fn bounded(number: u32) -> u64 {
    if number < NOBODY { number as u64 } else { NOBODY as u64 }
}

/// The user or resource that a fact is about.
pub(crate) const fn subject(fact: u64) -> u32 {
    (fact >> 36) as u32 & NOBODY
}

/// The kind that a fact is about, as an index into its table.
pub(crate) const fn kind(fact: u64) -> usize {
    (fact >> 32) as usize & 15
}

/// A hasher with fixed seeds: a search visits the same states in the same order in every run.
pub(crate) const fn hasher() -> RandomState {
    RandomState::with_seeds(1, 2, 3, 4)
}

/// The sorted list of facts.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FactSet(Vec<u64>);

impl FactSet {
    pub(crate) fn between(&self, from: u64, to: u64) -> &[u64] {
        let start = self.0.partition_point(|fact| *fact < from);
        let rest = self.0.get(start..).unwrap_or_default();
        rest.get(..rest.partition_point(|fact| *fact < to)).unwrap_or_default()
    }

    pub(crate) fn contains(&self, fact: u64) -> bool {
        self.0.binary_search(&fact).is_ok()
    }

    pub(crate) fn insert(&mut self, fact: u64) {
        if let Err(index) = self.0.binary_search(&fact) {
            self.0.insert(index, fact);
        }
    }

    /// Every set with one fact less.
    #[cfg(feature = "check")]
    pub(crate) fn without_each(&self) -> impl Iterator<Item = Self> + use<'_> {
        (0..self.0.len()).map(|index| {
            let mut facts = self.0.clone();
            facts.remove(index);
            Self(facts)
        })
    }

    pub(crate) fn remove_between(&mut self, from: u64, to: u64) {
        let start = self.0.partition_point(|fact| *fact < from);
        let end = self.0.partition_point(|fact| *fact < to);
        self.0.drain(start..end.max(start));
    }

    /// Replaces each fact in the range by its image under `change`.
    pub(crate) fn replace(&mut self, from: u64, to: u64, change: impl Fn(u64) -> u64) {
        let changed: Vec<u64> = self.between(from, to).iter().map(|fact| change(*fact)).collect();
        self.remove_between(from, to);
        for fact in changed {
            self.insert(fact);
        }
    }

    /// Moves every fact about one user to another user.
    pub(crate) fn rename_user(&mut self, from: User, to: User) {
        for class in [USER, ATTACHMENT, PATH, BOUNDARY] {
            let first = pack(class, from.0, 0, 0);
            let name = bounded(to.0) << 36;
            let rename = |fact| fact & !(u64::from(NOBODY) << 36) | name;
            self.replace(first, first + OF_SUBJECT, rename);
        }
    }
}
