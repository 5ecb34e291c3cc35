//! The suites that are generated: they conform on the reference, reach what they are for, and find what
//! is wrong.

use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::results::coverage::{Coverage, PAIRS, SETS};
use iamspec_conformance::results::findings;
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::{Endpoint, Mutant, Origin, Reference, Report, Response, Suite, Verdict};
use iamspec_model::{AttachmentKind, Item, Operation};

const ALL: [GeneratedSuite; 5] = [
    GeneratedSuite::Lattice,
    GeneratedSuite::Pairs,
    GeneratedSuite::Drain,
    GeneratedSuite::Tour,
    GeneratedSuite::Random { seed: 1, calls: 2000 },
];

fn run(suite: GeneratedSuite, reference: &mut Reference) -> Report {
    Suite::new(Vec::new()).with(vec![suite]).run(reference, &mut |_| (), &|| false)
}

/// The calls that a generated suite makes on the reference endpoint.
fn calls_of(generated: GeneratedSuite) -> usize {
    let suite = Suite::new(Vec::new()).with(vec![generated]).observing(ObserveMode::Off);
    suite.calls(&mut Reference::default())
}

#[test]
fn every_answer_of_the_reference_conforms_and_nothing_is_left() {
    for suite in ALL {
        let mut reference = Reference::default();
        let report = run(suite, &mut reference);
        let exchanges: Vec<_> = report.replays.iter().flat_map(|it| &it.exchanges).collect();
        assert!(!exchanges.is_empty(), "{}", suite.name());
        for exchange in exchanges {
            assert!(matches!(exchange.verdict, Verdict::Conforms(_)), "{exchange:?}");
        }
        assert!(report.kept.is_empty() && reference.is_empty(), "{}", suite.name());
    }
}

#[test]
fn the_lattice_has_every_set_the_pairs_every_order_and_the_tour_every_call_in_every_state() {
    let of = |suite| Coverage::of(&run(suite, &mut Reference::default()).replays);
    assert_eq!(of(GeneratedSuite::Lattice).sets.len(), SETS);
    assert_eq!(of(GeneratedSuite::Pairs).pairs.len(), PAIRS);
    assert_eq!(of(GeneratedSuite::Tour).sets.len(), SETS);
    // 513 states, thirty calls in each: at most a twentieth more with the groups, policies and devices.
    let calls = calls_of(GeneratedSuite::Tour);
    assert!((15_390..=16_200).contains(&calls), "{calls}");
    // 512 deletions, a step or two between each.
    let calls = calls_of(GeneratedSuite::Lattice);
    assert!((1_526..=1_545).contains(&calls), "{calls}");
}

#[test]
fn a_forgotten_kind_is_found_and_handed_over_as_the_shortest_script() {
    for mutant in Mutant::all().filter(|it| it.name.starts_with("forgets-")) {
        // Beside another kind, which stands in the way as well, it does not show.
        for suite in [GeneratedSuite::Lattice, GeneratedSuite::Tour] {
            let report = run(suite, &mut Reference::mutated(mutant.clone()));
            let found = findings(&report.replays);
            let [finding] = found.as_slice() else { panic!("{}: {found:?}", mutant.name) };
            assert_eq!(finding.rule().id(), mutant.rule);
            assert_eq!(finding.origin, Origin::Shrunk);
            // A user, what it is to hold, perhaps what that refers to, and the deletion.
            let calls = finding.history.steps.len();
            assert!(calls == 3 || calls == 4, "{}: {calls}", mutant.name);
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_calls_and_another_one_others() {
    let calls = |seed| {
        let suite = GeneratedSuite::Random { seed, calls: 500 };
        let report = run(suite, &mut Reference::default());
        let scripts = report.replays.into_iter().map(|it| it.script);
        scripts.flat_map(|it| it.operations().collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert_eq!(calls(7), calls(7));
    assert_ne!(calls(7), calls(8));
    assert!((300..=500).contains(&calls(7).len()));
}

/// The reference, but for what is answered otherwise.
struct Otherwise<F>(Reference, F);

impl<F: FnMut(&Operation) -> Option<Response>> Endpoint for Otherwise<F> {
    fn fresh(&mut self) -> Namespace {
        self.0.fresh()
    }

    fn enter(&mut self, space: Namespace) {
        self.0.enter(space);
    }

    fn ask(&mut self, op: &Operation) -> Response {
        (self.1)(op).unwrap_or_else(|| self.0.ask(op))
    }

    fn adopt(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.0.adopt(kind, name)
    }
}

fn play(suite: GeneratedSuite, answers: impl FnMut(&Operation) -> Option<Response>) -> Report {
    let suite = Suite::new(Vec::new()).with(vec![suite]);
    suite.run(&mut Otherwise(Reference::default(), answers), &mut |_| (), &|| false)
}

#[test]
fn a_deletion_that_is_lost_is_seen_by_every_suite_that_deletes() {
    for suite in [GeneratedSuite::Lattice, GeneratedSuite::Drain, GeneratedSuite::Tour] {
        let Some(mutant) = Mutant::named("delete-is-lost") else { panic!("no such mutant") };
        let report = run(suite, &mut Reference::mutated(mutant));
        assert!(!findings(&report.replays).is_empty(), "{}", suite.name());
    }
}

#[test]
fn what_an_endpoint_lacks_is_counted_once_and_the_rest_is_asked() {
    let crash = || Response::interrupted(FailureKind::Crash, "HTTP 500: HTML");
    let lacks = |op: &Operation| op.kind() == Some(AttachmentKind::ServiceCredential);
    let report = play(GeneratedSuite::Lattice, |op| lacks(op).then(crash));
    let exchanges: Vec<_> = report.replays.iter().flat_map(|it| &it.exchanges).collect();
    let unsupported = exchanges.iter().filter(|it| matches!(it.verdict, Verdict::Unsupported(_)));
    assert_eq!(unsupported.count(), 1);
    let judged = exchanges.iter().filter(|it| matches!(it.verdict, Verdict::Conforms(_)));
    // One is unsupported, and one says what was left out for want of it.
    assert_eq!(judged.count() + 2, exchanges.len());
    assert_eq!(Coverage::of(&report.replays).sets.len(), SETS / 2);
}

#[test]
fn every_suite_ends_on_an_endpoint_that_only_crashes_refuses_or_agrees() {
    let crash = |_: &Operation| Some(Response::interrupted(FailureKind::Crash, "HTTP 500: HTML"));
    let refuse = |_: &Operation| {
        let (http, code, message) = (403, "NoSuchEntity".to_owned(), None);
        Some(Response::Refused { http, code, message })
    };
    let agree = |_: &Operation| Some(Response::DONE);
    for suite in ALL {
        let calls = calls_of(suite);
        for report in [play(suite, crash), play(suite, refuse), play(suite, agree)] {
            // What is spent on making finds short and on cleaning up is bounded too.
            assert!(
                report.requests < calls * 20 + 100_000,
                "{}: {}",
                suite.name(),
                report.requests
            );
        }
    }
}

#[test]
fn every_suite_ends_where_it_does_not_get_on_and_says_so() {
    let keeps = |op: &Operation| matches!(op, Operation::DeleteUser(_)).then_some(Response::DONE);
    let mut reports = vec![play(GeneratedSuite::Lattice, keeps), play(GeneratedSuite::Tour, keeps)];
    for name in
        ["EnableMFADevice/carried-out is refused", "CreateAccessKey/carried-out does nothing"]
    {
        let Some(mutant) = Mutant::named(name) else { panic!("{name}") };
        for observe in [ObserveMode::Each, ObserveMode::End] {
            let suite =
                Suite::new(Vec::new()).with(vec![GeneratedSuite::Lattice]).observing(observe);
            let mut reference = Reference::mutated(mutant.clone());
            reports.push(suite.run(&mut reference, &mut |_| (), &|| false));
        }
    }
    for report in reports {
        let exchanges = report.replays.iter().flat_map(|it| &it.exchanges);
        let left_out = exchanges.filter(|it| matches!(it.verdict, Verdict::Skipped(_))).count();
        let sets = Coverage::of(&report.replays).sets.len();
        assert!(left_out > 0 || sets == SETS, "{sets}");
    }
}

/// Deletes every user that it is asked to delete, with all that it holds.
struct Ruthless(Reference);

impl Endpoint for Ruthless {
    fn fresh(&mut self) -> Namespace {
        self.0.fresh()
    }

    fn enter(&mut self, space: Namespace) {
        self.0.enter(space);
    }

    fn ask(&mut self, op: &Operation) -> Response {
        if let Operation::DeleteUser(user) = *op {
            for kind in AttachmentKind::blockers() {
                let listed = self.0.ask(&Operation::List(user, kind));
                let items = match listed {
                    Response::Done(Some(shown)) => {
                        shown.items.iter().filter_map(|(it, _)| it.item(kind)).collect()
                    }
                    Response::Done(None) => vec![Item(0)],
                    _ => Vec::new(),
                };
                for item in items {
                    self.0.ask(&Operation::Detach(user, kind, item));
                }
            }
        }
        self.0.ask(op)
    }

    fn adopt(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.0.adopt(kind, name)
    }
}

#[test]
fn one_wrong_deletion_hides_no_other() {
    for suite in [GeneratedSuite::Lattice, GeneratedSuite::Tour] {
        let suite = Suite::new(Vec::new()).with(vec![suite]);
        let report = suite.run(&mut Ruthless(Reference::default()), &mut |_| (), &|| false);
        let mut found: Vec<String> =
            findings(&report.replays).iter().map(|it| it.rule().id()).collect();
        found.sort();
        let mut rules: Vec<String> = AttachmentKind::blockers()
            .map(|kind| format!("DeleteUser/holds-{}", kind.row().name))
            .collect();
        rules.sort();
        assert_eq!(found, rules);
    }
}

#[test]
fn an_endpoint_that_answers_one_call_alone_with_nonsense_is_asked_everything_else() {
    let device = |op: &Operation| op.call().is_some_and(|it| it.api == "CreateVirtualMFADevice");
    let nonsense = Response::interrupted(FailureKind::Unreadable, "HTTP 200: HTML");
    let mut odd =
        Otherwise(Reference::default(), |op: &Operation| device(op).then(|| nonsense.clone()));
    let suite = Suite::new(iamspec_conformance::script::corpus::ours().unwrap());
    let report = suite.run(&mut odd, &mut |_| (), &|| false);
    assert_eq!(report.ended, None);
    let judged = |it: &&iamspec_conformance::Exchange| matches!(it.verdict, Verdict::Conforms(_));
    let exchanges = report.replays.iter().flat_map(|it| &it.exchanges);
    assert!(exchanges.filter(judged).count() > 1000);
}
