//! Validation of the members of a request: the constraints of D-021, with the messages of the
//! facts.
//!
//! Runs before any lookup (D-016), so it knows the form only, and whether the user exists.

use iamspec_model::Fact;
use iamspec_model::evidence::{
    B_IP_14, B_IP_16, B_MF_09, B_MP_05, B_PB_05, B_SC_05, B_SK_06, D_001, D_003, D_007, D_008,
    D_009,
};

use serde_json::Value;

use crate::server::outside_model::password_policy::{self, PasswordPolicy};
use crate::server::outside_model::service_credentials::AGE_DAYS;
use crate::server::parse::form::{ParsedForm, RequestError};
use crate::wire::attachments::ATTACHMENTS;
use crate::wire::constraints::NAMES;

/// The pattern of `VersionId` as AWS writes it.
const VERSION: &str = r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?";

/// The members with a fixed set of values (D-023). The message names no value (B-SS-11).
const ENUMERATIONS: [(&str, &[&str]); 6] = [
    ("Status", &["Active", "Inactive"]),
    ("AssignmentStatus", &["Assigned", "Unassigned", "Any"]),
    ("Encoding", &["SSH", "PEM"]),
    ("EntityFilter", &["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]),
    ("PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"]),
    ("Scope", &["All", "AWS", "Local"]),
];

/// Returns the first error. Constraints of the service model come first, all of them in one
/// response (D-003); then errors with a message of their own. Uploaded bodies and documents are
/// validated only if the user or group exists (B-SC-07, B-MF-07, B-LP-07, D-024).
pub(crate) fn validate(
    form: &ParsedForm,
    subject_exists: bool,
    policy: Option<&PasswordPolicy>,
) -> Result<(), RequestError> {
    let violations = violations(form);
    match violations.as_slice() {
        [] => {}
        [(field, constraint)] => {
            let template = D_001.message.unwrap_or_default();
            let message = template.replace("{field}", field).replace("{constraint}", constraint);
            return Err(RequestError::Fact(D_001, Some(message)));
        }
        several => return Err(RequestError::Fact(D_003, Some(joined(several)))),
    }
    validate_names(form)?;
    validate_paths(form)?;
    validate_policy_arns(form)?;
    if subject_exists { validate_bodies(form, policy) } else { Ok(()) }
}

/// One message for several violations, in the form of D-003; its template shows two of them.
fn joined(violations: &[(String, String)]) -> String {
    let violation = |(field, constraint): &(String, String)| {
        format!("Value at '{field}' failed to satisfy constraint: {constraint}")
    };
    let texts: Vec<String> = violations.iter().map(violation).collect();
    format!("{} validation errors detected: {}", violations.len(), texts.join("; "))
}

/// The fields that violate a constraint, with the constraint in the words of D-005.
fn violations(form: &ParsedForm) -> Vec<(String, String)> {
    let max_length = |most| format!("Member must have length less than or equal to {most}");
    let mut violations = Vec::new();
    for (name, most) in NAMES {
        let is_new = name == "UserName" && form.action() == "CreateUser";
        let most = if is_new { 64 } else { most };
        if form.get(name).is_some_and(|it| it.chars().count() > most) {
            violations.push((field(name), max_length(most)));
        }
    }
    for name in ["Path", "NewPath"] {
        if form.get(name).is_some_and(|it| it.len() > 512) {
            violations.push((field(name), max_length(512)));
        }
    }
    let tags = form.tags();
    if tags.len() > 50 {
        violations.push((field("Tags"), max_length(50)));
    }
    for (index, (key, value)) in tags.iter().enumerate() {
        for (part, text, most) in [("key", key, 128), ("value", value, 256)] {
            if text.chars().count() > most {
                violations.push((format!("tags.{}.member.{part}", index + 1), max_length(most)));
            }
        }
    }
    let must_match = |pattern| format!("Member must satisfy regular expression pattern: {pattern}");
    for row in &ATTACHMENTS {
        let Some(pattern) = row.id_pattern else { continue };
        let name = row.kind.row().parameter;
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if form.get(name).is_some_and(|id| !id.chars().all(is_word)) {
            violations.push((field(name), must_match(pattern)));
        }
    }
    for (name, words) in ENUMERATIONS {
        if form.get(name).is_some_and(|value| !words.contains(&value)) {
            violations.push((field(name), "Member must satisfy enum value set".to_owned()));
        }
    }
    for (name, minimum, maximum) in password_policy::NUMBERS.into_iter().chain([AGE_DAYS]) {
        let Some(value) = form.get(name) else { continue };
        let limit = match value.parse::<u64>().unwrap_or_default() {
            it if it < minimum => format!("greater than or equal to {minimum}"),
            it if it > maximum => format!("less than or equal to {maximum}"),
            _ => continue,
        };
        violations.push((field(name), format!("Member must have value {limit}")));
    }
    if form.get("VersionId").is_some_and(|it| !is_version(it)) {
        violations.push((field("VersionId"), must_match(VERSION)));
    }
    violations
}

/// The name of a member in messages: `UserName` is `userName` (D-001).
fn field(member: &str) -> String {
    let mut letters = member.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn is_version(id: &str) -> bool {
    let starts_right = |number: &str| number.starts_with(|digit| ('1'..='9').contains(&digit));
    id.strip_prefix('v').is_some_and(|rest| {
        let (number, _) = rest.split_once('.').unwrap_or((rest, ""));
        starts_right(number) && number.chars().all(|it| it.is_ascii_digit())
    })
}

fn validate_names(form: &ParsedForm) -> Result<(), RequestError> {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter);
    for (name, _) in NAMES {
        let is_name = |value: &str| !value.is_empty() && value.chars().all(is_allowed);
        if form.get(name).is_some_and(|value| !is_name(value)) {
            // D-007 has the message for user names; for other names, the field differs.
            let message = D_007.message.map(|text| text.replace("userName", &field(name)));
            return Err(RequestError::Fact(D_007, message));
        }
    }
    Ok(())
}

fn validate_paths(form: &ParsedForm) -> Result<(), RequestError> {
    let is_printable = |path: &str| path.chars().all(|letter| ('!'..='~').contains(&letter));
    for name in ["Path", "NewPath"] {
        let is_path =
            |path: &str| path.starts_with('/') && path.ends_with('/') && is_printable(path);
        if form.get(name).is_some_and(|path| !is_path(path)) {
            let subject = format!("for {}", field(name));
            let message = D_008.message.map(|text| text.replace("for path", &subject));
            return Err(RequestError::Fact(D_008, message));
        }
    }
    match form.get("PathPrefix") {
        Some(prefix) if !(prefix.starts_with('/') && is_printable(prefix)) => {
            Err(RequestError::of_fact(D_009, form))
        }
        _ => Ok(()),
    }
}

fn validate_policy_arns(form: &ParsedForm) -> Result<(), RequestError> {
    let action = form.action();
    let is_attachment = ["AttachUserPolicy", "AttachGroupPolicy"].contains(&action);
    match (form.get("PolicyArn"), form.get("PermissionsBoundary")) {
        (Some(arn), _) if is_attachment && !arn.starts_with("arn:") => {
            Err(RequestError::of_fact(B_MP_05, form))
        }
        (_, Some(arn)) if !(arn.starts_with("arn:") && arn.contains(":policy/")) => {
            let message = B_PB_05.message.map(|text| text.replace("{Arn}", arn));
            Err(RequestError::Fact(B_PB_05, message))
        }
        _ => Ok(()),
    }
}

/// Validates documents, certificates, keys, codes and passwords.
fn validate_bodies(form: &ParsedForm, policy: Option<&PasswordPolicy>) -> Result<(), RequestError> {
    let is_certificate = |text: &str| text.contains("-----BEGIN CERTIFICATE-----");
    let is_key =
        |text: &str| text.contains("-----BEGIN ") || ssh_key::PublicKey::from_openssh(text).is_ok();
    let codes = ["AuthenticationCode1", "AuthenticationCode2"].map(|name| form.get(name));
    let password = form.get("Password").or(form.get("NewPassword"));
    if let Some(fact) = form.get("PolicyDocument").and_then(document_error) {
        return Err(RequestError::of_fact(fact, form));
    }
    match () {
        () if form.get("CertificateBody").is_some_and(|text| !is_certificate(text)) => {
            Err(RequestError::of_fact(B_SC_05, form))
        }
        () if form.get("SSHPublicKeyBody").is_some_and(|text| !is_key(text)) => {
            Err(RequestError::of_fact(B_SK_06, form))
        }
        () if codes[0].is_some() && codes[0] == codes[1] => {
            Err(RequestError::of_fact(B_MF_09, form))
        }
        () => match password.and_then(|it| password_policy::password_error(policy, it)) {
            Some(error) => Err(error),
            None => Ok(()),
        },
    }
}

/// The error of a policy document, if it has one: the grammar, as far as facts describe it (B-IP-14,
/// B-IP-16).
fn document_error(document: &str) -> Option<&'static Fact> {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return Some(B_IP_14),
    };
    let is_effect = |effect: &Value| ["Allow", "Deny"].iter().any(|it| effect == it);
    let has_effect = |it: &&Value| it.get("Effect").is_some_and(is_effect);
    let has_resource = |it: &&Value| it.get("Resource").or(it.get("NotResource")).is_some();
    if !statements.iter().all(has_effect) {
        Some(B_IP_14)
    } else if statements.iter().all(has_resource) {
        None
    } else {
        Some(B_IP_16)
    }
}
