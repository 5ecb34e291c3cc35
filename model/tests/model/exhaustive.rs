//! The exhaustive check of every small named scope, by stateright and by the search of this crate.

use std::collections::HashSet;

use iamspec_model::check::canonical_form;
use iamspec_model::check::exhaustive::exhaustive_check;
use iamspec_model::check::explorer::Search;
use iamspec_model::check::scope::{NamedScope, SCOPES, ScopeSize};
use iamspec_model::{AttachmentKind, Operation, Scope, next};
use stateright::{Checker, Model};

fn small_scopes() -> impl Iterator<Item = &'static NamedScope> {
    SCOPES.iter().filter(|it| it.size == ScopeSize::Small)
}

/// Every property holds, and the state counts match: the model neither lost nor gained behavior.
#[test]
fn stateright_confirms_properties_and_state_counts() {
    for it in small_scopes().filter(|it| it.fits_stateright()) {
        let checker = it.scope.checker().spawn_bfs().join();
        checker.assert_properties();
        let found = (checker.unique_state_count(), checker.state_count() - 1);
        assert_eq!(found, (it.states, it.transitions), "{}", it.name);
    }
}

#[test]
fn the_exhaustive_check_confirms_properties_and_state_counts() {
    for it in small_scopes() {
        let result = exhaustive_check(&it.scope);
        let found = (result.states, result.transitions);
        assert_eq!(found, (it.states, it.transitions), "{}", it.name);
        for property in &result.results {
            assert!(property.holds(), "{} in {}: {:?}", property.property, it.name, property.path);
        }
    }
}

/// With one thread, the paths and the depth of stateright are shortest as well.
#[test]
fn paths_are_as_short_as_those_of_stateright() {
    for it in small_scopes().filter(|it| it.fits_stateright()) {
        let checker = it.scope.checker().spawn_bfs().join();
        let result = exhaustive_check(&it.scope);
        assert_eq!(result.depth, checker.max_depth(), "{}", it.name);
        let mut compared = 0;
        for property in &result.results {
            let Some(path) = checker.discovery(property.property) else { continue };
            let length = path.into_actions().len();
            assert_eq!(property.path.as_ref().map(Vec::len), Some(length), "{}", property.property);
            compared += 1;
        }
        assert_eq!(compared, checker.discoveries().len(), "{}", it.name);
    }
}

/// Every path is a script that leads to its state, also if one state stands for many.
#[test]
fn every_path_leads_to_its_state() {
    for it in small_scopes() {
        let mut search = Search::new(it.scope);
        let mut visited = 0;
        while let Some((found, state)) = search.next_state() {
            if visited % 97 == 0 {
                let execute =
                    |account, op: &Operation| next(&account, op, iamspec_model::Effect::Success);
                let initial = it.scope.init_states().remove(0);
                assert_eq!(search.path(found).iter().fold(initial, execute), state, "{}", it.name);
            }
            visited += 1;
            let mut calls = Vec::new();
            it.scope.actions(&state, &mut calls);
            for (number, op) in calls.into_iter().enumerate() {
                if let Some(after) = it.scope.next_state(&state, op) {
                    search.offer(found, number, after);
                }
            }
        }
        assert_eq!(visited, it.states, "{}", it.name);
    }
}

/// With symmetry, a scope has exactly one state for each set of states that differ only in names.
#[test]
fn symmetry_merges_exactly_the_renamed_states() {
    let scope_of = |name| NamedScope::of(name).unwrap().scope;
    let scopes = [
        Scope { symmetry: false, ..scope_of("mixed") },
        scope_of("two-of-each"),
        scope_of("pair"),
        scope_of("sharing-bare"),
        scope_of("crowd"),
    ];
    for scope in scopes {
        let alike = Scope { symmetry: true, ..scope };
        let mut search = Search::new(scope);
        let mut renamed = HashSet::new();
        while let Some((found, state)) = search.next_state() {
            renamed.insert(canonical_form::without_names(&alike, &state));
            let mut calls = Vec::new();
            scope.actions(&state, &mut calls);
            for (number, op) in calls.into_iter().enumerate() {
                if let Some(after) = scope.next_state(&state, op) {
                    search.offer(found, number, after);
                }
            }
        }
        let mut reduced = Search::new(alike);
        reduced.finish();
        assert!(reduced.states() < search.states());
        assert_eq!(reduced.states(), renamed.len(), "{scope:?}");
    }
}

/// The formula for two users without names: 1 + 2 * 3 * 3 * 3 + (4 * 10 * 10 * 6 + 2 * 4 * 4 * 2) /
/// 2.
#[test]
fn the_formula_for_states_without_names_holds_in_a_small_scope() {
    let scope = Scope { symmetry: true, ..NamedScope::of("sharing-bare").unwrap().scope };
    let mut search = Search::new(scope);
    search.finish();
    assert_eq!(search.states(), 1_287);
}

#[test]
fn scopes_with_symmetry_fit_the_canonical_form() {
    for it in SCOPES.iter().filter(|it| it.scope.symmetry) {
        let scope = it.scope;
        let largest = [scope.groups, scope.policies, scope.devices, scope.items].into_iter().max();
        let quotas =
            AttachmentKind::blockers().filter(|_| scope.quotas).map(|kind| kind.row().quota);
        let quotas = quotas.filter(|it| it.each == 1).map(|it| it.max + 1);
        assert!(largest.unwrap() as usize <= canonical_form::ITEMS, "{}", it.name);
        assert!(quotas.max().unwrap_or(0) <= canonical_form::ITEMS as u64, "{}", it.name);
        assert!(scope.users as usize <= canonical_form::USERS, "{}", it.name);
    }
}
