//! What an answer shows: the structures of `RESPONSE` in the facts.

use iamspec_conformance::Shown;
use iamspec_model::{Class, Item, Kind, Object, Operation, Status, User, With};
use md5::{Digest as _, Md5};

use super::registry::{ACCOUNT, Record, Registry, secret};
use super::xml::{Node, node, text};
use crate::wire;

/// The members of the result; `None` for calls that show nothing (E-002).
pub(super) fn result(
    op: &Operation,
    shown: Option<Shown>,
    registry: &Registry,
) -> Option<Vec<Node>> {
    let seen = shown.unwrap_or_default();
    match *op {
        Operation::CreateUser(user) | Operation::GetUser(user) => {
            Some(vec![node("User", user_members(&registry.user_record(user)))])
        }
        Operation::Create(object) => Some(created(object, registry)),
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
        Operation::Renew(_, Kind::LoginProfile, _) => None,
        Operation::Get(user, kind, item) | Operation::Renew(user, kind, item) => {
            let status = seen.items.first().map(|(_, status)| *status).unwrap_or_default();
            let mut members = members(user, kind, item, status, registry);
            members.extend(body(kind, item, registry));
            let renewed = matches!(op, Operation::Renew(..));
            members.extend(renewed.then(|| text("ServicePassword", secret())));
            Some(vec![node(wire::structure(kind)?, members)])
        }
        _ => None,
    }
}

fn user_members(record: &Record) -> Vec<Node> {
    vec![
        text("Path", &*record.path),
        text("UserName", &*record.name),
        text("UserId", &*record.id),
        text("Arn", format!("arn:aws:iam::{ACCOUNT}:user{}{}", record.path, record.name)),
        text("CreateDate", &*record.created),
    ]
}

fn created(object: Object, registry: &Registry) -> Vec<Node> {
    let record = registry.object_record(object);
    let members = match object.class {
        Class::Group => group_members(&record),
        Class::Policy => vec![
            text("PolicyName", &*record.name),
            text("PolicyId", &*record.policy_id),
            text("Arn", &*record.id),
            text("Path", &*record.path),
            text("DefaultVersionId", "v1"),
            text("AttachmentCount", "0"),
            text("PermissionsBoundaryUsageCount", "0"),
            text("IsAttachable", "true"),
            text("CreateDate", &*record.created),
            text("UpdateDate", &*record.created),
        ],
        Class::Device => vec![
            text("SerialNumber", &*record.id),
            text("Base32StringSeed", data_encoding::BASE64.encode(record.body.as_bytes())),
            text("QRCodePNG", data_encoding::BASE64.encode(b"no picture")),
        ],
    };
    vec![node(wire::created(object.class).0, members)]
}

fn group_members(record: &Record) -> Vec<Node> {
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
        text("PasswordResetRequired", "false"),
    ]
}

fn issued(user: User, kind: Kind, item: Item, with: With, registry: &Registry) -> Vec<Node> {
    let mut members = members(user, kind, item, Status::Active, registry);
    members.extend(body(kind, item, registry));
    if kind == Kind::AccessKey {
        members.push(text("SecretAccessKey", secret()));
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
        members.push(text("ServiceUserName", format!("{owner}-at-{ACCOUNT}")));
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
    let one = |(item, status): &(Item, Status)| {
        let nodes = match (kind, kind.row().refers) {
            (Kind::MfaDevice, _) => device_members(user, *item, registry),
            (Kind::InlinePolicy, _) => {
                return text("member", registry.item_record(kind, *item).name);
            }
            (_, Some(Class::Policy)) => {
                let record = registry.object_record(Object { class: Class::Policy, item: *item });
                vec![text("PolicyName", record.name), text("PolicyArn", record.id)]
            }
            (_, Some(class)) => {
                group_members(&registry.object_record(Object { class, item: *item }))
            }
            (_, None) => {
                let mut nodes = members(user, kind, *item, *status, registry);
                nodes.extend(
                    (kind == Kind::SigningCertificate)
                        .then(|| body(kind, *item, registry))
                        .into_iter()
                        .flatten(),
                );
                nodes
            }
        };
        node("member", nodes)
    };
    let list = wire::listing(kind).map(|it| node(it.list, seen.items.iter().map(one).collect()));
    list.into_iter().chain([text("IsTruncated", "false")]).collect()
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
fn encode(document: &str) -> String {
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
        let key = crate::payload::ssh_key(Item(0)).unwrap();
        assert_eq!(fingerprint(key), "29:26:36:6b:c8:90:a8:63:27:2f:4f:37:ca:99:45:22");
        assert_eq!(fingerprint("no key"), "");
    }
}
