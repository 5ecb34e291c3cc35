//! `iamspec audit` with hand-made CloudTrail logs: possible histories pass, and each impossible
//! response names the rule that it breaks.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::reports::folder;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{AttachmentAction, AttachmentKind, ResourceAction, ResourceKind};
use serde_json::{Map, Value, json};

/// A call: the action, the parameters, and the error code if it is refused.
type Call = (String, Vec<(String, String)>, Option<&'static str>);

fn call(api: &str, members: &[(&str, &str)], code: Option<&'static str>) -> Call {
    let members = members.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    (api.to_owned(), members.collect(), code)
}

const ALICE: (&str, &str) = ("userName", "Alice");

fn user(api: &str, code: Option<&'static str>) -> Call {
    call(api, &[ALICE], code)
}

/// The parameter that names an attachment or a resource.
fn named(kind: AttachmentKind) -> Option<(String, String)> {
    let member = kind.row().parameter;
    let lower = member.chars().next()?.to_ascii_lowercase().to_string() + &member[1..];
    let name = format!("the_{}", kind.row().name.replace('-', "_"));
    let arn = |prefix: &str| format!("arn:aws:iam::123456789012:{prefix}/{name}");
    let name = match member {
        "PolicyArn" => arn("policy"),
        "SerialNumber" => arn("mfa"),
        _ => name,
    };
    (kind.row().naming != Naming::Single).then_some((lower, name))
}

fn of_kind(kind: AttachmentKind, verb: AttachmentAction, code: Option<&'static str>) -> Call {
    let api = kind.row().action(verb).unwrap().api;
    let mut made = user(api, code);
    made.1.extend(named(kind));
    made
}

/// A log with one event every two minutes.
fn log(calls: &[Call]) -> Value {
    let event = |(index, (api, members, code)): (usize, &Call)| {
        let parameters: Map<String, Value> =
            members.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let (hour, minute) = (index * 2 / 60, index * 2 % 60);
        let mut event = json!({
            "eventVersion": "1.08",
            "eventSource": "iam.amazonaws.com",
            "eventName": api,
            "eventTime": format!("2026-01-01T{hour:02}:{minute:02}:00Z"),
            "eventID": format!("event-{index}"),
            "awsRegion": "us-east-1",
            "recipientAccountId": "123456789012",
            "userIdentity": { "type": "AssumedRole" },
            "requestParameters": parameters,
            "responseElements": if api.starts_with("Create") { json!({ "thing": parameters }) } else { Value::Null },
        });
        if let (Some(code), Some(members)) = (code, event.as_object_mut()) {
            members.insert("errorCode".to_owned(), json!(format!("{code}Exception")));
        }
        event
    };
    json!({ "Records": calls.iter().enumerate().map(event).collect::<Vec<_>>() })
}

pub(super) fn written(folder: &Path, name: &str, log: &Value) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, log.to_string()).unwrap();
    file
}

/// Impossible histories, each with the rule that its last event breaks.
fn impossible() -> Vec<(String, Vec<Call>)> {
    let mut bad = Vec::new();
    let create = || user("CreateUser", None);
    let delete = || user("DeleteUser", None);
    for kind in AttachmentKind::blockers() {
        let (row, attach) = (kind.row(), || of_kind(kind, AttachmentAction::Attach, None));
        let detach = || of_kind(kind, AttachmentAction::Detach, None);
        bad.push((format!("DeleteUser/holds-{}", row.name), vec![create(), attach(), delete()]));
        // The log may begin after the creation of the user.
        bad.push((format!("DeleteUser/holds-{}", row.name), vec![attach(), delete()]));
        bad.push((format!("{}/no-such-user", row.attach.api), vec![create(), delete(), attach()]));
        bad.push((format!("{}/no-such-user", row.detach.api), vec![create(), delete(), detach()]));
        bad.push((
            format!("{}/no-such-user", row.list.api),
            vec![delete(), of_kind(kind, AttachmentAction::List, None)],
        ));
        let conflict = user("DeleteUser", Some("DeleteConflict"));
        bad.push((
            "DeleteUser/carried-out".to_owned(),
            vec![create(), attach(), detach(), conflict],
        ));
    }
    for class in [ResourceKind::Group, ResourceKind::Policy] {
        let kind = AttachmentKind::blockers().find(|it| it.row().refers_to == Some(class)).unwrap();
        let delete = class.row().action(ResourceAction::Delete).unwrap().api;
        let gone = (delete.to_owned(), named(kind).into_iter().collect::<Vec<_>>(), None);
        bad.push((
            format!("{delete}/in-use"),
            vec![of_kind(kind, AttachmentAction::Attach, None), gone],
        ));
    }
    let exists = || user("GetUser", None);
    // The first read may show a user that was deleted just before the log.
    bad.push(("CreateUser/user-exists".to_owned(), vec![exists(), exists(), create()]));
    bad.push((
        "CreateUser/carried-out".to_owned(),
        vec![delete(), user("CreateUser", Some("EntityAlreadyExists"))],
    ));
    bad.push(("GetUser/no-such-user".to_owned(), vec![delete(), exists()]));
    bad.push((
        "GetUser/carried-out".to_owned(),
        vec![exists(), exists(), user("GetUser", Some("NoSuchEntity"))],
    ));
    bad.push(("DeleteUser/no-such-user".to_owned(), vec![delete(), delete()]));
    bad
}

#[test]
fn an_impossible_response_names_the_rule_that_it_breaks() {
    let folder = folder("impossible");
    let bad = impossible();
    assert!(bad.len() >= 30, "{}", bad.len());
    let mut missed = Vec::new();
    for (rule, calls) in &bad {
        let file = written(&folder, "log.json", &log(calls));
        let output = super::iamspec(&["audit", &file.display().to_string()]);
        let printed = super::stdout(&output);
        let last = format!(":00Z, log.json, event {}  IMPOSSIBLE", calls.len());
        let id = format!(", event event-{}, 2026-01-01T0", calls.len() - 1);
        if output.status.code() != Some(1)
            || !printed.contains(&last)
            || !printed.contains(&id)
            || !printed.starts_with(rule.as_str())
        {
            missed.push(format!("{rule}: {calls:?}\n{printed}"));
        }
        // Without its last event, the history is possible.
        let file = written(&folder, "log.json", &log(&calls[..calls.len() - 1]));
        let output = super::iamspec(&["audit", &file.display().to_string()]);
        assert_eq!(output.status.code(), Some(0), "{calls:?}: {}", super::stdout(&output));
    }
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), bad.len(), missed.join("\n"));
    std::fs::remove_dir_all(folder).unwrap();
}

/// Files in every format, in folders, compressed, and with events of other services.
#[test]
fn logs_are_read_in_every_format() {
    let folder = folder("logs");
    let mut events = log(&[
        user("CreateUser", None),
        of_kind(AttachmentKind::AccessKey, AttachmentAction::Attach, None),
        user("DeleteUser", None),
    ]);
    let records = events["Records"].as_array_mut().unwrap();
    let mut other = records[0].clone();
    other["eventSource"] = json!("s3.amazonaws.com");
    let inner = folder.join("2026/01/01");
    std::fs::create_dir_all(&inner).unwrap();
    written(&folder, "1.json", &records[0]);
    written(&inner, "2.json", &json!([other, records[1].clone()]));
    let packed = std::fs::File::create(inner.join("3.json.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    packed.write_all(json!({ "Records": [records[2].clone()] }).to_string().as_bytes()).unwrap();
    packed.finish().unwrap();
    std::fs::write(inner.join("README.txt"), "no log").unwrap();
    let output = super::iamspec(&["audit", &folder.display().to_string()]);
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.ends_with("3 files, 4 events: 2 possible, 1 impossible, 0 too soon after a change, 0 uninformative, 0 out of order, 0 of other IAM actions\n"), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_response_soon_after_a_change_is_no_finding() {
    let folder = folder("soon");
    let calls = [user("CreateUser", None), user("GetUser", Some("NoSuchEntity"))];
    let file = written(&folder, "log.json", &log(&calls)).display().to_string();
    let patient = super::iamspec(&["audit", "--lag", "150s", &file]);
    assert_eq!(patient.status.code(), Some(0), "{}", super::stdout(&patient));
    assert!(super::stdout(&patient).contains("1 too soon after a change"));
    let impatient = super::iamspec(&["audit", &file]);
    assert_eq!(impatient.status.code(), Some(1), "{}", super::stdout(&impatient));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_invalid_log_is_refused_with_the_reason() {
    let folder = folder("no-logs");
    for (name, text, why) in [
        ("empty.json", "", "the file is empty"),
        ("other.json", "{\"a\": 1}", "expected events of CloudTrail"),
        ("broken.json", "{\"Records\": [", "expected events of CloudTrail"),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        let output = super::iamspec(&["audit", &file.display().to_string()]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let error = super::stderr(&output);
        assert!(error.contains(why) && error.contains(name), "{error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_script_with_responses_is_reported_like_a_run() {
    let folder = folder("histories");
    let file = folder.join("seen.script");
    let good = "CreateGroup g0\nCreateUser u0\nAddUserToGroup u0 g0\nDeleteUser u0 -> 409 DeleteConflict\n\
                ListGroupsForUser u0 -> 200 [g0]\nRemoveUserFromGroup u0 g0\nDeleteUser u0 -> 200\n";
    std::fs::write(&file, good).unwrap();
    let name = file.display().to_string();
    let output = super::iamspec(&["audit", &name]);
    assert_eq!(output.status.code(), Some(0), "{}", super::stdout(&output));
    std::fs::write(&file, good.replace("409 DeleteConflict", "200")).unwrap();
    let output = super::iamspec(&["audit", &name]);
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.contains("DeleteUser/holds-group-membership  must, status"), "{printed}");
    assert!(printed.contains(&format!("iamspec audit {name}")), "{printed}");
    std::fs::write(&file, "DeleteUsr u0\n").unwrap();
    let output = super::iamspec(&["audit", &name]);
    assert_eq!(output.status.code(), Some(2));
    assert!(super::stderr(&output).contains("line 1, column 1"), "{}", super::stderr(&output));
    std::fs::remove_dir_all(folder).unwrap();
}

/// An option that would be ignored is refused, with the next step.
#[test]
fn an_option_without_effect_is_refused() {
    let folder = folder("audit-options");
    let script = folder.join("seen.script");
    std::fs::write(&script, "CreateUser u0 -> 201\nDeleteUser u0 -> 204\n").unwrap();
    let script = script.display().to_string();
    let log = written(&folder, "log.json", &log(&[user("CreateUser", None)])).display().to_string();
    for (words, why) in [
        (vec![&*script, "--start", "unknown"], "remove --start unknown, or audit logs"),
        (vec![&*script, "--tier", "wire"], "use --tier text, or `iamspec run --tier wire`"),
        (vec![&*log, "--tier", "wire"], "use --tier text, or `iamspec run --tier wire`"),
    ] {
        let output = super::iamspec(&[&["audit"], words.as_slice()].concat());
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let error = super::stderr(&output);
        assert!(error.contains(why), "{error}");
    }
    for start in [&[][..], &["--start", "empty"]] {
        let output = super::iamspec(&[&["audit", &*script], start].concat());
        assert_eq!(output.status.code(), Some(0), "{}", super::stdout(&output));
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A response that contradicts a settled order names no rule, and decides nothing.
#[test]
fn a_contradicted_order_is_not_learned() {
    let folder = folder("learn-contradiction");
    let mut events = log(&[
        user("CreateUser", None),
        of_kind(AttachmentKind::AccessKey, AttachmentAction::Attach, None),
        of_kind(AttachmentKind::LoginProfile, AttachmentAction::Attach, None),
        user("DeleteUser", Some("DeleteConflict")),
    ]);
    let file = folder.join("learned.jsonl");
    for kind in AttachmentKind::all().filter_map(|it| it.row().blocks.as_ref()) {
        for text in kind.text.texts() {
            events["Records"][3]["errorMessage"] = json!(text);
            let log = written(&folder, "log.json", &events).display().to_string();
            let words = ["audit", &*log, "--learn", "--learned", file.to_str().unwrap()];
            super::iamspec(&words);
            let rows = std::fs::read_to_string(&file).unwrap();
            assert!(!rows.contains("the response names \""), "{text}: {rows}");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn learn_prints_which_of_two_refusals_was_reported() {
    let folder = folder("learn");
    let mut events = log(&[
        user("CreateUser", None),
        of_kind(AttachmentKind::AccessKey, AttachmentAction::Attach, None),
        of_kind(AttachmentKind::InlinePolicy, AttachmentAction::Attach, None),
        user("DeleteUser", Some("DeleteConflict")),
    ]);
    events["Records"][3]["errorMessage"] =
        json!("Cannot delete entity, must delete policies first.");
    let file = written(&folder, "log.json", &events).display().to_string();
    let printed = super::stdout(&super::iamspec(&["audit", "--learn", &file]));
    assert!(
        printed.contains("DeleteUser/holds-access-key or DeleteUser/holds-inline-policy"),
        "{printed}"
    );
    assert!(
        printed.contains(
            "\"Cannot delete entity, must delete policies first.\", 1 time, first event event-3"
        ),
        "{printed}"
    );
    let silent = super::stdout(&super::iamspec(&["audit", &file]));
    assert!(!silent.contains("unspecified behavior"), "{silent}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// An order that a fact gives is not an open question. What is learned becomes a fact.
#[test]
fn what_an_audit_learns_is_added_to_the_facts() {
    let folder = folder("learned");
    let held = |kinds: [AttachmentKind; 2], message: &str| {
        let [one, other] = kinds.map(|kind| of_kind(kind, AttachmentAction::Attach, None));
        let delete = user("DeleteUser", Some("DeleteConflict"));
        let mut events = log(&[user("CreateUser", None), one, other, delete]);
        events["Records"][3]["errorMessage"] = json!(message);
        written(&folder, "log.json", &events).display().to_string()
    };
    let settled = [AttachmentKind::LoginProfile, AttachmentKind::AccessKey];
    let file = held(settled, "Cannot delete entity, must delete login profile first.");
    let printed = super::stdout(&super::iamspec(&["audit", "--learn", &file]));
    assert!(printed.contains("was known\n  none\n"), "{printed}");
    // Both kinds have the same message: it does not show which one was found first.
    let same = [AttachmentKind::SshPublicKey, AttachmentKind::ServiceCredential];
    let file = held(same, "Cannot delete entity, must remove referenced objects first.");
    let printed = super::stdout(&super::iamspec(&["audit", "--learn", &file]));
    assert!(printed.contains("was known\n  none\n"), "{printed}");
    let open = [AttachmentKind::AccessKey, AttachmentKind::InlinePolicy];
    let file = held(open, "Cannot delete entity, must delete policies first.");
    let [learned, facts] =
        ["learned.jsonl", "facts.jsonl"].map(|name| folder.join(name).display().to_string());
    let output = super::iamspec(&["audit", "--learned", &learned, "--from-aws", &file]);
    assert_eq!(output.status.code(), Some(0), "{}", super::stderr(&output));
    for (times, added) in [(1, "1 row added"), (2, "0 rows added, 1 already present")] {
        let output = super::iamspec(&["evidence", "add", &learned, "--to", &facts]);
        let printed = super::stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{times}: {}", super::stderr(&output));
        assert!(printed.contains(added), "{times}: {printed}");
    }
    let row: Value = serde_json::from_str(&std::fs::read_to_string(&facts).unwrap()).unwrap();
    assert_eq!(row["operation"], "DeleteUser");
    assert_eq!((&row["http"], &row["code"]), (&json!(409), &json!("DeleteConflict")));
    assert_eq!(row["message"], "Cannot delete entity, must delete policies first.");
    assert_eq!((&row["id"], &row["strength"]), (&json!("R-001"), &json!("recorded")));
    for name in ["Alice", "123456789012", "event-"] {
        assert!(!row.to_string().contains(name), "{row}");
    }
    // A log does not show that AWS wrote it, and another service is no evidence.
    super::iamspec(&["audit", "--learned", &learned, &file]);
    let output = super::iamspec(&["evidence", "add", &learned, "--to", &facts]);
    assert_eq!(output.status.code(), Some(2));
    assert!(super::stderr(&output).contains("--allow-non-aws"), "{}", super::stderr(&output));
    std::fs::remove_dir_all(folder).unwrap();
}

/// A code that no rule of the action has is impossible, unless any action of AWS may return it.
#[test]
fn an_invented_code_is_impossible_and_a_common_one_is_not() {
    let folder = folder("codes");
    for (code, impossible) in [
        ("EntityVanished", 1),
        ("IncompleteSignature", 0),
        ("ExpiredTokenException", 0),
        ("MissingParameter", 0),
    ] {
        let events = log(&[user("GetUser", Some(code))]);
        let file = written(&folder, "log.json", &events).display().to_string();
        let printed = super::stdout(&super::iamspec(&["audit", &file]));
        assert!(printed.contains(&format!(", {impossible} impossible")), "{code}: {printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// Records without an id, or with the same id, are different events.
#[test]
fn all_events_of_one_second_are_audited() {
    let folder = folder("ids");
    for id in [None, Some("the-same")] {
        let mut events =
            log(&[user("GetUser", None), user("CreateUser", Some("EntityAlreadyExists"))]);
        for event in events["Records"].as_array_mut().unwrap() {
            let event = event.as_object_mut().unwrap();
            event.insert("eventTime".to_owned(), json!("2026-01-01T00:00:00Z"));
            event.remove("eventID");
            event.extend(id.map(|id| ("eventID".to_owned(), json!(id))));
        }
        let file = written(&folder, "log.json", &events).display().to_string();
        let output = super::iamspec(&["audit", &file]);
        let printed = super::stdout(&output);
        assert!(
            printed.contains("1 file, 2 events: 2 possible, 0 impossible"),
            "{id:?}: {printed}"
        );
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn links_between_folders_do_not_loop() {
    let folder = folder("audit-links");
    let events = [user("CreateUser", None), user("DeleteUser", None)];
    written(&folder, "log.json", &log(&events));
    for name in ["a", "b", "c"] {
        std::os::unix::fs::symlink(&folder, folder.join(name)).unwrap();
    }
    let output = super::iamspec(&["audit", folder.to_str().unwrap()]);
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{printed}");
    assert!(printed.contains("1 file, 2 events"), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn pipes_and_devices_are_refused() {
    let folder = folder("audit-pipe");
    for name in ["pipe.json", "pipe.jsonl", "pipe.script"] {
        let pipe = folder.join(name);
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let is_log = !name.ends_with(".script");
        for path in [&pipe, &folder].into_iter().take(1 + usize::from(is_log)) {
            let output = super::iamspec(&["audit", path.to_str().unwrap()]);
            let error = super::stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{error}");
            assert!(error.contains("found a pipe"), "{error}");
        }
        std::fs::remove_file(pipe).unwrap();
    }
    assert_eq!(super::iamspec(&["audit", "/dev/zero"]).status.code(), Some(2));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn gzip_data_is_decompressed_to_a_limit() {
    let folder = folder("audit-gzip");
    let file = folder.join("log.json.gz");
    let gzip = std::fs::File::create(&file).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(gzip, flate2::Compression::fast());
    for _ in 0..64 {
        gzip.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    gzip.finish().unwrap();
    let output = super::iamspec(&["audit", file.to_str().unwrap()]);
    let error = super::stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("bytes when it is decompressed"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}
