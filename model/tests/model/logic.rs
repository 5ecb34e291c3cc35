//! The first-order statements: they cover the clauses of the model, their formulas mean what their
//! changes do, and an account that a solver found becomes calls.

use std::collections::{BTreeMap, BTreeSet};

use iamspec_model::check::scope::NamedScope;
use iamspec_model::logic::counterexample::Counterexample;
use iamspec_model::logic::evaluate::{Arguments, CompiledFormula};
use iamspec_model::logic::faults::faults;
use iamspec_model::logic::formula::{Relation, Variable};
use iamspec_model::logic::invariants::invariants;
use iamspec_model::logic::obligations::premises;
use iamspec_model::logic::statements::call::{CallForm, arguments_of};
use iamspec_model::logic::statements::{Change, Statement};
use iamspec_model::logic::structure::Structure;
use iamspec_model::{Account, Condition, Effect, Operation, allowed, find_action, next};

/// Accounts of a scope with every call that the check sends in them: the shortest paths first.
fn visits(scope: &str, states: usize) -> Vec<(Account, Operation)> {
    let Some(NamedScope { scope, .. }) = NamedScope::of(scope) else { return Vec::new() };
    let mut known = BTreeSet::from([Account::default()]);
    let mut queue = vec![Account::default()];
    let mut visits = Vec::new();
    let mut visited = 0;
    while let Some(account) = queue.get(visited).cloned() {
        if visited == states {
            break;
        }
        visited += 1;
        let mut calls = Vec::new();
        stateright::Model::actions(scope, &account, &mut calls);
        scope.probes(&account, &mut calls);
        for op in calls {
            if allowed(&account, &op).may_succeed() {
                let after = next(&account, &op, Effect::Success);
                if known.insert(after.clone()) {
                    queue.push(after);
                }
            }
            visits.push((account.clone(), op));
        }
    }
    visits
}

const SCOPES: [&str; 5] = ["status", "two-of-each", "names", "group-policies", "versions"];

/// A clause that refuses because of the account has a condition in some statement, and the other
/// way round. Transient conditions and the quota of users are not stated.
#[test]
fn every_condition_of_a_clause_is_stated_and_no_other() {
    let mut stated: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (_, op) in SCOPES.iter().flat_map(|it| visits(it, 60)) {
        let (Some(form), Some(action)) = (CallForm::of(&op), op.action()) else { continue };
        let Statement { refused_if, unspecified_if, succeeds_despite, .. } = form.statement();
        let conditions = refused_if.into_iter().chain(unspecified_if).chain(succeeds_despite);
        let conditions = conditions.map(|it| it.0.slug());
        stated.entry(action.api).or_default().extend(conditions);
    }
    assert!(stated.len() > 60, "{stated:?}");
    for (api, conditions) in stated {
        let action = find_action(api).expect("an action").action;
        let of_clauses = action.clauses.iter().filter(|it| {
            it.condition != Condition::Unhindered
                && !it.condition.is_transient()
                && it.condition != Condition::AccountFull
        });
        let of_clauses: BTreeSet<String> = of_clauses.map(|it| it.condition.slug()).collect();
        assert_eq!(conditions, of_clauses, "{api}");
    }
}

/// The formula of a relation after a call, and the tuples after the same call, agree: solvers see
/// the formula, and the exhaustive check sees the tuples.
#[test]
fn the_formula_after_a_call_describes_the_tuples_after_it() {
    let mut compared = 0;
    for (account, op) in SCOPES.iter().flat_map(|it| visits(it, 60)) {
        let Some(form) = CallForm::of(&op).filter(|_| op.action().is_some()) else { continue };
        if !allowed(&account, &op).may_succeed() {
            continue;
        }
        let statement = form.statement();
        let before = Structure::of(&account);
        let after = Structure::of(&next(&account, &op, Effect::Success));
        for relation in statement.changes.iter().map(Change::relation) {
            let (first, second) = relation.sorts();
            let x = Variable::new("x", first);
            let y = second.map(|sort| Variable::new("y", sort));
            let variables: Vec<Variable> = [Some(x), y].into_iter().flatten().collect();
            let becomes = statement.becomes(relation, &variables);
            let parameters: Vec<Variable> =
                statement.parameters.iter().chain(&variables).copied().collect();
            let becomes = CompiledFormula::new(&becomes, &parameters);
            for (first, second) in (0..3).flat_map(|first| (0..4).map(move |it| (first, it))) {
                let second = if y.is_some() { second } else { 0 };
                let values =
                    with_values(&arguments_of(&op), statement.parameters.len(), [first, second]);
                let expected = after.has((relation, first, second));
                assert_eq!(
                    becomes.holds(&before, &values),
                    expected,
                    "{} in {account}: {relation:?} of {first}, {second}",
                    statement.name
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 50_000, "{compared}");
}

fn with_values(arguments: &Arguments, parameters: usize, values: [u32; 2]) -> Vec<u32> {
    arguments.iter().take(parameters).chain(&values).copied().collect()
}

/// Solvers assume the invariants and the laws of counting. Both hold in real accounts.
#[test]
fn the_premises_hold_in_every_account() {
    let premises: Vec<CompiledFormula> =
        premises().iter().map(|it| CompiledFormula::new(it, &[])).collect();
    assert!(premises.len() > invariants().len());
    for (account, _) in SCOPES.iter().flat_map(|it| visits(it, 100)) {
        let structure = Structure::of(&account);
        for (index, premise) in premises.iter().enumerate() {
            assert!(premise.holds(&structure, &[]), "premise {index} in {account}");
        }
    }
}

/// Proofs and faults are files with these names, and invariants are operators of TLA+.
#[test]
fn every_statement_invariant_and_fault_has_a_name_of_its_own() {
    let names: BTreeSet<String> = invariants().into_iter().map(|it| it.name).collect();
    assert_eq!(names.len(), invariants().len());
    let statements: BTreeSet<String> = CallForm::all().map(|it| it.statement().name).collect();
    assert_eq!(statements.len(), CallForm::all().count());
    let descriptions: BTreeSet<String> = faults().map(|it| it.description).collect();
    assert_eq!(descriptions.len(), faults().count());
}

/// A relation that no statement changes, or no invariant mentions, is probably forgotten.
#[test]
fn every_relation_changes_in_some_call() {
    let changed: BTreeSet<Relation> =
        CallForm::all().flat_map(|it| it.statement().changes).map(|it| it.relation()).collect();
    assert_eq!(changed, Relation::all().collect());
}

/// Solvers print one value per line, with either side of an equation first.
#[test]
fn an_account_that_a_solver_found_becomes_calls() {
    let description = "DeleteUser is not refused if holds-access-key";
    let fault = faults().find(|it| it.description == description).expect("this fault");
    let output = "sat\n(((= U user_1) true))\n(((= user_0 U) false))\n(((user user_0) false))\n\
                  (((user user_1) true))\n(((holds_access_key user_1 item_access_key_0) true))\n";
    let found = Counterexample::read(&fault, output).expect("values");
    let calls: Vec<String> =
        found.account.iter().chain([&found.call]).map(|it| format!("{it:?}")).collect();
    assert_eq!(calls.len(), 3, "{calls:?}");
    let replay = found.replay(&fault);
    assert_eq!(replay.before.to_string(), "u1 {key#0}");
    assert_eq!((replay.may_succeed, replay.is_reachable), ([false, true], true));
    assert!(replay.shows_fault());
    assert!(Counterexample::read(&fault, "unsat\n(error \"model is not available\")").is_none());
}

/// An account in which the model and the faulty statement agree shows no fault.
#[test]
fn an_account_without_the_item_shows_no_fault() {
    let description = "DeleteUser is not refused if holds-access-key";
    let fault = faults().find(|it| it.description == description).expect("this fault");
    let output = "sat\n(((= U user_0) true))\n(((user user_0) true))\n";
    let found = Counterexample::read(&fault, output).expect("values");
    assert!(!found.replay(&fault).shows_fault());
}
