//! What a run has asked, in the model's words, and what it has not.

use std::collections::BTreeSet;

use iamspec_model::{AttachmentKind, Expected, Operation, Rule, User, rules};

use crate::generate::kind_set::KindSet;
use crate::oracle::Verdict;
use crate::results::history::{Exchange, ScriptRun};

/// What was asked so that its answer could be judged.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// The rules that were in force, by id, in the order of `rules`.
    pub rules: Vec<Reach>,
    /// The answers that each call may be given: carried out, or refused with a code.
    pub outcomes: Vec<Reach>,
    /// The sets of kinds with which a user was to be deleted.
    pub sets: BTreeSet<KindSet>,
    /// The two kinds that a user held when it was to be deleted, in the order in which they were
    /// attached.
    pub pairs: BTreeSet<(AttachmentKind, AttachmentKind)>,
}

/// One thing that a run may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// What it is: `DeleteUser/holds-access-key`, `DeleteUser DeleteConflict`.
    pub name: String,
    /// The call.
    pub api: &'static str,
    /// Whether it was reached.
    pub reached: bool,
}

/// How many sets of kinds there are.
pub const SETS: usize = 512;

/// How many ordered pairs of kinds there are.
pub const PAIRS: usize = 72;

impl Coverage {
    /// What these replays reached.
    #[must_use]
    pub fn of(replays: &[ScriptRun]) -> Self {
        let mut coverage = Self::default();
        let mut in_force: Vec<Rule> = Vec::new();
        for replay in replays {
            for (place, exchange) in
                replay.exchanges.iter().enumerate().filter(|(_, it)| judged(it))
            {
                for rule in &exchange.in_force {
                    if !in_force.contains(rule) {
                        in_force.push(*rule);
                    }
                }
                if let Operation::DeleteUser(user) = exchange.operation
                    && exchange.before.has_user(user)
                {
                    coverage.sets.insert(KindSet::held(&exchange.before, user));
                    coverage.pairs.extend(pair(replay, place, user));
                }
            }
        }
        for rule in rules() {
            let reached = in_force.contains(&rule);
            coverage.rules.push(Reach { name: rule.id(), api: rule.call.api, reached });
            let name = outcome(rule);
            match coverage.outcomes.iter_mut().find(|it| it.name == name) {
                Some(it) => it.reached |= reached,
                None => coverage.outcomes.push(Reach { name, api: rule.call.api, reached }),
            }
        }
        coverage
    }
}

/// How many were reached.
#[must_use]
pub fn reached(of: &[Reach]) -> usize {
    of.iter().filter(|it| it.reached).count()
}

fn judged(exchange: &Exchange) -> bool {
    matches!(exchange.verdict, Verdict::Conforms(_) | Verdict::Diverges(_))
}

fn outcome(rule: Rule) -> String {
    match rule.claim.answer {
        Expected::Done => format!("{} carried out", rule.call.api),
        Expected::Refused(code) => format!("{} {}", rule.call.api, code.name()),
    }
}

/// The two kinds that the user holds, the one that was attached first before the other.
fn pair(replay: &ScriptRun, place: usize, user: User) -> Option<(AttachmentKind, AttachmentKind)> {
    let before = replay.exchanges.get(place)?;
    let held = KindSet::held(&before.before, user);
    let calls = replay.exchanges.iter().take(place).map(|it| it.operation).rev();
    let attached = calls.filter_map(|op| match op {
        Operation::Attach(of, kind, _) | Operation::Issue(of, kind, ..) if of == user => Some(kind),
        _ => None,
    });
    let mut kinds = attached.filter(|kind| held.has(*kind));
    let last = kinds.next().filter(|_| held.len() == 2)?;
    Some((kinds.find(|it| *it != last)?, last))
}
