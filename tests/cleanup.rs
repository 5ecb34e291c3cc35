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
        // A page of a wrong form is a finding about the form. The listing counts as unread.
        assert!(unreadable(&answer) || answer == Response::SUCCESS, "{answer}");
        let by_run = std::mem::take(&mut *asked.lock().unwrap());
        assert!(by_run <= 101, "{reason}: {by_run}");
        let holdings = super::client(&port.url).holdings("alice");
        let keys = holdings.unread.iter().find(|it| it.action == "ListAccessKeys");
        let response = keys.and_then(|it| it.response.as_ref());
        assert!(response.is_some_and(unreadable), "{:?}", holdings.unread);
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

/// Runs `iamspec cleanup --journal FOLDER` with these words.
fn cleanup(folder: &Path, words: &[&str]) -> (Option<i32>, String) {
    let mut command = super::command(&["cleanup", "--journal"]);
    let output = command.arg(folder).args(words).output().unwrap();
    (output.status.code(), super::stdout(&output) + &super::stderr(&output))
}

#[test]
fn an_unusual_file_among_journals_neither_blocks_nor_stops_the_cleanup() {
    let (server, folder) = (super::server(None), folder("unusual"));
    killed("f0000001", &server, &server.url(), None, &folder);
    let at = |name: &str| folder.join(name);
    assert!(Command::new("mkfifo").arg(at("a-pipe.jsonl")).status().unwrap().success());
    std::os::unix::fs::symlink(at("f0000001.jsonl"), at("b-link.jsonl")).unwrap();
    std::fs::create_dir(at("c-folder.jsonl")).unwrap();
    std::fs::write(at("d-zeros.jsonl"), vec![0; 100_000]).unwrap();
    std::fs::write(at("e-empty.jsonl"), "").unwrap();
    let header =
        "{\"run\":\"../e\",\"endpoint\":\"http://127.0.0.1:1\",\"account\":null,\"begun\":\"\"}\n";
    std::fs::write(at("e-path.jsonl"), header).unwrap();
    let huge = std::fs::File::create(at("e-huge.jsonl")).unwrap();
    huge.set_len(1 << 40).unwrap();
    let (code, text) = cleanup(&folder, &[]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("run f0000001: 1 resource deleted, 0 not deleted"), "{text}");
    assert_eq!(text.matches("skipped: ").count(), 7, "{text}");
    assert!(server.is_empty());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_copied_journal_of_a_live_run_is_left_alone() {
    let (server, folder, copies) = (super::server(None), folder("live"), folder("copies"));
    let mut client = HttpClient::new(&server.url(), "a0000001", Duration::from_secs(5)).unwrap();
    client.enter_new_namespace();
    assert_eq!(client.execute(&Operation::create_user(User(0))), Response::SUCCESS);
    let (run, endpoint) = ("a0000001".to_owned(), server.url());
    let header = JournalHeader { run, endpoint, account: None, begun: String::new() };
    let mut live = Journal::begin(&folder, header).unwrap();
    live.record_creation(CreatedResource::User, "iamspec-a0000001-1-u0").unwrap();
    let text = std::fs::read_to_string(folder.join("a0000001.jsonl")).unwrap();
    std::fs::write(folder.join("copy.jsonl"), &text).unwrap();
    std::fs::write(copies.join("a0000001.jsonl"), &text).unwrap();
    // A copy that names no file is recognized by its run.
    let (first, rest) = text.split_once('\n').unwrap();
    let without_file = first.split(",\"file\"").next().unwrap();
    std::fs::write(folder.join("forged.jsonl"), format!("{without_file}}}\n{rest}")).unwrap();
    for folder in [&folder, &copies] {
        let (code, text) = cleanup(folder, &[]);
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains("has not ended") && !text.contains("deleted"), "{text}");
    }
    assert!(!server.is_empty());
    drop(live);
    let (code, text) = cleanup(&copies, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(server.is_empty(), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
    std::fs::remove_dir_all(copies).unwrap();
}

/// A journal of a killed run with these names.
fn journal_with(folder: &Path, run: &str, endpoint: &str, names: impl Iterator<Item = String>) {
    let mut text = format!(
        "{{\"run\":\"{run}\",\"endpoint\":\"{endpoint}\",\"account\":null,\"begun\":\"\"}}\n"
    );
    for name in names {
        text.push_str(&format!("{{\"makes\":[\"user\",\"{name}\"]}}\n"));
    }
    std::fs::write(folder.join(format!("{run}.jsonl")), text).unwrap();
}

#[test]
fn a_run_whose_endpoint_is_gone_can_be_forgotten() {
    let folder = folder("forget");
    let names = |run: &str| [format!("iamspec-{run}-1-u0")].into_iter();
    let endpoint = "http://127.0.0.1:9";
    journal_with(&folder, "b2", endpoint, names("b2"));
    journal_with(&folder, "b3", endpoint, names("b3"));
    let (code, text) = cleanup(&folder, &[]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains(&format!("nothing listens at {endpoint}")), "{text}");
    let command =
        format!("delete the journal: iamspec cleanup b2 --forget --journal {}", folder.display());
    assert!(text.contains(&command), "{text}");
    let (code, text) = cleanup(&folder, &["b2", "--forget"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("user     iamspec-b2-1-u0"), "{text}");
    assert!(text.contains("1 resource not deleted, and the journal is deleted"), "{text}");
    assert_eq!(journals(&folder), ["b3"]);
    // Only one run, which is named and has a journal of an endpoint on this machine.
    journal_with(&folder, "b4", "https://iam.amazonaws.com", names("b4"));
    for (words, reason) in [
        (&["--forget"][..], "RUN"),
        (&["b2", "--forget"], "no journal of run b2"),
        (&["b4", "--forget"], "is not on this machine"),
        (&["b3", "--forget", "--list"], "--list"),
    ] {
        let (code, text) = cleanup(&folder, words);
        assert_eq!(code, Some(2), "{words:?}: {text}");
        assert!(text.contains(reason), "{words:?}: {text}");
    }
    assert_eq!(journals(&folder), ["b3", "b4"]);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_forged_journal_costs_one_request_for_each_of_its_own_names() {
    let (server, folder) = (super::server(None), folder("forged"));
    let own = (0..50).map(|it| format!("iamspec-b1-{it}-u0"));
    let foreign = (0..200_000).map(|it| format!("alice-{it}"));
    journal_with(&folder, "b1", &server.url(), own.chain(foreign));
    let trace = folder.join("trace");
    let (code, text) = cleanup(&folder, &["--trace", trace.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("ignored: 200,000 names in the journal"), "{text}");
    assert!(text.contains("run b1: 50 resources deleted, 0 not deleted"), "{text}");
    let requests = std::fs::read_to_string(trace).unwrap().lines().count();
    // Four listings, and one deletion for each name.
    assert_eq!(requests, 4 + 50, "{text}");
    assert_eq!(journals(&folder), [""; 0]);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_name_that_the_endpoint_calls_malformed_is_absent() {
    let (server, folder) = (super::server(None), folder("malformed"));
    journal_with(&folder, "b2", &server.url(), ["iamspec-b2-1-u1 !".to_owned()].into_iter());
    let (code, text) = cleanup(&folder, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(journals(&folder), [""; 0], "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// A proxy that responds to the first requests for an action with an error.
fn failing(server: &Server, action: &'static str, times: usize) -> Port {
    let left = Mutex::new(times);
    Port::before(&server.url(), move |body| {
        let mut left = left.lock().unwrap();
        let fails = body.contains(action) && *left > 0;
        *left -= usize::from(fails);
        let error = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";
        fails.then(|| http("400 Bad Request", "text/xml", error.as_bytes()))
    })
}

#[test]
fn a_listing_is_repeated_and_a_journal_stays_until_one_is_complete() {
    let (server, folder) = (super::server(None), folder("listing"));
    killed("b3", &server, &server.url(), None, &folder);
    // The journal does not name the second user.
    let mut client = HttpClient::new(&server.url(), "b3", Duration::from_secs(5)).unwrap();
    client.enter_new_namespace();
    assert_eq!(client.execute(&Operation::create_user(User(7))), Response::SUCCESS);
    let clean = |times: usize| {
        let port = failing(&server, "Action=ListUsers", times);
        cleanup(&folder, &["b3", "--endpoint", &port.url])
    };
    let (code, text) = clean(100);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("the response to ListUsers was"), "{text}");
    assert_eq!(journals(&folder), ["b3"]);
    let (code, text) = clean(3);
    assert_eq!(code, Some(0), "{text}");
    assert!(server.is_empty() && journals(&folder).is_empty(), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn nothing_is_claimed_about_a_run_without_a_journal() {
    let folder = folder("unknown");
    let (code, text) = cleanup(&folder, &["b4"]);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("it is unknown what the run left; add --journal"), "{text}");
    assert!(!text.contains("nothing"), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_printed_command_cleans_up_with_the_same_journal() {
    let (server, folder) = (super::server(None), folder("advice"));
    let refuses = |body: &str| {
        let error = "<ErrorResponse><Error><Code>DeleteConflict</Code></Error></ErrorResponse>";
        let is_deletion = body.contains("Action=DeleteUser&");
        is_deletion.then(|| http("409 Conflict", "text/xml", error.as_bytes()))
    };
    let port = Port::before(&server.url(), refuses);
    let mut command = super::command(&["run", "delete-user/bare", "--endpoint", &port.url]);
    let output = command.arg("--journal").arg(&folder).output().unwrap();
    let text = super::stdout(&output);
    let line = text.lines().find_map(|it| it.strip_prefix("to delete the rest later: iamspec "));
    let words: Vec<&str> = line.unwrap_or_else(|| panic!("{text}")).split(' ').collect();
    assert_eq!(words[2..], ["--journal", folder.to_str().unwrap()], "{text}");
    // The journal names the endpoint, which still refuses.
    let again = super::iamspec(&words);
    assert_eq!(again.status.code(), Some(3), "{}", super::stdout(&again));
    let (code, text) = cleanup(&folder, &[words[1], "--endpoint", &server.url()]);
    assert_eq!(code, Some(0), "{text}");
    assert!(server.is_empty() && journals(&folder).is_empty());
    std::fs::remove_dir_all(folder).unwrap();
}

/// The request for a user gets no response, and takes effect after the deletion of the user.
#[test]
fn a_run_deletes_what_a_lost_request_creates_after_its_cleanup() {
    let (server, folder) = (Arc::new(super::server(None)), folder("late"));
    let (endpoint, lost) = (Arc::clone(&server), Mutex::new((None, false)));
    let port = Port::before(&server.url(), move |body| {
        let (request, is_late) = &mut *lost.lock().unwrap();
        if body.contains("Action=CreateUser&") && request.is_none() {
            *request = Some(body.to_owned());
            return Some(http("502 Bad Gateway", "text/plain", b""));
        }
        let form = request.clone().filter(|_| body.contains("Action=DeleteUser&") && !*is_late)?;
        *is_late = true;
        let response = super::server::posted(&endpoint, body);
        super::server::posted(&endpoint, &form);
        Some(response.into_bytes())
    });
    let mut command = super::command(&["run", "delete-user/bare", "--endpoint", &port.url]);
    let output = command.arg("--journal").arg(&folder).output().unwrap();
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(server.is_empty() && journals(&folder).is_empty(), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_journal_appears_when_it_names_its_run_and_replaces_no_other() {
    let folder = folder("begin");
    let begin = || {
        let (run, endpoint) = ("b5".to_owned(), "http://127.0.0.1:1".to_owned());
        let header = JournalHeader { run, endpoint, account: None, begun: String::new() };
        Journal::begin(&folder, header)
    };
    let mut journal = begin().unwrap();
    let names = || std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name());
    assert_eq!(names().collect::<Vec<_>>(), ["b5.jsonl"]);
    journal.record_creation(CreatedResource::User, "iamspec-b5-1-u0").unwrap();
    assert!(begin().unwrap_err().to_string().contains("the file exists"));
    drop(journal);
    assert!(begin().unwrap_err().to_string().contains("the file exists"));
    std::fs::remove_dir_all(folder).unwrap();
}
