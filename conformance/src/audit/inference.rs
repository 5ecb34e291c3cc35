//! What is known about one account, and how each event changes that knowledge.
//!
//! An event adds what all its explanations agree on, and the effect of a change. Times are in
//! seconds: if the order of two changes within a second matters, their result is unknown.

use std::collections::HashMap;

use iamspec_model::{AttachmentAction, AttachmentKind, ResourceKind};

use crate::audit::possible_accounts::{
    Assumption, EventContext, KnownResource, KnownUser, add_recent_event, name_key,
};
use crate::audit::{AuditEvent, AuditOperation};

/// What is known about one account, by the keys of names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Knowledge {
    users: HashMap<String, KnownUser>,
    resources: HashMap<(ResourceKind, String), KnownResource>,
}

impl Knowledge {
    /// The event with what is known about its user and resource. The defaults stand for those that
    /// no earlier event names.
    pub(crate) fn context<'a>(
        &'a self,
        event: &'a AuditEvent,
        (unknown_user, unknown_resource): (&'a KnownUser, &'a KnownResource),
    ) -> EventContext<'a> {
        let user = |name: &Option<String>| {
            name.as_ref().map(|it| self.users.get(&name_key(it)).unwrap_or(unknown_user))
        };
        let resource =
            event.resource().map(|it| self.resources.get(&it).unwrap_or(unknown_resource));
        let is_rename = event.operation == AuditOperation::UpdateUser;
        let new_user = if is_rename { user(&event.other_name) } else { None };
        EventContext { event, user: user(&event.user), new_user, resource }
    }

    /// The times at which the user and the resource of the event last changed.
    pub(crate) fn times_of_change(&self, event: &AuditEvent) -> impl Iterator<Item = i64> {
        let user = |name: &Option<String>| self.users.get(&name_key(name.as_ref()?))?.changed;
        let resource = event.resource().and_then(|it| self.resources.get(&it)?.changed);
        [user(&event.user), user(&event.other_name), resource].into_iter().flatten()
    }

    /// Learns from an event, given the assumptions of each possible account that explains it.
    pub(crate) fn learn(&mut self, event: &AuditEvent, explanations: &[Vec<Assumption>]) {
        let agreed = |assumption: Assumption| {
            let count = explanations.iter().filter(|it| it.contains(&assumption)).count();
            match count {
                _ if explanations.is_empty() => None,
                0 => Some(false),
                all if all == explanations.len() => Some(true),
                _ => None,
            }
        };
        if let Some(name) = &event.user {
            let user = self.user(name);
            user.exists = user.exists.or_else(|| agreed(Assumption::UserExists));
            if let (AuditOperation::Attachment(kind, _), Some(held)) =
                (event.operation, agreed(Assumption::ItemHeld))
            {
                let item = (kind, event.item_name().to_owned());
                if !user.held.contains_key(&item) {
                    user.possibly_inactive.insert(item.clone());
                }
                user.held.entry(item).or_insert(held);
            }
            add_recent_event(&mut user.recent_events, event.to_string());
        }
        if let (AuditOperation::UpdateUser, Some(name)) = (event.operation, &event.other_name) {
            let user = self.user(name);
            user.exists = user.exists.or_else(|| agreed(Assumption::NewUserExists));
        }
        if let Some(it) = event.resource() {
            let resource = self.resources.entry(it).or_default();
            resource.exists = resource.exists.or_else(|| agreed(Assumption::ResourceExists));
            add_recent_event(&mut resource.recent_events, event.to_string());
        }
        if event.changes() {
            self.apply_change(event);
        }
    }

    /// Applies the effect of a successful change.
    fn apply_change(&mut self, event: &AuditEvent) {
        let other = event.other_name.clone().unwrap_or_default();
        let name = event.user.clone().unwrap_or_default();
        match event.operation {
            AuditOperation::CreateUser => self.user(&name).set_created(),
            AuditOperation::DeleteUser => {
                for it in self.resources_held_by(&name) {
                    self.resources.entry(it).or_default().holders.remove(&name_key(&name));
                }
                self.user(&name).set_deleted();
            }
            AuditOperation::UpdateUser if !other.is_empty() => {
                self.rename(&name, &other, event.time);
            }
            AuditOperation::Attachment(kind, AttachmentAction::Attach) => {
                self.set_held(event, kind, true);
            }
            AuditOperation::Attachment(kind, AttachmentAction::Detach) => {
                self.set_held(event, kind, false);
            }
            AuditOperation::Attachment(kind, AttachmentAction::SetStatus) => {
                let item = (kind, event.item_name().to_owned());
                self.user(&name).possibly_inactive.insert(item);
            }
            AuditOperation::Create(_) | AuditOperation::Delete(_) => {
                let exists = matches!(event.operation, AuditOperation::Create(_));
                if let Some(it) = event.resource() {
                    let resource = self.resources.entry(it).or_default();
                    // The order of two changes within a second is unknown.
                    let is_ordered = resource.changed != Some(event.time);
                    resource.exists = Some(exists).filter(|_| is_ordered);
                    resource.holders_complete = is_ordered;
                    resource.changed = Some(event.time);
                    resource.holders.clear();
                }
            }
            _ => {}
        }
        self.record_time_of_change(event);
    }

    /// Records that the event's user holds the event's item, or no longer holds it.
    fn set_held(&mut self, event: &AuditEvent, kind: AttachmentKind, held: bool) {
        let name = event.user.clone().unwrap_or_default();
        let user = self.user(&name);
        user.exists = Some(true);
        let item = (kind, event.item_name().to_owned());
        user.possibly_inactive.remove(&item);
        user.held.insert(item, held);
        let Some(it) = event.resource() else { return };
        let resource = self.resources.entry(it).or_default();
        resource.exists = Some(true);
        if held {
            resource.holders.insert(name_key(&name));
        } else {
            resource.holders.remove(&name_key(&name));
        }
    }

    /// Moves what is known about a user to its new name.
    fn rename(&mut self, name: &str, new_name: &str, time: i64) {
        if name_key(name) == name_key(new_name) {
            return;
        }
        for it in self.resources_held_by(name) {
            let holders = &mut self.resources.entry(it).or_default().holders;
            holders.remove(&name_key(name));
            holders.insert(name_key(new_name));
        }
        let user = self.users.remove(&name_key(name)).unwrap_or_default();
        // A user of the new name that changed within the same second may have changed later.
        let is_ordered =
            self.users.get(&name_key(new_name)).is_none_or(|it| it.changed != Some(time));
        self.users.insert(name_key(new_name), user);
        if !is_ordered {
            self.user(new_name).forget();
        }
        self.user(name).set_deleted();
    }

    /// Records when the users and the resource of the event changed.
    pub(crate) fn record_time_of_change(&mut self, event: &AuditEvent) {
        let new =
            event.other_name.as_ref().filter(|_| event.operation == AuditOperation::UpdateUser);
        for name in event.user.iter().chain(new) {
            self.user(name).record_change(event);
        }
        if let Some(it) = event.resource() {
            self.resources.entry(it).or_default().changed = Some(event.time);
        }
    }

    /// Forgets everything that a change may affect if the event does not name its user or resource.
    pub(crate) fn forget_affected(&mut self, event: &AuditEvent) {
        match (&event.user, event.operation) {
            (_, AuditOperation::Rename(class)) => self.forget_resources(class),
            (Some(user), _) => self.user(user).forget(),
            (None, AuditOperation::Create(_) | AuditOperation::Delete(_)) => self.resources.clear(),
            (None, _) => self.users.clear(),
        }
    }

    /// Forgets what a change may affect if its effect is unknown, or if it may still take effect.
    pub(crate) fn forget_uncertain(&mut self, event: &AuditEvent) {
        if !event.is_complete() {
            self.forget_affected(event);
        }
        if let (AuditOperation::DeleteUser | AuditOperation::UpdateUser, Some(name)) =
            (event.operation, &event.user)
        {
            for it in self.resources_held_by(name) {
                let resource = self.resources.entry(it).or_default();
                resource.holders.remove(&name_key(name));
                resource.holders_complete = false;
            }
        }
        self.forget(event);
        self.record_time_of_change(event);
    }

    /// Forgets all resources of this kind and who holds them.
    fn forget_resources(&mut self, class: ResourceKind) {
        self.resources.retain(|(it, _), _| *it != class);
        for user in self.users.values_mut() {
            user.held.retain(|(kind, _), _| kind.row().refers_to != Some(class));
            user.held_complete = false;
        }
    }

    /// Forgets the users and the resource that the event names.
    pub(crate) fn forget(&mut self, event: &AuditEvent) {
        let new =
            event.other_name.as_ref().filter(|_| event.operation == AuditOperation::UpdateUser);
        for name in event.user.iter().chain(new) {
            self.user(name).forget();
        }
        if let Some(it) = event.resource() {
            let resource = self.resources.entry(it).or_default();
            let recent_events = std::mem::take(&mut resource.recent_events);
            *resource = KnownResource { recent_events, ..KnownResource::default() };
        }
    }

    fn user(&mut self, name: &str) -> &mut KnownUser {
        self.users.entry(name_key(name)).or_default()
    }

    /// The groups, policies and devices that the user is known to hold.
    fn resources_held_by(&self, name: &str) -> Vec<(ResourceKind, String)> {
        let held = self.users.get(&name_key(name)).into_iter().flat_map(|it| &it.held);
        let held = held.filter(|(_, held)| **held);
        held.filter_map(|((kind, name), _)| Some((kind.row().refers_to?, name_key(name)))).collect()
    }
}
