//! Findings and totals of a run agree: each divergence that fails the run is part of a finding.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iamspec_conformance::mutation::fate::{MutantFate, fate};
use iamspec_conformance::results::known_failures::KnownFailures;
use iamspec_conformance::results::shrink::{Shortened, shows};
use iamspec_conformance::results::{Threshold, Totals, findings};
use iamspec_conformance::{
    Divergence, Exchange, Mutant, Origin, Report, Response, Script, ScriptRun, Step, Tier, Verdict,
};
use iamspec_model::{Account, Level, Operation, Rule, User, rules};

fn rule(id: &str) -> Rule {
    rules().find(|it| it.id() == id).unwrap()
}

/// The run of a script with this many steps. The last response diverges at this level.
fn diverging(name: &str, steps: usize, level: Level, request: usize) -> ScriptRun {
    let operation = Operation::DeleteUser(User(0));
    let exchange = |verdict| Exchange {
        operation,
        response: Some(Response::SUCCESS),
        request,
        before: Account::default(),
        in_force: Vec::new(),
        verdict,
        violations: Vec::new(),
        convergence: None,
        wire: None,
        request_id: None,
    };
    let divergence = Divergence {
        tier: Tier::Text,
        level,
        rule: rule("DeleteUser/holds-access-key"),
        wire_rule: None,
        expected: Vec::new(),
        evidence: Vec::new(),
        state: String::new(),
        assumed_state: "",
    };
    let mut exchanges = vec![exchange(Verdict::Conforms(Vec::new())); steps - 1];
    exchanges.push(exchange(Verdict::Diverges(Box::new(divergence))));
    let steps = vec![Step { operation, response: None }; steps];
    let script = Script { name: name.to_owned(), idea: "A description.".to_owned(), steps };
    ScriptRun { script, exchanges, origin: Origin::Written }
}

#[test]
fn divergences_of_different_levels_are_separate_findings() {
    let info = diverging("short", 1, Level::Info, 1);
    let must = diverging("long", 5, Level::Must, 7);
    for replays in [[info.clone(), must.clone()], [must.clone(), info.clone()]] {
        let found = findings(&replays);
        let summary: Vec<_> =
            found.iter().map(|it| (it.divergence.level, &*it.history.name)).collect();
        assert_eq!(summary, [(Level::Must, "long"), (Level::Info, "short")]);
        assert!(found.iter().all(|it| it.other_scripts.is_empty()));
        let threshold = Threshold { tier: Tier::Text, ..Threshold::default() };
        let totals = Totals::of(&replays, threshold, &KnownFailures::default());
        let counted = found.iter().filter(|it| threshold.includes(&it.divergence)).count();
        assert_eq!((totals.unexpected, counted), (1, 1));
        // A run that shows the weaker divergence does not show the stronger one.
        let [strong, weak] = &*found else { panic!("{found:?}") };
        assert!(shows(&must, strong) && shows(&info, weak));
        assert!(!shows(&info, strong) && !shows(&must, weak));
    }
    // Two divergences of the same level are one finding, with the shortest script.
    let longer = diverging("longer", 9, Level::Must, 1);
    let found = findings(&[longer, must]);
    assert_eq!(
        (found.len(), &*found[0].history.name, &*found[0].other_scripts),
        (1, "long", &["longer".to_owned()][..])
    );
}

#[test]
fn a_finding_names_the_rules_that_earlier_calls_break() {
    let mut run = diverging("two", 3, Level::Must, 1);
    let Verdict::Diverges(last) = run.exchanges[2].verdict.clone() else { panic!("{run:?}") };
    let earlier = rule("CreateAccessKey/quota-reached");
    let of_code = Divergence { tier: Tier::Code, rule: earlier, ..*last.clone() };
    let of_text = Divergence { rule: rule("CreateUser/carried-out"), ..*last };
    run.exchanges[0].verdict = Verdict::Diverges(Box::new(of_code));
    run.exchanges[1].verdict = Verdict::Diverges(Box::new(of_text));
    let found = findings(&[run]);
    let of = |id: &str| found.iter().find(|it| it.rule().id() == id).unwrap().earlier.clone();
    assert_eq!(of("CreateAccessKey/quota-reached"), []);
    // A wrong text does not change what happens later.
    assert_eq!(of("DeleteUser/holds-access-key"), [earlier]);
}

#[test]
fn a_kill_reports_the_request_of_the_finding_with_its_level() {
    let mutant = Mutant::find("forgets-access-key").unwrap();
    let replays = vec![diverging("short", 1, Level::Info, 1), diverging("long", 5, Level::Must, 7)];
    let report = Report {
        script_runs: replays,
        minimal_runs: Vec::new(),
        not_deleted: Vec::new(),
        requests: 9,
        end_reason: None,
        shortened: Shortened::default(),
    };
    let MutantFate::Killed(kill) = fate(&mutant, &report) else { panic!("the mutant survives") };
    assert_eq!((kill.request, kill.calls), (7, 5));
}
