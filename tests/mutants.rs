//! Over HTTP, a finding names the rule that a mutant breaks.

use iamspec_conformance::Mutant;
use iamspec_conformance::oracle::wire::PAGE_SIZE;
use iamspec_conformance::results::findings;

#[test]
fn every_mutant_is_killed_over_http_by_the_rule_it_breaks() {
    for mutant in Mutant::hand_written() {
        let server = super::server(Some(mutant.clone()));
        let report = super::run(&mut super::client(&server.url()));
        let named: Vec<String> =
            findings(&report.script_runs).iter().map(|it| it.rule().id()).collect();
        assert!(named.contains(&mutant.shown_by), "{}: {named:?}", mutant.name);
    }
}

#[test]
fn a_mutant_that_forgets_a_kind_is_killed_only_by_the_rule_of_that_kind() {
    for mutant in Mutant::hand_written().filter(|it| it.name.starts_with("forgets-")) {
        let server = super::server(Some(mutant.clone()));
        let report = super::run(&mut super::client(&server.url()));
        for finding in findings(&report.script_runs) {
            assert_eq!(finding.rule().id(), mutant.rule, "{}", mutant.name);
        }
    }
}

/// Listings have pages only over HTTP.
#[test]
fn a_lost_or_repeated_page_is_detected_over_http() {
    let pages = Mutant::systematic().filter(|it| {
        it.rule.starts_with("ListUserTags/") && it.rule.ends_with("/max-items-one-by-one")
    });
    let mutants: Vec<Mutant> = pages.collect();
    assert_eq!(mutants.len(), 2);
    for mutant in mutants {
        let server = super::server(Some(mutant.clone()));
        let report = super::run(&mut super::client(&server.url()));
        // A page with a repeated item is also longer than the request asks for.
        let found = findings(&report.script_runs).into_iter();
        let named: Vec<String> = found
            .filter(|it| it.divergence.wire_rule.is_none_or(|it| *it != PAGE_SIZE))
            .map(|it| it.rule_id())
            .collect();
        assert_eq!(named, [mutant.rule], "{}", mutant.name);
    }
}

#[test]
fn the_cover_suite_detects_a_kind_that_another_one_would_hide() {
    let run = ["run", "--suite", "cover", "--mutant", "forgets-inline-policy"];
    let output = super::command(&run).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", super::stderr(&output));
    assert!(super::stdout(&output).contains("DeleteUser/holds-inline-policy"));
}

#[test]
fn mutants_of_the_cover_suite_are_reported_with_its_size() {
    let mutants = ["mutants", "--suite", "cover", "--in-memory", "DeleteUser/holds-*"];
    let output = super::command(&mutants).output().unwrap();
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains(" scripts, ") && text.contains(" 0 undetected"), "{text}");
}
