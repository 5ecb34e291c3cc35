//! `iamspec verify`: the model itself, in every state of the scopes that have a name.

use std::io::Write;
use std::time::Instant;

use anyhow::{Context as _, Result};
use iamspec_conformance::text;
use iamspec_model::Operation;
use iamspec_model::catalogue::{Named, SCOPES, Size};
use iamspec_model::walk::{Found, SaidOf, walk};
use stateright::{Checker as _, Model as _};

use super::{explore, peak};
use crate::cli::Verify;
use crate::exit;

pub(super) fn verify(args: &Verify, out: &mut dyn Write) -> Result<u8> {
    let one = args.scope.as_deref().map(named).transpose()?;
    if let Some(address) = args.explore {
        let shown = one.or(SCOPES.first()).context("there are no scopes")?;
        return explore::explore(shown, address, out);
    }
    let mut claims: Vec<Claim> = Vec::new();
    writeln!(
        out,
        "{:<20} {:>8} {:>11} {:>9} {:>5} {:>8} {:>9} {:>5}",
        "scope", "states", "transitions", "calls", "depth", "seconds", "states/s", "MB"
    )?;
    let asked =
        |it: &&Named| one.map_or(args.full || it.size == Size::Small, |one| one.name == it.name);
    for it in SCOPES.iter().filter(asked) {
        check(it, &mut claims, out)?;
    }
    writeln!(out)?;
    for claim in &claims {
        let mark = if claim.holds { "holds" } else { "FALLS" };
        writeln!(out, "{mark}  {:<10}  {}", claim.said_of, claim.sentence)?;
        for op in claim.path.iter().filter(|_| !claim.holds) {
            writeln!(out, "                   {}", text::operation(op))?;
        }
    }
    let all_hold = claims.iter().all(|claim| claim.holds);
    Ok(if all_hold { exit::CONFORMS } else { exit::DIVERGES })
}

fn named(name: &str) -> Result<&'static Named> {
    let names = || SCOPES.map(|it| it.name).join(", ");
    Named::of(name).with_context(|| format!("no scope is called `{name}`; there are {}", names()))
}

/// A sentence, over all scopes so far.
struct Claim {
    sentence: &'static str,
    /// In which states, or for what, it is said.
    said_of: &'static str,
    holds: bool,
    /// The calls that lead to where it falls, in the first scope where it does. Empty where
    /// something that must be reached is not.
    path: Vec<Operation>,
}

const COUNTED: &str = "a scope has as many states as its formula says";
const AGREED: &str = "stateright and the engine reach the same states, as often and as soon";

/// Checks one scope, its states and its calls, and prints its rows.
fn check(it: &Named, claims: &mut Vec<Claim>, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{}: {}", it.name, it.about)?;
    out.flush()?;
    let reference = it.fits_stateright().then(|| by_stateright(it, claims, out)).transpose()?;
    let measure = Measure::start();
    let walked = walk(&it.scope);
    let counts = Counts::of([walked.states, walked.transitions, walked.depth]);
    measure.print("engine", counts, Some(walked.calls), out)?;
    for found in walked.found {
        note(claims, found);
    }
    let counted = (counts.states, counts.transitions) == (it.states, it.transitions);
    note(claims, always(COUNTED, counted));
    note(claims, always(AGREED, reference.is_none_or(|it| it == counts)));
    Ok(())
}

/// What holds of states, by the search that knows nothing of ours.
fn by_stateright(it: &Named, claims: &mut Vec<Claim>, out: &mut dyn Write) -> Result<Counts> {
    let measure = Measure::start();
    let checker = it.scope.checker().spawn_bfs().join();
    let transitions = checker.state_count() - 1;
    let counts = Counts::of([checker.unique_state_count(), transitions, checker.max_depth()]);
    measure.print("stateright", counts, None, out)?;
    for property in it.scope.properties() {
        let path = checker.discovery(property.name).map(stateright::Path::into_actions);
        note(claims, Found::of(&property, path));
    }
    Ok(counts)
}

/// What two searches must agree on.
#[derive(Clone, Copy, PartialEq)]
struct Counts {
    states: usize,
    transitions: usize,
    depth: usize,
}

impl Counts {
    const fn of([states, transitions, depth]: [usize; 3]) -> Self {
        Self { states, transitions, depth }
    }
}

/// What a search took.
struct Measure(Instant);

impl Measure {
    fn start() -> Self {
        peak::reset();
        Self(Instant::now())
    }

    fn print(
        &self,
        by: &str,
        counts: Counts,
        calls: Option<usize>,
        out: &mut dyn Write,
    ) -> Result<()> {
        let time = self.0.elapsed();
        let or_none = |number: Option<String>| number.unwrap_or_else(|| "-".to_owned());
        let Counts { states, transitions, depth } = counts;
        let calls = or_none(calls.map(|it| it.to_string()));
        let rate = states as u128 * 1_000_000 / time.as_micros().max(1);
        let memory = or_none(peak::megabytes().map(|it| it.to_string()));
        writeln!(
            out,
            "  {by:<18} {states:>8} {transitions:>11} {calls:>9} {depth:>5} {:>8.2} {rate:>9} {memory:>5}",
            time.as_secs_f64()
        )?;
        Ok(out.flush()?)
    }
}

fn always(sentence: &'static str, holds: bool) -> Found {
    let path = (!holds).then(Vec::new);
    Found { sentence, said_of: SaidOf::EveryState, path }
}

/// What falls in one scope falls; what is to be reached must be in each that asks for it.
fn note(claims: &mut Vec<Claim>, found: Found) {
    let holds = found.holds();
    let said_of = found.said_of.name();
    let path = found.path.unwrap_or_default();
    match claims.iter_mut().find(|claim| claim.sentence == found.sentence) {
        Some(claim) if claim.holds => (claim.holds, claim.path) = (holds, path),
        Some(_) => {}
        None => claims.push(Claim { sentence: found.sentence, said_of, holds, path }),
    }
}
