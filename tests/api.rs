//! The service model of IAM against the one from which the facts were taken.

use super::reports::folder;
use iamspec_harness::wire::names::{ShapeHashes, known, sums};
use iamspec_model::rule::calls;
use serde_json::{Value, json};

fn model() -> Value {
    json!({
        "metadata": { "serviceId": "IAM" },
        "operations": {
            "GetUser": { "name": "GetUser", "input": { "shape": "In" }, "errors": [{ "shape": "Gone" }] },
            "ListUsers": { "name": "ListUsers", "input": { "shape": "Page" } },
        },
        "shapes": {
            "In": { "type": "structure", "members": { "UserName": { "shape": "Name", "documentation": "words" } } },
            "Name": { "type": "string", "max": 64 },
            "Page": { "type": "structure", "members": { "Pages": { "shape": "Pages" } } },
            "Pages": { "type": "list", "member": { "shape": "Page" } },
            "Gone": { "type": "structure", "error": { "code": "NoSuchEntity", "httpStatusCode": 404 } },
        },
    })
}

fn changed(path: &str, value: Value) -> Vec<String> {
    let of = |model: &Value| -> ShapeHashes { sums(model.to_string().as_bytes()).unwrap() };
    let before = of(&model());
    let mut other = model();
    *other.pointer_mut(path).unwrap() = value;
    let after = of(&other);
    after
        .into_iter()
        .filter(|(api, sum)| before.get(api) != Some(sum))
        .map(|(api, _)| api)
        .collect()
}

#[test]
fn a_call_changes_with_all_that_it_reaches_and_with_nothing_else() {
    assert_eq!(changed("/shapes/Name/max", json!(128)), ["GetUser"]);
    assert_eq!(changed("/shapes/Gone/error/httpStatusCode", json!(409)), ["GetUser"]);
    assert_eq!(changed("/operations/GetUser/errors", json!([])), ["GetUser"]);
    assert_eq!(changed("/shapes/Pages/type", json!("map")), ["ListUsers"]);
    assert!(changed("/shapes/In/members/UserName/documentation", json!("other")).is_empty());
}

#[test]
fn every_call_of_the_model_is_in_the_one_that_the_facts_were_taken_from() {
    let (version, sums) = known();
    assert!(version.starts_with("botocore "), "{version}");
    for call in calls() {
        assert!(sums.contains_key(call.api), "{}", call.api);
    }
}

#[test]
fn what_differs_is_named_with_the_rules_to_look_at_again() {
    let folder = folder("api");
    let file = folder.join("service-2.json");
    std::fs::write(&file, model().to_string()).unwrap();
    let name = file.display().to_string();
    let output = super::iamspec(&["api-diff", &name]);
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(
        printed.contains("changed  GetUser\n           review GetUser/carried-out\n"),
        "{printed}"
    );
    assert!(printed.contains("removed  DeleteUser\n"), "{printed}");
    for (text, why) in [
        ("{", "it is no JSON"),
        ("{}", "it has no `metadata`"),
        (r#"{"metadata":{"serviceId":"S3"}}"#, "the model of `S3`"),
    ] {
        std::fs::write(&file, text).unwrap();
        let output = super::iamspec(&["api-diff", &name]);
        assert_eq!(output.status.code(), Some(2));
        assert!(super::stderr(&output).contains(why), "{}", super::stderr(&output));
    }
    std::fs::remove_dir_all(folder).unwrap();
}
