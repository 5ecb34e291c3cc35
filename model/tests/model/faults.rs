//! What every call does and is answered, in every state of small scopes; and that each fault that the
//! tables give to the model is noticed.

use iamspec_model::Scope;
use iamspec_model::beside::Beside;
use iamspec_model::fault::{EQUIVALENT, Fault};
use iamspec_model::walk::{Found, SaidOf, walk};

use crate::quotas;

pub(crate) const NONE: Scope = Scope { users: 1, ..Scope::NOTHING };
/// Small scopes first: most faults show in one of them.
const SCOPES: [Scope; 9] = [
    Scope { items: 1, statuses: true, ..NONE },
    Scope { groups: 2, policies: 2, devices: 2, ..NONE },
    Scope { users: 2, groups: 1, policies: 1, devices: 1, ..NONE },
    Scope { items: 2, ..NONE },
    Scope { items: 1, groups: 1, policies: 1, devices: 1, ..NONE },
    Scope { users: 2, items: 1, ..NONE },
    Scope { users: 2, items: 1, policies: 1, beside: Beside::Users, ..NONE },
    Scope { groups: 2, policies: 1, beside: Beside::Groups, ..NONE },
    Scope { policies: 1, beside: Beside::Versions, ..NONE },
];

#[test]
fn every_sentence_holds_where_there_is_no_fault() {
    for scope in SCOPES {
        for found in walk(&scope).found.iter().filter(|it| it.said_of != SaidOf::SomeState) {
            assert!(found.holds(), "{}, in {scope:?}: {:?}", found.sentence, found.path);
        }
    }
}

/// Whether a sentence about states or calls, or a quota, notices the fault.
fn is_noticed(fault: Fault) -> bool {
    let falls = |scope: &Scope| {
        let scope = Scope { fault: Some(fault), ..*scope };
        let said = |it: &&Found| it.said_of != SaidOf::SomeState;
        walk(&scope).found.iter().filter(said).any(|it| !it.holds())
    };
    !quotas::are_right(Some(fault)) || SCOPES.iter().any(falls)
}

#[test]
fn every_fault_of_the_model_is_noticed_unless_it_is_none() {
    let faults: Vec<Fault> = Fault::all().collect();
    assert!(faults.len() > 300);
    let survivors = faults.iter().filter(|fault| !is_noticed(**fault)).map(Fault::to_string);
    assert_eq!(survivors.collect::<Vec<_>>(), EQUIVALENT.map(|(fault, _)| fault));
}
