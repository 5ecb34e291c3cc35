//! A run deletes everything that it created, even after a divergence, a lost response or Ctrl-C.

use std::io::{Read as _, Write as _};

use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Endpoint, Mutant, Reference, Response, Suite, Verdict};
use iamspec_model::{AttachmentKind, Item, Operation};

/// The reference, with failures of some calls, with or without their effect.
pub(super) struct Failing<F> {
    inner: Reference,
    asked: usize,
    fault: F,
}

/// The failure of a call.
pub(super) enum Fault {
    Lost(FailureKind),
    LostAfterItsEffect(FailureKind),
}

impl<F: FnMut(usize, &Operation) -> Option<Fault>> Failing<F> {
    pub(super) fn new(fault: F) -> Self {
        Self { inner: Reference::default(), asked: 0, fault }
    }
}

impl<F: FnMut(usize, &Operation) -> Option<Fault>> Endpoint for Failing<F> {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.inner.enter_new_namespace()
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.inner.enter_namespace(space);
    }

    fn execute(&mut self, operation: &Operation) -> Response {
        self.asked += 1;
        match (self.fault)(self.asked, operation) {
            None => self.inner.execute(operation),
            Some(Fault::Lost(cause)) => Response::failed(cause, "lost"),
            Some(Fault::LostAfterItsEffect(cause)) => {
                self.inner.execute(operation);
                Response::failed(cause, "lost")
            }
        }
    }

    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.inner.assign_symbol(kind, name)
    }
}

#[test]
fn a_lost_response_is_no_divergence_and_its_effect_is_undone() {
    for every in [7, 11, 13, 50] {
        let mut endpoint = Failing::new(|asked, op| {
            let lost = asked.is_multiple_of(every) && !op.is_read();
            lost.then_some(Fault::LostAfterItsEffect(FailureKind::Reset))
        });
        let report = super::run(&mut endpoint);
        for exchange in report.script_runs.iter().flat_map(|it| &it.exchanges) {
            assert!(!matches!(exchange.verdict, Verdict::Diverges(_)), "{exchange:?}");
        }
        assert!(
            report.not_deleted.is_empty() && endpoint.inner.is_empty(),
            "{:?}",
            report.not_deleted
        );
    }
}

#[test]
fn a_dead_endpoint_ends_the_run_and_all_remaining_resources_are_listed() {
    let mut endpoint =
        Failing::new(|asked, _| (asked > 60).then_some(Fault::Lost(FailureKind::Timeout)));
    let report = super::run(&mut endpoint);
    assert!(report.end_reason.is_some());
    // Three reads and four control calls end the run, and three calls end the cleanup. All but the control calls
    // have one retry.
    assert_eq!(endpoint.asked, 60 + 2 * 3 + 4 + 2 * 3);
    let kept = report.not_deleted.iter().map(|(it, _)| (it.namespace, it.operation));
    let mut distinct = Vec::new();
    kept.for_each(|it| {
        if !distinct.contains(&it) {
            distinct.push(it);
        }
    });
    assert!(distinct.len() > 6 && distinct.len() == report.not_deleted.len());
}

/// The verdicts if `CreateGroup` fails, always or only the first time.
fn verdicts(always: bool) -> Vec<Verdict> {
    let mut broken = true;
    let mut endpoint = Failing::new(|_, op| {
        let fails = broken && op.action().is_some_and(|call| call.api == "CreateGroup");
        broken &= always || !fails;
        fails.then_some(Fault::Lost(FailureKind::Crash))
    });
    let report = super::run(&mut endpoint);
    report.script_runs.into_iter().flat_map(|it| it.exchanges).map(|it| it.verdict).collect()
}

/// `CreateGroup` is the first call of its scripts: other scripts show that the endpoint works.
#[test]
fn an_action_that_fails_twice_is_unsupported() {
    let verdicts = verdicts(true);
    assert_eq!(verdicts.iter().filter(|it| matches!(it, Verdict::Unsupported(_))).count(), 1);
    assert!(verdicts.iter().any(|it| *it == Verdict::Skipped("needs CreateGroup".to_owned())));
}

#[test]
fn skipped_scripts_run_if_the_action_turns_out_to_be_supported() {
    let verdicts = verdicts(false);
    let judged = |it: &&Verdict| matches!(it, Verdict::Conforms(_));
    let (skipped, lost) = (
        verdicts.iter().filter(|it| matches!(it, Verdict::Skipped(_))).count(),
        verdicts.iter().filter(|it| matches!(it, Verdict::Inconclusive(_))).count(),
    );
    assert_eq!(lost, 1);
    // Only the rest of the script whose first call failed.
    assert!(skipped > 0 && skipped < 5, "{skipped}");
    assert_eq!(verdicts.iter().filter(judged).count(), verdicts.len() - skipped - lost);
}

#[test]
fn nothing_remains_on_a_mutant_that_allows_deletions() {
    for name in ["forgets-access-key", "conflict-is-400", "second-password", "lists-no-groups"] {
        let mut reference = Reference::with_mutant(Mutant::find(name).unwrap());
        let report = super::run(&mut reference);
        assert!(report.not_deleted.is_empty() && reference.is_empty(), "{name}");
    }
}

#[test]
fn a_resource_that_cannot_be_deleted_is_listed_with_the_response() {
    let output = super::iamspec(&["run", "--mutant", "deletes-nobody", "delete-user/bare"]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains("not deleted after a divergence: iamspec-") && text.contains("got 409"),
        "{text}"
    );
}

#[test]
fn a_stopped_run_deletes_what_it_created() {
    let mut reference = Reference::default();
    let asked = std::cell::Cell::new(0);
    let suite = Suite::new(built_in_scripts().unwrap());
    let report =
        suite.run(&mut reference, &mut |requests| asked.set(requests), &|| asked.get() >= 40);
    assert!(report.end_reason.is_some());
    assert!(report.not_deleted.is_empty() && reference.is_empty());
}

/// A proxy that sends SIGINT to the client process at its n-th request.
fn interrupting(upstream: &str, at: usize, process: std::sync::mpsc::Receiver<u32>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let upstream = upstream.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        let mut requests = 0;
        for client in listener.incoming().map_while(Result::ok) {
            let mut server = std::net::TcpStream::connect(&upstream).unwrap();
            let (mut back, mut answers) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
            let (mut client, mut buffer) = (client, [0; 8192]);
            while let Ok(read @ 1..) = client.read(&mut buffer) {
                let bytes: Vec<u8> = buffer.iter().take(read).copied().collect();
                requests += String::from_utf8_lossy(&bytes).matches("POST / HTTP").count();
                if requests >= at
                    && let Ok(process) = process.try_recv()
                {
                    let kill = std::process::Command::new("kill")
                        .args(["-INT", &process.to_string()])
                        .status();
                    assert!(kill.unwrap().success());
                }
                server.write_all(&bytes).unwrap();
            }
        }
    });
    url
}

#[test]
fn ctrl_c_ends_a_run_with_its_cleanup() {
    let server = super::server(None);
    let (sender, process) = std::sync::mpsc::channel();
    let url = interrupting(&server.url(), 30, process);
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_iamspec"))
        .args(["run", "--endpoint", &url])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    sender.send(child.id()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("ended early: stopped before the end"), "{text}");
    assert!(server.is_empty());
}

/// The built program and the report files have nine rows, whatever the endpoint lacks.
#[test]
fn the_table_of_kinds_has_nine_rows_on_an_endpoint_that_lacks_one() {
    let folder = super::reports::folder("nine-rows");
    let path = |name: &str| folder.join(name).display().to_string();
    let (json, html, markdown) = (path("run.jsonl"), path("run.html"), path("run.md"));
    for (mutant, text) in [
        ("without:CreateAccessKey", "unsupported: CreateAccessKey"),
        (
            "CreateAccessKey/carried-out is refused",
            "not tested: CreateAccessKey got 409 DeleteConflict",
        ),
    ] {
        let report =
            [format!("json={json}"), format!("html={html}"), format!("markdown={markdown}")];
        let mut words = vec!["run", "--mutant", mutant, "--suite", "lattice"];
        let regressions = path("regressions");
        words.extend(["--regressions", &regressions]);
        words.extend(report.iter().flat_map(|it| ["--report", it]));
        let output = super::iamspec(&words);
        let printed = super::stdout(&output);
        let rows = printed.lines().skip_while(|it| !it.starts_with("DeleteUser of a user with a"));
        let rows: Vec<&str> = rows.skip(1).take_while(|it| it.starts_with("  ")).collect();
        assert!(rows.len() == 9 && rows.iter().any(|it| it.contains(text)), "{printed}");
        assert!(printed.contains("256 of 512 sets of kinds"), "{printed}");
        let lines = std::fs::read_to_string(&json).unwrap();
        let is_coverage = |it: &&str| it.contains("\"event\":\"coverage\"");
        let coverage = lines.lines().find(is_coverage).unwrap();
        let coverage: serde_json::Value = serde_json::from_str(coverage).unwrap();
        assert_eq!(coverage["kinds"].as_array().unwrap().len(), 9);
        for file in [&html, &markdown] {
            let page = std::fs::read_to_string(file).unwrap();
            let rows = AttachmentKind::blockers().filter(|it| page.contains(it.row().noun)).count();
            assert!(rows == 9 && page.contains(text), "{page}");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// An endpoint that knows only `Allow` loses no kind.
#[test]
fn a_second_policy_document_is_sent_if_the_first_one_is_refused_for_its_content() {
    let server = super::server(None);
    let port = super::port::Port::before(&server.url(), |body| {
        let text =
            "<ErrorResponse><Error><Code>MalformedPolicyDocument</Code></Error></ErrorResponse>";
        body.contains("Deny").then(|| super::port::http("400 Bad", "text/xml", text.as_bytes()))
    });
    let scripts = ["delete-user/alone/inline-policy", "delete-user/alone/managed-policy"];
    let output = super::iamspec(&[&["run", "--endpoint", &port.url], &scripts[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", super::stdout(&output));
}
