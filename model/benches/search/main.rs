//! How long it takes to reach every state, by whom, and against what: `cargo bench -p iamspec-model`.
//! `SCOPE=quotas` takes the large scope, without what would take minutes.
//!
//! All do the same work, which is asserted: the states and transitions of one scope, one user up to
//! its quotas. A machine that is shared is not the same a minute later, so each round runs a
//! contender and the yardstick one after the other, and what counts in the end is the median of their
//! ratios.
#![expect(clippy::print_stdout, reason = "the ratios are what this prints")]

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
use iamspec_model::check::scopes::NamedScope;
use stateright::{Checker, Model};

/// States and transitions.
type Counts = (usize, usize);

/// The yardstick: a search written by hand over a set of states, with no ways, no properties and
/// nothing else.
fn by_hand<M: Model>(model: &M) -> Counts
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

fn by_engine(scope: &Scope) -> Counts {
    let mut search = Search::new(*scope);
    search.finish();
    (search.states(), search.transitions())
}

/// With every sentence about states and calls.
fn by_walk(scope: &Scope) -> Counts {
    let walked = exhaustive::walk(scope);
    (walked.states, walked.transitions)
}

/// With every sentence about states.
fn by_stateright<M>(model: M) -> Counts
where
    M: Model + Send + Sync + 'static,
    M::State: Hash + Send + Sync,
    M::Action: Send + Sync,
{
    let checker = model.checker().spawn_bfs().join();
    (checker.unique_state_count(), checker.state_count() - 1)
}

/// One way to do the work.
struct Contender<'a> {
    name: &'static str,
    search: &'a dyn Fn() -> Counts,
    /// Its times, and what the yardstick took just before.
    rounds: Vec<(Duration, Duration)>,
}

/// Measures the contender and, in the same round, the yardstick.
fn measure(criterion: &mut Criterion, it: &mut Contender<'_>, yardstick: &dyn Fn() -> Counts) {
    let expected = yardstick();
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
                    let before = time(yardstick);
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

/// As many as the quota allows of the first five, two of the others.
const NEAR_QUOTAS: [u32; 9] = [1, 2, 2, 5, 2, 2, 2, 2, 2];

/// As many as the quota allows.
const QUOTAS: [u32; 9] = [1, 2, 2, 5, 2, 8, 3, 10, 10];

/// The large scope, in rounds of its own: criterion would take ten and more.
fn large() {
    let Some(named) = NamedScope::of("quotas") else { return };
    let bits = bitset::OneUser(QUOTAS);
    let contenders: [(_, &dyn Fn() -> Counts); 4] = [
        ("sorted facts, by hand (the yardstick)", &|| by_hand(&named.scope)),
        ("sorted facts, our engine, with ways", &|| by_engine(&named.scope)),
        ("bitsets, by hand", &|| by_hand(&bits)),
        ("bitsets, stateright", &|| by_stateright(bits)),
    ];
    let mut times: [Vec<f64>; 4] = Default::default();
    for _ in 0..5 {
        for ((_, search), times) in contenders.iter().zip(&mut times) {
            let begun = Instant::now();
            assert_eq!(search(), (named.states, named.transitions));
            times.push(begun.elapsed().as_secs_f64());
        }
    }
    println!("\n{}: {} states, {} transitions", named.name, named.states, named.transitions);
    println!("{:<46} {:>10} {:>7}", "", "time", "ratio");
    let yardstick = median(times[0].clone());
    for ((name, _), times) in contenders.iter().zip(times) {
        let time = median(times);
        println!("{name:<46} {time:>8.3} s {:>7.2}", time / yardstick);
    }
}

fn main() {
    if std::env::var("SCOPE").is_ok_and(|it| it == "quotas") {
        return large();
    }
    let Some(named) = NamedScope::of("near-quotas") else { return };
    let scope = named.scope;
    let bits = bitset::OneUser(NEAR_QUOTAS);
    let yardstick = || by_hand(&scope);
    assert_eq!(yardstick(), (named.states, named.transitions));
    let contenders: [(_, &dyn Fn() -> Counts); 6] = [
        ("sorted facts, by hand (the yardstick)", &yardstick),
        ("sorted facts, our engine, with ways", &|| by_engine(&scope)),
        ("sorted facts, stateright, with properties", &|| by_stateright(scope)),
        ("sorted facts, walk, with properties and calls", &|| by_walk(&scope)),
        ("bitsets, by hand", &|| by_hand(&bits)),
        ("bitsets, stateright", &|| by_stateright(bits)),
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
        measure(&mut criterion, &mut it, &yardstick);
        let ratio =
            |(time, yardstick): &(Duration, Duration)| time.as_secs_f64() / yardstick.as_secs_f64();
        let time = median(it.rounds.iter().map(|(time, _)| time.as_secs_f64()).collect());
        let ratio = median(it.rounds.iter().map(ratio).collect());
        lines.push(format!("{name:<46} {time:>8.3} s {ratio:>7.2}"));
    }
    println!("\n{}: {} states, {} transitions", named.name, named.states, named.transitions);
    println!("{:<46} {:>10} {:>7}", "", "time", "ratio");
    println!("{}", lines.join("\n"));
}
