//! The result elements of a response: the structures that the facts describe under `RESPONSE`.
//!
//! Runs after the model and the store. A response is built in full here, whatever its length;
//! `pagination` cuts it. The elements of an attachment come from the wire table, one row for each
//! kind. The views of the whole account are in `details`.

use iamspec_conformance::Listing;
use iamspec_model::{
    Account, AttachmentKind, Entity, Item, Operation, Resource, ResourceKind, Status, SubResource,
    User,
};
use md5::{Digest as _, Md5};

use crate::server::ModelState;
use crate::server::outside_model::{qr_code, service_credentials};
use crate::server::store::{ACCOUNT, Record, Store, new_secret};
use crate::wire::attachments::{ElementSource, ItemElement, ListResponse, kind_of, wire};
use crate::wire::names;
use crate::wire::xml_write::{Node, node, text};

/// The result elements of an operation that succeeded; `None` if its response has no result
/// (E-002).
pub(super) fn result(
    op: &Operation,
    listing: Option<Listing>,
    model: &ModelState,
) -> Option<Vec<Node>> {
    let (store, account) = (&model.store, &model.account);
    let listing = listing.unwrap_or_default();
    match *op {
        Operation::CreateUser(user, _) | Operation::GetUser(user) => {
            let mut elements = user_elements(&store.user_record(user));
            elements.extend(optional_user_elements(user, store, account));
            Some(vec![node("User", elements)])
        }
        Operation::CreateResource(resource) => Some(created_resource(resource, store, account)),
        Operation::Issue(user, kind, item, _) => {
            let mut elements = shown_item((user, kind, item), Status::Active, store);
            let record = store.item_record(kind, item);
            let element = wire(kind).issued.element();
            let element = element.map(|name| service_credentials::element_name(name, &record.body));
            elements.extend(element.map(|name| text(name, record.secret.reveal())));
            Some(vec![node(wire(kind).structure?, elements)])
        }
        Operation::Attach(user, kind, item) => {
            let elements = shown_item((user, kind, item), Status::Active, store);
            Some(vec![node(wire(kind).structure?, elements)])
        }
        Operation::List(user, kind) => {
            if let Some(row) = wire(kind).listing {
                Some(listed_items(user, kind, &row, &listing, store))
            } else {
                let elements = shown_item((user, kind, Item(0)), Status::Active, store);
                Some(vec![node(wire(kind).structure?, elements)])
            }
        }
        Operation::Get(user, kind, item) => {
            let elements = shown_item((user, kind, item), first_status(&listing), store);
            Some(match wire(kind).structure {
                Some(structure) => vec![node(structure, elements)],
                None => elements,
            })
        }
        Operation::ResetSecret(user, kind, item) => {
            let mut elements = shown_item((user, kind, item), first_status(&listing), store);
            let (element, record) = (wire(kind).issued.element(), store.item_record(kind, item));
            let element = element.map(|name| service_credentials::element_name(name, &record.body));
            elements.extend(element.map(|name| text(name, new_secret())));
            Some(vec![node(wire(kind).renew_structure?, elements)])
        }
        _ => resource_result(op, &listing, store, account),
    }
}

/// The result elements of an operation on resources, sub-resources, or the users of the account.
fn resource_result(
    op: &Operation,
    listing: &Listing,
    store: &Store,
    account: &Account,
) -> Option<Vec<Node>> {
    Some(match *op {
        Operation::ListUsers(_) => list("Users", listing, |it| listed_user(it, store)),
        Operation::GetAccessKeyLastUsed(key) => {
            let user = listing.items.iter().find_map(|(entity, _)| match *entity {
                Entity::User(user) => Some(store.user_record(user).name),
                _ => None,
            });
            // The date is absent if the key was never used (B-AK-13, B-AK-14).
            let last_used = match store.item_record(AttachmentKind::AccessKey, key).last_used {
                None => vec![text("ServiceName", "N/A"), text("Region", "N/A")],
                Some((date, service)) => vec![
                    text("LastUsedDate", date),
                    text("ServiceName", service),
                    text("Region", "us-east-1"),
                ],
            };
            vec![text("UserName", user.unwrap_or_default()), node("AccessKeyLastUsed", last_used)]
        }
        Operation::GetResource(group) if group.kind == ResourceKind::Group => {
            let group = node("Group", group_elements(&store.resource_record(group)));
            let users = list("Users", listing, |it| listed_user(it, store));
            [group].into_iter().chain(users).collect()
        }
        Operation::GetResource(policy) => {
            let mut elements = policy_elements(policy, store, account);
            // Present without tags too, unlike in CreatePolicy (C-088).
            elements.push(node("Tags", tag_nodes(store.resource_tags(policy).iter())));
            vec![node("Policy", elements)]
        }
        Operation::ListResources(kind, _) => {
            list(names::listed(kind).0, listing, |it| listed_resource(it, store, account))
        }
        Operation::ListHolders(_) => policy_entities(listing, store),
        Operation::AddSubResource(resource, part, item) => {
            return sub_resource(resource, part, item, false, store, account);
        }
        Operation::GetSubResource(resource, part, item) => {
            return sub_resource(resource, part, item, true, store, account);
        }
        Operation::ListSubResources(resource, part) => {
            listed_sub_resources(resource, part, listing, store)
        }
        _ => return None,
    })
}

/// A listing, with one `member` for each entity that has elements.
pub(super) fn list(
    name: &str,
    listing: &Listing,
    elements: impl Fn(Entity) -> Option<Vec<Node>>,
) -> Vec<Node> {
    let members = listing.items.iter().filter_map(|(entity, _)| elements(*entity));
    let members = members.map(|elements| node("member", elements)).collect();
    vec![node(name, members), text("IsTruncated", "false")]
}

// Users.

pub(super) fn user_elements(record: &Record) -> Vec<Node> {
    vec![
        text("Path", &*record.path),
        text("UserName", &*record.name),
        text("UserId", &*record.id),
        text("Arn", format!("arn:aws:iam::{ACCOUNT}:user{}{}", record.path, record.name)),
        text("CreateDate", &*record.created),
    ]
}

/// The boundary and the tags of a user. `GetUser` shows them, each only if there is one;
/// `ListUsers` does not (C-044, C-049).
pub(super) fn optional_user_elements(user: User, store: &Store, account: &Account) -> Vec<Node> {
    let boundary = account.boundary(user).map(|item| {
        let arn = store.resource_record(Resource { kind: ResourceKind::Policy, item }).id;
        let elements =
            vec![text("PermissionsBoundaryType", "Policy"), text("PermissionsBoundaryArn", arn)];
        node("PermissionsBoundary", elements)
    });
    let tags = tag_members(user, store, account);
    let tags = (!tags.is_empty()).then(|| node("Tags", tags));
    boundary.into_iter().chain(tags).collect()
}

/// The tags of a user, as members of a list.
pub(super) fn tag_members(user: User, store: &Store, account: &Account) -> Vec<Node> {
    let member = |item| {
        let record = store.item_record(AttachmentKind::Tag, item);
        node("member", vec![text("Key", record.name), text("Value", record.body)])
    };
    account.attachments_of_kind(user, AttachmentKind::Tag).map(|tag| member(tag.item)).collect()
}

fn listed_user(entity: Entity, store: &Store) -> Option<Vec<Node>> {
    let Entity::User(user) = entity else { return None };
    Some(user_elements(&store.user_record(user)))
}

// Attachments.

/// The status of the only entry of a listing.
fn first_status(listing: &Listing) -> Status {
    listing.items.first().map(|(_, status)| *status).unwrap_or_default()
}

/// The elements of an item in the responses of its attach, get and renew actions.
fn shown_item(
    attachment: (User, AttachmentKind, Item),
    status: Status,
    store: &Store,
) -> Vec<Node> {
    item_elements(wire(attachment.1).elements, attachment, status, store)
}

/// The elements of an item, as a row of the wire table lists them.
fn item_elements(
    elements: &[ItemElement],
    (user, kind, item): (User, AttachmentKind, Item),
    status: Status,
    store: &Store,
) -> Vec<Node> {
    let record = store.item_record(kind, item);
    let attachment = store.attachment_record(user, kind, item);
    let resource =
        kind.row().refers_to.map(|class| store.resource_record(Resource { kind: class, item }));
    let resource = resource.unwrap_or_default();
    let element = |(name, source): &ItemElement| {
        let value = match source {
            ElementSource::User => store.user_record(user).name,
            ElementSource::Id => record.id.clone(),
            ElementSource::Name => record.name.clone(),
            ElementSource::Status => status.name().to_owned(),
            ElementSource::Created => record.created.clone(),
            ElementSource::Attached => attachment.created.clone(),
            ElementSource::Payload => record.body.clone(),
            ElementSource::Document => percent_encode(&record.body),
            ElementSource::Fingerprint => fingerprint(&record.body),
            ElementSource::ServiceUser => record.alternate_id.clone(),
            ElementSource::PasswordReset => attachment.password_reset_required.to_string(),
            ElementSource::ResourcePath => resource.path.clone(),
            ElementSource::ResourceName => resource.name.clone(),
            ElementSource::ResourceId => resource.id.clone(),
            ElementSource::GroupArn => group_arn(&resource),
            ElementSource::ResourceCreated => resource.created.clone(),
        };
        text(service_credentials::element_name(name, &record.body), value)
    };
    let expires = record.expires.as_ref().map(|date| text("ExpirationDate", &**date));
    elements.iter().map(element).chain(expires).collect()
}

fn listed_items(
    user: User,
    kind: AttachmentKind,
    row: &ListResponse,
    listing: &Listing,
    store: &Store,
) -> Vec<Node> {
    let member = |(item, status): (Item, Status)| match row.name {
        None => text("member", store.item_record(kind, item).name),
        Some(_) => node("member", item_elements(row.elements, (user, kind, item), status, store)),
    };
    let items = listing.items.iter().filter_map(|(it, status)| Some((it.item(kind)?, *status)));
    vec![node(row.list, items.map(member).collect()), text("IsTruncated", "false")]
}

/// The MD5 digest of an SSH key, in hexadecimal bytes separated by colons (B-SK-07); empty if the
/// body is not a key.
fn fingerprint(body: &str) -> String {
    let key = ssh_key::PublicKey::from_openssh(body).and_then(|key| key.to_bytes());
    let digest = key.map(|blob| Md5::digest(blob).to_vec()).unwrap_or_default();
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// RFC 3986: everything but letters, digits and `-._~` is encoded (B-IP-03).
pub(super) fn percent_encode(document: &str) -> String {
    const UNRESERVED: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(document, UNRESERVED).to_string()
}

// Resources.

fn created_resource(resource: Resource, store: &Store, account: &Account) -> Vec<Node> {
    let record = store.resource_record(resource);
    let elements = match resource.kind {
        ResourceKind::Group => group_elements(&record),
        ResourceKind::Policy => {
            let mut elements = policy_elements(resource, store, account);
            let tags = tag_nodes(store.resource_tags(resource).iter());
            elements.extend((!tags.is_empty()).then(|| node("Tags", tags)));
            elements
        }
        ResourceKind::Device => vec![
            text("SerialNumber", &*record.id),
            text("Base32StringSeed", data_encoding::BASE64.encode(record.body.as_bytes())),
            text("QRCodePNG", qr_code::picture(&record.name, &record.body)),
        ],
    };
    vec![node(names::created(resource.kind).0, elements)]
}

/// Tags with keys and values, as members of a list.
pub(super) fn tag_nodes<'a>(tags: impl Iterator<Item = &'a (String, String)>) -> Vec<Node> {
    let member = |(key, value): &(String, String)| {
        node("member", vec![text("Key", &**key), text("Value", &**value)])
    };
    tags.map(member).collect()
}

fn listed_resource(entity: Entity, store: &Store, account: &Account) -> Option<Vec<Node>> {
    let Entity::Resource(resource) = entity else { return None };
    Some(match resource.kind {
        ResourceKind::Group => group_elements(&store.resource_record(resource)),
        ResourceKind::Policy => policy_elements(resource, store, account),
        ResourceKind::Device => device_elements(resource, store, account),
    })
}

pub(super) fn group_elements(record: &Record) -> Vec<Node> {
    vec![
        text("Path", &*record.path),
        text("GroupName", &*record.name),
        text("GroupId", &*record.id),
        text("Arn", group_arn(record)),
        text("CreateDate", &*record.created),
    ]
}

fn group_arn(group: &Record) -> String {
    format!("arn:aws:iam::{ACCOUNT}:group{}{}", group.path, group.name)
}

pub(super) fn policy_elements(policy: Resource, store: &Store, account: &Account) -> Vec<Node> {
    let record = store.resource_record(policy);
    let default =
        account.sub_resources(policy, SubResource::Version).find(|version| version.is_default);
    let default = default
        .map_or_else(|| "v1".to_owned(), |version| SubResource::Version.symbol(version.item));
    let default = record.default_version.map_or(default, str::to_owned);
    let updated = if record.updated.is_empty() { &record.created } else { &record.updated };
    let users = account.holders(AttachmentKind::ManagedPolicy, policy.item).count();
    let groups = account.groups_with(policy).count();
    let bounded = account.users_bounded_by(policy).count();
    vec![
        text("PolicyName", &*record.name),
        text("PolicyId", &*record.alternate_id),
        text("Arn", &*record.id),
        text("Path", &*record.path),
        text("DefaultVersionId", default),
        text("AttachmentCount", (users + groups).to_string()),
        text("PermissionsBoundaryUsageCount", bounded.to_string()),
        text("IsAttachable", "true"),
        text("CreateDate", &*record.created),
        text("UpdateDate", &**updated),
    ]
}

/// An unassigned device has a serial number and no other element (B-MF-14).
fn device_elements(device: Resource, store: &Store, account: &Account) -> Vec<Node> {
    let kind = AttachmentKind::MfaDevice;
    let mut elements = vec![text("SerialNumber", store.resource_record(device).id)];
    if let Some(user) = account.holders(kind, device.item).next() {
        let enabled = store.attachment_record(user, kind, device.item).created;
        elements.push(node("User", user_elements(&store.user_record(user))));
        elements.push(text("EnableDate", enabled));
    }
    elements
}

/// The groups, roles and users to which a policy is attached. There are no roles.
fn policy_entities(listing: &Listing, store: &Store) -> Vec<Node> {
    let name_and_id = |record: Record, prefix: &str| {
        vec![text(&format!("{prefix}Name"), record.name), text(&format!("{prefix}Id"), record.id)]
    };
    let groups = list("PolicyGroups", listing, |entity| match entity {
        Entity::Resource(group) => Some(name_and_id(store.resource_record(group), "Group")),
        _ => None,
    });
    let users = list("PolicyUsers", listing, |entity| match entity {
        Entity::User(user) => Some(name_and_id(store.user_record(user), "User")),
        _ => None,
    });
    let roles = node("PolicyRoles", Vec::new());
    // The three lists share one `IsTruncated`, which comes last.
    groups.into_iter().take(1).chain([roles]).chain(users).collect()
}

// Sub-resources.

/// A sub-resource that was created or, if `is_read`, read. A version shows its document only if it
/// is read; creating another sub-resource has no result.
fn sub_resource(
    resource: Resource,
    part: SubResource,
    item: Item,
    is_read: bool,
    store: &Store,
    account: &Account,
) -> Option<Vec<Node>> {
    match part {
        SubResource::Version => {
            let is_default =
                account.sub_resources(resource, part).any(|it| it.item == item && it.is_default);
            let mut elements = version_elements(resource, item, is_default, store);
            let document = || percent_encode(&store.version_record(resource, item).body);
            elements.extend(is_read.then(|| text("Document", document())));
            Some(vec![node("PolicyVersion", elements)])
        }
        SubResource::InlinePolicy if is_read => {
            let record = store.item_record(kind_of(part)?, item);
            Some(vec![
                text("GroupName", store.resource_record(resource).name),
                text("PolicyName", record.name),
                text("PolicyDocument", percent_encode(&record.body)),
            ])
        }
        _ => None,
    }
}

fn listed_sub_resources(
    resource: Resource,
    part: SubResource,
    listing: &Listing,
    store: &Store,
) -> Vec<Node> {
    match part {
        SubResource::Version => list("Versions", listing, |entity| match entity {
            Entity::Version { number, default } => {
                Some(version_elements(resource, Item(number), default, store))
            }
            _ => None,
        }),
        SubResource::AttachedPolicy => list("AttachedPolicies", listing, |entity| match entity {
            Entity::Resource(policy) => Some(attached_policy_elements(policy, store)),
            _ => None,
        }),
        SubResource::InlinePolicy => {
            let names = listing.items.iter().filter_map(|(entity, _)| {
                let kind = kind_of(part)?;
                Some(text("member", store.item_record(kind, entity.item(kind)?).name))
            });
            vec![node("PolicyNames", names.collect()), text("IsTruncated", "false")]
        }
    }
}

pub(super) fn attached_policy_elements(policy: Resource, store: &Store) -> Vec<Node> {
    let record = store.resource_record(policy);
    vec![text("PolicyName", record.name), text("PolicyArn", record.id)]
}

pub(super) fn version_elements(
    policy: Resource,
    version: Item,
    is_default: bool,
    store: &Store,
) -> Vec<Node> {
    vec![
        text("VersionId", SubResource::Version.symbol(version)),
        text("IsDefaultVersion", is_default.to_string()),
        text("CreateDate", store.version_record(policy, version).created),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected fingerprint is the output of `ssh-keygen -l -E md5`.
    #[test]
    fn a_fingerprint_is_the_md5_digest_of_the_key() {
        let key = crate::wire::payload::ssh_key(Item(0));
        assert_eq!(fingerprint(&key), "29:26:36:6b:c8:90:a8:63:27:2f:4f:37:ca:99:45:22");
        assert_eq!(fingerprint("no key"), "");
    }
}
