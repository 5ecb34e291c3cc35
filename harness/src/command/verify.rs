//! `iamspec verify`: the model itself, in every state of a few scopes.

use std::io::Write;
use std::time::Instant;

use anyhow::Result;
use iamspec_conformance::text;
use iamspec_model::walk::walk;
use iamspec_model::{Operation, Scope};
use stateright::{Checker as _, Expectation, Model as _};

use crate::cli::Verify;
use crate::exit;

/// One of each.
const ONE: Scope =
    Scope { users: 1, items: 1, groups: 1, policies: 1, devices: 1, statuses: false, fault: None };

const SMALL: [(&str, Scope); 5] = [
    ("one user, one of each kind", ONE),
    ("the same, active or inactive", Scope { statuses: true, ..ONE }),
    ("one user, two of each kind", Scope { items: 2, ..ONE }),
    (
        "one user, more than the quotas",
        Scope { items: 3, groups: 0, policies: 0, devices: 0, ..ONE },
    ),
    ("two users, a group, a device", Scope { users: 2, policies: 0, ..ONE }),
];

const LARGE: [(&str, Scope); 1] = [("two users, one of each kind", Scope { users: 2, ..ONE })];

pub(super) fn verify(args: &Verify, out: &mut dyn Write) -> Result<u8> {
    let large = LARGE.iter().filter(|_| args.full);
    let mut claims: Vec<Claim> = Vec::new();
    writeln!(
        out,
        "{:<30} {:>9} {:>11} {:>9} {:>5} {:>9} {:>9}",
        "scope", "states", "transitions", "calls", "depth", "states/s", "calls/s"
    )?;
    for (name, scope) in SMALL.iter().chain(large) {
        check(name, *scope, &mut claims, out)?;
        out.flush()?;
    }
    writeln!(out)?;
    for claim in &claims {
        let mark = if claim.path.is_none() { "holds" } else { "FALLS" };
        writeln!(out, "{mark}  {:<10}  {}", claim.holds, claim.sentence)?;
        for op in claim.path.iter().flatten() {
            writeln!(out, "                   {}", text::operation(op))?;
        }
    }
    let all_hold = claims.iter().all(|claim| claim.path.is_none());
    Ok(if all_hold { exit::CONFORMS } else { exit::DIVERGES })
}

/// A sentence, over all scopes so far.
struct Claim {
    sentence: &'static str,
    /// In which states, or for what, it is said.
    holds: &'static str,
    /// The calls that lead to where it falls, in the first scope where it does. Empty where
    /// something that must be reached is not.
    path: Option<Vec<Operation>>,
}

/// Checks one scope, its states and its calls, and prints its row.
fn check(name: &str, scope: Scope, claims: &mut Vec<Claim>, out: &mut dyn Write) -> Result<()> {
    let per_second = |number: usize, start: Instant| {
        number as u128 * 1_000_000 / start.elapsed().as_micros().max(1)
    };
    let start = Instant::now();
    let checker = scope.checker().spawn_bfs().join();
    let (states, all) = (checker.unique_state_count(), checker.state_count());
    let rate = per_second(states, start);
    for property in scope.properties() {
        let found = checker.discovery(property.name).map(stateright::Path::into_actions);
        let (holds, path) = match (property.expectation, found) {
            (Expectation::Sometimes, example) => ("sometimes", example.is_none().then(Vec::new)),
            (_, counterexample) => ("always", counterexample),
        };
        note(claims, Claim { sentence: property.name, holds, path });
    }
    let start = Instant::now();
    let walked = walk(&scope);
    let calls = per_second(walked.calls, start);
    for (sentence, path) in walked.sentences {
        note(claims, Claim { sentence, holds: "every call", path });
    }
    let path = (walked.states != states).then(Vec::new);
    note(claims, Claim { sentence: BOTH_SEARCHES, holds: "always", path });
    let (transitions, depth) = (all - 1, checker.max_depth());
    let number = walked.calls;
    Ok(writeln!(
        out,
        "{name:<30} {states:>9} {transitions:>11} {number:>9} {depth:>5} {rate:>9} {calls:>9}"
    )?)
}

/// stateright visits states, our own walk every call in them.
const BOTH_SEARCHES: &str = "both searches find the same number of states";

fn note(claims: &mut Vec<Claim>, new: Claim) {
    match claims.iter_mut().find(|claim| claim.sentence == new.sentence) {
        Some(claim) => claim.path = claim.path.take().or(new.path),
        None => claims.push(new),
    }
}
