//! `iamspec audit` reads the times that AWS services write, and skips a record that it cannot read
//! without a conclusion from the events before it.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::audited_facts::{audit, cloudtrail, har, history};
use super::reports::folder;

const KEY: &str = "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>alice</UserName>\
    <AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><Status>Active</Status></AccessKey></CreateAccessKeyResult>\
    </CreateAccessKeyResponse>";
const CREATE: (&str, u16, &str) =
    ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>");
const ADD: (&str, u16, &str) = ("Action=CreateAccessKey&UserName=alice", 200, KEY);
const REMOVE: (&str, u16, &str) = (
    "Action=DeleteAccessKey&UserName=alice&AccessKeyId=AKIAIOSFODNN7EXAMPLE",
    200,
    "<DeleteAccessKeyResponse/>",
);
const DELETE: (&str, u16, &str) =
    ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>");
const GOOD: [(&str, u16, &str); 4] = [CREATE, ADD, REMOVE, DELETE];
const BAD: [(&str, u16, &str); 3] = [CREATE, ADD, DELETE];

fn events(calls: &[(&str, u16, &str)]) -> Vec<Value> {
    cloudtrail(&history(calls), 120)["Records"].as_array().unwrap().clone()
}

fn audited(folder: &Path, name: &str, content: &str) -> (u8, String) {
    let file = folder.join(name);
    std::fs::write(&file, content).unwrap();
    audit(&file, &["--start", "empty", "--tier", "text"])
}

fn lines(values: &[Value]) -> String {
    values.iter().map(|it| it.to_string() + "\n").collect()
}

/// Results of CloudTrail Lake may begin with the newest event, and have times of their own form.
#[test]
fn a_time_in_another_form_orders_the_events() {
    let folder = folder("audit-times");
    let forms: [fn(&str) -> String; 6] = [
        |it| it.replace('T', " ").replace('Z', ".000"),
        |it| it.replace('T', " ").replace('Z', ""),
        |it| it.replace('T', " ").replace('Z', " UTC"),
        |it| it.replace('Z', "+0000"),
        |it| it.replace('Z', "+00:00"),
        |it| it.replace('Z', ".000Z"),
    ];
    for form in forms {
        let query = |calls: &[(&str, u16, &str)]| {
            let row = |it: &Value| {
                let time = form(it["eventTime"].as_str().unwrap());
                json!([{ "eventTime": time }, { "eventSource": it["eventSource"] },
                    { "eventName": it["eventName"] }, { "requestParameters": it["requestParameters"] },
                    { "responseElements": it["responseElements"] }])
            };
            let rows: Vec<Value> = events(calls).iter().rev().map(row).collect();
            json!({ "QueryResultRows": rows }).to_string()
        };
        let (code, printed) = audited(&folder, "lake.json", &query(&GOOD));
        assert_eq!(code, 0, "{printed}");
        assert!(printed.contains("4 events: 4 possible"), "{printed}");
        let (code, printed) = audited(&folder, "lake.json", &query(&BAD));
        assert_eq!(code, 1, "{printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// If no time can be read, the order of a file is not taken for the order in time.
#[test]
fn a_file_whose_times_cannot_be_read_is_an_error() {
    let folder = folder("audit-no-times");
    let mut events = events(&GOOD);
    events.reverse();
    for event in &mut events {
        event["eventTime"] = json!("Jan 1, 2026");
    }
    let file = folder.join("times.json");
    std::fs::write(&file, json!({ "Records": events }).to_string()).unwrap();
    let output = super::iamspec(&["audit", file.to_str().unwrap()]);
    let error = super::stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{error}");
    let expected =
        "event 1: expected a time such as 2026-01-01T00:00:00Z in eventTime, found \"Jan 1, 2026\"";
    assert!(error.contains(expected), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// One bad record is named and counted, and the others are read. As it may be any call, what was
/// known before it says nothing about what comes after it.
#[test]
fn a_record_that_cannot_be_read_is_skipped() {
    let folder = folder("audit-bad-records");
    let (create, key) = (events(&BAD)[0].clone(), events(&BAD)[1].clone());
    let without_time = |mut event: Value, time: Value| {
        event["eventTime"] = time;
        event
    };
    let bad = [
        ("numeric", without_time(create.clone(), json!(1_767_225_720))),
        ("null time", without_time(create.clone(), Value::Null)),
        ("no object", Value::Null),
        ("unreadable", without_time(create.clone(), json!("yesterday"))),
        ("no time", json!({ "eventSource": "iam.amazonaws.com", "eventName": "GetUser" })),
    ];
    for (name, record) in &bad {
        let mut records = events(&BAD);
        records.insert(1, record.clone());
        for (file, text) in [
            ("log.json", json!({ "Records": records }).to_string()),
            ("log.jsonl", lines(&records)),
        ] {
            let (code, printed) = audited(&folder, file, &text);
            assert_eq!(code, 1, "{name}: {printed}");
            assert!(
                printed.contains(&format!("skipped 1 record of {}", folder.display())),
                "{printed}"
            );
            assert!(printed.contains(&format!("{file}: event 2: expected ")), "{name}: {printed}");
            assert!(printed.contains("1 file, 3 events: "), "{printed}");
            assert!(printed.ends_with(", 1 record not readable\n"), "{printed}");
        }
        // The skipped record may have removed the key.
        let mut records = events(&BAD);
        records.insert(2, record.clone());
        for is_reversed in [false, true] {
            if is_reversed {
                records.reverse();
            }
            let (code, printed) =
                audited(&folder, "log.json", &json!({ "Records": records }).to_string());
            assert_eq!(code, 0, "{name}: {printed}");
        }
    }
    // The key was created in the second of the record before, and may be removed by it.
    let mut records = vec![create.clone(), key, without_time(create, Value::Null)];
    records.push(events(&BAD)[2].clone());
    records[0]["eventTime"] = records[1]["eventTime"].clone();
    let (code, printed) = audited(&folder, "log.json", &json!({ "Records": records }).to_string());
    assert_eq!(code, 0, "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_line_that_cannot_be_read_is_skipped() {
    let folder = folder("audit-bad-lines");
    let all: Vec<String> = events(&BAD).iter().map(Value::to_string).collect();
    let cut = all[0].split_at(50).0;
    // The last call before a record that cannot be read may overlap with it.
    let cases = [
        (format!("{}\nGARBAGE\n{}\n{}\n", all[0], all[1], all[2]), "line 2", 1),
        (format!("GARBAGE\n{}\n{}\n{}\n", all[0], all[1], all[2]), "line 1", 1),
        (format!("{}\n{cut}\n{}\n{}\n", all[0], all[1], all[2]), "line 2", 1),
        (format!("{}\n{}\n{}\n{cut}", all[0], all[1], all[2]), "line 4", 0),
        (format!("{}\n{}\n}}garbage{{\n{}\n", all[0], all[1], all[2]), "line 3", 0),
        (format!("{}\n{}\n{cut}\n{}\n", all[0], all[1], all[2]), "line 3", 0),
    ];
    for (text, place, expected) in cases {
        let (code, printed) = audited(&folder, "log.jsonl", &text);
        assert_eq!(code, expected, "{text}: {printed}");
        assert!(
            printed.contains(&format!("log.jsonl: {place}: expected events of CloudTrail")),
            "{printed}"
        );
        assert!(printed.ends_with(", 1 record not readable\n"), "{printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_unusual_entry_of_a_har_file_is_read_or_skipped() {
    let folder = folder("audit-bad-entries");
    let entries = |calls: &[(&str, u16, &str)]| {
        har(&history(calls), 120)["log"]["entries"].as_array().unwrap().clone()
    };
    let written = |entries: &[Value]| json!({ "log": { "entries": entries } }).to_string();
    let mut unusual = entries(&BAD);
    unusual[0]["response"]["status"] = json!(200.0);
    unusual[1]["time"] = json!("5");
    unusual[2]["time"] = Value::Null;
    let (code, printed) = audited(&folder, "traffic.har", &written(&unusual));
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("1 file, 3 events: 2 possible, 1 impossible"), "{printed}");
    for time in [None, Some(json!("")), Some(json!("soon")), Some(json!(5))] {
        for (place, expected) in [(1, 1), (2, 0)] {
            let mut all = entries(&BAD);
            let mut entry = entries(&BAD)[0].clone();
            match &time {
                None => _ = entry.as_object_mut().unwrap().remove("startedDateTime"),
                Some(time) => entry["startedDateTime"] = time.clone(),
            }
            all.insert(place, entry);
            let (code, printed) = audited(&folder, "traffic.har", &written(&all));
            assert_eq!(code, expected, "{time:?}: {printed}");
            assert!(
                printed.contains(&format!("traffic.har: entry {}: expected ", place + 1)),
                "{printed}"
            );
            assert!(printed.ends_with(", 1 record not readable\n"), "{printed}");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// An export task writes `000000.gz` files, with the time before each message.
#[test]
fn an_export_of_cloudwatch_logs_is_read() {
    let folder = folder("audit-export");
    let line = |it: &Value| {
        let time = it["eventTime"].as_str().unwrap().replace('Z', ".000Z");
        time + " " + &it.to_string() + "\n"
    };
    let text: String = events(&BAD).iter().map(line).collect();
    let task = folder.join("task/stream");
    std::fs::create_dir_all(&task).unwrap();
    std::fs::write(folder.join("aws-logs-write-test"), "Permission Check Successful").unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    std::fs::write(task.join("000000.gz"), gzip.finish().unwrap()).unwrap();
    for path in [&folder, &task.join("000000.gz")] {
        let (code, printed) = audit(path, &[]);
        assert_eq!(code, 1, "{printed}");
        assert!(printed.contains("1 file, 3 events: 2 possible, 1 impossible"), "{printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A subscription sends messages about itself, which have no events.
#[test]
fn a_control_message_is_no_event() {
    let folder = folder("audit-firehose");
    let events: Vec<Value> =
        events(&BAD).iter().map(|it| json!({ "message": it.to_string() })).collect();
    let data = json!({ "messageType": "DATA_MESSAGE", "logEvents": events }).to_string();
    let control = json!({ "messageType": "CONTROL_MESSAGE", "logEvents": [{ "message":
        "CWL CONTROL MESSAGE: Checking health of destination Firehose." }] });
    for text in [format!("{data}{control}"), format!("{control}{data}")] {
        let (code, printed) = audited(&folder, "firehose", &text);
        assert_eq!(code, 1, "{printed}");
        assert!(printed.contains("1 file, 3 events: 2 possible, 1 impossible"), "{printed}");
        assert!(!printed.contains("not readable"), "{printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
