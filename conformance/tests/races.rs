//! Histories in which calls overlap: the search against stateright's, and races on endpoints in memory.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod overlap;

use std::collections::HashSet;
use std::time::Duration;

use iamspec_conformance::concurrency::catalog::races;
use iamspec_conformance::concurrency::execute::{RaceOptions, RaceResult, hold, play};
use iamspec_conformance::concurrency::linearizability::{Linearization, explain, follow, order};
use iamspec_conformance::concurrency::{ConcurrentEndpoint, Race, TimedCall};
use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::rng::Rng;
use iamspec_conformance::{Endpoint, Reference, Response};
use iamspec_model::{Account, AttachmentKind, Item, Operation, apply};
use overlap::{ALICE, answer, history};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

#[derive(Clone)]
struct Spec(Account);

impl SequentialSpec for Spec {
    type Op = Operation;
    type Ret = String;

    fn invoke(&mut self, op: &Operation) -> String {
        answer(&mut self.0, op).to_string()
    }

    fn is_valid_step(&mut self, op: &Operation, answer: &String) -> bool {
        let observed: Response = ANSWERS.with(|it| it.borrow()[answer].clone());
        match follow(&self.0, op, &observed).into_iter().next() {
            Some(after) => {
                self.0 = after;
                true
            }
            None => false,
        }
    }
}

thread_local! {
    static ANSWERS: std::cell::RefCell<std::collections::HashMap<String, Response>> =
        std::cell::RefCell::default();
}

/// What stateright says of the history: each call is a thread of its own that begins and ends in time.
fn stateright_says(history: &[TimedCall]) -> bool {
    let mut moments: Vec<(Duration, bool, usize)> = Vec::new();
    for (place, it) in history.iter().enumerate() {
        moments.push((it.start, false, place));
        moments.push((it.end, true, place));
    }
    // A start and an end at the same moment overlap.
    moments.sort_unstable();
    let mut tester = LinearizabilityTester::new(Spec(Account::default()));
    for (_, ends, place) in moments {
        let it = &history[place];
        if ends {
            let answer = it.observed.to_string();
            ANSWERS.with(|known| known.borrow_mut().insert(answer.clone(), it.observed.clone()));
            tester.on_return(place, answer).unwrap();
        } else {
            tester.on_invoke(place, it.operation).unwrap();
        }
    }
    tester.is_consistent()
}

#[test]
fn the_search_agrees_with_stateright() {
    let mut chance = Rng(7);
    let (mut good, mut bad) = (0, 0);
    for number in 0..20_000 {
        let many = 2 + chance.below(7);
        let history = history(&mut chance, many, number % 2 == 1);
        let ours =
            matches!(order(&history, &Account::default(), usize::MAX), Linearization::Found(_));
        assert_eq!(ours, stateright_says(&history), "{history:#?}");
        if ours { good += 1 } else { bad += 1 }
    }
    assert!(good > 5_000 && bad > 2_000, "{good} good, {bad} bad");
}

#[test]
fn what_took_effect_in_some_order_is_explained_however_long() {
    let mut chance = Rng(11);
    for _ in 0..200 {
        let history = history(&mut chance, 100, false);
        assert!(matches!(order(&history, &Account::default(), 1_000_000), Linearization::Found(_)));
    }
}

#[test]
fn an_order_that_is_found_explains_every_answer() {
    let mut chance = Rng(3);
    for _ in 0..200 {
        let history = history(&mut chance, 20, false);
        let Linearization::Found(found) = order(&history, &Account::default(), 1_000_000) else {
            panic!("no order")
        };
        let mut account = Account::default();
        for place in found {
            let it = &history[place];
            account = follow(&account, &it.operation, &it.observed).into_iter().next().unwrap();
        }
    }
}

#[test]
fn a_lost_answer_may_have_taken_effect_or_not() {
    let time = Duration::from_nanos;
    let at = |operation, observed, start, end| TimedCall {
        operation,
        observed,
        start: time(start),
        end: time(end),
    };
    let lost = Response::interrupted(iamspec_conformance::response::FailureKind::Timeout, "");
    let get = Operation::GetUser(ALICE);
    let gone = Response::Refused { http: 404, code: "NoSuchEntity".to_owned(), message: None };
    let create = at(Operation::create_user(ALICE), Response::DONE, 0, 1);
    let delete = at(Operation::DeleteUser(ALICE), lost, 2, 3);
    for (answers, explained) in [
        ([Response::DONE, gone.clone()], true),
        ([gone.clone(), gone.clone()], true),
        ([Response::DONE, Response::DONE], true),
        ([gone, Response::DONE], false),
    ] {
        let [one, other] = answers;
        let history = [create.clone(), delete.clone(), at(get, one, 4, 5), at(get, other, 6, 7)];
        let found = matches!(order(&history, &Account::default(), 1000), Linearization::Found(_));
        assert_eq!(found, explained);
    }
}

#[test]
fn a_search_that_may_not_go_on_says_that_it_does_not_know() {
    let history = history(&mut Rng(5), 12, false);
    assert_eq!(order(&history, &Account::default(), 3), Linearization::Unknown);
}

/// The model in memory; what is asked together is answered as one way of looking first and acting then
/// would have it, or as a lock would.
struct InMemory {
    reference: Reference,
    account: Account,
    /// So many calls at once are no longer each a whole.
    atomic_below: usize,
}

impl Endpoint for InMemory {
    fn fresh(&mut self) -> Namespace {
        self.account = Account::default();
        self.reference.fresh()
    }

    fn enter(&mut self, space: Namespace) {
        self.reference.enter(space);
    }

    fn ask(&mut self, op: &Operation) -> Response {
        let mut behaviour = iamspec_conformance::reference::ReferenceOptions::default();
        let symbols = iamspec_conformance::oracle::messages::symbols(op);
        iamspec_conformance::reference::settle(&mut self.account, op, &mut behaviour, &symbols)
    }

    fn adopt(&mut self, _: AttachmentKind, _: &str) -> Item {
        Item::default()
    }
}

impl ConcurrentEndpoint for InMemory {
    fn together(&mut self, calls: &[(Operation, Duration)]) -> Vec<TimedCall> {
        let before = self.account.clone();
        let end = Duration::from_nanos(10);
        let of = |(operation, _): &(Operation, Duration)| {
            let observed = if calls.len() < self.atomic_below {
                self.ask(operation)
            } else {
                let looked = answer(&mut before.clone(), operation);
                if matches!(looked, Response::Done(_)) {
                    apply(&mut self.account, operation);
                }
                looked
            };
            TimedCall { operation: *operation, observed, start: Duration::ZERO, end }
        };
        calls.iter().map(of).collect()
    }
}

fn endpoint(atomic_below: usize) -> InMemory {
    InMemory { reference: Reference::default(), account: Account::default(), atomic_below }
}

fn manner() -> RaceOptions<'static> {
    RaceOptions {
        repeats: 2,
        seed: 1,
        jitter: Duration::ZERO,
        settle: Duration::ZERO,
        once: false,
        stop: &|| false,
    }
}

#[test]
fn what_only_a_crowd_shows_is_shown_with_as_few_as_it_takes() {
    let races = races();
    for race in races.iter().filter(|it| it.certain) {
        let (few, came) = hold(race, 6, &mut endpoint(4), manner());
        assert_eq!((few.calls.len(), came.broken), (4, 2), "{}", race.name);
        let (history, before) = came.shown.unwrap();
        assert_eq!(explain(&history, before, 4).len(), 24, "{}", race.name);
        let (_, came) = hold(race, 6, &mut endpoint(7), manner());
        assert_eq!((came.broken, came.not_raced), (0, None), "{}", race.name);
        let (few, came) = hold(race, 6, &mut endpoint(5), manner());
        let why = came.not_raced.unwrap();
        assert!(why.contains("it takes 5 clients"), "{}: {why} {:?}", race.name, few.calls);
    }
}

fn raced(race: &Race, atomic: bool) -> RaceResult {
    let below = if atomic { usize::MAX } else { 0 };
    play(race, &mut endpoint(below), manner())
}

#[test]
fn every_race_shows_on_what_looks_first_and_acts_then_and_on_nothing_else() {
    for race in races() {
        let (safe, wrong) = (raced(&race, true), raced(&race, false));
        assert_eq!(safe.not_raced, None, "{}", race.name);
        assert_eq!((safe.histories, safe.broken, safe.unknown), (2, 0, 0), "{}", race.name);
        if !race.certain {
            assert_eq!(wrong.broken, 0, "{}", race.name);
            continue;
        }
        assert_eq!((wrong.histories, wrong.broken), (2, 2), "{}", race.name);
        let (history, before) = wrong.shown.unwrap();
        let ruled = explain(&history, before, race.calls.len());
        assert_eq!(ruled.len(), 2, "{}: {ruled:?}", race.name);
        assert!(ruled.iter().all(|it| !it.evidence.is_empty()), "{ruled:?}");
    }
}

/// An endpoint that fails one call of each race with `at` clients, and then keeps what the race made.
struct Keeping {
    inner: InMemory,
    at: usize,
    /// The name space that was entered last.
    space: Namespace,
    keeps: bool,
    /// The name spaces in which it refused to delete something.
    kept: HashSet<Namespace>,
    failures: usize,
    head_starts: Vec<Duration>,
}

impl Keeping {
    fn at(clients: usize, atomic_below: usize) -> Self {
        Self {
            inner: endpoint(atomic_below),
            at: clients,
            space: Namespace::default(),
            keeps: false,
            kept: HashSet::new(),
            failures: 0,
            head_starts: Vec::new(),
        }
    }
}

impl Endpoint for Keeping {
    fn fresh(&mut self) -> Namespace {
        self.keeps = false;
        self.space = self.inner.fresh();
        self.space
    }

    fn enter(&mut self, space: Namespace) {
        self.inner.enter(space);
    }

    fn ask(&mut self, op: &Operation) -> Response {
        let deletes = matches!(op, Operation::DeleteUser(_) | Operation::Delete(_));
        let observed = self.inner.ask(op);
        if self.keeps && deletes && matches!(observed, Response::Done(_)) {
            self.kept.insert(self.space);
            let code = "DeleteConflict".to_owned();
            return Response::Refused { http: 409, code, message: None };
        }
        observed
    }

    fn adopt(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.inner.adopt(kind, name)
    }
}

impl ConcurrentEndpoint for Keeping {
    fn together(&mut self, calls: &[(Operation, Duration)]) -> Vec<TimedCall> {
        self.head_starts.extend(calls.iter().map(|(_, wait)| *wait));
        let mut timed = self.inner.together(calls);
        self.keeps = calls.len() == self.at;
        if self.keeps && self.at == 2 {
            self.failures += 1;
            timed[0].observed =
                Response::interrupted(iamspec_conformance::response::FailureKind::Failure, "");
        }
        timed
    }
}

#[test]
fn hold_reports_what_every_phase_left_behind() {
    let races = races();
    let deletes_user = |it: &&Race| it.certain && it.name.contains("could-hold-group");
    let race = races.iter().find(deletes_user).unwrap();
    // Six clients break, five break, four break, three do not; or none of them does.
    for (atomic_below, at) in
        [(4, 2), (4, 3), (4, 4), (4, 5), (4, 6), (usize::MAX, 2), (usize::MAX, 6), (5, 2)]
    {
        let mut endpoint = Keeping::at(at, atomic_below);
        let (_, came) = hold(race, 6, &mut endpoint, manner());
        let spaces: HashSet<Namespace> = came.kept.iter().map(|it| it.space).collect();
        assert!(!endpoint.kept.is_empty(), "{}: the endpoint keeps nothing", race.name);
        assert_eq!(
            spaces, endpoint.kept,
            "{}: breaks from {atomic_below}, keeps at {at}",
            race.name
        );
        assert_eq!(came.failures, endpoint.failures, "{}: {atomic_below}, {at}", race.name);
    }
}

#[test]
fn the_head_start_reaches_any_jitter() {
    let races = races();
    let race = races.iter().find(|it| it.certain).unwrap();
    for (jitter, beyond) in [
        (Duration::ZERO, None),
        (Duration::from_micros(u32::MAX.into()), Some(Duration::from_secs(2000))),
        (Duration::from_secs(4295), Some(Duration::from_secs(2000))),
        (Duration::from_secs(1_000_000), Some(Duration::from_secs(4295))),
        (Duration::MAX, Some(Duration::from_secs(1_000_000))),
    ] {
        let mut endpoint = Keeping::at(usize::MAX, usize::MAX);
        play(race, &mut endpoint, RaceOptions { repeats: 20, jitter, ..manner() });
        let longest = *endpoint.head_starts.iter().max().unwrap();
        assert!(longest <= jitter, "{longest:?} of {jitter:?}");
        assert!(beyond.is_none_or(|it| longest > it), "{longest:?} of {jitter:?}");
    }
}
