//! An answer in XML against the result that an SDK made of it: every member, its type and its value.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::client::Element;

/// What was answered and is handed out otherwise, and what is handed out and was not answered; a list that
/// is empty may be absent.
pub(super) fn differences(answered: &Element, result: &Map<String, Value>) -> Vec<String> {
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
