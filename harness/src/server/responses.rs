//! What an answer shows: the structures of `RESPONSE` in the facts.
//!
//! What the views show: of users, of objects and their parts, and of the whole account.

use iamspec_conformance::Listing;
use iamspec_model::{
    Account, AttachmentKind, Entity, Item, Operation, Resource, ResourceKind, Status, SubResource,
    User,
};
use md5::{Digest as _, Md5};

use crate::server::store::{ACCOUNT, Record, Store, secret};
use crate::server::{ModelState, details};
use crate::wire::attachments::{ElementSource, ItemElement, ListResponse, kind_of, wire};
use crate::wire::names;
use crate::wire::xml_write::{Node, node, text};

/// The members of the result; `None` for calls that show nothing (E-002).
pub(crate) fn result(
    op: &Operation,
    shown: Option<Listing>,
    world: &ModelState,
) -> Option<Vec<Node>> {
    let (registry, account) = (&world.registry, &world.account);
    let seen = shown.unwrap_or_default();
    match *op {
        Operation::CreateUser(user, _) | Operation::GetUser(user) => {
            let mut members = user_members(&registry.user_record(user));
            members.extend(details_of(user, registry, account));
            Some(vec![node("User", members)])
        }
        Operation::Create(object) => Some(created(object, registry, account)),
        Operation::Issue(user, kind, item, _) => {
            let mut nodes = shown_item((user, kind, item), Status::Active, registry);
            let secret = || registry.item_record(kind, item).secret;
            nodes.extend(wire(kind).issued.element().map(|it| text(it, secret().reveal())));
            Some(vec![node(wire(kind).structure?, nodes)])
        }
        Operation::Attach(user, kind, item) => {
            let nodes = shown_item((user, kind, item), Status::Active, registry);
            Some(vec![node(wire(kind).structure?, nodes)])
        }
        Operation::List(user, kind) => match wire(kind).listing {
            Some(listing) => Some(listed(user, kind, &listing, &seen, registry)),
            None => {
                let nodes = shown_item((user, kind, Item(0)), Status::Active, registry);
                Some(vec![node(wire(kind).structure?, nodes)])
            }
        },
        Operation::Get(user, kind, item) => {
            let nodes = shown_item((user, kind, item), shown_status(&seen), registry);
            Some(match wire(kind).structure {
                Some(structure) => vec![node(structure, nodes)],
                None => nodes,
            })
        }
        Operation::Renew(user, kind, item) => {
            let mut nodes = shown_item((user, kind, item), shown_status(&seen), registry);
            nodes.extend(wire(kind).issued.element().map(|it| text(it, secret())));
            Some(vec![node(wire(kind).renew_structure?, nodes)])
        }
        _ => listing_result(op, &seen, registry, account),
    }
}

pub(crate) fn user_members(record: &Record) -> Vec<Node> {
    vec![
        text("Path", &*record.path),
        text("UserName", &*record.name),
        text("UserId", &*record.id),
        text("Arn", format!("arn:aws:iam::{ACCOUNT}:user{}{}", record.path, record.name)),
        text("CreateDate", &*record.created),
    ]
}

fn created(object: Resource, registry: &Store, account: &Account) -> Vec<Node> {
    let record = registry.object_record(object);
    let members = match object.class {
        ResourceKind::Group => group_members(&record),
        ResourceKind::Policy => policy_members(object, registry, account),
        ResourceKind::Device => vec![
            text("SerialNumber", &*record.id),
            text("Base32StringSeed", data_encoding::BASE64.encode(record.body.as_bytes())),
            text("QRCodePNG", data_encoding::BASE64.encode(b"no picture")),
        ],
    };
    vec![node(names::created(object.class).0, members)]
}

pub(crate) fn group_members(record: &Record) -> Vec<Node> {
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

fn shown_status(seen: &Listing) -> Status {
    seen.items.first().map(|(_, status)| *status).unwrap_or_default()
}

/// The elements of an item in the responses of its attach, get and renew actions.
fn shown_item(held: (User, AttachmentKind, Item), status: Status, registry: &Store) -> Vec<Node> {
    item_elements(wire(held.1).elements, held, status, registry)
}

/// The elements of an item, as a row of the wire table lists them.
fn item_elements(
    elements: &[ItemElement],
    (user, kind, item): (User, AttachmentKind, Item),
    status: Status,
    registry: &Store,
) -> Vec<Node> {
    let record = registry.item_record(kind, item);
    let resource = kind.row().refers.map(|class| registry.object_record(Resource { class, item }));
    let resource = resource.unwrap_or_default();
    let one = |(name, source): &ItemElement| {
        let value = match source {
            ElementSource::User => registry.user_record(user).name,
            ElementSource::Id => record.id.clone(),
            ElementSource::Name => record.name.clone(),
            ElementSource::Status => status.name().to_owned(),
            ElementSource::Created => record.created.clone(),
            ElementSource::Attached => registry.since(user, kind, item),
            ElementSource::Payload => record.body.clone(),
            ElementSource::Document => encode(&record.body),
            ElementSource::Fingerprint => fingerprint(&record.body),
            ElementSource::ServiceUser => record.other.clone(),
            ElementSource::PasswordReset => registry.resets(user).to_string(),
            ElementSource::ResourcePath => resource.path.clone(),
            ElementSource::ResourceName => resource.name.clone(),
            ElementSource::ResourceId => resource.id.clone(),
            ElementSource::GroupArn => group_arn(&resource),
            ElementSource::ResourceCreated => resource.created.clone(),
        };
        text(name, value)
    };
    elements.iter().map(one).collect()
}

/// The MD5 digest of a key, its bytes apart by colons (B-SK-07); empty where it is no key.
fn fingerprint(body: &str) -> String {
    let key = ssh_key::PublicKey::from_openssh(body).and_then(|key| key.to_bytes());
    let digest = key.map(|blob| Md5::digest(blob).to_vec()).unwrap_or_default();
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn listed(
    user: User,
    kind: AttachmentKind,
    listing: &ListResponse,
    seen: &Listing,
    registry: &Store,
) -> Vec<Node> {
    let one = |(item, status): (Item, Status)| match listing.name {
        None => text("member", registry.item_record(kind, item).name),
        Some(_) => {
            node("member", item_elements(listing.elements, (user, kind, item), status, registry))
        }
    };
    let items = seen.items.iter().filter_map(|(it, status)| Some((it.item(kind)?, *status)));
    vec![node(listing.list, items.map(one).collect()), text("IsTruncated", "false")]
}

pub(crate) fn tag_members(record: &Record) -> Vec<Node> {
    vec![text("Key", &*record.name), text("Value", &*record.body)]
}

pub(crate) fn attached_members(policy: Resource, registry: &Store) -> Vec<Node> {
    let record = registry.object_record(policy);
    vec![text("PolicyName", record.name), text("PolicyArn", record.id)]
}

/// RFC 3986: everything but letters, digits and `-._~` (B-IP-03).
pub(crate) fn encode(document: &str) -> String {
    const KEEP: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(document, KEEP).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `ssh-keygen -l -E md5` prints it.
    #[test]
    fn a_fingerprint_is_the_md5_digest_of_the_key() {
        let key = crate::wire::payload::ssh_key(Item(0));
        assert_eq!(fingerprint(key), "29:26:36:6b:c8:90:a8:63:27:2f:4f:37:ca:99:45:22");
        assert_eq!(fingerprint("no key"), "");
    }
}

/// The result of a call that reads, and is about no attachment of a user.
pub(crate) fn listing_result(
    op: &Operation,
    seen: &Listing,
    registry: &Store,
    account: &Account,
) -> Option<Vec<Node>> {
    Some(match *op {
        Operation::ListUsers(_) => list("Users", seen, |it| user(it, registry)),
        Operation::LastUsed(_) => vec![
            text(
                "UserName",
                users(seen).next().map(|it| registry.user_record(it).name).unwrap_or_default(),
            ),
            node("AccessKeyLastUsed", vec![text("ServiceName", "N/A"), text("Region", "N/A")]),
        ],
        Operation::Read(group) if group.class == ResourceKind::Group => {
            let group = node("Group", group_members(&registry.object_record(group)));
            [group].into_iter().chain(list("Users", seen, |it| user(it, registry))).collect()
        }
        Operation::Read(policy) => vec![node("Policy", policy_members(policy, registry, account))],
        Operation::ListAll(class, _) => {
            let one = |it| object(it, registry, account);
            list(names::objects(class).0, seen, one)
        }
        Operation::Holders(_) => holders(seen, registry),
        Operation::Add(object, part, item) | Operation::Part(object, part, item) => {
            return one_part(op, object, part, item, registry, account);
        }
        Operation::Parts(object, part) => parts(object, part, seen, registry),
        Operation::Summary => vec![details::summary(account)],
        Operation::Details => details::details(seen, registry, account),
        _ => return None,
    })
}

/// A part that was just made or is read; a version shows its document only then.
fn one_part(
    op: &Operation,
    object: Resource,
    part: SubResource,
    item: Item,
    registry: &Store,
    account: &Account,
) -> Option<Vec<Node>> {
    let read = matches!(op, Operation::Part(..));
    match part {
        SubResource::Version => {
            let default = account.parts(object, part).any(|it| it.item == item && it.default);
            let mut members = version_members(object, item, default, registry);
            let document = || encode(&registry.version_record(object, item).body);
            members.extend(read.then(|| text("Document", document())));
            Some(vec![node("PolicyVersion", members)])
        }
        SubResource::InlinePolicy if read => {
            let record = registry.item_record(kind_of(part)?, item);
            Some(vec![
                text("GroupName", registry.object_record(object).name),
                text("PolicyName", record.name),
                text("PolicyDocument", encode(&record.body)),
            ])
        }
        _ => None,
    }
}

/// A listing of what is seen, in one element a thing.
pub(crate) fn list(
    name: &str,
    seen: &Listing,
    one: impl Fn(Entity) -> Option<Vec<Node>>,
) -> Vec<Node> {
    let members = seen.items.iter().filter_map(|(thing, _)| one(*thing));
    let members = members.map(|nodes| node("member", nodes)).collect();
    vec![node(name, members), text("IsTruncated", "false")]
}

fn users(seen: &Listing) -> impl Iterator<Item = User> {
    seen.items.iter().filter_map(|(thing, _)| match *thing {
        Entity::User(user) => Some(user),
        _ => None,
    })
}

fn user(thing: Entity, registry: &Store) -> Option<Vec<Node>> {
    let Entity::User(user) = thing else { return None };
    Some(user_members(&registry.user_record(user)))
}

/// What `GetUser` tells and `ListUsers` does not (C-044, C-049): each only where there is one.
pub(crate) fn details_of(user: User, registry: &Store, account: &Account) -> Vec<Node> {
    let boundary = account.boundary(user).map(|policy| {
        let arn = registry.object_record(Resource { class: ResourceKind::Policy, item: policy }).id;
        let members =
            [("PermissionsBoundaryType", "Policy".to_owned()), ("PermissionsBoundaryArn", arn)];
        node("PermissionsBoundary", members.map(|(name, value)| text(name, value)).into())
    });
    let tags = tags(user, registry, account);
    let tags = (!tags.is_empty()).then(|| node("Tags", tags));
    boundary.into_iter().chain(tags).collect()
}

pub(crate) fn tags(user: User, registry: &Store, account: &Account) -> Vec<Node> {
    let tags = account.held_of(user, AttachmentKind::Tag);
    tags.map(|it| node("member", tag_members(&registry.item_record(AttachmentKind::Tag, it.item))))
        .collect()
}

pub(crate) fn policy_members(policy: Resource, registry: &Store, account: &Account) -> Vec<Node> {
    let record = registry.object_record(policy);
    let version = account.parts(policy, SubResource::Version).find(|it| it.default);
    let version =
        version.map_or_else(|| "v1".to_owned(), |it| SubResource::Version.symbol(it.item));
    let held = account.holders(AttachmentKind::ManagedPolicy, policy.item).count()
        + account.owners(policy).count();
    let bounds = account.bounded_by(policy).count();
    vec![
        text("PolicyName", record.name),
        text("PolicyId", record.other),
        text("Arn", record.id),
        text("Path", record.path),
        text("DefaultVersionId", version),
        text("AttachmentCount", held.to_string()),
        text("PermissionsBoundaryUsageCount", bounds.to_string()),
        text("IsAttachable", "true"),
        text("CreateDate", &*record.created),
        text("UpdateDate", record.created),
    ]
}

fn object(thing: Entity, registry: &Store, account: &Account) -> Option<Vec<Node>> {
    let Entity::Object(object) = thing else { return None };
    Some(match object.class {
        ResourceKind::Group => group_members(&registry.object_record(object)),
        ResourceKind::Policy => policy_members(object, registry, account),
        ResourceKind::Device => device_members(object, registry, account),
    })
}

/// An unassigned device shows its serial number and nothing else (B-MF-14).
fn device_members(device: Resource, registry: &Store, account: &Account) -> Vec<Node> {
    let mut members = vec![text("SerialNumber", registry.object_record(device).id)];
    if let Some(user) = account.holders(AttachmentKind::MfaDevice, device.item).next() {
        members.push(node("User", user_members(&registry.user_record(user))));
        members
            .push(text("EnableDate", registry.since(user, AttachmentKind::MfaDevice, device.item)));
    }
    members
}

fn holders(seen: &Listing, registry: &Store) -> Vec<Node> {
    let named = |record: Record, what: &str| {
        vec![text(&format!("{what}Name"), record.name), text(&format!("{what}Id"), record.id)]
    };
    let groups = list("PolicyGroups", seen, |it| match it {
        Entity::Object(group) => Some(named(registry.object_record(group), "Group")),
        _ => None,
    });
    let users = list("PolicyUsers", seen, |it| match it {
        Entity::User(user) => Some(named(registry.user_record(user), "User")),
        _ => None,
    });
    let roles = node("PolicyRoles", Vec::new());
    groups.into_iter().take(1).chain([roles]).chain(users).collect()
}

pub(crate) fn version_members(
    policy: Resource,
    version: Item,
    default: bool,
    registry: &Store,
) -> Vec<Node> {
    vec![
        text("VersionId", SubResource::Version.symbol(version)),
        text("IsDefaultVersion", default.to_string()),
        text("CreateDate", registry.version_record(policy, version).created),
    ]
}

fn parts(object: Resource, part: SubResource, seen: &Listing, registry: &Store) -> Vec<Node> {
    match part {
        SubResource::Version => list("Versions", seen, |it| match it {
            Entity::Version { number, default } => {
                Some(version_members(object, Item(number), default, registry))
            }
            _ => None,
        }),
        SubResource::AttachedPolicy => list("AttachedPolicies", seen, |it| match it {
            Entity::Object(policy) => Some(attached_members(policy, registry)),
            _ => None,
        }),
        SubResource::InlinePolicy => {
            let names = seen.items.iter().filter_map(|(it, _)| {
                let kind = kind_of(part)?;
                Some(text("member", registry.item_record(kind, it.item(kind)?).name))
            });
            vec![node("PolicyNames", names.collect()), text("IsTruncated", "false")]
        }
    }
}
