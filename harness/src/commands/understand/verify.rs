//! `iamspec verify`: the model itself, in every state of the scopes that have a name.
//!
//! `iamspec verify --explore`: a scope in a browser, with stateright's Explorer.

use std::fmt;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use iamspec_model::check::exhaustive::{PropertySubject, Violation, walk};
use iamspec_model::check::scopes::{NamedScope, SCOPES, ScopeSize};
use iamspec_model::{Account, Operation, Scope};
use stateright::{Checker as _, Model, Property};

use crate::cli::VerifyArgs;
use crate::commands::test::jobs;
use crate::exit_code;

pub(crate) fn verify(args: &VerifyArgs, out: &mut dyn Write) -> Result<u8> {
    let one = args.scope.as_deref().map(named).transpose()?;
    if let Some(address) = args.explore {
        let shown = one.or(SCOPES.first()).context("there are no scopes")?;
        return explore(shown, address, out);
    }
    let mut claims: Vec<VerifiedProperty> = Vec::new();
    writeln!(
        out,
        "{:<20} {:>8} {:>11} {:>9} {:>5} {:>8} {:>9} {:>5}",
        "scope", "states", "transitions", "calls", "depth", "seconds", "states/s", "MB"
    )?;
    let asked = |it: &&NamedScope| {
        one.map_or(args.full || it.size == ScopeSize::Small, |one| one.name == it.name)
    };
    for it in SCOPES.iter().filter(asked) {
        check(it, &mut claims, out)?;
    }
    writeln!(out)?;
    for claim in &claims {
        let mark = if claim.holds { "holds" } else { "FALLS" };
        writeln!(out, "{mark}  {:<10}  {}", claim.said_of, claim.sentence)?;
        for op in claim.path.iter().filter(|_| !claim.holds) {
            writeln!(
                out,
                "                   {}",
                iamspec_conformance::script::print::operation(op)
            )?;
        }
    }
    let all_hold = claims.iter().all(|claim| claim.holds);
    Ok(if all_hold { exit_code::CONFORMS } else { exit_code::DIVERGES })
}

fn named(name: &str) -> Result<&'static NamedScope> {
    let names = || SCOPES.map(|it| it.name).join(", ");
    NamedScope::of(name)
        .with_context(|| format!("no scope is called `{name}`; there are {}", names()))
}

/// A sentence, over all scopes so far.
struct VerifiedProperty {
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
fn check(it: &NamedScope, claims: &mut Vec<VerifiedProperty>, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{}: {}", it.name, it.about)?;
    out.flush()?;
    let reference = it.fits_stateright().then(|| by_stateright(it, claims, out)).transpose()?;
    let measure = Measure::start();
    let walked = walk(&it.scope);
    let counts = ScopeCounts::of([walked.states, walked.transitions, walked.depth]);
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
fn by_stateright(
    it: &NamedScope,
    claims: &mut Vec<VerifiedProperty>,
    out: &mut dyn Write,
) -> Result<ScopeCounts> {
    let measure = Measure::start();
    let checker = it.scope.checker().spawn_bfs().join();
    let transitions = checker.state_count() - 1;
    let counts = ScopeCounts::of([checker.unique_state_count(), transitions, checker.max_depth()]);
    measure.print("stateright", counts, None, out)?;
    for property in it.scope.properties() {
        let path = checker.discovery(property.name).map(stateright::Path::into_actions);
        note(claims, Violation::of(&property, path));
    }
    Ok(counts)
}

/// What two searches must agree on.
#[derive(Clone, Copy, PartialEq)]
struct ScopeCounts {
    states: usize,
    transitions: usize,
    depth: usize,
}

impl ScopeCounts {
    const fn of([states, transitions, depth]: [usize; 3]) -> Self {
        Self { states, transitions, depth }
    }
}

/// What a search took.
struct Measure(Instant);

impl Measure {
    fn start() -> Self {
        jobs::reset();
        Self(Instant::now())
    }

    fn print(
        &self,
        by: &str,
        counts: ScopeCounts,
        calls: Option<usize>,
        out: &mut dyn Write,
    ) -> Result<()> {
        let time = self.0.elapsed();
        let or_none = |number: Option<String>| number.unwrap_or_else(|| "-".to_owned());
        let ScopeCounts { states, transitions, depth } = counts;
        let calls = or_none(calls.map(|it| it.to_string()));
        let rate = states as u128 * 1_000_000 / time.as_micros().max(1);
        let memory = or_none(jobs::megabytes().map(|it| it.to_string()));
        writeln!(
            out,
            "  {by:<18} {states:>8} {transitions:>11} {calls:>9} {depth:>5} {:>8.2} {rate:>9} {memory:>5}",
            time.as_secs_f64()
        )?;
        Ok(out.flush()?)
    }
}

fn always(sentence: &'static str, holds: bool) -> Violation {
    let path = (!holds).then(Vec::new);
    Violation { sentence, said_of: PropertySubject::EveryState, path }
}

/// What falls in one scope falls; what is to be reached must be in each that asks for it.
fn note(claims: &mut Vec<VerifiedProperty>, found: Violation) {
    let holds = found.holds();
    let said_of = found.said_of.name();
    let path = found.path.unwrap_or_default();
    match claims.iter_mut().find(|claim| claim.sentence == found.sentence) {
        Some(claim) if claim.holds => (claim.holds, claim.path) = (holds, path),
        Some(_) => {}
        None => claims.push(VerifiedProperty { sentence: found.sentence, said_of, holds, path }),
    }
}

pub(crate) fn explore(it: &NamedScope, address: SocketAddr, out: &mut dyn Write) -> Result<u8> {
    if !address.ip().is_loopback() {
        bail!(
            "{} is not a loopback address; the Explorer lets anybody in, so it listens on this machine only",
            address.ip()
        );
    }
    // The Explorer would panic where the port is taken, and does not say which it takes.
    let free = TcpListener::bind(address).and_then(|listener| listener.local_addr());
    let address = free.with_context(|| format!("cannot listen on {address}"))?;
    writeln!(out, "http://{address}")?;
    out.flush()?;
    eprintln!("stateright's Explorer shows {}: {}; Ctrl-C ends it", it.name, it.about);
    ExplorerModel::new(it.scope).checker().serve(address);
    Ok(exit_code::CONFORMS)
}

/// A scope whose calls read as in scripts. The Explorer shows the name of this type.
struct ExplorerModel {
    scope: Scope,
    properties: Vec<Property<Scope>>,
}

/// A call that is written as in scripts, wherever the Explorer shows one.
struct ExplorerCall(Operation);

impl fmt::Debug for ExplorerCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&iamspec_conformance::script::print::operation(&self.0))
    }
}

type ExplorerCondition = fn(&ExplorerModel, &Account) -> bool;

/// stateright wants a plain function for each property, which cannot know which one it is for. These
/// know a place each.
macro_rules! conditions {
    ($($place:literal)*) => { [$(|it: &ExplorerModel, account: &Account| it.holds($place, account)),*] };
}

const CONDITIONS: [ExplorerCondition; 32] = conditions! {
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
};

impl ExplorerModel {
    fn new(scope: Scope) -> Self {
        Self { scope, properties: scope.properties() }
    }

    fn holds(&self, place: usize, account: &Account) -> bool {
        self.properties.get(place).is_none_or(|it| (it.condition)(&self.scope, account))
    }
}

impl Model for ExplorerModel {
    type State = Account;
    type Action = ExplorerCall;

    fn init_states(&self) -> Vec<Account> {
        self.scope.init_states()
    }

    fn actions(&self, account: &Account, calls: &mut Vec<ExplorerCall>) {
        let mut operations = Vec::new();
        self.scope.actions(account, &mut operations);
        calls.extend(operations.into_iter().map(ExplorerCall));
    }

    fn next_state(&self, account: &Account, call: ExplorerCall) -> Option<Account> {
        self.scope.next_state(account, call.0)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let properties = self.properties.iter().zip(CONDITIONS);
        properties
            .map(|(it, condition)| Property {
                expectation: it.expectation.clone(),
                name: it.name,
                condition,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use iamspec_model::check::scopes::SCOPES;

    use super::*;

    #[test]
    fn every_property_of_every_scope_has_a_condition_of_its_own() {
        for it in SCOPES {
            let explored = ExplorerModel::new(it.scope);
            let account = explored.init_states().remove(0);
            let shown = explored.properties();
            assert_eq!(shown.len(), it.scope.properties().len(), "{}", it.name);
            for (ours, theirs) in shown.iter().zip(it.scope.properties()) {
                let holds = (theirs.condition)(&it.scope, &account);
                assert_eq!(
                    (ours.name, (ours.condition)(&explored, &account)),
                    (theirs.name, holds)
                );
            }
        }
    }
}
