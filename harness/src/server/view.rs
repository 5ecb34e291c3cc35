//! What the views show: of users, of objects and their parts, and of the whole account.

use iamspec_conformance::Shown;
use iamspec_model::{Account, Class, Item, Kind, Object, Operation, Part, Thing, User};

use super::details;
use super::record::Record;
use super::registry::Registry;
use super::respond::{attached_members, encode, group_members, tag_members, user_members};
use super::xml::{Node, node, text};
use crate::wire;

/// The result of a call that reads, and is about no attachment of a user.
pub(super) fn result(
    op: &Operation,
    seen: &Shown,
    registry: &Registry,
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
        Operation::Read(group) if group.class == Class::Group => {
            let group = node("Group", group_members(&registry.object_record(group)));
            [group].into_iter().chain(list("Users", seen, |it| user(it, registry))).collect()
        }
        Operation::Read(policy) => vec![node("Policy", policy_members(policy, registry, account))],
        Operation::ListAll(class, _) => {
            let one = |it| object(it, registry, account);
            list(wire::objects(class).0, seen, one)
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
    object: Object,
    part: Part,
    item: Item,
    registry: &Registry,
    account: &Account,
) -> Option<Vec<Node>> {
    let read = matches!(op, Operation::Part(..));
    match part {
        Part::Version => {
            let default = account.parts(object, part).any(|it| it.item == item && it.default);
            let mut members = version_members(object, item, default, registry);
            let document = || encode(&registry.version_record(object, item).body);
            members.extend(read.then(|| text("Document", document())));
            Some(vec![node("PolicyVersion", members)])
        }
        Part::InlinePolicy if read => {
            let record = registry.item_record(Kind::InlinePolicy, item);
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
pub(super) fn list(
    name: &str,
    seen: &Shown,
    one: impl Fn(Thing) -> Option<Vec<Node>>,
) -> Vec<Node> {
    let members = seen.items.iter().filter_map(|(thing, _)| one(*thing));
    let members = members.map(|nodes| node("member", nodes)).collect();
    vec![node(name, members), text("IsTruncated", "false")]
}

fn users(seen: &Shown) -> impl Iterator<Item = User> {
    seen.items.iter().filter_map(|(thing, _)| match *thing {
        Thing::User(user) => Some(user),
        _ => None,
    })
}

fn user(thing: Thing, registry: &Registry) -> Option<Vec<Node>> {
    let Thing::User(user) = thing else { return None };
    Some(user_members(&registry.user_record(user)))
}

/// What `GetUser` tells and `ListUsers` does not (C-044, C-049): each only where there is one.
pub(super) fn details_of(user: User, registry: &Registry, account: &Account) -> Vec<Node> {
    let boundary = account.boundary(user).map(|policy| {
        let arn = registry.object_record(Object { class: Class::Policy, item: policy }).id;
        let members =
            [("PermissionsBoundaryType", "Policy".to_owned()), ("PermissionsBoundaryArn", arn)];
        node("PermissionsBoundary", members.map(|(name, value)| text(name, value)).into())
    });
    let tags = tags(user, registry, account);
    let tags = (!tags.is_empty()).then(|| node("Tags", tags));
    boundary.into_iter().chain(tags).collect()
}

pub(super) fn tags(user: User, registry: &Registry, account: &Account) -> Vec<Node> {
    let tags = account.held_of(user, Kind::Tag);
    tags.map(|it| node("member", tag_members(&registry.item_record(Kind::Tag, it.item)))).collect()
}

pub(super) fn policy_members(policy: Object, registry: &Registry, account: &Account) -> Vec<Node> {
    let record = registry.object_record(policy);
    let version = account.parts(policy, Part::Version).find(|it| it.default);
    let version = version.map_or_else(|| "v1".to_owned(), |it| Part::Version.symbol(it.item));
    let held =
        account.holders(Kind::ManagedPolicy, policy.item).count() + account.owners(policy).count();
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

fn object(thing: Thing, registry: &Registry, account: &Account) -> Option<Vec<Node>> {
    let Thing::Object(object) = thing else { return None };
    Some(match object.class {
        Class::Group => group_members(&registry.object_record(object)),
        Class::Policy => policy_members(object, registry, account),
        Class::Device => device_members(object, registry, account),
    })
}

/// An unassigned device shows its serial number and nothing else (B-MF-14).
fn device_members(device: Object, registry: &Registry, account: &Account) -> Vec<Node> {
    let mut members = vec![text("SerialNumber", registry.object_record(device).id)];
    if let Some(user) = account.holders(Kind::MfaDevice, device.item).next() {
        members.push(node("User", user_members(&registry.user_record(user))));
        members.push(text("EnableDate", registry.since(user, Kind::MfaDevice, device.item)));
    }
    members
}

fn holders(seen: &Shown, registry: &Registry) -> Vec<Node> {
    let named = |record: Record, what: &str| {
        vec![text(&format!("{what}Name"), record.name), text(&format!("{what}Id"), record.id)]
    };
    let groups = list("PolicyGroups", seen, |it| match it {
        Thing::Object(group) => Some(named(registry.object_record(group), "Group")),
        _ => None,
    });
    let users = list("PolicyUsers", seen, |it| match it {
        Thing::User(user) => Some(named(registry.user_record(user), "User")),
        _ => None,
    });
    let roles = node("PolicyRoles", Vec::new());
    groups.into_iter().take(1).chain([roles]).chain(users).collect()
}

pub(super) fn version_members(
    policy: Object,
    version: Item,
    default: bool,
    registry: &Registry,
) -> Vec<Node> {
    vec![
        text("VersionId", Part::Version.symbol(version)),
        text("IsDefaultVersion", default.to_string()),
        text("CreateDate", registry.version_record(policy, version).created),
    ]
}

fn parts(object: Object, part: Part, seen: &Shown, registry: &Registry) -> Vec<Node> {
    match part {
        Part::Version => list("Versions", seen, |it| match it {
            Thing::Version { number, default } => {
                Some(version_members(object, Item(number), default, registry))
            }
            _ => None,
        }),
        Part::AttachedPolicy => list("AttachedPolicies", seen, |it| match it {
            Thing::Object(policy) => Some(attached_members(policy, registry)),
            _ => None,
        }),
        Part::InlinePolicy => {
            let names = seen.items.iter().filter_map(|(it, _)| it.item(Kind::InlinePolicy));
            let name = |item| text("member", registry.item_record(Kind::InlinePolicy, item).name);
            vec![node("PolicyNames", names.map(name).collect()), text("IsTruncated", "false")]
        }
    }
}
