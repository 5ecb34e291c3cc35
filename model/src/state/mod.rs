//! The state: a sorted list of facts, each packed into one integer, with no limit on users.
//!
//! A set of facts has no second side that could disagree: that a user is in a group stands once.
//!
//! What the effects of calls do to the state. What is out of bounds is never made.
//!
//! The state as findings show it.

pub(crate) mod bits;

use std::fmt;

use crate::ids::{Path, User};
use crate::operation::Operation;
use crate::state::bits::{
    BOUNDARY, HELD, NOBODY, NUMBERED, OBJECT, OF_CLASS, OF_KIND, OF_USER, PATH, PIECE, Packed,
    QUOTA, USER, USERS_QUOTA, bounded, pack,
};
use crate::tables::attachments::{AttachmentKind, Item, Service, Status};
use crate::tables::resources::{Resource, ResourceKind};
use crate::tables::sub_resources::SubResource;

/// What is true of an account: who and what exists, and who holds what.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    pub(crate) facts: Packed,
}

/// One thing that a user holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attachment {
    /// Who holds it.
    pub user: User,
    /// What it is.
    pub kind: AttachmentKind,
    /// Which one.
    pub item: Item,
    /// Whether it may be used.
    pub status: Status,
    /// For which service it was made; the first one where the kind knows no services.
    pub service: Service,
}

/// A part that an object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubResourceEntry {
    /// What it is a part of.
    pub of: Resource,
    /// Of which sort it is.
    pub part: SubResource,
    /// Which one.
    pub item: Item,
    /// Whether it is the version in force.
    pub default: bool,
}

/// AWS's default for users in an account (G-001).
pub const USERS_PER_ACCOUNT: u64 = 5000;

pub(crate) const fn pack_object(object: Resource) -> u64 {
    pack(OBJECT, 0, object.class as u64, bounded(object.item.0))
}

/// The first fact about what `user` holds of `kind`, from `item` on.
pub(crate) const fn pack_held(user: User, kind: AttachmentKind, item: Item) -> u64 {
    pack(HELD, user.0, kind as u64, bounded(item.0) << 4)
}

/// The first fact about the parts of an object, from `item` on. A part names its class.
pub(crate) const fn pack_piece(object: Resource, part: SubResource, item: Item) -> u64 {
    pack(PIECE, object.item.0, part as u64, bounded(item.0) << 4)
}

impl Attachment {
    pub(crate) fn pack(self) -> u64 {
        let status = u64::from(self.status == Status::Inactive) << 3;
        pack_held(self.user, self.kind, self.item) | status | u64::from(self.service.0.min(7))
    }

    #[expect(clippy::cast_possible_truncation, reason = "each field is masked to its width")]
    fn unpack(fact: u64) -> Option<Self> {
        Some(Self {
            user: User(bits::who(fact)),
            kind: AttachmentKind::all().nth(bits::kind(fact))?,
            item: Item((fact >> 4) as u32 & NOBODY),
            status: if fact >> 3 & 1 == 1 { Status::Inactive } else { Status::Active },
            service: Service((fact & 7) as u8),
        })
    }
}

impl SubResourceEntry {
    #[expect(clippy::cast_possible_truncation, reason = "each field is masked to its width")]
    fn unpack(fact: u64) -> Option<Self> {
        let part = SubResource::all().nth(bits::kind(fact))?;
        Some(Self {
            of: Resource { class: part.row().of, item: Item(bits::who(fact)) },
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
    pub fn has(&self, object: Resource) -> bool {
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
    pub fn is_boundary(&self, policy: Resource) -> bool {
        self.bounded_by(policy).next().is_some()
    }

    /// The users of whom the policy is the permissions boundary.
    pub fn bounded_by(&self, policy: Resource) -> impl Iterator<Item = User> + use<'_> {
        let of_users = self.facts.between(BOUNDARY * OF_CLASS, PIECE * OF_CLASS);
        let bounds = move |fact: &&u64| {
            policy.class == ResourceKind::Policy && policy_of(**fact) == policy.item
        };
        of_users.iter().filter(bounds).map(|fact| User(bits::who(*fact)))
    }

    /// What is held, if the user holds this very item.
    #[must_use]
    pub fn held(&self, user: User, kind: AttachmentKind, item: Item) -> Option<Attachment> {
        let from = pack_held(user, kind, item);
        self.range(from, from + 16).next()
    }

    /// What the user holds of the kind, by item.
    pub fn held_of(
        &self,
        user: User,
        kind: AttachmentKind,
    ) -> impl Iterator<Item = Attachment> + use<'_> {
        let from = pack_held(user, kind, Item(0));
        self.range(from, from + OF_KIND)
    }

    /// Everything the user holds, in table order.
    pub fn held_by(&self, user: User) -> impl Iterator<Item = Attachment> + use<'_> {
        let from = pack(HELD, user.0, 0, 0);
        self.range(from, from + OF_USER)
    }

    /// Everything that anybody holds.
    pub fn holdings(&self) -> impl Iterator<Item = Attachment> + use<'_> {
        self.range(HELD * OF_CLASS, (HELD + 1) * OF_CLASS)
    }

    /// Who holds this item.
    pub fn holders(
        &self,
        kind: AttachmentKind,
        item: Item,
    ) -> impl Iterator<Item = User> + use<'_> {
        self.holdings().filter(move |it| it.kind == kind && it.item == item).map(|it| it.user)
    }

    /// Whether a user holds the object, or a group has it.
    #[must_use]
    pub fn is_used(&self, object: Resource) -> bool {
        let held =
            |it: Attachment| it.kind.row().refers == Some(object.class) && it.item == object.item;
        self.holdings().any(held) || self.owners(object).next().is_some()
    }

    /// The parts of this sort that the object has, by item.
    pub fn parts(
        &self,
        object: Resource,
        part: SubResource,
    ) -> impl Iterator<Item = SubResourceEntry> + use<'_> {
        let from = pack_piece(object, part, Item(0));
        let of_class = object.class == part.row().of;
        self.pieces_between(from, from + if of_class { OF_KIND } else { 0 })
    }

    /// The parts of all objects.
    pub fn pieces(&self) -> impl Iterator<Item = SubResourceEntry> + use<'_> {
        self.pieces_between(PIECE * OF_CLASS, (PIECE + 1) * OF_CLASS)
    }

    /// The groups to which the object is attached.
    pub fn owners(&self, object: Resource) -> impl Iterator<Item = Resource> + use<'_> {
        let refers = move |it: &SubResourceEntry| it.part.row().refers == Some(object.class);
        self.pieces().filter(refers).filter(move |it| it.item == object.item).map(|it| it.of)
    }

    /// The number of the next version of the policy: those that were deleted are not used again
    /// (C-061).
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "made of fewer bits")]
    pub fn next_version(&self, policy: Resource) -> Item {
        let from = pack(NUMBERED, policy.item.0, 0, 0);
        let last = self.facts.between(from, from + OF_USER).first();
        Item(last.map_or(2, |fact| *fact as u32 + 1))
    }

    /// Every user.
    pub fn users(&self) -> impl Iterator<Item = User> + use<'_> {
        let users = self.facts.between(USER * OF_CLASS, OBJECT * OF_CLASS);
        users.iter().map(|fact| User(bits::who(*fact)))
    }

    /// Every group, policy and device.
    #[expect(clippy::cast_possible_truncation, reason = "items have fewer bits")]
    pub fn objects(&self) -> impl Iterator<Item = Resource> + use<'_> {
        self.facts.between(OBJECT * OF_CLASS, HELD * OF_CLASS).iter().filter_map(|fact| {
            let class = ResourceKind::all().nth(bits::kind(*fact))?;
            Some(Resource { class, item: Item(*fact as u32) })
        })
    }

    /// How much of the kind a user may hold.
    #[must_use]
    pub fn quota(&self, kind: AttachmentKind) -> u64 {
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

    fn range(&self, from: u64, to: u64) -> impl Iterator<Item = Attachment> + use<'_> {
        self.facts.between(from, to).iter().filter_map(|fact| Attachment::unpack(*fact))
    }

    fn pieces_between(
        &self,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = SubResourceEntry> + use<'_> {
        self.facts.between(from, to).iter().filter_map(|fact| SubResourceEntry::unpack(*fact))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "items have fewer bits")]
const fn policy_of(boundary: u64) -> Item {
    Item(boundary as u32)
}

impl Account {
    /// An account whose quotas are these instead of AWS's defaults: of users, and of each kind. The
    /// last one counts where a kind has several.
    #[must_use]
    pub fn with_quotas(users: Option<u32>, kinds: &[(AttachmentKind, u32)]) -> Self {
        let mut account = Self::default();
        if let Some(users) = users {
            account.facts.insert(pack(USERS_QUOTA, 0, 0, u64::from(users)));
        }
        for (kind, max) in kinds {
            let from = pack(QUOTA, 0, *kind as u64, 0);
            account.facts.remove_between(from, from + OF_KIND);
            account.facts.insert(pack(QUOTA, 0, *kind as u64, u64::from(*max)));
        }
        account
    }

    pub(crate) fn add_user(&mut self, user: User) {
        if user.0 < NOBODY {
            self.facts.insert(pack(USER, user.0, 0, 0));
        }
    }

    /// Whatever is true of the user goes with it.
    pub(crate) fn remove_user(&mut self, user: User) {
        for class in [USER, HELD, PATH, BOUNDARY] {
            let from = pack(class, user.0, 0, 0);
            self.facts.remove_between(from, from + OF_USER);
        }
    }

    /// The user goes, and what it held stays, as no conforming endpoint has it.
    pub(crate) fn forget_user(&mut self, user: User) {
        for class in [USER, PATH, BOUNDARY] {
            let from = pack(class, user.0, 0, 0);
            self.facts.remove_between(from, from + OF_USER);
        }
    }

    /// Whatever is true of the user is true under the other name (C-032, C-033); who had that name
    /// before is gone.
    pub(crate) fn rename_user(&mut self, user: User, name: User) {
        if self.has_user(user) && name.0 < NOBODY && name != user {
            self.remove_user(name);
            self.facts.rename_user(user, name);
        }
    }

    /// Who is not there has no path; the root needs no fact.
    pub(crate) fn set_path(&mut self, user: User, path: Path) {
        let from = pack(PATH, user.0, 0, 0);
        self.facts.remove_between(from, from + OF_USER);
        if self.has_user(user) && path != Path::default() {
            self.facts.insert(from | u64::from(path.0));
        }
    }

    /// Who is not there has no boundary.
    pub(crate) fn set_boundary(&mut self, user: User, policy: Option<Item>) {
        let from = pack(BOUNDARY, user.0, 0, 0);
        self.facts.remove_between(from, from + OF_USER);
        let policy = policy.filter(|it| self.has_user(user) && it.0 < NOBODY);
        if let Some(policy) = policy {
            self.facts.insert(from | bounded(policy.0));
        }
    }

    /// A policy begins with its first version in force (C-020).
    pub(crate) fn add(&mut self, object: Resource) {
        if object.item.0 < NOBODY && !self.has(object) {
            self.facts.insert(pack_object(object));
            if object.class == ResourceKind::Policy {
                self.add_piece(object, SubResource::Version, Item(1));
                self.set_default(object, Item(1));
            }
        }
    }

    /// An object takes its parts along.
    pub(crate) fn remove(&mut self, object: Resource) {
        self.facts.remove_between(pack_object(object), pack_object(object) + 1);
        let parts: Vec<SubResourceEntry> = self.pieces().filter(|it| it.of == object).collect();
        for it in parts {
            self.remove_piece(object, it.part, it.item);
        }
        self.facts.remove_between(numbered(object), numbered(object) + numbers_of(object));
    }

    /// Whatever is true of the object, and refers to it, does so under the other name.
    pub(crate) fn rename(&mut self, object: Resource, name: Item) {
        let renamed = Resource { item: name, ..object };
        if !self.has(object) || object == renamed || name.0 >= NOBODY {
            return;
        }
        self.remove(renamed);
        let refers = |it: &Attachment| it.kind.row().refers == Some(object.class);
        let held: Vec<Attachment> = self.holdings().filter(refers).collect();
        for it in &held {
            self.drop_item(it.user, it.kind, it.item);
        }
        for it in held.into_iter().filter(|it| it.item != name) {
            let item = if it.item == object.item { name } else { it.item };
            self.hold(Attachment { item, ..it });
        }
        let parts: Vec<SubResourceEntry> = self.pieces().filter(|it| it.of == object).collect();
        self.remove(object);
        self.facts.insert(pack_object(renamed));
        for it in parts {
            self.add_piece(renamed, it.part, it.item);
        }
    }

    /// Puts what is held in place of what was held of the same item.
    pub(crate) fn hold(&mut self, held: Attachment) {
        self.drop_item(held.user, held.kind, held.item);
        if held.user.0 < NOBODY && held.item.0 < NOBODY {
            self.facts.insert(held.pack());
        }
    }

    pub(crate) fn drop_item(&mut self, user: User, kind: AttachmentKind, item: Item) {
        let from = pack_held(user, kind, item);
        self.facts.remove_between(from, from + 16);
    }

    /// What is not there has no parts. A version is numbered by the service.
    pub(crate) fn add_piece(&mut self, object: Resource, part: SubResource, item: Item) {
        let there = self.parts(object, part).any(|it| it.item == item);
        if !self.has(object) || item.0 >= NOBODY || there {
            return;
        }
        self.facts.insert(pack_piece(object, part, item));
        if part == SubResource::Version && item.0 > 1 {
            let from = numbered(object);
            self.facts.remove_between(from, from + OF_USER);
            self.facts.insert(from | bounded(item.0));
        }
    }

    pub(crate) fn remove_piece(&mut self, object: Resource, part: SubResource, item: Item) {
        let from = pack_piece(object, part, item);
        self.facts.remove_between(from, from + 16);
    }

    /// Puts a version in force, and no other.
    pub(crate) fn set_default(&mut self, policy: Resource, version: Item) {
        let from = pack_piece(policy, SubResource::Version, Item(0));
        let chosen = pack_piece(policy, SubResource::Version, version);
        if self.parts(policy, SubResource::Version).any(|it| it.item == version) {
            self.facts
                .replace(from, from + OF_KIND, |fact| (fact & !1) | u64::from(fact & !1 == chosen));
        }
    }
}

/// Where the number of the last version of a policy is kept.
const fn numbered(policy: Resource) -> u64 {
    pack(NUMBERED, policy.item.0, 0, 0)
}

/// Only policies have versions.
fn numbers_of(object: Resource) -> u64 {
    if object.class == ResourceKind::Policy { OF_USER } else { 0 }
}

/// `u0 {key#0, g0} u1 {}, g0`: what a finding shows as the state.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for user in self.users() {
            let path = Some(self.path(user)).filter(|path| *path != Path::default());
            let words = self.held_by(user).map(|held| held.to_string());
            let words = words.chain(path.map(|path| path.to_string()));
            let boundary = self.boundary(user).map(|policy| format!("within p{}", policy.0));
            let words: Vec<String> = words.chain(boundary).collect();
            write!(f, "{separator}u{} {{{}}}", user.0, words.join(", "))?;
            separator = " ";
        }
        for object in self.objects() {
            write!(f, "{separator}{object}")?;
            // The one version that every policy begins with goes without saying.
            let first = |it: &SubResourceEntry| it.default && it.item == Item(1);
            let parts = self.pieces().filter(|it| it.of == object && !first(it));
            let parts: Vec<String> = parts.map(|it| it.to_string()).collect();
            if !parts.is_empty() {
                write!(f, " {{{}}}", parts.join(", "))?;
            }
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
impl fmt::Display for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind.symbol(self.item))?;
        if self.status == Status::Inactive { f.write_str(" Inactive") } else { Ok(()) }
    }
}

/// `i0`, `p0`, `v2 default`.
impl fmt::Display for SubResourceEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.part.symbol(self.item))?;
        if self.default { f.write_str(" default") } else { Ok(()) }
    }
}
