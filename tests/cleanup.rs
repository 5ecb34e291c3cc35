//! `iamspec cleanup` with endless listings, invalid journals and owned accounts.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::port::{Port, http};
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::{Endpoint as _, Response};
use iamspec_harness::client::HttpClient;
use iamspec_harness::client::journal::{CreatedResource, Journal, JournalHeader};
use iamspec_harness::server::Server;
use iamspec_model::{AttachmentKind, Operation, User};

/// The number of pages after which these tests end an endless listing.
const END: usize = 300;

/// The elements after the items of the n-th page.
type After = fn(usize) -> String;

fn truncated(marker: &str) -> String {
    format!("<IsTruncated>true</IsTruncated>{marker}")
}

/// Endless listings, each with the error.
const ENDLESS: [(After, &str); 4] = [
    (|_| truncated(""), "without a Marker"),
    (|_| truncated("<Marker/>"), "without a Marker"),
    (|n| truncated(&format!("<Marker>{}</Marker>", n % 2)), "leads back to an earlier page"),
    (|n| truncated(&format!("<Marker>{n}</Marker>")), "more than 100 pages"),
];

/// An endpoint with endless listings, and the number of pages that it served.
fn endless(after: After) -> (Port, Arc<Mutex<usize>>) {
    let asked = Arc::new(Mutex::new(0));
    let pages = Arc::clone(&asked);
    let port = Port::telling(move |request| {
        let call = request.split("Action=").nth(1)?.split('&').next()?;
        let mut pages = pages.lock().unwrap();
        *pages += 1;
        let more = if *pages < END { after(*pages) } else { String::new() };
        let list = if call == "ListUsers" { "Users" } else { "AccessKeyMetadata" };
        let result = format!("<{call}Result><{list}/>{more}</{call}Result>");
        let body = format!("<{call}Response>{result}</{call}Response>");
        Some(http("200 OK", "text/xml", body.as_bytes()))
    });
    (port, asked)
}

#[test]
fn cleanup_detects_endless_listings_and_reports_an_incomplete_result() {
    for (after, reason) in ENDLESS {
        let (port, asked) = endless(after);
        let folder = folder("endless");
        let mut cleanup = super::command(&["cleanup", "--endpoint", &port.url, "--journal"]);
        let output = cleanup.arg(&folder).output().unwrap();
        let text = super::stdout(&output);
        assert_eq!(output.status.code(), Some(3), "{reason}: {text}");
        assert!(text.contains("the response to ListUsers was") && text.contains(reason), "{text}");
        assert!(!text.contains("no run has resources"), "{text}");
        assert!(*asked.lock().unwrap() <= 101, "{reason}");
    }
}

#[test]
fn reads_detect_endless_listings_and_report_an_incomplete_result() {
    let list = Operation::List(User(0), AttachmentKind::AccessKey);
    for (after, reason) in ENDLESS {
        let (port, asked) = endless(after);
        let mut client = super::client(&port.url);
        client.enter_new_namespace();
        let unreadable = |answer: &Response| match answer {
            Response::Failed(it) => {
                it.kind == FailureKind::Unreadable && it.detail.contains(reason)
            }
            _ => false,
        };
        let answer = client.execute(&list);
        assert!(unreadable(&answer), "{answer}");
        let by_run = std::mem::take(&mut *asked.lock().unwrap());
        assert!(by_run <= 101, "{reason}: {by_run}");
        let holdings = super::client(&port.url).holdings("alice");
        let keys = holdings.unread_actions.iter().find(|(call, _)| *call == "ListAccessKeys");
        assert!(keys.is_some_and(|(_, it)| unreadable(it)), "{:?}", holdings.unread_actions);
    }
}

/// A new folder for journals.
fn folder(name: &str) -> PathBuf {
    let name = format!("cleanup-{name}-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A killed run that created one user, on the server and in its journal.
fn killed(run: &str, server: &Server, endpoint: &str, account: Option<&str>, folder: &Path) {
    let mut client = HttpClient::new(&server.url(), run, Duration::from_secs(5)).unwrap();
    client.enter_new_namespace();
    assert_eq!(client.execute(&Operation::create_user(User(0))), Response::SUCCESS);
    let (endpoint, account) = (endpoint.to_owned(), account.map(str::to_owned));
    let header = JournalHeader { run: run.to_owned(), endpoint, account, begun: String::new() };
    let mut journal = Journal::begin(folder, header).unwrap();
    assert!(
        journal.record_creation(CreatedResource::User, &format!("iamspec-{run}-1-u0")).unwrap()
    );
}

fn journals(folder: &Path) -> Vec<String> {
    let stem = |it: PathBuf| it.file_stem().unwrap().to_str().unwrap().to_owned();
    Journal::all(folder).unwrap().into_iter().map(stem).collect()
}

#[test]
fn an_invalid_journal_does_not_stop_the_cleanup_of_others() {
    let (server, folder) = (super::server(None), folder("foreign"));
    killed("b0000000", &server, &server.url(), None, &folder);
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let header = |run: &str, endpoint: &str| {
        format!(
            "{{\"run\":\"{run}\",\"endpoint\":\"{endpoint}\",\"account\":\"111111111111\",\"begun\":\"\"}}\n\
             {{\"makes\":[\"user\",\"iamspec-{run}-1-u0\"]}}\n"
        )
    };
    write("a1.jsonl", &header("a1", "https://iam.amazonaws.com"));
    write("a2.jsonl", "no journal");
    write("a3.jsonl", &header("a3", "no URL"));
    let output = super::command(&["cleanup", "--journal"]).arg(&folder).output().unwrap();
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}{}", super::stderr(&output));
    assert!(
        server.is_empty() && text.contains("run b0000000: 1 resource deleted, 0 not deleted"),
        "{text}"
    );
    assert_eq!(journals(&folder), ["a1", "a2", "a3"]);
    let command = format!(
        "iamspec cleanup a1 --i-own-this-account 111111111111 --journal {}",
        folder.display()
    );
    assert!(text.lines().any(|line| line.trim() == command), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

const WHO: &[u8] = b"<GetCallerIdentityResponse><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::123456789012:user/me</Arn><Account>123456789012</Account>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";

/// Runs a command with credentials of the account 123456789012 and a proxy to its endpoint.
fn owning(mut command: Command, proxy: &Port, state: &Path) -> Output {
    command.env("http_proxy", &proxy.url).env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    command.env("AWS_SECRET_ACCESS_KEY", "not-a-secret").env("XDG_STATE_HOME", state);
    command.output().unwrap()
}

/// The words of the first line that is a command.
fn printed(output: &Output) -> Vec<String> {
    let text = super::stdout(output);
    let mut commands = text.lines().filter_map(|it| it.trim().strip_prefix("iamspec "));
    let command = commands.next().unwrap_or_else(|| panic!("no command in {text}"));
    command.split(' ').map(str::to_owned).collect()
}

#[test]
fn cleanup_prints_the_command_for_the_owner_of_an_account() {
    let (server, state) = (super::server(None), folder("own"));
    let folder = state.join("iamspec");
    std::fs::create_dir_all(&folder).unwrap();
    let account = Some("123456789012");
    killed("c0000000", &server, "http://iam.example.test", account, &folder);
    killed("d0000000", &server, &server.url(), None, &folder);
    let port = Port::before(&server.url(), move |body| {
        body.contains("Action=GetCallerIdentity").then(|| http("200 OK", "text/xml", WHO))
    });
    let plain = owning(super::command(&["cleanup"]), &port, &state);
    assert_eq!(plain.status.code(), Some(3), "{}{}", super::stdout(&plain), super::stderr(&plain));
    assert_eq!(journals(&folder), ["c0000000"]);
    let words = printed(&plain);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(words, ["cleanup", "c0000000", "--i-own-this-account", "123456789012"]);
    let done = owning(super::command(&words), &port, &state);
    assert_eq!(done.status.code(), Some(0), "{}{}", super::stdout(&done), super::stderr(&done));
    assert!(server.is_empty() && journals(&folder).is_empty());
    // One command cleans all journals of an account and skips the others.
    killed("e0000000", &server, "http://iam.example.test", account, &folder);
    killed("f0000000", &server, "http://iam.example.test", Some("210987654321"), &folder);
    let all = ["cleanup", "--i-own-this-account", "123456789012"];
    let all = owning(super::command(&all), &port, &state);
    assert_eq!(all.status.code(), Some(3), "{}{}", super::stdout(&all), super::stderr(&all));
    assert_eq!(journals(&folder), ["f0000000"]);
    let words = printed(&all);
    assert_eq!(words[1..], ["f0000000", "--i-own-this-account", "210987654321"]);
    std::fs::remove_dir_all(state).unwrap();
}
