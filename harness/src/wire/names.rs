//! AWS's names on the wire, beyond those in the model's tables (D-023): where a listing keeps its
//! members, and where an answer keeps the name that the service gave.
//!
//! The service model of IAM, as botocore has it: a checksum for each call, over what can be sent, what comes back
//! and which errors there are, so that a later model shows which calls are not what the facts were taken from.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use anyhow::{Context as _, Result, ensure};
use data_encoding::HEXLOWER;
use flate2::read::GzDecoder;
use iamspec_model::{AttachmentKind, ResourceKind};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The namespace of every IAM answer (E-001).
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// The version of the Query API (E-018).
pub const VERSION: &str = "2010-05-08";

/// The version of the API that says whose credentials a request is signed with, as botocore sends it.
pub const STS_VERSION: &str = "2011-06-15";

/// How a listing of a kind looks.
#[derive(Clone, Copy, Debug)]
pub struct ListNames {
    /// The element that holds the members.
    pub list: &'static str,
    /// The element in a member that names the item; none where the member's text does.
    pub name: Option<&'static str>,
}

/// Where the items of a kind stand in its listing. `None` for the login profile, which is not
/// listed.
#[must_use]
pub const fn listing(kind: AttachmentKind) -> Option<ListNames> {
    let (list, name) = match kind {
        AttachmentKind::LoginProfile => return None,
        AttachmentKind::AccessKey => ("AccessKeyMetadata", Some("AccessKeyId")),
        AttachmentKind::SigningCertificate => ("Certificates", Some("CertificateId")),
        AttachmentKind::SshPublicKey => ("SSHPublicKeys", Some("SSHPublicKeyId")),
        AttachmentKind::ServiceCredential => {
            ("ServiceSpecificCredentials", Some("ServiceSpecificCredentialId"))
        }
        AttachmentKind::MfaDevice => ("MFADevices", Some("SerialNumber")),
        AttachmentKind::InlinePolicy => ("PolicyNames", None),
        AttachmentKind::ManagedPolicy => ("AttachedPolicies", Some("PolicyArn")),
        AttachmentKind::GroupMembership => ("Groups", Some("GroupName")),
        AttachmentKind::Tag => ("Tags", Some("Key")),
    };
    Some(ListNames { list, name })
}

/// The element that an issuing or reading call answers with, such as `AccessKey`.
#[must_use]
pub const fn structure(kind: AttachmentKind) -> Option<&'static str> {
    match kind {
        AttachmentKind::LoginProfile => Some("LoginProfile"),
        AttachmentKind::AccessKey => Some("AccessKey"),
        AttachmentKind::SigningCertificate => Some("Certificate"),
        AttachmentKind::SshPublicKey => Some("SSHPublicKey"),
        AttachmentKind::ServiceCredential => Some("ServiceSpecificCredential"),
        AttachmentKind::MfaDevice
        | AttachmentKind::InlinePolicy
        | AttachmentKind::ManagedPolicy
        | AttachmentKind::GroupMembership
        | AttachmentKind::Tag => None,
    }
}

/// The element that answers the creation of an object, and the one in it that names the object in
/// later requests.
#[must_use]
pub const fn created(class: ResourceKind) -> (&'static str, &'static str) {
    match class {
        ResourceKind::Group => ("Group", "GroupName"),
        ResourceKind::Policy => ("Policy", "Arn"),
        ResourceKind::Device => ("VirtualMFADevice", "SerialNumber"),
    }
}

/// The element that lists the objects of a class, and the one in a member that names the object.
#[must_use]
pub const fn objects(class: ResourceKind) -> (&'static str, &'static str) {
    match class {
        ResourceKind::Group => ("Groups", "GroupName"),
        ResourceKind::Policy => ("Policies", "Arn"),
        ResourceKind::Device => ("VirtualMFADevices", "SerialNumber"),
    }
}

/// What an id that the service gives begins with (E-017).
#[must_use]
pub const fn id_prefix(kind: AttachmentKind) -> &'static str {
    match kind {
        AttachmentKind::AccessKey => "AKIA",
        AttachmentKind::SshPublicKey => "APKA",
        AttachmentKind::ServiceCredential => "ACCA",
        _ => "",
    }
}

/// The services that credentials are made for, by number (B-SS-01).
pub const SERVICES: [&str; iamspec_model::SERVICES as usize] =
    ["codecommit.amazonaws.com", "cassandra.amazonaws.com"];

/// The model from which the facts were taken: its version, and a checksum for each call.
const KNOWN: &str = include_str!("../../data/iam-api.txt");

/// What says nothing of how a call behaves.
const WORDS: [&str; 3] = ["documentation", "documentationUrl", "sensitive"];

/// A checksum for each call, by its name.
pub type ShapeHashes = BTreeMap<String, String>;

/// The version of the known model, and its sums.
#[must_use]
pub fn known() -> (&'static str, ShapeHashes) {
    let mut lines = KNOWN.lines();
    let version = lines.next().unwrap_or_default();
    let sums = lines.filter_map(|it| it.split_once(' '));
    (version, sums.map(|(api, sum)| (api.to_owned(), sum.to_owned())).collect())
}

/// The sums of a model, as botocore ships it: JSON, packed or not.
///
/// # Errors
/// What is no such model, and what it lacks.
pub fn sums(bytes: &[u8]) -> Result<ShapeHashes> {
    let mut unpacked = Vec::new();
    let json = if bytes.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(bytes).read_to_end(&mut unpacked).context("it is no whole gzip")?;
        unpacked.as_slice()
    } else {
        bytes
    };
    let model: Value = serde_json::from_slice(json).context("it is no JSON")?;
    let part = |name: &str| {
        model.get(name).and_then(Value::as_object).with_context(|| format!("it has no `{name}`"))
    };
    let metadata = part("metadata")?;
    let service = metadata.get("serviceId").and_then(Value::as_str).unwrap_or_default();
    ensure!(service == "IAM", "it is the model of `{service}`; expected that of IAM");
    let shapes = part("shapes")?;
    let of = |(api, call): (&String, &Value)| {
        let mut digest = Sha256::new();
        let mut names = BTreeSet::new();
        digest.update(behaviour(call, &mut names).to_string());
        // Every shape that can be reached, each once, by its name.
        let mut done = BTreeSet::new();
        while let Some(name) = names.pop_first() {
            if done.insert(name.clone()) {
                let shape = shapes.get(&name).unwrap_or(&Value::Null);
                digest.update(format!("{name} {}", behaviour(shape, &mut names)));
                names.retain(|it| !done.contains(it));
            }
        }
        let sum: String = HEXLOWER.encode(&digest.finalize()).chars().take(16).collect();
        (api.clone(), sum)
    };
    Ok(part("operations")?.iter().map(of).collect())
}

/// A part of the model without its words; the names of the shapes in it are added.
fn behaviour(value: &Value, names: &mut BTreeSet<String>) -> Value {
    match value {
        Value::Object(members) => {
            if let Some(name) = members.get("shape").and_then(Value::as_str) {
                names.insert(name.to_owned());
            }
            let kept: BTreeMap<_, _> =
                members.iter().filter(|(name, _)| !WORDS.contains(&name.as_str())).collect();
            kept.into_iter().map(|(name, it)| (name.clone(), behaviour(it, names))).collect()
        }
        Value::Array(items) => items.iter().map(|it| behaviour(it, names)).collect(),
        other => other.clone(),
    }
}
