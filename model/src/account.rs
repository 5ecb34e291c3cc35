//! The state: a sorted list of facts, each packed into one integer, with no limit on users.
//!
//! A set of facts has no second side that could disagree: that a user is in a group stands once.

use crate::kind::{Item, Kind, Service, Status};
use crate::object::{Class, Object, Part};
use crate::operation::{Operation, Path, User};
use crate::packed::{
    self, BOUNDARY, HELD, NOBODY, NUMBERED, OBJECT, OF_CLASS, OF_KIND, OF_USER, PATH, PIECE,
    Packed, QUOTA, USER, USERS_QUOTA, bounded, pack,
};

/// What is true of an account: who and what exists, and who holds what.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    pub(crate) facts: Packed,
}

/// One thing that a user holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Held {
    /// Who holds it.
    pub user: User,
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub item: Item,
    /// Whether it may be used.
    pub status: Status,
    /// For which service it was made; the first one where the kind knows no services.
    pub service: Service,
}

/// A part that an object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Piece {
    /// What it is a part of.
    pub of: Object,
    /// Of which sort it is.
    pub part: Part,
    /// Which one.
    pub item: Item,
    /// Whether it is the version in force.
    pub default: bool,
}

/// AWS's default for users in an account (G-001).
pub const USERS_PER_ACCOUNT: u64 = 5000;

pub(crate) const fn pack_object(object: Object) -> u64 {
    pack(OBJECT, 0, object.class as u64, bounded(object.item.0))
}

/// The first fact about what `user` holds of `kind`, from `item` on.
pub(crate) const fn pack_held(user: User, kind: Kind, item: Item) -> u64 {
    pack(HELD, user.0, kind as u64, bounded(item.0) << 4)
}

/// The first fact about the parts of an object, from `item` on. A part names its class.
pub(crate) const fn pack_piece(object: Object, part: Part, item: Item) -> u64 {
    pack(PIECE, object.item.0, part as u64, bounded(item.0) << 4)
}

impl Held {
    pub(crate) fn pack(self) -> u64 {
        let status = u64::from(self.status == Status::Inactive) << 3;
        pack_held(self.user, self.kind, self.item) | status | u64::from(self.service.0.min(7))
    }

    #[expect(clippy::cast_possible_truncation, reason = "each field is masked to its width")]
    fn unpack(fact: u64) -> Option<Self> {
        Some(Self {
            user: User(packed::who(fact)),
            kind: Kind::all().nth(packed::kind(fact))?,
            item: Item((fact >> 4) as u32 & NOBODY),
            status: if fact >> 3 & 1 == 1 { Status::Inactive } else { Status::Active },
            service: Service((fact & 7) as u8),
        })
    }
}

impl Piece {
    #[expect(clippy::cast_possible_truncation, reason = "each field is masked to its width")]
    fn unpack(fact: u64) -> Option<Self> {
        let part = Part::all().nth(packed::kind(fact))?;
        Some(Self {
            of: Object { class: part.row().of, item: Item(packed::who(fact)) },
            part,
            item: Item((fact >> 4) as u32 & NOBODY),
            default: fact & 1 == 1,
        })
    }
}

/// Questions.
impl Account {
    /// Whether the user exists.
    #[must_use]
    pub fn has_user(&self, user: User) -> bool {
        self.facts.contains(pack(USER, user.0, 0, 0))
    }

    /// Whether the object exists.
    #[must_use]
    pub fn has(&self, object: Object) -> bool {
        self.facts.contains(pack_object(object))
    }

    /// The path of the user.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "made of eight bits")]
    pub fn path(&self, user: User) -> Path {
        let from = pack(PATH, user.0, 0, 0);
        let path = self.facts.between(from, from + OF_USER).first();
        path.map_or(Path::default(), |fact| Path(*fact as u8))
    }

    /// The policy that is the user's permissions boundary.
    #[must_use]
    pub fn boundary(&self, user: User) -> Option<Item> {
        let from = pack(BOUNDARY, user.0, 0, 0);
        self.facts.between(from, from + OF_USER).first().map(|fact| policy_of(*fact))
    }

    /// Whether the policy is the permissions boundary of a user.
    #[must_use]
    pub fn is_boundary(&self, policy: Object) -> bool {
        self.bounded_by(policy).next().is_some()
    }

    /// The users of whom the policy is the permissions boundary.
    pub fn bounded_by(&self, policy: Object) -> impl Iterator<Item = User> + use<'_> {
        let of_users = self.facts.between(BOUNDARY * OF_CLASS, PIECE * OF_CLASS);
        let bounds =
            move |fact: &&u64| policy.class == Class::Policy && policy_of(**fact) == policy.item;
        of_users.iter().filter(bounds).map(|fact| User(packed::who(*fact)))
    }

    /// What is held, if the user holds this very item.
    #[must_use]
    pub fn held(&self, user: User, kind: Kind, item: Item) -> Option<Held> {
        let from = pack_held(user, kind, item);
        self.range(from, from + 16).next()
    }

    /// What the user holds of the kind, by item.
    pub fn held_of(&self, user: User, kind: Kind) -> impl Iterator<Item = Held> + use<'_> {
        let from = pack_held(user, kind, Item(0));
        self.range(from, from + OF_KIND)
    }

    /// Everything the user holds, in table order.
    pub fn held_by(&self, user: User) -> impl Iterator<Item = Held> + use<'_> {
        let from = pack(HELD, user.0, 0, 0);
        self.range(from, from + OF_USER)
    }

    /// Everything that anybody holds.
    pub fn holdings(&self) -> impl Iterator<Item = Held> + use<'_> {
        self.range(HELD * OF_CLASS, (HELD + 1) * OF_CLASS)
    }

    /// Who holds this item.
    pub fn holders(&self, kind: Kind, item: Item) -> impl Iterator<Item = User> + use<'_> {
        self.holdings().filter(move |it| it.kind == kind && it.item == item).map(|it| it.user)
    }

    /// Whether a user holds the object, or a group has it.
    #[must_use]
    pub fn is_used(&self, object: Object) -> bool {
        let held = |it: Held| it.kind.row().refers == Some(object.class) && it.item == object.item;
        self.holdings().any(held) || self.owners(object).next().is_some()
    }

    /// The parts of this sort that the object has, by item.
    pub fn parts(&self, object: Object, part: Part) -> impl Iterator<Item = Piece> + use<'_> {
        let from = pack_piece(object, part, Item(0));
        let of_class = object.class == part.row().of;
        self.pieces_between(from, from + if of_class { OF_KIND } else { 0 })
    }

    /// The parts of all objects.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + use<'_> {
        self.pieces_between(PIECE * OF_CLASS, (PIECE + 1) * OF_CLASS)
    }

    /// The groups to which the object is attached.
    pub fn owners(&self, object: Object) -> impl Iterator<Item = Object> + use<'_> {
        let refers = move |it: &Piece| it.part.row().refers == Some(object.class);
        self.pieces().filter(refers).filter(move |it| it.item == object.item).map(|it| it.of)
    }

    /// The number of the next version of the policy: those that were deleted are not used again
    /// (C-061).
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "made of fewer bits")]
    pub fn next_version(&self, policy: Object) -> Item {
        let from = pack(NUMBERED, policy.item.0, 0, 0);
        let last = self.facts.between(from, from + OF_USER).first();
        Item(last.map_or(2, |fact| *fact as u32 + 1))
    }

    /// Every user.
    pub fn users(&self) -> impl Iterator<Item = User> + use<'_> {
        let users = self.facts.between(USER * OF_CLASS, OBJECT * OF_CLASS);
        users.iter().map(|fact| User(packed::who(*fact)))
    }

    /// Every group, policy and device.
    #[expect(clippy::cast_possible_truncation, reason = "items have fewer bits")]
    pub fn objects(&self) -> impl Iterator<Item = Object> + use<'_> {
        self.facts.between(OBJECT * OF_CLASS, HELD * OF_CLASS).iter().filter_map(|fact| {
            let class = Class::all().nth(packed::kind(*fact))?;
            Some(Object { class, item: Item(*fact as u32) })
        })
    }

    /// How much of the kind a user may hold.
    #[must_use]
    pub fn quota(&self, kind: Kind) -> u64 {
        let from = pack(QUOTA, 0, kind as u64, 0);
        let changed = self.facts.between(from, from + OF_KIND).first();
        changed.map_or(kind.row().quota.max, |fact| fact & 0xffff_ffff)
    }

    /// How many users the account may hold.
    #[must_use]
    pub fn users_quota(&self) -> u64 {
        let changed = self.facts.between(USERS_QUOTA * OF_CLASS, u64::MAX).first();
        changed.map_or(USERS_PER_ACCOUNT, |fact| fact & 0xffff_ffff)
    }

    /// Whether one more user would be too many.
    pub(crate) fn is_full(&self, op: &Operation) -> bool {
        let users = self.facts.between(0, OBJECT * OF_CLASS).len() as u64;
        matches!(op, Operation::CreateUser(..)) && users >= self.users_quota()
    }

    /// Whether nothing exists. Quotas do not count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.between(0, QUOTA * OF_CLASS).is_empty()
    }

    /// Each time without one of the facts.
    pub(crate) fn with_one_less(&self) -> impl Iterator<Item = Self> + use<'_> {
        self.facts.with_one_less().map(|facts| Self { facts })
    }

    fn range(&self, from: u64, to: u64) -> impl Iterator<Item = Held> + use<'_> {
        self.facts.between(from, to).iter().filter_map(|fact| Held::unpack(*fact))
    }

    fn pieces_between(&self, from: u64, to: u64) -> impl Iterator<Item = Piece> + use<'_> {
        self.facts.between(from, to).iter().filter_map(|fact| Piece::unpack(*fact))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "items have fewer bits")]
const fn policy_of(boundary: u64) -> Item {
    Item(boundary as u32)
}
