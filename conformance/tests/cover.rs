//! Coverage, and the cover suite: a rule counts if it alone decides, and the cover suite finds what
//! all scripts find.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::mutation::cover::{covering_subset, tested_rules};
use iamspec_conformance::mutation::fate::{MutantFate, fate};
use iamspec_conformance::results::coverage::{Coverage, CoverageTarget, TargetStatus};
use iamspec_conformance::results::findings;
use iamspec_conformance::results::undecidable::undecidable;
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::script::parse;
use iamspec_conformance::{Mutant, Reference, Report, Suite};
use iamspec_model::rules;
use iamspec_model::tables::precedence::decisive_rule;

fn run(suite: &Suite, mut endpoint: Reference) -> Report {
    suite.run(&mut endpoint, &mut |_| (), &|| false)
}

fn is_killed(suite: &Suite, mutant: &Mutant) -> bool {
    let report = run(suite, Reference::with_mutant(mutant.clone()));
    matches!(fate(mutant, &report), MutantFate::Killed(_))
}

static ALL: LazyLock<Suite> = LazyLock::new(|| Suite::new(built_in_scripts().unwrap()));

static COVER: LazyLock<Suite> =
    LazyLock::new(|| Suite::new(covering_subset(built_in_scripts().unwrap())));

/// The names of the tested rules or outcomes.
fn tested(targets: &[CoverageTarget]) -> BTreeSet<String> {
    let tested = targets.iter().filter(|it| it.status == TargetStatus::Tested);
    tested.map(|it| it.name.clone()).collect()
}

/// The status of a rule after a script has run on the reference without additional reads.
fn status_after(script: &str, rule: &str) -> TargetStatus {
    let script = parse::parse("a", script).unwrap();
    let suite = Suite::new(vec![script]).with_observe_mode(ObserveMode::Off);
    let coverage = Coverage::of(&run(&suite, Reference::default()).script_runs);
    coverage.rules.iter().find(|it| it.name == rule).unwrap().status
}

#[test]
fn the_cover_suite_kills_every_mutant_that_the_scripts_kill() {
    let mutants = Mutant::hand_written().chain(Mutant::systematic());
    let (mut killed, mut missed) = (0, Vec::new());
    for mutant in mutants.filter(|it| !it.deviation.is_wire_format()) {
        if is_killed(&COVER, &mutant) {
            killed += 1;
        } else if is_killed(&ALL, &mutant) {
            missed.push(mutant.name);
        }
    }
    assert!(missed.is_empty(), "killed by all scripts only:\n{}", missed.join("\n"));
    assert!(killed > 900, "{killed}");
}

#[test]
fn the_cover_suite_detects_every_forgotten_kind() {
    for mutant in Mutant::hand_written().filter(|it| it.name.starts_with("forgets-")) {
        let report = run(&COVER, Reference::with_mutant(mutant.clone()));
        let found = findings(&report.script_runs);
        let is_shown = found.iter().any(|it| it.rule().id() == mutant.shown_by);
        assert!(is_shown, "{}", mutant.name);
    }
}

#[test]
fn the_cover_suite_tests_what_all_scripts_test_and_is_smaller() {
    let of_all = Coverage::of(&run(&ALL, Reference::default()).script_runs);
    let of_cover = Coverage::of(&run(&COVER, Reference::default()).script_runs);
    assert_eq!(of_all.rules, of_cover.rules);
    assert_eq!(of_all.outcomes, of_cover.outcomes);
    let size = |suite: &Suite| suite.size(&mut Reference::default()).calls;
    assert!(size(&COVER) * 4 < size(&ALL) * 3, "{} of {}", size(&COVER), size(&ALL));
}

#[test]
fn the_scripts_test_every_rule_and_outcome_that_a_call_can_test() {
    let coverage = Coverage::of(&run(&ALL, Reference::default()).script_runs);
    let is_open = |it: &&CoverageTarget| {
        !matches!(it.status, TargetStatus::Tested | TargetStatus::Undecidable(_))
    };
    let open: Vec<_> = coverage.rules.iter().chain(&coverage.outcomes).filter(is_open).collect();
    assert!(open.is_empty(), "{open:#?}");
}

/// A rule in the list would be excused from being tested.
#[test]
fn no_call_tests_a_rule_that_is_listed_as_undecidable() {
    let generated = vec![
        GeneratedSuite::Drain,
        GeneratedSuite::Pairs,
        GeneratedSuite::Tour,
        GeneratedSuite::Random { seed: 7, calls: 20_000 },
    ];
    let suite = Suite::new(built_in_scripts().unwrap()).with_generated(generated);
    let report = run(&suite, Reference::default());
    let exchanges = report.script_runs.iter().flat_map(|it| &it.exchanges);
    let decisive: BTreeSet<String> =
        exchanges.filter_map(|it| decisive_rule(&it.in_force)).map(|rule| rule.id()).collect();
    let listed: Vec<_> = rules().filter(|it| undecidable(*it).is_some()).collect();
    assert!((40..60).contains(&listed.len()), "{}", listed.len());
    for rule in listed {
        assert!(!decisive.contains(&rule.id()), "{}", rule.id());
    }
}

#[test]
fn a_rule_that_another_one_hides_is_not_tested() {
    let alone = "CreateUser u0\nPutUserPolicy u0 i0\nDeleteUser u0\n";
    let hidden = "CreateUser u0\nPutUserPolicy u0 i0\nCreateAccessKey u0 key#0\nDeleteUser u0\n";
    let rule = "DeleteUser/holds-inline-policy";
    assert_eq!(status_after(alone, rule), TargetStatus::Tested);
    assert_eq!(status_after(hidden, rule), TargetStatus::NotAlone);
    assert_eq!(status_after("CreateUser u0\n", rule), TargetStatus::NotReached);
}

/// The login profile takes precedence over the access key by a reported order.
#[test]
fn a_rule_that_takes_precedence_decides_alone() {
    let script = "CreateUser u0\nCreateLoginProfile u0\nCreateAccessKey u0 key#0\nDeleteUser u0\n";
    assert_eq!(status_after(script, "DeleteUser/holds-login-profile"), TargetStatus::Tested);
    assert_eq!(status_after(script, "DeleteUser/holds-access-key"), TargetStatus::NotAlone);
}

#[test]
fn a_success_is_tested_only_if_a_later_call_shows_its_effect() {
    let rule = "DeleteUser/carried-out";
    let unread = "CreateUser u0\nDeleteUser u0\n";
    assert_eq!(status_after(unread, rule), TargetStatus::EffectNotShown);
    for shows in ["GetUser u0\n", "CreateUser u0\n", "ListUserTags u0\n"] {
        assert_eq!(status_after(&(unread.to_owned() + shows), rule), TargetStatus::Tested);
    }
    let unrelated = unread.to_owned() + "CreateUser u1\nGetUser u1\n";
    assert_eq!(status_after(&unrelated, rule), TargetStatus::EffectNotShown);
}

/// Coverage is a property of the calls, so a defect does not lower it.
#[test]
fn an_effect_that_a_wrong_response_denies_is_tested() {
    let conforming = Coverage::of(&run(&ALL, Reference::default()).script_runs);
    for name in ["delete-is-lost", "key-deletion-is-lost", "status-is-lost"] {
        let mutant = Mutant::find(name).unwrap();
        let rule = mutant.rule.clone();
        let coverage = Coverage::of(&run(&ALL, Reference::with_mutant(mutant)).script_runs);
        assert!(tested(&conforming.rules).contains(&rule), "{name}");
        assert!(tested(&coverage.rules).contains(&rule), "{name}");
    }
}

#[test]
fn a_script_tests_only_what_it_alone_decides() {
    let script = "CreateUser u0\nCreateAccessKey u0 key#0\nPutUserPolicy u0 i0\nDeleteUser u0\n";
    let rules = tested_rules(&parse::parse("a", script).unwrap());
    assert!(rules.contains(&"CreateAccessKey/carried-out".to_owned()), "{rules:?}");
    assert!(!rules.iter().any(|it| it.starts_with("DeleteUser/")), "{rules:?}");
}
