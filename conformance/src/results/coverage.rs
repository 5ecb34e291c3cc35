//! Coverage: the rules, outcomes, sets of kinds and ordered pairs that a run reached.
//!
//! Only judged calls count: the response conforms or diverges.

use std::collections::BTreeSet;

use iamspec_model::{ATTACHMENTS, AttachmentKind, Expected, Operation, Rule, User, rules};

use crate::generate::kind_set::KindSet;
use crate::oracle::Verdict;
use crate::results::history::{Exchange, ScriptRun};

/// What the judged calls of a run covered.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// The rules, in table order. A rule is reached if it was in force in a judged call.
    pub rules: Vec<CoverageTarget>,
    /// The outcomes of each action: success, or refusal with an error code.
    pub outcomes: Vec<CoverageTarget>,
    /// The sets of kinds that users held when `DeleteUser` was called.
    pub sets: BTreeSet<KindSet>,
    /// The ordered pairs of kinds, for users that held exactly two kinds when `DeleteUser` was
    /// called. The kind attached first comes first.
    pub pairs: BTreeSet<(AttachmentKind, AttachmentKind)>,
}

/// A coverage target and whether a run reached it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageTarget {
    /// The target, such as `DeleteUser/holds-access-key` or `DeleteUser DeleteConflict`.
    pub name: String,
    /// The action.
    pub api: &'static str,
    /// Whether the run reached it.
    pub reached: bool,
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
        let mut in_force: Vec<Rule> = Vec::new();
        for replay in replays {
            let exchanges = replay.exchanges.iter().enumerate();
            for (index, exchange) in exchanges.filter(|(_, it)| is_judged(it)) {
                for rule in &exchange.in_force {
                    if !in_force.contains(rule) {
                        in_force.push(*rule);
                    }
                }
                if let Operation::DeleteUser(user) = exchange.operation
                    && exchange.before.has_user(user)
                {
                    coverage.sets.insert(KindSet::held(&exchange.before, user));
                    coverage.pairs.extend(pair_held(replay, index, user));
                }
            }
        }
        for rule in rules() {
            let reached = in_force.contains(&rule);
            coverage.rules.push(CoverageTarget { name: rule.id(), api: rule.action.api, reached });
            let name = outcome_name(rule);
            match coverage.outcomes.iter_mut().find(|it| it.name == name) {
                Some(it) => it.reached |= reached,
                None => {
                    coverage.outcomes.push(CoverageTarget { name, api: rule.action.api, reached });
                }
            }
        }
        coverage
    }
}

/// The number of targets that were reached.
#[must_use]
pub fn count_reached(of: &[CoverageTarget]) -> usize {
    of.iter().filter(|it| it.reached).count()
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
