//! Finds failures that can be repeated: a call that crashes, hangs or returns an unreadable body whenever
//! it is made in the same way.
//!
//! A single failure shows nothing, because it may be temporary. A failure becomes a divergence if
//! no call of the same form has ever got a response, and if the failure occurs again in fresh
//! namespaces while other calls work. The more often other calls fail, the more repetitions are
//! needed.

use std::collections::BTreeSet;

use iamspec_model::tables::precedence::decisive_rule;
use iamspec_model::{Entity, Level, Operation, Rule, listing};

use crate::oracle::{Divergence, Tier, Verdict, expected_responses};
use crate::response::{FailureKind, Response};
use crate::results::history::{Exchange, Origin, ScriptRun};
use crate::runner::control::Control;
use crate::script::unusual::is_unusual_word;
use crate::script::{Script, Step, print};

/// The least number of repetitions.
const REPETITIONS_MIN: usize = 3;

/// If more would be needed, the endpoint fails so often that nothing can be shown.
const REPETITIONS_MAX: usize = 12;

/// The probability that failures by chance look repeatable.
const ERROR_RATE: f64 = 1e-6;

/// Calls with the same action, the same kinds of parameters, the same rules in force, and responses that show
/// the same kinds of entities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CallPattern {
    api: &'static str,
    words: String,
    rules: Vec<String>,
    /// What the expected success shows: a call may fail only if there is something to show.
    shows: Vec<&'static str>,
}

impl CallPattern {
    fn of(exchange: &Exchange) -> Option<Self> {
        let api = exchange.operation.action()?.api;
        let words = words(&exchange.operation);
        let rules = exchange.in_force.iter().map(Rule::id).collect();
        Some(Self { api, words, rules, shows: shown_kinds(exchange) })
    }

    /// The action of the calls.
    pub(super) const fn api(&self) -> &'static str {
        self.api
    }

    /// Whether the calls have the same action, parameters and rules, whatever their responses show.
    fn is_like(&self, other: &Self) -> bool {
        (self.api, &self.words, &self.rules) == (other.api, &other.words, &other.rules)
    }
}

/// The kinds of what the expected success of a read shows, each once.
fn shown_kinds(exchange: &Exchange) -> Vec<&'static str> {
    let listed = listing(&exchange.before, &exchange.operation);
    let kinds = listed.into_iter().flatten().map(|(entity, _)| match entity {
        Entity::User(_) => "user",
        Entity::Path(_) => "path",
        Entity::Resource(resource) => resource.kind.row().noun,
        Entity::Item(kind, _) => kind.row().noun,
        Entity::Version { .. } => "version",
    });
    kinds.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The operation in script syntax, without the numbers of symbols for ordinary names.
fn words(operation: &Operation) -> String {
    let printed = print::operation(operation);
    let without_number = |word: &'_ str| {
        let letters = word.trim_end_matches(|it: char| it.is_ascii_digit());
        if is_unusual_word(word) { word.to_owned() } else { letters.to_owned() }
    };
    printed.split(' ').map(without_number).collect::<Vec<_>>().join(" ")
}

/// A failure that may be repeatable.
pub(super) struct RepeatableFailure {
    form: CallPattern,
    kind: FailureKind,
    /// The rule that says how AWS responds.
    rule: Rule,
    /// Ends with the call.
    script: Script,
    repetitions: usize,
}

impl RepeatableFailure {
    /// The failures of these runs that have no verdict and occur at every call of their form, each
    /// once with its shortest script.
    pub(super) fn suspected_in(script_runs: &[ScriptRun]) -> Vec<Self> {
        let mut suspected: Vec<Self> = Vec::new();
        for script_run in script_runs {
            for (index, exchange) in script_run.exchanges.iter().enumerate() {
                let (Some(kind), Some(form)) = (failure_of(exchange), CallPattern::of(exchange))
                else {
                    continue;
                };
                let Some(rule) = stated_rule(&exchange.in_force) else { continue };
                let script = || without_lost_calls(script_run, index);
                let known = suspected.iter_mut().find(|it| it.form == form && it.kind == kind);
                match known {
                    Some(it) if it.script.steps.len() > index + 1 => it.script = script(),
                    Some(_) => {}
                    None => {
                        if let Some(repetitions) = repetitions(script_runs, &form) {
                            let script = script();
                            suspected.push(Self { form, kind, rule, script, repetitions });
                        }
                    }
                }
            }
        }
        suspected
    }

    /// Whether the call got no response in time.
    pub(super) fn is_timeout(&self) -> bool {
        self.kind == FailureKind::Timeout
    }

    /// What the calls that fail have in common.
    pub(super) const fn form(&self) -> &CallPattern {
        &self.form
    }

    /// The number of repetitions that show the failure.
    pub(super) const fn repetitions(&self) -> usize {
        self.repetitions
    }

    /// The action of the call.
    pub(super) const fn api(&self) -> &'static str {
        self.form.api()
    }

    /// The call alone, after a control call. It is run more often before each repetition than
    /// before the last one, so that a fault in every n-th call of an action hits another call each
    /// time.
    pub(super) fn call_alone(&self, control: Control) -> Script {
        let call = self.script.steps.last().cloned();
        let steps = std::iter::once(Step::from(control.call(0))).chain(call);
        Script { steps: steps.collect(), ..self.script.clone() }
    }

    /// The script of a repetition: some control calls, then the script. The number of control calls
    /// differs, so that a fault that comes periodically hits another request each time.
    pub(super) fn script(&self, number: usize, control: Control) -> Script {
        let controls = (0..=number).map(|it| Step::from(control.call(it)));
        let steps = controls.chain(self.script.steps.clone());
        Script { steps: steps.collect(), ..self.script.clone() }
    }

    /// Whether a run of the script of a repetition fails in the same way, after other calls that work.
    pub(super) fn is_reproduced_by(&self, number: usize, script_run: &ScriptRun) -> bool {
        let place = number + self.script.steps.len();
        let Some((before, [call, ..])) = script_run.exchanges.split_at_checked(place) else {
            return false;
        };
        // A call that needed a retry shows that calls fail by chance. After the retry, the next request may
        // always have the same place in the period of a fault.
        before.iter().all(|it| has_response(it) && it.convergence.is_none())
            && failure_of(call) == Some(self.kind)
            && CallPattern::of(call).is_some_and(|it| it == self.form)
    }

    /// Whether a call of the same form has got a response in this run, or another call needed a retry.
    pub(super) fn is_refuted_by(&self, script_run: &ScriptRun) -> bool {
        let is_retried = |it: &Exchange| has_response(it) && it.convergence.is_some();
        self.has_response_in(script_run) || script_run.exchanges.iter().any(is_retried)
    }

    /// Whether a call of the same form has got a response in this run.
    pub(super) fn has_response_in(&self, script_run: &ScriptRun) -> bool {
        let is_of_form = |it: &Exchange| CallPattern::of(it).is_some_and(|it| it == self.form);
        script_run.exchanges.iter().any(|it| has_response(it) && is_of_form(it))
    }

    /// Makes every failure of this form a divergence.
    pub(super) fn mark(&self, script_runs: &mut [ScriptRun]) {
        for exchange in script_runs.iter_mut().flat_map(|it| &mut it.exchanges) {
            let is_same = failure_of(exchange) == Some(self.kind)
                && CallPattern::of(exchange).is_some_and(|it| it == self.form);
            if is_same {
                exchange.verdict = Verdict::Diverges(Box::new(self.divergence(exchange)));
            }
        }
    }

    fn divergence(&self, exchange: &Exchange) -> Divergence {
        let evidence = self.rule.clause.status;
        Divergence {
            tier: Tier::Status,
            level: evidence.level,
            rule: self.rule,
            wire_rule: None,
            expected: expected_responses(&exchange.before, &exchange.operation),
            evidence: evidence.facts.iter().map(|fact| fact.id).collect(),
            state: exchange.before.to_string(),
            assumed_state: "none; the script ends here",
        }
    }
}

/// The calls that got no response in time.
#[derive(Default)]
pub(super) struct Timeouts {
    /// Whether a call has got no response in time.
    pub(super) have_occurred: bool,
    /// The number of script runs that were searched for them.
    pub(super) searched: usize,
    /// The forms that were repeated during the run, each with what that has shown.
    pub(super) forms: Vec<(CallPattern, Repeated)>,
    /// Runs that do not count. They may contain a response.
    pub(super) discarded: Vec<ScriptRun>,
}

/// What the repetitions of a failure have shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeated {
    /// The failure occurs in each of this many repetitions.
    Fails(usize),
    /// Another outcome, such as a response.
    Differs,
    /// Nothing: they could not be sent.
    Nothing,
}

impl Timeouts {
    /// What the repetitions of calls of this form have shown. `None` if there were none.
    pub(super) fn known(&self, form: &CallPattern) -> Option<Repeated> {
        self.forms.iter().find(|(it, _)| it == form).map(|(_, repeated)| *repeated)
    }
}

/// The number of repetitions after which the failure of this form is not due to chance. `None` if a
/// call of the form has got a response, or if other calls fail too often.
fn repetitions(script_runs: &[ScriptRun], form: &CallPattern) -> Option<usize> {
    let exchanges = || script_runs.iter().flat_map(|it| &it.exchanges);
    let is_of_form = |it: &Exchange| CallPattern::of(it).is_some_and(|it| it == *form);
    if exchanges().any(|it| has_response(it) && is_of_form(it)) {
        return None;
    }
    let rate = |is_counted: &dyn Fn(&Exchange) -> bool| {
        let counted = || exchanges().filter(|it| is_counted(it) && !is_of_form(it));
        // A form that has never got a response may fail for a reason of its own.
        let answered: Vec<CallPattern> =
            counted().filter(|it| has_response(it)).filter_map(CallPattern::of).collect();
        let failed = counted().filter(|it| failure_of(it).is_some()).filter_map(CallPattern::of);
        let by_chance = failed.filter(|it| answered.iter().any(|other| other.is_like(it))).count();
        ratio(by_chance, by_chance + answered.len())
    };
    let of_action = rate(&|it| it.operation.action().is_some_and(|it| it.api == form.api));
    let rate = rate(&|_| true).max(of_action);
    (REPETITIONS_MIN..=REPETITIONS_MAX)
        .find(|number| i32::try_from(*number).is_ok_and(|it| rate.powi(it) <= ERROR_RATE))
}

fn ratio(part: usize, whole: usize) -> f64 {
    let number = |it: usize| f64::from(u32::try_from(it).unwrap_or(u32::MAX));
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

/// Whether the endpoint has responded to the call.
pub(super) fn has_response(exchange: &Exchange) -> bool {
    matches!(exchange.verdict, Verdict::Conforms(_) | Verdict::Diverges(_))
        && !matches!(exchange.response, Some(Response::Failed(_)))
}

/// The kind of a failure that the endpoint itself may cause.
fn failure_of(exchange: &Exchange) -> Option<FailureKind> {
    let Verdict::Inconclusive(failure) = &exchange.verdict else { return None };
    let is_of_endpoint = matches!(
        failure.kind,
        FailureKind::Crash
            | FailureKind::Failure
            | FailureKind::Unreadable
            | FailureKind::Garbled
            | FailureKind::Timeout
            | FailureKind::Reset
    );
    (is_of_endpoint && exchange.violations.is_empty()).then_some(failure.kind)
}

/// The script up to a call, without the calls before it that were not sent, and without the reads that
/// got no response: they show nothing.
fn without_lost_calls(script_run: &ScriptRun, index: usize) -> Script {
    let script = script_run.script_up_to(index);
    if script_run.origin == Origin::Generated {
        return script;
    }
    let steps = script.steps.into_iter().zip(&script_run.exchanges).enumerate();
    let kept = steps.filter(|(place, (_, exchange))| {
        let is_skipped = matches!(exchange.verdict, Verdict::Skipped(_));
        let is_lost_read = exchange.operation.is_read() && !has_response(exchange);
        *place == index || !is_skipped && !is_lost_read
    });
    Script { steps: kept.map(|(_, (step, _))| step).collect(), ..script }
}

/// The forms of the calls of a run that got no response in time.
pub(super) fn timed_out_forms(script_run: &ScriptRun) -> impl Iterator<Item = CallPattern> {
    let is_timeout = |it: &&Exchange| failure_of(it) == Some(FailureKind::Timeout);
    script_run.exchanges.iter().filter(is_timeout).filter_map(CallPattern::of)
}

/// Whether the action has got a response in one of these runs.
pub(super) fn action_has_responded(script_runs: &[ScriptRun], api: &str) -> bool {
    let is_of_action = |it: &&Exchange| it.operation.action().is_some_and(|it| it.api == api);
    script_runs.iter().flat_map(|it| &it.exchanges).filter(is_of_action).any(has_response)
}

/// The rule that a failure breaks, if one has evidence.
fn stated_rule(in_force: &[Rule]) -> Option<Rule> {
    let strongest = || in_force.iter().max_by_key(|it| it.clause.status.level).copied();
    decisive_rule(in_force)
        .or_else(strongest)
        .filter(|it| it.clause.status.level > Level::Unspecified)
}

#[cfg(test)]
mod tests {
    use iamspec_model::{CreateUserOptions, Path, User};

    use super::*;
    use crate::response::Failure;
    use crate::results::history::skipped;

    fn exchange(operation: Operation, verdict: Verdict) -> Exchange {
        Exchange { verdict, response: Some(Response::SUCCESS), ..skipped(operation, "") }
    }

    fn failed(operation: Operation) -> Exchange {
        let failure = Failure { kind: FailureKind::Crash, detail: String::new() };
        exchange(operation, Verdict::Inconclusive(failure))
    }

    fn conforms(operation: Operation) -> Exchange {
        exchange(operation, Verdict::Conforms(Vec::new()))
    }

    fn needed(exchanges: Vec<Exchange>) -> Option<usize> {
        let script = Script { name: String::new(), idea: String::new(), steps: Vec::new() };
        let run = ScriptRun { script, exchanges, origin: Origin::Written };
        let form = CallPattern::of(&failed(Operation::DeleteUser(User(0))))?;
        repetitions(&[run], &form)
    }

    #[test]
    fn a_form_has_no_ordinary_numbers() {
        let create = |number, path| {
            let options = CreateUserOptions { path: Path(path), ..CreateUserOptions::default() };
            words(&Operation::CreateUser(User(number), options))
        };
        assert_eq!(create(3, 0), create(0, 0));
        assert_eq!(create(3, 1), create(0, 2));
        let forms = [create(0, 0), create(0, 1), create(0, 9), create(9001, 0)];
        assert_eq!(forms.iter().collect::<BTreeSet<_>>().len(), 4, "{forms:?}");
    }

    /// The more often other calls fail by chance, the more repetitions are needed.
    #[test]
    fn the_number_of_repetitions_depends_on_how_often_other_calls_fail() {
        let (suspect, other) = (Operation::DeleteUser(User(0)), Operation::GetUser(User(0)));
        let with = |failures: usize| {
            let mut exchanges = vec![conforms(other); 100 - failures];
            exchanges.extend(vec![failed(other); failures]);
            exchanges.push(failed(suspect));
            needed(exchanges)
        };
        assert_eq!([0, 1, 5, 15].map(with), [Some(3), Some(4), Some(5), Some(8)]);
        assert_eq!(with(40), None);
        assert_eq!(needed(vec![failed(suspect), conforms(suspect)]), None);
    }
}
