//! How many scripts are played at the same time: as many as was said, or as many as the endpoint bears.

use std::time::{Duration, Instant};

use iamspec_conformance::Endpoint;
use iamspec_model::{Operation, User};

use crate::cli::{Jobs, Run};
use crate::client::Http;

/// So many are tried, each against one alone.
const TRIED: [usize; 3] = [2, 4, 8];

/// So many requests measure a number.
const REQUESTS: usize = 64;

/// More at the same time must be worth so much, or they are not worth it.
const WORTH: f64 = 1.2;

/// As many as was said; or the number with which reads of nobody are answered fastest, where nobody said how often it
/// may be asked.
pub(super) fn jobs(args: &Run, http: &Http) -> usize {
    let asked = args.jobs;
    if asked != Jobs::Measured || args.target.whom.rate.is_some() {
        return asked.number();
    }
    let Some(alone) = time(http, 1) else { return 1 };
    let mut best = (1, alone);
    for many in TRIED {
        let Some(took) = time(http, many) else { break };
        if took.mul_f64(WORTH) < best.1 {
            best = (many, took);
        }
    }
    tracing::debug!(jobs = best.0, "as many at the same time as the endpoint answers fastest");
    best.0
}

/// How long so many take for the requests together; nothing where they cannot ask at the same time.
fn time(http: &Http, many: usize) -> Option<Duration> {
    let mut forks: Vec<_> = (0..many).filter_map(|_| http.fork()).collect();
    if forks.len() < many {
        return None;
    }
    for fork in &mut forks {
        fork.fresh();
        // The first request makes the connection.
        fork.ask(&Operation::GetUser(User(0)));
    }
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for mut fork in forks {
            scope.spawn(move || {
                for _ in 0..REQUESTS / many {
                    fork.ask(&Operation::GetUser(User(0)));
                }
            });
        }
    });
    Some(begun.elapsed())
}
