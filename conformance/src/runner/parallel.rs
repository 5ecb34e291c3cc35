//! Several at the same time, with the result of one after the other.
//!
//! What is to be played is played ahead, each on a fork of the endpoint and in name spaces of its own, and taken in in
//! its order. Where what came before it has raised a suspicion meanwhile, under which it would have been played
//! otherwise, it is played again in its turn.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use crate::endpoint::{Counting, Endpoint};
use crate::generate::GeneratedSuite;
use crate::results::history::ScriptRun;
use crate::runner::capabilities::MissingCapability;
use crate::runner::cleanup::NotDeleted;
use crate::runner::{Left, Run, Setting};
use crate::script::Script;

/// So many may be played ahead for each fork: what they make is there until they are taken in.
const AHEAD: usize = 8;

/// So often it is looked whether the run is to end.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What is played whole: a script, or a course.
#[derive(Clone, Copy)]
pub(crate) enum Unit<'a> {
    Script(&'a Script),
    Course(GeneratedSuite),
}

/// What is to be played, and the suspicions that there were.
struct Task<'a> {
    place: usize,
    unit: Unit<'a>,
    suspects: Vec<MissingCapability>,
}

/// What came of it.
struct Part {
    place: usize,
    /// How many suspicions it was played under.
    known: usize,
    suspects: Vec<MissingCapability>,
    replays: Vec<ScriptRun>,
    waiting: Vec<usize>,
    left: Vec<Left>,
    kept: Vec<(NotDeleted, bool)>,
    requests: usize,
    learnt: Option<Box<dyn Any + Send>>,
}

/// What all that play ahead have in common.
struct Together<'a> {
    setting: Setting,
    tasks: Mutex<Receiver<Task<'a>>>,
    over: AtomicBool,
    /// The requests of what was not taken in yet.
    sent: AtomicUsize,
}

impl Run<'_> {
    /// Plays these in their order, so many at the same time where the endpoint can be forked.
    pub(crate) fn units(&mut self, units: &[Unit<'_>], jobs: usize) {
        let mut units = units.iter().copied().enumerate();
        // Whether anybody is there is found out by one alone.
        while jobs < 2 || !self.heard {
            let Some((_, unit)) = units.next() else { return };
            self.unit(unit);
        }
        let forks: Vec<_> = (0..jobs).filter_map(|_| self.endpoint.inner.fork()).collect();
        let rest: Vec<Unit<'_>> = units.map(|(_, unit)| unit).collect();
        if forks.is_empty() {
            for unit in rest {
                self.unit(unit);
            }
        } else {
            self.ahead(&rest, forks);
        }
    }

    fn unit(&mut self, unit: Unit<'_>) {
        match unit {
            Unit::Script(script) => self.play(script),
            Unit::Course(it) => self.follow(it.course().as_mut(), it.most_calls()),
        }
    }

    fn ahead(&mut self, units: &[Unit<'_>], forks: Vec<Box<dyn Endpoint + Send>>) {
        let window = forks.len() * AHEAD;
        let (give, tasks) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let together = Together {
            setting: self.setting,
            tasks: Mutex::new(tasks),
            over: AtomicBool::new(false),
            sent: AtomicUsize::new(0),
        };
        std::thread::scope(|scope| {
            for fork in forks {
                let (together, tell) = (&together, tell.clone());
                scope.spawn(move || work(fork, together, &tell));
            }
            drop(tell);
            let (mut given, mut early) = (0, BTreeMap::new());
            for (turn, unit) in units.iter().enumerate() {
                while given < units.len().min(turn + window) && self.ended.is_none() {
                    let suspects = self.suspects.clone();
                    let unit = units.get(given).copied().unwrap_or(*unit);
                    _ = give.send(Task { place: given, unit, suspects });
                    given += 1;
                }
                let part =
                    (turn < given).then(|| self.wait_for(turn, &mut early, &told, &together));
                self.take_in(*unit, part.flatten(), &together);
            }
            drop(give);
            for part in told {
                self.clean_up_after(part);
            }
        });
    }

    /// What came of the unit whose turn it is; nothing where nobody plays any more.
    fn wait_for(
        &mut self,
        turn: usize,
        early: &mut BTreeMap<usize, Part>,
        told: &Receiver<Part>,
        together: &Together<'_>,
    ) -> Option<Part> {
        loop {
            if let Some(part) = early.remove(&turn) {
                return Some(part);
            }
            match told.recv_timeout(LOOK_EVERY) {
                Ok(part) => _ = early.insert(part.place, part),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
            (self.endpoint.tell)(self.endpoint.requests + together.sent.load(Ordering::Relaxed));
            if self.ended.is_some() || (self.stop)() {
                together.over.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Takes in what was played as it would have been in its turn; anything else is played now.
    fn take_in(&mut self, unit: Unit<'_>, part: Option<Part>, together: &Together<'_>) {
        self.look_up();
        let Some(mut part) = part else { return self.unit(unit) };
        _ = together.sent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |sent| {
            Some(sent.saturating_sub(part.requests))
        });
        if self.ended.is_some() || self.would_be_otherwise(unit, &part) {
            self.clean_up_after(part);
            return self.unit(unit);
        }
        let before = self.endpoint.requests;
        let exchanges = part.replays.iter_mut().flat_map(|it| &mut it.exchanges);
        exchanges.filter(|it| it.request > 0).for_each(|it| it.request += before);
        let offset = self.replays.len();
        self.waiting.extend(part.waiting.drain(..).map(|it| it + offset));
        self.suspects.append(&mut part.suspects);
        for replay in std::mem::take(&mut part.replays) {
            self.listen(&replay);
            self.replays.push(replay);
            if self.ended.is_some() {
                break;
            }
        }
        self.clean_up_after(part);
    }

    /// Whether a suspicion that was raised meanwhile has to do with what was played: a script is played without
    /// the calls under suspicion, and a course chooses among those that are left.
    fn would_be_otherwise(&self, unit: Unit<'_>, part: &Part) -> bool {
        let mut new = self.suspects.iter().skip(part.known);
        match unit {
            Unit::Course(_) => new.next().is_some(),
            Unit::Script(_) => new.any(|suspect| {
                let asked = part.replays.iter().flat_map(|it| &it.exchanges);
                asked.map(|it| it.operation).any(|op| suspect.is_needed_by(&op))
            }),
        }
    }

    /// What a part has made is removed, whatever becomes of its answers.
    fn clean_up_after(&mut self, part: Part) {
        self.endpoint.requests += part.requests;
        if let Some(learnt) = part.learnt {
            self.endpoint.inner.take_in(learnt);
        }
        self.left.extend(part.left);
        self.kept.extend(part.kept);
        if self.is_cleanup_due() {
            self.clean();
        }
    }
}

/// Plays what there is to play until there is nothing more.
fn work(mut fork: Box<dyn Endpoint + Send>, together: &Together<'_>, tell: &Sender<Part>) {
    loop {
        let next = together.tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = next else { return };
        let known = task.suspects.len();
        let mut before = 0;
        let mut counted = |requests| {
            let new = requests - std::mem::replace(&mut before, requests);
            _ = together.sent.fetch_add(new, Ordering::Relaxed);
        };
        let endpoint = Counting { inner: fork.as_mut(), requests: 0, tell: &mut counted };
        let stop = || together.over.load(Ordering::Relaxed);
        let mut run = Run::new(endpoint, together.setting, &stop);
        (run.suspects, run.heard) = (task.suspects, true);
        run.unit(task.unit);
        let suspects = run.suspects.split_off(known.min(run.suspects.len()));
        let (replays, waiting, left, kept) = (run.replays, run.waiting, run.left, run.kept);
        let (requests, place) = (run.endpoint.requests, task.place);
        let learnt = fork.learnt();
        let part = Part { place, known, suspects, replays, waiting, left, kept, requests, learnt };
        if tell.send(part).is_err() {
            return;
        }
    }
}
