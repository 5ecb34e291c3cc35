//! The properties of states and calls in small scopes: they hold in the model, and detect every
//! model mutant.

use std::collections::BTreeSet;
use std::panic::resume_unwind;

use iamspec_model::Scope;
use iamspec_model::check::exhaustive::{PropertyResult, Quantifier, exhaustive_check};
use iamspec_model::check::explorer::Search;
use iamspec_model::check::model_mutants::{EQUIVALENT, ModelMutant};
use iamspec_model::check::scope::ScopeExtension;
use stateright::Model as _;

use crate::quotas;

pub(crate) const NONE: Scope = Scope { users: 1, ..Scope::EMPTY };
/// Small scopes first: they detect most mutants.
const SCOPES: [Scope; 12] = [
    Scope { items: 1, statuses: true, ..NONE },
    Scope { groups: 2, policies: 2, devices: 2, ..NONE },
    Scope { users: 2, groups: 1, policies: 1, devices: 1, ..NONE },
    Scope { items: 2, ..NONE },
    Scope { items: 1, groups: 1, policies: 1, devices: 1, ..NONE },
    Scope { users: 2, items: 1, ..NONE },
    Scope { users: 2, items: 1, policies: 1, extension: ScopeExtension::Users, ..NONE },
    Scope { groups: 2, policies: 1, extension: ScopeExtension::Groups, ..NONE },
    Scope { policies: 1, extension: ScopeExtension::Versions, ..NONE },
    Scope { policies: 2, extension: ScopeExtension::Versions, ..NONE },
    Scope { policies: 2, extension: ScopeExtension::Users, ..NONE },
    Scope { users: 2, items: 1, statuses: true, ..NONE },
];

#[test]
fn every_property_holds_in_the_model() {
    for scope in SCOPES {
        let result = exhaustive_check(&scope);
        for it in result.results.iter().filter(|it| it.subject != Quantifier::SomeState) {
            assert!(it.holds(), "{}, in {scope:?}: {:?}", it.property, it.path);
        }
    }
}

/// The API names of the calls in a scope.
fn apis_in(scope: &Scope) -> BTreeSet<&'static str> {
    let mut search = Search::new(*scope);
    let (mut apis, mut calls) = (BTreeSet::new(), Vec::new());
    while let Some((found, account)) = search.next_state() {
        scope.actions(&account, &mut calls);
        for (number, op) in calls.iter().enumerate() {
            if let Some(after) = scope.next_state(&account, *op) {
                search.offer(found, number, after);
            }
        }
        scope.probes(&account, &mut calls);
        apis.extend(calls.drain(..).filter_map(|op| op.action()).map(|action| action.api));
    }
    apis
}

/// Returns true if a property or a quota detects the mutant. Only scopes with its action can.
fn is_detected(mutant: ModelMutant, apis: &[BTreeSet<&'static str>]) -> bool {
    let is_violated = |scope: &Scope| {
        let scope = Scope { mutant: Some(mutant), ..*scope };
        let must_hold = |it: &&PropertyResult| it.subject != Quantifier::SomeState;
        exhaustive_check(&scope).results.iter().filter(must_hold).any(|it| !it.holds())
    };
    let scopes = SCOPES.iter().zip(apis).filter(|(_, apis)| apis.contains(mutant.api()));
    !quotas::are_right(Some(mutant)) || scopes.map(|(scope, _)| scope).any(is_violated)
}

/// The undetected mutants. Uses one thread for each processor.
fn survivors(mutants: &[ModelMutant]) -> BTreeSet<String> {
    let apis: Vec<_> = SCOPES.iter().map(apis_in).collect();
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    let undetected = |from: usize| {
        let share = mutants.iter().skip(from).step_by(threads);
        let survivors = share.filter(|mutant| !is_detected(**mutant, &apis));
        survivors.map(ModelMutant::to_string).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let undetected = &undetected;
        let handles: Vec<_> =
            (0..threads).map(|from| scope.spawn(move || undetected(from))).collect();
        handles
            .into_iter()
            .flat_map(|it| it.join().unwrap_or_else(|it| resume_unwind(it)))
            .collect()
    })
}

#[test]
fn every_model_mutant_is_detected_unless_equivalent() {
    let mutants: Vec<ModelMutant> = ModelMutant::all().collect();
    assert!(mutants.len() > 900);
    let equivalent = EQUIVALENT.map(|(mutant, _)| mutant.to_owned());
    assert_eq!(survivors(&mutants), BTreeSet::from(equivalent));
}
