//! What an answer shows: the structures of `RESPONSE` in the facts.

use iamspec_conformance::Shown;
use iamspec_model::{Account, Class, Item, Kind, Object, Operation, Status, User, With};
use md5::{Digest as _, Md5};

use super::record::{Record, secret};
use super::registry::{ACCOUNT, Registry};
use super::xml::{Node, node, text};
use super::{World, view};
use crate::wire;

/// The members of the result; `None` for calls that show nothing (E-002).
pub(super) fn result(op: &Operation, shown: Option<Shown>, world: &World) -> Option<Vec<Node>> {
    let (registry, account) = (&world.registry, &world.account);
    let seen = shown.unwrap_or_default();
    match *op {
        Operation::CreateUser(user, _) | Operation::GetUser(user) => {
            let mut members = user_members(&registry.user_record(user));
            members.extend(view::details_of(user, registry, account));
            Some(vec![node("User", members)])
        }
        Operation::Create(object) => Some(created(object, registry, account)),
        Operation::Attach(user, Kind::LoginProfile, _)
        | Operation::List(user, Kind::LoginProfile) => {
            Some(vec![node("LoginProfile", login_profile(user, registry))])
        }
        Operation::Issue(user, kind, item, with) => Some(issued(user, kind, item, with, registry)),
        Operation::List(user, kind) => Some(listed(user, kind, &seen, registry)),
        Operation::Get(user, Kind::InlinePolicy, item) => {
            let record = registry.item_record(Kind::InlinePolicy, item);
            Some(vec![
                text("UserName", registry.user_record(user).name),
                text("PolicyName", &*record.name),
                text("PolicyDocument", encode(&record.body)),
            ])
        }
        Operation::Renew(_, Kind::LoginProfile | Kind::MfaDevice, _) => None,
        Operation::Get(user, kind, item) | Operation::Renew(user, kind, item) => {
            let status = seen.items.first().map(|(_, status)| *status).unwrap_or_default();
            let mut members = members(user, kind, item, status, registry);
            members.extend(body(kind, item, registry));
            let renewed = matches!(op, Operation::Renew(..));
            members.extend(renewed.then(|| text("ServicePassword", secret())));
            Some(vec![node(wire::structure(kind)?, members)])
        }
        _ => view::result(op, &seen, registry, account),
    }
}

pub(super) fn user_members(record: &Record) -> Vec<Node> {
    vec![
        text("Path", &*record.path),
        text("UserName", &*record.name),
        text("UserId", &*record.id),
        text("Arn", format!("arn:aws:iam::{ACCOUNT}:user{}{}", record.path, record.name)),
        text("CreateDate", &*record.created),
    ]
}

fn created(object: Object, registry: &Registry, account: &Account) -> Vec<Node> {
    let record = registry.object_record(object);
    let members = match object.class {
        Class::Group => group_members(&record),
        Class::Policy => view::policy_members(object, registry, account),
        Class::Device => vec![
            text("SerialNumber", &*record.id),
            text("Base32StringSeed", data_encoding::BASE64.encode(record.body.as_bytes())),
            text("QRCodePNG", data_encoding::BASE64.encode(b"no picture")),
        ],
    };
    vec![node(wire::created(object.class).0, members)]
}

pub(super) fn group_members(record: &Record) -> Vec<Node> {
    vec![
        text("Path", &*record.path),
        text("GroupName", &*record.name),
        text("GroupId", &*record.id),
        text("Arn", format!("arn:aws:iam::{ACCOUNT}:group{}{}", record.path, record.name)),
        text("CreateDate", &*record.created),
    ]
}

fn login_profile(user: User, registry: &Registry) -> Vec<Node> {
    vec![
        text("UserName", registry.user_record(user).name),
        text("CreateDate", registry.since(user, Kind::LoginProfile, Item(0))),
        text("PasswordResetRequired", registry.resets(user).to_string()),
    ]
}

fn issued(user: User, kind: Kind, item: Item, with: With, registry: &Registry) -> Vec<Node> {
    let mut members = members(user, kind, item, Status::Active, registry);
    members.extend(body(kind, item, registry));
    if kind == Kind::AccessKey {
        members.push(text("SecretAccessKey", registry.item_record(kind, item).secret.reveal()));
    }
    if let With::Service(_) = with {
        members.push(text("ServicePassword", secret()));
    }
    wire::structure(kind).map(|name| node(name, members)).into_iter().collect()
}

/// What a listing shows of an item that the service named.
fn members(user: User, kind: Kind, item: Item, status: Status, registry: &Registry) -> Vec<Node> {
    let (owner, record) = (registry.user_record(user).name, registry.item_record(kind, item));
    let date = match kind {
        Kind::SigningCertificate | Kind::SshPublicKey => "UploadDate",
        _ => "CreateDate",
    };
    let mut members = vec![
        text("UserName", &*owner),
        text(kind.row().member, &*record.id),
        text("Status", status.name()),
        text(date, &*record.created),
    ];
    if kind.row().services {
        members.push(text("ServiceUserName", record.other));
        members.push(text("ServiceName", record.body));
    }
    members
}

/// The body of an uploaded item, with what is told of it.
fn body(kind: Kind, item: Item, registry: &Registry) -> Vec<Node> {
    let body = registry.item_record(kind, item).body;
    match kind {
        Kind::SigningCertificate => vec![text("CertificateBody", body)],
        Kind::SshPublicKey => {
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

fn listed(user: User, kind: Kind, seen: &Shown, registry: &Registry) -> Vec<Node> {
    let one = |(item, status): (Item, Status)| {
        let nodes = match (kind, kind.row().refers) {
            (Kind::MfaDevice, _) => device_members(user, item, registry),
            (Kind::InlinePolicy, _) => {
                return text("member", registry.item_record(kind, item).name);
            }
            (Kind::Tag, _) => tag_members(&registry.item_record(kind, item)),
            (_, Some(Class::Policy)) => {
                attached_members(Object { class: Class::Policy, item }, registry)
            }
            (_, Some(class)) => group_members(&registry.object_record(Object { class, item })),
            (_, None) => {
                let whole = kind == Kind::SigningCertificate;
                let body = whole.then(|| body(kind, item, registry));
                let members = members(user, kind, item, status, registry);
                members.into_iter().chain(body.into_iter().flatten()).collect()
            }
        };
        node("member", nodes)
    };
    let items = seen.items.iter().filter_map(|(it, status)| Some((it.item(kind)?, *status)));
    let list = wire::listing(kind).map(|it| node(it.list, items.map(one).collect()));
    list.into_iter().chain([text("IsTruncated", "false")]).collect()
}

pub(super) fn tag_members(record: &Record) -> Vec<Node> {
    vec![text("Key", &*record.name), text("Value", &*record.body)]
}

pub(super) fn attached_members(policy: Object, registry: &Registry) -> Vec<Node> {
    let record = registry.object_record(policy);
    vec![text("PolicyName", record.name), text("PolicyArn", record.id)]
}

fn device_members(user: User, device: Item, registry: &Registry) -> Vec<Node> {
    vec![
        text("UserName", registry.user_record(user).name),
        text(
            "SerialNumber",
            registry.object_record(Object { class: Class::Device, item: device }).id,
        ),
        text("EnableDate", registry.since(user, Kind::MfaDevice, device)),
    ]
}

/// RFC 3986: everything but letters, digits and `-._~` (B-IP-03).
pub(super) fn encode(document: &str) -> String {
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
        let key = crate::payload::ssh_key(Item(0));
        assert_eq!(fingerprint(key), "29:26:36:6b:c8:90:a8:63:27:2f:4f:37:ca:99:45:22");
        assert_eq!(fingerprint("no key"), "");
    }
}
