//! The state: a sorted list of facts, each packed into one integer, with no limit on users.
//!
//! A set of facts has no second side that could disagree: that a user is in a group stands once.

use std::fmt;

use crate::kind::{Item, Kind, Service, Status};
use crate::object::{Class, Object};
use crate::operation::{Operation, User};

/// What is true of an account: who and what exists, and who holds what.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    facts: Vec<u64>,
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

/// The bits of a user or an item in a fact. The last number is nobody's and nothing's: it, and what
/// is beyond, is never made.
const BITS: u32 = 24;
const NOBODY: u32 = (1 << BITS) - 1;

const USER: u64 = 0;
const OBJECT: u64 = 1;
const HELD: u64 = 2;
const QUOTA: u64 = 3;
const USERS_QUOTA: u64 = 4;

/// AWS's default for users in an account (G-001).
pub const USERS_PER_ACCOUNT: u64 = 5000;

const fn pack(class: u64, user: u32, kind: u64, rest: u64) -> u64 {
    class << 60 | bounded(user) << 36 | kind << 32 | rest
}

const fn bounded(number: u32) -> u64 {
    if number < NOBODY { number as u64 } else { NOBODY as u64 }
}

const fn pack_object(object: Object) -> u64 {
    pack(OBJECT, 0, object.class as u64, bounded(object.item.0))
}

/// The first fact about what `user` holds of `kind`, from `item` on.
const fn pack_held(user: User, kind: Kind, item: Item) -> u64 {
    pack(HELD, user.0, kind as u64, bounded(item.0) << 4)
}

impl Held {
    fn pack(self) -> u64 {
        let status = u64::from(self.status == Status::Inactive) << 3;
        pack_held(self.user, self.kind, self.item) | status | u64::from(self.service.0.min(7))
    }

    #[expect(clippy::cast_possible_truncation, reason = "each field is masked to its width")]
    fn unpack(fact: u64) -> Option<Self> {
        Some(Self {
            user: User((fact >> 36) as u32 & NOBODY),
            kind: Kind::all().nth((fact >> 32) as usize & 15)?,
            item: Item((fact >> 4) as u32 & NOBODY),
            status: if fact >> 3 & 1 == 1 { Status::Inactive } else { Status::Active },
            service: Service((fact & 7) as u8),
        })
    }
}

impl Account {
    /// An account whose quotas are these instead of AWS's defaults: of users, and of each kind. The
    /// last one counts where a kind has several.
    #[must_use]
    pub fn with_quotas(users: Option<u32>, kinds: &[(Kind, u32)]) -> Self {
        let mut account = Self::default();
        if let Some(users) = users {
            account.insert(pack(USERS_QUOTA, 0, 0, u64::from(users)));
        }
        for (kind, max) in kinds {
            let from = pack(QUOTA, 0, *kind as u64, 0);
            account.remove_between(from, from + (1 << 32));
            account.insert(pack(QUOTA, 0, *kind as u64, u64::from(*max)));
        }
        account
    }

    /// Whether the user exists.
    #[must_use]
    pub fn has_user(&self, user: User) -> bool {
        self.contains(pack(USER, user.0, 0, 0))
    }

    /// Whether the object exists.
    #[must_use]
    pub fn has(&self, object: Object) -> bool {
        self.contains(pack_object(object))
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
        self.range(from, from + (1 << 32))
    }

    /// Everything the user holds, in table order.
    pub fn held_by(&self, user: User) -> impl Iterator<Item = Held> + use<'_> {
        let from = pack(HELD, user.0, 0, 0);
        self.range(from, from + (1 << 36))
    }

    /// Everything that anybody holds.
    pub fn holdings(&self) -> impl Iterator<Item = Held> + use<'_> {
        self.range(pack(HELD, 0, 0, 0), pack(QUOTA, 0, 0, 0))
    }

    /// Who holds this item.
    pub fn holders(&self, kind: Kind, item: Item) -> impl Iterator<Item = User> + use<'_> {
        self.holdings().filter(move |it| it.kind == kind && it.item == item).map(|it| it.user)
    }

    /// Whether a user holds the object.
    #[must_use]
    pub fn is_used(&self, object: Object) -> bool {
        self.holdings()
            .any(|it| it.kind.row().refers == Some(object.class) && it.item == object.item)
    }

    /// Every user.
    pub fn users(&self) -> impl Iterator<Item = User> + use<'_> {
        self.facts_between(USER, OBJECT).map(|fact| User((fact >> 36) as u32 & NOBODY))
    }

    /// Every group, policy and device.
    #[expect(clippy::cast_possible_truncation, reason = "items have fewer bits")]
    pub fn objects(&self) -> impl Iterator<Item = Object> + use<'_> {
        self.facts_between(OBJECT, HELD).filter_map(|fact| {
            let class = Class::all().nth((fact >> 32) as usize & 15)?;
            Some(Object { class, item: Item(fact as u32) })
        })
    }

    /// How much of the kind a user may hold.
    #[must_use]
    pub fn quota(&self, kind: Kind) -> u64 {
        let from = pack(QUOTA, 0, kind as u64, 0);
        let changed = self.between(from, from + (1 << 32)).first();
        changed.map_or(kind.row().quota.max, |fact| fact & 0xffff_ffff)
    }

    /// How many users the account may hold.
    #[must_use]
    pub fn users_quota(&self) -> u64 {
        let changed = self.between(pack(USERS_QUOTA, 0, 0, 0), u64::MAX).first();
        changed.map_or(USERS_PER_ACCOUNT, |fact| fact & 0xffff_ffff)
    }

    /// Whether one more user would be too many.
    pub(crate) fn is_full(&self, op: &Operation) -> bool {
        let users = self.between(0, OBJECT << 60).len() as u64;
        matches!(op, Operation::CreateUser(_)) && users >= self.users_quota()
    }

    /// Whether nothing exists. Quotas do not count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.between(0, QUOTA << 60).is_empty()
    }

    pub(crate) fn add_user(&mut self, user: User) {
        if user.0 < NOBODY {
            self.insert(pack(USER, user.0, 0, 0));
        }
    }

    pub(crate) fn remove_user(&mut self, user: User) {
        self.remove_between(pack(USER, user.0, 0, 0), pack(USER, user.0, 0, 0) + 1);
        self.remove_between(pack(HELD, user.0, 0, 0), pack(HELD, user.0, 0, 0) + (1 << 36));
    }

    pub(crate) fn add(&mut self, object: Object) {
        if object.item.0 < NOBODY {
            self.insert(pack_object(object));
        }
    }

    pub(crate) fn remove(&mut self, object: Object) {
        self.remove_between(pack_object(object), pack_object(object) + 1);
    }

    /// Puts what is held in place of what was held of the same item.
    pub(crate) fn hold(&mut self, held: Held) {
        self.drop_item(held.user, held.kind, held.item);
        if held.user.0 < NOBODY && held.item.0 < NOBODY {
            self.insert(held.pack());
        }
    }

    pub(crate) fn drop_item(&mut self, user: User, kind: Kind, item: Item) {
        let from = pack_held(user, kind, item);
        self.remove_between(from, from + 16);
    }

    fn range(&self, from: u64, to: u64) -> impl Iterator<Item = Held> + use<'_> {
        self.between(from, to).iter().filter_map(|fact| Held::unpack(*fact))
    }

    fn facts_between(&self, from: u64, to: u64) -> impl Iterator<Item = u64> + use<'_> {
        self.between(from << 60, to << 60).iter().copied()
    }

    fn between(&self, from: u64, to: u64) -> &[u64] {
        let start = self.facts.partition_point(|fact| *fact < from);
        let rest = self.facts.get(start..).unwrap_or_default();
        rest.get(..rest.partition_point(|fact| *fact < to)).unwrap_or_default()
    }

    fn contains(&self, fact: u64) -> bool {
        self.facts.binary_search(&fact).is_ok()
    }

    fn insert(&mut self, fact: u64) {
        if let Err(place) = self.facts.binary_search(&fact) {
            self.facts.insert(place, fact);
        }
    }

    fn remove_between(&mut self, from: u64, to: u64) {
        let start = self.facts.partition_point(|fact| *fact < from);
        let end = self.facts.partition_point(|fact| *fact < to);
        self.facts.drain(start..end.max(start));
    }
}

/// `u0 {key#0, g0} u1 {}, g0`: what a finding shows as the state.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for user in self.users() {
            write!(f, "{separator}u{} {{", user.0)?;
            for (index, held) in self.held_by(user).enumerate() {
                write!(f, "{}{held}", if index == 0 { "" } else { ", " })?;
            }
            f.write_str("}")?;
            separator = " ";
        }
        for object in self.objects() {
            write!(f, "{separator}{}{}", object.class.row().symbol, object.item.0)?;
            separator = " ";
        }
        if separator.is_empty() { f.write_str("nothing exists") } else { Ok(()) }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `key#0`, `g0`, `login-profile`; inactive ones say so.
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind.symbol(self.item))?;
        if self.status == Status::Inactive { f.write_str(" Inactive") } else { Ok(()) }
    }
}
