//! Calls at the same time: the reference endpoint always ends as some order of them would, and each mutant that
//! looks first and acts then is found out.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use iamspec_conformance::concurrency::catalog::races;
use iamspec_conformance::concurrency::execute::{RaceOptions, execute};
use iamspec_conformance::concurrency::linearizability::{Linearization, linearize};
use iamspec_conformance::concurrency::{ConcurrentEndpoint as _, TimedCall};
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_conformance::{Endpoint as _, Mutant};
use iamspec_harness::client::HttpClient;
use iamspec_harness::server::fault_injection::plan::FaultPlan;
use iamspec_harness::server::{Options, Server};
use iamspec_model::{Account, AttachmentKind, IssueOptions, Item, Operation, User};

fn manner(repeats: usize) -> RaceOptions<'static> {
    let jitter = Duration::from_millis(2);
    RaceOptions { repeats, seed: 1, jitter, settle: Duration::ZERO, once: true, stop: &|| false }
}

fn client(server: &Server, run: &str) -> HttpClient {
    HttpClient::new(&server.url(), run, Duration::from_secs(10)).unwrap()
}

#[test]
fn the_reference_ends_as_some_order_would_and_nothing_is_left() {
    let server = super::server(None);
    let mut http = client(&server, "races");
    for race in races().iter().filter(|it| it.certain) {
        let raced = execute(race, &mut http, manner(5));
        assert_eq!((raced.not_raced, raced.histories), (None, 5), "{}", race.name);
        assert_eq!((raced.broken, raced.unknown, raced.failures), (0, 0, 0), "{}", race.name);
        assert!(raced.kept.is_empty(), "{}: {:?}", race.name, raced.kept);
    }
    assert!(server.is_empty());
}

/// With `--nocapture` it prints how many histories and seconds each took.
#[test]
fn each_mutant_that_looks_first_and_acts_then_is_found_out() {
    let races = races();
    for mutant in Mutant::racing() {
        let api = mutant.name.rsplit(':').next().unwrap().to_owned();
        let server = super::server(Some(mutant.clone()));
        let mut http = client(&server, "mutant");
        let begun = Instant::now();
        let mut histories = 0;
        let asks = |op: &Operation| op.call().is_some_and(|call| call.api == api);
        let mine = races.iter().filter(|it| it.certain && it.calls.iter().any(asks));
        let found = mine.into_iter().find_map(|race| {
            let came = execute(race, &mut http, manner(20));
            histories += came.histories;
            (came.broken > 0).then(|| race.name.clone())
        });
        let took = begun.elapsed().as_millis();
        eprintln!("{:<50} {histories:>3} histories {took:>5} ms  {found:?}", mutant.name);
        assert!(found.is_some(), "{} is not found out", mutant.name);
    }
}

/// As many as a quota lets through, and no more, whoever comes first.
#[test]
fn sixty_four_clients_at_once_are_answered_in_some_order() {
    let server = super::server(None);
    let mut http = client(&server, "crowd");
    let user = User(0);
    for _ in 0..5 {
        http.fresh();
        let create = http.ask(&Operation::create_user(user));
        let now = Duration::ZERO;
        let mut history = vec![TimedCall {
            operation: Operation::create_user(user),
            observed: create,
            start: now,
            end: now,
        }];
        let calls = (0..64).map(|place| {
            let key = Operation::Issue(
                user,
                AttachmentKind::AccessKey,
                Item(place),
                IssueOptions::Nothing,
            );
            let op = match place % 4 {
                0 => Operation::DeleteUser(user),
                1 => Operation::create_user(user),
                2 => Operation::Attach(user, AttachmentKind::LoginProfile, Item(0)),
                _ => key,
            };
            (op, Duration::ZERO)
        });
        let raced = http.together(&calls.collect::<Vec<_>>());
        history.extend(raced.into_iter().map(|mut it| {
            it.start += Duration::from_nanos(1);
            it.end += Duration::from_nanos(1);
            it
        }));
        let found = linearize(&history, &Account::default(), 1_000_000);
        assert!(matches!(found, Linearization::Found(_)), "{found:?} {history:#?}");
    }
}

#[test]
fn a_race_that_is_lost_is_shown_with_why_no_order_fits() {
    let words = ["race", "--mutant", "check-then-act:DeleteUser", "DeleteUser+CreateAccessKey/*"];
    let folder = super::reports::folder("race");
    let page = folder.join("race.html");
    let html = page.display().to_string();
    let output = super::iamspec(&[&words[..], &["--repeats", "50", "--html", &html]].concat());
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    for part in [
        "DeleteUser+CreateAccessKey/a-user  shows in ",
        "client 2    CreateAccessKey u0 key#0",
        "if CreateAccessKey u0 key#0 comes before DeleteUser u0: DeleteUser u0 was answered 200, allowed only 409 DeleteConflict",
        "1 race held, 50 histories: 1 broken",
    ] {
        assert!(printed.contains(part), "{printed}");
    }
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(page.matches("<rect class=\"accused\"").count(), 2, "{page}");
    assert!(
        page.contains("No order where CreateAccessKey u0 key#0 comes before DeleteUser u0"),
        "{page}"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_already_goes_wrong_alone_is_not_held_against_a_race() {
    let words = ["race", "--mutant", "forgets-access-key", "DeleteUser+CreateAccessKey/*"];
    let output = super::iamspec(&words);
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{printed}");
    assert!(printed.contains("not held  DeleteUser+CreateAccessKey/a-user: it diverges without concurrency: DeleteUser u0 returns 200"), "{printed}");
}

/// Listings that show what was true before are given time, and what two clients did together is still found.
#[test]
fn reads_that_lag_are_given_time_and_hide_no_race() {
    let lagging = |mutant: Option<Mutant>| {
        let lag = "seed = 1\n[[fault]]\nsort = \"lag\"\non = \"List*\"\ncalls = 4";
        let faults = FaultPlan::parse(lag).unwrap();
        let behaviour = ReferenceOptions { mutant, ..ReferenceOptions::default() };
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Server::start(free, Options { faults, behaviour, ..Options::default() }).unwrap()
    };
    let held = |server: &Server, settle: &str| {
        let url = server.url();
        let words = ["race", "--endpoint", &url, "--settle", settle, "--repeats", "20"];
        let output = super::iamspec(&[&words[..], &["DeleteUser+CreateAccessKey/*"]].concat());
        (output.status.code(), super::stdout(&output))
    };
    let (code, printed) = held(&lagging(None), "0s");
    assert!(
        code == Some(3) && printed.contains("one after the other, ListAccessKeys"),
        "{printed}"
    );
    let (code, printed) = held(&lagging(None), "2s");
    assert!(code == Some(0) && printed.contains("20 histories: 0 broken"), "{printed}");
    let (code, printed) = held(&lagging(Mutant::named("check-then-act:DeleteUser")), "2s");
    assert!(code == Some(1) && printed.contains("--settle 2s"), "{printed}");
}

#[test]
fn a_printed_command_holds_the_same_race_again() {
    let words = ["race", "--mutant", "check-then-act:DeleteUser", "DeleteUser+CreateAccessKey/*"];
    let typed =
        ["--may", "accept", "--repeats", "50", "--seed", "7", "--jitter", "3ms", "--timeout", "9"];
    let output = super::iamspec(&[&words[..], &typed[..]].concat());
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let again = super::cli::printed_command(&text);
    for pair in typed.chunks(2) {
        assert!(again.windows(2).any(|it| it == pair), "{pair:?} is missing in {again:?}");
    }
    let again: Vec<&str> = again.iter().map(String::as_str).collect();
    let repeated = super::iamspec(&again);
    assert_eq!(repeated.status.code(), Some(1), "{}", super::stderr(&repeated));
}
