//! Parallel jobs: the results are the same as with one job.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::reports::folder;
use iamspec_harness::server::fault_injection::FaultPlan;
use iamspec_harness::server::{Options, Server};
use serde_json::Value;

/// The exit code and the events of a run, without times, real names and request numbers.
fn events(jobs: &str, words: &[&str]) -> (Option<i32>, Vec<String>) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let folder = folder(&format!("jobs-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    let file = folder.join("run.jsonl");
    let (report, none) = (format!("json={}", file.display()), folder.display().to_string());
    let options = ["run", "--jobs", jobs, "--report", &report, "--regressions", &none];
    let output = super::iamspec(&[&options[..], words].concat());
    let text = std::fs::read_to_string(&file).unwrap();
    let lines = text.lines().map(|line| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        let members = event.as_object_mut().unwrap();
        for name in
            ["begun", "started", "seconds", "request", "requests", "wire", "again", "reproduce"]
        {
            members.remove(name);
        }
        without_run(&event.to_string())
    });
    let events = lines.collect();
    std::fs::remove_dir_all(folder).unwrap();
    (output.status.code(), events)
}

/// The text without names that contain the id of the run.
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
fn results_do_not_depend_on_the_number_of_jobs() {
    let suites = ["cover", "pairs", "random", "lattice"].map(|it| ["--suite", it]).concat();
    for more in [&[][..], &["--mutant", "forgets-mfa-device"], &["--unspecified", "accept"]] {
        let words = [&suites[..], &["--calls", "3000"], more].concat();
        let one_job = events("1", &words);
        for jobs in ["2", "5"] {
            let parallel = events(jobs, &words);
            let differs = one_job.1.iter().zip(&parallel.1).find(|(one, other)| one != other);
            assert_eq!((differs, parallel.0), (None, one_job.0), "{jobs} jobs, {more:?}");
        }
    }
}

/// An endpoint with these injected faults, if any.
fn served(faults: &str) -> Server {
    let faults =
        if faults.is_empty() { FaultPlan::default() } else { FaultPlan::parse(faults).unwrap() };
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(free, Options { faults, ..Options::default() }).unwrap()
}

#[test]
fn an_action_with_unreadable_responses_is_detected_with_any_number_of_jobs() {
    let faults =
        "[[fault]]\nsort = \"truncate\"\nclean = true\non = \"*ServiceSpecificCredential\"";
    let verdicts = |jobs| {
        let server = served(faults);
        let (code, all) =
            events(jobs, &["--endpoint", &server.url(), "--suite", "scripts", "--suite", "pairs"]);
        assert_eq!(code, Some(1), "{jobs}");
        // The header names the endpoint, and retries may leave more resources.
        let judged = |it: &&String| {
            ["call", "finding"].iter().any(|what| it.contains(&format!("\"event\":\"{what}\"")))
        };
        let judged = all.iter().filter(judged);
        judged.map(|it| it.replace(&server.url(), "URL")).collect::<Vec<_>>()
    };
    let one_job = verdicts("1");
    assert!(one_job.iter().any(|it| it.contains("CreateServiceSpecificCredential/carried-out")));
    let parallel = verdicts("4");
    let differs = one_job.iter().zip(&parallel).find(|(one, other)| one != other);
    assert_eq!((differs, parallel.len()), (None, one_job.len()));
}

#[test]
fn parallel_jobs_delete_everything_and_an_invalid_number_is_refused() {
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

#[test]
fn parallel_jobs_are_refused_with_an_option_that_needs_one_job() {
    for option in [["--driver", "cat"], ["--trace", "no-folder/trace.jsonl"]] {
        let refused = super::iamspec(&[&["run", "--jobs", "2"], &option[..]].concat());
        assert_eq!(refused.status.code(), Some(2));
        let expected = format!("{} needs a single job", option[0]);
        assert!(super::stderr(&refused).contains(&expected), "{}", super::stderr(&refused));
    }
}
