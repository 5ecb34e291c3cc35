//! How many histories of three clients a second are judged, and how that grows with their length: good ones, and
//! ones in which one answer was made another. `cargo bench -p iamspec-conformance` prints the table.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench fails by panicking")]
#![expect(clippy::print_stdout, reason = "the table is its result")]

#[path = "../tests/overlap/mod.rs"]
mod overlap;

use std::time::Instant;

use iamspec_conformance::concurrency::linearizability::{Linearization, order};
use iamspec_conformance::rng::Rng;
use iamspec_model::Account;

/// So many steps a search may make: as in a run.
const STEPS: usize = 100_000;
const HISTORIES: u32 = 1_000;
const ROUNDS: usize = 5;

fn main() {
    println!("calls  good: histories/s  unknown   bad: histories/s  refuted  unknown");
    for calls in [10, 20, 40, 80, 120] {
        let [good, bad] = [false, true].map(|bad| measured(calls, bad));
        println!(
            "{calls:>5} {:>18.0} {:>7.1}% {:>18.0} {:>7.1}% {:>7.1}%",
            good.0, good.2, bad.0, bad.1, bad.2
        );
    }
}

/// Histories a second, the median of the rounds; of a hundred how many are refuted, and undecided.
fn measured(calls: u32, bad: bool) -> (f64, f64, f64) {
    let mut chance = Rng(u64::from(calls));
    let histories: Vec<_> =
        (0..HISTORIES).map(|_| overlap::history(&mut chance, calls, bad)).collect();
    let (mut refuted, mut unknown) = (0_u32, 0_u32);
    let mut rates: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            (refuted, unknown) = (0, 0);
            let begun = Instant::now();
            for history in &histories {
                match order(history, &Account::default(), STEPS) {
                    Linearization::Found(_) => {}
                    Linearization::None => refuted += 1,
                    Linearization::Unknown => unknown += 1,
                }
            }
            f64::from(HISTORIES) / begun.elapsed().as_secs_f64()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    let share = |count: u32| 100.0 * f64::from(count) / f64::from(HISTORIES);
    (rates[ROUNDS / 2], share(refuted), share(unknown))
}
