//! The model, checked in every state of the scopes that have a name.

use std::collections::HashSet;

use iamspec_model::check::exhaustive::walk;
use iamspec_model::check::explorer;
use iamspec_model::check::explorer::Search;
use iamspec_model::check::scopes::{NamedScope, SCOPES, ScopeSize};
use iamspec_model::{AttachmentKind, Operation, Scope, next};
use stateright::{Checker, Model};

fn small() -> impl Iterator<Item = &'static NamedScope> {
    SCOPES.iter().filter(|it| it.size == ScopeSize::Small)
}

/// Every property holds, and no behaviour was lost or gained since the counts were last read.
#[test]
fn stateright_finds_in_every_small_scope_what_must_be_there() {
    for it in small().filter(|it| it.fits_stateright()) {
        let checker = it.scope.checker().spawn_bfs().join();
        checker.assert_properties();
        let found = (checker.unique_state_count(), checker.state_count() - 1);
        assert_eq!(found, (it.states, it.transitions), "{}", it.name);
    }
}

#[test]
fn our_engine_finds_the_same_and_every_sentence_holds() {
    for it in small() {
        let walked = walk(&it.scope);
        let found = (walked.states, walked.transitions);
        assert_eq!(found, (it.states, it.transitions), "{}", it.name);
        for found in &walked.found {
            assert!(found.holds(), "{} in {}: {:?}", found.sentence, it.name, found.path);
        }
    }
}

/// stateright's depth and ways are shortest too, as it runs in one thread.
#[test]
fn our_engine_finds_ways_as_short_as_those_of_stateright() {
    for it in small().filter(|it| it.fits_stateright()) {
        let checker = it.scope.checker().spawn_bfs().join();
        let walked = walk(&it.scope);
        assert_eq!(walked.depth, checker.max_depth(), "{}", it.name);
        let mut compared = 0;
        for found in &walked.found {
            let Some(path) = checker.discovery(found.sentence) else { continue };
            let length = path.into_actions().len();
            assert_eq!(found.path.as_ref().map(Vec::len), Some(length), "{}", found.sentence);
            compared += 1;
        }
        assert_eq!(compared, checker.discoveries().len(), "{}", it.name);
    }
}

/// What leads to a state is a script that can be played, also where one state stands for many.
#[test]
fn every_way_is_made_of_calls_that_lead_there() {
    for it in small() {
        let mut search = Search::new(it.scope);
        let mut looked_at = 0;
        while let Some((place, state)) = search.next_state() {
            if looked_at % 97 == 0 {
                let play =
                    |account, op: &Operation| next(&account, op, iamspec_model::Effect::Done);
                let first = it.scope.init_states().remove(0);
                assert_eq!(search.path(place).iter().fold(first, play), state, "{}", it.name);
            }
            looked_at += 1;
            let mut calls = Vec::new();
            it.scope.actions(&state, &mut calls);
            for (number, op) in calls.into_iter().enumerate() {
                if let Some(after) = it.scope.next_state(&state, op) {
                    search.offer(place, number, after);
                }
            }
        }
        assert_eq!(looked_at, it.states, "{}", it.name);
    }
}

/// Renaming all states of a scope, every one of which was visited, gives the states of the scope in
/// which one stands for all its renamings: none is forgotten, and none stands for another.
#[test]
fn a_state_stands_for_its_renamings_and_for_no_other() {
    let of = |name| NamedScope::of(name).unwrap().scope;
    let scopes = [
        Scope { alike: false, ..of("mixed") },
        of("two-of-each"),
        of("pair"),
        of("sharing-bare"),
        of("crowd"),
    ];
    for scope in scopes {
        let alike = Scope { alike: true, ..scope };
        let mut search = Search::new(scope);
        let mut renamed = HashSet::new();
        while let Some((place, state)) = search.next_state() {
            renamed.insert(explorer::without_names(&alike, &state));
            let mut calls = Vec::new();
            scope.actions(&state, &mut calls);
            for (number, op) in calls.into_iter().enumerate() {
                if let Some(after) = scope.next_state(&state, op) {
                    search.offer(place, number, after);
                }
            }
        }
        let mut reduced = Search::new(alike);
        reduced.finish();
        assert!(reduced.states() < search.states());
        assert_eq!(reduced.states(), renamed.len(), "{scope:?}");
    }
}

/// Two users without names: 1 + 2 * 3 * 3 * 3 + (4 * 10 * 10 * 6 + 2 * 4 * 4 * 2) / 2.
#[test]
fn the_formula_for_states_without_names_is_right_where_it_is_small() {
    let scope = Scope { alike: true, ..NamedScope::of("sharing-bare").unwrap().scope };
    let mut search = Search::new(scope);
    search.finish();
    assert_eq!(search.states(), 1_287);
}

#[test]
fn no_scope_of_alike_items_has_more_of_them_than_can_be_told_apart() {
    for it in SCOPES.iter().filter(|it| it.scope.alike) {
        let scope = it.scope;
        let most = [scope.groups, scope.policies, scope.devices, scope.items].into_iter().max();
        let quotas =
            AttachmentKind::blockers().filter(|_| scope.quotas).map(|kind| kind.row().quota);
        let quotas = quotas.filter(|it| it.each == 1).map(|it| it.max + 1);
        assert!(most.unwrap() as usize <= explorer::ITEMS, "{}", it.name);
        assert!(quotas.max().unwrap_or(0) <= explorer::ITEMS as u64, "{}", it.name);
        assert!(scope.users as usize <= explorer::USERS, "{}", it.name);
    }
}
