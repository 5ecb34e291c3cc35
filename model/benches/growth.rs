//! The growth of the number of states with users and items, with and without symmetry.
//!
//! `cargo bench -p iamspec-model --bench growth` prints the table.
#![expect(clippy::print_stdout, reason = "the benchmark prints its result")]

use std::time::Instant;

use iamspec_model::Scope;
use iamspec_model::check::explorer::Search;
use stateright::Model as _;

/// The search ends at this number of states.
const STATE_LIMIT: usize = 3_000_000;

fn main() {
    println!("users | items per kind | states | seconds | states with symmetry | seconds");
    for (users, items) in [(1, 1), (1, 2), (1, 3), (2, 0), (2, 1), (3, 0)] {
        let resources = items.max(1);
        let scope = Scope {
            users,
            items,
            groups: resources,
            policies: resources,
            devices: resources,
            fixed_resources: true,
            ..Scope::EMPTY
        };
        let [plain, symmetric] =
            [false, true].map(|alike| search(Scope { symmetry: alike, ..scope }));
        println!("{users} | {items} | {plain} | {symmetric}");
    }
}

/// The number of states and the search time in seconds.
fn search(scope: Scope) -> String {
    let start = Instant::now();
    let mut search = Search::new(scope);
    let mut calls = Vec::new();
    while let Some((found, state)) = search.next_state() {
        scope.actions(&state, &mut calls);
        for (number, op) in calls.drain(..).enumerate() {
            if let Some(after) = scope.next_state(&state, op) {
                search.offer(found, number, after);
            }
        }
        if search.states() > STATE_LIMIT {
            return format!("over {STATE_LIMIT} | {:.2}", start.elapsed().as_secs_f64());
        }
    }
    format!("{} | {:.2}", search.states(), start.elapsed().as_secs_f64())
}
