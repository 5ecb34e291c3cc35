//! The state of an account: which users and resources exist, and who holds which attachments.
//!
//! The state is a set of packed facts. Each relation is one fact, so that its two sides cannot
//! disagree, and there is no limit on users. Queries are public; only [`crate::semantics`] changes
//! what exists, and only quotas can be set. A change with a number that is out of range has no
//! effect.

pub(crate) mod bits;

use std::fmt;

use crate::ids::{Item, Path, Service, Status, User};
use crate::kind::{AttachmentKind, Resource, ResourceKind, SubResource};
use crate::state::bits::{
    ATTACHMENT, BOUNDARY, FactSet, LAST_VERSION, NOBODY, OF_CLASS, OF_KIND, OF_SUBJECT, PATH,
    QUOTA, RESOURCE, SUB_RESOURCE, USER, USERS_QUOTA, bounded, pack,
};

/// The state of an account, as a set of facts.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    facts: FactSet,
}

/// An attachment of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attachment {
    /// The user that holds it.
    pub user: User,
    /// The kind.
    pub kind: AttachmentKind,
    /// The symbolic name.
    pub item: Item,
    /// The status; active if the kind has none.
    pub status: Status,
    /// The service of a credential; service 0 for all other kinds.
    pub service: Service,
}

/// A sub-resource of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubResourceEntry {
    /// The resource that it belongs to.
    pub resource: Resource,
    /// The kind.
    pub kind: SubResource,
    /// The symbolic name.
    pub item: Item,
    /// True if it is the default version.
    pub is_default: bool,
}

/// The subject of quotas of sub-resources. Quotas of attachments have subject 0.
const OF_SUB_RESOURCES: u32 = 1;

/// AWS's default quota of users in an account (G-001).
pub const USERS_PER_ACCOUNT: u64 = 5000;

const fn pack_resource(resource: Resource) -> u64 {
    pack(RESOURCE, 0, resource.kind as u64, bounded(resource.item.0))
}

/// The first possible fact about this attachment. The lowest four bits have its status and service.
const fn pack_attachment(user: User, kind: AttachmentKind, item: Item) -> u64 {
    pack(ATTACHMENT, user.0, kind as u64, bounded(item.0) << 4)
}

/// The first possible fact about this sub-resource. Its kind determines the kind of the resource.
const fn pack_sub_resource(resource: Resource, kind: SubResource, item: Item) -> u64 {
    pack(SUB_RESOURCE, resource.item.0, kind as u64, bounded(item.0) << 4)
}

impl Attachment {
    fn pack(self) -> u64 {
        let status = u64::from(self.status == Status::Inactive) << 3;
        pack_attachment(self.user, self.kind, self.item) | status | u64::from(self.service.0.min(7))
    }

    #[expect(clippy::cast_possible_truncation, reason = "each field is masked to its width")]
    fn unpack(fact: u64) -> Option<Self> {
        Some(Self {
            user: User(bits::subject(fact)),
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
            resource: Resource { kind: part.row().resource, item: Item(bits::subject(fact)) },
            kind: part,
            item: Item((fact >> 4) as u32 & NOBODY),
            is_default: fact & 1 == 1,
        })
    }
}

/// Queries.
impl Account {
    /// Returns true if the user exists.
    #[must_use]
    pub fn has_user(&self, user: User) -> bool {
        self.facts.contains(pack(USER, user.0, 0, 0))
    }

    /// Returns true if the resource exists.
    #[must_use]
    pub fn has_resource(&self, resource: Resource) -> bool {
        self.facts.contains(pack_resource(resource))
    }

    /// The path of the user.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a path has eight bits")]
    pub fn path(&self, user: User) -> Path {
        let from = pack(PATH, user.0, 0, 0);
        let path = self.facts.between(from, from + OF_SUBJECT).first();
        path.map_or(Path::default(), |fact| Path(*fact as u8))
    }

    /// The policy that is the user's permissions boundary.
    #[must_use]
    pub fn boundary(&self, user: User) -> Option<Item> {
        let from = pack(BOUNDARY, user.0, 0, 0);
        self.facts.between(from, from + OF_SUBJECT).first().map(|fact| policy_of(*fact))
    }

    /// Returns true if the policy is the permissions boundary of a user.
    #[must_use]
    pub fn is_boundary(&self, policy: Resource) -> bool {
        self.users_bounded_by(policy).next().is_some()
    }

    /// The users whose permissions boundary is the policy.
    pub fn users_bounded_by(&self, policy: Resource) -> impl Iterator<Item = User> + use<'_> {
        let of_users = self.facts.between(BOUNDARY * OF_CLASS, SUB_RESOURCE * OF_CLASS);
        let bounds = move |fact: &&u64| {
            policy.kind == ResourceKind::Policy && policy_of(**fact) == policy.item
        };
        of_users.iter().filter(bounds).map(|fact| User(bits::subject(*fact)))
    }

    /// The attachment, if the user holds this item.
    #[must_use]
    pub fn attachment(&self, user: User, kind: AttachmentKind, item: Item) -> Option<Attachment> {
        let from = pack_attachment(user, kind, item);
        self.attachments_between(from, from + 16).next()
    }

    /// The attachments of one kind of the user, by item.
    pub fn attachments_of_kind(
        &self,
        user: User,
        kind: AttachmentKind,
    ) -> impl Iterator<Item = Attachment> + use<'_> {
        let from = pack_attachment(user, kind, Item(0));
        self.attachments_between(from, from + OF_KIND)
    }

    /// The attachments of the user, in table order.
    pub fn attachments_of(&self, user: User) -> impl Iterator<Item = Attachment> + use<'_> {
        let from = pack(ATTACHMENT, user.0, 0, 0);
        self.attachments_between(from, from + OF_SUBJECT)
    }

    /// The attachments of all users.
    pub fn attachments(&self) -> impl Iterator<Item = Attachment> + use<'_> {
        self.attachments_between(ATTACHMENT * OF_CLASS, (ATTACHMENT + 1) * OF_CLASS)
    }

    /// The users that hold this item.
    pub fn holders(
        &self,
        kind: AttachmentKind,
        item: Item,
    ) -> impl Iterator<Item = User> + use<'_> {
        self.attachments().filter(move |it| it.kind == kind && it.item == item).map(|it| it.user)
    }

    /// Returns true if a user holds the resource or a group has it attached.
    #[must_use]
    pub fn is_in_use(&self, resource: Resource) -> bool {
        let held = |it: Attachment| {
            it.kind.row().refers_to == Some(resource.kind) && it.item == resource.item
        };
        self.attachments().any(held) || self.groups_with(resource).next().is_some()
    }

    /// The sub-resources of one kind of the resource, by item.
    pub fn sub_resources(
        &self,
        resource: Resource,
        kind: SubResource,
    ) -> impl Iterator<Item = SubResourceEntry> + use<'_> {
        let from = pack_sub_resource(resource, kind, Item(0));
        let of_class = resource.kind == kind.row().resource;
        self.entries_between(from, from + if of_class { OF_KIND } else { 0 })
    }

    /// The sub-resources of all resources.
    pub fn all_sub_resources(&self) -> impl Iterator<Item = SubResourceEntry> + use<'_> {
        self.entries_between(SUB_RESOURCE * OF_CLASS, (SUB_RESOURCE + 1) * OF_CLASS)
    }

    /// The groups that have the resource attached.
    pub fn groups_with(&self, resource: Resource) -> impl Iterator<Item = Resource> + use<'_> {
        let refers = move |it: &SubResourceEntry| it.kind.row().refers_to == Some(resource.kind);
        self.all_sub_resources()
            .filter(refers)
            .filter(move |it| it.item == resource.item)
            .map(|it| it.resource)
    }

    /// The number of the next version of the policy. Numbers of deleted versions are not reused
    /// (C-061).
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a version has fewer bits")]
    pub fn next_version(&self, policy: Resource) -> Item {
        let from = pack(LAST_VERSION, policy.item.0, 0, 0);
        let last = self.facts.between(from, from + OF_SUBJECT).first();
        Item(last.map_or(2, |fact| *fact as u32 + 1))
    }

    /// All users.
    pub fn users(&self) -> impl Iterator<Item = User> + use<'_> {
        let users = self.facts.between(USER * OF_CLASS, RESOURCE * OF_CLASS);
        users.iter().map(|fact| User(bits::subject(*fact)))
    }

    /// All groups, policies and devices.
    #[expect(clippy::cast_possible_truncation, reason = "items have fewer bits")]
    pub fn resources(&self) -> impl Iterator<Item = Resource> + use<'_> {
        self.facts.between(RESOURCE * OF_CLASS, ATTACHMENT * OF_CLASS).iter().filter_map(|fact| {
            let class = ResourceKind::all().nth(bits::kind(*fact))?;
            Some(Resource { kind: class, item: Item(*fact as u32) })
        })
    }

    /// The quota of the kind for one user.
    #[must_use]
    pub fn quota(&self, kind: AttachmentKind) -> u64 {
        let from = pack(QUOTA, 0, kind as u64, 0);
        let changed = self.facts.between(from, from + OF_KIND).first();
        changed.map_or(kind.row().quota.max, |fact| fact & 0xffff_ffff)
    }

    /// The quota of sub-resources of the kind for one resource.
    #[must_use]
    pub fn sub_resource_quota(&self, kind: SubResource) -> u64 {
        let from = pack(QUOTA, OF_SUB_RESOURCES, kind as u64, 0);
        let changed = self.facts.between(from, from + OF_KIND).first();
        changed.map_or(kind.row().max, |fact| fact & 0xffff_ffff)
    }

    /// The quota of users.
    #[must_use]
    pub fn users_quota(&self) -> u64 {
        let changed = self.facts.between(USERS_QUOTA * OF_CLASS, u64::MAX).first();
        changed.map_or(USERS_PER_ACCOUNT, |fact| fact & 0xffff_ffff)
    }

    /// The number of users.
    pub(crate) fn user_count(&self) -> u64 {
        self.facts.between(0, RESOURCE * OF_CLASS).len() as u64
    }

    /// Returns true if no user and no resource exists. Quotas do not count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.between(0, QUOTA * OF_CLASS).is_empty()
    }

    /// Every state with one fact less.
    #[cfg(feature = "check")]
    pub(crate) fn without_each(&self) -> impl Iterator<Item = Self> + use<'_> {
        self.facts.without_each().map(|facts| Self { facts })
    }

    fn attachments_between(
        &self,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = Attachment> + use<'_> {
        self.facts.between(from, to).iter().filter_map(|fact| Attachment::unpack(*fact))
    }

    fn entries_between(
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
    /// An empty account with other quotas than AWS's defaults: of users, and of each kind. If a
    /// kind has several, the last one counts.
    #[must_use]
    pub fn with_quotas(users: Option<u32>, kinds: &[(AttachmentKind, u32)]) -> Self {
        let mut account = Self::default();
        if let Some(users) = users {
            account.facts.insert(pack(USERS_QUOTA, 0, 0, u64::from(users)));
        }
        for (kind, max) in kinds {
            account.set_quota(*kind, *max);
        }
        account
    }

    /// Changes the quota of the kind for one user.
    pub fn set_quota(&mut self, kind: AttachmentKind, max: u32) {
        self.replace_quota(pack(QUOTA, 0, kind as u64, 0), max);
    }

    /// Changes the quota of sub-resources of the kind for one resource.
    pub fn set_sub_resource_quota(&mut self, kind: SubResource, max: u32) {
        self.replace_quota(pack(QUOTA, OF_SUB_RESOURCES, kind as u64, 0), max);
    }

    fn replace_quota(&mut self, from: u64, max: u32) {
        self.facts.remove_between(from, from + OF_KIND);
        self.facts.insert(from + u64::from(max));
    }

    pub(crate) fn add_user(&mut self, user: User) {
        if user.0 < NOBODY {
            self.facts.insert(pack(USER, user.0, 0, 0));
        }
    }

    /// Removes the user with everything that belongs to it.
    pub(crate) fn remove_user(&mut self, user: User) {
        for class in [USER, ATTACHMENT, PATH, BOUNDARY] {
            let from = pack(class, user.0, 0, 0);
            self.facts.remove_between(from, from + OF_SUBJECT);
        }
    }

    /// Removes the user and keeps its attachments, which no conforming endpoint does.
    pub(crate) fn remove_user_only(&mut self, user: User) {
        for class in [USER, PATH, BOUNDARY] {
            let from = pack(class, user.0, 0, 0);
            self.facts.remove_between(from, from + OF_SUBJECT);
        }
    }

    /// Gives the user another name; everything that belongs to it stays (C-032, C-033). A user that
    /// had the new name is removed.
    pub(crate) fn rename_user(&mut self, user: User, name: User) {
        if self.has_user(user) && name.0 < NOBODY && name != user {
            self.remove_user(name);
            self.facts.rename_user(user, name);
        }
    }

    /// Does nothing if the user does not exist. The root path has no fact.
    pub(crate) fn set_path(&mut self, user: User, path: Path) {
        let from = pack(PATH, user.0, 0, 0);
        self.facts.remove_between(from, from + OF_SUBJECT);
        if self.has_user(user) && path != Path::default() {
            self.facts.insert(from | u64::from(path.0));
        }
    }

    /// Does nothing if the user does not exist.
    pub(crate) fn set_boundary(&mut self, user: User, policy: Option<Item>) {
        let from = pack(BOUNDARY, user.0, 0, 0);
        self.facts.remove_between(from, from + OF_SUBJECT);
        let policy = policy.filter(|it| self.has_user(user) && it.0 < NOBODY);
        if let Some(policy) = policy {
            self.facts.insert(from | bounded(policy.0));
        }
    }

    /// Adds a resource. A policy starts with version 1, the default version (C-020).
    pub(crate) fn add_resource(&mut self, resource: Resource) {
        if resource.item.0 < NOBODY && !self.has_resource(resource) {
            self.facts.insert(pack_resource(resource));
            if resource.kind == ResourceKind::Policy {
                self.add_entry(resource, SubResource::Version, Item(1));
                self.set_default(resource, Item(1));
            }
        }
    }

    /// Removes a resource with its sub-resources.
    pub(crate) fn remove_resource(&mut self, resource: Resource) {
        self.facts.remove_between(pack_resource(resource), pack_resource(resource) + 1);
        let entries: Vec<SubResourceEntry> =
            self.all_sub_resources().filter(|it| it.resource == resource).collect();
        for it in entries {
            self.remove_entry(resource, it.kind, it.item);
        }
        self.facts.remove_between(
            last_version(resource),
            last_version(resource) + last_version_len(resource),
        );
    }

    /// Gives the resource another name; everything that refers to it follows.
    pub(crate) fn rename_resource(&mut self, resource: Resource, name: Item) {
        let renamed = Resource { item: name, ..resource };
        if !self.has_resource(resource) || resource == renamed || name.0 >= NOBODY {
            return;
        }
        self.remove_resource(renamed);
        let refers = |it: &Attachment| it.kind.row().refers_to == Some(resource.kind);
        let held: Vec<Attachment> = self.attachments().filter(refers).collect();
        for it in &held {
            self.remove_attachment(it.user, it.kind, it.item);
        }
        for it in held.into_iter().filter(|it| it.item != name) {
            let item = if it.item == resource.item { name } else { it.item };
            self.set_attachment(Attachment { item, ..it });
        }
        let entries: Vec<SubResourceEntry> =
            self.all_sub_resources().filter(|it| it.resource == resource).collect();
        self.remove_resource(resource);
        self.facts.insert(pack_resource(renamed));
        for it in entries {
            self.add_entry(renamed, it.kind, it.item);
        }
    }

    /// Adds an attachment, or replaces the one with the same item.
    pub(crate) fn set_attachment(&mut self, held: Attachment) {
        self.remove_attachment(held.user, held.kind, held.item);
        if held.user.0 < NOBODY && held.item.0 < NOBODY {
            self.facts.insert(held.pack());
        }
    }

    pub(crate) fn remove_attachment(&mut self, user: User, kind: AttachmentKind, item: Item) {
        let from = pack_attachment(user, kind, item);
        self.facts.remove_between(from, from + 16);
    }

    /// Adds a sub-resource. Does nothing if the resource does not exist or has it already.
    pub(crate) fn add_entry(&mut self, resource: Resource, kind: SubResource, item: Item) {
        let exists = self.sub_resources(resource, kind).any(|it| it.item == item);
        if !self.has_resource(resource) || item.0 >= NOBODY || exists {
            return;
        }
        self.facts.insert(pack_sub_resource(resource, kind, item));
        if kind == SubResource::Version && item.0 > 1 {
            let from = last_version(resource);
            self.facts.remove_between(from, from + OF_SUBJECT);
            self.facts.insert(from | bounded(item.0));
        }
    }

    pub(crate) fn remove_entry(&mut self, resource: Resource, kind: SubResource, item: Item) {
        let from = pack_sub_resource(resource, kind, item);
        self.facts.remove_between(from, from + 16);
    }

    /// Makes a version the only default version.
    pub(crate) fn set_default(&mut self, policy: Resource, version: Item) {
        let from = pack_sub_resource(policy, SubResource::Version, Item(0));
        let chosen = pack_sub_resource(policy, SubResource::Version, version);
        if self.sub_resources(policy, SubResource::Version).any(|it| it.item == version) {
            self.facts
                .replace(from, from + OF_KIND, |fact| (fact & !1) | u64::from(fact & !1 == chosen));
        }
    }
}

/// The first possible fact about the number of the last version of a policy.
const fn last_version(policy: Resource) -> u64 {
    pack(LAST_VERSION, policy.item.0, 0, 0)
}

/// The size of the range of that fact. Only policies have versions.
fn last_version_len(resource: Resource) -> u64 {
    if resource.kind == ResourceKind::Policy { OF_SUBJECT } else { 0 }
}

/// The state in findings: `u0 {key#0, g0} u1 {} g0`.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for user in self.users() {
            let path = Some(self.path(user)).filter(|path| *path != Path::default());
            let attachments = self.attachments_of(user).map(|held| held.to_string());
            let path = path.map(|path| path.to_string());
            let boundary = self.boundary(user).map(|policy| format!("within p{}", policy.0));
            let facts: Vec<String> = attachments.chain(path).chain(boundary).collect();
            write!(f, "{separator}u{} {{{}}}", user.0, facts.join(", "))?;
            separator = " ";
        }
        for resource in self.resources() {
            write!(f, "{separator}{resource}")?;
            // Every policy starts with this version, so it is not printed.
            let is_first = |it: &SubResourceEntry| it.is_default && it.item == Item(1);
            let entries =
                self.all_sub_resources().filter(|it| it.resource == resource && !is_first(it));
            let entries: Vec<String> = entries.map(|it| it.to_string()).collect();
            if !entries.is_empty() {
                write!(f, " {{{}}}", entries.join(", "))?;
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

/// `key#0`, `g0`, `login-profile`; `key#0 Inactive` if inactive.
impl fmt::Display for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind.symbol(self.item))?;
        if self.status == Status::Inactive { f.write_str(" Inactive") } else { Ok(()) }
    }
}

/// `i0`, `p0`, `v2 default`.
impl fmt::Display for SubResourceEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind.symbol(self.item))?;
        if self.is_default { f.write_str(" default") } else { Ok(()) }
    }
}
