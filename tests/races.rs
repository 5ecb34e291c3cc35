//! Concurrent calls: an order of the calls always explains the reference endpoint, and each
//! check-then-act mutant is detected.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use iamspec_conformance::concurrency::catalog::races;
use iamspec_conformance::concurrency::execute::{RaceOptions, execute};
use iamspec_conformance::concurrency::linearizability::{Linearization, linearize};
use iamspec_conformance::concurrency::{ConcurrentEndpoint as _, TimedCall};
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_conformance::{Endpoint as _, Mutant};
use iamspec_harness::client::HttpClient;
use iamspec_harness::server::fault_injection::FaultPlan;
use iamspec_harness::server::{Options, Server};
use iamspec_model::{Account, AttachmentKind, IssueOptions, Item, Operation, User};

fn options(repeats: usize) -> RaceOptions<'static> {
    let jitter = Duration::from_millis(2);
    RaceOptions {
        repeats,
        seed: 1,
        jitter,
        settle: Duration::ZERO,
        stop_at_first: true,
        stop: &|| false,
    }
}

fn client(server: &Server, run: &str) -> HttpClient {
    HttpClient::new(&server.url(), run, Duration::from_secs(10)).unwrap()
}

#[test]
fn the_reference_is_linearizable_and_nothing_remains() {
    let server = super::server(None);
    let mut http = client(&server, "races");
    for race in races().iter().filter(|it| it.is_forbidden) {
        let raced = execute(race, &mut http, options(5));
        assert_eq!((raced.skip_reason, raced.histories), (None, 5), "{}", race.name);
        assert_eq!((raced.violations, raced.undecided, raced.failures), (0, 0, 0), "{}", race.name);
        assert!(raced.not_deleted.is_empty(), "{}: {:?}", race.name, raced.not_deleted);
    }
    assert!(server.is_empty());
}

/// With `--nocapture` the test prints the number of histories and the time for each mutant.
#[test]
fn each_check_then_act_mutant_is_detected() {
    let races = races();
    for mutant in Mutant::check_then_act() {
        let api = mutant.name.rsplit(':').next().unwrap().to_owned();
        let server = super::server(Some(mutant.clone()));
        let mut http = client(&server, "mutant");
        let begun = Instant::now();
        let mut histories = 0;
        let asks = |op: &Operation| op.action().is_some_and(|call| call.api == api);
        let mine = races.iter().filter(|it| it.is_forbidden && it.calls.iter().any(asks));
        let found = mine.into_iter().find_map(|race| {
            let result = execute(race, &mut http, options(20));
            histories += result.histories;
            (result.violations > 0).then(|| race.name.clone())
        });
        let took = begun.elapsed().as_millis();
        eprintln!("{:<50} {histories:>3} histories {took:>5} ms  {found:?}", mutant.name);
        assert!(found.is_some(), "{} is not detected", mutant.name);
    }
}

/// The quota holds in every order.
#[test]
fn an_order_explains_the_responses_to_sixty_four_concurrent_clients() {
    let server = super::server(None);
    let mut http = client(&server, "crowd");
    let user = User(0);
    for _ in 0..5 {
        http.enter_new_namespace();
        let create = http.execute(&Operation::create_user(user));
        let now = Duration::ZERO;
        let mut history = vec![TimedCall {
            operation: Operation::create_user(user),
            response: create,
            start: now,
            end: now,
        }];
        let calls = (0..64).map(|index| {
            let key =
                Operation::Issue(user, AttachmentKind::AccessKey, Item(index), IssueOptions::None);
            let op = match index % 4 {
                0 => Operation::DeleteUser(user),
                1 => Operation::create_user(user),
                2 => Operation::Attach(user, AttachmentKind::LoginProfile, Item(0)),
                _ => key,
            };
            (op, Duration::ZERO)
        });
        let raced = http.send_together(&calls.collect::<Vec<_>>());
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
fn a_broken_race_is_shown_with_the_reason_why_no_order_fits() {
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
        "if CreateAccessKey u0 key#0 comes before DeleteUser u0: DeleteUser u0 got 200, expected 409 DeleteConflict",
        "1 race: 1 broken, 0 explained, 0 undecided, 0 not run; 50 histories",
    ] {
        assert!(printed.contains(part), "{printed}");
    }
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(page.matches("<rect class=\"ruled-out\"").count(), 2, "{page}");
    assert!(
        page.contains("No order in which CreateAccessKey u0 key#0 comes before DeleteUser u0"),
        "{page}"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_divergence_of_sequential_calls_is_no_finding_of_a_race() {
    let words = ["race", "--mutant", "forgets-access-key", "DeleteUser+CreateAccessKey/*"];
    let output = super::iamspec(&words);
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{printed}");
    assert!(printed.contains("not run   DeleteUser+CreateAccessKey/a-user: it diverges without concurrency: DeleteUser u0 returns 200"), "{printed}");
}

/// With `--settle`, stale listings cause no finding, and a real race is still detected.
#[test]
fn stale_reads_are_retried_and_hide_no_race() {
    let lagging = |mutant: Option<Mutant>| {
        let lag = "seed = 1\n[[fault]]\nsort = \"lag\"\non = \"List*\"\ncalls = 4";
        let faults = FaultPlan::parse(lag).unwrap();
        let behavior = ReferenceOptions { mutant, ..ReferenceOptions::default() };
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Server::start(free, Options { faults, behavior, ..Options::default() }).unwrap()
    };
    let run = |server: &Server, settle: &str| {
        let url = server.url();
        let words = ["race", "--endpoint", &url, "--settle", settle, "--repeats", "20"];
        let output = super::iamspec(&[&words[..], &["DeleteUser+CreateAccessKey/*"]].concat());
        (output.status.code(), super::stdout(&output))
    };
    let (code, printed) = run(&lagging(None), "0s");
    assert!(
        code == Some(3) && printed.contains("it diverges without concurrency: ListAccessKeys"),
        "{printed}"
    );
    let (code, printed) = run(&lagging(None), "2s");
    assert!(code == Some(0) && printed.contains("1 race: 0 broken, 1 explained"), "{printed}");
    let (code, printed) = run(&lagging(Mutant::find("check-then-act:DeleteUser")), "2s");
    assert!(code == Some(1) && printed.contains("--settle 2s"), "{printed}");
}

#[test]
fn a_printed_command_reproduces_the_race() {
    let words = ["race", "--mutant", "check-then-act:DeleteUser", "DeleteUser+CreateAccessKey/*"];
    let typed = [
        "--unspecified",
        "accept",
        "--repeats",
        "50",
        "--seed",
        "7",
        "--jitter",
        "3ms",
        "--timeout",
        "9",
    ];
    let output = super::iamspec(&[&words[..], &typed[..]].concat());
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let command = super::cli::printed_command(&text);
    for pair in typed.chunks(2) {
        assert!(command.windows(2).any(|it| it == pair), "{pair:?} is missing in {command:?}");
    }
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let repeated = super::iamspec(&command);
    assert_eq!(repeated.status.code(), Some(1), "{}", super::stderr(&repeated));
}

#[test]
fn the_totals_account_for_every_announced_race() {
    let output = super::iamspec(&["race", "--repeats", "1"]);
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{printed}");
    let last = printed.lines().last().unwrap();
    let (announced, totals) = last.split_once(" races: ").unwrap();
    let (totals, _) = totals.split_once(';').unwrap();
    let numbers = totals.split(", ").map(|it| it.split(' ').next().unwrap());
    let sum: usize = numbers.map(|it| it.parse::<usize>().unwrap()).sum();
    assert_eq!(announced.parse(), Ok(sum), "{last}");
    assert!(last.contains("because AWS's response is unspecified"), "{last}");
}
