//! Frozen rule sets: the current one is complete, older ones do not change, and newer rules do not fail a run.

use std::collections::BTreeSet;

use iamspec_conformance::oracle::wire::WIRE_RULES;
use iamspec_conformance::results::known_failures::KnownFailures;
use iamspec_conformance::results::rule_set::RuleSet;
use iamspec_conformance::results::{Finding, Threshold, Totals, findings};
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Divergence, Mutant, Reference, Report, Suite, Tier};
use iamspec_harness::report::build::{ReportInput, build_report};
use iamspec_harness::report::events::{EndEvent, FindingStatus, RunHeader};
use iamspec_harness::report::file::{read, to_json_lines};
use iamspec_harness::report::format::markdown::markdown;
use iamspec_harness::report::format::style::Style;
use iamspec_harness::report::format::terminal::terminal;
use iamspec_harness::report::{FORMAT, RunReport};
use iamspec_model::Level;

const RULE: &str = "DeleteUser/holds-mfa-device";

/// The set of all rules, with this line instead of the one that begins with the same two words.
fn changed(line: &str) -> &'static RuleSet {
    let start = line.split_inclusive(' ').take(2).collect::<String>();
    let lines = RuleSet::of_program().lines().into_iter();
    let others: Vec<String> = lines.filter(|it| !format!("{it} ").starts_with(&start)).collect();
    assert!(others.len() < RuleSet::of_program().lines().len(), "no line begins with {start}");
    Box::leak(Box::new(RuleSet::default().extended("earlier", &(others.join("\n") + "\n" + line))))
}

/// A set without the line that begins with these two words.
fn without(start: &str) -> &'static RuleSet {
    changed(&format!("{start} "))
}

fn threshold(rules: &'static RuleSet) -> Threshold {
    Threshold { tier: Tier::Text, rules: Some(rules), ..Threshold::default() }
}

/// A run that deletes a user with an MFA device.
fn wrong_run() -> Report {
    let mut scripts = built_in_scripts().unwrap();
    scripts.retain(|it| it.name == "delete-user/alone/mfa-device");
    let mut endpoint = Reference::with_mutant(Mutant::find("forgets-mfa-device").unwrap());
    Suite::new(scripts).run(&mut endpoint, &mut |_| (), &|| false)
}

fn finding_of(report: &Report) -> Finding {
    let found = findings(&report.script_runs);
    assert_eq!(found.iter().map(Finding::rule_id).collect::<Vec<_>>(), [RULE]);
    found.into_iter().next().unwrap()
}

fn saved(report: &Report, threshold: Threshold) -> RunReport {
    let known = KnownFailures::default();
    let finding = finding_of(report);
    let input = ReportInput {
        header: RunHeader {
            format: FORMAT,
            rules: threshold.rules.map(|it| it.name.clone()),
            ..RunHeader::default()
        },
        findings: vec![(&finding, None, "iamspec run".to_owned())],
        threshold,
        remarks: Vec::new(),
        not_deleted: Vec::new(),
        known_failures: Vec::new(),
        known: &known,
        known_failure_errors: Vec::new(),
        totals: Totals::of(&report.script_runs, threshold, &known),
        endpoint_option: None,
        end: EndEvent { responded: true, ..EndEvent::default() },
    };
    build_report(report, input)
}

/// Every rule, level and script belongs to a set. A rule that is in a set stays: users name it in files of known
/// failures.
#[test]
fn the_current_rule_set_contains_every_rule_level_and_script() {
    let lines = |set: &RuleSet| set.lines().into_iter().collect::<BTreeSet<String>>();
    let (listed, program) = (lines(RuleSet::current()), lines(&RuleSet::of_program()));
    let new: Vec<&str> = program.difference(&listed).map(String::as_str).collect();
    assert!(
        new.is_empty(),
        "expected every rule, level and script in a rule set, and these are in none. Add the lines to the newest file \
         of conformance/rule-sets. If a release contains that file, begin a new one, named after the month, and list \
         it in `FILES` of conformance/src/results/rule_set.rs:\n{}",
        new.join("\n")
    );
    let gone: Vec<&str> = listed.difference(&program).map(String::as_str).collect();
    assert!(
        gone.is_empty(),
        "expected every rule and script of the rule sets to exist; keep their names, because files of known failures \
         contain them:\n{}",
        gone.join("\n")
    );
}

#[test]
fn a_finding_of_a_newer_rule_is_shown_and_does_not_count() {
    let report = wrong_run();
    let counted = saved(&report, threshold(RuleSet::current()));
    assert_eq!(counted.end.totals.unexpected, 1);
    assert_eq!(counted.findings[0].status, FindingStatus::Unexpected);
    let newer = saved(&report, threshold(without(&format!("rule {RULE}"))));
    assert_eq!((newer.end.totals.unexpected, newer.end.totals.below), (0, 1));
    let finding = &newer.findings[0];
    assert_eq!(
        (finding.status, finding.newer, &*finding.level),
        (FindingStatus::Below, true, "must")
    );
    let text = terminal(&newer, Style::none());
    assert!(text.contains("\nNewer than the rule set earlier\n"), "{text}");
    let line = "newer than the rule set earlier: 1 finding; without --rules they are shown in full and fail the run";
    assert!(text.contains(line), "{text}");
    assert!(markdown(&newer).contains("newer than the rule set earlier: 1 finding"));
    assert_eq!(newer.calls.iter().filter(|it| it.newer).count(), 1);
    assert_eq!(read(&to_json_lines(&newer).unwrap()).unwrap(), newer);
}

#[test]
fn a_stronger_level_counts_only_in_the_set_that_has_it() {
    let divergence = finding_of(&wrong_run()).divergence;
    let counts = |levels: &str| {
        threshold(changed(&format!("rule {RULE} DeleteConflict {levels}"))).includes(&divergence)
    };
    assert!(counts("must must should"));
    // The finding is about the status, so the level of the text has no effect on it.
    assert!(counts("must must open"));
    for levels in ["open open open", "should must should", "must info should"] {
        assert!(!counts(levels), "{levels}");
    }
    let of_text = Divergence { tier: Tier::Text, level: Level::Should, ..divergence };
    let should = |levels: &str| Threshold {
        level: Level::Should,
        ..threshold(changed(&format!("rule {RULE} DeleteConflict {levels}")))
    };
    assert!(should("must must should").includes(&of_text));
    assert!(!should("must must open").includes(&of_text));
}

#[test]
fn a_rule_that_had_another_response_does_not_count() {
    let divergence = finding_of(&wrong_run()).divergence;
    for expected in ["EntityAlreadyExists", "success"] {
        let set = changed(&format!("rule {RULE} {expected} must must must"));
        assert!(!threshold(set).includes(&divergence), "{expected}");
    }
}

#[test]
fn a_wire_rule_needs_its_own_line_and_a_known_action() {
    let rule = WIRE_RULES[0];
    let divergence = finding_of(&wrong_run()).divergence;
    let of_form =
        Divergence { tier: rule.tier, level: rule.level(), wire_rule: Some(rule), ..divergence };
    let counts = |set| Threshold { tier: Tier::Wire, ..threshold(set) }.includes(&of_form);
    assert_eq!(rule.level(), Level::Must);
    assert!(counts(RuleSet::current()));
    assert!(!counts(without(&format!("wire-rule {}", rule.name))));
    assert!(!counts(changed(&format!("wire-rule {} should", rule.name))));
    assert!(!counts(without(&format!("rule {RULE}"))));
}

#[test]
fn with_the_current_set_a_run_has_the_same_result_as_without() {
    let name = &RuleSet::current().name;
    let words =
        ["--mutant", "forgets-mfa-device", "--tier", "wire", "--level", "info", "delete-user/*"];
    let (without, code, _) = super::reports::run_report("rules-none", &words);
    let (with, code_with, text) =
        super::reports::run_report("rules-current", &[&["--rules", name], &words[..]].concat());
    assert_eq!((code, code_with), (Some(1), Some(1)), "{text}");
    assert_eq!(without.end.totals, with.end.totals);
    let statuses = |it: &RunReport| {
        it.findings.iter().map(|it| (it.rule.clone(), it.status)).collect::<Vec<_>>()
    };
    assert_eq!(statuses(&without), statuses(&with));
    assert_eq!(with.header.rules.as_ref(), Some(name));
    // The command that reproduces the finding repeats the option.
    assert!(
        with.findings[0].reproduce.contains(&format!("--rules {name}")),
        "{}",
        with.findings[0].reproduce
    );
}

#[test]
fn an_unknown_set_is_refused_with_the_known_ones() {
    let name = &RuleSet::current().name;
    let output = super::iamspec(&["run", "--rules", "1999-01", "delete-user/bare"]);
    assert_eq!(output.status.code(), Some(2));
    let text = super::stderr(&output);
    assert!(text.contains(&format!("expected one of the rule sets {name}")), "{text}");
}

#[test]
fn the_list_ends_with_the_current_set() {
    let name = &RuleSet::current().name;
    let list = super::stdout(&super::iamspec(&["list", "rule-sets"]));
    let [rules, ..] = RuleSet::current().sizes();
    assert!(
        list.lines().last().unwrap().starts_with(&format!("{name}  {rules} rules, ")),
        "{list}"
    );
}

/// Every rule set that a document names exists.
#[test]
fn documents_name_existing_sets() {
    let mut named = 0;
    for path in super::documents::documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        let uses = text.split("--rules ").skip(1).chain(text.split("\nrules = \"").skip(1));
        for rest in uses.filter(|it| it.starts_with(|letter: char| letter.is_ascii_digit())) {
            let name: String = rest.chars().take_while(|it| !"`\" \n".contains(*it)).collect();
            assert!(
                RuleSet::named(&name).is_some(),
                "{} names the rule set {name}",
                path.display()
            );
            named += 1;
        }
    }
    assert!(named >= 2, "{named} documents name a rule set");
}
