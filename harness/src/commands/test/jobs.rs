//! The options and the display of a run's effort: parallel jobs, the budget, and progress on
//! stderr.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::str::FromStr;
use std::time::{Duration, Instant};

use iamspec_conformance::results::findings_with;
use iamspec_conformance::results::shrink::Minimization;
use iamspec_conformance::runner::Budget;
use iamspec_conformance::{Endpoint, Finding, Report, ScriptRun};
use iamspec_model::{Operation, User};

use crate::client::HttpClient;
use crate::report::format::summary::counted;
use crate::wire::output::visible::{say, visible_line};

/// The number of scripts that run in parallel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jobs {
    /// A fixed number.
    Number(u8),
    /// The number with the highest throughput.
    Auto,
}

impl FromStr for Jobs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(number @ 1..=64)) => Ok(Self::Number(number)),
            _ => Err(format!("expected a number from 1 to 64, or `auto`, found `{text}`")),
        }
    }
}

/// Parses the limit of a run.
pub(crate) fn budget(text: &str) -> Result<Budget, String> {
    let wrong =
        |_| format!("expected requests such as `5000` or seconds such as `60s`, found `{text}`");
    match text.strip_suffix('s') {
        Some(seconds) => seconds.parse().map(Duration::from_secs).map(Budget::Time).map_err(wrong),
        None => text.parse().map(Budget::Requests).map_err(wrong),
    }
}

/// The numbers of jobs that `auto` compares with a single one.
const CANDIDATES: [usize; 3] = [2, 4, 8];

/// The number of requests of each measurement.
const REQUESTS: usize = 64;

/// More jobs must be faster by this factor.
const MIN_SPEEDUP: f64 = 1.2;

/// The number of parallel jobs for this endpoint.
///
/// `auto` measures the throughput of `GetUser` for a user that does not exist. With a rate limit it
/// means one job.
pub(crate) fn number_of_jobs(jobs: Jobs, rate: Option<f64>, http: &HttpClient) -> usize {
    match jobs {
        Jobs::Number(number) => return number.into(),
        Jobs::Auto if rate.is_some() => return 1,
        Jobs::Auto => {}
    }
    let Some(one_job) = measure(http, 1) else { return 1 };
    let mut best = (1, one_job);
    for jobs in CANDIDATES {
        let Some(duration) = measure(http, jobs) else { break };
        if duration.mul_f64(MIN_SPEEDUP) < best.1 {
            best = (jobs, duration);
        }
    }
    tracing::debug!(jobs = best.0, "number of jobs with the highest throughput");
    best.0
}

/// The duration of [`REQUESTS`] requests with this many jobs. `None` if the client cannot be
/// cloned, for example because it uses a driver.
fn measure(http: &HttpClient, jobs: usize) -> Option<Duration> {
    let mut clients: Vec<_> = (0..jobs).filter_map(|_| http.fork()).collect();
    if clients.len() < jobs {
        return None;
    }
    for client in &mut clients {
        client.enter_new_namespace();
        // The first request opens the connection.
        client.execute(&Operation::GetUser(User(0)));
    }
    let started = Instant::now();
    std::thread::scope(|scope| {
        for mut client in clients {
            scope.spawn(move || {
                for _ in 0..REQUESTS / jobs {
                    client.execute(&Operation::GetUser(User(0)));
                }
            });
        }
    });
    Some(started.elapsed())
}

/// The interval of progress lines if stderr is not a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The bar of a terminal. A longer script name is cut at the width of the terminal.
const BAR: &str = "{bar:20} {human_pos} of {human_len} requests, {eta} left, {wide_msg}";

/// The progress of a run: a bar on a terminal, otherwise a line from time to time.
pub(crate) struct Progress {
    bar: Option<indicatif::ProgressBar>,
    started: Instant,
    last_line: Cell<Instant>,
    /// The rules of the findings so far.
    findings: RefCell<BTreeSet<String>>,
    /// The name of the last script that ended.
    script: RefCell<String>,
    is_shown: bool,
}

impl Progress {
    /// Starts the progress of a run that sends this number of requests to a conforming endpoint. Shows
    /// nothing unless `is_shown`.
    pub(crate) fn new(requests: usize, is_shown: bool) -> Self {
        let has_bar = is_shown && std::io::stderr().is_terminal();
        let bar = has_bar.then(|| indicatif::ProgressBar::new(requests as u64));
        let bar = bar.map(|it| match indicatif::ProgressStyle::with_template(BAR) {
            Ok(style) => it.with_style(style),
            Err(_) => it,
        });
        let started = Instant::now();
        Self {
            bar,
            started,
            last_line: Cell::new(started),
            findings: RefCell::default(),
            script: RefCell::default(),
            is_shown,
        }
    }

    pub(crate) fn update(&self, requests: usize) {
        if let Some(bar) = &self.bar {
            let requests = requests as u64;
            bar.set_length(bar.length().unwrap_or_default().max(requests));
            bar.set_position(requests);
        } else if self.is_shown && self.last_line.get().elapsed() > LINE_INTERVAL {
            self.last_line.set(Instant::now());
            say(&format!("{} so far, {}", counted(requests, "request"), self.message()));
        }
    }

    /// Counts the findings of a script that ended, except known failures.
    pub(crate) fn end_script(&self, script_run: &ScriptRun, counts: &Minimization) {
        if !self.is_shown {
            return;
        }
        self.script.borrow_mut().clone_from(&script_run.script.name);
        let diverges = script_run.exchanges.iter().any(|it| it.divergences().next().is_some());
        if diverges {
            let found = findings_with([script_run], &counts.known_failures);
            let rules = found.iter().filter(|it| counts.includes(it)).map(Finding::rule_id);
            self.findings.borrow_mut().extend(rules);
        }
        if let Some(bar) = &self.bar {
            bar.set_message(self.message());
        }
    }

    fn message(&self) -> String {
        let findings = counted(self.findings.borrow().len(), "finding");
        match &**self.script.borrow() {
            "" => findings,
            script => format!("{findings}, after {}", visible_line(script)),
        }
    }

    pub(crate) fn finish(&self, report: &Report) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let duration = self.started.elapsed();
        let rate = report.requests as u128 * 1_000_000 / duration.as_micros().max(1);
        let requests = counted(report.requests, "request");
        if !self.is_shown {
            return;
        }
        say(&format!("{requests} in {:.2} s, {rate} per second", duration.as_secs_f64()));
    }
}
