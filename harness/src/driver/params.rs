//! From the form of a request to the members that an SDK is given.

use serde_json::{Map, Value};

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
