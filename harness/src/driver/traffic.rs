//! Compares a call with the requests that the SDK sent, and the result with the response it got.
//!
//! [`TrafficCheck`] reads the request log of the reference server after every call. Each difference
//! is a [`TrafficRemark`]. Whether IAM behaves as specified is not checked here.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::driver::protocol::{DriverOutcome, DriverSession, SdkError};
use crate::server::{CapturedRequest, RequestLog};
use crate::wire::names::value_of;
use crate::wire::redact::{is_secret, without_secrets};
use crate::wire::secrets::redact;
use crate::wire::xml_read::Element;

/// A difference between a call and the traffic of the SDK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficRemark {
    /// The action.
    pub api: String,
    /// The difference.
    pub what: String,
    /// The number of calls with it.
    pub times: usize,
    /// The members of the first such call, without secrets.
    pub params: String,
}

/// Compares the calls of a driver with the requests at the reference server.
pub struct TrafficCheck {
    log: RequestLog,
    remarks: BTreeMap<(String, String), TrafficRemark>,
}

impl TrafficCheck {
    /// A check against this log. Only one client may send requests to the server of the log.
    #[must_use]
    pub fn new(log: RequestLog) -> Self {
        Self { log, remarks: BTreeMap::new() }
    }

    /// The remarks so far.
    #[must_use]
    pub fn remarks(&self) -> Vec<TrafficRemark> {
        self.remarks.values().cloned().collect()
    }

    /// Compares one call.
    pub(crate) fn compare(
        &mut self,
        form: &[(String, String)],
        session: &DriverSession,
        outcome: &DriverOutcome,
    ) {
        let requests = self.log.take();
        let api = value_of(form, "Action").unwrap_or_default().to_owned();
        for what in remarks(&api, form, session, outcome, &requests) {
            let what = redact(&what);
            let remark = self.remarks.entry((api.clone(), what.clone())).or_insert_with(|| {
                TrafficRemark { api: api.clone(), what, times: 0, params: shown(form) }
            });
            remark.times += 1;
        }
    }
}

fn remarks(
    api: &str,
    form: &[(String, String)],
    session: &DriverSession,
    outcome: &DriverOutcome,
    requests: &[CapturedRequest],
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let without_request = matches!(
        outcome,
        DriverOutcome::Unsupported { .. }
            | DriverOutcome::SdkError { kind: SdkError::Validation, .. }
    );
    let Some(last) = requests.last() else {
        let no_request_expected = without_request
            || matches!(
                outcome,
                DriverOutcome::SdkError { kind: SdkError::Transport | SdkError::Timeout, .. }
            );
        return if no_request_expected {
            found
        } else {
            vec!["reports a response, but sent nothing".to_owned()]
        };
    };
    if without_request {
        found.push("rejects the call, but sent it".to_owned());
    }
    for request in requests {
        found.extend(request_differences(form, request));
        found.extend(signature_differences(session, request));
    }
    if let [first, _, ..] = requests
        && first.status.is_some_and(|it| it < 500)
        && !first.body.contains("Throttling")
    {
        found.push(format!("retries after {}", status_and_code(first)));
    }
    found.extend(outcome_differences(api, outcome, last));
    found.dedup();
    found
}

/// The differences in the members, the request line and the content type.
fn request_differences(form: &[(String, String)], request: &CapturedRequest) -> Vec<String> {
    let mut found = Vec::new();
    for (name, expected) in form {
        match value_of(&request.form, name) {
            None => found.push(format!("leaves out {}", without_numbers(name))),
            Some(is) if is == expected => {}
            Some(_) if is_secret(name) => {
                found.push(format!("sends another {name}"));
            }
            Some(is) => {
                let (expected, is) = (short(expected), short(is));
                found.push(format!(
                    "sends {} as {is:?} and not as {expected:?}",
                    without_numbers(name)
                ));
            }
        }
    }
    let more = request.form.iter().filter(|(name, _)| form.iter().all(|(it, _)| it != name));
    found.extend(more.map(|(name, _)| format!("adds {}", without_numbers(name))));
    if request.line != "POST /" {
        found.push(format!("sends {} and not POST /", request.line));
    }
    if !request.content_type.starts_with("application/x-www-form-urlencoded") {
        found.push(format!("sends the content type {:?}", request.content_type));
    }
    found
}

/// The differences in the signature: its scope, and the headers that it must cover.
fn signature_differences(session: &DriverSession, request: &CapturedRequest) -> Vec<String> {
    let part = |name: &str| {
        let mut parts = request.authorization.split([' ', ',']);
        parts.find_map(|it| it.trim().strip_prefix(name)).unwrap_or_default().to_owned()
    };
    let mut found = Vec::new();
    let scope = part("Credential=");
    let words: Vec<&str> = scope.split('/').collect();
    match words.as_slice() {
        [key, _, region, "iam", "aws4_request"]
            if *key == session.access_key_id && *region == session.region => {}
        [_, _, rest @ ..] => found.push(format!("signs for {}", rest.join("/"))),
        _ => found.push("does not sign".to_owned()),
    }
    let covered = part("SignedHeaders=");
    for name in ["host", "x-amz-date"] {
        if !scope.is_empty() && !covered.split(';').any(|it| it == name) {
            found.push(format!("does not sign {name}"));
        }
    }
    found
}

/// The differences between the last response and the outcome.
fn outcome_differences(api: &str, outcome: &DriverOutcome, last: &CapturedRequest) -> Vec<String> {
    // An injected fault that broke the response is not the SDK's.
    let Ok(root) = Element::parse(&last.body) else { return Vec::new() };
    let error = root.child("Error");
    match (outcome, error) {
        (DriverOutcome::Ok { result }, None) => {
            let name = format!("{api}Result");
            let element = root.child(&name).cloned().unwrap_or_default();
            differences(&element, result)
        }
        (DriverOutcome::Ok { .. }, Some(error)) => {
            vec![format!("takes {} for a success", error.text_of("Code").unwrap_or_default())]
        }
        (DriverOutcome::AwsError { http_status, code, message, .. }, Some(error)) => {
            let mut found = Vec::new();
            if let (Some(reported), Some(is)) = (http_status, last.status)
                && *reported != is
            {
                found.push(format!("reports the status {reported} instead of {is}"));
            }
            let is = error.text_of("Code").unwrap_or_default();
            if is != code {
                found.push(format!("reports the code {code:?} instead of {is:?}"));
            }
            let expected = error.text_of("Message");
            if expected.is_some() && expected.map(str::trim) != message.as_deref().map(str::trim) {
                found.push("reports another message".to_owned());
            }
            found
        }
        (DriverOutcome::AwsError { code, .. }, None) => vec![format!("takes a success for {code}")],
        (DriverOutcome::SdkError { kind: SdkError::Parse, detail, .. }, _) => {
            vec![format!("cannot read the response: {}", short(detail))]
        }
        _ => Vec::new(),
    }
}

/// The status and the error code of the response to a request.
fn status_and_code(request: &CapturedRequest) -> String {
    let root = Element::parse(&request.body).unwrap_or_default();
    let code = root.child("Error").and_then(|it| it.text_of("Code")).unwrap_or_default();
    format!("{} {code}", request.status.unwrap_or_default()).trim_end().to_owned()
}

/// A member name with the numbers of list members replaced by `N`.
fn without_numbers(name: &str) -> String {
    let words = name.split('.').map(|it| if it.parse::<u32>().is_ok() { "N" } else { it });
    words.collect::<Vec<_>>().join(".")
}

fn short(text: &str) -> String {
    const MAX: usize = 80;
    // Before the text is cut, because a part of a secret is not found.
    let text = redact(text);
    let text = &text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{} …", text.get(..end).unwrap_or(text)),
    }
}

/// The members of a call, without secrets.
fn shown(form: &[(String, String)]) -> String {
    let members = without_secrets(form);
    let members = members.iter().filter(|(name, _)| name != "Action" && name != "Version");
    let members = members.map(|(name, value)| format!("{name}={}", short(value)));
    members.collect::<Vec<_>>().join(" ")
}

/// The differences between a response and the result of the SDK. An empty list may be absent.
fn differences(response: &Element, result: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    structure(response, result, "", &mut found);
    found
}

fn structure(response: &Element, result: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    for child in &response.children {
        let path = format!("{path}{}", child.name);
        let value = result.get(&child.name).filter(|it| !it.is_null());
        match value {
            Some(value) => member(child, value, &path, found),
            None if is_empty(child) => {}
            None => found.push(format!("does not return {path}")),
        }
    }
    for (name, value) in result {
        let empty = match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        };
        if !empty && response.child(name).is_none() {
            found.push(format!("returns {path}{name}, which was not in the response"));
        }
    }
}

fn member(response: &Element, value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(_) if path.ends_with("Document") => {
            let text = percent_decode_str(&response.text).decode_utf8_lossy().into_owned();
            if serde_json::from_str::<Value>(&text).ok().as_ref() != Some(value) {
                found.push(format!("returns another {path}"));
            }
        }
        Value::Object(members) if response.children.iter().any(|it| it.name == "entry") => {
            map(response, members, path, found);
        }
        Value::Object(members) => structure(response, members, &format!("{path}."), found),
        Value::Array(items) => list(response, items, path, found),
        Value::String(text) => leaf(response, text, path, found),
        Value::Number(number) => same(response, &number.to_string(), path, found),
        Value::Bool(truth) => same(response, &truth.to_string(), path, found),
        Value::Null => {}
    }
}

fn list(response: &Element, items: &[Value], path: &str, found: &mut Vec<String>) {
    let members: Vec<&Element> =
        response.children.iter().filter(|it| it.name == "member").collect();
    if members.len() != items.len() {
        found.push(format!("returns {} of {} members of {path}", items.len(), members.len()));
        return;
    }
    for (element, item) in members.into_iter().zip(items) {
        member(element, item, &format!("{path}.member"), found);
    }
}

fn map(response: &Element, members: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    let entries: Vec<&Element> = response.children.iter().filter(|it| it.name == "entry").collect();
    if entries.len() != members.len() {
        found.push(format!("returns {} of {} entries of {path}", members.len(), entries.len()));
    }
    for entry in entries {
        let key = entry.text_of("key").unwrap_or_default();
        match (entry.child("value"), members.get(key)) {
            (Some(element), Some(value)) => member(element, value, &format!("{path}.entry"), found),
            _ => found.push(format!("does not return an entry of {path}")),
        }
    }
}

fn leaf(response: &Element, text: &str, path: &str, found: &mut Vec<String>) {
    // A document is percent-encoded (E-017). The SDK may return it encoded or decoded.
    let decoded = || percent_decode_str(&response.text).decode_utf8_lossy() == text;
    if path.ends_with("Document") && decoded() || same_instant(&response.text, text) {
        return;
    }
    same(response, text, path, found);
}

fn same(response: &Element, text: &str, path: &str, found: &mut Vec<String>) {
    if response.text != text {
        found.push(format!("returns another {path}"));
    }
}

/// Whether both texts are dates of the same instant.
fn same_instant(one: &str, other: &str) -> bool {
    let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    matches!((read(one), read(other)), (Some(one), Some(other)) if one == other)
}

/// Whether an element has neither text nor children.
fn is_empty(element: &Element) -> bool {
    element.text.is_empty() && element.children.is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RESPONSE: &str = "<R><User><UserName>a</UserName><CreateDate>2026-11-25T06:00:00Z</CreateDate><Tags/></User>\
        <IsTruncated>false</IsTruncated><Names><member>x</member><member>y</member></Names>\
        <PolicyDocument>%7B%22a%22%3A%201%7D</PolicyDocument>\
        <Map><entry><key>Users</key><value>3</value></entry></Map></R>";

    fn of(result: &Value) -> Vec<String> {
        let root = Element::parse(RESPONSE).unwrap();
        differences(&root, result.as_object().unwrap())
    }

    fn right() -> Value {
        json!({
            "User": {"UserName": "a", "CreateDate": "2026-11-25T07:00:00+01:00"},
            "IsTruncated": false, "Names": ["x", "y"], "PolicyDocument": {"a": 1}, "Map": {"Users": 3},
        })
    }

    #[test]
    fn equivalent_forms_are_not_differences() {
        assert!(of(&right()).is_empty(), "{:?}", of(&right()));
        let mut other = right();
        other["PolicyDocument"] = json!("{\"a\": 1}");
        other["User"]["Tags"] = json!([]);
        assert!(of(&other).is_empty(), "{:?}", of(&other));
    }

    #[test]
    fn every_difference_is_reported_with_its_path() {
        for (pointer, value, expected) in [
            ("/User/UserName", json!("b"), "returns another User.UserName"),
            ("/User/CreateDate", json!("2026-11-25T06:00:01Z"), "returns another User.CreateDate"),
            ("/IsTruncated", json!(true), "returns another IsTruncated"),
            ("/Names", json!(["x"]), "returns 1 of 2 members of Names"),
            ("/Names/1", json!("z"), "returns another Names.member"),
            ("/PolicyDocument", json!({"a": 2}), "returns another PolicyDocument"),
            ("/Map/Users", json!(4), "returns another Map.entry"),
            ("/User", json!(null), "does not return User"),
        ] {
            let mut wrong = right();
            *wrong.pointer_mut(pointer).unwrap() = value;
            assert_eq!(of(&wrong), [expected]);
        }
        let mut more = right();
        more["Marker"] = json!("m");
        assert_eq!(of(&more), ["returns Marker, which was not in the response"]);
    }
}
