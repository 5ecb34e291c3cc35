//! `iamspec verify`: checks the model itself, in every state of the named scopes.
//!
//! `--explore` shows a scope in stateright's Explorer, in a browser.

use std::fmt;
use std::fs;
use std::io;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use iamspec_conformance::script::print;
use iamspec_model::check::exhaustive::{PropertyResult, Quantifier, exhaustive_check};
use iamspec_model::check::scope::{NamedScope, SCOPES, ScopeSize};
use iamspec_model::{Account, Operation, Scope};
use stateright::{Checker as _, Model, Property};

use crate::commands::understand::proofs::{replay_counterexamples, write_modules, write_proofs};
use crate::exit_code;
use crate::exit_code::Outcome;
use crate::wire::output::visible::say;

/// The arguments of `iamspec verify`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec verify
  # Large scopes as well.
  iamspec verify --full
  # One scope.
  iamspec verify quotas
  # One scope in a browser.
  iamspec verify pair --explore 127.0.0.1:0
  # The proofs for accounts of any size, for an SMT solver.
  iamspec verify --smt proofs
  # The same statements for TLC, one TLA+ module for each scope.
  iamspec verify --tla modules
  # An account that a solver found for a faulty statement, as calls.
  z3 proofs/faults/DeleteUser-is-not-refused-if-holds-access-key.smt2 \\
    | iamspec verify --counterexamples -")]
pub struct VerifyArgs {
    /// Scope to check; default: all small scopes
    #[arg(value_name = "SCOPE")]
    pub scope: Option<String>,
    /// Also check large scopes
    #[arg(long, conflicts_with_all = ["scope", "explore"])]
    pub full: bool,
    /// Show a scope in stateright's Explorer instead
    ///
    /// ADDRESS is a loopback address; port 0 selects a free port.
    #[arg(long, value_name = "ADDRESS")]
    pub explore: Option<SocketAddr>,
    /// Write the proofs for accounts of any size to this directory, as SMT-LIB 2
    #[arg(long, value_name = "DIR", conflicts_with_all = ["scope", "full", "explore"])]
    pub smt: Option<PathBuf>,
    /// Write the scopes to this directory, as TLA+ modules for TLC
    ///
    /// A scope with symmetry has no module, because TLC would count its states one by one.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["scope", "full", "explore", "smt"])]
    pub tla: Option<PathBuf>,
    /// Replay the accounts in the output of a solver; `-` is standard input
    ///
    /// FILE is the output for files in the directories faults/ and induction/ of --smt.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scope", "full", "explore", "smt", "tla"])]
    pub counterexamples: Option<PathBuf>,
}

pub(crate) fn verify(args: &VerifyArgs, out: &mut dyn Write) -> Result<u8> {
    if let Some(directory) = &args.smt {
        return write_proofs(directory, out);
    }
    if let Some(directory) = &args.tla {
        return write_modules(directory, out);
    }
    if let Some(file) = &args.counterexamples {
        return replay_counterexamples(&read(file)?, out);
    }
    let named = args.scope.as_deref().map(scope_by_name).transpose()?;
    if let Some(address) = args.explore {
        let scope = named.or(SCOPES.first()).context("there are no scopes")?;
        return explore(scope, address, out);
    }
    let mut properties: Vec<VerifiedProperty> = Vec::new();
    writeln!(
        out,
        "{:<20} {:>8} {:>11} {:>9} {:>5} {:>8} {:>9}",
        "scope", "states", "transitions", "calls", "depth", "seconds", "states/s"
    )?;
    let selected = |it: &&NamedScope| {
        named.map_or(args.full || it.size == ScopeSize::Small, |named| named.name == it.name)
    };
    for scope in SCOPES.iter().filter(selected) {
        check(scope, &mut properties, out)?;
    }
    writeln!(out)?;
    for property in &properties {
        let mark = if property.holds { "holds" } else { "FALLS" };
        writeln!(out, "{mark}  {:<10}  {}", property.subject, property.sentence)?;
        for op in property.path.iter().filter(|_| !property.holds) {
            writeln!(out, "                   {}", print::operation(op))?;
        }
    }
    let diverges = properties.iter().any(|it| !it.holds);
    Ok(exit_code::of(Outcome { diverges, ..Outcome::default() }))
}

fn read(file: &Path) -> Result<String> {
    if file == Path::new("-") {
        return io::read_to_string(io::stdin()).context("cannot read standard input");
    }
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn scope_by_name(name: &str) -> Result<&'static NamedScope> {
    let names = || SCOPES.map(|it| it.name).join(", ");
    NamedScope::of(name)
        .with_context(|| format!("there is no scope `{name}`; the scopes are {}", names()))
}

/// A property, over all scopes so far.
struct VerifiedProperty {
    sentence: &'static str,
    /// The states or calls that the property is about.
    subject: &'static str,
    holds: bool,
    /// The calls that lead to the first violation. Empty if a state that must be reachable is not.
    path: Vec<Operation>,
}

const STATE_COUNT: &str = "a scope has as many states as its formula says";
const AGREEMENT: &str = "stateright and the engine reach the same states, as often and as soon";

/// Checks one scope with both engines and prints their rows.
fn check(
    it: &NamedScope,
    properties: &mut Vec<VerifiedProperty>,
    out: &mut dyn Write,
) -> Result<()> {
    writeln!(out, "{}: {}", it.name, it.description)?;
    out.flush()?;
    let reference = it.fits_stateright().then(|| by_stateright(it, properties, out)).transpose()?;
    let stopwatch = Stopwatch::start();
    let walked = exhaustive_check(&it.scope);
    let counts = ScopeCounts::of([walked.states, walked.transitions, walked.depth]);
    stopwatch.print("engine", counts, Some(walked.calls), out)?;
    for found in walked.results {
        record(properties, found);
    }
    let same_count = (counts.states, counts.transitions) == (it.states, it.transitions);
    record(properties, always(STATE_COUNT, same_count));
    record(properties, always(AGREEMENT, reference.is_none_or(|it| it == counts)));
    Ok(())
}

/// Checks the states with stateright, which is independent of our explorer.
fn by_stateright(
    it: &NamedScope,
    properties: &mut Vec<VerifiedProperty>,
    out: &mut dyn Write,
) -> Result<ScopeCounts> {
    let stopwatch = Stopwatch::start();
    let checker = it.scope.checker().spawn_bfs().join();
    let transitions = checker.state_count() - 1;
    let counts = ScopeCounts::of([checker.unique_state_count(), transitions, checker.max_depth()]);
    stopwatch.print("stateright", counts, None, out)?;
    for property in it.scope.properties() {
        let path = checker.discovery(property.name).map(stateright::Path::into_actions);
        record(properties, PropertyResult::of(&property, path));
    }
    Ok(counts)
}

/// The numbers that both engines must agree on.
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

/// The duration of a search.
struct Stopwatch(Instant);

impl Stopwatch {
    fn start() -> Self {
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
        let ScopeCounts { states, transitions, depth } = counts;
        let calls = calls.map_or_else(|| "-".to_owned(), |it| it.to_string());
        let rate = states as u128 * 1_000_000 / time.as_micros().max(1);
        writeln!(
            out,
            "  {by:<18} {states:>8} {transitions:>11} {calls:>9} {depth:>5} {:>8.2} {rate:>9}",
            time.as_secs_f64()
        )?;
        Ok(out.flush()?)
    }
}

fn always(sentence: &'static str, holds: bool) -> PropertyResult {
    let path = (!holds).then(Vec::new);
    PropertyResult { property: sentence, subject: Quantifier::EveryState, path }
}

/// Records the result of a property. A property that fails in one scope fails.
fn record(properties: &mut Vec<VerifiedProperty>, found: PropertyResult) {
    let holds = found.holds();
    let subject = found.subject.name();
    let path = found.path.unwrap_or_default();
    match properties.iter_mut().find(|it| it.sentence == found.property) {
        Some(known) if known.holds => (known.holds, known.path) = (holds, path),
        Some(_) => {}
        None => {
            properties.push(VerifiedProperty { sentence: found.property, subject, holds, path });
        }
    }
}

fn explore(it: &NamedScope, address: SocketAddr, out: &mut dyn Write) -> Result<u8> {
    if !address.ip().is_loopback() {
        bail!(
            "{} is not a loopback address; the Explorer has no access control, so it must not be \
             reachable from other machines",
            address.ip()
        );
    }
    // The Explorer panics if the port is in use, and does not print the port that it uses.
    let free = TcpListener::bind(address).and_then(|listener| listener.local_addr());
    let address = free.with_context(|| format!("cannot listen on {address}"))?;
    writeln!(out, "http://{address}")?;
    out.flush()?;
    say(&format!("stateright's Explorer shows {}: {}; Ctrl-C stops it", it.name, it.description));
    ExplorerModel::new(it.scope).checker().serve(address);
    Ok(exit_code::CONFORMS)
}

/// A scope whose calls print as in scripts. The Explorer shows the name of this type.
struct ExplorerModel {
    scope: Scope,
    properties: Vec<Property<Scope>>,
}

/// A call that the Explorer shows as in scripts.
struct ExplorerCall(Operation);

impl fmt::Debug for ExplorerCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print::operation(&self.0))
    }
}

type ExplorerCondition = fn(&ExplorerModel, &Account) -> bool;

/// Plain functions for stateright, one for each index of a property: stateright passes no context
/// to a property's condition.
macro_rules! conditions {
    ($($index:literal)*) => { [$(|it: &ExplorerModel, account: &Account| it.holds($index, account)),*] };
}

const CONDITIONS: [ExplorerCondition; 32] = conditions! {
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
};

impl ExplorerModel {
    fn new(scope: Scope) -> Self {
        Self { scope, properties: scope.properties() }
    }

    fn holds(&self, index: usize, account: &Account) -> bool {
        self.properties.get(index).is_none_or(|it| (it.condition)(&self.scope, account))
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
    use iamspec_model::check::scope::SCOPES;

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
