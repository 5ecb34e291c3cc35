//! Mutants: reference endpoints that are wrong in one known way. They test the conformance suite.
//!
//! The suite must kill each mutant with a finding that names the rule it breaks. This file has the
//! hand-written mutants, modelled on mistakes of real endpoints. `systematic.rs` derives mutants
//! from the rule tables and lists the equivalent ones; [`mod@fate`] decides whether a run killed a
//! mutant, [`cover`] chooses the scripts that kill them, and [`mod@cause`] explains a finding by a
//! mutant.

pub mod cause;
pub mod cover;
pub mod fate;
mod form_mutants;
mod systematic;

use std::collections::BTreeSet;

use iamspec_model::AttachmentKind;
use iamspec_model::tables::actions;

use crate::concurrency::catalog::races;
use crate::reference::deviation::{CHECK_THEN_ACT, Deviation, Mutant, WITHOUT};

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
        all.chain(Self::without_action()).find(|mutant| mutant.name == name)
    }

    /// One mutant per action: it does not implement the action. A run reports the action as
    /// unsupported, which is not a finding.
    pub fn without_action() -> impl Iterator<Item = Self> {
        actions().map(|action| {
            let rule = format!("{}/carried-out", action.api);
            let name = format!("{WITHOUT}{}", action.api);
            Self { name, shown_by: rule.clone(), rule, deviation: Deviation::Unimplemented }
        })
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
