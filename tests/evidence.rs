//! Recorded runs: audited again, anonymous, and added to the facts.

use std::path::PathBuf;

use super::reports::folder;
use serde_json::Value;

/// Records a run and changes each of its lines. Returns the folder and the file.
fn recorded(name: &str, words: &[&str], change: impl Fn(&str) -> String) -> (PathBuf, PathBuf) {
    let folder = folder(name);
    let file = folder.join("run.jsonl");
    let path = file.display().to_string();
    let output = super::iamspec(&[&["run", "--record", &path], words].concat());
    assert_eq!(output.status.code(), Some(0), "{}", super::stdout(&output));
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<String> = text.lines().map(change).collect();
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    (folder, file)
}

#[test]
fn a_recorded_run_is_audited_with_the_current_rules() {
    let suites = ["--suite", "cover", "--suite", "random", "--calls", "2000"];
    let (folder, file) = recorded("again", &suites, str::to_owned);
    let output = super::iamspec(&["audit", &file.display().to_string()]);
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{printed} {}", super::stderr(&output));
    assert!(printed.contains(" 0 inconclusive, 0 skipped"), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
    let wrong = |line: &str| line.replace("409 DeleteConflict", "409 EntityAlreadyExists");
    let (folder, file) = recorded("again-wrong", &["delete-user/alone/*"], wrong);
    let output = super::iamspec(&["audit", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(1), "{}", super::stdout(&output));
    std::fs::remove_dir_all(folder).unwrap();
}

/// A finding repeats the command line, and the command line can name an account and local files.
#[test]
fn a_recorded_finding_has_no_command_line() {
    let folder = folder("anonymous-finding");
    let file = folder.join("run.jsonl");
    let words = ["--mutant", "forgets-mfa-device", "delete-user/alone/mfa-device"];
    super::iamspec(&[&["run", "--record", &file.display().to_string()], &words[..]].concat());
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains("\"event\":\"finding\""), "{text}");
    assert!(!text.contains("iamspec run"), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_recorded_run_is_anonymous() {
    let (folder, file) = recorded("anonymous", &["--suite", "cover"], str::to_owned);
    let text = std::fs::read_to_string(file).unwrap();
    for word in ["iamspec-", "arn:", "AKIA", "AIDA", "Password=", "wJalr"] {
        assert!(!text.contains(word), "{word}");
    }
    assert!(
        text.lines().filter(|it| it.contains("\"request_id\":\"")).count() > 900,
        "no request ids"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

/// An endpoint names the account, its hosts and its users in every place that a run reads.
#[test]
fn a_record_of_a_shared_account_names_nobody() {
    let folder = folder("anonymous-account");
    let file = folder.join("run.jsonl");
    let server = super::server(None);
    let mut number = 0;
    let port = super::port::Port::rewriting(&server.url(), move |_, body, answer| {
        number += 1;
        let xml = |text: &str| super::port::http("200 OK", "text/xml", text.as_bytes());
        if body.contains("GetCallerIdentity") {
            return xml("<GetCallerIdentityResponse><GetCallerIdentityResult>\
                <Arn>arn:aws:iam::555566667777:user/joe-doe</Arn><Account>555566667777</Account>\
                </GetCallerIdentityResult></GetCallerIdentityResponse>");
        }
        let answer = String::from_utf8(answer).unwrap().replace("123456789012", "555566667777");
        let names = [
            " arn:aws:iam::555566667777:user/joe-doe at iam.corp.test",
            " arn%3Aaws%3Aiam%3A%3A555566667777%3Auser%2Fjoe-doe",
            " &amp;#97;rn:aws:iam::555566667777:user/joe-doe",
            " 555566667777",
            " https://iam.corp.test/joe-doe",
        ];
        let names = format!("{}</Message>", names[number % names.len()]);
        let answer = answer.replace("</Message>", &names);
        let answer = answer.replace("<SerialNumber>", "<SerialNumber>x");
        let answer = match body.split('&').next().unwrap() {
            "Action=ListGroupsForUser" => answer.replacen("<GroupName>", "<GroupName>joe-doe", 1),
            "Action=GetUser" => answer.replacen("<Arn>", "<Arn>joe-doe", 1),
            _ => answer,
        };
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.lines().next().unwrap().trim_start_matches("HTTP/1.1 ").to_owned();
        super::port::http(&status, "text/xml", body.as_bytes())
    });
    let mut command = super::command(&[
        "run",
        "--endpoint",
        "http://iam.corp.test",
        "--i-own-this-account",
        "555566667777",
        "--rate",
        "100000",
        "--tier",
        "text",
        "--record",
        &file.display().to_string(),
    ]);
    command.env("http_proxy", &port.url).env("AWS_ACCESS_KEY_ID", "AKIAJOEDOEJOEDOEJOED");
    let output = command.env("AWS_SECRET_ACCESS_KEY", "not-a-secret").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", super::stderr(&output));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\"event\":\"finding\"") && text.contains("{Arn}"), "{text}");
    for word in ["555566667777", "corp.test", "joe", "arn:", "AKIAJOE", "iamspec-"] {
        let line = text.lines().find(|line| line.contains(word));
        assert!(line.is_none(), "{word}: {line:?}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn new_evidence_is_appended_to_the_facts() {
    let aws =
        |line: &str| line.replace("the embedded reference endpoint", "https://iam.amazonaws.com/");
    let scripts = ["delete-user/alone/*", "delete-user/inactive/*", "repeat/*"];
    let (folder, file) = recorded("rows", &scripts, aws);
    let facts = folder.join("facts.jsonl");
    let existing = std::fs::read_to_string(super::root().join("model/facts/facts.jsonl")).unwrap();
    std::fs::write(&facts, &existing).unwrap();
    let (run, to) = (file.display().to_string(), facts.display().to_string());
    let add = |run: &str| super::iamspec(&["evidence", "add", run, "--to", &to]);
    let printed = super::stdout(&add(&run));
    assert!(
        printed.contains("R-001") && printed.contains(" 0 already present, 0 contradict"),
        "{printed}"
    );
    let added = std::fs::read_to_string(&facts).unwrap();
    let new = added.strip_prefix(&existing).unwrap();
    let device = new.lines().find(|it| it.contains("holds an MFA device\"")).unwrap();
    let device: Value = serde_json::from_str(device).unwrap();
    assert_eq!(device["message"], "Cannot delete entity, must remove tokens from principal first.");
    assert_eq!(device["strength"], "recorded");
    assert!(device["source"].as_str().unwrap().contains("https://iam.amazonaws.com/ (20"));
    let printed = super::stdout(&add(&run));
    assert!(printed.contains(" 0 rows added, "), "{printed}");
    assert_eq!(std::fs::read_to_string(&facts).unwrap(), added);
    // A different response to the same call is added as a contradiction.
    let text = std::fs::read_to_string(&file).unwrap();
    let (was, is) = ("must remove tokens from principal first", "must let go of the device first");
    std::fs::write(&file, text.replace(was, is)).unwrap();
    let printed = super::stdout(&add(&run));
    assert!(printed.contains("CONTRADICTS R-0") && printed.contains("1 row added"), "{printed}");
    assert!(std::fs::read_to_string(&facts).unwrap().starts_with(&added));
    // Responses of other services are no evidence.
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("https://iam.amazonaws.com/", "https://iam.amazonaws.com.example/"),
    )
    .unwrap();
    let refused = add(&run);
    assert_eq!(refused.status.code(), Some(2));
    assert!(super::stderr(&refused).contains("which is not AWS"), "{}", super::stderr(&refused));
    let shown = super::stdout(&super::iamspec(&["evidence", "show", &run]));
    assert!(shown.contains("no evidence of AWS's behavior"), "{shown}");
    std::fs::remove_dir_all(folder).unwrap();
}
