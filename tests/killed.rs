//! What a run has made is removed whatever becomes of the run, and nobody else's users are touched.
//!
//! `IAMSPEC_KILLS=200` kills so many runs; each at another request, before or after it took effect.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iamspec_conformance::{Endpoint as _, Observed};
use iamspec_harness::client::Http;
use iamspec_harness::server::{Options, Server};
use iamspec_model::{Class, Item, Kind, Object, Operation, User};

use super::port::{Port, http};

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
fn full_of_others() -> (Server, Http) {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(free, Options::default()).unwrap();
    let mut other = Http::new(&server.url(), "1-others", Duration::from_secs(5)).unwrap();
    other.fresh();
    for number in 0..40 {
        let (user, item) = (User(number), Item(number));
        let group = Object { class: Class::Group, item };
        let policy = Object { class: Class::Policy, item };
        for op in [
            Operation::create_user(user),
            Operation::Create(group),
            Operation::Create(policy),
            Operation::Create(Object { class: Class::Device, item }),
            Operation::Attach(user, Kind::GroupMembership, item),
            Operation::Attach(user, Kind::ManagedPolicy, item),
            Operation::Attach(user, Kind::InlinePolicy, item),
        ] {
            assert!(matches!(other.ask(&op), Observed::Done(_)), "{op:?}");
        }
    }
    (server, other)
}

/// Everything that others hold, as they see it.
fn seen_by(other: &mut Http) -> Vec<String> {
    let mut seen = Vec::new();
    for user in (0..40).map(User) {
        for kind in [Kind::GroupMembership, Kind::ManagedPolicy, Kind::InlinePolicy] {
            seen.push(other.ask(&Operation::List(user, kind)).to_string());
        }
    }
    seen
}

fn journals() -> PathBuf {
    let folder = format!("killed-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn what_a_killed_run_has_left_is_removed_and_nothing_of_others() {
    let kills = std::env::var("IAMSPEC_KILLS").map_or(8, |it| it.parse().unwrap());
    let (server, mut other) = full_of_others();
    let (before, journals) = (seen_by(&mut other), journals());
    let (mut left, mut without) = (0, 0);
    for number in 0..kills {
        let suite = ["tour", "scripts", "random", "drain"][number % 4];
        Killer::before(&server.url(), 1 + number * 397 % 1200).run(&journals, suite);
        let leftovers = other.leftovers().unwrap().len();
        left += leftovers;
        without += usize::from(leftovers == 0);
        let mut cleanup = super::command(&["cleanup", "--endpoint", &server.url(), "--journal"]);
        let output = cleanup.arg(&journals).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}{}",
            super::stdout(&output),
            super::stderr(&output)
        );
        assert_eq!(other.leftovers().unwrap(), []);
    }
    assert!(left > 0, "no run left anything");
    assert_eq!(seen_by(&mut other), before);
    assert_eq!(std::fs::read_dir(&journals).unwrap().count(), 0);
    eprintln!(
        "{kills} runs killed, {without} had nothing made: {left} things left, 0 after cleanup"
    );
}
