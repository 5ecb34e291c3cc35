//! Mutants: reference endpoints that are wrong in one known way. They test the conformance suite.
//!
//! The suite must kill each mutant with a finding that names the rule it breaks. This file has the
//! hand-written mutants, modelled on mistakes of real endpoints. `systematic.rs` derives mutants
//! from the rule tables and lists the equivalent ones; [`fate`] decides whether a run killed a
//! mutant.

mod systematic;

use std::collections::BTreeSet;

use iamspec_model::{AttachmentKind, Level, Operation};

use crate::concurrency::catalog::races;
use crate::oracle::Verdict;
use crate::reference::deviation::{CHECK_THEN_ACT, Deviation, Mutant};
use crate::results::history::ScriptRun;
use crate::results::{Finding, findings};
use crate::runner::Report;

impl Mutant {
    /// The hand-written mutants.
    pub fn hand_written() -> impl Iterator<Item = Self> {
        let forgets = AttachmentKind::blockers().map(|kind| {
            let rule = format!("DeleteUser/holds-{}", kind.row().name);
            let name = format!("forgets-{}", kind.row().name);
            Self { name, shown_by: rule.clone(), rule, deviation: Deviation::Succeeds }
        });
        forgets.chain(NAMED.iter().map(|(name, rule, shows, fault)| Self {
            name: (*name).to_owned(),
            rule: (*rule).to_owned(),
            shown_by: (*shows).to_owned(),
            deviation: *fault,
        }))
    }

    /// The mutant of this name, hand-written or derived from the tables.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let all = Self::hand_written().chain(Self::systematic()).chain(Self::check_then_act());
        all.into_iter().find(|mutant| mutant.name == name)
    }

    /// One mutant per action in the race catalog: it checks the preconditions first and acts later.
    /// Sequential operations do not show it.
    pub fn check_then_act() -> impl Iterator<Item = Self> {
        let races = races().into_iter().filter(|it| it.is_forbidden);
        let calls = races.flat_map(|it| it.calls).filter_map(|op| op.action());
        let apis: BTreeSet<&str> = calls.map(|call| call.api).collect();
        apis.into_iter().map(|api| {
            let rule = format!("{api}/carried-out");
            let name = format!("{CHECK_THEN_ACT}{api}");
            Self { name, shown_by: rule.clone(), rule, deviation: Deviation::ChecksThenActs }
        })
    }
}

/// The hand-written mutants, except those that forget one kind: name, rule, rule that shows it,
/// deviation.
const NAMED: [(&str, &str, &str, Deviation); 17] = [
    ("deletes-nobody", "DeleteUser/carried-out", "DeleteUser/carried-out", Deviation::Refuses),
    (
        "deletes-despite-refusal",
        "DeleteUser/holds-access-key",
        "DeleteAccessKey/carried-out",
        Deviation::RefusesWithEffect,
    ),
    ("delete-is-lost", "DeleteUser/carried-out", "CreateUser/carried-out", Deviation::LosesEffect),
    (
        "conflict-is-validation-error",
        "DeleteUser/holds-managed-policy",
        "DeleteUser/holds-managed-policy",
        Deviation::Code(400, "ValidationError"),
    ),
    (
        "conflict-is-limit-exceeded",
        "DeleteUser/holds-inline-policy",
        "DeleteUser/holds-inline-policy",
        Deviation::Code(409, "LimitExceeded"),
    ),
    (
        "conflict-is-400",
        "DeleteUser/holds-login-profile",
        "DeleteUser/holds-login-profile",
        Deviation::Status(400),
    ),
    (
        "conflict-has-other-words",
        "DeleteUser/holds-inline-policy",
        "DeleteUser/holds-inline-policy",
        Deviation::Text("User has inline policies."),
    ),
    (
        "second-password",
        "CreateLoginProfile/already-held",
        "CreateLoginProfile/already-held",
        Deviation::Succeeds,
    ),
    (
        "third-access-key",
        "CreateAccessKey/quota-reached",
        "CreateAccessKey/quota-reached",
        Deviation::Succeeds,
    ),
    (
        "device-on-two-users",
        "EnableMFADevice/held-by-another",
        "EnableMFADevice/held-by-another",
        Deviation::Succeeds,
    ),
    (
        "detach-is-idempotent",
        "DetachUserPolicy/not-held",
        "DetachUserPolicy/not-held",
        Deviation::Succeeds,
    ),
    (
        "leaving-needs-membership",
        "RemoveUserFromGroup/not-held",
        "RemoveUserFromGroup/not-held",
        Deviation::Refuses,
    ),
    ("group-with-members-goes", "DeleteGroup/in-use", "DeleteGroup/in-use", Deviation::Succeeds),
    (
        "key-deletion-is-lost",
        "DeleteAccessKey/carried-out",
        "ListAccessKeys/carried-out",
        Deviation::LosesEffect,
    ),
    (
        "status-is-lost",
        "UpdateAccessKey/carried-out",
        "ListAccessKeys/carried-out",
        Deviation::LosesEffect,
    ),
    (
        "lists-no-groups",
        "ListGroupsForUser/carried-out",
        "ListGroupsForUser/carried-out",
        Deviation::ListsNothing,
    ),
    (
        "lists-policies-twice",
        "ListUserPolicies/carried-out",
        "ListUserPolicies/carried-out",
        Deviation::ListsTwice,
    ),
];

/// The fate of a mutant in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MutantFate {
    /// A finding names the rule that the mutant breaks. If the mutant's deviation is an effect, the
    /// finding may also be at the mutated action or at the first divergence after it.
    Killed(Kill),
    /// There are findings, but none names the rule that the mutant breaks.
    KilledByOtherRule(Kill),
    /// There is no finding of level `should` or above.
    Survives,
}

/// The finding that killed a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kill {
    /// The rule that the finding names.
    pub rule: String,
    /// The shortest script that shows it.
    pub script: String,
    /// The number of the first request that showed it.
    pub request: usize,
    /// The number of operations in the shortest script.
    pub calls: usize,
}

/// The fate of the mutant, from the findings of level `should` and above in any tier.
#[must_use]
pub fn fate(mutant: &Mutant, report: &Report) -> MutantFate {
    let mut found = findings(&report.script_runs);
    found.retain(|it| it.divergence.level >= Level::Should);
    let naming = found.iter().filter(|it| names_mutant(it, mutant));
    let kill_by = |finding: &Finding| Kill {
        rule: finding.rule().id(),
        script: finding.history.name.clone(),
        request: first_request(&report.script_runs, finding),
        calls: finding.history.steps.len(),
    };
    match (naming.map(kill_by).min_by_key(|it| it.request), found.first()) {
        (Some(kill), _) => MutantFate::Killed(kill),
        (None, Some(other)) => MutantFate::KilledByOtherRule(kill_by(other)),
        (None, None) => MutantFate::Survives,
    }
}

/// Whether the finding names the rule that the mutant breaks, as the broken rule or among the
/// expected responses. If the deviation is an effect, also whether the diverging call, or the last
/// change before it, is the mutated action.
fn names_mutant(finding: &Finding, mutant: &Mutant) -> bool {
    let api = |op: Operation| op.action().map(|call| call.api);
    let mutated = mutant.rule.split('/').next();
    let is_effect = mutant.is_of_an_effect();
    let allowed = finding.divergence.expected.iter().any(|(_, rule)| rule.id() == mutant.rule);
    finding.rule().id() == mutant.rule
        || allowed
        || is_effect && last_change(finding).is_some_and(|op| api(op) == mutated)
        || is_effect && finding.history.operations().last().is_some_and(|op| api(op) == mutated)
}

/// The last operation before the diverging one that changes something.
fn last_change(finding: &Finding) -> Option<Operation> {
    let before = finding.history.steps.split_last()?.1;
    before.iter().rev().map(|it| it.operation).find(|op| !op.is_read())
}

/// The number of the first request with the finding's divergence.
fn first_request(replays: &[ScriptRun], finding: &Finding) -> usize {
    let exchanges = replays.iter().flat_map(|it| &it.exchanges);
    let diverging = exchanges.filter(
        |it| matches!(&it.verdict, Verdict::Diverges(it) if it.is_like(&finding.divergence)),
    );
    diverging.map(|it| it.request).min().unwrap_or(0)
}
