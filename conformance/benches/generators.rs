//! Compares two sources of random operations, each with two ways to shrink, on mutants of the
//! reference in memory. Prints the table of `tests/reports/generators.md`:
//!
//! ```sh
//! cargo bench -p iamspec-conformance --features proptest --bench generators > tests/reports/generators.md
//! ```
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that prints one table")]

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::generate::strategies::{NameCounts, scripts};
use iamspec_conformance::mutation::fate::{MutantFate, fate};
use iamspec_conformance::reference::Reference;
use iamspec_conformance::results::Threshold;
use iamspec_conformance::results::decisive_rules;
use iamspec_conformance::results::shrink::Minimization;
use iamspec_conformance::{Mutant, Report, Script, Step, Suite, Tier};
use iamspec_model::{Account, Effect, Level, Operation, Rule, allowed, next};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

/// The operations that each source may send until it kills a mutant.
const CALLS: usize = 2000;

/// The operations of one script, as in an episode of the hand-written generator.
const LENGTH: usize = 50;

const SEEDS: [u64; 3] = [1, 2, 3];

/// What one source did with one mutant.
#[derive(Default)]
struct Attempt {
    /// The number of the request that killed it.
    requests: Option<usize>,
    /// The number of calls in the script after shrinking.
    lines: usize,
}

fn run(script: Script, mutant: Option<&Mutant>, is_shrunk: bool) -> Report {
    let mut reference = mutant.cloned().map_or_else(Reference::default, Reference::with_mutant);
    let threshold = Threshold { tier: Tier::Wire, level: Level::Should, ..Threshold::default() };
    let minimization = Minimization { of_scripts: is_shrunk, threshold, ..Minimization::default() };
    let suite = Suite::new(vec![script]).with_minimization(minimization);
    suite.run(&mut reference, &mut |_| (), &|| false)
}

fn by_hand(seed: u64, mutant: Option<&Mutant>) -> Report {
    let mut reference = mutant.cloned().map_or_else(Reference::default, Reference::with_mutant);
    let suite = Suite::new(Vec::new());
    let suite = suite.with_generated(vec![GeneratedSuite::Random { seed, calls: CALLS }]);
    suite.run(&mut reference, &mut |_| (), &|| false)
}

fn attempt_by_hand(seed: u64, mutant: &Mutant) -> Attempt {
    match fate(mutant, &by_hand(seed, Some(mutant))) {
        MutantFate::Killed(kill) => Attempt { requests: Some(kill.request), lines: kill.calls },
        _ => Attempt::default(),
    }
}

fn script(operations: &[Operation]) -> Script {
    let steps = operations.iter().copied().map(Step::from).collect();
    Script { name: "random".to_owned(), idea: "Random operations.".to_owned(), steps }
}

fn config(seed: u64) -> Config {
    Config {
        // As many as any scripts need.
        cases: u32::try_from(CALLS).unwrap(),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 1000,
        ..Config::default()
    }
}

/// One attempt with proptest, shrunk by proptest alone, and shrunk further by the product's shrinker.
fn attempts_with_proptest(seed: u64, mutant: &Mutant) -> [Attempt; 2] {
    let (requests, killed) = (Cell::new(0), RefCell::new(None::<(usize, String)>));
    let strategy = scripts(NameCounts::default(), 1..=LENGTH);
    let result = TestRunner::new(config(seed)).run(&strategy, |operations| {
        let before = requests.get();
        if killed.borrow().is_none() && before >= CALLS {
            return Ok(());
        }
        let report = run(script(&operations), Some(mutant), false);
        requests.set(before + operations.len());
        let MutantFate::Killed(kill) = fate(mutant, &report) else { return Ok(()) };
        let mut killed = killed.borrow_mut();
        let (_, rule) = killed.get_or_insert((before + kill.request, kill.rule.clone()));
        if *rule == kill.rule { Err(TestCaseError::fail(kill.rule)) } else { Ok(()) }
    });
    let (Err(TestError::Fail(_, operations)), Some((requests, _))) = (result, killed.into_inner())
    else {
        return [Attempt::default(), Attempt::default()];
    };
    let lines_of = |report: Report| match fate(mutant, &report) {
        MutantFate::Killed(kill) => kill.calls,
        _ => operations.len(),
    };
    let shrunk = run(script(&operations), Some(mutant), true);
    let shortest = shrunk.minimal_runs.iter().map(|it| it.script.steps.len()).min();
    let attempt = |lines| Attempt { requests: Some(requests), lines };
    let by_proptest = lines_of(run(script(&operations), Some(mutant), false));
    [attempt(by_proptest), attempt(shortest.unwrap_or(by_proptest).min(by_proptest))]
}

/// The number of states and of rules that a source reaches.
fn reached(reports: &[Report]) -> (usize, usize) {
    let mut states = HashSet::new();
    let mut rules = HashSet::new();
    for run in reports.iter().flat_map(|it| &it.script_runs) {
        let mut account = Account::default();
        for exchange in &run.exchanges {
            if allowed(&account, &exchange.operation).may_succeed() {
                account = next(&account, &exchange.operation, Effect::Success);
                states.insert(account.clone());
            }
        }
    }
    for report in reports {
        rules.extend(decisive_rules(&report.script_runs).iter().map(Rule::id));
    }
    (states.len(), rules.len())
}

fn reached_with_proptest(seed: u64) -> (usize, usize) {
    let reports = RefCell::new(Vec::new());
    let calls = Cell::new(0);
    let strategy = scripts(NameCounts::default(), 1..=LENGTH);
    let result = TestRunner::new(config(seed)).run(&strategy, |operations| {
        if calls.get() < CALLS {
            calls.set(calls.get() + operations.len());
            reports.borrow_mut().push(run(script(&operations), None, false));
        }
        Ok(())
    });
    result.unwrap();
    reached(&reports.into_inner())
}

fn median(mut values: Vec<usize>) -> usize {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn print_row(source: &str, shrinker: &str, attempts: &[Attempt], reached: &[(usize, usize)]) {
    let killed: Vec<&Attempt> = attempts.iter().filter(|it| it.requests.is_some()).collect();
    let requests = median(killed.iter().filter_map(|it| it.requests).collect());
    let lines = || killed.iter().map(|it| it.lines);
    let states = median(reached.iter().map(|it| it.0).collect());
    let rules = median(reached.iter().map(|it| it.1).collect());
    println!(
        "| {source} | {shrinker} | {} of {} | {requests} | {} | {} | {states} | {rules} |",
        killed.len(),
        attempts.len(),
        median(lines().collect()),
        lines().max().unwrap_or_default(),
    );
}

fn main() {
    let mutants: Vec<Mutant> =
        Mutant::systematic().filter(|it| !it.deviation.is_wire_format()).step_by(3).collect();
    let pairs = || SEEDS.into_iter().flat_map(|seed| mutants.iter().map(move |it| (seed, it)));
    let hand: Vec<Attempt> = pairs().map(|(seed, it)| attempt_by_hand(seed, it)).collect();
    let (plain, further): (Vec<Attempt>, Vec<Attempt>) = pairs()
        .map(|(seed, it)| {
            let [plain, further] = attempts_with_proptest(seed, it);
            (plain, further)
        })
        .unzip();
    let by_hand = SEEDS.map(|seed| reached(&[by_hand(seed, None)]));
    let with_proptest = SEEDS.map(reached_with_proptest);
    println!("# Random operations: the hand-written generator and proptest\n");
    println!(
        "Printed by `cargo bench -p iamspec-conformance --features proptest --bench generators`. Every third \
         systematic mutant of the reference in memory, with {} seeds; each source may send {CALLS} \
         operations to each mutant. Requests and lines are medians over the killed mutants. States and \
         rules are what {CALLS} operations reach on the reference.\n",
        SEEDS.len()
    );
    println!(
        "| source | shrinking | mutants killed | requests to kill | lines | most lines | states | rules |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    print_row("hand-written", "hand-written", &hand, &by_hand);
    print_row("proptest", "proptest", &plain, &with_proptest);
    print_row("proptest", "proptest, then hand-written", &further, &with_proptest);
}
