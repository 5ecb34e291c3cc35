//! The listings of the whole account: what they lack or show although it is known otherwise.

use std::collections::BTreeSet;

use iamspec_model::{
    Account, Entity, Filter, Operation, Resource, ResourceKind, Service, SubResource, User, apply,
};

use crate::audit::effects::{resources_of, users_of};
use crate::audit::knowledge::{Knowledge, kind_of_users};
use crate::audit::view::View;
use crate::audit::{AuditEvent, ShownPart};
use crate::response::{Listing, Response};
use crate::script::corpus::attach;

/// What exists for certain, and a whole listing of the account must show.
fn certain_entities(view: View<'_>, op: &Operation, event: &AuditEvent) -> BTreeSet<Entity> {
    let paths = match &event.shown_part {
        ShownPart::Paths { listed, .. } => listed.as_ref(),
        _ => None,
    };
    let is_under = |user: User| match paths {
        None => true,
        Some(paths) => view.path(user).is_some_and(|it| paths.contains(&it)),
    };
    let lists_users = matches!(op, Operation::ListUsers(_) | Operation::GetAuthorizationDetails);
    let users = view.knowledge.users.keys().copied().filter(|_| lists_users);
    let users = users.filter(|it| view.user_exists(*it) == Some(true) && is_under(*it));
    let is_selected = |it: &Resource| match *op {
        Operation::ListResources(kind, _) if kind != it.kind => false,
        Operation::ListResources(_, Filter::All) => true,
        Operation::ListResources(_, Filter::InUse) => is_in_use(view, *it) == Some(true),
        Operation::ListResources(_, Filter::Unused) => is_in_use(view, *it) == Some(false),
        _ => false,
    };
    let resources = view.knowledge.resources.keys().copied().filter(is_selected);
    let exists = |it: &Resource| view.resource_exists(*it) == Some(true) && !view.is_external(*it);
    users.map(Entity::User).chain(resources.filter(exists).map(Entity::Resource)).collect()
}

/// Whether a user or a group uses a resource, if that is known. A role may use a policy too, so of a policy it
/// is not known that nobody does.
fn is_in_use(view: View<'_>, resource: Resource) -> Option<bool> {
    let holders = view.holders(kind_of_users(resource.kind)?, resource.item);
    let part = SubResource::AttachedPolicy;
    let groups = view.resource(resource).into_iter().flat_map(|it| &it.groups);
    let of_group = |item| Resource { kind: ResourceKind::Group, item };
    let mut attached =
        groups.map(|it| view.has_entry(of_group(*it), part, resource.item) == Some(true));
    if holders.iter().any(|it| it.1 == Some(true)) || attached.any(|it| it) {
        return Some(true);
    }
    let is_unused = resource.kind == ResourceKind::Device
        && view.has_every_user_of(resource)
        && holders.iter().all(|it| it.1 == Some(false));
    is_unused.then_some(false)
}

/// An account with one entity, which a listing must show.
pub(crate) fn account_with(entity: Entity, op: &Operation) -> Account {
    let mut account = Account::default();
    match entity {
        Entity::User(user) => apply(&mut account, &Operation::create_user(user)),
        Entity::Resource(resource) => {
            apply(&mut account, &Operation::CreateResource(resource));
            let selects_used = matches!(op, Operation::ListResources(_, Filter::InUse));
            if let Some(kind) = kind_of_users(resource.kind).filter(|_| selects_used) {
                let user = User(0);
                apply(&mut account, &Operation::create_user(user));
                apply(&mut account, &attach(user, kind, resource.item, Service(0)));
            }
        }
        _ => {}
    }
    account
}

/// What a listing of the account shows although it does not exist (`false`), and what exists and the
/// listing lacks (`true`). A part of a listing lacks nothing.
pub(crate) fn wrong_in_listing(
    view: View<'_>,
    op: &Operation,
    event: &AuditEvent,
    listing: &Listing,
) -> Vec<(Entity, bool)> {
    let is_absent = |it: &&Entity| match **it {
        Entity::User(user) => view.user_exists(user) == Some(false),
        Entity::Resource(resource) => {
            let in_use = is_in_use(view, resource);
            let is_other = match op {
                Operation::ListResources(_, Filter::InUse) => in_use == Some(false),
                Operation::ListResources(_, Filter::Unused) => in_use == Some(true),
                _ => false,
            };
            is_other || view.resource_exists(resource) == Some(false)
        }
        _ => false,
    };
    let listed: BTreeSet<Entity> = listing.items.iter().map(|it| it.0).collect();
    let mut wrong: Vec<(Entity, bool)> =
        listed.iter().filter(is_absent).map(|it| (*it, false)).collect();
    if event.shown_part != ShownPart::Part {
        let certain = certain_entities(view, op, event);
        wrong.extend(certain.difference(&listed).map(|it| (*it, true)));
    }
    wrong
}

/// The users and resources about which a listing of the account contradicts the knowledge.
pub(crate) fn contradicted_by(knowledge: &Knowledge, event: &AuditEvent) -> Vec<Entity> {
    let (Some(op), Response::Success(Some(listing))) = (event.operation(), &event.response) else {
        return Vec::new();
    };
    // A listing of the account names none.
    if !users_of(op).is_empty() || !resources_of(op).is_empty() {
        return Vec::new();
    }
    let view = View { knowledge, time: event.start, lag: 0 };
    wrong_in_listing(view, op, event, listing).into_iter().map(|it| it.0).collect()
}
