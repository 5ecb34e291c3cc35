//! Coverage: the rules, outcomes, sets of kinds and ordered pairs that a run tested.
//!
//! Only calls with a verdict count: the response conforms or diverges. A rule is tested if it alone
//! decides a response. If other rules apply too, an endpoint that lacks the rule still conforms to
//! one of them. A success is tested if a later call shows its effect.

use std::collections::BTreeSet;

use iamspec_model::check::model_mutants::ModelMutant;
use iamspec_model::tables::precedence::{deciding_rules, decisive_rule};
use iamspec_model::{
    ATTACHMENTS, AttachmentKind, Condition, Effect, Expected, Operation, Rule, User, next, rules,
};

use crate::generate::kind_set::KindSet;
use crate::oracle::Verdict;
use crate::response::Response;
use crate::results::history::{Exchange, ScriptRun};
use crate::results::shown_effects::shown_effects;
use crate::results::undecidable::{undecidable, undecidable_outcome};

/// What the calls of a run covered.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// The rules, in table order.
    pub rules: Vec<CoverageTarget>,
    /// The outcomes of each action: success, or refusal with an error code.
    pub outcomes: Vec<CoverageTarget>,
    /// The sets of kinds that users held when `DeleteUser` was called.
    pub sets: BTreeSet<KindSet>,
    /// The ordered pairs of kinds, for users that held exactly two kinds when `DeleteUser` was
    /// called. The kind attached first comes first.
    pub pairs: BTreeSet<(AttachmentKind, AttachmentKind)>,
}

/// A coverage target and whether a run tested it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageTarget {
    /// The target, such as `DeleteUser/holds-access-key` or `DeleteUser DeleteConflict`.
    pub name: String,
    /// The action.
    pub api: &'static str,
    /// Whether the run tested it.
    pub status: TargetStatus,
}

/// How far a run tested a coverage target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetStatus {
    /// No call can test it. Contains the reason.
    Undecidable(&'static str),
    /// It applied to no call with a verdict.
    NotReached,
    /// It applied only together with others, so an endpoint that lacks it conforms to one of them.
    NotAlone,
    /// A call succeeded by it, and no later call shows the effect.
    EffectNotShown,
    /// It alone decided a response and, for a success, a later call shows the effect.
    Tested,
}

/// The number of kinds that block `DeleteUser`.
const BLOCKING_KINDS: usize = {
    let (mut count, mut rest) = (0, ATTACHMENTS.as_slice());
    while let [row, others @ ..] = rest {
        count += row.blocks.is_some() as usize;
        rest = others;
    }
    count
};

/// The number of sets of blocking kinds.
pub const SETS: usize = 1 << BLOCKING_KINDS;

/// The number of ordered pairs of different blocking kinds.
pub const PAIRS: usize = BLOCKING_KINDS * (BLOCKING_KINDS - 1);

impl Coverage {
    /// Computes the coverage of these script runs.
    #[must_use]
    pub fn of(replays: &[ScriptRun]) -> Self {
        let mut coverage = Self::default();
        for rule in rules() {
            let status =
                undecidable(rule).map_or(TargetStatus::NotReached, TargetStatus::Undecidable);
            coverage.rules.push(CoverageTarget { name: rule.id(), api: rule.action.api, status });
            coverage.add_outcome(rule);
        }
        let changing = changing_actions();
        for replay in replays {
            coverage.add_run(replay, &changing);
        }
        coverage
    }

    /// Adds the outcome of this rule, if it is a new one.
    fn add_outcome(&mut self, rule: Rule) {
        let status = match undecidable_outcome(rule) {
            Some(reason) => TargetStatus::Undecidable(reason),
            None => TargetStatus::NotReached,
        };
        let name = outcome_name(rule);
        match self.outcomes.iter_mut().find(|it| it.name == name) {
            Some(it) => it.status = it.status.max(status),
            None => self.outcomes.push(CoverageTarget { name, api: rule.action.api, status }),
        }
    }

    fn add_run(&mut self, replay: &ScriptRun, changing: &BTreeSet<&'static str>) {
        let is_tested = |rule: &Rule| {
            let is = |it: &&CoverageTarget| it.api == rule.action.api && it.name == rule.id();
            self.rules.iter().find(is).is_some_and(|it| it.status == TargetStatus::Tested)
        };
        let shown = shown_effects(replay, &|exchange| {
            decisive_rule(&exchange.in_force).is_some_and(|rule| !is_tested(&rule))
        });
        let exchanges = replay.exchanges.iter().enumerate();
        for (index, exchange) in exchanges.filter(|(_, it)| is_judged(it)) {
            let is_complete = !needs_shown_effect(exchange, changing) || shown.contains(&index);
            self.add_exchange(exchange, is_complete);
            if let Operation::DeleteUser(user) = exchange.operation
                && exchange.before.has_user(user)
            {
                self.sets.insert(KindSet::held(&exchange.before, user));
                self.pairs.extend(pair_held(replay, index, user));
            }
        }
    }

    /// Adds a call with a verdict. `is_complete` says that no effect remains to be shown.
    fn add_exchange(&mut self, exchange: &Exchange, is_complete: bool) {
        let decided = if is_complete { TargetStatus::Tested } else { TargetStatus::EffectNotShown };
        let deciding = deciding_rules(&exchange.in_force);
        let was_refused_for_a_while = was_refused_for_a_while(exchange, &deciding);
        for rule in &exchange.in_force {
            let is_alone = !was_refused_for_a_while && deciding == [*rule];
            let status = if is_alone { decided } else { TargetStatus::NotAlone };
            raise(&mut self.rules, &rule.id(), status);
            let has_one_outcome = !was_refused_for_a_while
                && deciding.iter().all(|it| it.clause.expected == rule.clause.expected);
            let status = if has_one_outcome { decided } else { TargetStatus::NotAlone };
            raise(&mut self.outcomes, &outcome_name(*rule), status);
        }
    }
}

/// Raises the status of a target that a call can test.
fn raise(targets: &mut [CoverageTarget], name: &str, status: TargetStatus) {
    let is = |it: &&mut CoverageTarget| it.name == name;
    if let Some(it) = targets.iter_mut().find(is)
        && !matches!(it.status, TargetStatus::Undecidable(_))
    {
        it.status = it.status.max(status);
    }
}

/// The API names of the actions that change the account.
fn changing_actions() -> BTreeSet<&'static str> {
    let loses = |it| if let ModelMutant::LosesEffect(api) = it { Some(api) } else { None };
    ModelMutant::all().filter_map(loses).collect()
}

/// Whether a call is the success of an action that changes the account. A success that changes
/// nothing, such as the second `PutUserPolicy` of the same policy, tests only a rule about that.
fn needs_shown_effect(exchange: &Exchange, changing: &BTreeSet<&'static str>) -> bool {
    let deciding = deciding_rules(&exchange.in_force);
    deciding.iter().any(|rule| {
        let is_ordinary =
            rule.clause.condition == Condition::Unhindered && changing.contains(rule.action.api);
        let after = || next(&exchange.before, &exchange.operation, Effect::Success);
        rule.clause.expected == Expected::Success && (is_ordinary || after() != exchange.before)
    })
}

/// Whether a call that must succeed was refused by a condition that passes with time.
fn was_refused_for_a_while(exchange: &Exchange, deciding: &[Rule]) -> bool {
    matches!(exchange.verdict, Verdict::Conforms(_))
        && matches!(exchange.response, Some(Response::Refused { .. }))
        && deciding.iter().all(|rule| rule.clause.expected == Expected::Success)
}

fn is_judged(exchange: &Exchange) -> bool {
    matches!(exchange.verdict, Verdict::Conforms(_) | Verdict::Diverges(_))
}

fn outcome_name(rule: Rule) -> String {
    match rule.clause.expected {
        Expected::Success => format!("{} succeeds", rule.action.api),
        Expected::Refused(code) => format!("{} {}", rule.action.api, code.name()),
    }
}

/// The two kinds that the user holds before the call at this index, the one attached first in
/// front. Returns `None` if the user holds another number of kinds.
fn pair_held(
    replay: &ScriptRun,
    index: usize,
    user: User,
) -> Option<(AttachmentKind, AttachmentKind)> {
    let held = KindSet::held(&replay.exchanges.get(index)?.before, user);
    let earlier = replay.exchanges.iter().take(index).map(|it| it.operation).rev();
    let attached = earlier.filter_map(|op| match op {
        Operation::Attach(of, kind, _) | Operation::Issue(of, kind, ..) if of == user => Some(kind),
        _ => None,
    });
    let mut kinds = attached.filter(|kind| held.has(*kind));
    let last = kinds.next().filter(|_| held.len() == 2)?;
    Some((kinds.find(|it| *it != last)?, last))
}
