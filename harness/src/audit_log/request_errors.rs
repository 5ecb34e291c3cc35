//! Finds the errors in a recorded request that the request alone shows (D-021).
//!
//! The audit does not know the rules of an account, such as its password policy, or everything that
//! a document may contain. It does not look for such errors.

use std::collections::BTreeSet;

use iamspec_model::{ErrorCode, InputError};

use crate::audit_log::record::{RecordedCall, RecordedResponse};
use crate::audit_log::replaced_values::is_replaced;
use crate::wire::constraints::{NAMES, violation};

/// What is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// A parameter, and in which way.
    Known(&'static str, InputError),
    /// Something that no rule describes, or several parameters.
    Other,
}

/// What is invalid in a request, if anything.
pub(crate) fn defect(call: &RecordedCall) -> Option<Defect> {
    // No rule describes this refusal (D-013).
    if shown(call, "MaxItems").is_some_and(|it| it.parse::<i64>().is_err()) {
        return Some(Defect::Other);
    }
    let mut found: BTreeSet<(&'static str, InputError)> = BTreeSet::new();
    names(call, &mut found);
    paths(call, &mut found);
    references(call, &mut found);
    bodies(call, &mut found);
    tags(call, &mut found);
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (None, _) => (is_refused_as_invalid(call) && may_be_invalid(call)).then_some(Defect::Other),
        (Some((parameter, error)), None) => Some(Defect::Known(parameter, error)),
        _ => Some(Defect::Other),
    }
}

/// Whether the response says that the request is invalid.
fn is_refused_as_invalid(call: &RecordedCall) -> bool {
    let codes = [ErrorCode::ValidationError, ErrorCode::InvalidInput].map(ErrorCode::name);
    matches!(&call.response, RecordedResponse::Error { code, .. } if codes.contains(&code.as_str()))
}

/// Whether a member is unusual in a way that no rule describes, or unknown.
fn may_be_invalid(call: &RecordedCall) -> bool {
    let is_unusual = |(name, value): (&String, &String)| match name.as_str() {
        "UserName"
        | "GroupName"
        | "PolicyName"
        | "PolicyArn"
        | "SerialNumber"
        | "AccessKeyId"
        | "CertificateId"
        | "SSHPublicKeyId"
        | "ServiceSpecificCredentialId" => violation(name, value).is_some(),
        "NewUserName" | "NewGroupName" | "Path" | "NewPath" | "Status" | "VersionId"
        | "SetAsDefault" => value.is_empty(),
        // The content of another member is not checked.
        _ => true,
    };
    !call.hidden.is_empty() || call.members.iter().any(is_unusual)
}

type Found = BTreeSet<(&'static str, InputError)>;

/// A member, unless a tool has replaced its value: a log may hide or shorten it.
fn shown<'a>(call: &'a RecordedCall, name: &str) -> Option<&'a str> {
    let marks = ["…", "redact", "hidden", "mask", "filter"];
    let may_be_replaced = |value: &&str| {
        let lower = value.to_lowercase();
        is_replaced(value)
            || marks.iter().any(|it| lower.contains(it))
            || lower.starts_with('<') && lower.ends_with('>')
    };
    call.member(name).filter(|it| !may_be_replaced(it))
}

fn names(call: &RecordedCall, found: &mut Found) {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter);
    for (name, most) in NAMES {
        let is_new = name == "UserName" && call.action == "CreateUser";
        let most = if is_new { 64 } else { most };
        let Some(value) = shown(call, name) else { continue };
        if value.chars().count() > most {
            found.insert((name, InputError::TooLong));
        } else if !value.chars().all(is_allowed) {
            found.insert((name, InputError::BadCharacter));
        }
    }
    let word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let id = "ServiceSpecificCredentialId";
    if shown(call, id).is_some_and(|it| !it.chars().all(word)) {
        found.insert((id, InputError::BadCharacter));
    }
}

fn paths(call: &RecordedCall, found: &mut Found) {
    let is_printable = |path: &str| path.chars().all(|letter| ('!'..='~').contains(&letter));
    for name in ["Path", "NewPath"] {
        let Some(path) = shown(call, name) else { continue };
        if path.len() > 512 {
            found.insert((name, InputError::TooLong));
        } else if !(path.starts_with('/') && path.ends_with('/') && is_printable(path)) {
            found.insert((name, InputError::Malformed));
        }
    }
    if shown(call, "PathPrefix").is_some_and(|it| !it.starts_with('/') || !is_printable(it)) {
        found.insert(("PathPrefix", InputError::Malformed));
    }
    match call.member("MaxItems").map(str::parse::<i64>) {
        Some(Ok(..1)) => _ = found.insert(("MaxItems", InputError::TooShort)),
        Some(Ok(1001..)) => _ = found.insert(("MaxItems", InputError::TooLong)),
        _ => {}
    }
}

fn references(call: &RecordedCall, found: &mut Found) {
    if shown(call, "PolicyArn").is_some_and(|it| !it.starts_with("arn:")) {
        found.insert(("PolicyArn", InputError::Malformed));
    }
    let is_policy = |it: &str| it.starts_with("arn:") && it.contains(":policy/");
    if shown(call, "PermissionsBoundary").is_some_and(|it| !is_policy(it)) {
        found.insert(("PermissionsBoundary", InputError::Malformed));
    }
    if shown(call, "VersionId").is_some_and(|it| !is_version(it)) {
        found.insert(("VersionId", InputError::Malformed));
    }
    let is_service = |it: &str| it.ends_with(".amazonaws.com");
    if shown(call, "ServiceName").is_some_and(|it| !is_service(it)) {
        found.insert(("ServiceName", InputError::UnknownValue));
    }
    if shown(call, "Status").is_some_and(|it| !["Active", "Inactive", "Expired"].contains(&it)) {
        found.insert(("Status", InputError::UnknownValue));
    }
}

fn is_version(id: &str) -> bool {
    let Some(rest) = id.strip_prefix('v') else { return false };
    let (number, _) = rest.split_once('.').unwrap_or((rest, ""));
    number.starts_with(|it: char| ('1'..='9').contains(&it))
        && number.bytes().all(|it| it.is_ascii_digit())
}

fn bodies(call: &RecordedCall, found: &mut Found) {
    let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
    let body = |name: &str| shown(call, name);
    if body("PolicyDocument").is_some_and(|it| !it.contains('%') && !is_json(it)) {
        found.insert(("PolicyDocument", InputError::Malformed));
    }
    if body("CertificateBody").is_some_and(|it| !it.contains("-----BEGIN CERTIFICATE-----")) {
        found.insert(("CertificateBody", InputError::Malformed));
    }
    let is_key =
        |it: &str| it.contains("-----BEGIN ") || ssh_key::PublicKey::from_openssh(it).is_ok();
    if body("SSHPublicKeyBody").is_some_and(|it| !is_key(it)) {
        found.insert(("SSHPublicKeyBody", InputError::Malformed));
    }
    let is_code = |it: &&str| it.bytes().all(|digit| digit.is_ascii_digit());
    let [first, second] =
        ["AuthenticationCode1", "AuthenticationCode2"].map(|it| body(it).filter(is_code));
    if first.is_some() && first == second {
        found.insert(("AuthenticationCode2", InputError::Duplicate));
    }
}

fn tags(call: &RecordedCall, found: &mut Found) {
    let keys = call.list("Tags", ".Key");
    if keys.len() > 50 {
        found.insert(("Tags", InputError::TooLong));
    }
    if keys.iter().any(|it| it.chars().count() > 128) {
        found.insert(("Key", InputError::TooLong));
    }
    let folded: BTreeSet<String> = keys.iter().map(|it| it.to_lowercase()).collect();
    if folded.len() < keys.len() {
        found.insert(("Tags", InputError::Duplicate));
    }
}
