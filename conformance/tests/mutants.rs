//! Systematic mutants: the suite kills each one with a finding that names the broken rule.

use std::collections::BTreeSet;

use iamspec_conformance::mutation::fate::{MutantFate, fate};
use iamspec_conformance::results::findings;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Mutant, Reference, Suite};
use iamspec_model::Level;

fn fate_of(suite: &Suite, mutant: &Mutant) -> MutantFate {
    let report = suite.run(&mut Reference::with_mutant(mutant.clone()), &mut |_| (), &|| false);
    fate(mutant, &report)
}

/// The mutants that deviate in memory. `tests/form.rs` tests those of the wire format.
fn in_memory() -> impl Iterator<Item = Mutant> {
    Mutant::systematic().filter(|it| !it.deviation.is_wire_format())
}

#[test]
fn every_mutant_of_a_binding_rule_is_killed_by_a_finding_that_names_it() {
    let suite = Suite::new(built_in_scripts().unwrap());
    let mutants: Vec<Mutant> = in_memory().collect();
    let names: BTreeSet<&str> = mutants.iter().map(|it| it.name.as_str()).collect();
    assert!(names.len() == mutants.len() && mutants.len() >= 250, "{}", mutants.len());
    let mut wrong = Vec::new();
    for mutant in mutants {
        let fate = fate_of(&suite, &mutant);
        let is_expected = match (mutant.level() >= Level::Should, mutant.equivalence()) {
            (true, None) => matches!(fate, MutantFate::Killed(_)),
            (true, Some(_)) => fate == MutantFate::Survives,
            (false, _) => !matches!(fate, MutantFate::KilledByOtherRule(_)),
        };
        if !is_expected {
            wrong.push(format!("{} ({:?}): {fate:?}", mutant.name, mutant.equivalence()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mutants_of_unspecified_behavior_survive() {
    let suite = Suite::new(built_in_scripts().unwrap());
    let is_unspecified = |it: &Mutant| it.level() == Level::Unspecified && !it.is_of_an_effect();
    let mutants: Vec<Mutant> = in_memory().filter(is_unspecified).collect();
    assert!(mutants.len() > 50, "{}", mutants.len());
    for mutant in mutants {
        assert_eq!(fate_of(&suite, &mutant), MutantFate::Survives, "{}", mutant.name);
    }
}

/// A wrong effect shows at another rule. A wrong response must not.
#[test]
fn a_mutant_with_wrong_responses_only_breaks_no_other_rule() {
    let suite = Suite::new(built_in_scripts().unwrap());
    let mut wrong = Vec::new();
    for mutant in in_memory().filter(|it| !it.is_of_an_effect() && !it.changes_outcome()) {
        let report = suite.run(&mut Reference::with_mutant(mutant.clone()), &mut |_| (), &|| false);
        for finding in findings(&report.script_runs) {
            let allowed =
                finding.divergence.expected.iter().any(|(_, rule)| rule.id() == mutant.rule);
            if finding.divergence.level == Level::Must
                && finding.rule().id() != mutant.rule
                && !allowed
            {
                wrong.push(format!(
                    "{}: {}, {}",
                    mutant.name,
                    finding.rule().id(),
                    finding.history.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
