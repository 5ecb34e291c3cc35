//! What every call does and is answered, in every state of small scopes; and that each fault that the
//! tables give to the model is noticed.

use iamspec_model::Scope;
use iamspec_model::fault::{EQUIVALENT, Fault};
use iamspec_model::walk::walk;
use stateright::{Checker, Model};

use crate::quotas;

pub(crate) const NONE: Scope =
    Scope { users: 1, items: 0, groups: 0, policies: 0, devices: 0, statuses: false, fault: None };
/// Small scopes first: most faults show in one of them.
const SCOPES: [Scope; 6] = [
    Scope { items: 1, statuses: true, ..NONE },
    Scope { groups: 2, policies: 2, devices: 2, ..NONE },
    Scope { users: 2, groups: 1, policies: 1, devices: 1, ..NONE },
    Scope { items: 2, ..NONE },
    Scope { items: 1, groups: 1, policies: 1, devices: 1, ..NONE },
    Scope { users: 2, items: 1, ..NONE },
];

#[test]
fn every_sentence_holds_and_both_searches_see_the_same_states() {
    for scope in SCOPES {
        let walked = walk(&scope);
        for (words, fallen) in &walked.sentences {
            assert_eq!(*fallen, None, "{words}, in {scope:?}");
        }
        let checker = scope.checker().spawn_bfs().join();
        assert_eq!(walked.states, checker.unique_state_count(), "{scope:?}");
    }
}

/// Whether a sentence of either search, or a quota, notices the fault.
fn is_noticed(fault: Fault) -> bool {
    let fallen = |scope: &Scope| {
        let scope = Scope { fault: Some(fault), ..*scope };
        let always = |name| {
            let always = |it: &stateright::Property<Scope>| {
                it.name == name && it.expectation == stateright::Expectation::Always
            };
            scope.properties().iter().any(always)
        };
        walk(&scope).sentences.iter().any(|(_, path)| path.is_some())
            || scope.checker().spawn_bfs().join().discoveries().into_keys().any(always)
    };
    !quotas::are_right(Some(fault)) || SCOPES.iter().any(fallen)
}

#[test]
fn every_fault_of_the_model_is_noticed_unless_it_is_none() {
    let faults: Vec<Fault> = Fault::all().collect();
    assert!(faults.len() > 300);
    let survivors = faults.iter().filter(|fault| !is_noticed(**fault)).map(Fault::to_string);
    assert_eq!(survivors.collect::<Vec<_>>(), EQUIVALENT.map(|(fault, _)| fault));
}
