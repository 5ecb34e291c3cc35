//! Calls that the endpoint may lack, or answers in broken XML: found out, and claimed only where a control
//! shows it.

use iamspec_model::evidence::E_001;
use iamspec_model::{Action, Evidence, Expected, Operation, Rule};

use crate::oracle::{Divergence, Tier, Verdict};
use crate::response::{Failure, FailureKind, Response};
use crate::results::history::{Exchange, ScriptRun};
use crate::runner::Run;
use crate::script::Script;
use crate::script::corpus::probes;

/// What every success looks like.
const FORM: Evidence = Evidence::by(&[E_001]);

/// A call that the endpoint may lack or may answer in broken XML, and the script that first needed it.
#[derive(Clone)]
pub(crate) struct MissingCapability {
    pub(crate) api: &'static str,
    interruption: Failure,
    script: Script,
}

impl MissingCapability {
    /// Whether a call fails in the same way. Where XML breaks off depends on what is in it.
    fn is_of(&self, verdict: &Verdict) -> bool {
        let Verdict::Inconclusive(it) = verdict else { return false };
        it.cause == self.interruption.cause
            && (it.cause == FailureKind::Garbled || it.detail == self.interruption.detail)
    }

    /// Whether a call is the one, or needs what it would have made.
    pub(crate) fn is_needed_by(&self, op: &Operation) -> bool {
        let last = self.script.steps.last().map(|step| step.operation);
        let makes = last.filter(|op| matches!(op, Operation::Attach(..) | Operation::Issue(..)));
        let kind = makes.and_then(|op| op.kind());
        op.call().is_some_and(|call| call.api == self.api) || kind.is_some() && op.kind() == kind
    }
}

/// The shortest of our scripts in which nothing hinders the call, up to there.
fn control(call: &'static Action) -> Option<Script> {
    let claim = call.claims.first()?;
    let scripts = probes(Rule { call, claim }).ok()?;
    let until = |script: Script| {
        let place = script.operations().position(|op| op.call() == Some(call))?;
        Some(script.until(place))
    };
    scripts.into_iter().filter_map(until).min_by_key(|script| script.steps.len())
}

impl Run<'_> {
    /// A call that fails as calls do that a service lacks, or whose answer is garbled. Where it need not be
    /// carried out, one that must is put to the endpoint later; of what is garbled, the next that must.
    pub(crate) fn suspect(&mut self, replay: &ScriptRun) {
        let Some((place, exchange)) =
            replay.exchanges.iter().enumerate().find(|(_, it)| is_suspicious(it))
        else {
            return;
        };
        let (Some(call), Verdict::Inconclusive(interruption)) =
            (exchange.operation.call(), &exchange.verdict)
        else {
            return;
        };
        let script =
            if done(exchange).is_some() { Some(replay.leading_to(place)) } else { control(call) };
        let (api, interruption) = (call.api, interruption.clone());
        self.suspects.extend(script.map(|script| MissingCapability { api, interruption, script }));
    }

    /// Whether the call fails each time that it is asked: what breaks now and then may break an answer twice
    /// by chance, so that one that is charged is asked once more.
    fn goes_on_failing(&mut self, suspect: &MissingCapability) -> bool {
        let times = if suspect.interruption.cause == FailureKind::Garbled { 2 } else { 1 };
        (0..times).all(|_| self.fails_again(suspect))
    }

    /// Whether the call was carried out and understood in this run: then it is not the call that fails.
    fn has_worked(&self, suspect: &MissingCapability) -> bool {
        let exchanges = self.replays.iter().flat_map(|it| &it.exchanges);
        let done = |it: &Exchange| matches!(it.observed, Some(Response::Done(_)));
        let same = |it: &Exchange| it.operation.call().is_some_and(|it| it.api == suspect.api);
        exchanges.filter(|it| same(it)).any(done)
    }

    /// Claims that a call is lacking, or answered in broken XML, only where other calls work and this one fails twice in the
    /// same way: the script is played again up to the call. Where it works now, what waited for it
    /// is played after all.
    pub(crate) fn confirm(&mut self) {
        for suspect in std::mem::take(&mut self.suspects) {
            if self.ended.is_none() && !self.has_worked(&suspect) && self.goes_on_failing(&suspect)
            {
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

    fn fails_again(&mut self, suspect: &MissingCapability) -> bool {
        let again = self.replay(&suspect.script);
        let Some((last, before)) = again.exchanges.split_last() else { return false };
        let works = |it: &Exchange| it.verdict.says_as_it_should();
        let control = before.iter().all(works) && (self.heard || !before.is_empty());
        control && suspect.is_of(&last.verdict)
    }

    fn mark(&mut self, suspect: &MissingCapability) {
        for exchange in self.replays.iter_mut().flat_map(|it| &mut it.exchanges) {
            let same = exchange.operation.call().is_some_and(|call| call.api == suspect.api);
            if !same || !suspect.is_of(&exchange.verdict) {
                continue;
            }
            exchange.verdict = match (exchange.is_garbled(), done(exchange)) {
                (false, _) => Verdict::Unsupported(suspect.api),
                (true, Some(rule)) => Verdict::Diverges(Box::new(garbled(exchange, rule))),
                (true, None) => continue,
            };
        }
    }
}

/// The rule by which the call would be carried out.
fn done(exchange: &Exchange) -> Option<Rule> {
    exchange.in_force.iter().find(|rule| rule.claim.answer == Expected::Done).copied()
}

/// A garbled answer is a suspicion only where the call would be carried out: what is wrong with a
/// refusal is not known.
fn is_suspicious(exchange: &Exchange) -> bool {
    exchange.looks_unsupported() || exchange.is_garbled() && done(exchange).is_some()
}

fn garbled(exchange: &Exchange, rule: Rule) -> Divergence {
    let answer = format!("200 in XML, <{}Response> in full", rule.call.api);
    Divergence {
        tier: Tier::Status,
        level: FORM.level,
        rule,
        allowed: vec![(answer, rule)],
        evidence: FORM.facts.iter().map(|fact| fact.id).collect(),
        state: exchange.before.to_string(),
        going_on: "nothing more is asked in this script",
    }
}
