//! `iamspec audit` with recorded HTTP traffic (HAR).

use super::audit::written;
use super::reports::folder;
use serde_json::{Value, json};

/// The HAR file of these calls: forms, statuses and response bodies.
fn har(calls: &[(&str, u16, &str)]) -> Value {
    let entry = |(index, (form, status, body)): (usize, &(&str, u16, &str))| {
        json!({
            "startedDateTime": format!("2026-01-01T00:{:02}:00.250Z", index * 2),
            "request": {
                "method": "POST",
                "url": "https://iam.amazonaws.com/",
                "postData": { "mimeType": "application/x-www-form-urlencoded", "text": format!("Version=2010-05-08&{form}") },
            },
            "response": { "status": status, "content": { "mimeType": "text/xml", "text": body } },
        })
    };
    let mut entries: Vec<Value> = calls.iter().enumerate().map(entry).collect();
    entries.insert(
        1,
        json!({
            "startedDateTime": "2026-01-01T00:00:10Z",
            "request": { "method": "GET", "url": "https://example.com/?Action=CreateUser" },
            "response": { "status": 200, "content": { "text": "not a response of IAM" } },
        }),
    );
    json!({ "log": { "version": "1.2", "entries": entries } })
}

#[test]
fn recorded_traffic_is_audited_like_a_log() {
    let folder = folder("har");
    let key = "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><AccessKeyId>AKIA1</AccessKeyId></AccessKey>\
               </CreateAccessKeyResult></CreateAccessKeyResponse>";
    let refused = "<ErrorResponse><Error><Code>DeleteConflict</Code><Message>Cannot delete entity, must delete access keys \
                   first.</Message></Error><RequestId>r-3</RequestId></ErrorResponse>";
    let mut calls = vec![
        ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>"),
        ("Action=CreateAccessKey&UserName=alice", 200, key),
        ("Action=DeleteUser&UserName=alice", 409, refused),
        (
            "Action=DeleteAccessKey&UserName=alice&AccessKeyId=AKIA1",
            200,
            "<DeleteAccessKeyResponse/>",
        ),
        ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>"),
    ];
    let audit = |calls: &[(&str, u16, &str)]| {
        let file = written(&folder, "traffic.har", &har(calls)).display().to_string();
        let output = super::iamspec(&["audit", &file]);
        (output.status.code(), super::stdout(&output) + &super::stderr(&output))
    };
    let (code, printed) = audit(&calls);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("5 events: 5 possible, 0 impossible"), "{printed}");
    // The key still exists.
    calls.remove(3);
    let (code, printed) = audit(&calls);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.starts_with("DeleteUser/holds-access-key"), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}
