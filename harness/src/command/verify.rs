//! `iamspec verify`: the model itself, in every state of a few scopes.

use std::io::Write;
use std::time::Instant;

use anyhow::Result;
use iamspec_conformance::text;
use iamspec_model::{Operation, Scope};
use stateright::{Checker as _, Expectation, Model as _};

use crate::cli::Verify;
use crate::exit;

/// One of each.
const ONE: Scope =
    Scope { users: 1, items: 1, groups: 1, policies: 1, devices: 1, statuses: false };

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
        "{:<30} {:>9} {:>11} {:>5} {:>9}",
        "scope", "states", "transitions", "depth", "states/s"
    )?;
    for (name, scope) in SMALL.iter().chain(large) {
        check(name, *scope, &mut claims, out)?;
        out.flush()?;
    }
    writeln!(out)?;
    for claim in &claims {
        let (mark, word) = (
            if claim.path.is_none() { "holds" } else { "FALLS" },
            if claim.always { "always" } else { "sometimes" },
        );
        writeln!(out, "{mark}  {word:<9}  {}", claim.sentence)?;
        for op in claim.path.iter().flatten() {
            writeln!(out, "                  {}", text::operation(op))?;
        }
    }
    let all_hold = claims.iter().all(|claim| claim.path.is_none());
    Ok(if all_hold { exit::CONFORMS } else { exit::DIVERGES })
}

/// A property, over all scopes so far.
struct Claim {
    sentence: &'static str,
    always: bool,
    /// The calls that lead to where it falls, in the first scope where it does. Empty where
    /// something that must be reached is not.
    path: Option<Vec<Operation>>,
}

/// Checks one scope and prints its row.
fn check(name: &str, scope: Scope, claims: &mut Vec<Claim>, out: &mut dyn Write) -> Result<()> {
    let start = Instant::now();
    let checker = scope.checker().spawn_bfs().join();
    let (states, all) = (checker.unique_state_count(), checker.state_count());
    let rate = states as u128 * 1_000_000 / start.elapsed().as_micros().max(1);
    writeln!(out, "{name:<30} {states:>9} {:>11} {:>5} {rate:>9}", all - 1, checker.max_depth())?;
    for property in scope.properties() {
        let found = checker.discovery(property.name).map(stateright::Path::into_actions);
        let always = property.expectation == Expectation::Always;
        let path = match (always, found) {
            (true, counterexample) => counterexample,
            (false, example) => example.is_none().then(Vec::new),
        };
        match claims.iter_mut().find(|claim| claim.sentence == property.name) {
            Some(claim) => claim.path = claim.path.take().or(path),
            None => claims.push(Claim { sentence: property.name, always, path }),
        }
    }
    Ok(())
}
