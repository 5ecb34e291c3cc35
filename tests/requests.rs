//! A run counts exactly the requests that the endpoint receives, including retries, pages and the
//! reads after a lost response.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use super::reports::folder;
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Mutant, Suite, Verdict};
use iamspec_harness::client::HttpClient;
use iamspec_harness::client::sender::ClientSettings;
use iamspec_harness::client::trace::Trace;
use iamspec_harness::server::fault_injection::FaultPlan;
use iamspec_harness::server::{Options, Server};
use serde_json::Value;

/// Every request triggers one of these faults, so that their counts add up to the received
/// requests.
const FAULTS: &str = r#"
[[fault]]
sort = "throttle"
every = 9
times = 5
[[fault]]
sort = "drop"
on = "CreateAccessKey"
effect = true
times = 1
[[fault]]
sort = "empty-page"
on = "List*"
every = 2
[[fault]]
sort = "slow"
ms = 0
"#;

fn server(mutant: Option<Mutant>) -> Server {
    let faults = FaultPlan::parse(FAULTS).unwrap();
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let behavior = ReferenceOptions { mutant, ..ReferenceOptions::default() };
    Server::start(free, Options { faults, behavior, ..Options::default() }).unwrap()
}

/// The number of requests that the server received.
fn received(server: &Server) -> usize {
    let faults = server.faults().into_iter();
    faults.map(|(_, count)| usize::try_from(count).unwrap()).sum()
}

fn client(server: &Server, trace: &Path) -> HttpClient {
    let settings =
        ClientSettings::loopback(&server.url(), "count", Duration::from_secs(5)).unwrap();
    HttpClient::with(ClientSettings { trace: Some(Trace::to(trace).unwrap()), ..settings }).unwrap()
}

/// The action of each request, in order.
fn actions(trace: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(trace).unwrap();
    let action = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let members = line["request"].as_array().unwrap();
        let action = members.iter().find(|it| it[0] == "Action").unwrap();
        action[1].as_str().unwrap().to_owned()
    };
    text.lines().map(action).collect()
}

fn suite() -> Suite {
    let mut scripts = built_in_scripts().unwrap();
    scripts.retain(|it| it.name.starts_with("delete-user/alone/"));
    Suite::new(scripts)
}

#[test]
fn each_call_records_the_number_of_its_request() {
    let server = server(Mutant::find("forgets-mfa-device"));
    let folder = folder("requests");
    let trace = folder.join("trace.jsonl");
    let counted = Cell::new(0);
    let mut http = client(&server, &trace);
    let report = suite().run(&mut http, &mut |requests| counted.set(requests), &|| false);
    let actions = actions(&trace);
    assert_eq!((report.requests, counted.get()), (actions.len(), actions.len()));
    assert_eq!(received(&server), actions.len());
    let mut before = 0;
    let exchanges: Vec<_> = report.script_runs.iter().flat_map(|it| &it.exchanges).collect();
    for it in exchanges.iter().filter(|it| it.response.is_some()) {
        let api = it.operation.action().unwrap().api;
        assert!(it.request > before, "{api} at request {}, after {before}", it.request);
        let action = actions.get(it.request - 1).unwrap();
        assert_eq!(action, api, "at request {}", it.request);
        before = it.request;
    }
    assert!(exchanges.iter().any(|it| matches!(it.verdict, Verdict::Diverges(_))));
    for (fault, count) in server.faults() {
        assert!(count > 0, "no {fault}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_budget_counts_retries_and_pages() {
    let server = server(None);
    let url = server.url();
    let folder = folder("budget");
    let file = folder.join("run.jsonl");
    let report = format!("json={}", file.display());
    for jobs in ["1", "3"] {
        let before = received(&server);
        let words =
            ["run", "--endpoint", &url, "--jobs", jobs, "--budget", "60", "--report", &report];
        super::iamspec(&words);
        let stream =
            iamspec_harness::report::file::read(&std::fs::read_to_string(&file).unwrap()).unwrap();
        // Two control calls come before the run: of a missing user, and of an action that does not exist.
        assert_eq!(stream.end.requests, received(&server) - before - 2, "--jobs {jobs}");
        assert!(stream.end.ended_early.unwrap().contains("budget"), "--jobs {jobs}");
        if jobs == "1" {
            let numbers = stream.calls.iter().filter_map(|it| it.request);
            // The fault adds a page to a listing.
            assert!(numbers.max().unwrap() <= 61, "a call after the budget");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}
