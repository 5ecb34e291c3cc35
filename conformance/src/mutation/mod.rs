//! Endpoints that are wrong in one known way. A judge is believed when it has said no: each mutant
//! must be caught by a finding that names the rule it breaks.
//!
//! What a mutant remembers of the account, where what is wrong with it is that it does not forget.
//!
//! The faults that have a name of their own, each as some endpoint has had it or might.

pub mod kill;
mod systematic;

use std::collections::BTreeSet;

use iamspec_model::AttachmentKind;

use crate::concurrency::catalog::races;
use crate::reference::deviation::{Deviation, LOOKS_THEN_ACTS, Mutant};

impl Mutant {
    /// Every mutant that was made by hand.
    pub fn all() -> impl Iterator<Item = Self> {
        let forgets = AttachmentKind::blockers().map(|kind| {
            let rule = format!("DeleteUser/holds-{}", kind.row().name);
            let name = format!("forgets-{}", kind.row().name);
            Self { name, shows: rule.clone(), rule, fault: Deviation::CarriesOut }
        });
        forgets.chain(NAMED.iter().map(|(name, rule, shows, fault)| Self {
            name: (*name).to_owned(),
            rule: (*rule).to_owned(),
            shows: (*shows).to_owned(),
            fault: *fault,
        }))
    }

    /// The mutant of that name, made by hand or from the tables.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = Self::all().chain(Self::systematic()).chain(Self::racing());
        all.into_iter().find(|mutant| mutant.name == name)
    }

    /// One for each call that a race asks: it looks at what stands in the way, and acts then. One after the
    /// other nothing shows.
    pub fn racing() -> impl Iterator<Item = Self> {
        let races = races().into_iter().filter(|it| it.certain);
        let calls = races.flat_map(|it| it.calls).filter_map(|op| op.call());
        let apis: BTreeSet<&str> = calls.map(|call| call.api).collect();
        apis.into_iter().map(|api| {
            let rule = format!("{api}/carried-out");
            let name = format!("{LOOKS_THEN_ACTS}{api}");
            Self { name, shows: rule.clone(), rule, fault: Deviation::LooksThenActs }
        })
    }
}

/// The faults that have a name, beside that of forgetting one kind: name, rule, shown by, fault.
pub(crate) const NAMED: [(&str, &str, &str, Deviation); 17] = [
    ("deletes-nobody", "DeleteUser/carried-out", "DeleteUser/carried-out", Deviation::Refuses),
    (
        "deletes-despite-refusal",
        "DeleteUser/holds-access-key",
        "DeleteAccessKey/carried-out",
        Deviation::RefusesAndActs,
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
        Deviation::CarriesOut,
    ),
    (
        "third-access-key",
        "CreateAccessKey/quota-reached",
        "CreateAccessKey/quota-reached",
        Deviation::CarriesOut,
    ),
    (
        "device-on-two-users",
        "EnableMFADevice/held-by-another",
        "EnableMFADevice/held-by-another",
        Deviation::CarriesOut,
    ),
    (
        "detach-is-idempotent",
        "DetachUserPolicy/not-held",
        "DetachUserPolicy/not-held",
        Deviation::CarriesOut,
    ),
    (
        "leaving-needs-membership",
        "RemoveUserFromGroup/not-held",
        "RemoveUserFromGroup/not-held",
        Deviation::Refuses,
    ),
    ("group-with-members-goes", "DeleteGroup/in-use", "DeleteGroup/in-use", Deviation::CarriesOut),
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
