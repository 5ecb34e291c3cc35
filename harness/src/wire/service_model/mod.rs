//! The service model of IAM, as botocore ships it, reduced to a checksum per action.
//!
//! A checksum covers what an action accepts, what it returns and which errors it has. A later model
//! with another checksum shows which actions differ from the model that the facts were taken from.

pub(crate) mod shapes;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use anyhow::{Context as _, Result, ensure};
use data_encoding::HEXLOWER;
use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The known model, from which the facts were taken: its version, and a checksum per action.
const KNOWN: &str = include_str!("../../../data/iam-api.txt");

/// Keys that do not describe the behavior of an action.
const IGNORED_KEYS: [&str; 3] = ["documentation", "documentationUrl", "sensitive"];

/// A checksum per action, by the action's name.
pub type ShapeHashes = BTreeMap<String, String>;

/// The version of the known model, and its checksums.
#[must_use]
pub fn known() -> (&'static str, ShapeHashes) {
    let mut lines = KNOWN.lines();
    let version = lines.next().unwrap_or_default();
    let sums = lines.filter_map(|it| it.split_once(' '));
    (version, sums.map(|(api, sum)| (api.to_owned(), sum.to_owned())).collect())
}

/// Returns true if the known model has an action of this name.
pub(crate) fn is_action(name: &str) -> bool {
    let mut names = KNOWN.lines().filter_map(|it| it.split_once(' ')).skip(1);
    names.any(|(api, _)| api == name)
}

/// The checksums of a model in botocore's format: JSON, compressed with gzip or not.
///
/// # Errors
/// The bytes are not a service model of IAM; the error names what is missing.
pub fn checksums(bytes: &[u8]) -> Result<ShapeHashes> {
    let mut unpacked = Vec::new();
    let json = if bytes.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(bytes).read_to_end(&mut unpacked).context("the gzip data is incomplete")?;
        unpacked.as_slice()
    } else {
        bytes
    };
    let model: Value = serde_json::from_slice(json).context("it is not JSON")?;
    let section = |name: &str| {
        model.get(name).and_then(Value::as_object).with_context(|| format!("it has no `{name}`"))
    };
    let metadata = section("metadata")?;
    let service = metadata.get("serviceId").and_then(Value::as_str).unwrap_or_default();
    ensure!(service == "IAM", "it is the model of `{service}`; expected the model of IAM");
    let shapes = section("shapes")?;
    let checksum = |(api, action): (&String, &Value)| {
        let mut digest = Sha256::new();
        let mut pending = BTreeSet::new();
        digest.update(behavior(action, &mut pending).to_string());
        // Every reachable shape, once, in the order of the names.
        let mut done = BTreeSet::new();
        while let Some(name) = pending.pop_first() {
            if done.insert(name.clone()) {
                let shape = shapes.get(&name).unwrap_or(&Value::Null);
                digest.update(format!("{name} {}", behavior(shape, &mut pending)));
                pending.retain(|it| !done.contains(it));
            }
        }
        let sum: String = HEXLOWER.encode(&digest.finalize()).chars().take(16).collect();
        (api.clone(), sum)
    };
    Ok(section("operations")?.iter().map(checksum).collect())
}

/// A value of the model without [`IGNORED_KEYS`]. Adds the names of the shapes in it to `shapes`.
fn behavior(value: &Value, shapes: &mut BTreeSet<String>) -> Value {
    match value {
        Value::Object(members) => {
            if let Some(name) = members.get("shape").and_then(Value::as_str) {
                shapes.insert(name.to_owned());
            }
            let relevant: BTreeMap<_, _> =
                members.iter().filter(|(name, _)| !IGNORED_KEYS.contains(&name.as_str())).collect();
            relevant.into_iter().map(|(name, it)| (name.clone(), behavior(it, shapes))).collect()
        }
        Value::Array(items) => items.iter().map(|it| behavior(it, shapes)).collect(),
        other => other.clone(),
    }
}
