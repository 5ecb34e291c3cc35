//! Many scripts against one endpoint: those that show what the project exists for come first, calls
//! that the endpoint lacks are found out, and everything that was made is removed again.

use iamspec_model::{Answer, Operation, allowed};

use crate::endpoint::{Counting, Endpoint, Space};
use crate::leftover::{Kept, Leftovers};
use crate::observed::{Cause, Interruption};
use crate::replay::{Exchange, Replay, replay, skipped};
use crate::script::Script;
use crate::verdict::Verdict;

/// Scripts, in the order in which they are played.
#[derive(Clone, Debug)]
pub struct Suite {
    scripts: Vec<Script>,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every script that was chosen, in the order played.
    pub replays: Vec<Replay>,
    /// What the endpoint did not let go.
    pub kept: Vec<Kept>,
    /// How many calls were sent, those of the clean-up included.
    pub requests: usize,
    /// Why the run ended early, if it did.
    pub ended: Option<String>,
}

/// So much may be left behind before it is removed; finds come first, but not at any price.
const LEFT_MAX: usize = 100;

/// After so many calls in a row without an answer there is nobody to ask.
const SILENCE_MAX: usize = 3;

impl Suite {
    /// `DeleteUser`'s scripts first, short ones first, so that what they find is found soon.
    #[must_use]
    pub fn new(mut scripts: Vec<Script>) -> Self {
        scripts.sort_by_key(|it| {
            let alone = !it.name.starts_with("delete-user/alone/");
            (
                alone,
                !it.name.starts_with("delete-user/"),
                alone || it.steps.len() > 3,
                it.name.clone(),
            )
        });
        Self { scripts }
    }

    /// The scripts, in the order in which they are played.
    #[must_use]
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    /// How many calls it makes on an endpoint that conforms, the clean-up left out.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.scripts.iter().map(|script| script.steps.len()).sum()
    }

    /// Plays every script. `tell` hears of every call before it is made; `stop` is asked before
    /// every call, and ends the run with the clean-up.
    pub fn run(
        &self,
        endpoint: &mut dyn Endpoint,
        tell: &mut dyn FnMut(usize),
        stop: &dyn Fn() -> bool,
    ) -> Report {
        let endpoint = Counting { inner: endpoint, requests: 0, tell };
        let mut run = Run {
            endpoint,
            stop,
            replays: Vec::new(),
            left: Vec::new(),
            suspects: Vec::new(),
            kept: Vec::new(),
            silence: 0,
            ended: None,
        };
        for script in &self.scripts {
            run.play(script);
        }
        run.confirm();
        run.clean();
        Report {
            replays: run.replays,
            kept: run.kept,
            requests: run.endpoint.requests,
            ended: run.ended,
        }
    }
}

/// A call that the endpoint may lack, and the script that first needed it.
struct Suspect {
    api: &'static str,
    interruption: Interruption,
    script: Script,
}

impl Suspect {
    /// A script needs the call, or needs what the call would have made.
    fn is_needed_by(&self, script: &Script) -> bool {
        let makes = self
            .script
            .steps
            .last()
            .map(|step| step.operation)
            .filter(|op| matches!(op, Operation::Attach(..) | Operation::Issue(..)));
        let kind = makes.and_then(|op| op.kind());
        script.calls().contains(&self.api)
            || kind.is_some() && script.steps.iter().any(|step| step.operation.kind() == kind)
    }
}

struct Run<'a> {
    endpoint: Counting<'a>,
    stop: &'a dyn Fn() -> bool,
    replays: Vec<Replay>,
    left: Vec<(Space, Leftovers)>,
    suspects: Vec<Suspect>,
    kept: Vec<Kept>,
    silence: usize,
    ended: Option<String>,
}

impl Run<'_> {
    fn play(&mut self, script: &Script) {
        if self.ended.is_none() && (self.stop)() {
            self.ended = Some("stopped before the end".to_owned());
        }
        let lacking = self.suspects.iter().find(|it| it.is_needed_by(script));
        let why = self.ended.clone().or_else(|| lacking.map(|it| format!("needs {}", it.api)));
        if let Some(why) = why {
            let exchanges = script.steps.iter().map(|it| skipped(it.operation, &why)).collect();
            self.replays.push(Replay { script: script.clone(), exchanges });
            return;
        }
        let replay = self.replay(script);
        self.suspect(&replay);
        self.listen(&replay);
        self.replays.push(replay);
        if self.left.iter().map(|(_, left)| left.len()).sum::<usize>() > LEFT_MAX {
            self.clean();
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
            self.left.push((space, leftovers));
        }
        replay
    }

    /// A call that must be carried out and fails as calls do that a service lacks.
    fn suspect(&mut self, replay: &Replay) {
        let place = replay.exchanges.iter().position(Exchange::looks_unsupported);
        let Some((place, exchange)) = place.and_then(|it| Some((it, replay.exchanges.get(it)?)))
        else {
            return;
        };
        let (Some(call), Verdict::Inconclusive(interruption)) =
            (exchange.operation.call(), &exchange.verdict)
        else {
            return;
        };
        let valid = exchange.in_force.iter().any(|rule| rule.claim.answer == Answer::Done);
        if valid {
            self.suspects.push(Suspect {
                api: call.api,
                interruption: interruption.clone(),
                script: replay.script.until(place),
            });
        }
    }

    /// Ends the run where nobody answers.
    fn listen(&mut self, replay: &Replay) {
        for exchange in &replay.exchanges {
            match &exchange.verdict {
                Verdict::Inconclusive(it)
                    if !matches!(it.cause, Cause::Unimplemented | Cause::Failure) =>
                {
                    self.silence += 1;
                    let first = self.replays.is_empty() && self.silence == 1;
                    if first || it.cause == Cause::Unreachable || self.silence >= SILENCE_MAX {
                        self.ended = Some(it.to_string());
                        return;
                    }
                }
                Verdict::Skipped(_) => {}
                _ => self.silence = 0,
            }
        }
    }

    /// Claims that a call is lacking only where a control works and the call fails twice in the
    /// same way: the script is played again up to the call.
    fn confirm(&mut self) {
        for suspect in std::mem::take(&mut self.suspects) {
            if self.ended.is_some() || suspect.script.steps.len() < 2 {
                continue;
            }
            let again = self.replay(&suspect.script);
            let (last, before) = again
                .exchanges
                .split_last()
                .map_or((None, &[][..]), |(last, before)| (Some(last), before));
            let control = before.iter().all(|it| matches!(it.verdict, Verdict::Conforms(_)));
            let same = last.is_some_and(|it| {
                it.verdict == Verdict::Inconclusive(suspect.interruption.clone())
            });
            if control && same {
                self.mark(&suspect);
            }
        }
    }

    fn mark(&mut self, suspect: &Suspect) {
        let exchanges = self.replays.iter_mut().flat_map(|it| &mut it.exchanges);
        for exchange in
            exchanges.filter(|it| it.operation.call().is_some_and(|call| call.api == suspect.api))
        {
            if exchange.verdict == Verdict::Inconclusive(suspect.interruption.clone()) {
                exchange.verdict = Verdict::Unsupported(suspect.api);
            }
        }
    }

    fn clean(&mut self) {
        for (space, mut left) in std::mem::take(&mut self.left).into_iter().rev() {
            self.kept.extend(left.remove(space, &mut self.endpoint));
        }
    }
}

/// The rules that a script reaches on an endpoint that conforms, by playing it in the model.
#[must_use]
pub fn rules_of(script: &Script) -> Vec<iamspec_model::Rule> {
    let mut account = iamspec_model::Account::default();
    let mut rules = Vec::new();
    for op in script.steps.iter().map(|step| step.operation) {
        let allowed = allowed(&account, &op);
        rules.extend(allowed.rules());
        if allowed.may_be_done() {
            iamspec_model::apply(&mut account, &op);
        }
    }
    rules
}
