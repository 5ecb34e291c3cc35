//! Runs units in parallel, with the results of a sequential run.
//!
//! A unit is a script or a generator. Workers run units ahead of their turn, each on its own fork
//! of the endpoint and in its own namespaces. The main thread merges the results in the order of
//! the units. If an earlier unit has raised a suspicion that would have changed a later unit, the
//! later unit runs again in its turn. After a call without a response, the rest runs sequentially: the
//! workers would wait for the same call, and their load could slow down its repetitions.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use crate::endpoint::{Counting, Endpoint};
use crate::runner::RunOptions;
use crate::runner::capabilities::MissingCapability;
use crate::runner::run::{Results, Run, Unit};

/// The maximum number of units ahead of the current turn, for each fork. Their resources exist
/// until the main thread merges their results.
const UNITS_AHEAD_PER_FORK: usize = 8;

/// How often the main thread checks whether the run must end.
const STOP_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A unit to run, and the capabilities that were missing when it was scheduled.
struct Task<'a> {
    index: usize,
    unit: Unit<'a>,
    missing: Vec<MissingCapability>,
}

/// The result of a task.
struct TaskResult {
    index: usize,
    /// The number of missing capabilities that the worker knew.
    known_missing: usize,
    /// Contains only the capabilities that the task itself found to be missing.
    results: Results,
    requests: usize,
    learned_names: Option<Box<dyn Any + Send>>,
}

/// State shared by the workers and the main thread.
struct Shared<'a> {
    options: RunOptions,
    tasks: Mutex<Receiver<Task<'a>>>,
    stopped: AtomicBool,
    /// The number of requests of tasks that are not merged yet.
    unmerged_requests: AtomicUsize,
}

/// Runs units in order, up to `jobs` of them in parallel if the endpoint can be forked.
pub(super) fn run_units(run: &mut Run<'_>, units: &[Unit<'_>], jobs: usize) {
    let mut units = units.iter().copied();
    // One job finds out whether the endpoint responds at all.
    while jobs < 2 || !run.has_responded || run.timeouts.have_occurred {
        let Some(unit) = units.next() else { return };
        run_sequentially(run, unit);
    }
    let forks: Vec<_> = (0..jobs).filter_map(|_| run.endpoint.inner.fork()).collect();
    if forks.is_empty() {
        units.for_each(|unit| run_sequentially(run, unit));
    } else {
        run_on_forks(run, &units.collect::<Vec<_>>(), forks);
    }
}

/// Runs a unit, and repeats its calls that got no response.
fn run_sequentially(run: &mut Run<'_>, unit: Unit<'_>) {
    run.run_unit(unit);
    run.repeat_timeouts();
}

fn run_on_forks(run: &mut Run<'_>, units: &[Unit<'_>], forks: Vec<Box<dyn Endpoint + Send>>) {
    let window = forks.len() * UNITS_AHEAD_PER_FORK;
    let (task_sender, tasks) = mpsc::channel();
    let (result_sender, results) = mpsc::channel();
    let shared = Shared {
        options: run.options,
        tasks: Mutex::new(tasks),
        stopped: AtomicBool::new(false),
        unmerged_requests: AtomicUsize::new(0),
    };
    let done = std::thread::scope(|scope| {
        for fork in forks {
            let (shared, result_sender) = (&shared, result_sender.clone());
            scope.spawn(move || work(fork, shared, &result_sender));
        }
        drop(result_sender);
        let mut scheduled = 0;
        let mut early = BTreeMap::new();
        let mut done = units.len();
        for (turn, unit) in units.iter().enumerate() {
            while scheduled < units.len().min(turn + window) && run.end_reason.is_none() {
                let missing = run.results.missing.clone();
                let unit = units.get(scheduled).copied().unwrap_or(*unit);
                _ = task_sender.send(Task { index: scheduled, unit, missing });
                scheduled += 1;
            }
            let is_scheduled = turn < scheduled;
            let result =
                is_scheduled.then(|| wait_for_result(run, turn, &mut early, &results, &shared));
            let runs_before = run.results.script_runs.len();
            merge(run, *unit, result.flatten(), &shared);
            if run.has_timeouts_since(runs_before) {
                shared.stopped.store(true, Ordering::Relaxed);
                done = turn + 1;
                break;
            }
        }
        drop(task_sender);
        for result in early.into_values().chain(results) {
            merge_leftovers(run, result);
        }
        done
    });
    run.repeat_timeouts();
    units.iter().skip(done).for_each(|unit| run_sequentially(run, *unit));
}

/// Waits for the result of the unit whose turn it is. Returns `None` if no worker is left.
fn wait_for_result(
    run: &mut Run<'_>,
    turn: usize,
    early: &mut BTreeMap<usize, TaskResult>,
    results: &Receiver<TaskResult>,
    shared: &Shared<'_>,
) -> Option<TaskResult> {
    loop {
        if let Some(result) = early.remove(&turn) {
            return Some(result);
        }
        match results.recv_timeout(STOP_POLL_INTERVAL) {
            Ok(result) => _ = early.insert(result.index, result),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
        let unmerged = shared.unmerged_requests.load(Ordering::Relaxed);
        (run.endpoint.on_progress)(run.endpoint.requests + unmerged);
        if run.end_reason.is_some() || (run.should_stop)() {
            shared.stopped.store(true, Ordering::Relaxed);
        }
    }
}

/// Merges a result if it is the one that the unit would have had in its turn. Otherwise runs the
/// unit now.
fn merge(run: &mut Run<'_>, unit: Unit<'_>, result: Option<TaskResult>, shared: &Shared<'_>) {
    run.end_if_stopped();
    let Some(mut result) = result else { return run.run_unit(unit) };
    let requests = result.requests;
    _ = shared.unmerged_requests.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |unmerged| {
        Some(unmerged.saturating_sub(requests))
    });
    if run.end_reason.is_some() || is_outdated(run, unit, &result) {
        merge_leftovers(run, result);
        return run.run_unit(unit);
    }
    // Request numbers and indexes continue those of the run.
    let requests_before = run.endpoint.requests;
    let script_runs_before = run.results.script_runs.len();
    let deferred = result.results.deferred.drain(..).map(|index| index + script_runs_before);
    run.results.deferred.extend(deferred);
    run.results.missing.append(&mut result.results.missing);
    for mut script_run in std::mem::take(&mut result.results.script_runs) {
        for exchange in script_run.exchanges.iter_mut().filter(|it| it.request > 0) {
            exchange.request += requests_before;
        }
        run.check_responsiveness(&script_run);
        run.add(script_run);
        if run.end_reason.is_some() {
            break;
        }
    }
    merge_leftovers(run, result);
}

/// Returns true if a capability that has been found to be missing since affects the unit. A script
/// must not use a missing capability; a generator chooses among all the others.
fn is_outdated(run: &Run<'_>, unit: Unit<'_>, result: &TaskResult) -> bool {
    let mut new = run.results.missing.iter().skip(result.known_missing);
    match unit {
        Unit::Generated(_) => new.next().is_some(),
        Unit::Script(_) => new.any(|missing| {
            let mut exchanges = result.results.script_runs.iter().flat_map(|it| &it.exchanges);
            exchanges.any(|it| missing.is_action_of(&it.operation))
        }),
    }
}

/// Merges the request count, the names and the resources of a task, even if its responses are
/// discarded, so that cleanup deletes everything that it created.
fn merge_leftovers(run: &mut Run<'_>, result: TaskResult) {
    run.timeouts.discarded.extend(result.results.script_runs);
    run.endpoint.requests += result.requests;
    if let Some(names) = result.learned_names {
        run.endpoint.inner.merge_learned_names(names);
    }
    run.results.pending_cleanup.extend(result.results.pending_cleanup);
    run.results.not_deleted.extend(result.results.not_deleted);
    run.clean_up_if_due();
}

/// Runs tasks until there are no more.
fn work(mut fork: Box<dyn Endpoint + Send>, shared: &Shared<'_>, results: &Sender<TaskResult>) {
    loop {
        let next = shared.tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = next else { return };
        let known_missing = task.missing.len();
        let mut counted = 0;
        let mut on_progress = |requests| {
            let new = requests - std::mem::replace(&mut counted, requests);
            _ = shared.unmerged_requests.fetch_add(new, Ordering::Relaxed);
        };
        let endpoint =
            Counting { inner: fork.as_mut(), requests: 0, on_progress: &mut on_progress };
        let should_stop = || shared.stopped.load(Ordering::Relaxed);
        let mut run = Run::new(endpoint, shared.options, &should_stop, &|_| ());
        run.results.missing = task.missing;
        run.has_responded = true;
        run.run_unit(task.unit);
        let Run { endpoint: Counting { requests, .. }, results: mut task_results, .. } = run;
        _ = task_results.missing.drain(..known_missing.min(task_results.missing.len()));
        let result = TaskResult {
            index: task.index,
            known_missing,
            results: task_results,
            requests,
            learned_names: fork.take_learned_names(),
        };
        if results.send(result).is_err() {
            return;
        }
    }
}
