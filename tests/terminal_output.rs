//! Output on a terminal: texts of endpoints, reports, logs, files and drivers are shown with
//! escapes. Only the program's own styles are terminal sequences.

use std::path::Path;
use std::process::Output;

use super::port::{Port, http};
use super::reports::folder;
use serde_json::{Value, json};

/// Controls of a terminal, a bidirectional control, and a line that looks like one of the program.
const HOSTILE: &str = "\u{1b}[31m\u{7}\u{9b}2J\u{202e}\nFORGED <script>";

/// A line that begins with this word is forged.
const FORGED: &str = "FORGED";

fn check(words: &[&str], output: &Output) {
    for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let text = String::from_utf8_lossy(bytes);
        let raw = text.chars().find(|it| {
            it.is_control() && !['\n', '\t'].contains(it) || matches!(it, '\u{202a}'..='\u{202e}')
        });
        assert_eq!(raw, None, "{words:?} {stream}: {text:?}");
        let forged = text.lines().any(|it| it.starts_with(FORGED));
        assert!(!forged, "{words:?} {stream}: {text}");
    }
}

/// Runs a command and checks what it prints. Returns stdout.
fn checked(words: &[&str]) -> String {
    let output = super::iamspec(words);
    check(words, &output);
    super::stdout(&output)
}

/// A proxy that puts the hostile text into every ARN, code and message of the endpoint.
fn hostile_endpoint(url: &str, text: &str) -> Port {
    let text = quick_xml::escape::escape(text).into_owned();
    Port::rewriting(url, move |_, _, answer| {
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.lines().next().unwrap().trim_start_matches("HTTP/1.1 ");
        let ends = ["</Arn>", "</Message>", "</RequestId>"];
        let body =
            ends.iter().fold(body.to_owned(), |it, end| it.replace(end, &format!("{text}{end}")));
        http(status, "text/xml", body.as_bytes())
    })
}

#[test]
fn no_text_of_an_endpoint_reaches_the_terminal_as_it_is() {
    // XML forbids the first controls and permits the others, so that both kinds of response occur.
    let permitted = HOSTILE.replace(['\u{1b}', '\u{7}'], "");
    for text in [HOSTILE, &permitted] {
        check_endpoint(text);
    }
}

fn check_endpoint(text: &str) {
    let server = super::server(None);
    let port = hostile_endpoint(&server.url(), text);
    let folder = folder("hostile-endpoint");
    let file = |name: &str| folder.join(name).display().to_string();
    let (run, record, script) = (file("run.jsonl"), file("record.jsonl"), file("a.script"));
    std::fs::write(&script, "CreateUser u0\nDeleteUser u0\nDeleteUser u0\n").unwrap();
    let endpoint = ["--endpoint", &port.url];
    let with = |words: &[&str]| checked(&[words, &endpoint].concat());
    for tier in ["status", "code", "text"] {
        let scripts = ["delete-user/alone/access-key", "delete-user/no-such-user", "list/*"];
        let report = format!("json={run}");
        let options = ["run", "--tier", tier, "--level", "info", "--report", &report];
        with(&[&options[..], &["--record", &record], &scripts].concat());
    }
    with(&["run", "--suite", "invariants"]);
    with(&["replay", "--tier", "text", "--level", "info", &script]);
    with(&["shrink", "--tier", "text", "--level", "info", &script]);
    with(&["race", "--repeats", "1", "DeleteUser+CreateAccessKey/a-user"]);
    with(&["cleanup"]);
    with(&["plan", "alice"]);
    commands_that_read(&run, &record);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Every command that reads a saved run.
fn commands_that_read(run: &str, record: &str) {
    checked(&["report", "show", run]);
    checked(&["report", "show", run, "--show", "unspecified"]);
    checked(&["report", "show", run, "--as", "markdown"]);
    checked(&["report", "issue", run, "*"]);
    checked(&["report", "diff", run, run]);
    checked(&["report", "diff", run, record]);
    checked(&["matrix", run, "--out", &format!("{run}.matrix")]);
    checked(&["evidence", "show", record]);
    let facts = format!("{record}.facts");
    checked(&["evidence", "add", record, "--to", &facts, "--allow-non-aws"]);
    checked(&["audit", run]);
}

/// Adds the hostile text to every text that a report contains, except names that select a type.
fn poison(value: &mut Value) {
    match value {
        Value::String(text) => text.push_str(HOSTILE),
        Value::Array(items) => items.iter_mut().for_each(poison),
        Value::Object(members) => {
            let typed =
                ["event", "verdict", "status", "revision", "rule", "rules", "call", "history"];
            let texts = members.iter_mut().filter(|(name, _)| !typed.contains(&name.as_str()));
            for (name, it) in texts {
                poison(it);
                // An exchange has several lines.
                if name == "wire" {
                    *it = serde_json::from_str(&it.to_string().replace("\\n", " ")).unwrap();
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn no_text_of_a_report_reaches_the_terminal_as_it_is() {
    let folder = folder("hostile-report");
    let run = folder.join("run.jsonl").display().to_string();
    let report = format!("json={run}");
    let words = ["run", "--mutant", "forgets-mfa-device", "--tier", "text", "--level", "info"];
    super::iamspec(&[&words[..], &["--report", &report]].concat());
    let text = std::fs::read_to_string(&run).unwrap();
    assert!(text.contains("\"event\":\"finding\""), "{text}");
    let lines = text.lines().map(|line| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        poison(&mut event);
        event.to_string() + "\n"
    });
    std::fs::write(&run, lines.collect::<String>()).unwrap();
    commands_that_read(&run, &run);
    let issue = checked(&["report", "issue", &run, "*"]);
    assert!(issue.contains("DeleteUser") && issue.contains(r"\u{1b}"), "{issue}");
    let title = issue.lines().next().unwrap();
    assert!(!title.contains("<script"), "{title}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn no_text_of_a_log_reaches_the_terminal_as_it_is() {
    let folder = folder("hostile-log");
    let event = |name: &str, minute: usize| {
        // The last event has no possible name.
        let user = if minute == 30 { format!("alice{HOSTILE}") } else { "alice".to_owned() };
        json!({
            "eventSource": "iam.amazonaws.com", "eventName": name,
            "eventTime": format!("2026-01-01T00:{minute:02}:00Z"),
            "eventID": format!("{minute}{HOSTILE}"), "awsRegion": "us-east-1",
            "recipientAccountId": format!("1{HOSTILE}"),
            "userIdentity": { "type": "AssumedRole" },
            "requestParameters": { "userName": user },
            "responseElements": { "user": {} },
        })
    };
    let events = ["CreateUser", "DeleteUser", "DeleteUser", "DeleteUser"];
    let events: Vec<_> = events.iter().enumerate().map(|(at, it)| event(it, 10 * at)).collect();
    let log = super::audit::written(&folder, "log.json", &json!({ "Records": events }));
    let printed = checked(&["audit", "--learn", log.to_str().unwrap()]);
    assert!(printed.contains("IMPOSSIBLE") && printed.contains(r"\u{1b}"), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// Writes a file and returns its name.
fn written(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn errors_and_drivers_show_the_texts_of_others_with_escapes() {
    let folder = folder("hostile-files");
    let script = written(&folder, "a.script", &format!("Create{HOSTILE} u0\n"));
    let report =
        written(&folder, "a.jsonl", &format!("{{\"format\": 2, \"event\": {}}}", json!(HOSTILE)));
    let toml = written(
        &folder,
        "a.toml",
        &format!("[[known-failure]]\nrule = {}\n{HOSTILE}", json!(HOSTILE)),
    );
    checked(&["run", &script]);
    checked(&["report", &report]);
    checked(&["run", "--known-failures", &toml]);
    checked(&["serve", "--faults", &toml]);
    let driver = written(
        &folder,
        "driver.sh",
        "printf '\\033[31mred\\007\\n' >&2\nprintf '\\033]0;x\\007no\\n'\n",
    );
    let driver = format!("sh {driver}");
    checked(&["run", "--driver", &driver, "delete-user/bare"]);
    let printed = checked(&["driver", "check", &driver]);
    assert!(printed.contains("BROKEN"), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_colors_of_the_program_still_work() {
    let words = ["run", "--mutant", "forgets-mfa-device", "delete-user/alone/*"];
    let output = super::command(&words).env("CLICOLOR_FORCE", "1").output().unwrap();
    let printed = super::stdout(&output);
    assert!(printed.contains("\u{1b}[1mDeleteUser/holds-mfa-device\u{1b}[0m"), "{printed}");
    assert!(!printed.contains(r"\u{1b}"), "{printed}");
}
