//! Facts packed into integers, sorted: a class, who, of which kind, and the rest. What belongs
//! together stands together, so that every question is a range.

use crate::ids::User;

/// The bits of a user, an object or an item. The last number is nobody's and nothing's: it, and what
/// is beyond, is never made.
const BITS: u32 = 24;
pub(crate) const NOBODY: u32 = (1 << BITS) - 1;

/// The classes of facts, in the order in which they are kept.
pub(crate) const USER: u64 = 0;
pub(crate) const OBJECT: u64 = 1;
pub(crate) const HELD: u64 = 2;
pub(crate) const PATH: u64 = 3;
pub(crate) const BOUNDARY: u64 = 4;
pub(crate) const PIECE: u64 = 5;
pub(crate) const NUMBERED: u64 = 6;
pub(crate) const QUOTA: u64 = 7;
pub(crate) const USERS_QUOTA: u64 = 8;

/// How far facts about one kind, one user or object, and one class reach.
pub(crate) const OF_KIND: u64 = 1 << 32;
pub(crate) const OF_USER: u64 = 1 << 36;
pub(crate) const OF_CLASS: u64 = 1 << 60;

pub(crate) const fn pack(class: u64, who: u32, kind: u64, rest: u64) -> u64 {
    class << 60 | bounded(who) << 36 | kind << 32 | rest
}

pub(crate) const fn bounded(number: u32) -> u64 {
    if number < NOBODY { number as u64 } else { NOBODY as u64 }
}

/// The user or object that a fact is about.
pub(crate) const fn who(fact: u64) -> u32 {
    (fact >> 36) as u32 & NOBODY
}

/// The kind, class or part that a fact is about, by its place in the table.
pub(crate) const fn kind(fact: u64) -> usize {
    (fact >> 32) as usize & 15
}

/// The sorted list.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Packed(Vec<u64>);

impl Packed {
    pub(crate) fn between(&self, from: u64, to: u64) -> &[u64] {
        let start = self.0.partition_point(|fact| *fact < from);
        let rest = self.0.get(start..).unwrap_or_default();
        rest.get(..rest.partition_point(|fact| *fact < to)).unwrap_or_default()
    }

    pub(crate) fn contains(&self, fact: u64) -> bool {
        self.0.binary_search(&fact).is_ok()
    }

    pub(crate) fn insert(&mut self, fact: u64) {
        if let Err(place) = self.0.binary_search(&fact) {
            self.0.insert(place, fact);
        }
    }

    /// Each time without one of the facts.
    pub(crate) fn with_one_less(&self) -> impl Iterator<Item = Self> + use<'_> {
        (0..self.0.len()).map(|place| {
            let mut facts = self.0.clone();
            facts.remove(place);
            Self(facts)
        })
    }

    pub(crate) fn remove_between(&mut self, from: u64, to: u64) {
        let start = self.0.partition_point(|fact| *fact < from);
        let end = self.0.partition_point(|fact| *fact < to);
        self.0.drain(start..end.max(start));
    }

    /// Puts what `to` makes of them in place of the facts in a range.
    pub(crate) fn replace(&mut self, from: u64, until: u64, to: impl Fn(u64) -> u64) {
        let moved: Vec<u64> = self.between(from, until).iter().map(|fact| to(*fact)).collect();
        self.remove_between(from, until);
        for fact in moved {
            self.insert(fact);
        }
    }

    /// Everything that is true of a user is true of this one instead.
    pub(crate) fn rename_user(&mut self, from: User, to: User) {
        for class in [USER, HELD, PATH, BOUNDARY] {
            let first = pack(class, from.0, 0, 0);
            let name = bounded(to.0) << 36;
            self.replace(first, first + OF_USER, |fact| fact & !(u64::from(NOBODY) << 36) | name);
        }
    }
}
