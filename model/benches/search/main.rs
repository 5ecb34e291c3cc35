//! The time to reach every state, by different searches and representations of the state.
//!
//! `cargo bench -p iamspec-model` runs it; `SCOPE=quotas` selects the large scope, without the
//! slowest contenders. All contenders search the same scope (one user up to its quotas), which the
//! benchmark asserts by the number of states and transitions. The speed of a shared machine varies,
//! so each round runs a contender right after the baseline, and the result is the median of their
//! ratios.
#![expect(clippy::print_stdout, reason = "the benchmark prints its result")]

mod bitset;

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;
use std::hint::black_box;
use std::time::{Duration, Instant};

use ahash::RandomState;
use criterion::Criterion;
use iamspec_model::Scope;
use iamspec_model::check::exhaustive;
use iamspec_model::check::explorer::Search;
use iamspec_model::check::scope::NamedScope;
use stateright::{Checker, Model};

/// The numbers of states and transitions.
type Counts = (usize, usize);

/// The baseline: a plain search over a set of states, without paths and properties.
fn baseline<M: Model>(model: &M) -> Counts
where
    M::State: Clone + Eq + Hash,
{
    let mut seen: HashSet<M::State, RandomState> = HashSet::default();
    let mut frontier = VecDeque::from(model.init_states());
    seen.extend(frontier.iter().cloned());
    let (mut transitions, mut actions) = (0, Vec::new());
    while let Some(state) = frontier.pop_front() {
        model.actions(&state, &mut actions);
        for action in actions.drain(..) {
            let Some(after) = model.next_state(&state, action) else { continue };
            transitions += 1;
            if seen.insert(after.clone()) {
                frontier.push_back(after);
            }
        }
    }
    (seen.len(), transitions)
}

fn explorer(scope: &Scope) -> Counts {
    let mut search = Search::new(*scope);
    search.finish();
    (search.states(), search.transitions())
}

/// With all properties of states and calls.
fn exhaustive_check(scope: &Scope) -> Counts {
    let result = exhaustive::exhaustive_check(scope);
    (result.states, result.transitions)
}

/// With all properties of states.
fn stateright_bfs<M>(model: M) -> Counts
where
    M: Model + Send + Sync + 'static,
    M::State: Hash + Send + Sync,
    M::Action: Send + Sync,
{
    let checker = model.checker().spawn_bfs().join();
    (checker.unique_state_count(), checker.state_count() - 1)
}

/// One search, with its measurements.
struct Contender<'a> {
    name: &'static str,
    search: &'a dyn Fn() -> Counts,
    /// The time of each round, and the time of the baseline right before.
    rounds: Vec<(Duration, Duration)>,
}

/// Measures the contender and, in the same round, the baseline.
fn measure(criterion: &mut Criterion, it: &mut Contender<'_>, run_baseline: &dyn Fn() -> Counts) {
    let expected = run_baseline();
    let time = |search: &dyn Fn() -> Counts| {
        let start = Instant::now();
        assert_eq!(black_box(search()), expected);
        start.elapsed()
    };
    let Contender { name, search, rounds } = it;
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            (0..iterations)
                .map(|_| {
                    let before = time(run_baseline);
                    let round = time(*search);
                    rounds.push((round, before));
                    round
                })
                .sum()
        });
    });
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The quota of the first five kinds, and two items of the others.
const NEAR_QUOTAS: [u32; 9] = [1, 2, 2, 5, 2, 2, 2, 2, 2];

/// The quota of every kind.
const QUOTAS: [u32; 9] = [1, 2, 2, 5, 2, 8, 3, 10, 10];

/// The large scope, without criterion, which needs at least ten rounds.
fn large_scope() {
    let Some(named) = NamedScope::of("quotas") else { return };
    let bits = bitset::OneUser(QUOTAS);
    let contenders: [(_, &dyn Fn() -> Counts); 4] = [
        ("sorted facts, plain search (baseline)", &|| baseline(&named.scope)),
        ("sorted facts, explorer, with paths", &|| explorer(&named.scope)),
        ("bitsets, plain search", &|| baseline(&bits)),
        ("bitsets, stateright", &|| stateright_bfs(bits)),
    ];
    let mut times: [Vec<f64>; 4] = Default::default();
    for _ in 0..5 {
        for ((_, search), times) in contenders.iter().zip(&mut times) {
            let start = Instant::now();
            assert_eq!(search(), (named.states, named.transitions));
            times.push(start.elapsed().as_secs_f64());
        }
    }
    println!("\n{}: {} states, {} transitions", named.name, named.states, named.transitions);
    println!("{:<46} {:>10} {:>7}", "", "time", "ratio");
    let baseline_time = median(times[0].clone());
    for ((name, _), times) in contenders.iter().zip(times) {
        let time = median(times);
        println!("{name:<46} {time:>8.3} s {:>7.2}", time / baseline_time);
    }
}

fn main() {
    if std::env::var("SCOPE").is_ok_and(|it| it == "quotas") {
        return large_scope();
    }
    let Some(named) = NamedScope::of("near-quotas") else { return };
    let scope = named.scope;
    let bits = bitset::OneUser(NEAR_QUOTAS);
    let run_baseline = || baseline(&scope);
    assert_eq!(run_baseline(), (named.states, named.transitions));
    let contenders: [(_, &dyn Fn() -> Counts); 6] = [
        ("sorted facts, plain search (baseline)", &run_baseline),
        ("sorted facts, explorer, with paths", &|| explorer(&scope)),
        ("sorted facts, stateright, with properties", &|| stateright_bfs(scope)),
        ("sorted facts, exhaustive check", &|| exhaustive_check(&scope)),
        ("bitsets, plain search", &|| baseline(&bits)),
        ("bitsets, stateright", &|| stateright_bfs(bits)),
    ];
    let second = Duration::from_secs(1);
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(second)
        .measurement_time(second * 5)
        .configure_from_args();
    let mut lines = Vec::new();
    for (name, search) in contenders {
        let mut it = Contender { name, search, rounds: Vec::new() };
        measure(&mut criterion, &mut it, &run_baseline);
        let ratio = |(time, base): &(Duration, Duration)| time.as_secs_f64() / base.as_secs_f64();
        let time = median(it.rounds.iter().map(|(time, _)| time.as_secs_f64()).collect());
        let ratio = median(it.rounds.iter().map(ratio).collect());
        lines.push(format!("{name:<46} {time:>8.3} s {ratio:>7.2}"));
    }
    println!("\n{}: {} states, {} transitions", named.name, named.states, named.transitions);
    println!("{:<46} {:>10} {:>7}", "", "time", "ratio");
    println!("{}", lines.join("\n"));
}
