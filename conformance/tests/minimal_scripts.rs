//! Findings have minimal scripts, and name the earlier call that causes them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::Cell;

use iamspec_conformance::mutation::cause::cause;
use iamspec_conformance::results::known_failures::KnownFailures;
use iamspec_conformance::results::shrink::Minimization;
use iamspec_conformance::results::{findings_with, take_minimal_scripts};
use iamspec_conformance::runner::{Budget, EndReason};
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::script::parse::parse;
use iamspec_conformance::script::print;
use iamspec_conformance::{Finding, Mutant, Origin, Reference, Report, Script, Suite};

/// A script whose finding needs three of its calls.
const LONG: &str = "# A finding among other calls.
CreateUser u0
CreateUser u1
CreateAccessKey u0 key#0
TagUser u0 t0
CreateLoginProfile u1
DeleteUser u0
ListUsers
";

fn script(name: &str, text: &str) -> Script {
    parse(name, text).unwrap()
}

fn mutant(name: &str) -> Reference {
    Reference::with_mutant(Mutant::find(name).unwrap())
}

fn run(suite: &Suite, endpoint: &mut Reference) -> Report {
    suite.run(endpoint, &mut |_| (), &|| false)
}

fn findings(report: &Report) -> Vec<Finding> {
    let known_failures = KnownFailures::default();
    let mut found = findings_with(&report.script_runs, &known_failures);
    take_minimal_scripts(&mut found, &report.minimal_runs, &known_failures);
    found
}

fn of_scripts() -> Minimization {
    Minimization { of_scripts: true, ..Minimization::default() }
}

fn calls(finding: &Finding) -> Vec<String> {
    finding.history.steps.iter().map(|it| print::operation(&it.operation)).collect()
}

#[test]
fn the_finding_of_a_written_script_gets_a_minimal_one() {
    let suite = Suite::new(vec![script("long", LONG)]);
    let minimal = ["CreateUser u0", "CreateAccessKey u0 key#0", "DeleteUser u0"];
    let report = run(&suite, &mut mutant("forgets-access-key"));
    assert_eq!(calls(&findings(&report)[0]).len(), 6);
    assert_eq!(report.shortened.operations, 0);

    let suite = suite.with_minimization(of_scripts());
    let mut endpoint = mutant("forgets-access-key");
    let report = run(&suite, &mut endpoint);
    let found = findings(&report);
    assert_eq!(
        (calls(&found[0]), found[0].origin),
        (minimal.map(str::to_owned).into(), Origin::Written)
    );
    assert_eq!((report.shortened.scripts, report.shortened.left_as_they_are), (1, 0));
    assert!(report.shortened.operations > 3, "{:?}", report.shortened);
    assert!(endpoint.is_empty(), "what the attempts have created is deleted");
}

#[test]
fn a_minimal_script_is_no_second_script_and_known_failures_are_left_alone() {
    let minimal =
        script("minimal", "# Minimal.\nCreateUser u0\nCreateAccessKey u0 key#0\nDeleteUser u0\n");
    let suite = Suite::new(vec![minimal]).with_minimization(of_scripts());
    let report = run(&suite, &mut mutant("forgets-access-key"));
    assert_eq!((report.minimal_runs.len(), report.shortened.scripts), (0, 0));

    let known = "[[known-failure]]\nrule = \"DeleteUser/holds-access-key\"\nreason = \"known\"\n";
    let known_failures: KnownFailures = KnownFailures::parse(known).unwrap();
    let suite = Suite::new(vec![script("long", LONG)])
        .with_minimization(Minimization { known_failures, ..of_scripts() });
    let report = run(&suite, &mut mutant("forgets-access-key"));
    assert_eq!((report.shortened.operations, report.shortened.left_as_they_are), (0, 0));
}

#[test]
fn a_finding_is_shortened_after_the_budget_and_not_after_a_stop() {
    let suite = Suite::new(vec![script("long", LONG)]).with_minimization(of_scripts());
    let suite = suite.with_budget(Some(Budget::Requests(7)));
    let report = run(&suite, &mut mutant("forgets-access-key"));
    assert_eq!(report.end_reason, Some(EndReason::BudgetUsedUp));
    assert_eq!(calls(&findings(&report)[0]).len(), 3);

    let sent = Cell::new(0);
    let report =
        suite.run(&mut mutant("forgets-access-key"), &mut |it| sent.set(it), &|| sent.get() >= 7);
    assert_eq!(report.end_reason, Some(EndReason::Stopped));
    assert_eq!(report.shortened.operations, 0);
}

#[test]
fn the_operations_that_shorten_scripts_have_a_limit() {
    let minimization = Minimization { max_operations: 6, ..of_scripts() };
    let suite = Suite::new(vec![script("long", LONG)]).with_minimization(minimization);
    let report = run(&suite, &mut mutant("forgets-access-key"));
    assert!((1..=6).contains(&report.shortened.operations), "{:?}", report.shortened);
    // Nothing is left for a second finding.
    let scripts = ["one", "two"].map(|name| script(name, LONG));
    let minimization = Minimization { max_operations: 0, ..of_scripts() };
    let suite = Suite::new(scripts.into()).with_minimization(minimization);
    let report = run(&suite, &mut mutant("forgets-access-key"));
    assert_eq!((report.shortened.operations, report.shortened.left_as_they_are), (0, 1));
}

#[test]
fn a_read_is_not_blamed_for_what_an_earlier_call_did() {
    for (name, cause_is) in [
        ("UpdateUser/carried-out loses every SSH public key", "UpdateUser"),
        // A stale listing explains it too.
        ("key-deletion-is-lost", "none"),
        ("lists-no-groups", "none"),
        ("lists-policies-twice", "none"),
    ] {
        let report = run(&Suite::new(built_in_scripts().unwrap()), &mut mutant(name));
        let found = findings(&report);
        let reads = found.iter().filter(|it| it.history.steps.last().unwrap().operation.is_read());
        let causes: Vec<_> = reads
            .map(|it| (it.rule().id(), cause(it, &report.script_runs).map(|it| it.name.clone())))
            .collect();
        let named: Vec<_> = causes.iter().filter_map(|(_, it)| it.as_ref()).collect();
        assert_eq!(named.is_empty(), cause_is == "none", "{name}: {causes:#?}");
        assert!(named.iter().all(|it| it.starts_with(cause_is)), "{name}: {causes:#?}");
    }
}
