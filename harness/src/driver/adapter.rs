//! Converts between the forms and the XML of the client, and the JSON values of an SDK.
//!
//! The outcome of a driver becomes an XML response, which the client interprets like any other. A
//! form becomes the members of an SDK call. No value is checked here.

use std::fmt::Write as _;

use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;
use iamspec_model::ErrorCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::escape::escape;
use serde_json::{Map, Value};

use crate::driver::protocol::{DriverOutcome, SdkError};

/// The characters of a policy document that are not percent-encoded in a response (E-017).
const DOCUMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The status and the body of the response that matches an outcome, or the failure.
pub(crate) fn response(op: &str, outcome: &DriverOutcome) -> Result<(u16, String), Response> {
    match outcome {
        DriverOutcome::Ok { result } => {
            let mut body = String::new();
            members(&mut body, result);
            let body = format!("<{op}Response><{op}Result>{body}</{op}Result></{op}Response>");
            Ok((200, body))
        }
        DriverOutcome::AwsError { http_status, code, message, .. } => {
            let message = message.as_ref().map(|it| format!("<Message>{}</Message>", escape(it)));
            let (code_text, message) = (escape(code), message.unwrap_or_default());
            let body = format!(
                "<ErrorResponse><Error><Code>{code_text}</Code>{message}</Error></ErrorResponse>"
            );
            Ok((http_status.unwrap_or_else(|| default_status(code)), body))
        }
        DriverOutcome::SdkError { kind, detail, http_status } => {
            let failure = match kind {
                SdkError::Validation => FailureKind::Client,
                SdkError::Timeout => FailureKind::Timeout,
                SdkError::Transport => FailureKind::Reset,
                // Without a status, it may not have been a response to the call.
                SdkError::Parse => match http_status {
                    Some(200..=299) => FailureKind::Garbled,
                    Some(status) => FailureKind::from_status(*status),
                    None => FailureKind::Unreadable,
                },
            };
            Err(Response::failed(failure, detail))
        }
        DriverOutcome::Unsupported { reason } => Err(Response::failed(FailureKind::Client, reason)),
    }
}

/// The status of an error code, for SDKs that do not report it (D-022, E-015, A-016).
fn default_status(code: &str) -> u16 {
    match ErrorCode::named(code) {
        Some(known) => known.http_status(),
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
        // A name that is not valid in XML would break the document.
        if name.chars().all(|it| it.is_ascii_alphanumeric()) && !name.is_empty() {
            element(out, name, value);
        }
    }
}

/// The length of `2026-11-25T06:00:00.000Z`.
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
        // Some languages always write fractions of a second.
        Value::String(text) => match text.strip_suffix(".000Z") {
            Some(whole) if text.len() == DATE_LEN => _ = write!(out, "{whole}Z"),
            _ => out.push_str(&escape(text)),
        },
        other => _ = write!(out, "{other}"),
    }
    _ = write!(out, "</{name}>");
}

/// The members that are numbers in the service model (D-001).
const NUMBERS: [&str; 2] = ["MaxItems", "CredentialAgeDays"];

/// The members that are booleans in the service model (D-001).
const BOOLEANS: [&str; 4] = ["OnlyAttached", "SetAsDefault", "PasswordResetRequired", "AllUsers"];

/// The operation of a form, and its members. An invalid number stays a text, for the SDK to reject.
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
                insert(place, &rest, typed(first, value));
            }
        }
    }
    (op, params)
}

fn typed(name: &str, value: &str) -> Value {
    let number = || value.parse::<i64>().ok().filter(|_| NUMBERS.contains(&name));
    let boolean = || value.parse::<bool>().ok().filter(|_| BOOLEANS.contains(&name));
    match (number(), boolean()) {
        (Some(number), _) => Value::from(number),
        (_, Some(boolean)) => Value::from(boolean),
        _ => Value::from(value),
    }
}

/// Inserts a value at a path such as `member.1.Key` (E-018).
fn insert(place: &mut Value, words: &[&str], value: Value) {
    match words {
        [] => *place = value,
        ["member", number, rest @ ..] => {
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let at = number.parse::<usize>().unwrap_or(1).saturating_sub(1);
            if let Value::Array(items) = place {
                // Numbers have no gaps.
                let at = at.min(items.len());
                if at == items.len() {
                    items.push(Value::Null);
                }
                if let Some(item) = items.get_mut(at) {
                    insert(item, rest, value);
                }
            }
        }
        [name, rest @ ..] => {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            if let Value::Object(members) = place {
                insert(members.entry(*name).or_insert(Value::Null), rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_lists_and_structures() {
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
    fn an_invalid_number_stays_a_text() {
        let form = [("MaxItems".to_owned(), "many".to_owned())];
        assert_eq!(params(&form).1["MaxItems"], "many");
    }
}
