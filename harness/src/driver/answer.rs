//! From what an SDK understood to an answer as it comes over the wire: it is read and judged like any other.

use std::fmt::Write as _;

use iamspec_conformance::Observed;
use iamspec_conformance::observed::Cause;
use iamspec_model::Code;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::escape::escape;
use serde_json::{Map, Value};

use super::message::{Outcome, SdkError};

/// What stays as it is in a policy document that comes back (E-017).
const DOCUMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The status and the body of an answer, or why there is none.
pub(super) fn answer(op: &str, outcome: &Outcome) -> Result<(u16, String), Observed> {
    match outcome {
        Outcome::Ok { result } => {
            let mut body = String::new();
            members(&mut body, result);
            let body = format!("<{op}Response><{op}Result>{body}</{op}Result></{op}Response>");
            Ok((200, body))
        }
        Outcome::AwsError { http_status, code, message, .. } => {
            let message = message.as_ref().map(|it| format!("<Message>{}</Message>", escape(it)));
            let (word, message) = (escape(code), message.unwrap_or_default());
            let body = format!(
                "<ErrorResponse><Error><Code>{word}</Code>{message}</Error></ErrorResponse>"
            );
            Ok((http_status.unwrap_or_else(|| usual(code)), body))
        }
        Outcome::SdkError { kind, detail, http_status } => {
            let cause = match kind {
                SdkError::Validation => Cause::Client,
                SdkError::Timeout => Cause::Timeout,
                SdkError::Transport => Cause::Reset,
                // Without a status nobody knows whether it was an answer to the call at all.
                SdkError::Parse => match http_status {
                    Some(200..=299) => Cause::Garbled,
                    Some(status) => Cause::of_status(*status),
                    None => Cause::Unreadable,
                },
            };
            Err(Observed::interrupted(cause, detail))
        }
        Outcome::Unsupported { reason } => Err(Observed::interrupted(Cause::Client, reason)),
    }
}

/// The status that goes with a code, where the client does not tell it (D-022, E-015, A-016).
fn usual(code: &str) -> u16 {
    match Code::ALL.into_iter().find(|it| it.name() == code) {
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
