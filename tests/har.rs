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

/// A file is read entry by entry if its entries are in order, and else as a whole.
#[test]
fn the_order_of_entries_makes_no_difference() {
    let folder = folder("har-order");
    let calls = [
        ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>"),
        ("Action=GetUser&UserName=alice", 200, "<GetUserResponse/>"),
        ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>"),
        ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>"),
    ];
    let mut log = har(&calls);
    for gap in [2, 20] {
        let entries = log["log"]["entries"].as_array_mut().unwrap();
        for (minute, entry) in (0..).step_by(gap).zip(entries.iter_mut()) {
            let time = format!("2026-01-01T{:02}:{:02}:00Z", minute / 60, minute % 60);
            entry["startedDateTime"] = json!(time);
        }
        for is_reversed in [false, true] {
            let mut log = log.clone();
            if is_reversed {
                log["log"]["entries"].as_array_mut().unwrap().reverse();
            }
            for prefix in ["", "\u{feff}", " \n"] {
                let file = folder.join("ordered.har");
                std::fs::write(&file, format!("{prefix}{log}")).unwrap();
                let output = super::iamspec(&["audit", file.to_str().unwrap()]);
                let printed = super::stdout(&output);
                assert!(printed.starts_with("DeleteUser/no-such-user"), "{printed}");
                let counts = "1 file, 4 events: 3 possible, 1 impossible, 0 too soon after a change, \
                              0 uninformative, 0 out of order";
                assert!(printed.contains(counts), "{gap}, {is_reversed}: {printed}");
                // The progress is for terminals.
                assert_eq!(super::stderr(&output), "");
            }
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_call_without_a_response_may_have_had_an_effect() {
    let folder = folder("har-lost");
    let key = "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><AccessKeyId>AKIA1</AccessKeyId></AccessKey>\
               </CreateAccessKeyResult></CreateAccessKeyResponse>";
    let gone = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>The user with name alice cannot be found.</Message>\
                </Error></ErrorResponse>";
    let failure = "<ErrorResponse><Error><Code>ServiceFailure</Code></Error></ErrorResponse>";
    let lost: [(Value, &str); 8] = [
        (json!(0), ""),
        (json!(-1), ""),
        (json!(null), ""),
        (json!(500), failure),
        (json!(503), "<html/>"),
        (json!(200), ""),
        (json!(200), "<html/>"),
        (json!(302), ""),
    ];
    for (status, body) in lost {
        let calls = [
            ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>"),
            ("Action=CreateAccessKey&UserName=alice", 200, key),
            ("Action=DeleteAccessKey&UserName=alice&AccessKeyId=AKIA1", 200, ""),
            ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>"),
            ("Action=CreateUser&UserName=alice", 200, ""),
            ("Action=GetUser&UserName=alice", 404, gone),
            ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>"),
        ];
        let mut log = har(&calls);
        let entries = log["log"]["entries"].as_array_mut().unwrap();
        // The third and the fifth call; another request is between the first and the second.
        for index in [3, 5] {
            entries[index]["response"] = json!({ "status": status, "content": { "text": body } });
        }
        let file = written(&folder, "lost.har", &log).display().to_string();
        let output = super::iamspec(&["audit", &file]);
        let printed = super::stdout(&output) + &super::stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{status} {body}: {printed}");
        assert!(printed.contains("0 impossible"), "{status} {body}: {printed}");
        // The same if the entry has no response at all.
        log["log"]["entries"][3].as_object_mut().unwrap().remove("response");
        let file = written(&folder, "none.har", &log).display().to_string();
        assert_eq!(super::iamspec(&["audit", &file]).status.code(), Some(0));
    }
    std::fs::remove_dir_all(folder).unwrap();
}
