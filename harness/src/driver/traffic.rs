//! What an SDK sent, against what it was asked to call; and what it handed out, against what it was answered.
//!
//! An answer in XML against the result that an SDK made of it: every member, its type and its value.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::driver::protocol::{DriverOutcome, DriverSession, SdkError};
use crate::server::capture::{CapturedRequest, RequestLog};
use crate::wire::redact::{HIDDEN, is_secret};
use crate::wire::xml_read::Element;

/// Something that an SDK did otherwise than it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficRemark {
    /// The call.
    pub api: String,
    /// What it did.
    pub what: String,
    /// In how many calls.
    pub times: usize,
    /// The members of the first such call, without secrets.
    pub params: String,
}

/// Watches an SDK at the reference endpoint.
pub struct TrafficCheck {
    ears: RequestLog,
    remarks: BTreeMap<(String, String), TrafficRemark>,
}

impl TrafficCheck {
    /// Watches what comes to an endpoint that only one client asks.
    #[must_use]
    pub fn new(ears: RequestLog) -> Self {
        Self { ears, remarks: BTreeMap::new() }
    }

    /// Everything that was noticed.
    #[must_use]
    pub fn remarks(&self) -> Vec<TrafficRemark> {
        self.remarks.values().cloned().collect()
    }

    /// Looks at one call.
    pub(crate) fn look(
        &mut self,
        asked: &[(String, String)],
        session: &DriverSession,
        outcome: &DriverOutcome,
    ) {
        let heard = self.ears.take();
        let api = value(asked, "Action").to_owned();
        for what in remarks(&api, asked, session, outcome, &heard) {
            let remark = self.remarks.entry((api.clone(), what.clone())).or_insert_with(|| {
                TrafficRemark { api: api.clone(), what, times: 0, params: shown(asked) }
            });
            remark.times += 1;
        }
    }
}

fn remarks(
    api: &str,
    asked: &[(String, String)],
    session: &DriverSession,
    outcome: &DriverOutcome,
    heard: &[CapturedRequest],
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let own = matches!(
        outcome,
        DriverOutcome::Unsupported { .. }
            | DriverOutcome::SdkError { kind: SdkError::Validation, .. }
    );
    let Some(last) = heard.last() else {
        let silent = own
            || matches!(
                outcome,
                DriverOutcome::SdkError { kind: SdkError::Transport | SdkError::Timeout, .. }
            );
        return if silent {
            found
        } else {
            vec!["tells an answer, and has sent nothing".to_owned()]
        };
    };
    if own {
        found.push("refuses the call, and has sent it all the same".to_owned());
    }
    for request in heard {
        found.extend(sent(asked, request));
        found.extend(signed(session, request));
    }
    if let [first, _, ..] = heard
        && first.status.is_some_and(|it| it < 500)
        && !first.body.contains("Throttling")
    {
        found.push(format!("asks again after {}", first_words(first)));
    }
    found.extend(handed_out(api, outcome, last));
    found.dedup();
    found
}

/// What is otherwise about the members, the line and the type of a request.
fn sent(asked: &[(String, String)], request: &CapturedRequest) -> Vec<String> {
    let mut found = Vec::new();
    for (name, wanted) in asked {
        match request.form.iter().find(|(it, _)| it == name) {
            None => found.push(format!("leaves out {}", general(name))),
            Some((_, is)) if is == wanted => {}
            Some(_) if is_secret(name) => {
                found.push(format!("sends another {name}"));
            }
            Some((_, is)) => {
                let (wanted, is) = (short(wanted), short(is));
                found.push(format!("sends {} as {is:?} and not as {wanted:?}", general(name)));
            }
        }
    }
    let more = request.form.iter().filter(|(name, _)| asked.iter().all(|(it, _)| it != name));
    found.extend(more.map(|(name, _)| format!("adds {}", general(name))));
    if request.line != "POST /" {
        found.push(format!("sends {} and not POST /", request.line));
    }
    if !request.content_type.starts_with("application/x-www-form-urlencoded") {
        found.push(format!("says that its body is {:?}", request.content_type));
    }
    found
}

/// What is otherwise about the signature: its scope and the headers that it must cover.
fn signed(session: &DriverSession, request: &CapturedRequest) -> Vec<String> {
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

/// What is otherwise about what was handed out.
fn handed_out(api: &str, outcome: &DriverOutcome, last: &CapturedRequest) -> Vec<String> {
    // What was spoilt on its way is none of the SDK's doing.
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
            if let (Some(told), Some(is)) = (http_status, last.status)
                && *told != is
            {
                found.push(format!("tells the status {told} of {is}"));
            }
            let is = error.text_of("Code").unwrap_or_default();
            if is != code {
                found.push(format!("tells the code {code:?} of {is:?}"));
            }
            let said = error.text_of("Message");
            if said.is_some() && said.map(str::trim) != message.as_deref().map(str::trim) {
                found.push("tells another message".to_owned());
            }
            found
        }
        (DriverOutcome::AwsError { code, .. }, None) => vec![format!("takes a success for {code}")],
        (DriverOutcome::SdkError { kind: SdkError::Parse, detail, .. }, _) => {
            vec![format!("cannot read the answer: {}", short(detail))]
        }
        _ => Vec::new(),
    }
}

/// The status and the code of an answer.
fn first_words(answer: &CapturedRequest) -> String {
    let root = Element::parse(&answer.body).unwrap_or_default();
    let code = root.child("Error").and_then(|it| it.text_of("Code")).unwrap_or_default();
    format!("{} {code}", answer.status.unwrap_or_default()).trim_end().to_owned()
}

fn value<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value)
}

/// The name of a member of a list, whichever.
fn general(name: &str) -> String {
    let words = name.split('.').map(|it| if it.parse::<u32>().is_ok() { "N" } else { it });
    words.collect::<Vec<_>>().join(".")
}

fn short(text: &str) -> String {
    const MOST: usize = 80;
    let text = &text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{} …", text.get(..end).unwrap_or(text)),
    }
}

/// The members of a call, without secrets.
fn shown(asked: &[(String, String)]) -> String {
    let members = asked.iter().filter(|(name, _)| name != "Action" && name != "Version");
    let members = members.map(|(name, value)| {
        let secret = is_secret(name);
        let value = if secret { HIDDEN.to_owned() } else { short(value) };
        format!("{name}={value}")
    });
    members.collect::<Vec<_>>().join(" ")
}

/// What was answered and is handed out otherwise, and what is handed out and was not answered; a list that
/// is empty may be absent.
pub(crate) fn differences(answered: &Element, result: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    structure(answered, result, "", &mut found);
    found
}

fn structure(answered: &Element, result: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    for child in &answered.children {
        let path = format!("{path}{}", child.name);
        let value = result.get(&child.name).filter(|it| !it.is_null());
        match value {
            Some(value) => member(child, value, &path, found),
            None if is_empty(child) => {}
            None => found.push(format!("does not hand out {path}")),
        }
    }
    for (name, value) in result {
        let empty = match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        };
        if !empty && answered.child(name).is_none() {
            found.push(format!("hands out {path}{name}, which was not answered"));
        }
    }
}

fn member(answered: &Element, value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(_) if path.ends_with("Document") => {
            let text = percent_decode_str(&answered.text).decode_utf8_lossy().into_owned();
            if serde_json::from_str::<Value>(&text).ok().as_ref() != Some(value) {
                found.push(format!("hands out another {path}"));
            }
        }
        Value::Object(members) if answered.children.iter().any(|it| it.name == "entry") => {
            map(answered, members, path, found);
        }
        Value::Object(members) => structure(answered, members, &format!("{path}."), found),
        Value::Array(items) => list(answered, items, path, found),
        Value::String(text) => leaf(answered, text, path, found),
        Value::Number(number) => same(answered, &number.to_string(), path, found),
        Value::Bool(truth) => same(answered, &truth.to_string(), path, found),
        Value::Null => {}
    }
}

fn list(answered: &Element, items: &[Value], path: &str, found: &mut Vec<String>) {
    let members: Vec<&Element> =
        answered.children.iter().filter(|it| it.name == "member").collect();
    if members.len() != items.len() {
        found.push(format!("hands out {} of {} members of {path}", items.len(), members.len()));
        return;
    }
    for (element, item) in members.into_iter().zip(items) {
        member(element, item, &format!("{path}.member"), found);
    }
}

fn map(answered: &Element, members: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    let entries: Vec<&Element> = answered.children.iter().filter(|it| it.name == "entry").collect();
    if entries.len() != members.len() {
        found.push(format!("hands out {} of {} entries of {path}", members.len(), entries.len()));
    }
    for entry in entries {
        let key = entry.text_of("key").unwrap_or_default();
        match (entry.child("value"), members.get(key)) {
            (Some(element), Some(value)) => member(element, value, &format!("{path}.entry"), found),
            _ => found.push(format!("does not hand out an entry of {path}")),
        }
    }
}

fn leaf(answered: &Element, text: &str, path: &str, found: &mut Vec<String>) {
    // A document comes percent-encoded (E-017), and may be handed out as it is or decoded.
    let decoded = || percent_decode_str(&answered.text).decode_utf8_lossy() == text;
    if path.ends_with("Document") && decoded() || instant(&answered.text, text) {
        return;
    }
    same(answered, text, path, found);
}

fn same(answered: &Element, text: &str, path: &str, found: &mut Vec<String>) {
    if answered.text != text {
        found.push(format!("hands out another {path}"));
    }
}

/// Whether both are dates, and the same.
fn instant(one: &str, other: &str) -> bool {
    let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    matches!((read(one), read(other)), (Some(one), Some(other)) if one == other)
}

/// Whether an element says no more than that it is there.
fn is_empty(element: &Element) -> bool {
    element.text.is_empty() && element.children.is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ANSWER: &str = "<R><User><UserName>a</UserName><CreateDate>2026-11-25T06:00:00Z</CreateDate><Tags/></User>\
        <IsTruncated>false</IsTruncated><Names><member>x</member><member>y</member></Names>\
        <PolicyDocument>%7B%22a%22%3A%201%7D</PolicyDocument>\
        <Map><entry><key>Users</key><value>3</value></entry></Map></R>";

    fn of(result: &Value) -> Vec<String> {
        let root = Element::parse(ANSWER).unwrap();
        differences(&root, result.as_object().unwrap())
    }

    fn right() -> Value {
        json!({
            "User": {"UserName": "a", "CreateDate": "2026-11-25T07:00:00+01:00"},
            "IsTruncated": false, "Names": ["x", "y"], "PolicyDocument": {"a": 1}, "Map": {"Users": 3},
        })
    }

    #[test]
    fn the_same_in_other_clothes_is_the_same() {
        assert!(of(&right()).is_empty(), "{:?}", of(&right()));
        let mut other = right();
        other["PolicyDocument"] = json!("{\"a\": 1}");
        other["User"]["Tags"] = json!([]);
        assert!(of(&other).is_empty(), "{:?}", of(&other));
    }

    #[test]
    fn every_difference_is_told_with_its_place() {
        for (pointer, value, told) in [
            ("/User/UserName", json!("b"), "hands out another User.UserName"),
            (
                "/User/CreateDate",
                json!("2026-11-25T06:00:01Z"),
                "hands out another User.CreateDate",
            ),
            ("/IsTruncated", json!(true), "hands out another IsTruncated"),
            ("/Names", json!(["x"]), "hands out 1 of 2 members of Names"),
            ("/Names/1", json!("z"), "hands out another Names.member"),
            ("/PolicyDocument", json!({"a": 2}), "hands out another PolicyDocument"),
            ("/Map/Users", json!(4), "hands out another Map.entry"),
            ("/User", json!(null), "does not hand out User"),
        ] {
            let mut wrong = right();
            *wrong.pointer_mut(pointer).unwrap() = value;
            assert_eq!(of(&wrong), [told]);
        }
        let mut more = right();
        more["Marker"] = json!("m");
        assert_eq!(of(&more), ["hands out Marker, which was not answered"]);
    }
}
