//! `iamspec audit` reads the same calls from every format, and names what it cannot read.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::audited_facts::{History, audit, cloudtrail, har, history};
use super::reports::folder;

const KEY: &str = "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>alice</UserName>\
    <AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><Status>Active</Status></AccessKey></CreateAccessKeyResult>\
    </CreateAccessKeyResponse>";
const USER: &str = "<CreateUserResponse><CreateUserResult><User><Path>/</Path><UserName>alice</UserName>\
    <UserId>AIDACKCEVSQ6C2EXAMPLE</UserId><Arn>arn:aws:iam::123456789012:user/alice</Arn>\
    <CreateDate>2026-01-01T00:00:00Z</CreateDate></User></CreateUserResult></CreateUserResponse>";

/// The calls: with the last but one, the user holds nothing when it is deleted.
const CALLS: [(&str, u16, &str); 4] = [
    ("Action=CreateUser&UserName=alice", 200, USER),
    ("Action=CreateAccessKey&UserName=alice", 200, KEY),
    (
        "Action=DeleteAccessKey&UserName=alice&AccessKeyId=AKIAIOSFODNN7EXAMPLE",
        200,
        "<DeleteAccessKeyResponse/>",
    ),
    ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>"),
];

fn events(calls: &[(&str, u16, &str)]) -> Vec<Value> {
    cloudtrail(&history(calls), 120)["Records"].as_array().unwrap().clone()
}

fn entries(calls: &[(&str, u16, &str)]) -> Vec<Value> {
    har(&history(calls), 120)["log"]["entries"].as_array().unwrap().clone()
}

fn har_of(entries: &[Value]) -> String {
    json!({ "log": { "version": "1.2", "entries": entries } }).to_string()
}

fn har_with_parameters(calls: &[(&str, u16, &str)]) -> String {
    let mut entries = entries(calls);
    for (entry, (form, ..)) in entries.iter_mut().zip(calls) {
        let form = format!("Version=2010-05-08&{form}");
        let pairs = form.split('&').map(|pair| pair.split_once('=').unwrap());
        let pairs: Vec<Value> =
            pairs.map(|(name, value)| json!({ "name": name, "value": value })).collect();
        entry["request"]["postData"] =
            json!({ "mimeType": "application/x-www-form-urlencoded", "params": pairs });
    }
    har_of(&entries)
}

fn har_in_base64(calls: &[(&str, u16, &str)]) -> String {
    let mut entries = entries(calls);
    for entry in &mut entries {
        let content = &mut entry["response"]["content"];
        content["text"] = json!(BASE64.encode(content["text"].as_str().unwrap().as_bytes()));
        content["encoding"] = json!("base64");
    }
    har_of(&entries)
}

fn lookup_events(calls: &[(&str, u16, &str)]) -> String {
    // The newest event is the first one.
    let events: Vec<Value> = events(calls)
        .iter()
        .rev()
        .map(|it| json!({ "EventName": it["eventName"], "CloudTrailEvent": it.to_string() }))
        .collect();
    json!({ "Events": events }).to_string()
}

fn event_bridge(calls: &[(&str, u16, &str)]) -> String {
    let event = |it: &Value| json!({ "source": "aws.iam", "detail": it }).to_string();
    events(calls).iter().map(event).collect::<Vec<_>>().join("\n")
}

fn cloudwatch_logs(calls: &[(&str, u16, &str)]) -> String {
    let events = events(calls);
    let events: Vec<Value> =
        events.iter().map(|it| json!({ "timestamp": 0, "message": it.to_string() })).collect();
    json!({ "events": events, "nextToken": "x" }).to_string()
}

fn logs_insights(calls: &[(&str, u16, &str)]) -> String {
    let row = |it: &Value| json!([{ "field": "@message", "value": it.to_string() }]);
    json!({ "results": events(calls).iter().map(row).collect::<Vec<_>>() }).to_string()
}

fn lake(calls: &[(&str, u16, &str)]) -> String {
    let row = |it: &Value| {
        let parameters = it["requestParameters"].as_object().unwrap().iter();
        let parameters: Vec<String> =
            parameters.map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect();
        json!([
            { "eventTime": it["eventTime"] },
            { "eventSource": it["eventSource"] },
            { "eventName": it["eventName"] },
            { "eventID": it["eventID"] },
            { "recipientAccountId": it["recipientAccountId"] },
            { "requestParameters": format!("{{{}}}", parameters.join(", ")) },
            { "responseElements": it["responseElements"].to_string() },
        ])
    };
    json!({ "QueryResultRows": events(calls).iter().map(row).collect::<Vec<_>>() }).to_string()
}

fn vcrpy(calls: &[(&str, u16, &str)]) -> String {
    let mut text = "interactions:\n".to_owned();
    for (form, status, body) in calls {
        _ = write!(
            text,
            "- request:\n    body: {form}&Version=2010-05-08\n    headers:\n      Content-Length:\n      - '1'\n    method: \
             POST\n    uri: https://iam.amazonaws.com/\n  response:\n    body:\n      string: '{body}'\n    headers: {{}}\n    \
             status:\n      code: {status}\n      message: OK\n"
        );
    }
    text + "version: 1\n"
}

fn go_vcr(calls: &[(&str, u16, &str)]) -> String {
    let mut text = "---\nversion: 2\ninteractions:\n".to_owned();
    for (id, (form, status, body)) in calls.iter().enumerate() {
        _ = write!(
            text,
            "    - id: {id}\n      request:\n        proto: HTTP/1.1\n        body: {form}&Version=2010-05-08\n        form: {{}}\n        \
             url: https://iam.amazonaws.com/\n        method: POST\n      response:\n        body: '{body}'\n        status: {status} \
             OK\n        code: {status}\n        duration: 12ms\n"
        );
    }
    text
}

fn ruby_vcr(calls: &[(&str, u16, &str)]) -> String {
    let mut text = "---\nhttp_interactions:\n".to_owned();
    for (form, status, body) in calls {
        let body = BASE64.encode(body.as_bytes());
        _ = write!(
            text,
            "- request:\n    method: post\n    uri: https://iam.amazonaws.com/\n    body:\n      encoding: UTF-8\n      string: \
             {form}&Version=2010-05-08\n  response:\n    status:\n      code: {status}\n      message: OK\n    body:\n      encoding: \
             ASCII-8BIT\n      base64_string: |\n        {body}\n  recorded_at: Thu, 01 Jan 2026 00:00:00 GMT\n"
        );
    }
    text + "recorded_with: VCR 6.0.0\n"
}

fn vcrpy_in_json(calls: &[(&str, u16, &str)]) -> String {
    let interaction = |(form, status, body): &(&str, u16, &str)| {
        json!({
            "request": { "method": "POST", "uri": "https://iam.amazonaws.com/", "headers": {},
                "body": format!("{form}&Version=2010-05-08") },
            "response": { "status": { "code": status, "message": "" }, "headers": {},
                "body": { "string": body } },
        })
    };
    json!({ "version": 1, "interactions": calls.iter().map(interaction).collect::<Vec<_>>() })
        .to_string()
}

fn trace(calls: &[(&str, u16, &str)]) -> String {
    let line = |(form, status, body): &(&str, u16, &str)| {
        let form = format!("{form}&Version=2010-05-08");
        let pairs: Vec<[&str; 2]> = form
            .split('&')
            .map(|pair| pair.split_once('=').map(|(name, value)| [name, value]).unwrap())
            .collect();
        json!({ "number": 1, "request": pairs, "answer": { "status": status, "body": body } })
            .to_string()
    };
    calls.iter().map(line).collect::<Vec<_>>().join("\n")
}

type Written = fn(&[(&str, u16, &str)]) -> String;

const FORMATS: [(&str, Written); 13] = [
    ("log.json", |it| cloudtrail(&history(it), 120).to_string()),
    ("lookup.json", lookup_events),
    ("bridge.jsonl", event_bridge),
    ("cloudwatch.json", cloudwatch_logs),
    ("insights.json", logs_insights),
    ("lake.json", lake),
    ("parameters.har", har_with_parameters),
    ("base64.har", har_in_base64),
    ("vcrpy.yaml", vcrpy),
    ("vcrpy.json", vcrpy_in_json),
    ("go-vcr.yaml", go_vcr),
    ("ruby.yml", ruby_vcr),
    ("trace.jsonl", trace),
];

fn audited(folder: &Path, name: &str, content: &[u8]) -> (u8, String) {
    let file = folder.join(name);
    std::fs::write(&file, content).unwrap();
    audit(&file, &["--start", "empty", "--tier", "text"])
}

#[test]
fn every_format_has_the_same_calls() {
    let folder = folder("audit-formats");
    let bad = [CALLS[0], CALLS[1], CALLS[3]];
    for (name, write) in FORMATS {
        for prefix in ["", "\u{feff}"] {
            let good = format!("{prefix}{}", write(&CALLS));
            let (code, printed) = audited(&folder, name, good.as_bytes());
            assert_eq!(code, 0, "{name}: {printed}");
            assert!(printed.contains("4 events: 4 possible"), "{name}: {printed}");
        }
        let (code, printed) = audited(&folder, name, write(&bad).as_bytes());
        assert_eq!(code, 1, "{name}: {printed}");
        assert!(printed.starts_with("DeleteUser/holds-access-key"), "{name}: {printed}");
        // PowerShell writes UTF-16.
        let wide: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(write(&bad).encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let (code, printed) = audited(&folder, name, &wide);
        assert_eq!(code, 1, "{name}: {printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A call whose response is lost is no finding, and is not taken for a success either.
/// Two recordings without times may be of two accounts, or of one that was reset: the same id in both is no
/// fault. In one recording it is.
#[test]
fn files_without_times_share_no_ids() {
    let folder = folder("audit-cassettes");
    let user = USER.replace("EXAMPLE", "AAAAAAA");
    let create = ("Action=CreateUser&UserName=alice", 200, user.as_str());
    let delete = ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>");
    for (name, calls) in [("1.yaml", vec![create, delete]), ("2.yaml", vec![create, delete])] {
        std::fs::write(folder.join(name), vcrpy(&calls)).unwrap();
    }
    let (code, printed) = audit(&folder, &["--tier", "text"]);
    assert_eq!(code, 0, "{printed}");
    let (code, printed) = audited(&folder, "3.yaml", vcrpy(&[create, delete, create]).as_bytes());
    assert_eq!(code, 1, "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_log_is_read_from_stdin() {
    let wrong = [&CALLS[..2], &CALLS[3..]].concat();
    for (calls, code) in [(&CALLS[..], 0), (&wrong, 1)] {
        let mut command = super::command(&["audit", "-", "--start", "empty"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // Dropping the pipe ends the input.
        child.stdin.take().unwrap().write_all(har_of(&entries(calls)).as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let printed = super::stdout(&output);
        assert_eq!(output.status.code(), Some(code), "{printed}");
        assert_eq!(printed.contains("stdin, entry 3  IMPOSSIBLE"), code == 1, "{printed}");
    }
}

#[test]
fn a_lost_response_says_nothing() {
    let folder = folder("audit-lost");
    let mut entries = entries(&[CALLS[0], CALLS[1], CALLS[3]]);
    entries[2]["response"]["status"] = json!(0);
    let (code, printed) = audited(&folder, "lost.har", har_of(&entries).as_bytes());
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains("2 possible, 0 impossible, 0 too soon after a change, 1 uninformative")
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn digests_are_skipped_and_a_broken_file_is_named() {
    let folder = folder("audit-broken");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("1.json", &cloudtrail(&history(&CALLS), 120).to_string());
    write(
        "digest.json",
        "{\"awsAccountId\": \"1\", \"digestStartTime\": \"2026-01-01T00:00:00Z\"}",
    );
    let insight = "{\"Records\": [{\"eventVersion\": \"1.07\", \"eventTime\": \"2026-01-01T00:00:00Z\", \
                   \"eventCategory\": \"Insight\", \"insightDetails\": {}}]}";
    write("insight.json", insight);
    write("empty.json", "");
    write("cut.json", "{\"Records\": [{\"eventTime\": ");
    let (code, printed) = audit(&folder, &[]);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("cut.json: expected events of CloudTrail"), "{printed}");
    assert!(printed.contains("empty.json: the file is empty"), "{printed}");
    let counts = "1 file, 4 events: 4 possible";
    let skipped = "2 digest or insight files skipped, 2 files not readable\n";
    assert!(printed.contains(counts) && printed.ends_with(skipped), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// What the request alone decides needs no earlier event.
#[test]
fn an_invalid_request_that_succeeds_is_impossible_whatever_exists() {
    let folder = folder("audit-invalid");
    let long = format!("Action=CreateUser&UserName={}", "a".repeat(65));
    let calls = [
        "Action=AttachUserPolicy&UserName=alice&PolicyArn=reader",
        "Action=DeleteServiceSpecificCredential&UserName=alice&ServiceSpecificCredentialId=a-b-c",
        "Action=SetDefaultPolicyVersion&PolicyArn=arn:aws:iam::123456789012:policy/p&VersionId=1",
        &long,
    ];
    for form in calls {
        let action = form.split('&').next().unwrap().trim_start_matches("Action=");
        let body = format!("<{action}Response/>");
        let file = folder.join("invalid.har");
        let history: History = history(&[(form, 200, &body)]);
        std::fs::write(&file, har(&history, 1).to_string()).unwrap();
        let (code, printed) = audit(&file, &[]);
        assert_eq!(code, 1, "{form}: {printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// The finding names the defect of the request, and not the user that may exist.
#[test]
fn an_invalid_request_is_reported_by_its_own_rule() {
    let folder = folder("audit-own-rule");
    let file = folder.join("invalid.har");
    let calls =
        history(&[("Action=CreateUser&UserName=alice&Path=team", 200, "<CreateUserResponse/>")]);
    std::fs::write(&file, har(&calls, 1).to_string()).unwrap();
    let (code, printed) = audit(&file, &["--level", "info"]);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.starts_with("CreateUser/path-malformed  info, status"), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// A value that a tool has replaced is not an invalid value.
#[test]
fn a_replaced_value_is_no_finding() {
    let folder = folder("audit-replaced");
    let arn = "Action=AttachUserPolicy&UserName=alice&PolicyArn=%3Cpolicy-arn%3E";
    let certificate = "Action=UploadSigningCertificate&UserName=alice&CertificateBody=REDACTED";
    for (form, action) in [(arn, "AttachUserPolicy"), (certificate, "UploadSigningCertificate")] {
        let body = format!("<{action}Response/>");
        let file = folder.join("replaced.har");
        let calls = history(&[CALLS[0], (form, 200, &body)]);
        std::fs::write(&file, har(&calls, 120).to_string()).unwrap();
        let (code, printed) = audit(&file, &["--tier", "text"]);
        assert_eq!(code, 0, "{form}: {printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// Findings in the names of the log, or without any name; as JSON, HTML and JUnit.
#[test]
fn findings_are_written_as_reports_and_without_names() {
    let folder = folder("audit-reports");
    let file = folder.join("log.har");
    let calls = history(&[CALLS[0], CALLS[1], CALLS[3]]);
    std::fs::write(&file, har(&calls, 120).to_string()).unwrap();
    let report = |format: &str| format!("{format}={}", folder.join(format).display());
    let reports = ["json", "html", "junit"].map(report);
    let mut options: Vec<&str> = Vec::new();
    for it in &reports {
        options.extend(["--report", it]);
    }
    let (code, printed) = audit(&file, &options);
    assert_eq!(code, 1, "{printed}");
    for format in ["json", "html", "junit"] {
        let text = std::fs::read_to_string(folder.join(format)).unwrap();
        assert!(text.contains("DeleteUser alice") && text.contains("log.har, entry 3"), "{text}");
    }
    let (_, printed) = audit(&file, &["--anonymize"]);
    assert!(printed.starts_with("DeleteUser/holds-access-key"), "{printed}");
    for name in ["alice", "AKIA", "iam.amazonaws.com"] {
        assert!(!printed.contains(name), "{name}: {printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A message that is not written down is not a different message, and a listing has no order.
#[test]
fn a_text_history_need_not_have_everything() {
    let folder = folder("audit-text");
    let file = folder.join("seen.script");
    let text = "CreateUser u0\nPutUserPolicy u0 i0\nPutUserPolicy u0 i1\n\
                ListUserPolicies u0 -> 200 [i1, i0]\nDeleteUser u0 -> 409 DeleteConflict\n";
    std::fs::write(&file, text).unwrap();
    let (code, printed) = audit(&file, &["--tier", "text"]);
    assert_eq!(code, 0, "{printed}");
    std::fs::write(&file, text.replace("DeleteConflict", "DeleteConflict \"In use.\"")).unwrap();
    let (code, printed) = audit(&file, &["--tier", "text"]);
    assert_eq!(code, 1, "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// A reason that passes has no text of another reason, and a quota has its own text.
#[test]
fn a_borrowed_message_is_impossible() {
    let folder = folder("audit-borrowed");
    let refused = |code: &str, message: &str| {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        )
    };
    let temporary = "EntityTemporarilyUnmodifiable";
    let update = "Action=UpdateUser&UserName=alice&NewUserName=bob";
    let group = "Action=CreateGroup&GroupName=staff";
    let policy = "Action=PutUserPolicy&UserName=alice&PolicyName=p&PolicyDocument=%7B%7D";
    let size = "Maximum policy size of 2048 bytes exceeded for user alice";
    let cases = [
        // The size of all documents of a user has its own message (B-IP-08).
        (policy, refused("LimitExceeded", size), 0),
        (policy, refused("LimitExceeded", "There are too many."), 1),
        (group, refused("LimitExceeded", size), 1),
        (update, refused(temporary, "Please try again later."), 0),
        (update, refused(temporary, "The user with name alice cannot be found."), 1),
        (group, refused("LimitExceeded", "Cannot exceed quota for GroupsPerAccount: 300"), 0),
        (group, refused("LimitExceeded", "There are too many."), 1),
    ];
    for (form, body, expected) in cases {
        let file = folder.join("borrowed.har");
        let calls = history(&[CALLS[0], (form, 409, &body)]);
        std::fs::write(&file, har(&calls, 120).to_string()).unwrap();
        let (code, printed) = audit(&file, &["--start", "empty", "--tier", "text"]);
        assert_eq!(code, expected, "{form}: {printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// The texts of AWS have changed: an older one conforms too.
#[test]
fn a_message_of_another_time_is_possible() {
    let folder = folder("audit-older");
    let refused = |code: &str, message: &str| {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        )
    };
    let device = "<CreateVirtualMFADeviceResponse><CreateVirtualMFADeviceResult><VirtualMFADevice>\
        <SerialNumber>arn:aws:iam::123456789012:mfa/d</SerialNumber></VirtualMFADevice>\
        </CreateVirtualMFADeviceResult></CreateVirtualMFADeviceResponse>";
    let create = "Action=CreateVirtualMFADevice&VirtualMFADeviceName=d";
    for (message, expected) in [
        ("MFA device already exists.", 0),
        ("MFADevice entity at the same path and name already exists.", 0),
        ("The device is there.", 1),
    ] {
        let body = refused("EntityAlreadyExists", message);
        let calls = history(&[CALLS[0], (create, 200, device), (create, 409, &body)]);
        let (code, printed) =
            audited(&folder, "older.har", har(&calls, 120).to_string().as_bytes());
        assert_eq!(code, expected, "{message}: {printed}");
    }
    let policy = "Action=PutUserPolicy&UserName=alice&PolicyName=p&PolicyDocument=%7B%7D";
    for (message, expected) in [
        ("Cannot delete entity, must delete policies first.", 0),
        ("Cannot delete entity, must detach all policies first.", 0),
        ("Cannot delete entity, must delete access keys first.", 1),
    ] {
        let body = refused("DeleteConflict", message);
        let put = (policy, 200, "<PutUserPolicyResponse/>");
        let calls = history(&[CALLS[0], put, ("Action=DeleteUser&UserName=alice", 409, &body)]);
        let (code, printed) =
            audited(&folder, "older.har", har(&calls, 120).to_string().as_bytes());
        assert_eq!(code, expected, "{message}: {printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A recording of placebo has responses only: each is judged alone.
#[test]
fn recordings_without_requests_are_judged_response_by_response() {
    let folder = folder("audit-placebo");
    let date = json!({ "__class__": "datetime", "year": 2020, "month": 2, "day": 3, "hour": 4,
        "minute": 5, "second": 6, "microsecond": 0 });
    let user = |id: &str| {
        let user = json!({ "Path": "/team/", "UserName": "alice", "UserId": id, "CreateDate": date,
            "Arn": "arn:aws:iam::123456789012:user/team/alice" });
        json!({ "status_code": 200, "data": { "User": user, "ResponseMetadata": {} } })
    };
    let refusal = |status: u16, code: &str, message: &str| {
        let error = json!({ "Code": code, "Message": message, "Type": "Sender" });
        let metadata = json!({ "RequestId": "r-7" });
        json!({ "status_code": status, "data": { "Error": error, "ResponseMetadata": metadata } })
    };
    let missing = "The user with name bob cannot be found.";
    let audited = |name: &str, content: &Value| {
        std::fs::write(folder.join(name), content.to_string()).unwrap();
        audit(&folder, &["--start", "empty", "--tier", "text", "--level", "should"])
    };
    audited("s3.ListBuckets_1.json", &json!({ "status_code": 200, "data": { "Buckets": [] } }));
    audited("iam.GetUser_1.json", &user("AIDACKCEVSQ6C2EXAMPLE"));
    // Nothing orders the calls of different operations: the user may have been deleted before.
    audited("iam.DeleteUser_1.json", &json!({ "status_code": 200, "data": {} }));
    let (code, printed) = audited("iam.GetUser_2.json", &refusal(404, "NoSuchEntity", missing));
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("4 files, 4 events: 3 possible, 0 impossible"), "{printed}");
    for wrong in [
        user("AIDA"),
        refusal(400, "NoSuchEntity", missing),
        refusal(409, "DeleteConflict", missing),
        refusal(404, "NoSuchThing", missing),
        refusal(404, "NoSuchEntity", "There is no bob."),
    ] {
        let (code, printed) = audited("iam.GetUser_2.json", &wrong);
        assert_eq!(code, 1, "{wrong}: {printed}");
        assert!(printed.contains("iam.GetUser_2.json, event 1  IMPOSSIBLE"), "{printed}");
        assert!(printed.contains("the request is not recorded"), "{printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
