//! The reference and its hand-written mutants, run with the scripts.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iamspec_conformance::results::findings;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Mutant, Reference, Report, Response, Script, Suite, Verdict};

fn scripts() -> Vec<Script> {
    built_in_scripts().unwrap()
}

fn run(reference: &mut Reference) -> Report {
    Suite::new(scripts()).run(reference, &mut |_| (), &|| false)
}

#[test]
fn the_reference_responds_as_the_scripts_expect() {
    for replay in run(&mut Reference::default()).script_runs {
        for (step, exchange) in replay.script.steps.iter().zip(&replay.exchanges) {
            let Some(expected) = &step.response else { continue };
            let observed = exchange.response.as_ref().unwrap();
            assert!(
                agrees(expected, observed),
                "{}: {} returned {observed:?}",
                replay.script.name,
                iamspec_conformance::script::print::operation(&step.operation)
            );
        }
    }
}

/// Whether a response matches the one in a script, which may omit the message or the listing.
fn agrees(expected: &Response, observed: &Response) -> bool {
    match (expected, observed) {
        (Response::Success(None), Response::Success(_)) => true,
        (
            Response::Refused { http, code, message: None },
            Response::Refused { http: h, code: c, .. },
        ) => (http, code) == (h, c),
        _ => expected == observed,
    }
}

#[test]
fn the_reference_conforms_and_every_resource_is_deleted() {
    let mut reference = Reference::default();
    let report = run(&mut reference);
    for exchange in report.script_runs.iter().flat_map(|it| &it.exchanges) {
        assert!(matches!(exchange.verdict, Verdict::Conforms(_)), "{exchange:?}");
    }
    assert!(report.not_deleted.is_empty() && reference.is_empty());
}

#[test]
fn every_mutant_is_found_by_the_rule_it_breaks() {
    for mutant in Mutant::hand_written() {
        let mut reference = Reference::with_mutant(mutant.clone());
        let found = findings(&run(&mut reference).script_runs);
        let broken: Vec<String> = found.iter().map(|it| it.rule().id()).collect();
        assert!(
            broken.contains(&mutant.shown_by),
            "{} is not found by {}, but by {broken:?}",
            mutant.name,
            mutant.shown_by
        );
    }
}

/// The rule that no script reaches needs five thousand users. The tests of `serve --quota` cover
/// it.
#[test]
fn every_rule_but_one_is_reached_by_a_script() {
    let report = run(&mut Reference::default());
    let exchanges = report.script_runs.iter().flat_map(|it| &it.exchanges);
    let reached: Vec<_> = exchanges.flat_map(|it| &it.in_force).collect();
    let missing: Vec<String> = iamspec_model::rules()
        .filter(|rule| !reached.contains(&rule))
        .map(|rule| rule.id())
        .collect();
    assert_eq!(missing, ["CreateUser/account-full"]);
}

#[test]
fn the_first_scripts_test_every_kind_in_at_most_thirty_requests() {
    let suite = Suite::new(scripts());
    let alone = suite.scripts().iter().take_while(|it| it.name.starts_with("delete-user/alone/"));
    let cost: usize = alone.clone().map(|it| it.steps.len()).sum();
    assert!(alone.count() == 9 && cost <= 30, "{cost}");
}
