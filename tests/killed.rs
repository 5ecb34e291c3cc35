//! What a run has made is removed whatever becomes of the run, and nobody else's users are touched.
//!
//! `IAMSPEC_KILLS=200` kills so many runs; each at another request, before or after it took effect.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::port::{Port, http};
use iamspec_conformance::{Endpoint as _, Response};
use iamspec_harness::client::HttpClient;
use iamspec_harness::server::fault_injection::plan::FaultPlan;
use iamspec_harness::server::{Options, Server};
use iamspec_model::{AttachmentKind, Item, Operation, Resource, ResourceKind, User};

/// Kills a run at its request of this number, and tells what it got to.
struct Killer {
    port: Port,
    child: Arc<Mutex<Option<Child>>>,
}

impl Killer {
    fn before(url: &str, number: usize) -> Self {
        let child = Arc::new(Mutex::new(None::<Child>));
        let victim = Arc::clone(&child);
        let heard = Mutex::new(0);
        let port = Port::before(url, move |_| {
            let mut heard = heard.lock().unwrap();
            *heard += 1;
            if *heard < number {
                return None;
            }
            if let Some(child) = victim.lock().unwrap().as_mut() {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            // Half of them are lost before they take effect.
            number.is_multiple_of(2).then(|| http("500 Gone", "text/plain", b""))
        });
        Self { port, child }
    }

    /// A run that asks this port, until it is killed or ends.
    fn run(&self, journals: &Path, suite: &str) {
        let mut command = super::command(&["run", "--suite", suite, "--endpoint", &self.port.url]);
        command.args(["--timeout", "60", "--journal"]).arg(journals);
        command.args(["--budget", "3000"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut place = self.child.lock().unwrap();
        *place = Some(command.spawn().unwrap());
        drop(place);
        loop {
            let ended = self.child.lock().unwrap().as_mut().unwrap().try_wait().unwrap();
            if ended.is_some() {
                return;
            }
            std::thread::yield_now();
        }
    }
}

/// A server that holds what is other people's: users with keys, groups, policies, devices.
fn full_of_others(faults: FaultPlan) -> (Server, HttpClient) {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(free, Options { faults, ..Options::default() }).unwrap();
    let mut other = HttpClient::new(&server.url(), "1-others", Duration::from_secs(5)).unwrap();
    other.fresh();
    for number in 0..40 {
        let (user, item) = (User(number), Item(number));
        let group = Resource { class: ResourceKind::Group, item };
        let policy = Resource { class: ResourceKind::Policy, item };
        for op in [
            Operation::create_user(user),
            Operation::Create(group),
            Operation::Create(policy),
            Operation::Create(Resource { class: ResourceKind::Device, item }),
            Operation::Attach(user, AttachmentKind::GroupMembership, item),
            Operation::Attach(user, AttachmentKind::ManagedPolicy, item),
            Operation::Attach(user, AttachmentKind::InlinePolicy, item),
        ] {
            // What is there after a lost answer is refused the next time.
            let answer = (0..9).map(|_| other.ask(&op));
            let told = answer.into_iter().find(|it| !matches!(it, Response::Interrupted(_)));
            assert!(told.is_some(), "{op:?}");
        }
    }
    (server, other)
}

/// Everything that others hold, as they see it.
fn seen_by(other: &mut HttpClient) -> Vec<String> {
    let mut seen = Vec::new();
    for user in (0..40).map(User) {
        for kind in [
            AttachmentKind::GroupMembership,
            AttachmentKind::ManagedPolicy,
            AttachmentKind::InlinePolicy,
        ] {
            seen.push(other.ask(&Operation::List(user, kind)).to_string());
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
fn what_a_killed_run_has_left_is_removed_and_nothing_of_others() {
    kill_and_clean_up("calm", FaultPlan::default(), 8);
}

#[test]
fn what_a_run_that_was_killed_on_a_bad_day_has_left_is_removed_too() {
    let row = |on: &str, effect: bool, sort: &str| {
        format!("[[fault]]\non = \"{on}\"\nsort = \"{sort}\"\nchance = 0.03\neffect = {effect}\n")
    };
    // What others hold is looked at with calls that begin otherwise.
    let calls = ["Create*", "Delete*", "Detach*", "Upload*", "Attach*", "Put*", "Add*", "Remove*"];
    let rows = calls.iter().flat_map(|on| [row(on, true, "drop"), row(on, false, "fail")]);
    let plan = FaultPlan::parse(&rows.collect::<String>()).unwrap();
    kill_and_clean_up("bad", plan, 4);
}

fn kill_and_clean_up(name: &str, faults: FaultPlan, sample: usize) {
    let kills = std::env::var("IAMSPEC_KILLS").map_or(sample, |it| it.parse().unwrap());
    let (server, mut other) = full_of_others(faults);
    let (before, journals) = (seen_by(&mut other), journals(name));
    let (mut left, mut without) = (0, 0);
    let suites = ["tour", "scripts", "random", "drain"].into_iter().cycle();
    for (number, suite) in (0..kills).zip(suites) {
        Killer::before(&server.url(), 1 + number * 397 % 1200).run(&journals, suite);
        let leftovers = other.leftovers().unwrap().len();
        left += leftovers;
        without += usize::from(leftovers == 0);
        clean_up(&server, &journals);
        assert_eq!(other.leftovers().unwrap(), [], "after {number} kills");
    }
    assert!(left > 0, "no run left anything");
    assert_eq!(seen_by(&mut other), before);
    assert_eq!(std::fs::read_dir(&journals).unwrap().count(), 0);
    eprintln!(
        "{name}: {kills} runs killed, {without} had nothing made: {left} things left, 0 after cleanup"
    );
}

/// Every journal is of a run through the port that killed it, so that each must be named.
fn clean_up(server: &Server, journals: &Path) {
    for journal in std::fs::read_dir(journals).unwrap() {
        let run = journal.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        let clean = || {
            let mut command = super::command(&["cleanup", &run, "--endpoint", &server.url()]);
            command.arg("--journal").arg(journals).output().unwrap()
        };
        // Where answers are lost, what may be left is tried again.
        let last = (0..5).map(|_| clean()).find(|it| it.status.code() == Some(0));
        assert!(last.is_some(), "{run} is not removed");
    }
}

#[test]
fn a_journal_of_another_endpoint_is_left_alone_unless_its_run_is_named() {
    let (server, mut other) = full_of_others(FaultPlan::default());
    let journals = journals("elsewhere");
    Killer::before(&server.url(), 200).run(&journals, "scripts");
    assert!(!other.leftovers().unwrap().is_empty());
    let mut cleanup = super::command(&["cleanup", "--endpoint", &server.url(), "--journal"]);
    let output = cleanup.arg(&journals).output().unwrap();
    let text = super::stdout(&output);
    assert!(
        text.contains("left alone: run ") && text.contains("was at http://127.0.0.1"),
        "{text}"
    );
    assert_eq!(std::fs::read_dir(&journals).unwrap().count(), 1);
    assert!(!other.leftovers().unwrap().is_empty());
    clean_up(&server, &journals);
    assert_eq!(other.leftovers().unwrap(), []);
}
