//! The generated suites: the reference conforms to them, they reach their coverage targets, and
//! they find deviations.

use std::collections::BTreeSet;

use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::results::coverage::{Coverage, PAIRS, SETS};
use iamspec_conformance::results::findings;
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::script::print;
use iamspec_conformance::script::unusual::{FIRST_UNUSUAL, UNUSUAL_STYLES, is_unusual};
use iamspec_conformance::{Endpoint, Mutant, Origin, Reference, Report, Response, Suite, Verdict};
use iamspec_model::{AttachmentKind, Item, Operation, Rule};

const ALL: [GeneratedSuite; 5] = [
    GeneratedSuite::Lattice,
    GeneratedSuite::Pairs,
    GeneratedSuite::Drain,
    GeneratedSuite::Tour,
    GeneratedSuite::Random { seed: 1, calls: 2000 },
];

fn run(suite: GeneratedSuite, reference: &mut Reference) -> Report {
    Suite::new(Vec::new()).with_generated(vec![suite]).run(reference, &mut |_| (), &|| false)
}

/// The number of operations that a generated suite sends to the reference.
fn operation_count(generated: GeneratedSuite) -> usize {
    let suite =
        Suite::new(Vec::new()).with_generated(vec![generated]).with_observe_mode(ObserveMode::Off);
    suite.size(&mut Reference::default()).calls
}

#[test]
fn the_reference_conforms_and_every_resource_is_deleted() {
    for suite in ALL {
        let mut reference = Reference::default();
        let report = run(suite, &mut reference);
        let exchanges: Vec<_> = report.script_runs.iter().flat_map(|it| &it.exchanges).collect();
        assert!(!exchanges.is_empty(), "{}", suite.name());
        for exchange in exchanges {
            assert!(matches!(exchange.verdict, Verdict::Conforms(_)), "{exchange:?}");
        }
        assert!(report.not_deleted.is_empty() && reference.is_empty(), "{}", suite.name());
    }
}

#[test]
fn lattice_pairs_and_tour_reach_full_coverage() {
    let coverage = |suite| Coverage::of(&run(suite, &mut Reference::default()).script_runs);
    assert_eq!(coverage(GeneratedSuite::Lattice).sets.len(), SETS);
    assert_eq!(coverage(GeneratedSuite::Pairs).pairs.len(), PAIRS);
    assert_eq!(coverage(GeneratedSuite::Tour).sets.len(), SETS);
    // 513 states with 30 actions each, and up to 5% more to create groups, policies and devices.
    let calls = operation_count(GeneratedSuite::Tour);
    assert!((15_390..=16_210).contains(&calls), "{calls}");
    // 512 deletions, with one or two operations between them.
    let calls = operation_count(GeneratedSuite::Lattice);
    assert!((1_526..=1_555).contains(&calls), "{calls}");
}

#[test]
fn a_forgotten_kind_is_found_and_shrunk_to_the_shortest_script() {
    for mutant in Mutant::hand_written().filter(|it| it.name.starts_with("forgets-")) {
        // Next to another kind, which also blocks deletion, the deviation does not show.
        for suite in [GeneratedSuite::Lattice, GeneratedSuite::Tour] {
            let report = run(suite, &mut Reference::with_mutant(mutant.clone()));
            let found = findings(&report.script_runs);
            let [finding] = found.as_slice() else { panic!("{}: {found:?}", mutant.name) };
            assert_eq!(finding.rule().id(), mutant.rule);
            assert_eq!(finding.origin, Origin::Shrunk);
            // Create the user, attach an item, perhaps create its resource, and delete the user.
            let steps = finding.history.steps.len();
            assert!(steps == 3 || steps == 4, "{}: {steps}", mutant.name);
        }
    }
}

/// The words of all operations of a generated suite at the reference.
fn words(suite: GeneratedSuite) -> Vec<String> {
    let report = run(suite, &mut Reference::default());
    let operations = report.script_runs.iter().flat_map(|it| it.script.operations());
    let printed: Vec<String> = operations.map(|it| print::operation(&it)).collect();
    printed.iter().flat_map(|it| it.split(' ')).map(str::to_owned).collect()
}

#[test]
fn a_share_of_what_a_generator_names_has_unusual_names() {
    for suite in ALL {
        let words = words(suite);
        let mut styles = BTreeSet::new();
        let named = |letter: &str| -> Vec<u32> {
            let numbers = words.iter().filter_map(|it| it.strip_prefix(letter)?.parse().ok());
            numbers.collect()
        };
        for letter in ["g", "p", "d", "i"] {
            let numbers = named(letter);
            let unusual: Vec<u32> = numbers.iter().copied().filter(|it| is_unusual(*it)).collect();
            // A quarter of what is attached, and each in a share of the calls.
            assert!(!unusual.is_empty() && unusual.len() * 2 < numbers.len(), "{suite:?} {letter}");
            styles.extend(unusual.iter().map(|it| (it - FIRST_UNUSUAL) % UNUSUAL_STYLES));
        }
        assert_eq!(styles, (0..UNUSUAL_STYLES).collect(), "{suite:?}");
    }
    let has_unusual_user = |suite| words(suite).iter().any(|it| it == "u9001");
    assert!(has_unusual_user(GeneratedSuite::Pairs));
    assert!(has_unusual_user(GeneratedSuite::Random { seed: 1, calls: 2000 }));
}

/// The words of an operation that the endpoint refuses.
type Refused = fn(&str) -> bool;

/// Unusual names that an endpoint refuses do not keep a suite from its goals.
#[test]
fn an_endpoint_without_unusual_names_is_still_covered() {
    let refuse = |refused: Refused| {
        move |op: &Operation| {
            let printed = print::operation(op);
            let is_refused = printed.split(' ').any(|it| it.len() > 4 && refused(it));
            is_refused.then(|| Response::Refused {
                http: 400,
                code: "ValidationError".to_owned(),
                message: None,
            })
        }
    };
    let unusual: [Refused; 2] = [
        |it| it.starts_with("u9"),
        |it| it.starts_with(['g', 'p', 'd', 'i']) && it.contains("900"),
    ];
    for refused in unusual {
        let run = |suite| {
            let mut endpoint = Override(Reference::default(), refuse(refused));
            let suite = Suite::new(Vec::new()).with_generated(vec![suite]);
            suite.run(&mut endpoint, &mut |_| (), &|| false).script_runs
        };
        assert_eq!(Coverage::of(&run(GeneratedSuite::Lattice)).sets.len(), SETS);
        assert_eq!(Coverage::of(&run(GeneratedSuite::Pairs)).pairs.len(), PAIRS);
        assert_eq!(Coverage::of(&run(GeneratedSuite::Tour)).sets.len(), SETS);
        // The quota of every kind is still reached.
        let drained = run(GeneratedSuite::Drain);
        let rules = drained.iter().flat_map(|it| &it.exchanges);
        let quotas = rules.flat_map(|it| &it.in_force).map(Rule::id);
        let quotas: BTreeSet<_> = quotas.filter(|it| it.ends_with("/quota-reached")).collect();
        let expected = run_rules(GeneratedSuite::Drain);
        assert_eq!(quotas, expected);
    }
}

/// The rules on quotas that a suite reaches at the reference.
fn run_rules(suite: GeneratedSuite) -> BTreeSet<String> {
    let report = run(suite, &mut Reference::default());
    let exchanges = report.script_runs.iter().flat_map(|it| &it.exchanges);
    let rules = exchanges.flat_map(|it| &it.in_force).map(Rule::id);
    rules.filter(|it| it.ends_with("/quota-reached")).collect()
}

/// The shrunk script of an endpoint that fails at these operations.
fn shrunk(fails: impl Fn(&str) -> bool) -> String {
    let failure = || Response::Refused { http: 500, code: "Oops".to_owned(), message: None };
    let respond = |op: &Operation| fails(&print::operation(op)).then(failure);
    let mut endpoint = Override(Reference::default(), respond);
    let suite = Suite::new(Vec::new()).with_generated(vec![GeneratedSuite::Pairs]);
    let report = suite.run(&mut endpoint, &mut |_| (), &|| false);
    let found = findings(&report.script_runs);
    let shrunk = found.iter().find(|it| it.origin == Origin::Shrunk);
    shrunk.map(|it| print::steps(&it.history)).unwrap_or_default()
}

/// Only if a finding needs an unusual name, its script has one.
#[test]
fn a_shrunk_script_has_only_the_unusual_names_that_it_needs() {
    let always = shrunk(|it| it.starts_with("AddUserToGroup"));
    assert!(always.contains("AddUserToGroup u0 g0") && !always.contains("900"), "{always}");
    let unusual = shrunk(|it| it.starts_with("AddUserToGroup") && it.contains(" g900"));
    assert!(unusual.contains("AddUserToGroup u0 g900"), "{unusual}");
}

#[test]
fn a_seed_determines_the_operations() {
    let calls = |seed| {
        let suite = GeneratedSuite::Random { seed, calls: 500 };
        let report = run(suite, &mut Reference::default());
        let scripts = report.script_runs.into_iter().map(|it| it.script);
        scripts.flat_map(|it| it.operations().collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert_eq!(calls(7), calls(7));
    assert_ne!(calls(7), calls(8));
    assert!((300..=500).contains(&calls(7).len()));
}

/// The reference with overridden responses.
struct Override<F>(Reference, F);

impl<F: FnMut(&Operation) -> Option<Response>> Endpoint for Override<F> {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.0.enter_new_namespace()
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.0.enter_namespace(space);
    }

    fn execute(&mut self, op: &Operation) -> Response {
        (self.1)(op).unwrap_or_else(|| self.0.execute(op))
    }

    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.0.assign_symbol(kind, name)
    }
}

/// Runs a suite against the reference with overridden responses.
fn run_with(
    suite: GeneratedSuite,
    responses: impl FnMut(&Operation) -> Option<Response>,
) -> Report {
    let suite = Suite::new(Vec::new()).with_generated(vec![suite]);
    suite.run(&mut Override(Reference::default(), responses), &mut |_| (), &|| false)
}

#[test]
fn every_suite_that_deletes_detects_a_lost_deletion() {
    for suite in [GeneratedSuite::Lattice, GeneratedSuite::Drain, GeneratedSuite::Tour] {
        let Some(mutant) = Mutant::find("delete-is-lost") else { panic!("no such mutant") };
        let report = run(suite, &mut Reference::with_mutant(mutant));
        assert!(!findings(&report.script_runs).is_empty(), "{}", suite.name());
    }
}

#[test]
fn an_unsupported_action_counts_once_and_the_rest_is_tested() {
    let crash = || Response::failed(FailureKind::Crash, "HTTP 500: HTML");
    let is_unsupported = |op: &Operation| op.kind() == Some(AttachmentKind::ServiceCredential);
    let report = run_with(GeneratedSuite::Lattice, |op| is_unsupported(op).then(crash));
    let exchanges: Vec<_> = report.script_runs.iter().flat_map(|it| &it.exchanges).collect();
    let unsupported = exchanges.iter().filter(|it| matches!(it.verdict, Verdict::Unsupported(_)));
    assert_eq!(unsupported.count(), 1);
    let judged = exchanges.iter().filter(|it| matches!(it.verdict, Verdict::Conforms(_)));
    // One exchange is unsupported, and one reports the operations skipped because of it.
    assert_eq!(judged.count() + 2, exchanges.len());
    assert_eq!(Coverage::of(&report.script_runs).sets.len(), SETS / 2);
}

#[test]
fn every_suite_ends_on_an_endpoint_that_only_crashes_refuses_or_accepts() {
    let crash = |_: &Operation| Some(Response::failed(FailureKind::Crash, "HTTP 500: HTML"));
    let refuse = |_: &Operation| {
        let (http, code, message) = (403, "NoSuchEntity".to_owned(), None);
        Some(Response::Refused { http, code, message })
    };
    let accept = |_: &Operation| Some(Response::SUCCESS);
    for suite in ALL {
        let operations = operation_count(suite);
        for report in [run_with(suite, crash), run_with(suite, refuse), run_with(suite, accept)] {
            // The requests for shrinking and cleanup are bounded, too.
            assert!(
                report.requests < operations * 20 + 100_000,
                "{}: {}",
                suite.name(),
                report.requests
            );
        }
    }
}

#[test]
fn a_suite_that_makes_no_progress_ends_and_reports_skipped_operations() {
    let never_deletes =
        |op: &Operation| matches!(op, Operation::DeleteUser(_)).then_some(Response::SUCCESS);
    let mut reports = vec![
        run_with(GeneratedSuite::Lattice, never_deletes),
        run_with(GeneratedSuite::Tour, never_deletes),
    ];
    for name in
        ["EnableMFADevice/carried-out is refused", "CreateAccessKey/carried-out does nothing"]
    {
        let Some(mutant) = Mutant::find(name) else { panic!("{name}") };
        for observe in [ObserveMode::Each, ObserveMode::End] {
            let suite = Suite::new(Vec::new())
                .with_generated(vec![GeneratedSuite::Lattice])
                .with_observe_mode(observe);
            let mut reference = Reference::with_mutant(mutant.clone());
            reports.push(suite.run(&mut reference, &mut |_| (), &|| false));
        }
    }
    for report in reports {
        let exchanges = report.script_runs.iter().flat_map(|it| &it.exchanges);
        let skipped = exchanges.filter(|it| matches!(it.verdict, Verdict::Skipped(_))).count();
        let sets = Coverage::of(&report.script_runs).sets.len();
        assert!(skipped > 0 || sets == SETS, "{sets}");
    }
}

/// Deletes a user together with everything it holds.
struct CascadingDelete(Reference);

impl Endpoint for CascadingDelete {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.0.enter_new_namespace()
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.0.enter_namespace(space);
    }

    fn execute(&mut self, op: &Operation) -> Response {
        if let Operation::DeleteUser(user) = *op {
            for kind in AttachmentKind::blockers() {
                let listed = self.0.execute(&Operation::List(user, kind));
                let items = match listed {
                    Response::Success(Some(listing)) => {
                        listing.items.iter().filter_map(|(it, _)| it.item(kind)).collect()
                    }
                    Response::Success(None) => vec![Item(0)],
                    _ => Vec::new(),
                };
                for item in items {
                    self.0.execute(&Operation::Detach(user, kind, item));
                }
            }
        }
        self.0.execute(op)
    }

    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.0.assign_symbol(kind, name)
    }
}

#[test]
fn one_wrong_deletion_does_not_hide_another() {
    for suite in [GeneratedSuite::Lattice, GeneratedSuite::Tour] {
        let suite = Suite::new(Vec::new()).with_generated(vec![suite]);
        let report = suite.run(&mut CascadingDelete(Reference::default()), &mut |_| (), &|| false);
        let mut found: Vec<String> =
            findings(&report.script_runs).iter().map(|it| it.rule().id()).collect();
        found.sort();
        let mut rules: Vec<String> = AttachmentKind::blockers()
            .map(|kind| format!("DeleteUser/holds-{}", kind.row().name))
            .collect();
        rules.sort();
        assert_eq!(found, rules);
    }
}

#[test]
fn one_action_with_unreadable_responses_does_not_stop_the_run() {
    let creates_device =
        |op: &Operation| op.action().is_some_and(|it| it.api == "CreateVirtualMFADevice");
    let unreadable = Response::failed(FailureKind::Unreadable, "HTTP 200: HTML");
    let mut endpoint = Override(Reference::default(), |op: &Operation| {
        creates_device(op).then(|| unreadable.clone())
    });
    let suite = Suite::new(iamspec_conformance::script::corpus::built_in_scripts().unwrap());
    let report = suite.run(&mut endpoint, &mut |_| (), &|| false);
    assert_eq!(report.end_reason, None);
    let conforms = |it: &&iamspec_conformance::Exchange| matches!(it.verdict, Verdict::Conforms(_));
    let exchanges = report.script_runs.iter().flat_map(|it| &it.exchanges);
    assert!(exchanges.filter(conforms).count() > 1000);
}
