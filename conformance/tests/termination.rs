//! Every suite ends on any endpoint, within a limit of calls, and states what it has tested.
//!
//! The endpoints are 27 variants of the reference: for each kind that blocks deletion, the call that
//! attaches it is refused, or missing, or `DeleteUser` succeeds although the user holds it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::generate::kind_set::KindSet;
use iamspec_conformance::results::coverage::{Coverage, PAIRS, SETS};
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Endpoint, Mutant, Reference, Report, Response, Suite, Verdict};
use iamspec_model::{AttachmentKind, Item, Operation};

const GENERATED: [GeneratedSuite; 5] = [
    GeneratedSuite::Lattice,
    GeneratedSuite::Pairs,
    GeneratedSuite::Drain,
    GeneratedSuite::Tour,
    GeneratedSuite::Random { seed: 1, calls: 2000 },
];

/// How a variant treats its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    AttachRefused,
    AttachMissing,
    WrongDeletion,
}

const FAULTS: [Fault; 3] = [Fault::AttachRefused, Fault::AttachMissing, Fault::WrongDeletion];

fn mutant(fault: Fault, kind: AttachmentKind) -> Mutant {
    let api = kind.row().attach.api;
    let name = match fault {
        Fault::AttachRefused => format!("{api}/carried-out is refused"),
        Fault::AttachMissing => format!("without:{api}"),
        Fault::WrongDeletion => format!("forgets-{}", kind.row().name),
    };
    Mutant::find(&name).unwrap()
}

fn variants() -> impl Iterator<Item = (Fault, AttachmentKind)> {
    FAULTS.into_iter().flat_map(|it| AttachmentKind::blockers().map(move |kind| (it, kind)))
}

fn run(suite: &Suite, endpoint: &mut dyn Endpoint) -> Report {
    suite.run(endpoint, &mut |_| (), &|| false)
}

fn calls(report: &Report) -> usize {
    report.script_runs.iter().map(|it| it.exchanges.len()).sum()
}

fn generated(suite: GeneratedSuite) -> Suite {
    Suite::new(Vec::new()).with_generated(vec![suite])
}

/// The number of calls that a run may make if it announces this number.
fn limit(announced: usize) -> usize {
    announced * 13 / 10
}

#[test]
fn every_generated_suite_ends_on_every_variant_and_reaches_what_exists() {
    let mut wrong = Vec::new();
    for suite in GENERATED {
        let planned = generated(suite).size(&mut Reference::default()).calls;
        // An endpoint that deletes a user wrongly needs more calls to reach every set.
        let is_lattice = suite == GeneratedSuite::Lattice;
        let announced = if is_lattice { suite.max_operations() } else { planned };
        // The tour is long: it runs on some variants of each fault.
        let step = if suite == GeneratedSuite::Tour { 4 } else { 1 };
        for (fault, kind) in variants().step_by(step) {
            let mut endpoint = Reference::with_mutant(mutant(fault, kind));
            let report = run(&generated(suite), &mut endpoint);
            let variant = format!("{} {fault:?} {kind:?}", suite.name());
            let (calls, requests) = (calls(&report), report.requests);
            if report.end_reason.is_some() || calls > limit(announced) {
                wrong.push(format!("{variant}: {calls} calls of {announced}"));
            }
            if requests > limit(announced) + 2_000 {
                wrong.push(format!("{variant}: {requests} requests for {announced} calls"));
            }
            if !report.not_deleted.is_empty() || !endpoint.is_empty() {
                wrong.push(format!("{variant}: {:?}", report.not_deleted));
            }
            let coverage = Coverage::of(&report.script_runs);
            let is_attachable = fault == Fault::WrongDeletion;
            let (sets, pairs) = if is_attachable { (SETS, PAIRS) } else { (SETS / 2, PAIRS - 16) };
            let is_reached = match suite {
                GeneratedSuite::Lattice | GeneratedSuite::Tour => coverage.sets.len() == sets,
                GeneratedSuite::Pairs => coverage.pairs.len() == pairs,
                GeneratedSuite::Drain | GeneratedSuite::Random { .. } => true,
            };
            if !is_reached {
                wrong.push(format!(
                    "{variant}: {} sets, {} pairs",
                    coverage.sets.len(),
                    coverage.pairs.len()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_limits_are_above_what_a_conforming_endpoint_needs() {
    for suite in GENERATED {
        let calls = generated(suite)
            .with_observe_mode(ObserveMode::Off)
            .size(&mut Reference::default())
            .calls;
        let most = suite.max_operations();
        let is_limited = most <= limit(calls) || suite == GeneratedSuite::Lattice;
        let is_random = matches!(suite, GeneratedSuite::Random { .. });
        assert!(is_random || calls < most && is_limited, "{}: {calls}, {most}", suite.name());
    }
}

#[test]
fn every_suite_of_scripts_has_nine_results_on_every_variant() {
    let all = built_in_scripts().unwrap();
    let alone = all.iter().filter(|it| it.name.starts_with("delete-user/alone/")).cloned();
    for scripts in [alone.collect(), all.clone()] {
        let suite = Suite::new(scripts);
        let announced = suite.size(&mut Reference::default()).calls;
        for (fault, kind) in variants() {
            let report = run(&suite, &mut Reference::with_mutant(mutant(fault, kind)));
            assert!(report.end_reason.is_none() && calls(&report) <= limit(announced));
            for other in AttachmentKind::blockers() {
                let verdicts = verdicts_of_kind(&report, other);
                let expected = match (fault, other == kind) {
                    (_, false) => verdicts.iter().all(|it| matches!(it, Verdict::Conforms(_))),
                    (Fault::WrongDeletion, true) => {
                        verdicts.iter().all(|it| matches!(it, Verdict::Diverges(_)))
                    }
                    // The user never holds the kind.
                    (Fault::AttachRefused, true) => verdicts.is_empty(),
                    (Fault::AttachMissing, true) => {
                        !verdicts.is_empty() && verdicts.iter().all(|it| *it == missing(kind))
                    }
                };
                let is_counted = !verdicts.is_empty() || fault == Fault::AttachRefused;
                assert!(expected && is_counted, "{fault:?} {kind:?}: {other:?} {verdicts:?}");
            }
        }
    }
}

/// The verdict on a line that needs the missing action.
fn missing(kind: AttachmentKind) -> Verdict {
    Verdict::Skipped(format!("needs {}", kind.row().attach.api))
}

/// The verdicts on the calls that the rule about one kind alone decides.
fn verdicts_of_kind(report: &Report, kind: AttachmentKind) -> Vec<Verdict> {
    let rule = format!("DeleteUser/holds-{}", kind.row().name);
    let exchanges = report.script_runs.iter().flat_map(|it| &it.exchanges);
    let of_kind =
        exchanges.filter(|it| it.in_force.len() == 1 && it.in_force.first().unwrap().id() == rule);
    of_kind.map(|it| it.verdict.clone()).collect()
}

/// The reference with overridden responses. The function may change the account first.
struct Override<F>(Reference, F);

impl<F: FnMut(&mut Reference, &Operation) -> Option<Response>> Endpoint for Override<F> {
    fn enter_new_namespace(&mut self) -> iamspec_conformance::endpoint::Namespace {
        self.0.enter_new_namespace()
    }

    fn enter_namespace(&mut self, space: iamspec_conformance::endpoint::Namespace) {
        self.0.enter_namespace(space);
    }

    fn execute(&mut self, op: &Operation) -> Response {
        (self.1)(&mut self.0, op).unwrap_or_else(|| self.0.execute(op))
    }

    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.0.assign_symbol(kind, name)
    }
}

fn refused() -> Response {
    Response::Refused { http: 400, code: "MalformedInput".to_owned(), message: None }
}

type Behavior = fn(&mut Reference, &Operation) -> Option<Response>;

/// Endpoints that can attach every kind, and are wrong in another way.
const ATTACHING: [(&str, Behavior); 6] = [
    ("deletes nothing", |_, op| matches!(op, Operation::DeleteUser(_)).then(refused)),
    ("detaches nothing", |_, op| matches!(op, Operation::Detach(..)).then(refused)),
    ("crashes on every detach", |_, op| {
        let crash = || Response::failed(iamspec_conformance::response::FailureKind::Crash, "500");
        matches!(op, Operation::Detach(..)).then(crash)
    }),
    ("deletes what it refuses to delete", |reference, op| {
        let Operation::DeleteUser(user) = *op else { return None };
        let response = reference.execute(op);
        delete_with_items(reference, user);
        Some(response)
    }),
    ("deletes everything", |reference, op| {
        let Operation::DeleteUser(user) = *op else { return None };
        delete_with_items(reference, user);
        Some(Response::SUCCESS)
    }),
    ("lists nothing", |_, op| matches!(op, Operation::List(..)).then(refused)),
];

fn delete_with_items(reference: &mut Reference, user: iamspec_model::User) {
    for kind in AttachmentKind::blockers() {
        let Response::Success(Some(listing)) = reference.execute(&Operation::List(user, kind))
        else {
            reference.execute(&Operation::Detach(user, kind, Item(0)));
            continue;
        };
        for item in listing.items.iter().filter_map(|(it, _)| it.item(kind)) {
            reference.execute(&Operation::Detach(user, kind, item));
        }
    }
    reference.execute(&Operation::DeleteUser(user));
}

#[test]
fn every_set_is_reached_on_an_endpoint_that_can_attach_the_nine_kinds() {
    for (name, behavior) in ATTACHING {
        let report =
            run(&generated(GeneratedSuite::Lattice), &mut Override(Reference::default(), behavior));
        let reached = Coverage::of(&report.script_runs).sets;
        let calls = calls(&report);
        let missing: Vec<KindSet> =
            KindSet::by_size().into_iter().filter(|it| !reached.contains(it)).collect();
        assert!(missing.is_empty(), "{name}: {calls} calls, {} missing", missing.len());
        assert!(calls <= limit(GeneratedSuite::Lattice.max_operations()), "{name}: {calls}");
    }
}
