//! One run: scripts are played one after the other, calls that the endpoint lacks are found out, and
//! what was made is removed.

use iamspec_model::{Answer, Operation};

use crate::endpoint::{Counting, Endpoint as _, Space};
use crate::leftover::{Kept, Leftovers, Patience};
use crate::observed::{Cause, Interruption};
use crate::replay::{Exchange, Replay, replay, skipped};
use crate::script::Script;
use crate::suite::{Ended, Report};
use crate::verdict::Verdict;

/// So much may be left behind before it is removed; finds come first, but not at any price.
const LEFT_MAX: usize = 100;

/// A call that the endpoint may lack, and the script that first needed it.
struct Suspect {
    api: &'static str,
    interruption: Interruption,
    script: Script,
}

impl Suspect {
    /// A script needs the call, or needs what the call would have made.
    fn is_needed_by(&self, script: &Script) -> bool {
        let last = self.script.steps.last().map(|step| step.operation);
        let makes = last.filter(|op| matches!(op, Operation::Attach(..) | Operation::Issue(..)));
        let kind = makes.and_then(|op| op.kind());
        script.calls().contains(&self.api)
            || kind.is_some() && script.steps.iter().any(|step| step.operation.kind() == kind)
    }
}

/// What a script left, where, and whether an answer in it diverged.
struct Left {
    space: Space,
    leftovers: Leftovers,
    diverged: bool,
}

pub(crate) struct Run<'a> {
    endpoint: Counting<'a>,
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
    pub(crate) const fn new(endpoint: Counting<'a>, stop: &'a dyn Fn() -> bool) -> Self {
        Self {
            endpoint,
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
        let lacking = self.suspects.iter().find(|it| it.is_needed_by(script));
        if self.ended.is_none() && lacking.is_some() {
            self.waiting.push(self.replays.len());
        }
        let ended = self.ended.as_ref().map(ToString::to_string);
        let why = ended.or_else(|| lacking.map(|it| format!("needs {}", it.api)));
        let replay = if let Some(why) = why {
            let exchanges = script.steps.iter().map(|it| skipped(it.operation, &why)).collect();
            Replay { script: script.clone(), exchanges }
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
        self.clean();
        Report {
            replays: self.replays,
            kept: self.kept,
            requests: self.endpoint.requests,
            ended: self.ended,
        }
    }

    fn replay(&mut self, script: &Script) -> Replay {
        let space = self.endpoint.fresh();
        let mut leftovers = Leftovers::default();
        let before = self.endpoint.requests;
        let mut replay = replay(script, &mut self.endpoint, &mut leftovers, self.stop);
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

    /// A call that must be carried out and fails as calls do that a service lacks.
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
        if exchange.in_force.iter().any(|rule| rule.claim.answer == Answer::Done) {
            let (api, interruption) = (call.api, interruption.clone());
            self.suspects.push(Suspect { api, interruption, script: replay.script.until(place) });
        }
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
            let lacking = self.suspects.iter().any(|it| it.is_needed_by(&script));
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
