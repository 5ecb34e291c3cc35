//! What is sent where a member is to be otherwise than it should be: a value just beyond what D-021
//! and D-012 allow, or one that was refused when a fact was recorded.

use iamspec_model::Defect;

use super::request::{Form, member};

/// Makes one member of a request as wrong as is asked for. Names keep the prefix of their run.
pub(super) fn spoil(form: &mut Form, name: &str, defect: Defect) {
    match (name, defect) {
        (_, Defect::Absent) => form.retain(|(it, _)| it != name),
        (_, Defect::OtherCase) => change(form, name, |value| other_case(&value)),
        ("UserName", Defect::TooLong) => {
            let creates = form.iter().any(|(_, value)| value == "CreateUser");
            change(form, name, |value| padded(value, if creates { 65 } else { 129 }));
        }
        ("UserName", Defect::BadCharacter) => change(form, name, |value| value + " !"),
        ("Tags", Defect::TooLong) => {
            for number in 1..=51 {
                tag(form, number, &format!("iamspec-{number}"));
            }
        }
        ("Tags", Defect::Doubled) => tag(form, 2, &value_of(form, "Tags.member.1.Key")),
        ("Key", Defect::TooLong) => {
            change(form, "Tags.member.1.Key", |value| padded(value, 129));
        }
        ("AuthenticationCode2", Defect::Doubled) => {
            let first = value_of(form, "AuthenticationCode1");
            change(form, name, |_| first);
        }
        _ => set(form, name, &wrong(name, defect)),
    }
}

/// Values that name nothing, for all their form.
pub(super) const NOTHINGS: [&str; 3] = [WRONG_ID, NO_ARN, NO_POLICY];

const WRONG_ID: &str = "totally-wrong-credential-id-with-hyphens";
const NO_ARN: &str = "longpolicynamebutnoarn";
const NO_POLICY: &str = "arn:aws:iam::111111111111:not_a_policy/invalid";

/// A value that the member may not have.
fn wrong(name: &str, defect: Defect) -> String {
    match (name, defect) {
        ("Path", Defect::TooLong) => format!("/{}/", "x".repeat(511)),
        ("MaxItems", Defect::TooLong) => "1001".to_owned(),
        ("MaxItems", Defect::OneByOne) => "1".to_owned(),
        ("MaxItems", Defect::TooShort) => "0".to_owned(),
        ("Password", _) => "Aa1!".to_owned(),
        ("Status", _) => "Invalid".to_owned(),
        ("ServiceName", _) => "lambda.amazonaws.com".to_owned(),
        ("ServiceSpecificCredentialId", _) => WRONG_ID.to_owned(),
        ("CertificateBody", _) => "invalid-certificate-body".to_owned(),
        ("PolicyDocument", _) => "{".to_owned(),
        ("PolicyArn", _) => NO_ARN.to_owned(),
        ("PermissionsBoundary", _) => NO_POLICY.to_owned(),
        _ => "none".to_owned(),
    }
}

/// The same name for whom case makes no difference.
pub(super) fn other_case(name: &str) -> String {
    name.to_ascii_uppercase()
}

fn padded(mut value: String, length: usize) -> String {
    value.extend(std::iter::repeat_n('x', length.saturating_sub(value.len())));
    value
}

fn value_of(form: &Form, name: &str) -> String {
    form.iter().find(|(it, _)| it == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

fn change(form: &mut Form, name: &str, to: impl FnOnce(String) -> String) {
    if let Some((_, value)) = form.iter_mut().find(|(it, _)| it == name) {
        *value = to(std::mem::take(value));
    }
}

fn set(form: &mut Form, name: &str, value: &str) {
    form.retain(|(it, _)| it != name);
    form.push(member(name, value));
}

fn tag(form: &mut Form, number: u32, key: &str) {
    set(form, &format!("Tags.member.{number}.Key"), key);
    set(form, &format!("Tags.member.{number}.Value"), "iamspec");
}
