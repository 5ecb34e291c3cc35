//! What becomes unknown after changes whose effect is unknown: responses that were lost, events that
//! arrived late, and events that overlap in more orders than are tried.

use std::collections::BTreeSet;

use iamspec_model::{
    AttachmentKind, CreateUserOptions, Entity, Expected, Operation, Resource, ResourceKind,
    SubResource, User, UserChange,
};

use crate::audit::effects::{resources_of, users_of};
use crate::audit::knowledge::{Holding, Knowledge, Known, kind_of_users};
use crate::audit::{AuditCall, AuditEvent};

impl Knowledge {
    /// Forgets what a change may have affected that arrived after later events. After a rename, it may
    /// have affected what has another name now.
    pub(crate) fn forget_late(&mut self, event: &AuditEvent) {
        if event.start <= self.last_rename || event.operations().any(is_rename) {
            self.forget_all(None, self.latest.max(event.end));
        } else {
            self.forget_event(event);
        }
    }

    /// Forgets what an event may affect. A refused call of which not everything is known has changed
    /// nothing.
    pub(crate) fn forget_event(&mut self, event: &AuditEvent) {
        let is_invalid = event.operations().any(|it| matches!(it, Operation::Invalid(..)));
        let is_known = matches!(event.call, AuditCall::Operation(..)) && !is_invalid;
        if is_known || !event.changes_nothing() {
            self.forget_events(&[event]);
        }
    }

    /// Forgets everything about the users and resources of an event, and who uses which resource.
    pub(crate) fn forget_subjects(&mut self, event: &AuditEvent) {
        self.forget_event(event);
        let time = self.latest.max(event.end);
        for operation in event.operations() {
            for user in users_of(operation) {
                self.forget_entity(Entity::User(user), time);
            }
            for resource in resources_of(operation) {
                self.forget_entity(Entity::Resource(resource), time);
            }
        }
    }

    /// Forgets everything about a user or a resource, and who uses which resource.
    pub(crate) fn forget_entity(&mut self, entity: Entity, time: i64) {
        match entity {
            Entity::User(user) => self.forget_all(Some(user), time),
            Entity::Resource(resource) => {
                self.set_uses(resource, Known::unknown(time));
                let known = self.resource_mut(resource);
                known.forget(time);
                known.complete = false;
            }
            Entity::Item(..) | Entity::Path(_) | Entity::Version { .. } => {}
        }
    }

    /// Forgets what some changes may affect, in whatever order they were made.
    pub(crate) fn forget_events(&mut self, events: &[&AuditEvent]) {
        // What an event changed may be seen as it was before for a while after the last event.
        let time = events.iter().map(|it| it.end).fold(self.latest, i64::max);
        for operation in events.iter().flat_map(|it| it.operations()) {
            if matches!(operation, Operation::Invalid(..)) {
                self.forget_invalid(operation, time);
            } else {
                self.forget_operation(*operation, time);
            }
        }
        // After the others, because it may concern what they created.
        for event in events {
            match &event.call {
                AuditCall::Unknown(user) => self.forget_all(*user, time),
                AuditCall::UnknownTags(user) => self.forget_items(*user, AttachmentKind::Tag, time),
                AuditCall::Operation(..) | AuditCall::Unnamed => {}
            }
        }
        let operations = || events.iter().flat_map(|it| it.operations());
        for users in connected(operations().filter_map(renamed_user)) {
            self.last_rename = time;
            self.share_among_users(&users, time);
        }
        for groups in connected(operations().filter_map(renamed_resource)) {
            self.last_rename = time;
            self.share_among_groups(&groups, time);
        }
    }

    /// Forgets what an accepted invalid request may change. The items and resources that it names have
    /// no symbols, and an endpoint may have changed the names.
    pub(crate) fn forget_invalid(&mut self, operation: &Operation, time: i64) {
        let Operation::Invalid(_, invalid) = operation else { return };
        if invalid.row().clause.expected != Expected::Success {
            return self.forget_all(None, time);
        }
        for user in users_of(operation) {
            self.forget_user(user, time);
        }
    }

    fn forget_operation(&mut self, op: Operation, time: i64) {
        match op {
            Operation::Attach(user, kind, item) | Operation::Detach(user, kind, item) => {
                self.add_holder(user, kind, item);
                self.user_mut(user).held.insert((kind, item), Holding::unknown(time));
                return;
            }
            Operation::Issue(user, kind, ..) => {
                _ = self.user_mut(user).complete.remove(&kind);
                self.user_mut(user).exists.changed = time;
                return;
            }
            Operation::SetStatus(user, kind, item, _) => {
                self.add_holder(user, kind, item);
                let held = &mut self.user_mut(user).held;
                let holding = held.entry((kind, item)).or_insert(Holding::unknown(time));
                holding.status = Known::unknown(time);
                return;
            }
            Operation::DeleteResource(resource) => self.set_uses(resource, Known::unknown(time)),
            Operation::CreateUser(user, CreateUserOptions { boundary: Some(policy), .. }) => {
                let policy = Resource { kind: ResourceKind::Policy, item: policy };
                _ = self.resource_mut(policy).bounded.insert(user);
            }
            Operation::PutBoundary(user, policy) => {
                self.user_mut(user).boundary = Known::unknown(time);
                let policy = Resource { kind: ResourceKind::Policy, item: policy };
                _ = self.resource_mut(policy).bounded.insert(user);
                return;
            }
            Operation::DeleteBoundary(user) => {
                self.user_mut(user).boundary = Known::unknown(time);
                return;
            }
            Operation::AddSubResource(resource, part, item)
            | Operation::RemoveSubResource(resource, part, item)
                if part != SubResource::Version =>
            {
                self.add_group(resource, part, item);
                let known = self.resource_mut(resource);
                _ = known.entries.insert((part, item), Known::unknown(time));
                return;
            }
            _ => {}
        }
        for user in users_of(&op) {
            self.forget_user(user, time);
        }
        for resource in resources_of(&op) {
            self.resource_mut(resource).forget(time);
        }
    }

    /// Forgets a user. It may still hold what it held, or hold it again under another name.
    fn forget_user(&mut self, user: User, time: i64) {
        let known = self.user_mut(user);
        for holding in known.held.values_mut() {
            holding.held = Known::unknown(time);
            holding.status = Known::unknown(time);
        }
        let held = std::mem::take(&mut known.held);
        known.forget(time);
        known.held = held;
    }

    /// Forgets the items of a kind that a user holds.
    pub(crate) fn forget_items(&mut self, user: User, kind: AttachmentKind, time: i64) {
        let known = self.user_mut(user);
        known.complete.remove(&kind);
        known.exists.changed = time;
        for (_, holding) in known.held.iter_mut().filter(|(key, _)| key.0 == kind) {
            holding.held = Known::unknown(time);
        }
    }

    /// After renames that may have been made, each of the users may have what one of them has.
    fn share_among_users(&mut self, users: &BTreeSet<User>, time: i64) {
        let held = |it: &User| self.users.get(it).map(|it| it.held.clone());
        let held: Vec<_> = users.iter().filter_map(held).flatten().collect();
        for ((kind, item), holding) in held {
            for user in users {
                self.add_holder(*user, kind, item);
                let held = Known::unknown(time);
                let unknown = Holding { held, status: Known::unknown(time), ..holding };
                self.user_mut(*user).held.insert((kind, item), unknown);
            }
        }
        for policy in self.resources.values_mut() {
            if !policy.bounded.is_disjoint(users) {
                policy.bounded.extend(users);
            }
        }
    }

    /// After renames that may have been made, each of the groups may have the members and the policies
    /// of one of them.
    fn share_among_groups(&mut self, groups: &BTreeSet<Resource>, time: i64) {
        let Some(kind) = kind_of_users(ResourceKind::Group) else { return };
        let is_complete = groups.iter().all(|it| self.resource_mut(*it).complete);
        let lacks_holders = groups.iter().any(|it| self.resource_mut(*it).lacks_holders);
        let holders: BTreeSet<User> =
            groups.iter().flat_map(|it| self.possible_holders(*it)).collect();
        for group in groups {
            let known = self.resource_mut(*group);
            known.complete = is_complete;
            known.lacks_holders = lacks_holders;
            for user in &holders {
                self.forget_operation(Operation::Attach(*user, kind, group.item), time);
            }
        }
        let items: BTreeSet<_> = groups.iter().map(|it| it.item).collect();
        for policy in self.resources.values_mut() {
            if !policy.groups.is_disjoint(&items) {
                policy.groups.extend(&items);
            }
        }
    }

    /// Forgets a user, or everything.
    pub(crate) fn forget_all(&mut self, user: Option<User>, time: i64) {
        if let Some(user) = user {
            let known = self.user_mut(user);
            known.forget(time);
            let resources = self.resources.values_mut();
            resources.for_each(|it| it.complete = false);
            return;
        }
        self.is_complete = false;
        self.begin = time;
        self.users.clear();
        self.resources.clear();
        self.owners.clear();
    }
}

/// A user, and the user that it becomes.
fn renamed_user(op: &Operation) -> Option<(User, User)> {
    match *op {
        Operation::UpdateUser(user, UserChange { name: Some(name), .. }) if name != user => {
            Some((user, name))
        }
        _ => None,
    }
}

/// A resource, and the resource that it becomes.
fn renamed_resource(op: &Operation) -> Option<(Resource, Resource)> {
    match *op {
        Operation::RenameResource(resource, Some(item)) if item != resource.item => {
            Some((resource, Resource { item, ..resource }))
        }
        _ => None,
    }
}

/// Whether the operation gives something another name.
pub(crate) fn is_rename(op: &Operation) -> bool {
    renamed_user(op).is_some() || renamed_resource(op).is_some()
}

/// The sets of names that the pairs connect.
fn connected<T: Copy + Ord>(pairs: impl Iterator<Item = (T, T)>) -> Vec<BTreeSet<T>> {
    let mut sets: Vec<BTreeSet<T>> = Vec::new();
    for (one, other) in pairs {
        let mut merged = BTreeSet::from([one, other]);
        let is_apart = |set: &BTreeSet<T>| !set.contains(&one) && !set.contains(&other);
        let (apart, joined) = sets.into_iter().partition(is_apart);
        merged.extend(Vec::into_iter(joined).flatten());
        sets = apart;
        sets.push(merged);
    }
    sets
}
