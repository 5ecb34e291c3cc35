//! Compares service models of IAM with the model that the facts were taken from.

use super::reports::folder;
use iamspec_harness::wire::service_model::{ShapeHashes, checksums, known};
use iamspec_model::tables::actions;
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

/// The actions whose checksum differs if one value of the model changes.
fn changed(path: &str, value: Value) -> Vec<String> {
    let checksums =
        |model: &Value| -> ShapeHashes { checksums(model.to_string().as_bytes()).unwrap() };
    let before = checksums(&model());
    let mut other = model();
    *other.pointer_mut(path).unwrap() = value;
    let after = checksums(&other);
    after
        .into_iter()
        .filter(|(api, sum)| before.get(api) != Some(sum))
        .map(|(api, _)| api)
        .collect()
}

#[test]
fn a_checksum_covers_exactly_the_reachable_shapes() {
    assert_eq!(changed("/shapes/Name/max", json!(128)), ["GetUser"]);
    assert_eq!(changed("/shapes/Gone/error/httpStatusCode", json!(409)), ["GetUser"]);
    assert_eq!(changed("/operations/GetUser/errors", json!([])), ["GetUser"]);
    assert_eq!(changed("/shapes/Pages/type", json!("map")), ["ListUsers"]);
    assert!(changed("/shapes/In/members/UserName/documentation", json!("other")).is_empty());
}

#[test]
fn the_known_service_model_has_every_action_of_the_specification() {
    let (version, sums) = known();
    assert!(version.starts_with("botocore "), "{version}");
    for call in actions() {
        assert!(sums.contains_key(call.api), "{}", call.api);
    }
}

#[test]
fn api_diff_lists_changed_actions_with_their_rules() {
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
        ("{", "it is not JSON"),
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
