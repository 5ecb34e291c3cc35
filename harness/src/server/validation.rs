//! What is wrong with the members of a request, whatever exists: the constraints of D-021 and the
//! texts of the facts, before anything is looked for (D-016).

use iamspec_model::Fact;
use iamspec_model::evidence::{
    B_IP_09, B_LP_14, B_MF_09, B_MP_05, B_PB_05, B_SC_05, B_SK_06, D_001, D_003, D_007, D_008,
    D_009,
};

use crate::server::parse::{ParsedForm, Refusal};
use crate::wire::attachments::ATTACHMENTS;

/// The names that are given or looked for, and how long they may be: new names of users less.
const NAMES: [(&str, usize); 5] = [
    ("UserName", 128),
    ("NewUserName", 64),
    ("GroupName", 128),
    ("NewGroupName", 128),
    ("PolicyName", 128),
];

const VERSION: &str = r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?";

/// The first thing that is wrong: constraints of the model of the service first, all of them at once
/// (D-003), then what has a text of its own; what is uploaded is not looked at before the user is
/// (B-SC-07, B-MF-07, B-LP-07).
pub(crate) fn refuse(form: &ParsedForm, user_exists: bool) -> Result<(), Refusal> {
    let violations = violations(form);
    match violations.as_slice() {
        [] => {}
        [(field, constraint)] => {
            let text = D_001.message.unwrap_or_default();
            let text = text.replace("{field}", field).replace("{constraint}", constraint);
            return Err(Refusal::As(D_001, Some(text)));
        }
        several => return Err(Refusal::As(D_003, Some(joined(several)))),
    }
    names(form)?;
    paths(form)?;
    policies(form)?;
    if user_exists { bodies(form) } else { Ok(()) }
}

/// In the form of D-003, whose own text stands for any number of them.
fn joined(violations: &[(String, String)]) -> String {
    let one = |(field, constraint): &(String, String)| {
        format!("Value at '{field}' failed to satisfy constraint: {constraint}")
    };
    let all: Vec<String> = violations.iter().map(one).collect();
    format!("{} validation errors detected: {}", violations.len(), all.join("; "))
}

/// Fields and the constraints that they break, in the words of D-005.
fn violations(form: &ParsedForm) -> Vec<(String, String)> {
    let longest = |most| format!("Member must have length less than or equal to {most}");
    let mut found = Vec::new();
    for (name, most) in NAMES {
        let creates = name == "UserName" && form.get("Action") == Some("CreateUser");
        let most = if creates { 64 } else { most };
        if form.get(name).is_some_and(|it| it.chars().count() > most) {
            found.push((field(name), longest(most)));
        }
    }
    for name in ["Path", "NewPath"] {
        if form.get(name).is_some_and(|it| it.len() > 512) {
            found.push((field(name), longest(512)));
        }
    }
    let tags = form.tags();
    if tags.len() > 50 {
        found.push((field("Tags"), longest(50)));
    }
    for (place, (key, value)) in tags.iter().enumerate() {
        for (part, text, most) in [("key", key, 128), ("value", value, 256)] {
            if text.chars().count() > most {
                found.push((format!("tags.{}.member.{part}", place + 1), longest(most)));
            }
        }
    }
    let pattern = |it| format!("Member must satisfy regular expression pattern: {it}");
    for row in &ATTACHMENTS {
        let Some(allowed) = row.id_pattern else { continue };
        let name = row.kind.row().member;
        let word = |it: char| it.is_ascii_alphanumeric() || it == '_';
        if form.get(name).is_some_and(|it| !it.chars().all(word)) {
            found.push((field(name), pattern(allowed)));
        }
    }
    if form.get("VersionId").is_some_and(|it| !is_version(it)) {
        found.push((field("VersionId"), pattern(VERSION)));
    }
    found
}

/// `UserName` as `userName` (D-001).
fn field(member: &str) -> String {
    let mut letters = member.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn is_version(id: &str) -> bool {
    let digits = |it: &str| it.starts_with(|it| ('1'..='9').contains(&it));
    id.strip_prefix('v').is_some_and(|rest| {
        let (number, _) = rest.split_once('.').unwrap_or((rest, ""));
        digits(number) && number.chars().all(|it| it.is_ascii_digit())
    })
}

fn names(form: &ParsedForm) -> Result<(), Refusal> {
    let allowed = |it: char| it.is_ascii_alphanumeric() || "+=,.@_-".contains(it);
    for (name, _) in NAMES {
        if form.get(name).is_some_and(|it| !it.chars().all(allowed)) {
            // The text of D-007 is about user names; the others differ in the name of the field.
            let text = D_007.message.map(|text| text.replace("userName", &field(name)));
            return Err(Refusal::As(D_007, text));
        }
    }
    Ok(())
}

fn paths(form: &ParsedForm) -> Result<(), Refusal> {
    let printable = |path: &str| path.chars().all(|it| ('!'..='~').contains(&it));
    for name in ["Path", "NewPath"] {
        let whole = |it: &str| it.starts_with('/') && it.ends_with('/') && printable(it);
        if form.get(name).is_some_and(|it| !whole(it)) {
            let text =
                D_008.message.map(|text| text.replace("for path", &format!("for {}", field(name))));
            return Err(Refusal::As(D_008, text));
        }
    }
    match form.get("PathPrefix") {
        Some(prefix) if !(prefix.starts_with('/') && printable(prefix)) => Err(said(D_009, form)),
        _ => Ok(()),
    }
}

fn policies(form: &ParsedForm) -> Result<(), Refusal> {
    let action = form.get("Action").unwrap_or_default();
    let attaches = ["AttachUserPolicy", "AttachGroupPolicy"].contains(&action);
    match (form.get("PolicyArn"), form.get("PermissionsBoundary")) {
        (Some(arn), _) if attaches && !arn.starts_with("arn:") => Err(said(B_MP_05, form)),
        (_, Some(arn)) if !(arn.starts_with("arn:") && arn.contains(":policy/")) => {
            let text = B_PB_05.message.map(|text| text.replace("{Arn}", arn));
            Err(Refusal::As(B_PB_05, text))
        }
        _ => Ok(()),
    }
}

/// Keys, certificates, passwords and codes. The default password policy wants eight characters.
fn bodies(form: &ParsedForm) -> Result<(), Refusal> {
    let certificate = |it: &str| it.contains("-----BEGIN CERTIFICATE-----");
    let key = |it: &str| it.contains("-----BEGIN ") || ssh_key::PublicKey::from_openssh(it).is_ok();
    let codes = ["AuthenticationCode1", "AuthenticationCode2"].map(|name| form.get(name));
    let password = form.get("Password").or(form.get("NewPassword"));
    let document = |it: &str| serde_json::from_str::<serde_json::Value>(it).is_ok();
    match () {
        () if form.get("PolicyDocument").is_some_and(|it| !document(it)) => {
            Err(said(B_IP_09, form))
        }
        () if form.get("CertificateBody").is_some_and(|it| !certificate(it)) => {
            Err(said(B_SC_05, form))
        }
        () if form.get("SSHPublicKeyBody").is_some_and(|it| !key(it)) => Err(said(B_SK_06, form)),
        () if codes[0].is_some() && codes[0] == codes[1] => Err(said(B_MF_09, form)),
        () if password.is_some_and(|it| it.chars().count() < 8) => Err(said(B_LP_14, form)),
        () => Ok(()),
    }
}

/// What a fact says, with the members as they were sent.
fn said(fact: &'static Fact, form: &ParsedForm) -> Refusal {
    let mut text = fact.message.unwrap_or_default().to_owned();
    for name in ["CertificateBody", "PolicyArn"] {
        text = text.replace(&format!("{{{name}}}"), form.get(name).unwrap_or_default());
    }
    Refusal::As(fact, Some(text))
}
