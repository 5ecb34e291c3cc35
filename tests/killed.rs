//! Cleanup after killed runs: everything that a run created is deleted, and nothing else.
//!
//! `IAMSPEC_KILLS=200` sets the number of killed runs. Each run is killed at another request,
//! before or after the request takes effect.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::port::{Port, http};
use iamspec_conformance::{Endpoint as _, Response};
use iamspec_harness::client::HttpClient;
use iamspec_harness::server::fault_injection::FaultPlan;
use iamspec_harness::server::{Options, Server};
use iamspec_model::{AttachmentKind, Item, Operation, Resource, ResourceKind, User};

/// A proxy that kills a run at its n-th request.
struct Killer {
    port: Port,
    child: Arc<Mutex<Option<Child>>>,
}

impl Killer {
    fn before(url: &str, number: usize) -> Self {
        let child = Arc::new(Mutex::new(None::<Child>));
        let victim = Arc::clone(&child);
        let requests = Mutex::new(0);
        let port = Port::before(url, move |_| {
            let mut requests = requests.lock().unwrap();
            *requests += 1;
            if *requests < number {
                return None;
            }
            if let Some(child) = victim.lock().unwrap().as_mut() {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            // Half of these requests are lost before they take effect.
            number.is_multiple_of(2).then(|| http("500 Gone", "text/plain", b""))
        });
        Self { port, child }
    }

    /// Runs a suite against this port until the run is killed or ends.
    fn run(&self, journals: &Path, suite: &str) {
        let mut command = super::command(&["run", "--suite", suite, "--endpoint", &self.port.url]);
        command.args(["--timeout", "60", "--journal"]).arg(journals);
        command.args(["--budget", "3000"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = self.child.lock().unwrap();
        *child = Some(command.spawn().unwrap());
        drop(child);
        loop {
            let ended = self.child.lock().unwrap().as_mut().unwrap().try_wait().unwrap();
            if ended.is_some() {
                return;
            }
            std::thread::yield_now();
        }
    }
}

/// A server with the users, groups, policies and devices of another client.
fn server_with_other_client(faults: FaultPlan) -> (Server, HttpClient) {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(free, Options { faults, ..Options::default() }).unwrap();
    let mut other = HttpClient::new(&server.url(), "1-others", Duration::from_secs(5)).unwrap();
    other.enter_new_namespace();
    for number in 0..40 {
        let (user, item) = (User(number), Item(number));
        let group = Resource { kind: ResourceKind::Group, item };
        let policy = Resource { kind: ResourceKind::Policy, item };
        for op in [
            Operation::create_user(user),
            Operation::CreateResource(group),
            Operation::CreateResource(policy),
            Operation::CreateResource(Resource { kind: ResourceKind::Device, item }),
            Operation::Attach(user, AttachmentKind::GroupMembership, item),
            Operation::Attach(user, AttachmentKind::ManagedPolicy, item),
            Operation::Attach(user, AttachmentKind::InlinePolicy, item),
        ] {
            // If a lost response took effect, the retry is refused; either counts as created.
            let responses = (0..9).map(|_| other.execute(&op));
            let response = responses.into_iter().find(|it| !matches!(it, Response::Failed(_)));
            assert!(response.is_some(), "{op:?}");
        }
    }
    (server, other)
}

/// The listings of the other client.
fn listings_of(other: &mut HttpClient) -> Vec<String> {
    let mut seen = Vec::new();
    for user in (0..40).map(User) {
        for kind in [
            AttachmentKind::GroupMembership,
            AttachmentKind::ManagedPolicy,
            AttachmentKind::InlinePolicy,
        ] {
            seen.push(other.execute(&Operation::List(user, kind)).to_string());
        }
    }
    seen
}

fn journals(name: &str) -> PathBuf {
    let folder = format!("killed-{name}-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn cleanup_after_a_killed_run_deletes_only_its_resources() {
    kill_and_clean_up("without-faults", FaultPlan::default(), 8);
}

#[test]
fn cleanup_after_a_killed_run_succeeds_with_injected_faults() {
    let row = |on: &str, effect: bool, sort: &str| {
        format!("[[fault]]\non = \"{on}\"\nsort = \"{sort}\"\nchance = 0.03\neffect = {effect}\n")
    };
    // The listings of the other client are not affected.
    let calls = ["Create*", "Delete*", "Detach*", "Upload*", "Attach*", "Put*", "Add*", "Remove*"];
    let rows = calls.iter().flat_map(|on| [row(on, true, "drop"), row(on, false, "fail")]);
    let plan = FaultPlan::parse(&rows.collect::<String>()).unwrap();
    kill_and_clean_up("with-faults", plan, 4);
}

fn kill_and_clean_up(name: &str, faults: FaultPlan, sample: usize) {
    let kills = std::env::var("IAMSPEC_KILLS").map_or(sample, |it| it.parse().unwrap());
    let (server, mut other) = server_with_other_client(faults);
    let (before, journals) = (listings_of(&mut other), journals(name));
    let (mut not_deleted, mut without) = (0, 0);
    let suites = ["tour", "scripts", "random", "drain"].into_iter().cycle();
    for (number, suite) in (0..kills).zip(suites) {
        Killer::before(&server.url(), 1 + number * 397 % 1200).run(&journals, suite);
        let leftovers = other.leftovers().unwrap().len();
        not_deleted += leftovers;
        without += usize::from(leftovers == 0);
        clean_up(&server, &journals);
        assert_eq!(other.leftovers().unwrap(), [], "after {number} kills");
    }
    assert!(not_deleted > 0, "no killed run had created anything");
    assert_eq!(listings_of(&mut other), before);
    assert_eq!(std::fs::read_dir(&journals).unwrap().count(), 0);
    eprintln!(
        "{name}: {kills} runs killed, {without} had created nothing; {not_deleted} resources not \
         deleted, 0 after cleanup"
    );
}

/// The journals name the port of the killer as their endpoint, so the cleanup must name each run.
fn clean_up(server: &Server, journals: &Path) {
    for journal in std::fs::read_dir(journals).unwrap() {
        let run = journal.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        let clean = || {
            let mut command = super::command(&["cleanup", &run, "--endpoint", &server.url()]);
            command.arg("--journal").arg(journals).output().unwrap()
        };
        // Responses of the cleanup may be lost too; retry.
        let last = (0..5).map(|_| clean()).find(|it| it.status.code() == Some(0));
        assert!(last.is_some(), "{run} is not cleaned up");
    }
}

#[test]
fn cleanup_ignores_the_journal_of_another_endpoint_unless_its_run_is_named() {
    let (server, mut other) = server_with_other_client(FaultPlan::default());
    let journals = journals("elsewhere");
    Killer::before(&server.url(), 200).run(&journals, "scripts");
    assert!(!other.leftovers().unwrap().is_empty());
    let mut cleanup = super::command(&["cleanup", "--endpoint", &server.url(), "--journal"]);
    let output = cleanup.arg(&journals).output().unwrap();
    let text = super::stdout(&output);
    assert!(text.contains("skipped: run ") && text.contains("used http://127.0.0.1"), "{text}");
    assert_eq!(std::fs::read_dir(&journals).unwrap().count(), 1);
    assert!(!other.leftovers().unwrap().is_empty());
    clean_up(&server, &journals);
    assert_eq!(other.leftovers().unwrap(), []);
}
