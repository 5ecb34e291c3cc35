//! The model in memory against the hand-written scripts, and mutants of it against the judge.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iamspec_conformance::results::findings;
use iamspec_conformance::script::corpus::ours;
use iamspec_conformance::{Mutant, Reference, Report, Response, Script, Suite, Verdict};

fn scripts() -> Vec<Script> {
    ours().unwrap()
}

fn run(reference: &mut Reference) -> Report {
    Suite::new(scripts()).run(reference, &mut |_| (), &|| false)
}

#[test]
fn the_reference_answers_as_the_authors_of_the_scripts_say() {
    for replay in run(&mut Reference::default()).replays {
        for (step, exchange) in replay.script.steps.iter().zip(&replay.exchanges) {
            let Some(expected) = &step.answer else { continue };
            let observed = exchange.observed.as_ref().unwrap();
            assert!(
                agrees(expected, observed),
                "{}: {} answered {observed:?}",
                replay.script.name,
                iamspec_conformance::script::print::operation(&step.operation)
            );
        }
    }
}

/// A script says as much of an answer as its idea needs: a text or a listing may be left out.
fn agrees(expected: &Response, observed: &Response) -> bool {
    match (expected, observed) {
        (Response::Done(None), Response::Done(_)) => true,
        (
            Response::Refused { http, code, message: None },
            Response::Refused { http: h, code: c, .. },
        ) => (http, code) == (h, c),
        _ => expected == observed,
    }
}

#[test]
fn every_answer_of_the_reference_conforms_and_nothing_is_left() {
    let mut reference = Reference::default();
    let report = run(&mut reference);
    for exchange in report.replays.iter().flat_map(|it| &it.exchanges) {
        assert!(matches!(exchange.verdict, Verdict::Conforms(_)), "{exchange:?}");
    }
    assert!(report.kept.is_empty() && reference.is_empty());
}

#[test]
fn every_mutant_is_caught_by_the_rule_it_breaks() {
    for mutant in Mutant::all() {
        let mut reference = Reference::mutated(mutant.clone());
        let found = findings(&run(&mut reference).replays);
        let named: Vec<String> = found.iter().map(|it| it.rule().id()).collect();
        assert!(
            named.contains(&mutant.shows),
            "{} is not caught by {}, but by {named:?}",
            mutant.name,
            mutant.shows
        );
    }
}

/// The only rule that no script reaches needs five thousand users; `serve --quota` is tested for it.
#[test]
fn every_rule_but_one_is_reached_by_a_script() {
    let report = run(&mut Reference::default());
    let exchanges = report.replays.iter().flat_map(|it| &it.exchanges);
    let reached: Vec<_> = exchanges.flat_map(|it| &it.in_force).collect();
    let missing: Vec<String> = iamspec_model::rules()
        .filter(|rule| !reached.contains(&rule))
        .map(|rule| rule.id())
        .collect();
    assert_eq!(missing, ["CreateUser/account-full"]);
}

#[test]
fn the_first_wrong_deletions_cost_at_most_thirty_requests() {
    let suite = Suite::new(scripts());
    let alone = suite.scripts().iter().take_while(|it| it.name.starts_with("delete-user/alone/"));
    let cost: usize = alone.clone().map(|it| it.steps.len()).sum();
    assert!(alone.count() == 9 && cost <= 30, "{cost}");
}
