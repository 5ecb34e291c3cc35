//! How many scripts are played at the same time: as many as was said, or as many as the endpoint bears.
//!
//! Progress, on stderr: a bar on terminals, a line now and then elsewhere.
//!
//! How much memory this process has needed since somebody last asked.

use std::cell::Cell;
use std::fs;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use iamspec_conformance::{Endpoint, Report};
use iamspec_model::{Operation, User};

use crate::client::HttpClient;
use crate::commands::test::options::Jobs;
use crate::commands::test::run::RunArgs;
use crate::report::format::summary::counted;

/// So many are tried, each against one alone.
const TRIED: [usize; 3] = [2, 4, 8];

/// So many requests measure a number.
const REQUESTS: usize = 64;

/// More at the same time must be worth so much, or they are not worth it.
const WORTH: f64 = 1.2;

/// As many as was said; or the number with which reads of nobody are answered fastest, where nobody said how often it
/// may be asked.
pub(crate) fn jobs(args: &RunArgs, http: &HttpClient) -> usize {
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
fn time(http: &HttpClient, many: usize) -> Option<Duration> {
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

/// Elsewhere than on terminals a line is written this often.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How far a run is.
pub(crate) struct Progress {
    bar: Option<indicatif::ProgressBar>,
    calls: usize,
    started: Instant,
    last_line: Cell<Instant>,
}

impl Progress {
    pub(crate) fn new(calls: usize) -> Self {
        let bar =
            std::io::stderr().is_terminal().then(|| indicatif::ProgressBar::new(calls as u64));
        let started = Instant::now();
        Self { bar, calls, started, last_line: Cell::new(started) }
    }

    pub(crate) fn tell(&self, requests: usize) {
        if let Some(bar) = &self.bar {
            bar.set_position(requests as u64);
        } else if self.last_line.get().elapsed() > LINE_EVERY {
            self.last_line.set(Instant::now());
            eprintln!("{requests} requests for {} calls and their clean-up", self.calls);
        }
    }

    pub(crate) fn end(&self, report: &Report) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let took = self.started.elapsed();
        let rate = report.requests as u128 * 1_000_000 / took.as_micros().max(1);
        let requests = counted(report.requests, "request");
        eprintln!("{requests} in {:.2} s, {rate} a second", took.as_secs_f64());
    }
}

/// Begins anew. Without effect where the system does not keep count.
pub(crate) fn reset() {
    // Only Linux can; elsewhere `megabytes` says nothing.
    _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most that was in memory since the last [`reset`], in units of 10⁶ bytes.
pub(crate) fn megabytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024 / 1_000_000)
}
