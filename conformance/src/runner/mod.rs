//! Many scripts against one endpoint: those that show what the project exists for come first, calls
//! that the endpoint lacks are found out, and everything that was made is removed again.
//!
//! One run: scripts are played one after the other, calls that the endpoint lacks are found out, and
//! what was made is removed.

mod capabilities;
pub mod cleanup;
pub mod observe;
pub(crate) mod parallel;
pub mod record;
pub mod retry;
pub mod session;
pub mod shard;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use iamspec_model::{Operation, Rule};

use crate::endpoint::{Counting, Endpoint, Namespace};
use crate::generate::kind_set::USER;
use crate::generate::{GeneratedSuite, Generator};
use crate::oracle::{Tier, Verdict};
use crate::response::{Failure, FailureKind};
use crate::results::findings;
use crate::results::history::{Exchange, Origin, ScriptRun, skipped};
use crate::results::shrink::shrink;
use crate::runner::capabilities::MissingCapability;
use crate::runner::cleanup::{CleanupPlan, NotDeleted};
use crate::runner::observe::ObserveMode;
use crate::runner::parallel::Unit;
use crate::runner::retry::RetryPolicy;
use crate::runner::session::{SessionOptions, follow, replay};
use crate::runner::shard::Shard;
use crate::script::Script;

/// The scripts that show what the project exists for: one kind alone stands in the way.
pub(crate) const FIRST: &str = "delete-user/alone/";

/// Scripts, in the order in which they are played.
#[derive(Clone, Debug)]
pub struct Suite {
    scripts: Vec<Script>,
    generated: Vec<GeneratedSuite>,
    observe: ObserveMode,
    until_coverage: bool,
    settle: Duration,
    jobs: usize,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every script that was chosen, in the order played.
    pub replays: Vec<ScriptRun>,
    /// What the endpoint did not let go, and whether an answer in its script diverged, which may
    /// explain it.
    pub kept: Vec<(NotDeleted, bool)>,
    /// How many requests were sent, those of the clean-up included.
    pub requests: usize,
    /// Why the run ended early, if it did.
    pub ended: Option<EndReason>,
}

/// Why a run ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// It was told to.
    Stopped,
    /// What it might cost was used up.
    Spent,
    /// Not one call was understood.
    NeverHeard(Failure),
    /// After some answers there were none.
    WentSilent(Failure),
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped before the end"),
            Self::Spent => f.write_str("the budget was used up"),
            Self::NeverHeard(it) | Self::WentSilent(it) => it.fmt(f),
        }
    }
}

impl Suite {
    /// `DeleteUser`'s scripts first, short ones first, so that what they find is found soon.
    #[must_use]
    pub fn new(mut scripts: Vec<Script>) -> Self {
        scripts.sort_by_key(|it| {
            let alone = it.name.starts_with(FIRST);
            let deletes = it.name.starts_with("delete-user/");
            let short = alone && it.steps.len() <= 3;
            (!alone, !deletes, !short, it.name.clone())
        });
        Self {
            scripts,
            generated: Vec::new(),
            observe: ObserveMode::default(),
            until_coverage: false,
            settle: Duration::ZERO,
            jobs: 1,
        }
    }

    /// The same, and after the scripts these.
    #[must_use]
    pub fn with(self, generated: Vec<GeneratedSuite>) -> Self {
        Self { generated, ..self }
    }

    /// The same, with what it changes read then.
    #[must_use]
    pub fn observing(self, observe: ObserveMode) -> Self {
        Self { observe, ..self }
    }

    /// The same, where a generated suite may end when nothing new comes up for a while.
    #[must_use]
    pub fn until_coverage(self, until_coverage: bool) -> Self {
        Self { until_coverage, ..self }
    }

    /// The same, on an endpoint that may take so long until its answers are as they should be.
    #[must_use]
    pub fn settling(self, settle: Duration) -> Self {
        Self { settle, ..self }
    }

    /// The same, so many scripts and courses at the same time. What comes of them does not depend on it, unless
    /// it does for the endpoint.
    #[must_use]
    pub fn at_once(self, jobs: usize) -> Self {
        Self { jobs, ..self }
    }

    /// What one of several runs plays of it.
    #[must_use]
    pub fn part(mut self, shard: Shard) -> Self {
        self.scripts.retain(|it| shard.takes(&it.name));
        let portions = self.generated.iter().flat_map(|it| {
            it.portions()
                .into_iter()
                .enumerate()
                .map(|(place, it)| (format!("{}/{place}", it.name()), it))
        });
        self.generated = portions.filter(|(name, _)| shard.takes(name)).map(|(_, it)| it).collect();
        self
    }

    /// The suites that are generated, in the order in which they are played.
    #[must_use]
    pub fn generated(&self) -> &[GeneratedSuite] {
        &self.generated
    }

    /// The scripts, in the order in which they are played.
    #[must_use]
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    /// Counts the calls that the suite makes on `endpoint`, which conforms. Cleanup calls are not counted.
    #[must_use]
    pub fn calls(&self, endpoint: &mut dyn Endpoint) -> usize {
        let report = self.run(endpoint, &mut |_| (), &|| false);
        report.replays.iter().map(|it| it.exchanges.len()).sum()
    }

    /// Plays every script. After each call `tell` gets the number of requests so far; `stop` is asked
    /// before every call, and ends the run with the clean-up.
    pub fn run(
        &self,
        endpoint: &mut dyn Endpoint,
        tell: &mut dyn FnMut(usize),
        stop: &dyn Fn() -> bool,
    ) -> Report {
        let endpoint = Counting { inner: endpoint, requests: 0, tell };
        let Self { observe, until_coverage, settle, .. } = *self;
        let mut run = Run::new(endpoint, Setting { observe, until_coverage, settle }, stop);
        // Courses choose among the calls that no script has found lacking.
        run.units(&self.scripts.iter().map(Unit::Script).collect::<Vec<_>>(), self.jobs);
        let courses = self.generated.iter().flat_map(|it| it.portions());
        run.units(&courses.map(Unit::Course).collect::<Vec<_>>(), self.jobs);
        run.end()
    }
}

/// So much may be left behind before it is removed; finds come first, but not at any price.
const LEFT_MAX: usize = 100;

/// A course that is interrupted so often, each time in another name space, is given up.
const CUT_SHORT_MAX: usize = 50;

/// A course has nothing new where so many name spaces in a row brought no rule that was not in force
/// before.
const IDLE_MAX: usize = 20;

/// So many calls may be spent on making one find short.
const SHRINK_MAX: usize = 2000;

/// Plays something on an endpoint, and takes note of what it makes.
type Play<'a> =
    &'a mut dyn FnMut(&mut dyn Endpoint, &mut CleanupPlan, SessionOptions<'_>) -> ScriptRun;

/// What a script left, where, and whether an answer in it diverged.
struct Left {
    space: Namespace,
    leftovers: CleanupPlan,
    diverged: bool,
}

/// How scripts and courses are played.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) observe: ObserveMode,
    pub(crate) until_coverage: bool,
    pub(crate) settle: Duration,
}

pub(crate) struct Run<'a> {
    endpoint: Counting<'a>,
    setting: Setting,
    stop: &'a dyn Fn() -> bool,
    replays: Vec<ScriptRun>,
    left: Vec<Left>,
    suspects: Vec<MissingCapability>,
    /// The replays that were skipped because of a suspicion.
    waiting: Vec<usize>,
    kept: Vec<(NotDeleted, bool)>,
    /// Whether any answer was understood.
    heard: bool,
    /// How many calls in a row were not answered, and which.
    silence: usize,
    silent: BTreeSet<&'static str>,
    ended: Option<EndReason>,
}

impl<'a> Run<'a> {
    pub(crate) const fn new(
        endpoint: Counting<'a>,
        setting: Setting,
        stop: &'a dyn Fn() -> bool,
    ) -> Self {
        Self {
            endpoint,
            setting,
            stop,
            replays: Vec::new(),
            left: Vec::new(),
            suspects: Vec::new(),
            waiting: Vec::new(),
            kept: Vec::new(),
            heard: false,
            silence: 0,
            silent: BTreeSet::new(),
            ended: None,
        }
    }

    /// Plays a script, unless the run has ended or the endpoint seems to lack what it needs.
    pub(crate) fn play(&mut self, script: &Script) {
        self.look_up();
        let lacking =
            self.suspects.iter().find(|it| script.operations().any(|op| it.is_needed_by(&op)));
        if self.ended.is_none() && lacking.is_some() {
            self.waiting.push(self.replays.len());
        }
        let ended = self.ended.as_ref().map(ToString::to_string);
        let why = ended.or_else(|| lacking.map(|it| format!("needs {}", it.api)));
        let replay = if let Some(why) = why {
            let exchanges = script.steps.iter().map(|it| skipped(it.operation, &why)).collect();
            ScriptRun { script: script.clone(), exchanges, origin: Origin::Written }
        } else {
            let replay = self.replay(script);
            self.suspect(&replay);
            replay
        };
        self.replays.push(replay);
    }

    /// Settles every suspicion, removes what is left, and reports.
    pub(crate) fn end(mut self) -> Report {
        self.look_up();
        self.confirm();
        self.shorten();
        self.look_up();
        self.clean();
        Report {
            replays: self.replays,
            kept: self.kept,
            requests: self.endpoint.requests,
            ended: self.ended,
        }
    }

    /// Follows a course to its end, in as many name spaces as that takes.
    pub(crate) fn follow(&mut self, course: &mut dyn Generator, most: usize) {
        let (mut cut_short, mut left) = (0, most);
        let (mut reached, mut idle): (Vec<Rule>, usize) = (Vec::new(), 0);
        while course.goes_on() && cut_short < CUT_SHORT_MAX && left > 0 {
            self.look_up();
            if self.ended.is_some() || self.setting.until_coverage && idle >= IDLE_MAX {
                return;
            }
            let replay = self.play_alone(&mut |endpoint, leftovers, manner| {
                follow(course, left, endpoint, leftovers, manner)
            });
            left = left.saturating_sub(replay.exchanges.len().max(1));
            let ends_well = |it: &Exchange| it.verdict.says_as_it_should();
            let cut = !replay.exchanges.last().is_some_and(ends_well);
            cut_short += usize::from(cut);
            let before = reached.len();
            for rule in replay.exchanges.iter().flat_map(|it| &it.in_force) {
                if !reached.contains(rule) {
                    reached.push(*rule);
                }
            }
            idle = if reached.len() > before { 0 } else { idle + 1 };
            self.suspect(&replay);
            self.replays.extend(Some(replay).filter(|it| !it.exchanges.is_empty()));
        }
        self.own_up(course);
    }

    /// Says what a course has left out.
    fn own_up(&mut self, course: &dyn Generator) {
        let name = course.name();
        let lacking: BTreeSet<&str> = self.suspects.iter().map(|it| it.api).collect();
        let why = if course.goes_on() {
            format!("{name} was given up: it does not get on")
        } else if lacking.is_empty() {
            return;
        } else {
            let lacking = lacking.into_iter().collect::<Vec<_>>().join(", ");
            format!("{name} leaves out what needs {lacking}")
        };
        let left_out = skipped(Operation::DeleteUser(USER), &why);
        if let Some(replay) = self.replays.iter_mut().rfind(|it| it.script.name == name) {
            replay.exchanges.push(left_out);
        }
    }

    /// Returns true if the run holds more leftovers than [`LEFT_MAX`].
    pub(crate) fn is_cleanup_due(&self) -> bool {
        self.left.iter().map(|it| it.leftovers.len()).sum::<usize>() > LEFT_MAX
    }

    /// Ends the run where it was told to.
    fn look_up(&mut self) {
        if self.ended.is_none() && (self.stop)() {
            self.ended = Some(EndReason::Stopped);
        }
    }

    /// Finds a short script for each divergence that only a course has shown.
    fn shorten(&mut self) {
        for finding in findings(&self.replays) {
            if self.ended.is_none() && finding.origin == Origin::Course {
                let shrunk = shrink(&finding, SHRINK_MAX, &mut |script| Some(self.replay(script)));
                let name = format!("{}/{}", finding.history.name, finding.rule().id());
                self.replays.extend(shrunk.map(|it| it.shrunk(name)));
            }
        }
    }

    fn replay(&mut self, script: &Script) -> ScriptRun {
        // What shows most is asked first, and nothing else before it is.
        let first = script.name.starts_with(FIRST);
        self.play_alone(&mut |endpoint, leftovers, manner| {
            let observe = if first { ObserveMode::Off } else { manner.observe };
            replay(script, endpoint, leftovers, SessionOptions { observe, ..manner })
        })
    }

    /// Plays something in a name space of its own.
    fn play_alone(&mut self, play: Play<'_>) -> ScriptRun {
        let space = self.endpoint.fresh();
        let mut leftovers = CleanupPlan::default();
        let suspects = std::mem::take(&mut self.suspects);
        let can = |op: &Operation| !suspects.iter().any(|it| it.is_needed_by(op));
        let Setting { observe, settle, .. } = self.setting;
        let manner =
            SessionOptions { can: &can, observe, settle, heard: self.heard, stop: self.stop };
        let replay = play(&mut self.endpoint, &mut leftovers, manner);
        self.suspects = suspects;
        if !leftovers.is_empty() {
            let does = |it: &Exchange| matches!(&it.verdict, Verdict::Diverges(it) if it.tier < Tier::Text);
            let diverged = replay.exchanges.iter().any(does);
            self.left.push(Left { space, leftovers, diverged });
        }
        self.listen(&replay);
        if self.is_cleanup_due() {
            self.clean();
        }
        replay
    }

    /// Ends the run where nobody answers.
    fn listen(&mut self, replay: &ScriptRun) {
        for exchange in &replay.exchanges {
            match &exchange.verdict {
                Verdict::Inconclusive(it) if !self.heard || it.cause.is_silence() => {
                    self.silence += 1;
                    self.silent.extend(exchange.operation.call().map(|call| call.api));
                    let gone = it.cause == FailureKind::Unreachable
                        || !self.heard && it.cause.is_silence();
                    // An endpoint that answers one call alone with nonsense is still there.
                    let alone = self.heard && self.silent.len() == 1 && it.cause.is_nonsense();
                    if gone || self.silence >= RetryPolicy::MOST && !alone {
                        let ended =
                            if self.heard { EndReason::WentSilent } else { EndReason::NeverHeard };
                        self.ended = Some(ended(it.clone()));
                        return;
                    }
                }
                Verdict::Conforms(_) | Verdict::Diverges(_) => {
                    self.heard = true;
                    self.silence = 0;
                    self.silent.clear();
                }
                Verdict::Inconclusive(_) | Verdict::Unsupported(_) | Verdict::Skipped(_) => {}
            }
        }
    }

    fn clean(&mut self) {
        let mut patience = RetryPolicy::settling(self.setting.settle);
        for mut left in std::mem::take(&mut self.left).into_iter().rev() {
            let kept = left.leftovers.remove(left.space, &mut self.endpoint, &mut patience);
            self.kept.extend(kept.into_iter().map(|it| (it, left.diverged)));
        }
    }
}
