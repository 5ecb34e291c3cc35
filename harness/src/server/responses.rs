//! What an answer shows: the structures of `RESPONSE` in the facts.
//!
//! What the views show: of users, of objects and their parts, and of the whole account.

use iamspec_conformance::Listing;
use iamspec_model::{
    Account, AttachmentKind, Entity, IssueOptions, Item, Operation, Resource, ResourceKind, Status,
    SubResource, User,
};
use md5::{Digest as _, Md5};

use crate::server::ModelState;
use crate::server::store::{ACCOUNT, Record, Store, new_secret};
use crate::wire::names;
use crate::wire::xml_write::{Node, node, text};

/// The members of the result; `None` for calls that show nothing (E-002).
pub(crate) fn result(
    op: &Operation,
    shown: Option<Listing>,
    model: &ModelState,
) -> Option<Vec<Node>> {
    let (store, account) = (&model.store, &model.account);
    let seen = shown.unwrap_or_default();
    match *op {
        Operation::CreateUser(user, _) | Operation::GetUser(user) => {
            let mut members = user_members(&store.user_record(user));
            members.extend(details_of(user, store, account));
            Some(vec![node("User", members)])
        }
        Operation::Create(object) => Some(created(object, store, account)),
        Operation::Attach(user, AttachmentKind::LoginProfile, _)
        | Operation::List(user, AttachmentKind::LoginProfile) => {
            Some(vec![node("LoginProfile", login_profile(user, store))])
        }
        Operation::Issue(user, kind, item, with) => Some(issued(user, kind, item, with, store)),
        Operation::List(user, kind) => Some(listed(user, kind, &seen, store)),
        Operation::Get(user, AttachmentKind::InlinePolicy, item) => {
            let record = store.item_record(AttachmentKind::InlinePolicy, item);
            Some(vec![
                text("UserName", store.user_record(user).name),
                text("PolicyName", &*record.name),
                text("PolicyDocument", encode(&record.body)),
            ])
        }
        Operation::Renew(_, AttachmentKind::LoginProfile | AttachmentKind::MfaDevice, _) => None,
        Operation::Get(user, kind, item) | Operation::Renew(user, kind, item) => {
            let status = seen.items.first().map(|(_, status)| *status).unwrap_or_default();
            let mut members = members(user, kind, item, status, store);
            members.extend(body(kind, item, store));
            let renewed = matches!(op, Operation::Renew(..));
            members.extend(renewed.then(|| text("ServicePassword", new_secret())));
            Some(vec![node(names::structure(kind)?, members)])
        }
        _ => listing_result(op, &seen, store, account),
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

fn created(object: Resource, store: &Store, account: &Account) -> Vec<Node> {
    let record = store.resource_record(object);
    let members = match object.class {
        ResourceKind::Group => group_members(&record),
        ResourceKind::Policy => policy_members(object, store, account),
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
        text("Arn", format!("arn:aws:iam::{ACCOUNT}:group{}{}", record.path, record.name)),
        text("CreateDate", &*record.created),
    ]
}

fn login_profile(user: User, store: &Store) -> Vec<Node> {
    vec![
        text("UserName", store.user_record(user).name),
        text(
            "CreateDate",
            store.attachment_record(user, AttachmentKind::LoginProfile, Item(0)).created,
        ),
        text(
            "PasswordResetRequired",
            store
                .attachment_record(user, AttachmentKind::LoginProfile, Item(0))
                .password_reset_required
                .to_string(),
        ),
    ]
}

fn issued(
    user: User,
    kind: AttachmentKind,
    item: Item,
    with: IssueOptions,
    store: &Store,
) -> Vec<Node> {
    let mut members = members(user, kind, item, Status::Active, store);
    members.extend(body(kind, item, store));
    if kind == AttachmentKind::AccessKey {
        members.push(text("SecretAccessKey", store.item_record(kind, item).secret.reveal()));
    }
    if let IssueOptions::Service(_) = with {
        members.push(text("ServicePassword", new_secret()));
    }
    names::structure(kind).map(|name| node(name, members)).into_iter().collect()
}

/// What a listing shows of an item that the service named.
fn members(
    user: User,
    kind: AttachmentKind,
    item: Item,
    status: Status,
    store: &Store,
) -> Vec<Node> {
    let (owner, record) = (store.user_record(user).name, store.item_record(kind, item));
    let date = match kind {
        AttachmentKind::SigningCertificate | AttachmentKind::SshPublicKey => "UploadDate",
        _ => "CreateDate",
    };
    let mut members = vec![
        text("UserName", &*owner),
        text(kind.row().member, &*record.id),
        text("Status", status.name()),
        text(date, &*record.created),
    ];
    if kind.row().services {
        members.push(text("ServiceUserName", record.alternate_id));
        members.push(text("ServiceName", record.body));
    }
    members
}

/// The body of an uploaded item, with what is told of it.
fn body(kind: AttachmentKind, item: Item, store: &Store) -> Vec<Node> {
    let body = store.item_record(kind, item).body;
    match kind {
        AttachmentKind::SigningCertificate => vec![text("CertificateBody", body)],
        AttachmentKind::SshPublicKey => {
            let print = fingerprint(&body);
            vec![text("SSHPublicKeyBody", body), text("Fingerprint", print)]
        }
        _ => Vec::new(),
    }
}

/// The MD5 digest of a key, its bytes apart by colons (B-SK-07); empty where it is no key.
fn fingerprint(body: &str) -> String {
    let key = ssh_key::PublicKey::from_openssh(body).and_then(|key| key.to_bytes());
    let digest = key.map(|blob| Md5::digest(blob).to_vec()).unwrap_or_default();
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn listed(user: User, kind: AttachmentKind, seen: &Listing, store: &Store) -> Vec<Node> {
    let one = |(item, status): (Item, Status)| {
        let nodes = match (kind, kind.row().refers) {
            (AttachmentKind::MfaDevice, _) => enabled_device_members(user, item, store),
            (AttachmentKind::InlinePolicy, _) => {
                return text("member", store.item_record(kind, item).name);
            }
            (AttachmentKind::Tag, _) => tag_members(&store.item_record(kind, item)),
            (_, Some(ResourceKind::Policy)) => {
                attached_members(Resource { class: ResourceKind::Policy, item }, store)
            }
            (_, Some(class)) => group_members(&store.resource_record(Resource { class, item })),
            (_, None) => {
                let whole = kind == AttachmentKind::SigningCertificate;
                let body = whole.then(|| body(kind, item, store));
                let members = members(user, kind, item, status, store);
                members.into_iter().chain(body.into_iter().flatten()).collect()
            }
        };
        node("member", nodes)
    };
    let items = seen.items.iter().filter_map(|(it, status)| Some((it.item(kind)?, *status)));
    let list = names::listing(kind).map(|it| node(it.list, items.map(one).collect()));
    list.into_iter().chain([text("IsTruncated", "false")]).collect()
}

pub(crate) fn tag_members(record: &Record) -> Vec<Node> {
    vec![text("Key", &*record.name), text("Value", &*record.body)]
}

pub(crate) fn attached_members(policy: Resource, store: &Store) -> Vec<Node> {
    let record = store.resource_record(policy);
    vec![text("PolicyName", record.name), text("PolicyArn", record.id)]
}

fn enabled_device_members(user: User, device: Item, store: &Store) -> Vec<Node> {
    vec![
        text("UserName", store.user_record(user).name),
        text(
            "SerialNumber",
            store.resource_record(Resource { class: ResourceKind::Device, item: device }).id,
        ),
        text(
            "EnableDate",
            store.attachment_record(user, AttachmentKind::MfaDevice, device).created,
        ),
    ]
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
    store: &Store,
    account: &Account,
) -> Option<Vec<Node>> {
    Some(match *op {
        Operation::ListUsers(_) => list("Users", seen, |it| user(it, store)),
        Operation::LastUsed(_) => vec![
            text(
                "UserName",
                users(seen).next().map(|it| store.user_record(it).name).unwrap_or_default(),
            ),
            node("AccessKeyLastUsed", vec![text("ServiceName", "N/A"), text("Region", "N/A")]),
        ],
        Operation::Read(group) if group.class == ResourceKind::Group => {
            let group = node("Group", group_members(&store.resource_record(group)));
            [group].into_iter().chain(list("Users", seen, |it| user(it, store))).collect()
        }
        Operation::Read(policy) => vec![node("Policy", policy_members(policy, store, account))],
        Operation::ListAll(class, _) => {
            let one = |it| object(it, store, account);
            list(names::objects(class).0, seen, one)
        }
        Operation::Holders(_) => holders(seen, store),
        Operation::Add(object, part, item) | Operation::Part(object, part, item) => {
            return one_part(op, object, part, item, store, account);
        }
        Operation::Parts(object, part) => parts(object, part, seen, store),
        _ => return None,
    })
}

/// A part that was just made or is read; a version shows its document only then.
fn one_part(
    op: &Operation,
    object: Resource,
    part: SubResource,
    item: Item,
    store: &Store,
    account: &Account,
) -> Option<Vec<Node>> {
    let read = matches!(op, Operation::Part(..));
    match part {
        SubResource::Version => {
            let default = account.parts(object, part).any(|it| it.item == item && it.default);
            let mut members = version_members(object, item, default, store);
            let document = || encode(&store.version_record(object, item).body);
            members.extend(read.then(|| text("Document", document())));
            Some(vec![node("PolicyVersion", members)])
        }
        SubResource::InlinePolicy if read => {
            let record = store.item_record(AttachmentKind::InlinePolicy, item);
            Some(vec![
                text("GroupName", store.resource_record(object).name),
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

fn user(thing: Entity, store: &Store) -> Option<Vec<Node>> {
    let Entity::User(user) = thing else { return None };
    Some(user_members(&store.user_record(user)))
}

/// What `GetUser` tells and `ListUsers` does not (C-044, C-049): each only where there is one.
pub(crate) fn details_of(user: User, store: &Store, account: &Account) -> Vec<Node> {
    let boundary = account.boundary(user).map(|policy| {
        let arn = store.resource_record(Resource { class: ResourceKind::Policy, item: policy }).id;
        let members =
            [("PermissionsBoundaryType", "Policy".to_owned()), ("PermissionsBoundaryArn", arn)];
        node("PermissionsBoundary", members.map(|(name, value)| text(name, value)).into())
    });
    let tags = tags(user, store, account);
    let tags = (!tags.is_empty()).then(|| node("Tags", tags));
    boundary.into_iter().chain(tags).collect()
}

pub(crate) fn tags(user: User, store: &Store, account: &Account) -> Vec<Node> {
    let tags = account.held_of(user, AttachmentKind::Tag);
    tags.map(|it| node("member", tag_members(&store.item_record(AttachmentKind::Tag, it.item))))
        .collect()
}

pub(crate) fn policy_members(policy: Resource, store: &Store, account: &Account) -> Vec<Node> {
    let record = store.resource_record(policy);
    let version = account.parts(policy, SubResource::Version).find(|it| it.default);
    let version =
        version.map_or_else(|| "v1".to_owned(), |it| SubResource::Version.symbol(it.item));
    let held = account.holders(AttachmentKind::ManagedPolicy, policy.item).count()
        + account.owners(policy).count();
    let bounds = account.bounded_by(policy).count();
    vec![
        text("PolicyName", record.name),
        text("PolicyId", record.alternate_id),
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

fn object(thing: Entity, store: &Store, account: &Account) -> Option<Vec<Node>> {
    let Entity::Object(object) = thing else { return None };
    Some(match object.class {
        ResourceKind::Group => group_members(&store.resource_record(object)),
        ResourceKind::Policy => policy_members(object, store, account),
        ResourceKind::Device => device_members(object, store, account),
    })
}

/// An unassigned device shows its serial number and nothing else (B-MF-14).
fn device_members(device: Resource, store: &Store, account: &Account) -> Vec<Node> {
    let mut members = vec![text("SerialNumber", store.resource_record(device).id)];
    if let Some(user) = account.holders(AttachmentKind::MfaDevice, device.item).next() {
        members.push(node("User", user_members(&store.user_record(user))));
        members.push(text(
            "EnableDate",
            store.attachment_record(user, AttachmentKind::MfaDevice, device.item).created,
        ));
    }
    members
}

fn holders(seen: &Listing, store: &Store) -> Vec<Node> {
    let named = |record: Record, what: &str| {
        vec![text(&format!("{what}Name"), record.name), text(&format!("{what}Id"), record.id)]
    };
    let groups = list("PolicyGroups", seen, |it| match it {
        Entity::Object(group) => Some(named(store.resource_record(group), "Group")),
        _ => None,
    });
    let users = list("PolicyUsers", seen, |it| match it {
        Entity::User(user) => Some(named(store.user_record(user), "User")),
        _ => None,
    });
    let roles = node("PolicyRoles", Vec::new());
    groups.into_iter().take(1).chain([roles]).chain(users).collect()
}

pub(crate) fn version_members(
    policy: Resource,
    version: Item,
    default: bool,
    store: &Store,
) -> Vec<Node> {
    vec![
        text("VersionId", SubResource::Version.symbol(version)),
        text("IsDefaultVersion", default.to_string()),
        text("CreateDate", store.version_record(policy, version).created),
    ]
}

fn parts(object: Resource, part: SubResource, seen: &Listing, store: &Store) -> Vec<Node> {
    match part {
        SubResource::Version => list("Versions", seen, |it| match it {
            Entity::Version { number, default } => {
                Some(version_members(object, Item(number), default, store))
            }
            _ => None,
        }),
        SubResource::AttachedPolicy => list("AttachedPolicies", seen, |it| match it {
            Entity::Object(policy) => Some(attached_members(policy, store)),
            _ => None,
        }),
        SubResource::InlinePolicy => {
            let names =
                seen.items.iter().filter_map(|(it, _)| it.item(AttachmentKind::InlinePolicy));
            let name =
                |item| text("member", store.item_record(AttachmentKind::InlinePolicy, item).name);
            vec![node("PolicyNames", names.map(name).collect()), text("IsTruncated", "false")]
        }
    }
}
