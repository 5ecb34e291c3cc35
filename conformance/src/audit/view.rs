//! The knowledge at the time of one event.
//!
//! A strict view has every known fact. In a stale view, every fact that changed within the lag
//! before the event is unknown: the response may show the state before or after each change.

use std::collections::BTreeSet;

use iamspec_model::{AttachmentKind, Entity, Item, Path, Resource, Status, SubResource, User};

use crate::audit::knowledge::{Holding, Knowledge, Known, KnownResource, KnownUser};

/// The knowledge at the time of one event.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) knowledge: &'a Knowledge,
    /// When the request was sent.
    pub(crate) time: i64,
    /// How long a change may be invisible; 0 in a strict view.
    pub(crate) lag: i64,
}

impl<'a> View<'a> {
    /// Whether a change at this time may be invisible.
    pub(crate) fn is_recent(self, changed: i64) -> bool {
        self.lag > 0 && self.time.saturating_sub(changed) < self.lag
    }

    fn read<T: Copy>(self, known: Known<T>) -> Option<T> {
        known.value.filter(|_| !self.is_recent(known.changed))
    }

    pub(crate) fn user(self, user: User) -> Option<&'a KnownUser> {
        self.knowledge.users.get(&user)
    }

    pub(crate) fn resource(self, resource: Resource) -> Option<&'a KnownResource> {
        self.knowledge.resources.get(&resource)
    }

    /// The value of something without an entry: absent if the knowledge is complete.
    fn default<T>(self, absent: T) -> Option<T> {
        self.knowledge.is_complete.then_some(absent)
    }

    pub(crate) fn user_exists(self, user: User) -> Option<bool> {
        self.user(user).map_or(self.default(false), |it| self.read(it.exists))
    }

    pub(crate) fn path(self, user: User) -> Option<Path> {
        self.user(user).map_or(self.default(Path::default()), |it| self.read(it.path))
    }

    #[expect(clippy::option_option, reason = "unknown, or known to be none")]
    pub(crate) fn boundary(self, user: User) -> Option<Option<Item>> {
        self.user(user).map_or(self.default(None), |it| self.read(it.boundary))
    }

    /// Whether a listing of the entities of a policy may show the user because the policy is its permissions
    /// boundary. No fact says that it does not.
    pub(crate) fn may_be_bounded(self, entity: Entity, policy: Resource) -> bool {
        let Entity::User(user) = entity else { return false };
        self.boundary(user).is_none_or(|it| it == Some(policy.item))
    }

    /// Whether every item of the kind has an entry.
    pub(crate) fn has_every(self, user: User, kind: AttachmentKind) -> bool {
        match self.user(user) {
            Some(known) => {
                known.complete.contains(&kind) && !self.is_recent(known.partial_until)
                    || self.read(known.exists) == Some(false)
            }
            None => self.knowledge.is_complete,
        }
    }

    pub(crate) fn holds(self, user: User, kind: AttachmentKind, item: Item) -> Option<bool> {
        match self.user(user).and_then(|it| it.held.get(&(kind, item))) {
            Some(holding) => self.read(holding.held),
            None => self.has_every(user, kind).then_some(false),
        }
    }

    /// The entries of one kind.
    pub(crate) fn holdings(
        self,
        user: User,
        kind: AttachmentKind,
    ) -> impl Iterator<Item = (Item, &'a Holding)> {
        let entries = self
            .user(user)
            .into_iter()
            .flat_map(move |it| it.held.range((kind, Item(0))..=(kind, Item(u32::MAX))));
        entries.map(|((_, item), holding)| (*item, holding))
    }

    /// Whether the user holds the item of an entry.
    pub(crate) fn is_held(self, holding: &Holding) -> Option<bool> {
        self.read(holding.held)
    }

    pub(crate) fn status(self, holding: &Holding) -> Option<Status> {
        self.read(holding.status)
    }

    /// Whether the resource belongs to another account, so no listing of the account shows it.
    pub(crate) fn is_external(self, resource: Resource) -> bool {
        self.resource(resource).is_some_and(|it| it.is_external)
    }

    pub(crate) fn resource_exists(self, resource: Resource) -> Option<bool> {
        self.resource(resource).map_or(self.default(false), |it| self.read(it.exists))
    }

    /// Whether every user and group that uses the resource has an entry.
    pub(crate) fn has_every_user_of(self, resource: Resource) -> bool {
        match self.resource(resource) {
            Some(known) => {
                known.complete && !self.is_recent(known.partial_until)
                    || self.read(known.exists) == Some(false)
            }
            None => self.knowledge.is_complete,
        }
    }

    /// The users that hold or may hold an item, with what is known about it.
    pub(crate) fn holders(self, kind: AttachmentKind, item: Item) -> Vec<(User, Option<bool>)> {
        let of_resource = kind
            .row()
            .refers_to
            .and_then(|class| Some(&self.resource(Resource { kind: class, item })?.holders));
        let users = of_resource.or_else(|| self.knowledge.owners.get(&(kind, item)));
        let users: BTreeSet<User> = users.cloned().unwrap_or_default();
        users.into_iter().map(|user| (user, self.holds(user, kind, item))).collect()
    }

    pub(crate) fn has_every_entry(self, resource: Resource, part: SubResource) -> bool {
        match self.resource(resource) {
            Some(known) => {
                known.complete_entries.contains(&part) && !self.is_recent(known.partial_until)
                    || self.read(known.exists) == Some(false)
            }
            None => self.knowledge.is_complete,
        }
    }

    pub(crate) fn has_entry(
        self,
        resource: Resource,
        part: SubResource,
        item: Item,
    ) -> Option<bool> {
        match self.resource(resource).and_then(|it| it.entries.get(&(part, item))) {
            Some(entry) => self.read(*entry),
            None => self.has_every_entry(resource, part).then_some(false),
        }
    }

    /// The entries of one kind, with what is known about them.
    pub(crate) fn entries(
        self,
        resource: Resource,
        part: SubResource,
    ) -> impl Iterator<Item = (Item, Option<bool>)> {
        let entries = self
            .resource(resource)
            .into_iter()
            .flat_map(move |it| it.entries.range((part, Item(0))..=(part, Item(u32::MAX))));
        entries.map(move |((_, item), entry)| (*item, self.read(*entry)))
    }

    pub(crate) fn default_version(self, policy: Resource) -> Option<Item> {
        self.resource(policy).and_then(|it| self.read(it.default))
    }
}
