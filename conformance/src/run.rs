//! One run: scripts are played one after the other, calls that the endpoint lacks are found out, and
//! what was made is removed.

use iamspec_model::{Answer, Call, Operation, Rule};

use crate::course::Course;
use crate::endpoint::{Counting, Endpoint, Space};
use crate::finding::findings;
use crate::leftover::{Kept, Leftovers, Patience};
use crate::observe::Observe;
use crate::observed::{Cause, Interruption};
use crate::replay::{Exchange, Manner, Origin, Replay, follow, replay, skipped};
use crate::script::Script;
use crate::shrink::shrink;
use crate::suite::{Ended, FIRST, Report, probes};
use crate::verdict::Verdict;

/// So much may be left behind before it is removed; finds come first, but not at any price.
const LEFT_MAX: usize = 100;

/// A course that is interrupted so often, each time in another name space, is given up.
const CUT_SHORT_MAX: usize = 50;

/// So many calls may be spent on making one find short.
const SHRINK_MAX: usize = 2000;

/// Plays something on an endpoint, and takes note of what it makes.
type Play<'a> = &'a mut dyn FnMut(&mut dyn Endpoint, &mut Leftovers, Manner<'_>) -> Replay;

/// A call that the endpoint may lack, and the script that first needed it.
struct Suspect {
    api: &'static str,
    interruption: Interruption,
    script: Script,
}

impl Suspect {
    /// Whether a call is the one, or needs what it would have made.
    fn is_needed_by(&self, op: &Operation) -> bool {
        let last = self.script.steps.last().map(|step| step.operation);
        let makes = last.filter(|op| matches!(op, Operation::Attach(..) | Operation::Issue(..)));
        let kind = makes.and_then(|op| op.kind());
        op.call().is_some_and(|call| call.api == self.api) || kind.is_some() && op.kind() == kind
    }
}

/// What a script left, where, and whether an answer in it diverged.
struct Left {
    space: Space,
    leftovers: Leftovers,
    diverged: bool,
}

/// The shortest of our scripts in which nothing hinders the call, up to there.
fn control(call: &'static Call) -> Option<Script> {
    let claim = call.claims.first()?;
    let scripts = probes(Rule { call, claim }).ok()?;
    let until = |script: Script| {
        let place = script.operations().position(|op| op.call() == Some(call))?;
        Some(script.until(place))
    };
    scripts.into_iter().filter_map(until).min_by_key(|script| script.steps.len())
}

pub(crate) struct Run<'a> {
    endpoint: Counting<'a>,
    observe: Observe,
    stop: &'a dyn Fn() -> bool,
    replays: Vec<Replay>,
    left: Vec<Left>,
    suspects: Vec<Suspect>,
    /// The replays that were skipped because of a suspicion.
    waiting: Vec<usize>,
    kept: Vec<(Kept, bool)>,
    /// Whether any answer was understood.
    heard: bool,
    /// How many calls in a row were not answered.
    silence: usize,
    ended: Option<Ended>,
}

impl<'a> Run<'a> {
    pub(crate) const fn new(
        endpoint: Counting<'a>,
        observe: Observe,
        stop: &'a dyn Fn() -> bool,
    ) -> Self {
        Self {
            endpoint,
            observe,
            stop,
            replays: Vec::new(),
            left: Vec::new(),
            suspects: Vec::new(),
            waiting: Vec::new(),
            kept: Vec::new(),
            heard: false,
            silence: 0,
            ended: None,
        }
    }

    /// Plays a script, unless the run has ended or the endpoint seems to lack what it needs.
    pub(crate) fn play(&mut self, script: &Script) {
        if self.ended.is_none() && (self.stop)() {
            self.ended = Some(Ended::Stopped);
        }
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
        self.confirm();
        self.shorten();
        self.clean();
        Report {
            replays: self.replays,
            kept: self.kept,
            requests: self.endpoint.requests,
            ended: self.ended,
        }
    }

    /// Follows a course to its end, in as many name spaces as that takes.
    pub(crate) fn follow(&mut self, course: &mut dyn Course) {
        let mut cut_short = 0;
        while self.ended.is_none() && course.goes_on() && cut_short < CUT_SHORT_MAX {
            if (self.stop)() {
                self.ended = Some(Ended::Stopped);
                return;
            }
            let replay = self.play_alone(&mut |endpoint, leftovers, manner| {
                follow(course, endpoint, leftovers, manner)
            });
            let interrupted = |it: &Exchange| matches!(it.verdict, Verdict::Inconclusive(_));
            let cut = replay.exchanges.last().is_none_or(interrupted);
            cut_short += usize::from(cut);
            self.suspect(&replay);
            self.replays.extend(Some(replay).filter(|it| !it.exchanges.is_empty()));
        }
    }

    /// Finds a short script for each divergence that only a course has shown.
    fn shorten(&mut self) {
        for finding in findings(&self.replays) {
            if self.ended.is_none() && finding.origin == Origin::Course {
                let shrunk = shrink(&finding, SHRINK_MAX, &mut |script| self.replay(script));
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
        let before = self.endpoint.requests;
        let suspects = std::mem::take(&mut self.suspects);
        let can = |op: &Operation| !suspects.iter().any(|it| it.is_needed_by(op));
        let manner = Manner { can: &can, observe: self.observe, stop: self.stop };
        let mut replay = play(&mut self.endpoint, &mut leftovers, manner);
        self.suspects = suspects;
        let asked = replay.exchanges.iter_mut().filter(|it| it.observed.is_some());
        for (index, exchange) in asked.enumerate() {
            exchange.request = before + index + 1;
        }
        if !leftovers.is_empty() {
            let diverged =
                replay.exchanges.iter().any(|it| matches!(it.verdict, Verdict::Diverges(_)));
            self.left.push(Left { space, leftovers, diverged });
        }
        self.listen(&replay);
        if self.left.iter().map(|it| it.leftovers.len()).sum::<usize>() > LEFT_MAX {
            self.clean();
        }
        replay
    }

    /// A call that fails as calls do that a service lacks. Where it need not be carried out, one that
    /// must is put to the endpoint later.
    fn suspect(&mut self, replay: &Replay) {
        let Some((place, exchange)) =
            replay.exchanges.iter().enumerate().find(|(_, it)| it.looks_unsupported())
        else {
            return;
        };
        let (Some(call), Verdict::Inconclusive(interruption)) =
            (exchange.operation.call(), &exchange.verdict)
        else {
            return;
        };
        let is_done = |rule: &Rule| rule.claim.answer == Answer::Done;
        let script = if exchange.in_force.iter().any(is_done) {
            Some(replay.leading_to(place))
        } else {
            control(call)
        };
        let (api, interruption) = (call.api, interruption.clone());
        self.suspects.extend(script.map(|script| Suspect { api, interruption, script }));
    }

    /// Ends the run where nobody answers.
    fn listen(&mut self, replay: &Replay) {
        for exchange in &replay.exchanges {
            match &exchange.verdict {
                Verdict::Inconclusive(it) if !self.heard || it.cause.is_silence() => {
                    self.silence += 1;
                    let gone =
                        it.cause == Cause::Unreachable || !self.heard && it.cause.is_silence();
                    if gone || self.silence >= Patience::MOST {
                        let ended = if self.heard { Ended::WentSilent } else { Ended::NeverHeard };
                        self.ended = Some(ended(it.clone()));
                        return;
                    }
                }
                Verdict::Conforms(_) | Verdict::Diverges(_) => {
                    self.heard = true;
                    self.silence = 0;
                }
                Verdict::Inconclusive(_) | Verdict::Unsupported(_) | Verdict::Skipped(_) => {}
            }
        }
    }

    /// Claims that a call is lacking only where other calls work and this one fails twice in the
    /// same way: the script is played again up to the call. Where it works now, what waited for it
    /// is played after all.
    fn confirm(&mut self) {
        for suspect in std::mem::take(&mut self.suspects) {
            if self.ended.is_none() && self.fails_again(&suspect) {
                self.mark(&suspect);
                self.suspects.push(suspect);
            }
        }
        for place in std::mem::take(&mut self.waiting) {
            let Some(script) = self.replays.get(place).map(|it| it.script.clone()) else {
                continue;
            };
            let lacking =
                self.suspects.iter().any(|it| script.operations().any(|op| it.is_needed_by(&op)));
            if self.ended.is_none() && !lacking && !(self.stop)() {
                let replay = self.replay(&script);
                self.replays.splice(place..=place, [replay]);
            }
        }
    }

    fn fails_again(&mut self, suspect: &Suspect) -> bool {
        let again = self.replay(&suspect.script);
        let Some((last, before)) = again.exchanges.split_last() else { return false };
        let works = |it: &Exchange| matches!(it.verdict, Verdict::Conforms(_));
        let control = before.iter().all(works) && (self.heard || !before.is_empty());
        control && last.verdict == Verdict::Inconclusive(suspect.interruption.clone())
    }

    fn mark(&mut self, suspect: &Suspect) {
        for exchange in self.replays.iter_mut().flat_map(|it| &mut it.exchanges) {
            let same = exchange.operation.call().is_some_and(|call| call.api == suspect.api);
            let fails = Verdict::Inconclusive(suspect.interruption.clone());
            if same && exchange.verdict == fails {
                exchange.verdict = Verdict::Unsupported(suspect.api);
            }
        }
    }

    fn clean(&mut self) {
        let mut patience = Patience::default();
        for mut left in std::mem::take(&mut self.left).into_iter().rev() {
            let kept = left.leftovers.remove(left.space, &mut self.endpoint, &mut patience);
            self.kept.extend(kept.into_iter().map(|it| (it, left.diverged)));
        }
    }
}
