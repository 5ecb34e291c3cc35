//! The knowledge about one account: about each user and each resource, with the time of each
//! change.
//!
//! A fact is true, false or unknown. Its last change has a time, because a read or a refusal may show
//! the state before it for a while.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, Item, Path, Resource, ResourceKind, Service, Status, SubResource, User,
};

use crate::audit::AuditEvent;

/// The time of a change that is not in the log.
pub(crate) const NEVER: i64 = i64::MIN / 2;

/// A fact, or `None` if it is unknown, and the time of its last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known<T> {
    pub(crate) value: Option<T>,
    pub(crate) changed: i64,
}

impl<T> Known<T> {
    pub(crate) const fn at(value: T, time: i64) -> Self {
        Self { value: Some(value), changed: time }
    }

    pub(crate) const fn unknown(time: i64) -> Self {
        Self { value: None, changed: time }
    }
}

/// An item that a user holds, does not hold, or may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) held: Known<bool>,
    pub(crate) status: Known<Status>,
    pub(crate) service: Option<Service>,
}

impl Holding {
    /// An item that the user may hold.
    pub(crate) const fn unknown(time: i64) -> Self {
        Self { held: Known::unknown(time), status: Known::unknown(time), service: None }
    }
}

/// What is known about a user.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KnownUser {
    pub(crate) exists: Known<bool>,
    pub(crate) path: Known<Path>,
    pub(crate) boundary: Known<Option<Item>>,
    pub(crate) held: BTreeMap<(AttachmentKind, Item), Holding>,
    /// The kinds of which `held` has every item.
    pub(crate) complete: BTreeSet<AttachmentKind>,
    /// The last time at which the user may have held what `held` does not have, although `complete` has
    /// the kind. For a while after it, a read may show that.
    pub(crate) partial_until: i64,
    pub(crate) recent: Recent,
}

/// What is known about a group, a policy or a device.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KnownResource {
    /// It does not belong to the account, such as a policy of AWS or a hardware device: listings of the
    /// account's own resources leave it out.
    pub(crate) is_external: bool,
    pub(crate) exists: Known<bool>,
    /// The users that hold it or may hold it; their own entries have the truth.
    pub(crate) holders: BTreeSet<User>,
    /// Whether more users may hold it than `holders` has room for.
    pub(crate) lacks_holders: bool,
    /// The groups that the policy is or may be attached to.
    pub(crate) groups: BTreeSet<Item>,
    /// The users whose permissions boundary it is or may be.
    pub(crate) bounded: BTreeSet<User>,
    /// Whether `holders`, `groups` and `bounded` have every user and group.
    pub(crate) complete: bool,
    pub(crate) entries: BTreeMap<(SubResource, Item), Known<bool>>,
    /// The kinds of which `entries` has every sub-resource.
    pub(crate) complete_entries: BTreeSet<SubResource>,
    pub(crate) default: Known<Item>,
    /// The last time at which it may have had users or sub-resources that are not here, although they
    /// are complete. For a while after it, a read may show them.
    pub(crate) partial_until: i64,
    /// The number of the latest version.
    pub(crate) last_version: Option<u32>,
    pub(crate) recent: Recent,
}

/// The latest events about a user or a resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(VecDeque<Rc<AuditEvent>>);

/// A user with more entries loses those about items that it does not hold.
const ITEMS_MAX: usize = 64;

/// The number of events that are kept.
const RECENT_MAX: usize = 12;

impl PartialEq for Recent {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().zip(&other.0).all(|(one, other)| Rc::ptr_eq(one, other))
    }
}

impl Recent {
    pub(crate) fn add(&mut self, event: &Rc<AuditEvent>) {
        if self.0.len() == RECENT_MAX {
            // A change explains more than a read or a refusal.
            let least = self.0.iter().position(|it| it.changes_nothing()).unwrap_or_default();
            self.0.remove(least);
        }
        self.0.push_back(Rc::clone(event));
    }

    pub(crate) fn add_if_first(&mut self, event: &Rc<AuditEvent>) {
        if self.0.is_empty() {
            self.0.push_back(Rc::clone(event));
        }
    }

    /// Keeps the latest event only: a deletion needs no other explanation.
    pub(crate) fn keep_last(&mut self) {
        self.0.drain(..self.0.len().saturating_sub(1));
        self.0.shrink_to_fit();
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = &Rc<AuditEvent>> {
        self.0.iter()
    }
}

impl KnownUser {
    /// A user about which nothing is known.
    pub(crate) fn unknown(time: i64) -> Self {
        Self {
            exists: Known::unknown(time),
            path: Known::unknown(time),
            boundary: Known::unknown(time),
            held: BTreeMap::new(),
            complete: BTreeSet::new(),
            partial_until: NEVER,
            recent: Recent::default(),
        }
    }

    /// A user that has never existed.
    pub(crate) fn absent() -> Self {
        Self {
            exists: Known::at(false, NEVER),
            path: Known::at(Path::default(), NEVER),
            boundary: Known::at(None, NEVER),
            complete: AttachmentKind::all().collect(),
            ..Self::unknown(NEVER)
        }
    }

    /// Forgets everything but the events.
    pub(crate) fn forget(&mut self, time: i64) {
        let recent = std::mem::take(&mut self.recent);
        *self = Self { recent, partial_until: self.partial_until, ..Self::unknown(time) };
    }
}

impl KnownResource {
    /// A resource about which nothing is known.
    pub(crate) fn unknown(time: i64) -> Self {
        Self {
            is_external: false,
            exists: Known::unknown(time),
            holders: BTreeSet::new(),
            lacks_holders: false,
            groups: BTreeSet::new(),
            bounded: BTreeSet::new(),
            complete: false,
            entries: BTreeMap::new(),
            complete_entries: BTreeSet::new(),
            default: Known::unknown(time),
            partial_until: NEVER,
            last_version: None,
            recent: Recent::default(),
        }
    }

    /// A resource that has never existed.
    pub(crate) fn absent() -> Self {
        Self {
            exists: Known::at(false, NEVER),
            complete: true,
            complete_entries: SubResource::all().collect(),
            ..Self::unknown(NEVER)
        }
    }

    /// Forgets everything but the events, who may use it, and what it may have.
    pub(crate) fn forget(&mut self, time: i64) {
        self.exists = Known::unknown(time);
        // It may still have what it had, or have it again under another name.
        self.entries.retain(|(part, _), _| *part != SubResource::Version);
        for entry in self.entries.values_mut() {
            *entry = Known::unknown(time);
        }
        self.complete_entries.clear();
        self.default = Known::unknown(time);
        self.last_version = None;
    }
}

/// What some operations name.
#[derive(Default)]
pub(crate) struct Named {
    pub(crate) users: BTreeSet<User>,
    pub(crate) resources: BTreeSet<Resource>,
    pub(crate) items: BTreeSet<(AttachmentKind, Item)>,
    /// Whether an operation concerns the users of a resource.
    pub(crate) with_holders: bool,
    /// Whether an operation changes a name.
    pub(crate) with_renames: bool,
}

/// The kind of attachment by which users use the resources of a kind.
pub(crate) fn kind_of_users(class: ResourceKind) -> Option<AttachmentKind> {
    AttachmentKind::all().find(|it| it.row().refers_to == Some(class))
}

/// Whether at most one user can hold an item of the kind.
pub(crate) fn has_one_holder(kind: AttachmentKind) -> bool {
    kind.row().naming == Naming::Service || kind.row().refers_to == Some(ResourceKind::Device)
}

/// What is known about one account.
#[derive(Clone, Debug)]
pub(crate) struct Knowledge {
    /// Whether an entity without an entry does not exist. Otherwise its existence is unknown.
    pub(crate) is_complete: bool,
    /// When the log begins: what is not in it may have changed just before.
    pub(crate) log_begin: i64,
    /// When the log begins, or when everything was forgotten.
    pub(crate) begin: i64,
    /// Changes before this time are visible.
    pub(crate) horizon: i64,
    /// The latest end of an event.
    pub(crate) latest: i64,
    /// The time of the last change of a name.
    pub(crate) last_rename: i64,
    /// Whether this is a part that lacks users about whose items of one holder not everything is known.
    pub(crate) lacks_partial_users: bool,
    pub(crate) users: HashMap<User, KnownUser>,
    pub(crate) resources: HashMap<Resource, KnownResource>,
    /// The users that hold or may hold an item of which there is one.
    pub(crate) owners: HashMap<(AttachmentKind, Item), BTreeSet<User>>,
    /// The policies that roles may use. Roles are not modeled.
    pub(crate) used_by_roles: BTreeSet<Resource>,
    /// Whether roles may use any policy: the log hides which.
    pub(crate) roles_use_any: bool,
}

impl Knowledge {
    pub(crate) fn new(is_complete: bool) -> Self {
        Self {
            is_complete,
            log_begin: NEVER,
            begin: NEVER,
            horizon: NEVER,
            latest: NEVER,
            last_rename: NEVER,
            lacks_partial_users: false,
            users: HashMap::new(),
            resources: HashMap::new(),
            owners: HashMap::new(),
            used_by_roles: BTreeSet::new(),
            roles_use_any: false,
        }
    }

    pub(crate) fn new_user(&self) -> KnownUser {
        if self.is_complete { KnownUser::absent() } else { KnownUser::unknown(self.begin) }
    }

    pub(crate) fn new_resource(&self) -> KnownResource {
        if self.is_complete { KnownResource::absent() } else { KnownResource::unknown(self.begin) }
    }

    pub(crate) fn user_mut(&mut self, user: User) -> &mut KnownUser {
        let new = self.new_user();
        self.users.entry(user).or_insert(new)
    }

    pub(crate) fn resource_mut(&mut self, resource: Resource) -> &mut KnownResource {
        let new = self.new_resource();
        self.resources.entry(resource).or_insert(new)
    }

    /// The part about these users, resources and items, and about everything that they refer to. The
    /// users of a resource are in it if an operation concerns them, and what refers to a name if an
    /// operation changes names.
    pub(crate) fn part(&self, named: &Named) -> Self {
        let Named { users, resources, items, with_holders, with_renames } = named;
        let mut part = Self {
            log_begin: self.log_begin,
            begin: self.begin,
            horizon: self.horizon,
            latest: self.latest,
            last_rename: self.last_rename,
            roles_use_any: self.roles_use_any,
            ..Self::new(self.is_complete)
        };
        part.used_by_roles = self.used_by_roles.intersection(resources).copied().collect();
        let mut all_users = users.clone();
        for item in items {
            let Some(owners) = self.owners.get(item) else { continue };
            all_users.extend(owners);
            part.owners.insert(*item, owners.clone());
        }
        if *with_renames {
            let groups: BTreeSet<Item> = resources
                .iter()
                .filter(|it| it.kind == ResourceKind::Group)
                .map(|it| it.item)
                .collect();
            let refers = |known: &KnownResource| {
                !known.bounded.is_disjoint(users) || !known.groups.is_disjoint(&groups)
            };
            let policies = self.resources.iter().filter(|(_, known)| refers(known));
            part.resources.extend(policies.map(|(policy, known)| (*policy, known.clone())));
        }
        for resource in resources {
            let Some(known) = self.resources.get(resource) else { continue };
            let groups = known.groups.iter();
            for item in groups {
                part.add_resource(self, Some(Resource { kind: ResourceKind::Group, item: *item }));
            }
            for (part_kind, item) in known.entries.keys() {
                let kind = part_kind.row().refers_to;
                part.add_resource(self, kind.map(|kind| Resource { kind, item: *item }));
            }
            if *with_holders {
                all_users.extend(self.possible_holders(*resource));
                all_users.extend(&known.bounded);
            }
            part.resources.insert(*resource, known.clone());
        }
        for user in all_users {
            let Some(known) = self.users.get(&user) else { continue };
            for key in known.held.keys() {
                let owners = self.owners.get(key);
                part.owners.extend(owners.map(|it| (*key, it.clone())));
                let resource = key.0.row().refers_to.map(|kind| Resource { kind, item: key.1 });
                part.add_resource(self, resource);
            }
            let boundary = known.boundary.value.flatten();
            part.add_resource(
                self,
                boundary.map(|item| Resource { kind: ResourceKind::Policy, item }),
            );
            part.users.insert(user, known.clone());
        }
        let is_partial = |known: &KnownUser| {
            AttachmentKind::all().any(|it| has_one_holder(it) && !known.complete.contains(&it))
        };
        part.lacks_partial_users = self.is_complete
            && !items.is_empty()
            && self.users.iter().any(|(user, it)| !part.users.contains_key(user) && is_partial(it));
        part
    }

    /// The users that hold or may hold a resource, also those for which its own list has no room.
    pub(crate) fn possible_holders(&self, resource: Resource) -> BTreeSet<User> {
        let Some(known) = self.resources.get(&resource) else { return BTreeSet::new() };
        let mut holders = known.holders.clone();
        if let Some(kind) = kind_of_users(resource.kind).filter(|_| known.lacks_holders) {
            let key = (kind, resource.item);
            let others = self.users.iter().filter(|(_, it)| it.held.contains_key(&key));
            holders.extend(others.map(|(user, _)| *user));
        }
        holders
    }

    /// Adds a resource as another knowledge has it, unless it is there.
    fn add_resource(&mut self, of: &Self, resource: Option<Resource>) {
        let Some(resource) = resource else { return };
        if let Some(known) = of.resources.get(&resource) {
            self.resources.entry(resource).or_insert_with(|| known.clone());
        }
    }

    /// Drops what a user no longer holds and no response can show any more.
    pub(crate) fn drop_old_items(&mut self, user: User) {
        let before = self.horizon;
        let Some(known) = self.users.get_mut(&user).filter(|it| it.held.len() > ITEMS_MAX) else {
            return;
        };
        let complete = known.complete.clone();
        let mut dropped = Vec::new();
        known.held.retain(|key, it| {
            let is_old = it.held.value == Some(false)
                && it.held.changed < before
                && complete.contains(&key.0);
            dropped.extend(is_old.then_some(*key));
            !is_old
        });
        for (kind, item) in dropped {
            if let Some(owners) = self.owners.get_mut(&(kind, item)) {
                owners.remove(&user);
                if owners.is_empty() {
                    self.owners.remove(&(kind, item));
                }
            }
            let resource = kind.row().refers_to.map(|class| Resource { kind: class, item });
            if let Some(it) = resource.and_then(|it| self.resources.get_mut(&it)) {
                it.holders.remove(&user);
            }
        }
    }

    /// Replaces the entries that the part has. Who may hold an item is added, because a part may know
    /// only some of them.
    pub(crate) fn replace(&mut self, part: Self) {
        self.last_rename = self.last_rename.max(part.last_rename);
        self.users.extend(part.users);
        self.resources.extend(part.resources);
        for (key, owners) in part.owners {
            self.owners.entry(key).or_default().extend(owners);
        }
    }

    /// Whether both know the same about every user and resource.
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        self.users == other.users
            && self.resources == other.resources
            && self.owners == other.owners
    }

    /// Keeps what both agree on.
    pub(crate) fn intersect(&mut self, other: &Self) {
        self.last_rename = self.last_rename.max(other.last_rename);
        let (new_user, new_resource) = (self.new_user(), self.new_resource());
        for user in other.users.keys() {
            self.users.entry(*user).or_insert_with(|| new_user.clone());
        }
        for (user, ours) in &mut self.users {
            ours.intersect(other.users.get(user).unwrap_or(&new_user));
        }
        for resource in other.resources.keys() {
            self.resources.entry(*resource).or_insert_with(|| new_resource.clone());
        }
        for (resource, ours) in &mut self.resources {
            ours.intersect(other.resources.get(resource).unwrap_or(&new_resource));
        }
        for (key, theirs) in &other.owners {
            self.owners.entry(*key).or_default().extend(theirs);
        }
    }
}

fn merge<T: PartialEq + Copy>(ours: &mut Known<T>, theirs: &Known<T>) {
    if ours.value != theirs.value {
        ours.value = None;
    }
    ours.changed = ours.changed.max(theirs.changed);
}

impl KnownUser {
    fn intersect(&mut self, other: &Self) {
        merge(&mut self.exists, &other.exists);
        merge(&mut self.path, &other.path);
        merge(&mut self.boundary, &other.boundary);
        let changed = self.exists.changed;
        let both_complete: BTreeSet<AttachmentKind> =
            self.complete.intersection(&other.complete).copied().collect();
        let keys: BTreeSet<_> = self.held.keys().chain(other.held.keys()).copied().collect();
        for key in keys {
            // An item without an entry is not held if the entries are complete.
            let absent = |complete: &BTreeSet<AttachmentKind>| Holding {
                held: Known { value: complete.contains(&key.0).then_some(false), changed },
                status: Known::unknown(changed),
                service: None,
            };
            let theirs = other.held.get(&key).copied().unwrap_or(absent(&other.complete));
            let missing = absent(&self.complete);
            let ours = self.held.entry(key).or_insert(missing);
            merge(&mut ours.held, &theirs.held);
            merge(&mut ours.status, &theirs.status);
            ours.service = ours.service.or(theirs.service);
        }
        self.complete = both_complete;
        self.partial_until = self.partial_until.max(other.partial_until);
    }
}

impl KnownResource {
    fn intersect(&mut self, other: &Self) {
        merge(&mut self.exists, &other.exists);
        merge(&mut self.default, &other.default);
        self.holders.extend(&other.holders);
        self.lacks_holders |= other.lacks_holders;
        self.groups.extend(&other.groups);
        self.bounded.extend(&other.bounded);
        self.complete &= other.complete;
        let changed = self.exists.changed;
        let keys: BTreeSet<_> = self.entries.keys().chain(other.entries.keys()).copied().collect();
        for key in keys {
            let absent = |complete: &BTreeSet<SubResource>| Known {
                value: complete.contains(&key.0).then_some(false),
                changed,
            };
            let theirs =
                other.entries.get(&key).copied().unwrap_or(absent(&other.complete_entries));
            let missing = absent(&self.complete_entries);
            merge(self.entries.entry(key).or_insert(missing), &theirs);
        }
        self.complete_entries =
            self.complete_entries.intersection(&other.complete_entries).copied().collect();
        self.partial_until = self.partial_until.max(other.partial_until);
        if self.last_version != other.last_version {
            self.last_version = None;
        }
    }
}
