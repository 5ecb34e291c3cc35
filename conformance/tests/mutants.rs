//! Endpoints that are wrong in one way each, made from the tables: the judge says so, and says where.

use std::collections::BTreeSet;

use iamspec_conformance::mutation::kill::{MutantFate, kill};
use iamspec_conformance::results::findings;
use iamspec_conformance::script::corpus::ours;
use iamspec_conformance::{Mutant, Reference, Suite};
use iamspec_model::Level;

fn fate(suite: &Suite, mutant: &Mutant) -> MutantFate {
    let report = suite.run(&mut Reference::mutated(mutant.clone()), &mut |_| (), &|| false);
    kill(mutant, &report)
}

/// Those that are wrong in memory too; `tests/form.rs` has those of the wire.
fn in_memory() -> impl Iterator<Item = Mutant> {
    Mutant::systematic().filter(|it| !it.fault.is_of_the_wire())
}

#[test]
fn every_mutant_of_what_binds_is_killed_by_a_finding_that_names_what_is_wrong() {
    let suite = Suite::new(ours().unwrap());
    let mutants: Vec<Mutant> = in_memory().collect();
    let sites: BTreeSet<&str> = mutants.iter().map(|it| it.name.as_str()).collect();
    assert!(sites.len() == mutants.len() && mutants.len() >= 250, "{}", mutants.len());
    let mut wrong = Vec::new();
    for mutant in mutants {
        let fate = fate(&suite, &mutant);
        let right = match (mutant.level() >= Level::Should, mutant.equivalent()) {
            (true, None) => matches!(fate, MutantFate::Killed(_)),
            (true, Some(_)) => fate == MutantFate::Survives,
            (false, _) => !matches!(fate, MutantFate::ByAnother(_)),
        };
        if !right {
            wrong.push(format!("{} ({:?}): {fate:?}", mutant.name, mutant.equivalent()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn where_the_facts_leave_an_answer_open_no_mutant_is_accused() {
    let suite = Suite::new(ours().unwrap());
    let open = |it: &Mutant| it.level() == Level::Open && !it.is_of_an_effect();
    let mutants: Vec<Mutant> = in_memory().filter(open).collect();
    assert!(mutants.len() > 50, "{}", mutants.len());
    for mutant in mutants {
        assert_eq!(fate(&suite, &mutant), MutantFate::Survives, "{}", mutant.name);
    }
}

/// What shows elsewhere is charged where it shows; but who only answers wrongly is not accused of
/// anything else.
#[test]
fn who_answers_wrongly_is_accused_of_that_alone() {
    let suite = Suite::new(ours().unwrap());
    let mut wrong = Vec::new();
    for mutant in in_memory().filter(|it| !it.is_of_an_effect() && !it.acts()) {
        let report = suite.run(&mut Reference::mutated(mutant.clone()), &mut |_| (), &|| false);
        for finding in findings(&report.replays) {
            let allowed =
                finding.divergence.allowed.iter().any(|(_, rule)| rule.id() == mutant.rule);
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
