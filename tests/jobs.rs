//! Several scripts at the same time: what comes of them is what comes of one after the other.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::reports::folder;
use iamspec_harness::server::fault_injection::plan::FaultPlan;
use iamspec_harness::server::{Options, Server};
use serde_json::Value;

/// What a run tells, but for times, real names, and which request of the run it was.
fn told(jobs: &str, words: &[&str]) -> (Option<i32>, Vec<String>) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let folder = folder(&format!("jobs-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    let file = folder.join("run.jsonl");
    let (report, none) = (format!("json={}", file.display()), folder.display().to_string());
    let asked = ["run", "--jobs", jobs, "--report", &report, "--regressions", &none];
    let output = super::iamspec(&[&asked[..], words].concat());
    let text = std::fs::read_to_string(&file).unwrap();
    let lines = text.lines().map(|line| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        let members = event.as_object_mut().unwrap();
        for name in ["begun", "seconds", "request", "requests", "wire", "again"] {
            members.remove(name);
        }
        without_run(&event.to_string())
    });
    let told = lines.collect();
    std::fs::remove_dir_all(folder).unwrap();
    (output.status.code(), told)
}

/// A text without what tells this run from others.
fn without_run(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.to_lowercase().find("iamspec-") {
        out.push_str(&rest[..at]);
        rest = rest[at..].trim_start_matches(|it: char| it.is_ascii_alphanumeric() || it == '-');
    }
    out + rest
}

#[test]
fn what_comes_of_it_does_not_depend_on_how_many_are_played_at_once() {
    let suites = ["cover", "pairs", "random", "lattice"].map(|it| ["--suite", it]).concat();
    for more in [&[][..], &["--mutant", "forgets-mfa-device"], &["--may", "accept"]] {
        let words = [&suites[..], &["--calls", "3000"], more].concat();
        let alone = told("1", &words);
        for jobs in ["2", "5"] {
            let at_once = told(jobs, &words);
            let differs = alone.1.iter().zip(&at_once.1).find(|(one, other)| one != other);
            assert_eq!((differs, at_once.0), (None, alone.0), "{jobs} at once, {more:?}");
        }
    }
}

/// An endpoint with these bad days, if any.
fn served(days: &str) -> Server {
    let faults =
        if days.is_empty() { FaultPlan::default() } else { FaultPlan::parse(days).unwrap() };
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(free, Options { faults, ..Options::default() }).unwrap()
}

#[test]
fn a_call_that_cannot_be_understood_is_found_out_whoever_asks_it_first() {
    let days = "[[fault]]\nsort = \"truncate\"\nclean = true\non = \"*ServiceSpecificCredential\"";
    let asked = |jobs| {
        let server = served(days);
        let (code, told) =
            told(jobs, &["--endpoint", &server.url(), "--suite", "scripts", "--suite", "pairs"]);
        assert_eq!(code, Some(1), "{jobs}");
        // The first line says which endpoint it was; what is played twice may leave more behind.
        let judged = |it: &&String| {
            ["call", "finding"].iter().any(|what| it.contains(&format!("\"event\":\"{what}\"")))
        };
        told.iter().filter(judged).cloned().collect::<Vec<_>>()
    };
    let alone = asked("1");
    assert!(alone.iter().any(|it| it.contains("CreateServiceSpecificCredential/carried-out")));
    let at_once = asked("4");
    let differs = alone.iter().zip(&at_once).find(|(one, other)| one != other);
    assert_eq!((differs, at_once.len()), (None, alone.len()));
}

#[test]
fn nothing_is_left_by_many_at_once_and_a_number_is_a_number() {
    let server = served("");
    let url = server.url();
    let words =
        ["run", "--endpoint", &url, "--jobs", "auto", "--suite", "cover", "--suite", "drain"];
    let output = super::iamspec(&words);
    assert_eq!(output.status.code(), Some(0), "{}", super::stdout(&output));
    assert!(server.is_empty(), "{}", super::stdout(&output));
    let refused = super::iamspec(&["run", "--jobs", "many"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(super::stderr(&refused).contains("expected a number from 1 to 64, or `auto`"));
}
