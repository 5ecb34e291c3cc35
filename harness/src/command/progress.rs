//! Progress, on stderr: a bar on terminals, a line now and then elsewhere.

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use iamspec_conformance::Report;

use crate::render::counted;

/// Elsewhere than on terminals a line is written this often.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How far a run is.
pub(super) struct Progress {
    bar: Option<indicatif::ProgressBar>,
    calls: usize,
    started: Instant,
    last_line: Cell<Instant>,
}

impl Progress {
    pub(super) fn new(calls: usize) -> Self {
        let bar =
            std::io::stderr().is_terminal().then(|| indicatif::ProgressBar::new(calls as u64));
        let started = Instant::now();
        Self { bar, calls, started, last_line: Cell::new(started) }
    }

    pub(super) fn tell(&self, requests: usize) {
        if let Some(bar) = &self.bar {
            bar.set_position(requests as u64);
        } else if self.last_line.get().elapsed() > LINE_EVERY {
            self.last_line.set(Instant::now());
            eprintln!("{requests} requests for {} calls and their clean-up", self.calls);
        }
    }

    pub(super) fn end(&self, report: &Report) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let took = self.started.elapsed();
        let rate = report.requests as u128 * 1_000_000 / took.as_micros().max(1);
        let requests = counted(report.requests, "request");
        eprintln!("{requests} in {:.2} s, {rate} a second", took.as_secs_f64());
    }
}
