//! HTTP traffic that a proxy has recorded, judged.

use super::judge::written;
use super::reports::folder;
use serde_json::{Value, json};

/// What a proxy has recorded of these calls: their forms, and the answers.
fn har(calls: &[(&str, u16, &str)]) -> Value {
    let entry = |(place, (form, status, answer)): (usize, &(&str, u16, &str))| {
        json!({
            "startedDateTime": format!("2026-01-01T00:{:02}:00.250Z", place * 2),
            "request": {
                "method": "POST",
                "url": "https://iam.amazonaws.com/",
                "postData": { "mimeType": "application/x-www-form-urlencoded", "text": format!("Version=2010-05-08&{form}") },
            },
            "response": { "status": status, "content": { "mimeType": "text/xml", "text": answer } },
        })
    };
    let mut entries: Vec<Value> = calls.iter().enumerate().map(entry).collect();
    entries.insert(
        1,
        json!({
            "startedDateTime": "2026-01-01T00:00:10Z",
            "request": { "method": "GET", "url": "https://example.com/?Action=CreateUser" },
            "response": { "status": 200, "content": { "text": "no answer of IAM's" } },
        }),
    );
    json!({ "log": { "version": "1.2", "entries": entries } })
}

#[test]
fn traffic_that_was_recorded_is_judged_as_a_log_is() {
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
    let judged = |calls: &[(&str, u16, &str)]| {
        let file = written(&folder, "traffic.har", &har(calls)).display().to_string();
        let output = super::iamspec(&["judge", &file]);
        (output.status.code(), super::stdout(&output) + &super::stderr(&output))
    };
    let (code, printed) = judged(&calls);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("5 events: 5 possible, 0 impossible"), "{printed}");
    // The key is still there.
    calls.remove(3);
    let (code, printed) = judged(&calls);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.starts_with("DeleteUser/holds-access-key"), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}
