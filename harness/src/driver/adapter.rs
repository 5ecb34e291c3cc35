//! From what an SDK understood to an answer as it comes over the wire: it is read and judged like any other.
//!
//! From the form of a request to the members that an SDK is given.

use std::fmt::Write as _;

use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;
use iamspec_model::ErrorCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::escape::escape;
use serde_json::{Map, Value};

use crate::driver::protocol::{DriverOutcome, SdkError};

/// What stays as it is in a policy document that comes back (E-017).
const DOCUMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The status and the body of an answer, or why there is none.
pub(crate) fn answer(op: &str, outcome: &DriverOutcome) -> Result<(u16, String), Response> {
    match outcome {
        DriverOutcome::Ok { result } => {
            let mut body = String::new();
            members(&mut body, result);
            let body = format!("<{op}Response><{op}Result>{body}</{op}Result></{op}Response>");
            Ok((200, body))
        }
        DriverOutcome::AwsError { http_status, code, message, .. } => {
            let message = message.as_ref().map(|it| format!("<Message>{}</Message>", escape(it)));
            let (word, message) = (escape(code), message.unwrap_or_default());
            let body = format!(
                "<ErrorResponse><Error><Code>{word}</Code>{message}</Error></ErrorResponse>"
            );
            Ok((http_status.unwrap_or_else(|| usual(code)), body))
        }
        DriverOutcome::SdkError { kind, detail, http_status } => {
            let cause = match kind {
                SdkError::Validation => FailureKind::Client,
                SdkError::Timeout => FailureKind::Timeout,
                SdkError::Transport => FailureKind::Reset,
                // Without a status nobody knows whether it was an answer to the call at all.
                SdkError::Parse => match http_status {
                    Some(200..=299) => FailureKind::Garbled,
                    Some(status) => FailureKind::of_status(*status),
                    None => FailureKind::Unreadable,
                },
            };
            Err(Response::interrupted(cause, detail))
        }
        DriverOutcome::Unsupported { reason } => {
            Err(Response::interrupted(FailureKind::Client, reason))
        }
    }
}

/// The status that goes with a code, where the client does not tell it (D-022, E-015, A-016).
fn usual(code: &str) -> u16 {
    match ErrorCode::ALL.into_iter().find(|it| it.name() == code) {
        Some(known) => known.http(),
        None => match code {
            "ServiceFailure" | "InternalFailure" => 500,
            "ServiceUnavailable" => 503,
            "ConcurrentModification" => 409,
            _ => 400,
        },
    }
}

fn members(out: &mut String, result: &Map<String, Value>) {
    for (name, value) in result {
        // A name that is none of XML's would break what stands around it.
        if name.chars().all(|it| it.is_ascii_alphanumeric()) && !name.is_empty() {
            element(out, name, value);
        }
    }
}

/// `2026-11-25T06:00:00.000Z`.
const DATE_LEN: usize = 24;

fn element(out: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    _ = write!(out, "<{name}>");
    match value {
        Value::Object(document) if name.ends_with("PolicyDocument") || name == "Document" => {
            let text = Value::Object(document.clone()).to_string();
            _ = write!(out, "{}", utf8_percent_encode(&text, DOCUMENT));
        }
        Value::Object(inner) => members(out, inner),
        Value::Array(items) => items.iter().for_each(|it| element(out, "member", it)),
        // Some languages write no date without fractions of a second.
        Value::String(text) => match text.strip_suffix(".000Z") {
            Some(whole) if text.len() == DATE_LEN => _ = write!(out, "{whole}Z"),
            _ => out.push_str(&escape(text)),
        },
        other => _ = write!(out, "{other}"),
    }
    _ = write!(out, "</{name}>");
}

/// The members that the service model gives a number (D-001), of those that are asked.
const NUMBERS: [&str; 2] = ["MaxItems", "CredentialAgeDays"];

/// The members that the service model gives a truth value (D-001), of those that are asked.
const TRUTHS: [&str; 4] = ["OnlyAttached", "SetAsDefault", "PasswordResetRequired", "AllUsers"];

/// The operation, and its members. What is no number where one belongs is left as it is, for the SDK to refuse.
pub(crate) fn params(form: &[(String, String)]) -> (String, Map<String, Value>) {
    let mut op = String::new();
    let mut params = Map::new();
    for (name, value) in form {
        match name.as_str() {
            "Action" => op.clone_from(value),
            "Version" => {}
            _ => {
                let mut words = name.split('.');
                let first = words.next().unwrap_or_default();
                let rest: Vec<&str> = words.collect();
                let place = params.entry(first).or_insert(Value::Null);
                put(place, &rest, typed(first, value));
            }
        }
    }
    (op, params)
}

fn typed(name: &str, value: &str) -> Value {
    let number = || value.parse::<i64>().ok().filter(|_| NUMBERS.contains(&name));
    let truth = || value.parse::<bool>().ok().filter(|_| TRUTHS.contains(&name));
    match (number(), truth()) {
        (Some(number), _) => Value::from(number),
        (_, Some(truth)) => Value::from(truth),
        _ => Value::from(value),
    }
}

/// Puts a value where `member.1.Key` says (E-018).
fn put(place: &mut Value, words: &[&str], value: Value) {
    match words {
        [] => *place = value,
        ["member", number, rest @ ..] => {
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let at = number.parse::<usize>().unwrap_or(1).saturating_sub(1);
            if let Value::Array(items) = place {
                // Members are counted without a gap.
                let at = at.min(items.len());
                if at == items.len() {
                    items.push(Value::Null);
                }
                if let Some(item) = items.get_mut(at) {
                    put(item, rest, value);
                }
            }
        }
        [name, rest @ ..] => {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            if let Value::Object(members) = place {
                put(members.entry(*name).or_insert(Value::Null), rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_structures_are_put_together_again() {
        let form = [
            ("Action", "CreateUser"),
            ("Version", "2010-05-08"),
            ("UserName", "7"),
            ("MaxItems", "1"),
            ("SetAsDefault", "true"),
            ("Tags.member.1.Key", "a"),
            ("Tags.member.1.Value", ""),
            ("Tags.member.2.Key", "b"),
            ("TagKeys.member.1", "c"),
        ];
        let form: Vec<(String, String)> =
            form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (op, params) = params(&form);
        assert_eq!(op, "CreateUser");
        let expected = serde_json::json!({
            "UserName": "7", "MaxItems": 1, "SetAsDefault": true,
            "Tags": [{"Key": "a", "Value": ""}, {"Key": "b"}], "TagKeys": ["c"],
        });
        assert_eq!(Value::Object(params), expected);
    }

    #[test]
    fn what_is_no_number_is_for_the_sdk_to_refuse() {
        let form = [("MaxItems".to_owned(), "many".to_owned())];
        assert_eq!(params(&form).1["MaxItems"], "many");
    }
}
