//! The states that are possible after a response.
//!
//! After a divergence, several states may be consistent with the response. The oracle keeps all of
//! them, so that it reports each divergence once: a divergence neither hides the next one nor
//! causes further ones.

use iamspec_model::{
    Account, AttachmentKind, Effect, Entity, Expected, IssueOptions, Item, Operation, Path,
    Resource, ResourceKind, Status, SubResource, User, UserChange, apply, possible_states,
};

use crate::response::{Listing, Response};

/// Returns true if the operation is about a deleted user with attachments, or about a deleted
/// resource that is still referenced. Only an earlier divergence leads to such a state, and no fact
/// describes it.
pub(crate) fn is_dangling(account: &Account, op: &Operation) -> bool {
    let user_is_dangling = op
        .user()
        .is_some_and(|it| !account.has_user(it) && account.attachments_of(it).next().is_some());
    user_is_dangling
        || op.resource().is_some_and(|it| !account.has_resource(it) && account.is_in_use(it))
}

/// Returns the possible states after a response. If a read differs from the state before it, both
/// its listing and the state before it may be true.
pub(crate) fn next_states(account: &Account, op: &Operation, observed: &Response) -> Vec<Account> {
    let effect = if matches!(observed, Response::Refused { .. }) {
        Effect::Refused
    } else {
        Effect::Success
    };
    let mut next = possible_states(account, op, effect);
    // A successful creation replaces any remains of a deleted user or resource.
    let creates =
        matches!(op.well_formed(), Operation::CreateUser(..) | Operation::CreateResource(_));
    let is_new = creates && effect == Effect::Success;
    if is_dangling(account, op) && !is_new && !next.contains(account) {
        next.push(account.clone());
    }
    if let (Operation::UpdateUser(user, UserChange { name: Some(name), .. }), Effect::Success) =
        (*op, effect)
        && name != user
    {
        next.extend(next.iter().flat_map(|it| losses_of_rename(it, name)).collect::<Vec<_>>());
    }
    if let Response::Success(Some(listing)) = observed
        && op.is_read()
        && iamspec_model::listing(account, op).map(Listing::of).as_ref() != Some(listing)
    {
        next.insert(0, with_listing(account, op, listing));
    }
    next
}

/// Returns the states in which a renamed user has lost its tags, its permissions boundary, or both.
/// Policies, groups and credentials stay with the user (C-032, C-033); no evidence covers the rest.
fn losses_of_rename(account: &Account, user: User) -> Vec<Account> {
    let mut without_tags = account.clone();
    set_attachments(&mut without_tags, user, AttachmentKind::Tag, &Listing::default());
    let mut without_boundary = account.clone();
    apply(&mut without_boundary, &Operation::DeleteBoundary(user));
    let mut without_both = without_tags.clone();
    apply(&mut without_both, &Operation::DeleteBoundary(user));
    let mut states = vec![without_tags, without_boundary, without_both];
    states.retain(|it| it != account);
    states.dedup();
    states
}

/// Returns the account changed so that it agrees with the listing of a read.
fn with_listing(account: &Account, op: &Operation, listing: &Listing) -> Account {
    let mut after = account.clone();
    let is_listed = |entity: Entity| listing.items.iter().any(|(it, _)| *it == entity);
    match op.well_formed() {
        Operation::List(user, kind) => set_attachments(&mut after, user, kind, listing),
        Operation::GetUser(user) => set_user_details(&mut after, user, listing),
        Operation::ListUsers(Path(0)) | Operation::GetAuthorizationDetails => {
            for user in account.users().filter(|it| !is_listed(Entity::User(*it))) {
                apply(&mut after, &Operation::DeleteUser(user));
            }
        }
        Operation::GetResource(Resource { kind: ResourceKind::Group, item }) => {
            set_holders(&mut after, AttachmentKind::GroupMembership, item, listing);
        }
        Operation::ListHolders(policy) => {
            set_holders(&mut after, AttachmentKind::ManagedPolicy, policy.item, listing);
            let part = SubResource::AttachedPolicy;
            for group in account.resources().filter(|it| it.kind == ResourceKind::Group) {
                let change = if is_listed(Entity::Resource(group)) {
                    Operation::AddSubResource(group, part, policy.item)
                } else {
                    Operation::RemoveSubResource(group, part, policy.item)
                };
                apply(&mut after, &change);
            }
        }
        Operation::ListSubResources(resource, kind) => {
            set_sub_resources(&mut after, resource, kind, listing);
        }
        _ => {}
    }
    after
}

/// Makes the attachments of one kind equal to the listing.
fn set_attachments(account: &mut Account, user: User, kind: AttachmentKind, listing: &Listing) {
    let listed: Vec<(Item, Status)> =
        listing.items.iter().filter_map(|(it, status)| Some((it.item(kind)?, *status))).collect();
    let held: Vec<Item> = account.attachments_of_kind(user, kind).map(|it| it.item).collect();
    for item in held.iter().filter(|it| !listed.iter().any(|(item, _)| item == *it)) {
        apply(account, &Operation::Detach(user, kind, *item));
    }
    for (item, status) in listed {
        if !held.contains(&item) {
            apply(account, &Operation::Issue(user, kind, item, IssueOptions::None));
        }
        apply(account, &Operation::SetStatus(user, kind, item, status));
    }
}

/// Makes the path, the permissions boundary and the tags of a user equal to the listing.
fn set_user_details(account: &mut Account, user: User, listing: &Listing) {
    let entities = || listing.items.iter().map(|(entity, _)| *entity);
    let path =
        entities().find_map(|it| if let Entity::Path(path) = it { Some(path) } else { None });
    let change = UserChange { name: None, path: Some(path.unwrap_or_default()) };
    apply(account, &Operation::UpdateUser(user, change));
    let boundary = entities().find_map(|it| it.item(AttachmentKind::ManagedPolicy));
    apply(
        account,
        &boundary.map_or(Operation::DeleteBoundary(user), |it| Operation::PutBoundary(user, it)),
    );
    let is_tag = |entity: &Entity| entity.item(AttachmentKind::Tag).is_some();
    let tags = listing.items.iter().filter(|(it, _)| is_tag(it)).copied().collect();
    set_attachments(account, user, AttachmentKind::Tag, &Listing::of(tags));
}

/// Makes exactly the listed users hold an item.
fn set_holders(account: &mut Account, kind: AttachmentKind, item: Item, listing: &Listing) {
    let users: Vec<User> = account.users().collect();
    for user in users {
        let is_listed = listing.items.iter().any(|(it, _)| *it == Entity::User(user));
        let op = if is_listed { Operation::Attach } else { Operation::Detach };
        apply(account, &op(user, kind, item));
    }
}

/// Makes the sub-resources of one kind equal to the listing. Listed versions that the account does
/// not contain are ignored: the model cannot choose the number of a new version.
fn set_sub_resources(
    account: &mut Account,
    resource: Resource,
    kind: SubResource,
    listing: &Listing,
) {
    let item_and_default = |entity: Entity| match (kind, entity) {
        (SubResource::Version, Entity::Version { number, default }) => {
            Some((Item(number), default))
        }
        (SubResource::Version, _) => None,
        (SubResource::InlinePolicy, it) => {
            it.item(AttachmentKind::InlinePolicy).map(|item| (item, false))
        }
        (SubResource::AttachedPolicy, it) => {
            it.item(AttachmentKind::ManagedPolicy).map(|item| (item, false))
        }
    };
    let listed: Vec<_> =
        listing.items.iter().filter_map(|(entity, _)| item_and_default(*entity)).collect();
    let existing: Vec<Item> = account.sub_resources(resource, kind).map(|it| it.item).collect();
    for (item, default) in &listed {
        if kind != SubResource::Version {
            apply(account, &Operation::AddSubResource(resource, kind, *item));
        } else if *default && existing.contains(item) {
            apply(account, &Operation::SetDefault(resource, kind, *item));
        }
    }
    for item in existing.into_iter().filter(|it| !listed.iter().any(|(item, _)| item == it)) {
        apply(account, &Operation::RemoveSubResource(resource, kind, item));
    }
}

/// Users and resources whose listings are not compared. An endpoint that accepts an invalid request
/// may have changed them in an unknown way. `None` stands for resources other than users.
#[derive(Clone, Debug, Default)]
pub(crate) struct Untrusted(Vec<Option<User>>);

impl Untrusted {
    /// Adds the user of an accepted invalid request. Removes a deleted user.
    pub(crate) fn update(&mut self, op: &Operation, observed: &Response) {
        match *op {
            Operation::Invalid(_, invalid)
                if invalid.row().clause.expected != Expected::Success
                    && !op.is_read()
                    && !matches!(observed, Response::Refused { .. }) =>
            {
                self.0.push(op.user());
            }
            Operation::DeleteUser(user) if matches!(observed, Response::Success(_)) => {
                self.0.retain(|it| *it != Some(user));
            }
            _ => {}
        }
    }

    /// Returns the response without its listing if the listing is untrusted.
    pub(crate) fn without_listing(&self, op: &Operation, observed: &Response) -> Response {
        let is_untrusted =
            !self.0.is_empty() && (op.user().is_none() || self.0.contains(&op.user()));
        match observed {
            Response::Success(Some(_)) if is_untrusted => Response::SUCCESS,
            observed => observed.clone(),
        }
    }
}
