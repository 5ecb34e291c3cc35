//! Concurrency: the linearizability search compared with stateright's, and races on endpoints in
//! memory.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod overlap;

use std::collections::HashSet;
use std::time::Duration;

use iamspec_conformance::concurrency::catalog::races;
use iamspec_conformance::concurrency::execute::{
    RaceOptions, RaceResult, execute, execute_with_clients,
};
use iamspec_conformance::concurrency::linearizability::{
    Linearization, explain, follow, linearize,
};
use iamspec_conformance::concurrency::{ConcurrentEndpoint, Race, TimedCall};
use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::rng::Rng;
use iamspec_conformance::{Endpoint, Reference, Response};
use iamspec_model::{Account, AttachmentKind, Item, Operation, apply};
use overlap::{ALICE, history, respond};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

#[derive(Clone)]
struct Spec(Account);

impl SequentialSpec for Spec {
    type Op = Operation;
    type Ret = String;

    fn invoke(&mut self, op: &Operation) -> String {
        respond(&mut self.0, op).to_string()
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

/// Whether stateright finds the history linearizable. Each operation is its own thread.
fn is_linearizable_by_stateright(history: &[TimedCall]) -> bool {
    let mut moments: Vec<(Duration, bool, usize)> = Vec::new();
    for (index, it) in history.iter().enumerate() {
        moments.push((it.start, false, index));
        moments.push((it.end, true, index));
    }
    // A start and an end at the same moment overlap.
    moments.sort_unstable();
    let mut tester = LinearizabilityTester::new(Spec(Account::default()));
    for (_, is_end, index) in moments {
        let it = &history[index];
        if is_end {
            let answer = it.response.to_string();
            ANSWERS
                .with(|answers| answers.borrow_mut().insert(answer.clone(), it.response.clone()));
            tester.on_return(index, answer).unwrap();
        } else {
            tester.on_invoke(index, it.operation).unwrap();
        }
    }
    tester.is_consistent()
}

#[test]
fn the_search_agrees_with_stateright() {
    let mut rng = Rng(7);
    let (mut good, mut bad) = (0, 0);
    for number in 0..20_000 {
        let length = 2 + rng.below(7);
        let history = history(&mut rng, length, number % 2 == 1);
        let ours =
            matches!(linearize(&history, &Account::default(), usize::MAX), Linearization::Found(_));
        assert_eq!(ours, is_linearizable_by_stateright(&history), "{history:#?}");
        if ours { good += 1 } else { bad += 1 }
    }
    assert!(good > 5_000 && bad > 2_000, "{good} good, {bad} bad");
}

#[test]
fn long_linearizable_histories_are_explained() {
    let mut rng = Rng(11);
    for _ in 0..200 {
        let history = history(&mut rng, 100, false);
        assert!(matches!(
            linearize(&history, &Account::default(), 1_000_000),
            Linearization::Found(_)
        ));
    }
}

#[test]
fn a_found_order_explains_every_response() {
    let mut rng = Rng(3);
    for _ in 0..200 {
        let history = history(&mut rng, 20, false);
        let Linearization::Found(found) = linearize(&history, &Account::default(), 1_000_000)
        else {
            panic!("no order")
        };
        let mut account = Account::default();
        for index in found {
            let it = &history[index];
            account = follow(&account, &it.operation, &it.response).into_iter().next().unwrap();
        }
    }
}

#[test]
fn an_operation_with_a_lost_response_may_or_may_not_take_effect() {
    let time = Duration::from_nanos;
    let at = |operation, observed, start, end| TimedCall {
        operation,
        response: observed,
        start: time(start),
        end: time(end),
    };
    let lost = Response::failed(iamspec_conformance::response::FailureKind::Timeout, "");
    let get = Operation::GetUser(ALICE);
    let gone = Response::Refused { http: 404, code: "NoSuchEntity".to_owned(), message: None };
    let create = at(Operation::create_user(ALICE), Response::SUCCESS, 0, 1);
    let delete = at(Operation::DeleteUser(ALICE), lost, 2, 3);
    for (answers, explained) in [
        ([Response::SUCCESS, gone.clone()], true),
        ([gone.clone(), gone.clone()], true),
        ([Response::SUCCESS, Response::SUCCESS], true),
        ([gone, Response::SUCCESS], false),
    ] {
        let [one, other] = answers;
        let history = [create.clone(), delete.clone(), at(get, one, 4, 5), at(get, other, 6, 7)];
        let found =
            matches!(linearize(&history, &Account::default(), 1000), Linearization::Found(_));
        assert_eq!(found, explained);
    }
}

#[test]
fn the_search_is_unknown_after_its_step_limit() {
    let history = history(&mut Rng(5), 12, false);
    assert_eq!(linearize(&history, &Account::default(), 3), Linearization::Unknown);
}

/// The model in memory. Concurrent operations either run one after the other, as under a lock, or
/// all check before any of them acts.
struct InMemory {
    reference: Reference,
    account: Account,
    /// Fewer concurrent operations than this are atomic.
    atomic_below: usize,
}

impl Endpoint for InMemory {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.account = Account::default();
        self.reference.enter_new_namespace()
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.reference.enter_namespace(space);
    }

    fn execute(&mut self, op: &Operation) -> Response {
        let mut behavior = iamspec_conformance::reference::ReferenceOptions::default();
        let symbols = iamspec_conformance::oracle::messages::symbols(op);
        iamspec_conformance::reference::respond_and_apply(
            &mut self.account,
            op,
            &mut behavior,
            &symbols,
        )
    }

    fn assign_symbol(&mut self, _: AttachmentKind, _: &str) -> Item {
        Item::default()
    }
}

impl ConcurrentEndpoint for InMemory {
    fn send_together(&mut self, calls: &[(Operation, Duration)]) -> Vec<TimedCall> {
        let before = self.account.clone();
        let end = Duration::from_nanos(10);
        let timed = |(operation, _): &(Operation, Duration)| {
            let observed = if calls.len() < self.atomic_below {
                self.execute(operation)
            } else {
                let checked = respond(&mut before.clone(), operation);
                if matches!(checked, Response::Success(_)) {
                    apply(&mut self.account, operation);
                }
                checked
            };
            TimedCall { operation: *operation, response: observed, start: Duration::ZERO, end }
        };
        calls.iter().map(timed).collect()
    }
}

fn endpoint(atomic_below: usize) -> InMemory {
    InMemory { reference: Reference::default(), account: Account::default(), atomic_below }
}

fn options() -> RaceOptions<'static> {
    RaceOptions {
        repeats: 2,
        seed: 1,
        jitter: Duration::ZERO,
        settle: Duration::ZERO,
        stop_at_first: false,
        stop: &|| false,
    }
}

#[test]
fn a_violation_of_many_clients_is_reduced_to_the_fewest() {
    let races = races();
    for race in races.iter().filter(|it| it.is_forbidden) {
        let (fewest, result) = execute_with_clients(race, 6, &mut endpoint(4), options());
        assert_eq!((fewest.calls.len(), result.violations), (4, 2), "{}", race.name);
        let (history, before) = result.example.unwrap();
        assert_eq!(explain(&history, before, 4).len(), 24, "{}", race.name);
        let (_, result) = execute_with_clients(race, 6, &mut endpoint(7), options());
        assert_eq!((result.violations, result.skip_reason), (0, None), "{}", race.name);
        let (fewest, result) = execute_with_clients(race, 6, &mut endpoint(5), options());
        let reason = result.skip_reason.unwrap();
        assert!(
            reason.contains("it takes 5 clients"),
            "{}: {reason} {:?}",
            race.name,
            fewest.calls
        );
    }
}

fn result_of(race: &Race, atomic: bool) -> RaceResult {
    let below = if atomic { usize::MAX } else { 0 };
    execute(race, &mut endpoint(below), options())
}

#[test]
fn every_race_detects_check_then_act_and_accepts_atomic_operations() {
    for race in races() {
        let (atomic, racy) = (result_of(&race, true), result_of(&race, false));
        assert_eq!(atomic.skip_reason, None, "{}", race.name);
        assert_eq!(
            (atomic.histories, atomic.violations, atomic.undecided),
            (2, 0, 0),
            "{}",
            race.name
        );
        if !race.is_forbidden {
            assert_eq!(racy.violations, 0, "{}", race.name);
            continue;
        }
        assert_eq!((racy.histories, racy.violations), (2, 2), "{}", race.name);
        let (history, before) = racy.example.unwrap();
        let orders = explain(&history, before, race.calls.len());
        assert_eq!(orders.len(), 2, "{}: {orders:?}", race.name);
        assert!(orders.iter().all(|it| !it.evidence.is_empty()), "{orders:?}");
    }
}

/// An endpoint that refuses deletions after a race with `at` clients, and fails one operation of a
/// race with two.
struct RefusesCleanup {
    inner: InMemory,
    at: usize,
    /// The current namespace.
    space: Namespace,
    refuses: bool,
    /// The namespaces in which it refused a deletion.
    refused_in: HashSet<Namespace>,
    failures: usize,
    head_starts: Vec<Duration>,
}

impl RefusesCleanup {
    fn at(clients: usize, atomic_below: usize) -> Self {
        Self {
            inner: endpoint(atomic_below),
            at: clients,
            space: Namespace::default(),
            refuses: false,
            refused_in: HashSet::new(),
            failures: 0,
            head_starts: Vec::new(),
        }
    }
}

impl Endpoint for RefusesCleanup {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.refuses = false;
        self.space = self.inner.enter_new_namespace();
        self.space
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.inner.enter_namespace(space);
    }

    fn execute(&mut self, op: &Operation) -> Response {
        let deletes = matches!(op, Operation::DeleteUser(_) | Operation::DeleteResource(_));
        let observed = self.inner.execute(op);
        if self.refuses && deletes && matches!(observed, Response::Success(_)) {
            self.refused_in.insert(self.space);
            let code = "DeleteConflict".to_owned();
            return Response::Refused { http: 409, code, message: None };
        }
        observed
    }

    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.inner.assign_symbol(kind, name)
    }
}

impl ConcurrentEndpoint for RefusesCleanup {
    fn send_together(&mut self, calls: &[(Operation, Duration)]) -> Vec<TimedCall> {
        self.head_starts.extend(calls.iter().map(|(_, delay)| *delay));
        let mut timed = self.inner.send_together(calls);
        self.refuses = calls.len() == self.at;
        if self.refuses && self.at == 2 {
            self.failures += 1;
            timed[0].response =
                Response::failed(iamspec_conformance::response::FailureKind::Failure, "");
        }
        timed
    }
}

#[test]
fn the_result_has_the_undeleted_resources_of_every_phase() {
    let races = races();
    let deletes_user = |it: &&Race| it.is_forbidden && it.name.contains("could-hold-group");
    let race = races.iter().find(deletes_user).unwrap();
    // Violations with six, five and four clients, none with three; or none at all.
    for (atomic_below, at) in
        [(4, 2), (4, 3), (4, 4), (4, 5), (4, 6), (usize::MAX, 2), (usize::MAX, 6), (5, 2)]
    {
        let mut endpoint = RefusesCleanup::at(at, atomic_below);
        let (_, result) = execute_with_clients(race, 6, &mut endpoint, options());
        let spaces: HashSet<Namespace> = result.not_deleted.iter().map(|it| it.namespace).collect();
        assert!(!endpoint.refused_in.is_empty(), "{}: the endpoint refuses no deletion", race.name);
        assert_eq!(
            spaces, endpoint.refused_in,
            "{}: atomic below {atomic_below}, refuses at {at}",
            race.name
        );
        assert_eq!(result.failures, endpoint.failures, "{}: {atomic_below}, {at}", race.name);
    }
}

#[test]
fn delays_reach_any_jitter() {
    let races = races();
    let race = races.iter().find(|it| it.is_forbidden).unwrap();
    for (jitter, beyond) in [
        (Duration::ZERO, None),
        (Duration::from_micros(u32::MAX.into()), Some(Duration::from_secs(2000))),
        (Duration::from_secs(4295), Some(Duration::from_secs(2000))),
        (Duration::from_secs(1_000_000), Some(Duration::from_secs(4295))),
        (Duration::MAX, Some(Duration::from_secs(1_000_000))),
    ] {
        let mut endpoint = RefusesCleanup::at(usize::MAX, usize::MAX);
        execute(race, &mut endpoint, RaceOptions { repeats: 20, jitter, ..options() });
        let longest = *endpoint.head_starts.iter().max().unwrap();
        assert!(longest <= jitter, "{longest:?} of {jitter:?}");
        assert!(beyond.is_none_or(|it| longest > it), "{longest:?} of {jitter:?}");
    }
}
