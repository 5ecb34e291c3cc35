//! What every call does and is answered, in every state of small scopes; and that each fault that the
//! tables give to the model is noticed.

use std::collections::BTreeSet;
use std::panic::resume_unwind;

use iamspec_model::Scope;
use iamspec_model::check::exhaustive::{PropertySubject, Violation, walk};
use iamspec_model::check::explorer::Search;
use iamspec_model::check::model_mutants::{EQUIVALENT, ModelMutant};
use iamspec_model::check::scope::ScopeExtension;
use stateright::Model as _;

use crate::quotas;

pub(crate) const NONE: Scope = Scope { users: 1, ..Scope::NOTHING };
/// Small scopes first: most faults show in one of them.
const SCOPES: [Scope; 12] = [
    Scope { items: 1, statuses: true, ..NONE },
    Scope { groups: 2, policies: 2, devices: 2, ..NONE },
    Scope { users: 2, groups: 1, policies: 1, devices: 1, ..NONE },
    Scope { items: 2, ..NONE },
    Scope { items: 1, groups: 1, policies: 1, devices: 1, ..NONE },
    Scope { users: 2, items: 1, ..NONE },
    Scope { users: 2, items: 1, policies: 1, beside: ScopeExtension::Users, ..NONE },
    Scope { groups: 2, policies: 1, beside: ScopeExtension::Groups, ..NONE },
    Scope { policies: 1, beside: ScopeExtension::Versions, ..NONE },
    Scope { policies: 2, beside: ScopeExtension::Versions, ..NONE },
    Scope { policies: 2, beside: ScopeExtension::Users, ..NONE },
    Scope { users: 2, items: 1, statuses: true, ..NONE },
];

#[test]
fn every_sentence_holds_where_there_is_no_fault() {
    for scope in SCOPES {
        for found in walk(&scope).found.iter().filter(|it| it.said_of != PropertySubject::SomeState)
        {
            assert!(found.holds(), "{}, in {scope:?}: {:?}", found.sentence, found.path);
        }
    }
}

/// The calls that a scope asks.
fn asked(scope: &Scope) -> BTreeSet<&'static str> {
    let mut search = Search::new(*scope);
    let (mut asked, mut calls) = (BTreeSet::new(), Vec::new());
    while let Some((place, account)) = search.next_state() {
        scope.actions(&account, &mut calls);
        for (number, op) in calls.iter().enumerate() {
            if let Some(after) = scope.next_state(&account, *op) {
                search.offer(place, number, after);
            }
        }
        scope.asked_only(&account, &mut calls);
        asked.extend(calls.drain(..).filter_map(|op| op.call()).map(|call| call.api));
    }
    asked
}

/// Whether a sentence about states or calls, or a quota, notices the fault. Where its call is not
/// asked nothing can.
fn is_noticed(fault: ModelMutant, asked: &[BTreeSet<&'static str>]) -> bool {
    let falls = |scope: &Scope| {
        let scope = Scope { fault: Some(fault), ..*scope };
        let said = |it: &&Violation| it.said_of != PropertySubject::SomeState;
        walk(&scope).found.iter().filter(said).any(|it| !it.holds())
    };
    let scopes = SCOPES.iter().zip(asked).filter(|(_, asked)| asked.contains(fault.api()));
    !quotas::are_right(Some(fault)) || scopes.map(|(scope, _)| scope).any(falls)
}

/// The faults that nothing notices, asked on as many threads as there are processors.
fn survivors(faults: &[ModelMutant]) -> BTreeSet<String> {
    let asked: Vec<_> = SCOPES.iter().map(asked).collect();
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    let unnoticed = |from: usize| {
        let part = faults.iter().skip(from).step_by(threads);
        let part = part.filter(|fault| !is_noticed(**fault, &asked));
        part.map(ModelMutant::to_string).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let unnoticed = &unnoticed;
        let parts: Vec<_> = (0..threads).map(|from| scope.spawn(move || unnoticed(from))).collect();
        parts.into_iter().flat_map(|it| it.join().unwrap_or_else(|it| resume_unwind(it))).collect()
    })
}

#[test]
fn every_fault_of_the_model_is_noticed_unless_it_is_none() {
    let faults: Vec<ModelMutant> = ModelMutant::all().collect();
    assert!(faults.len() > 900);
    let equivalent = EQUIVALENT.map(|(fault, _)| fault.to_owned());
    assert_eq!(survivors(&faults), BTreeSet::from(equivalent));
}
