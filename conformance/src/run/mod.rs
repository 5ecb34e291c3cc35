//! One run: scripts are played one after the other, calls that the endpoint lacks are found out, and
//! what was made is removed.

use std::collections::BTreeSet;
use std::time::Duration;

use iamspec_model::{Operation, Rule};

use crate::course::{Course, USER};
use crate::endpoint::{Counting, Endpoint, Space};
use crate::finding::findings;
use crate::leftover::{Kept, Leftovers};
use crate::observe::Observe;
use crate::observed::Cause;
use crate::patience::Patience;
use crate::replay::{Exchange, Manner, Origin, Replay, follow, replay, skipped};
use crate::script::Script;
use crate::shrink::shrink;
use crate::suite::{Ended, FIRST, Report};
use crate::verdict::{Tier, Verdict};

mod ahead;
mod lacking;

pub(crate) use ahead::Unit;
use lacking::Suspect;

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
type Play<'a> = &'a mut dyn FnMut(&mut dyn Endpoint, &mut Leftovers, Manner<'_>) -> Replay;

/// What a script left, where, and whether an answer in it diverged.
struct Left {
    space: Space,
    leftovers: Leftovers,
    diverged: bool,
}

/// How scripts and courses are played.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) observe: Observe,
    pub(crate) until_coverage: bool,
    pub(crate) settle: Duration,
}

pub(crate) struct Run<'a> {
    endpoint: Counting<'a>,
    setting: Setting,
    stop: &'a dyn Fn() -> bool,
    replays: Vec<Replay>,
    left: Vec<Left>,
    suspects: Vec<Suspect>,
    /// The replays that were skipped because of a suspicion.
    waiting: Vec<usize>,
    kept: Vec<(Kept, bool)>,
    /// Whether any answer was understood.
    heard: bool,
    /// How many calls in a row were not answered, and which.
    silence: usize,
    silent: BTreeSet<&'static str>,
    ended: Option<Ended>,
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
            Replay { script: script.clone(), exchanges, origin: Origin::Written }
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
    pub(crate) fn follow(&mut self, course: &mut dyn Course, most: usize) {
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
    fn own_up(&mut self, course: &dyn Course) {
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

    /// Ends the run where it was told to.
    fn look_up(&mut self) {
        if self.ended.is_none() && (self.stop)() {
            self.ended = Some(Ended::Stopped);
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

    fn replay(&mut self, script: &Script) -> Replay {
        // What shows most is asked first, and nothing else before it is.
        let first = script.name.starts_with(FIRST);
        self.play_alone(&mut |endpoint, leftovers, manner| {
            let observe = if first { Observe::Off } else { manner.observe };
            replay(script, endpoint, leftovers, Manner { observe, ..manner })
        })
    }

    /// Plays something in a name space of its own.
    fn play_alone(&mut self, play: Play<'_>) -> Replay {
        let space = self.endpoint.fresh();
        let mut leftovers = Leftovers::default();
        let suspects = std::mem::take(&mut self.suspects);
        let can = |op: &Operation| !suspects.iter().any(|it| it.is_needed_by(op));
        let Setting { observe, settle, .. } = self.setting;
        let manner = Manner { can: &can, observe, settle, heard: self.heard, stop: self.stop };
        let replay = play(&mut self.endpoint, &mut leftovers, manner);
        self.suspects = suspects;
        if !leftovers.is_empty() {
            let does = |it: &Exchange| matches!(&it.verdict, Verdict::Diverges(it) if it.tier < Tier::Text);
            let diverged = replay.exchanges.iter().any(does);
            self.left.push(Left { space, leftovers, diverged });
        }
        self.listen(&replay);
        if self.left.iter().map(|it| it.leftovers.len()).sum::<usize>() > LEFT_MAX {
            self.clean();
        }
        replay
    }

    /// Ends the run where nobody answers.
    fn listen(&mut self, replay: &Replay) {
        for exchange in &replay.exchanges {
            match &exchange.verdict {
                Verdict::Inconclusive(it) if !self.heard || it.cause.is_silence() => {
                    self.silence += 1;
                    self.silent.extend(exchange.operation.call().map(|call| call.api));
                    let gone =
                        it.cause == Cause::Unreachable || !self.heard && it.cause.is_silence();
                    // An endpoint that answers one call alone with nonsense is still there.
                    let alone = self.heard && self.silent.len() == 1 && it.cause.is_nonsense();
                    if gone || self.silence >= Patience::MOST && !alone {
                        let ended = if self.heard { Ended::WentSilent } else { Ended::NeverHeard };
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
        let mut patience = Patience::settling(self.setting.settle);
        for mut left in std::mem::take(&mut self.left).into_iter().rev() {
            let kept = left.leftovers.remove(left.space, &mut self.endpoint, &mut patience);
            self.kept.extend(kept.into_iter().map(|it| (it, left.diverged)));
        }
    }
}
