//! Everything a run makes it removes again, also after a divergence, an interruption or Ctrl-C.

use std::io::{Read as _, Write as _};

use iamspec_conformance::endpoint::Space;
use iamspec_conformance::observed::Cause;
use iamspec_conformance::script::hand_written;
use iamspec_conformance::{Endpoint, Mutant, Observed, Reference, Suite, Verdict};
use iamspec_model::{Item, Kind, Operation};

/// Loses every n-th answer, after its effect.
struct Losing {
    inner: Reference,
    every: usize,
    asked: usize,
}

impl Endpoint for Losing {
    fn fresh(&mut self) -> Space {
        self.inner.fresh()
    }

    fn enter(&mut self, space: Space) {
        self.inner.enter(space);
    }

    fn ask(&mut self, operation: &Operation) -> Observed {
        self.asked += 1;
        let answer = self.inner.ask(operation);
        let lost = self.asked.is_multiple_of(self.every) && !operation.is_read();
        if lost { Observed::interrupted(Cause::Reset, "lost") } else { answer }
    }

    fn adopt(&mut self, kind: Kind, name: &str) -> Item {
        self.inner.adopt(kind, name)
    }
}

#[test]
fn a_lost_answer_is_no_divergence_and_what_it_made_is_removed_or_listed() {
    for every in [7, 11, 13, 50] {
        let mut endpoint = Losing { inner: Reference::default(), every, asked: 0 };
        let report = super::run(&mut endpoint);
        for exchange in report.replays.iter().flat_map(|it| &it.exchanges) {
            assert!(!matches!(exchange.verdict, Verdict::Diverges(_)), "{exchange:?}");
        }
        // What is left is what a lost answer of the clean-up itself did not confirm, and is listed.
        assert!(endpoint.inner.is_empty() || !report.kept.is_empty());
    }
}

#[test]
fn nothing_is_left_on_a_mutant_that_lets_go() {
    for name in ["forgets-access-key", "conflict-is-400", "second-password", "lists-no-groups"] {
        let mut reference = Reference::mutated(Mutant::named(name).unwrap());
        let report = super::run(&mut reference);
        assert!(report.kept.is_empty() && reference.is_empty(), "{name}");
    }
}

#[test]
fn what_an_endpoint_does_not_let_go_is_listed_with_its_answer() {
    let output = super::iamspec(&["run", "--mutant", "deletes-nobody", "delete-user/bare"]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("left behind: iamspec-") && text.contains("was answered 409"), "{text}");
}

#[test]
fn a_run_that_is_stopped_removes_what_it_made() {
    let mut reference = Reference::default();
    let asked = std::cell::Cell::new(0);
    let suite = Suite::new(hand_written().unwrap());
    let report =
        suite.run(&mut reference, &mut |requests| asked.set(requests), &|| asked.get() >= 40);
    assert!(report.ended.is_some());
    assert!(report.kept.is_empty() && reference.is_empty());
}

/// Passes bytes on to the server and interrupts the client's process at its n-th request.
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
fn ctrl_c_ends_a_run_with_its_clean_up() {
    let server = super::server(None);
    let (tell, process) = std::sync::mpsc::channel();
    let url = interrupting(&server.url(), 30, process);
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_iamspec"))
        .args(["run", "--endpoint", &url])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    tell.send(child.id()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("ended early: stopped before the end"), "{text}");
    assert!(server.is_empty());
}
