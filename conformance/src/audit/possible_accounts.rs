//! The possible accounts for one event: all that agree with the knowledge and differ for the
//! operation.
//!
//! An account contains only what the operation depends on. Each unknown fact that decides whether
//! the call succeeds is assumed to be true or false. For the facts that say what exists, all
//! combinations are tried. Of the other facts, at most two are assumed to be true at a time,
//! because a refusal names one reason. An unknown entry of a listing is assumed to be as the
//! response shows it: nothing else explains it.

use std::collections::{BTreeMap, BTreeSet};

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, CreateUserOptions, Entity, IssueOptions, Item, Operation, Resource,
    ResourceKind, Service, Status, SubResource, User, UserChange, apply,
};

use crate::audit::knowledge::{Holding, has_one_holder, kind_of_users};
use crate::audit::view::View;
use crate::response::Listing;
use crate::script::corpus::attach;

/// Symbols for what no event names.
const OTHER_USER: User = User(0x00ff_fff0);
const OTHER_ITEM: Item = Item(0x00ff_0000);

/// The largest number of a version that is modeled.
const VERSION_MAX: u32 = 1000;

/// An unknown fact about the account that a possible account assumes to be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assumption {
    User(User),
    Resource(Resource),
    /// The user holds the named item.
    Held(User, AttachmentKind, Item),
    /// The user holds another item of this kind.
    HoldsAnother(User, AttachmentKind),
    /// The user holds as many items of this kind as the quota allows.
    HoldsMost(User, AttachmentKind),
    /// Another user holds the item.
    HeldByOther(AttachmentKind, Item),
    /// The user has a permissions boundary.
    HasBoundary(User),
    /// The policy is the permissions boundary of another user.
    BoundsOther(Resource),
    /// The resource has this sub-resource.
    Entry(Resource, SubResource, Item),
    /// The resource has another sub-resource of this kind.
    AnotherEntry(Resource, SubResource),
    /// The resource has as many sub-resources of this kind as the quota allows.
    MostEntries(Resource, SubResource),
    /// This version is the default.
    IsDefault(Resource, Item),
}

/// An account that agrees with the knowledge, and the assumptions that are true in it.
pub(crate) struct PossibleAccount {
    pub(crate) account: Account,
    pub(crate) assumptions: Vec<Assumption>,
}

/// An operation, the listing in its response, and what is known.
pub(crate) struct Question<'a> {
    pub(crate) view: View<'a>,
    pub(crate) op: Operation,
    pub(crate) listing: Option<&'a Listing>,
    /// Whether the listing has only some of the entries.
    pub(crate) is_part: bool,
    /// Whether `DeleteUser` is refused with a message that is not recorded for it.
    pub(crate) has_other_message: bool,
}

impl Question<'_> {
    /// Every possible account.
    pub(crate) fn possible_accounts(&self) -> Vec<PossibleAccount> {
        let (existence, details) = (self.unknown_existence(), self.unknown_details());
        let mut up_to_two: Vec<Vec<Assumption>> = vec![Vec::new()];
        for (index, one) in details.iter().enumerate() {
            up_to_two.push(vec![*one]);
            up_to_two.extend(details.iter().skip(index + 1).map(|other| vec![*one, *other]));
        }
        let subsets = (0..1_usize << existence.len()).map(|subset| {
            let chosen = existence.iter().enumerate().filter(|(index, _)| subset >> index & 1 == 1);
            chosen.map(|(_, it)| *it).collect::<Vec<Assumption>>()
        });
        let combinations = subsets.flat_map(|subset| {
            up_to_two.iter().map(move |details| {
                subset.iter().chain(details).copied().collect::<Vec<Assumption>>()
            })
        });
        let possible = |assumptions: Vec<Assumption>| {
            Some(PossibleAccount { account: self.account(&assumptions)?, assumptions })
        };
        combinations.filter_map(possible).collect()
    }

    /// Every unknown fact that an account may assume.
    pub(crate) fn unknown(&self) -> Vec<Assumption> {
        let mut unknown = self.unknown_existence();
        unknown.extend(self.unknown_details());
        unknown
    }

    /// The users that the operation names.
    fn named_users(&self) -> Vec<User> {
        let new_name = match self.op.well_formed() {
            Operation::UpdateUser(_, UserChange { name, .. }) => name,
            _ => None,
        };
        let mut users: Vec<User> = self.op.user().into_iter().chain(new_name).collect();
        users.dedup();
        users
    }

    /// The resources that the operation names.
    fn named_resources(&self) -> Vec<Resource> {
        let renamed = match self.op.well_formed() {
            Operation::RenameResource(resource, Some(item)) => Some(Resource { item, ..resource }),
            _ => None,
        };
        let mut resources: Vec<Resource> =
            [self.op.resource(), renamed, self.op.referenced_policy()]
                .into_iter()
                .flatten()
                .collect();
        resources.dedup();
        resources
    }

    fn unknown_existence(&self) -> Vec<Assumption> {
        let users = self.named_users().into_iter();
        let users = users.filter(|it| self.view.user_exists(*it).is_none()).map(Assumption::User);
        let resources = self.named_resources().into_iter();
        let resources = resources.filter(|it| self.view.resource_exists(*it).is_none());
        users.chain(resources.map(Assumption::Resource)).collect()
    }

    /// The unknown facts other than existence on which a refusal may depend.
    fn unknown_details(&self) -> Vec<Assumption> {
        let mut unknown = Vec::new();
        match self.op.well_formed() {
            Operation::DeleteUser(user) => {
                let is_open = |kind: &AttachmentKind| self.may_hold_another(user, *kind);
                let kinds = AttachmentKind::blockers().filter(is_open);
                unknown.extend(kinds.map(|kind| Assumption::HoldsAnother(user, kind)));
            }
            Operation::DeleteBoundary(user) if self.view.boundary(user).is_none() => {
                unknown.push(Assumption::HasBoundary(user));
            }
            Operation::DeleteResource(resource) => self.unknown_uses(resource, &mut unknown),
            _ => {}
        }
        self.unknown_attachments(&mut unknown);
        self.unknown_entries(&mut unknown);
        unknown
    }

    /// Whether the user may hold items of the kind that are not known.
    fn may_hold_another(&self, user: User, kind: AttachmentKind) -> bool {
        if kind.row().naming == Naming::Single {
            return self.view.holds(user, kind, Item::default()).is_none();
        }
        !self.view.has_every(user, kind)
            || self.view.holdings(user, kind).any(|(_, it)| self.view.is_held(it).is_none())
    }

    fn has_item_of_unknown_service(&self, user: User, kind: AttachmentKind) -> bool {
        kind.row().per_service && self.view.holdings(user, kind).any(|(_, it)| it.service.is_none())
    }

    fn unknown_uses(&self, resource: Resource, unknown: &mut Vec<Assumption>) {
        let Some(kind) = kind_of_users(resource.kind) else { return };
        let knowledge = self.view.knowledge;
        let has_roles = knowledge.roles_use_any || knowledge.used_by_roles.contains(&resource);
        let is_open = has_roles || !self.view.has_every_user_of(resource);
        let may_be_held =
            self.view.holders(kind, resource.item).iter().any(|(_, held)| held.is_none());
        let part = SubResource::AttachedPolicy;
        let may_be_attached = self
            .groups_with(resource)
            .iter()
            .any(|group| self.view.has_entry(*group, part, resource.item).is_none());
        if is_open || may_be_held || may_be_attached {
            unknown.push(Assumption::HeldByOther(kind, resource.item));
        }
        if resource.kind == ResourceKind::Policy {
            let is_bounded = self.view.resource(resource).into_iter().flat_map(|it| &it.bounded);
            let may_bound = is_bounded.clone().any(|user| self.view.boundary(*user).is_none());
            if is_open || may_bound {
                unknown.push(Assumption::BoundsOther(resource));
            }
        }
        for part in SubResource::all().filter(|it| it.row().resource == resource.kind) {
            if self.may_have_another_entry(resource, part) {
                unknown.push(Assumption::AnotherEntry(resource, part));
            }
        }
    }

    fn may_have_another_entry(&self, resource: Resource, part: SubResource) -> bool {
        !self.view.has_every_entry(resource, part)
            || self.view.entries(resource, part).any(|(_, has)| has.is_none())
    }

    fn groups_with(&self, policy: Resource) -> Vec<Resource> {
        let groups = self.view.resource(policy).into_iter().flat_map(|it| &it.groups);
        groups.map(|item| Resource { kind: ResourceKind::Group, item: *item }).collect()
    }

    fn unknown_attachments(&self, unknown: &mut Vec<Assumption>) {
        let op = self.op.well_formed();
        let Some(kind) = op.kind() else { return };
        let item = op.item().unwrap_or_default();
        let issues = matches!(op, Operation::Issue(..));
        let is_list = matches!(op, Operation::List(..)) && kind.row().naming != Naming::Single;
        if let Some(user) = op.user() {
            if !issues && !is_list && self.view.holds(user, kind, item).is_none() {
                unknown.push(Assumption::Held(user, kind, item));
            }
            if matches!(op, Operation::Attach(..) | Operation::Issue(..))
                && kind.row().naming != Naming::Single
                && (self.may_hold_another(user, kind)
                    || self.has_item_of_unknown_service(user, kind))
            {
                unknown.push(Assumption::HoldsMost(user, kind));
            }
        }
        if !has_one_holder(kind) || issues || is_list {
            return;
        }
        let others = self.view.holders(kind, item);
        let may_be_other =
            others.iter().any(|(user, held)| Some(*user) != op.user() && held.is_none());
        let has_every = if let Some(resource) = op.resource() {
            self.view.has_every_user_of(resource)
        } else {
            // That a user does not hold an item does not show that nobody else does.
            let knowledge = self.view.knowledge;
            let is_known = || knowledge.users.values().all(|it| it.complete.contains(&kind));
            knowledge.is_complete && !knowledge.lacks_partial_users && is_known()
                || others.iter().any(|it| it.1 == Some(true))
        };
        if may_be_other || !has_every {
            unknown.push(Assumption::HeldByOther(kind, item));
        }
    }

    fn unknown_entries(&self, unknown: &mut Vec<Assumption>) {
        let op = self.op.well_formed();
        let Some((resource, part)) = op.sub_resource() else { return };
        let adds = matches!(op, Operation::AddSubResource(..));
        if adds && self.may_have_another_entry(resource, part) {
            unknown.push(Assumption::MostEntries(resource, part));
        }
        let is_new = adds && part == SubResource::Version;
        let Some(item) = op.entry().filter(|_| !is_new) else { return };
        if self.view.has_entry(resource, part, item).is_none() {
            unknown.push(Assumption::Entry(resource, part, item));
        }
        if part == SubResource::Version && self.view.default_version(resource).is_none() {
            unknown.push(Assumption::IsDefault(resource, item));
        }
    }

    /// The account with these assumptions. Returns `None` if they contradict each other or the
    /// knowledge.
    fn account(&self, yes: &[Assumption]) -> Option<Account> {
        let mut account = Account::default();
        for resource in self.named_resources() {
            let assumed = || yes.contains(&Assumption::Resource(resource));
            if self.view.resource_exists(resource).unwrap_or_else(assumed) {
                apply(&mut account, &Operation::CreateResource(resource));
            }
        }
        for user in self.named_users() {
            let assumed = || yes.contains(&Assumption::User(user));
            if self.view.user_exists(user).unwrap_or_else(assumed) {
                self.add_user(&mut account, user);
            }
        }
        let subject = self.op.user();
        if let Some(user) = subject.filter(|it| account.has_user(*it)) {
            self.add_holdings(&mut account, user, yes)?;
        }
        let is_about_subject = |it: &Assumption| {
            matches!(it, Assumption::Held(user, ..) | Assumption::HoldsAnother(user, _)
                | Assumption::HoldsMost(user, _) | Assumption::HasBoundary(user)
                if !account.has_user(*user))
        };
        if yes.iter().any(is_about_subject) {
            return None;
        }
        self.add_holders(&mut account, yes)?;
        self.add_entries(&mut account, yes)?;
        Some(account)
    }

    /// Adds a user with its path and its permissions boundary.
    fn add_user(&self, account: &mut Account, user: User) {
        let shows_details = matches!(self.op.well_formed(), Operation::GetUser(_));
        let entities = || {
            let items = self.listing.into_iter().flat_map(|it| &it.items);
            items.map(|(entity, _)| *entity).filter(|_| shows_details)
        };
        // With another path, AWS carries it out (C-068). With the same one, nothing is known.
        let unchanged_path = || match self.op.well_formed() {
            Operation::UpdateUser(old, UserChange { name: Some(new), path }) if old == new => path,
            _ => None,
        };
        let listed_path = || {
            entities().find_map(|it| match it {
                Entity::Path(path) => Some(path),
                _ => None,
            })
        };
        let listed_boundary = || entities().find_map(|it| it.item(AttachmentKind::ManagedPolicy));
        let options = CreateUserOptions {
            path: self
                .view
                .path(user)
                .unwrap_or_else(|| listed_path().or_else(unchanged_path).unwrap_or_default()),
            boundary: self.view.boundary(user).unwrap_or_else(listed_boundary),
            tag: None,
        };
        apply(account, &Operation::CreateUser(user, options));
    }

    /// The kinds that the operation depends on.
    fn relevant_kinds(&self) -> Vec<AttachmentKind> {
        match self.op.well_formed() {
            Operation::DeleteUser(_) => AttachmentKind::all().collect(),
            Operation::GetUser(_) => vec![AttachmentKind::Tag],
            op => op.kind().into_iter().collect(),
        }
    }

    /// The status of an entry in the listing, or `None` if the listing does not have it.
    fn listed(&self, entity: Entity) -> Option<Status> {
        let items = &self.listing?.items;
        items.iter().find(|(it, _)| *it == entity).map(|(_, status)| *status)
    }

    /// Whether an entry is in the account: as it is known, or else as the response shows it.
    fn is_shown(&self, known: Option<bool>, entity: Entity) -> bool {
        match known {
            Some(true) if self.is_part && self.listing.is_some() => self.listed(entity).is_some(),
            Some(known) => known,
            None => self.listed(entity).is_some(),
        }
    }

    /// Adds what the subject holds. Returns `None` if the assumptions contradict the knowledge.
    fn add_holdings(&self, account: &mut Account, user: User, yes: &[Assumption]) -> Option<()> {
        let op = self.op.well_formed();
        if yes.contains(&Assumption::HasBoundary(user)) {
            apply(account, &Operation::PutBoundary(user, OTHER_ITEM));
        }
        for kind in self.relevant_kinds() {
            let lists = matches!(op, Operation::List(..) | Operation::GetUser(_))
                && kind.row().naming != Naming::Single;
            let mut items: BTreeMap<Item, Option<&Holding>> =
                self.view.holdings(user, kind).map(|(item, it)| (item, Some(it))).collect();
            let named = op.item().filter(|_| op.kind() == Some(kind) && !lists);
            let named = named.or((kind.row().naming == Naming::Single).then_some(Item(0)));
            items.extend(named.filter(|it| !items.contains_key(it)).map(|it| (it, None)));
            if lists && !self.view.has_every(user, kind) {
                let listed = self.listing.into_iter().flat_map(|it| &it.items);
                let listed = listed.filter_map(|(it, _)| it.item(kind));
                let listed: Vec<Item> = listed.filter(|it| !items.contains_key(it)).collect();
                items.extend(listed.into_iter().map(|it| (it, None)));
            }
            let names_no_service =
                kind.row().per_service && matches!(op, Operation::Issue(.., IssueOptions::None));
            for (item, holding) in items {
                // The quota counts per service, or the characters of documents. If they are unknown,
                // nothing fills it.
                let is_other = Some(item) != op.item();
                let is_sized = kind.row().quota.each > 1 && matches!(op, Operation::Attach(..));
                if names_no_service || is_other && is_sized {
                    continue;
                }
                let known = self.view.holds(user, kind, item);
                let held = if lists {
                    self.is_shown(known, Entity::of(kind, item))
                } else {
                    known.unwrap_or_else(|| yes.contains(&Assumption::Held(user, kind, item)))
                };
                if held {
                    self.add_item(account, (user, kind, item), holding)?;
                }
            }
            if yes.contains(&Assumption::HoldsAnother(user, kind)) {
                let single = kind.row().naming == Naming::Single;
                let item = if single { Item(0) } else { OTHER_ITEM };
                self.add_item(account, (user, kind, item), None)?;
            }
            if yes.contains(&Assumption::HoldsMost(user, kind)) {
                self.fill(account, user, kind);
            }
        }
        Some(())
    }

    /// Adds items until the quota is reached.
    fn fill(&self, account: &mut Account, user: User, kind: AttachmentKind) {
        let service = match self.op.well_formed() {
            Operation::Issue(.., IssueOptions::Service(service)) => service,
            _ => Service(0),
        };
        let quota = kind.row().quota;
        let most = u32::try_from(quota.max / quota.each.max(1)).unwrap_or_default().min(100);
        for index in 0..most {
            apply(account, &attach(user, kind, Item(OTHER_ITEM.0 + 1 + index), service));
        }
    }

    /// Attaches an item, with its status and the resource that it refers to. Returns `None` if that
    /// resource is named by the operation and does not exist.
    fn add_item(
        &self,
        account: &mut Account,
        (user, kind, item): (User, AttachmentKind, Item),
        holding: Option<&Holding>,
    ) -> Option<()> {
        let resource = kind.row().refers_to.map(|class| Resource { kind: class, item });
        if let Some(resource) = resource.filter(|it| !account.has_resource(*it)) {
            if self.named_resources().contains(&resource) {
                return None;
            }
            apply(account, &Operation::CreateResource(resource));
        }
        let service = holding.and_then(|it| it.service);
        // The quota counts per service. An item of an unknown service must not fill it.
        let other = Service(u8::MAX);
        let service = service.unwrap_or(if kind.row().per_service { other } else { Service(0) });
        apply(account, &attach(user, kind, item, service));
        let known = holding.and_then(|it| self.view.status(it));
        let shown = self.listed(Entity::of(kind, item));
        // A rule about inactive items is never stronger than the one about active items. An item that no
        // event names does not explain the message of another rule.
        let is_free = holding.is_some() || self.has_other_message;
        let default =
            if is_free && kind.row().has_status && matches!(self.op, Operation::DeleteUser(_)) {
                Status::Inactive
            } else {
                Status::Active
            };
        let status = known.or(shown).filter(|_| kind.row().has_status).unwrap_or(default);
        if status == Status::Inactive {
            apply(account, &Operation::SetStatus(user, kind, item, status));
        }
        Some(())
    }

    /// Adds the other users that hold what the operation names.
    fn add_holders(&self, account: &mut Account, yes: &[Assumption]) -> Option<()> {
        let op = self.op.well_formed();
        let resource = op.resource();
        let of_resource = resource.and_then(|it| kind_of_users(it.kind));
        let Some(kind) = of_resource.or(op.kind()) else { return Some(()) };
        let lists_or_deletes = matches!(
            op,
            Operation::GetResource(_)
                | Operation::ListHolders(_)
                | Operation::GetAccessKeyLastUsed(_)
                | Operation::DeleteResource(_)
        );
        if !lists_or_deletes && !has_one_holder(kind) {
            return Some(());
        }
        let item = resource.map(|it| it.item).or(op.item()).unwrap_or_default();
        let lists = matches!(
            op,
            Operation::GetResource(_)
                | Operation::ListHolders(_)
                | Operation::GetAccessKeyLastUsed(_)
        );
        let mut holders: BTreeMap<User, Option<bool>> =
            self.view.holders(kind, item).into_iter().collect();
        if lists {
            let listed = self.listing.into_iter().flat_map(|it| &it.items);
            let listed = listed.filter_map(|(entity, _)| match entity {
                Entity::User(user) => Some(*user),
                _ => None,
            });
            for user in listed.filter(|it| self.view.user_exists(*it) != Some(false)) {
                let is_absent = || resource.is_some_and(|it| self.view.has_every_user_of(it));
                let known = || {
                    let held = self.view.holds(user, kind, item);
                    held.or_else(|| is_absent().then_some(false))
                };
                holders.entry(user).or_insert_with(known);
            }
        }
        let assumed = yes.contains(&Assumption::HeldByOther(kind, item)).then_some(OTHER_USER);
        let is_held = |(user, known): (User, Option<bool>)| {
            let held =
                if lists { self.is_shown(known, Entity::User(user)) } else { known == Some(true) };
            (held && Some(user) != op.user()).then_some(user)
        };
        for user in holders.into_iter().filter_map(is_held).chain(assumed) {
            if resource.is_some_and(|it| !account.has_resource(it)) {
                return None;
            }
            apply(account, &Operation::create_user(user));
            apply(account, &attach(user, kind, item, Service(0)));
        }
        let Some(policy) = resource.filter(|it| it.kind == ResourceKind::Policy) else {
            return Some(());
        };
        self.add_groups(account, policy, lists)?;
        let bounded = self.view.resource(policy).into_iter().flat_map(|it| &it.bounded);
        let is_bounded = |user: &&User| self.view.boundary(**user) == Some(Some(policy.item));
        let assumed = yes.contains(&Assumption::BoundsOther(policy)).then_some(OTHER_USER);
        for user in bounded.filter(is_bounded).copied().chain(assumed) {
            apply(account, &Operation::create_user(user));
            apply(account, &Operation::PutBoundary(user, policy.item));
        }
        Some(())
    }

    /// Adds the groups that a policy is attached to.
    fn add_groups(&self, account: &mut Account, policy: Resource, lists: bool) -> Option<()> {
        let part = SubResource::AttachedPolicy;
        let mut groups: BTreeSet<Resource> = self.groups_with(policy).into_iter().collect();
        if lists && !self.view.has_every_user_of(policy) {
            let listed = self.listing.into_iter().flat_map(|it| &it.items);
            groups.extend(listed.filter_map(|(entity, _)| match entity {
                Entity::Resource(group) if group.kind == ResourceKind::Group => Some(*group),
                _ => None,
            }));
        }
        for group in groups.into_iter().filter(|it| self.op.resource() != Some(*it)) {
            let known = self.view.has_entry(group, part, policy.item);
            let has = if lists {
                self.is_shown(known, Entity::Resource(group))
            } else {
                known == Some(true)
            };
            if has {
                if !account.has_resource(policy) {
                    return None;
                }
                apply(account, &Operation::CreateResource(group));
                apply(account, &Operation::AddSubResource(group, part, policy.item));
            }
        }
        Some(())
    }

    /// Adds the sub-resources of the resource that the operation names.
    fn add_entries(&self, account: &mut Account, yes: &[Assumption]) -> Option<()> {
        let op = self.op.well_formed();
        let Some(resource) = op.resource() else { return Some(()) };
        let parts: Vec<SubResource> = match (op.sub_resource(), op) {
            (Some((_, part)), _) => vec![part],
            (None, Operation::DeleteResource(_)) => {
                SubResource::all().filter(|it| it.row().resource == resource.kind).collect()
            }
            _ => return Some(()),
        };
        for part in parts {
            let lists = matches!(op, Operation::ListSubResources(..));
            let mut items: BTreeMap<Item, Option<bool>> =
                self.view.entries(resource, part).collect();
            let adds_version =
                part == SubResource::Version && matches!(op, Operation::AddSubResource(..));
            let named = op.entry().filter(|_| op.sub_resource().is_some() && !adds_version);
            let known = |item: Item| self.view.has_entry(resource, part, item);
            items.extend(named.map(|item| (item, known(item))));
            if lists && !self.view.has_every_entry(resource, part) {
                let listed = self.listing.into_iter().flat_map(|it| &it.items);
                let listed = listed.filter_map(|(entity, _)| entry_of(part, *entity));
                items.extend(listed.map(|item| (item, known(item))).collect::<Vec<_>>());
            }
            let is_there = |(item, known): (Item, Option<bool>)| {
                let assumed = || yes.contains(&Assumption::Entry(resource, part, item));
                let shown = self.listing.into_iter().flat_map(|it| &it.items);
                let is_listed =
                    || shown.clone().any(|(entity, _)| entry_of(part, *entity) == Some(item));
                let there = match known {
                    Some(true) if lists && self.is_part => is_listed(),
                    Some(known) => known,
                    None if lists => is_listed(),
                    None => assumed(),
                };
                there.then_some(item)
            };
            let mut there: BTreeSet<Item> = items.into_iter().filter_map(is_there).collect();
            Self::add_unnamed_entries((resource, part), yes, &mut there);
            if there.is_empty() && part != SubResource::Version {
                continue;
            }
            if !account.has_resource(resource) {
                let may_be_empty = part == SubResource::Version && there.is_empty();
                return may_be_empty.then_some(());
            }
            self.build_entries(account, (resource, part), &there, yes)?;
        }
        Some(())
    }

    fn add_unnamed_entries(
        (resource, part): (Resource, SubResource),
        yes: &[Assumption],
        there: &mut BTreeSet<Item>,
    ) {
        let last = there.last().map_or(1, |it| it.0);
        let unnamed = |index: u32| match part {
            SubResource::Version => Item(last + 1 + index),
            _ => Item(OTHER_ITEM.0 + index),
        };
        if yes.contains(&Assumption::AnotherEntry(resource, part)) {
            // The first version alone does not block anything.
            there.extend([unnamed(0), unnamed(1)]);
        }
        if yes.contains(&Assumption::MostEntries(resource, part)) {
            let most = u32::try_from(part.row().max).unwrap_or_default();
            there.extend((0..most).map(unnamed));
        }
    }

    /// Builds the sub-resources of one kind of a resource that exists.
    fn build_entries(
        &self,
        account: &mut Account,
        (resource, part): (Resource, SubResource),
        there: &BTreeSet<Item>,
        yes: &[Assumption],
    ) -> Option<()> {
        if part != SubResource::Version {
            for item in there {
                let refers_to = part.row().refers_to.map(|kind| Resource { kind, item: *item });
                if let Some(policy) = refers_to.filter(|it| !account.has_resource(*it)) {
                    if self.named_resources().contains(&policy) {
                        return None;
                    }
                    apply(account, &Operation::CreateResource(policy));
                }
                apply(account, &Operation::AddSubResource(resource, part, *item));
            }
            return Some(());
        }
        let shown = || self.listing.into_iter().flat_map(|it| &it.items);
        let new = matches!(self.op.well_formed(), Operation::AddSubResource(..));
        let shown_number = shown().find_map(|(entity, _)| match entity {
            Entity::Version { number, .. } if new => Some(number.saturating_sub(1)),
            _ => None,
        });
        let known_last = self.view.resource(resource).and_then(|it| it.last_version);
        let last = known_last.or(shown_number).unwrap_or(1);
        let last = there.last().map_or(last, |it| it.0.max(last));
        if last > VERSION_MAX {
            return None;
        }
        let shown_default = shown().find_map(|(entity, _)| match entity {
            Entity::Version { number, default: true } => Some(Item(*number)),
            _ => None,
        });
        let assumed = yes.iter().find_map(|it| match it {
            Assumption::IsDefault(of, item) if *of == resource => Some(*item),
            _ => None,
        });
        let named = self.op.entry();
        let other = there.iter().copied().find(|it| Some(*it) != named);
        let default = self.view.default_version(resource).or(assumed).or(shown_default).or(other);
        // A version that is not the default, in a policy whose versions are unknown: another one is.
        let is_beside = |item: Item| there.contains(&item) && !new && default.is_none();
        let unseen_default = named.filter(|it| is_beside(*it)).map(|_| Item(last + 1));
        let default = default.or(unseen_default);
        // The default version exists, also if no event names it as an entry.
        let newest = default.map_or(last, |it| it.0.clamp(last, VERSION_MAX));
        for number in 2..=newest {
            apply(account, &Operation::AddSubResource(resource, part, Item(number)));
        }
        if let Some(default) = default {
            apply(account, &Operation::SetDefault(resource, part, default));
        }
        for item in (1..=newest).map(Item).filter(|it| !there.contains(it)) {
            apply(account, &Operation::RemoveSubResource(resource, part, item));
        }
        Some(())
    }
}

/// The sub-resource that a listing shows as this entity.
pub(crate) fn entry_of(part: SubResource, entity: Entity) -> Option<Item> {
    match (part, entity) {
        (SubResource::Version, Entity::Version { number, .. }) => Some(Item(number)),
        (SubResource::InlinePolicy, it) => it.item(AttachmentKind::InlinePolicy),
        (SubResource::AttachedPolicy, it) => it.item(AttachmentKind::ManagedPolicy),
        (SubResource::Version, _) => None,
    }
}
