//! How the states grow with users and items, and what is left where nobody can tell some of them apart:
//! `cargo bench -p iamspec-model --bench growth` prints the table.
#![expect(clippy::print_stdout, reason = "the table is its result")]

use std::time::Instant;

use iamspec_model::Scope;
use iamspec_model::check::explorer::Search;
use stateright::Model as _;

/// More states than this are not looked for.
const MOST: usize = 3_000_000;

fn main() {
    println!("users | items a kind | states by name | seconds | states without names | seconds");
    for (users, items) in [(1, 1), (1, 2), (1, 3), (2, 0), (2, 1), (3, 0)] {
        let objects = items.max(1);
        let scope = Scope {
            users,
            items,
            groups: objects,
            policies: objects,
            devices: objects,
            given: true,
            ..Scope::NOTHING
        };
        let [by_name, alike] = [false, true].map(|alike| searched(Scope { alike, ..scope }));
        println!("{users} | {items} | {by_name} | {alike}");
    }
}

/// How many states there are, and how long it took.
fn searched(scope: Scope) -> String {
    let begun = Instant::now();
    let mut search = Search::new(scope);
    let mut calls = Vec::new();
    while let Some((place, state)) = search.next_state() {
        scope.actions(&state, &mut calls);
        for (number, op) in calls.drain(..).enumerate() {
            if let Some(after) = scope.next_state(&state, op) {
                search.offer(place, number, after);
            }
        }
        if search.states() > MOST {
            return format!("over {MOST} | {:.2}", begun.elapsed().as_secs_f64());
        }
    }
    format!("{} | {:.2}", search.states(), begun.elapsed().as_secs_f64())
}
