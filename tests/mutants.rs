//! Over HTTP, a finding names the rule that a mutant breaks.

use iamspec_conformance::Mutant;
use iamspec_conformance::results::findings;

#[test]
fn every_mutant_is_killed_over_http_by_the_rule_it_breaks() {
    for mutant in Mutant::all() {
        let server = super::server(Some(mutant.clone()));
        let report = super::run(&mut super::client(&server.url()));
        let named: Vec<String> =
            findings(&report.replays).iter().map(|it| it.rule().id()).collect();
        assert!(named.contains(&mutant.shows), "{}: {named:?}", mutant.name);
    }
}

#[test]
fn a_mutant_that_forgets_a_kind_is_killed_only_by_the_rule_of_that_kind() {
    for mutant in Mutant::all().filter(|it| it.name.starts_with("forgets-")) {
        let server = super::server(Some(mutant.clone()));
        let report = super::run(&mut super::client(&server.url()));
        for finding in findings(&report.replays) {
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
        let named: Vec<String> =
            findings(&report.replays).iter().map(|it| it.rule().id()).collect();
        assert_eq!(named, [mutant.rule], "{}", mutant.name);
    }
}
