//! How an event changes the knowledge about the account: by the facts on which all explanations
//! agree, by the items of a listing, and by the effect of a success.

use std::collections::BTreeSet;
use std::rc::Rc;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, CreateUserOptions, Entity, IssueOptions, Item, Operation, Path, Resource,
    ResourceKind, Service, Status, SubResource, User, UserChange,
};

use crate::audit::knowledge::{Holding, Knowledge, Known, NEVER, kind_of_users};
use crate::audit::possible_accounts::{Assumption, entry_of};
use crate::audit::view::View;
use crate::audit::{AuditCall, AuditEvent, ShownPart};
use crate::response::{Listing, Response};

/// The number of users of one resource that are known.
const HOLDERS_MAX: usize = 256;

/// A response from which the audit learns.
#[derive(Clone, Copy)]
pub(crate) struct Lesson {
    /// When the request was sent.
    pub(crate) time: i64,
    pub(crate) lag: i64,
    /// When the log begins.
    pub(crate) begin: i64,
    /// Whether the call is a change that succeeded. A read may be stale, even if the last change was made
    /// before the log.
    pub(crate) is_change: bool,
}

impl Lesson {
    /// Whether the response shows the state after the last change.
    ///
    /// What exists may be invisible for a while, even if it was created before the log (F-002,
    /// F-003), and so may a removal (F-004). A change that succeeded shows what exists.
    fn is_reliable(self, changed: i64) -> bool {
        self.time.saturating_sub(changed) >= self.lag || self.is_change && changed <= self.begin
    }
}

impl Knowledge {
    /// Adds the event to what is shown of its users and resources.
    pub(crate) fn record(&mut self, event: &Rc<AuditEvent>) {
        self.latest = self.latest.max(event.end);
        for operation in event.operations() {
            for user in users_of(operation) {
                self.user_mut(user).recent.add(event);
            }
            for resource in resources_of(operation) {
                self.resource_mut(resource).recent.add(event);
            }
        }
        // The first listing that shows something is often the only event about it.
        let Response::Success(Some(listing)) = &event.response else { return };
        for (entity, _) in &listing.items {
            match *entity {
                Entity::User(user) => self.user_mut(user).recent.add_if_first(event),
                Entity::Resource(resource) => {
                    self.resource_mut(resource).recent.add_if_first(event);
                }
                _ => {}
            }
        }
    }

    /// Learns that an assumption is true or false, if it was unknown for longer than the lag.
    pub(crate) fn learn_fact(&mut self, it: Assumption, value: bool, lesson: Lesson) {
        let may_learn =
            |known: &Known<bool>| known.value.is_none() && lesson.is_reliable(known.changed);
        let begin = self.begin;
        let set = |known: &mut Known<bool>| {
            if may_learn(known) {
                known.value = Some(value);
            }
        };
        match it {
            Assumption::User(user) => set(&mut self.user_mut(user).exists),
            Assumption::Resource(resource) => set(&mut self.resource_mut(resource).exists),
            Assumption::Held(user, kind, item) => {
                self.add_holder(user, kind, item);
                let known = self.user_mut(user);
                let changed = known.exists.changed.max(begin);
                let holding = known.held.entry((kind, item)).or_insert(Holding::unknown(changed));
                set(&mut holding.held);
            }
            Assumption::Entry(resource, part, item) => {
                self.add_group(resource, part, item);
                let known = self.resource_mut(resource);
                let changed = known.exists.changed.max(begin);
                set(known.entries.entry((part, item)).or_insert(Known::unknown(changed)));
            }
            Assumption::IsDefault(resource, item) if value => {
                let known = &mut self.resource_mut(resource).default;
                if known.value.is_none() && lesson.is_reliable(known.changed) {
                    known.value = Some(item);
                }
            }
            Assumption::HasBoundary(user) if !value => {
                let known = &mut self.user_mut(user).boundary;
                if known.value.is_none() && lesson.is_reliable(known.changed) {
                    known.value = Some(None);
                }
            }
            _ => {}
        }
    }

    /// The time before which changes may be missing: what they removed may be visible for a while.
    fn unknown_until(&self) -> i64 {
        if self.is_complete { NEVER } else { self.begin }
    }

    /// Indexes a user that may hold an item.
    pub(crate) fn add_holder(&mut self, user: User, kind: AttachmentKind, item: Item) {
        match kind.row().refers_to {
            Some(class) => self.add_user_of(Resource { kind: class, item }, kind, user),
            None if kind.row().naming == Naming::Service => {
                _ = self.owners.entry((kind, item)).or_default().insert(user);
            }
            None => {}
        }
    }

    /// Indexes a user of a resource. Of a resource that very many use, only some users are known.
    fn add_user_of(&mut self, resource: Resource, kind: AttachmentKind, user: User) {
        let holders = &mut self.resource_mut(resource).holders;
        if holders.contains(&user) || holders.len() < HOLDERS_MAX {
            holders.insert(user);
            return;
        }
        let mut holders = std::mem::take(holders);
        let key = (kind, resource.item);
        holders.retain(|it| {
            // A user that is not in this part of the knowledge may hold it.
            let Some(known) = self.users.get(it) else { return true };
            known
                .held
                .get(&key)
                .is_some_and(|it| it.held.value != Some(false) || it.held.changed >= self.horizon)
        });
        let is_full = holders.len() >= HOLDERS_MAX;
        let known = self.resource_mut(resource);
        known.holders = holders;
        if is_full {
            known.complete = false;
            known.lacks_holders = true;
        } else {
            known.holders.insert(user);
        }
    }

    /// Indexes a group that may have a policy.
    pub(crate) fn add_group(&mut self, resource: Resource, part: SubResource, item: Item) {
        if let Some(kind) = part.row().refers_to {
            self.resource_mut(Resource { kind, item }).groups.insert(resource.item);
        }
    }

    /// Learns from the listing of a read. `time` is when it was sent.
    pub(crate) fn learn_listing(&mut self, event: &AuditEvent, listing: &Listing, lesson: Lesson) {
        let Some(op) = event.operation().map(Operation::well_formed) else { return };
        let is_whole = event.shown_part == ShownPart::Whole;
        let items = || listing.items.iter().copied();
        match op {
            Operation::List(user, kind) if kind.row().naming != Naming::Single => {
                let listed = items().filter_map(|(it, status)| Some((it.item(kind)?, status)));
                self.learn_items(user, kind, &listed.collect::<Vec<_>>(), is_whole, lesson);
            }
            Operation::Get(user, kind, _) | Operation::ResetSecret(user, kind, _)
                if kind.row().naming != Naming::Single =>
            {
                let listed = items().filter_map(|(it, status)| Some((it.item(kind)?, status)));
                self.learn_items(user, kind, &listed.collect::<Vec<_>>(), false, lesson);
            }
            Operation::GetUser(user) => {
                let kind = AttachmentKind::Tag;
                let listed = items().filter_map(|(it, status)| Some((it.item(kind)?, status)));
                self.learn_items(user, kind, &listed.collect::<Vec<_>>(), true, lesson);
                let path = items().find_map(|(it, _)| match it {
                    Entity::Path(path) => Some(path),
                    _ => None,
                });
                let boundary = items().find_map(|(it, _)| it.item(AttachmentKind::ManagedPolicy));
                if let Some(policy) = boundary {
                    let policy = Resource { kind: ResourceKind::Policy, item: policy };
                    self.resource_mut(policy).bounded.insert(user);
                }
                let known = self.user_mut(user);
                learn_value(&mut known.path, path.unwrap_or_default(), lesson);
                learn_value(&mut known.boundary, boundary, lesson);
            }
            Operation::GetResource(group) if group.kind == ResourceKind::Group => {
                let kind = AttachmentKind::GroupMembership;
                self.learn_holders(kind, group, items().map(|it| it.0), is_whole, lesson);
            }
            Operation::ListHolders(policy) => {
                let kind = AttachmentKind::ManagedPolicy;
                let view = View { knowledge: self, time: lesson.time, lag: lesson.lag };
                let is_attached = |it: &Entity| !view.may_be_bounded(*it, policy);
                let attached: Vec<Entity> = items().map(|it| it.0).filter(is_attached).collect();
                self.learn_holders(kind, policy, attached.into_iter(), false, lesson);
            }
            Operation::GetAccessKeyLastUsed(key) => {
                for user in items().filter_map(|(it, _)| user_of(it)) {
                    let held = Assumption::Held(user, AttachmentKind::AccessKey, key);
                    self.learn_fact(Assumption::User(user), true, lesson);
                    self.learn_fact(held, true, lesson);
                }
            }
            Operation::ListSubResources(resource, part) => {
                let listed: Vec<Item> = items().filter_map(|(it, _)| entry_of(part, it)).collect();
                self.learn_entries((resource, part), &listed, is_whole, lesson);
                self.learn_default(resource, listing, lesson);
            }
            Operation::GetSubResource(resource, _, _) => {
                self.learn_default(resource, listing, lesson);
            }
            _ => {}
        }
    }

    fn learn_items(
        &mut self,
        user: User,
        kind: AttachmentKind,
        listed: &[(Item, Status)],
        is_whole: bool,
        lesson: Lesson,
    ) {
        for (item, status) in listed {
            self.learn_fact(Assumption::Held(user, kind, *item), true, lesson);
            if let Some(class) = kind.row().refers_to {
                let resource = Resource { kind: class, item: *item };
                self.learn_fact(Assumption::Resource(resource), true, lesson);
            }
            if let Some(it) = self.user_mut(user).held.get_mut(&(kind, *item)) {
                learn_value(&mut it.status, *status, lesson);
            }
        }
        let begin = self.unknown_until();
        let known = self.user_mut(user);
        if !is_whole || !lesson.is_reliable(known.exists.changed) {
            return;
        }
        let keys: Vec<Item> = known.held.keys().filter(|it| it.0 == kind).map(|it| it.1).collect();
        known.complete.insert(kind);
        known.partial_until = known.partial_until.max(begin);
        for item in keys.into_iter().filter(|it| !listed.iter().any(|(item, _)| item == it)) {
            self.learn_fact(Assumption::Held(user, kind, item), false, lesson);
        }
    }

    fn learn_holders(
        &mut self,
        kind: AttachmentKind,
        resource: Resource,
        listed: impl Iterator<Item = Entity>,
        is_whole: bool,
        lesson: Lesson,
    ) {
        let listed: Vec<Entity> = listed.collect();
        for entity in &listed {
            match entity {
                Entity::User(user) => {
                    self.learn_fact(Assumption::User(*user), true, lesson);
                    let held = Assumption::Held(*user, kind, resource.item);
                    self.learn_fact(held, true, lesson);
                }
                Entity::Resource(group) if group.kind == ResourceKind::Group => {
                    let part = SubResource::AttachedPolicy;
                    let entry = Assumption::Entry(*group, part, resource.item);
                    self.learn_fact(Assumption::Resource(*group), true, lesson);
                    self.learn_fact(entry, true, lesson);
                }
                _ => {}
            }
        }
        let begin = self.unknown_until();
        let known = self.resource_mut(resource);
        if is_whole && lesson.is_reliable(known.exists.changed) {
            let is_indexed =
                |it: &Entity| user_of(*it).is_none_or(|it| known.holders.contains(&it));
            known.complete = listed.iter().all(is_indexed);
            known.partial_until = known.partial_until.max(begin);
            let holders = known.holders.clone();
            for user in holders.into_iter().filter(|it| !listed.contains(&Entity::User(*it))) {
                let held = Assumption::Held(user, kind, resource.item);
                self.learn_fact(held, false, lesson);
            }
        }
    }

    fn learn_entries(
        &mut self,
        (resource, part): (Resource, SubResource),
        listed: &[Item],
        is_whole: bool,
        lesson: Lesson,
    ) {
        for item in listed {
            self.learn_fact(Assumption::Entry(resource, part, *item), true, lesson);
            if let Some(kind) = part.row().refers_to {
                let resource = Resource { kind, item: *item };
                self.learn_fact(Assumption::Resource(resource), true, lesson);
            }
        }
        let begin = self.unknown_until();
        let known = self.resource_mut(resource);
        if !is_whole || !lesson.is_reliable(known.exists.changed) {
            return;
        }
        known.complete_entries.insert(part);
        known.partial_until = known.partial_until.max(begin);
        let keys: Vec<Item> =
            known.entries.keys().filter(|it| it.0 == part).map(|it| it.1).collect();
        for item in keys.into_iter().filter(|it| !listed.contains(it)) {
            self.learn_fact(Assumption::Entry(resource, part, item), false, lesson);
        }
    }

    fn learn_default(&mut self, policy: Resource, listing: &Listing, lesson: Lesson) {
        let default = listing.items.iter().find_map(|(it, _)| match it {
            Entity::Version { number, default: true } => Some(Item(*number)),
            _ => None,
        });
        if let Some(item) = default {
            self.learn_fact(Assumption::IsDefault(policy, item), true, lesson);
        }
    }

    /// Applies the effects of a successful event.
    pub(crate) fn apply(&mut self, event: &AuditEvent) {
        let time = event.end;
        if let AuditCall::Unknown(user) = &event.call {
            self.forget_all(*user, time);
        }
        if let AuditCall::UnknownTags(user) = &event.call {
            self.forget_items(*user, AttachmentKind::Tag, time);
        }
        for operation in event.operations() {
            if matches!(operation, Operation::Invalid(..)) {
                self.forget_invalid(operation, time);
            } else {
                self.apply_operation(*operation, event, time);
            }
        }
    }

    fn apply_operation(&mut self, op: Operation, event: &AuditEvent, time: i64) {
        match op {
            Operation::CreateUser(user, options) => self.create_user(user, options, time),
            Operation::UpdateUser(user, UserChange { name, path }) => {
                if let Some(path) = path {
                    self.user_mut(user).path = Known::at(path, time);
                }
                match name.filter(|it| *it != user) {
                    Some(name) => self.rename_user(user, name, time),
                    None => self.set_exists(user, true),
                }
            }
            Operation::DeleteUser(user) => self.delete_user(user, time),
            Operation::PutBoundary(user, policy) => {
                self.set_exists(user, true);
                self.user_mut(user).boundary = Known::at(Some(policy), time);
                let policy = Resource { kind: ResourceKind::Policy, item: policy };
                self.set_resource_exists(policy);
                self.resource_mut(policy).bounded.insert(user);
            }
            Operation::DeleteBoundary(user) => {
                self.set_exists(user, true);
                self.user_mut(user).boundary = Known::at(None, time);
            }
            Operation::CreateResource(resource) => self.create_resource(resource, time),
            Operation::RenameResource(resource, name) => {
                let name = name.filter(|it| *it != resource.item);
                match name {
                    Some(name) => self.rename_resource(resource, name, time),
                    None => self.set_resource_exists(resource),
                }
            }
            Operation::DeleteResource(resource) => self.delete_resource(resource, time),
            Operation::Attach(user, kind, item) => {
                self.set_held(user, kind, item, Known::at(true, time), None);
            }
            Operation::Issue(user, kind, AuditCall::UNNAMED_ITEM, _) => {
                self.set_exists(user, true);
                _ = self.user_mut(user).complete.remove(&kind);
            }
            Operation::Issue(user, kind, item, options) => {
                let service = match options {
                    IssueOptions::Service(service) => Some(service),
                    _ => None,
                };
                self.set_held(user, kind, item, Known::at(true, time), service);
            }
            Operation::Detach(user, kind, item) => {
                self.set_held(user, kind, item, Known::at(false, time), None);
            }
            Operation::SetStatus(user, kind, item, status) => {
                if let Some(it) = self.user_mut(user).held.get_mut(&(kind, item)) {
                    it.status = Known::at(status, time);
                }
            }
            Operation::AddSubResource(policy, SubResource::Version, version) => {
                self.add_version(policy, version, event, time);
            }
            Operation::AddSubResource(resource, part, item) => {
                self.set_entry((resource, part, item), Known::at(true, time));
            }
            Operation::RemoveSubResource(resource, part, item) => {
                self.set_entry((resource, part, item), Known::at(false, time));
            }
            Operation::SetDefault(policy, _, version) => {
                self.resource_mut(policy).default = Known::at(version, time);
            }
            _ => {}
        }
    }

    /// A success shows that the user existed before: it is not a change.
    fn set_exists(&mut self, user: User, exists: bool) {
        self.user_mut(user).exists.value = Some(exists);
    }

    fn set_resource_exists(&mut self, resource: Resource) {
        self.resource_mut(resource).exists.value = Some(true);
    }

    fn create_user(&mut self, user: User, options: CreateUserOptions, time: i64) {
        let known = self.user_mut(user);
        if known.exists.value.is_none() {
            known.partial_until = known.partial_until.max(known.exists.changed);
        }
        known.exists = Known::at(true, time);
        known.path = Known::at(options.path, time);
        known.boundary = Known::at(options.boundary, time);
        known.complete = AttachmentKind::all().collect();
        known.held.retain(|_, it| it.held.changed > i64::MIN / 4);
        for holding in known.held.values_mut() {
            holding.held.value = Some(false);
        }
        if let Some(policy) = options.boundary {
            let policy = Resource { kind: ResourceKind::Policy, item: policy };
            self.set_resource_exists(policy);
            self.resource_mut(policy).bounded.insert(user);
        }
        if let Some(tag) = options.tag {
            self.set_held(user, AttachmentKind::Tag, tag, Known::at(true, time), None);
        }
    }

    fn delete_user(&mut self, user: User, time: i64) {
        let known = self.user_mut(user);
        known.exists = Known::at(false, time);
        known.boundary = Known::at(None, time);
        let every: BTreeSet<AttachmentKind> = AttachmentKind::all().collect();
        if known.complete != every {
            known.partial_until = time;
        }
        known.complete = every;
        for holding in known.held.values_mut().filter(|it| it.held.value != Some(false)) {
            holding.held = Known::at(false, time);
        }
        known.recent.keep_last();
    }

    fn create_resource(&mut self, resource: Resource, time: i64) {
        let known = self.resource_mut(resource);
        if known.exists.value.is_none() {
            known.partial_until = known.partial_until.max(known.exists.changed);
        }
        known.exists = Known::at(true, time);
        known.complete = true;
        known.complete_entries = SubResource::all().collect();
        for entry in known.entries.values_mut() {
            entry.value = Some(false);
        }
        if resource.kind == ResourceKind::Policy {
            known.entries.insert((SubResource::Version, Item(1)), Known::at(true, time));
            known.default = Known::at(Item(1), time);
            known.last_version = Some(1);
        }
    }

    fn delete_resource(&mut self, resource: Resource, time: i64) {
        let known = self.resource_mut(resource);
        known.exists = Known::at(false, time);
        let every: BTreeSet<SubResource> = SubResource::all().collect();
        if !known.complete || known.complete_entries != every {
            known.partial_until = time;
        }
        known.complete = true;
        known.complete_entries = every;
        for entry in known.entries.values_mut().filter(|it| it.value != Some(false)) {
            *entry = Known::at(false, time);
        }
        known.default = Known::unknown(time);
        known.recent.keep_last();
        self.set_uses(resource, Known::at(false, time));
    }

    /// Sets for every user and group that uses or may use a resource that it does not, or that this is
    /// unknown.
    pub(crate) fn set_uses(&mut self, resource: Resource, used: Known<bool>) {
        let holders = self.possible_holders(resource);
        let known = self.resource_mut(resource);
        let (groups, bounded) = (known.groups.clone(), known.bounded.clone());
        let set = |known: &mut Known<bool>| {
            if (known.value, used.value) != (Some(false), Some(false)) {
                *known = used;
            }
        };
        let kind = kind_of_users(resource.kind);
        for user in holders {
            let key = kind.map(|kind| (kind, resource.item));
            if let Some(it) = key.and_then(|key| self.user_mut(user).held.get_mut(&key)) {
                set(&mut it.held);
            }
        }
        for item in groups {
            let group = Resource { kind: ResourceKind::Group, item };
            let key = (SubResource::AttachedPolicy, resource.item);
            if let Some(it) = self.resource_mut(group).entries.get_mut(&key) {
                set(it);
            }
        }
        for user in bounded {
            let boundary = &mut self.user_mut(user).boundary;
            if boundary.value == Some(Some(resource.item)) {
                *boundary = Known { value: used.value.map(|_| None), changed: used.changed };
            }
        }
    }

    fn set_held(
        &mut self,
        user: User,
        kind: AttachmentKind,
        item: Item,
        held: Known<bool>,
        service: Option<Service>,
    ) {
        self.set_exists(user, true);
        self.add_holder(user, kind, item);
        if let Some(class) = kind.row().refers_to {
            self.set_resource_exists(Resource { kind: class, item });
        }
        let known = self.user_mut(user);
        let before = known.held.get(&(kind, item)).copied();
        // Attaching an attached item again changes nothing, also not its status.
        let is_same = before.is_some_and(|it| it.held.value == held.value);
        let status = before
            .filter(|_| is_same || held.value == Some(false))
            .map_or(Known::at(Status::Active, held.changed), |it| it.status);
        let service = service.or(before.and_then(|it| it.service));
        let held = before.filter(|_| is_same).map_or(held, |it| it.held);
        known.held.insert((kind, item), Holding { held, status, service });
    }

    fn set_entry(
        &mut self,
        (resource, part, item): (Resource, SubResource, Item),
        entry: Known<bool>,
    ) {
        self.set_resource_exists(resource);
        self.add_group(resource, part, item);
        if let Some(kind) = part.row().refers_to {
            self.set_resource_exists(Resource { kind, item });
        }
        self.resource_mut(resource).entries.insert((part, item), entry);
    }

    /// The service numbers a new version: the response shows the number, or `version` is it, unless it is 0.
    /// Without the number, the versions become unknown.
    fn add_version(&mut self, policy: Resource, version: Item, event: &AuditEvent, time: i64) {
        let shown = match &event.response {
            Response::Success(Some(listing)) => {
                listing.items.iter().find_map(|(it, _)| entry_of(SubResource::Version, *it))
            }
            _ => None,
        };
        self.set_resource_exists(policy);
        let known = self.resource_mut(policy);
        let named = Some(version.0).filter(|it| *it > 0);
        let next = || known.last_version.map(|it| it + 1);
        let number = shown.map(|it| it.0).or(named).or_else(next);
        known.last_version = number;
        match number {
            Some(number) => {
                let key = (SubResource::Version, Item(number));
                _ = known.entries.insert(key, Known::at(true, time));
            }
            None => _ = known.complete_entries.remove(&SubResource::Version),
        }
    }

    /// Moves what is known about a user to its new name. Nothing is known of its tags and its
    /// permissions boundary: no evidence says that they stay.
    fn rename_user(&mut self, user: User, name: User, time: i64) {
        self.last_rename = self.last_rename.max(time);
        let mut moved = self.user_mut(user).clone();
        moved.exists = Known::at(true, time);
        moved.partial_until = moved.partial_until.max(self.user_mut(name).partial_until);
        moved.boundary = Known::unknown(time);
        moved.complete.remove(&AttachmentKind::Tag);
        moved.held.retain(|(kind, _), _| *kind != AttachmentKind::Tag);
        for ((kind, item), holding) in &mut moved.held {
            holding.held.changed = time;
            if holding.held.value != Some(false) {
                match kind.row().refers_to {
                    Some(class) => {
                        let resource = Resource { kind: class, item: *item };
                        self.add_user_of(resource, *kind, name);
                    }
                    None => _ = self.owners.entry((*kind, *item)).or_default().insert(name),
                }
            }
        }
        let bounded = self.resources.values_mut().filter(|it| it.bounded.contains(&user));
        for policy in bounded {
            policy.bounded.insert(name);
        }
        let before = self.user_mut(name).held.clone();
        for (key, holding) in before.into_iter().filter(|(key, _)| moved.complete.contains(&key.0))
        {
            // A user that had this name before may be visible for a while. Of a kind whose items are not all
            // known, the renamed user may hold the item.
            moved.held.entry(key).or_insert(holding);
        }
        self.users.insert(name, moved);
        self.delete_user(user, time);
    }

    fn rename_resource(&mut self, resource: Resource, name: Item, time: i64) {
        let renamed = Resource { item: name, ..resource };
        self.last_rename = self.last_rename.max(time);
        let mut moved = self.resource_mut(resource).clone();
        moved.exists = Known::at(true, time);
        let before = self.resource_mut(renamed).clone();
        let kind = kind_of_users(resource.kind);
        // A user holds what it held under the old name, whatever is known of another resource that had
        // the new name.
        moved.partial_until = moved.partial_until.max(before.partial_until);
        moved.holders.extend(before.holders);
        let holders = [resource, renamed].map(|it| self.possible_holders(it));
        moved.lacks_holders |= before.lacks_holders;
        for user in holders.iter().flatten() {
            let Some(kind) = kind else { continue };
            let known = self.user_mut(*user);
            let entry = known.held.get(&(kind, resource.item)).copied();
            let is_absent = known.complete.contains(&kind) || moved.complete;
            let held = entry.map_or(is_absent.then_some(false), |it| it.held.value);
            let held = Known { value: held, changed: time };
            let status = entry.map_or(Known::unknown(time), |it| it.status);
            let service = entry.and_then(|it| it.service);
            known.held.insert((kind, name), Holding { held, status, service });
        }
        for ((part, item), entry) in &mut moved.entries {
            entry.changed = time;
            if let Some(kind) = part.row().refers_to {
                let policy = Resource { kind, item: *item };
                self.resources.entry(policy).and_modify(|it| _ = it.groups.insert(name));
            }
        }
        for key in before.entries.into_keys() {
            let absent = moved.complete_entries.contains(&key.0).then_some(false);
            moved.entries.entry(key).or_insert(Known { value: absent, changed: time });
        }
        self.resources.insert(renamed, moved);
        self.delete_resource(resource, time);
    }
}

fn learn_value<T>(known: &mut Known<T>, value: T, lesson: Lesson) {
    if known.value.is_none() && lesson.is_reliable(known.changed) {
        known.value = Some(value);
    }
}

const fn user_of(entity: Entity) -> Option<User> {
    match entity {
        Entity::User(user) => Some(user),
        _ => None,
    }
}

/// The users that an operation names.
pub(crate) fn users_of(op: &Operation) -> Vec<User> {
    let new_name = match op.well_formed() {
        Operation::UpdateUser(_, UserChange { name, .. }) => name,
        _ => None,
    };
    let mut users: Vec<User> = op.user().into_iter().chain(new_name).collect();
    users.dedup();
    users
}

/// The resources that an operation names.
pub(crate) fn resources_of(op: &Operation) -> Vec<Resource> {
    let renamed = match op.well_formed() {
        Operation::RenameResource(resource, Some(item)) => Some(Resource { item, ..resource }),
        _ => None,
    };
    let mut resources: Vec<Resource> =
        [op.resource(), renamed, op.referenced_policy()].into_iter().flatten().collect();
    resources.dedup();
    resources
}

/// The path of a user in a listing, for [`ShownPart::Paths`].
pub(crate) fn learn_paths(knowledge: &mut Knowledge, paths: &[(User, Path)], lesson: Lesson) {
    for (user, path) in paths {
        knowledge.learn_fact(Assumption::User(*user), true, lesson);
        learn_value(&mut knowledge.user_mut(*user).path, *path, lesson);
    }
}
