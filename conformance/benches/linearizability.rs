//! Measures the histories per second of the linearizability search, by the length of the history:
//! for linearizable histories, and for histories with one wrong response. Run it with `cargo bench
//! -p iamspec-conformance`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench fails by panicking")]
#![expect(clippy::print_stdout, reason = "the bench prints a table")]

#[path = "../tests/overlap/mod.rs"]
mod overlap;

use std::time::Instant;

use iamspec_conformance::concurrency::linearizability::{Linearization, linearize};
use iamspec_conformance::rng::Rng;
use iamspec_model::Account;

/// The step limit of the search, the same as in a run.
const MAX_STEPS: usize = 100_000;
const HISTORIES: u32 = 1_000;
const ROUNDS: usize = 5;

fn main() {
    println!("calls  good: histories/s  unknown   bad: histories/s  refuted  unknown");
    for length in [10, 20, 40, 80, 120] {
        let [good, bad] = [false, true].map(|bad| measure(length, bad));
        println!(
            "{length:>5} {:>18.0} {:>7.1}% {:>18.0} {:>7.1}% {:>7.1}%",
            good.0, good.2, bad.0, bad.1, bad.2
        );
    }
}

/// The median of the histories per second, and the percentages of refuted and undecided histories.
fn measure(length: u32, bad: bool) -> (f64, f64, f64) {
    let mut rng = Rng(u64::from(length));
    let histories: Vec<_> =
        (0..HISTORIES).map(|_| overlap::history(&mut rng, length, bad)).collect();
    let (mut refuted, mut unknown) = (0_u32, 0_u32);
    let mut rates: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            (refuted, unknown) = (0, 0);
            let start = Instant::now();
            for history in &histories {
                match linearize(history, &Account::default(), MAX_STEPS) {
                    Linearization::Found(_) => {}
                    Linearization::None => refuted += 1,
                    Linearization::Unknown => unknown += 1,
                }
            }
            f64::from(HISTORIES) / start.elapsed().as_secs_f64()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    let share = |count: u32| 100.0 * f64::from(count) / f64::from(HISTORIES);
    (rates[ROUNDS / 2], share(refuted), share(unknown))
}
