//! The faults that have a name of their own, each as some endpoint has had it or might.

use super::Fault;

/// The faults that have a name, beside that of forgetting one kind: name, rule, shown by, fault.
pub(super) const NAMED: [(&str, &str, &str, Fault); 17] = [
    ("deletes-nobody", "DeleteUser/carried-out", "DeleteUser/carried-out", Fault::Refuses),
    (
        "deletes-despite-refusal",
        "DeleteUser/holds-access-key",
        "DeleteAccessKey/carried-out",
        Fault::RefusesAndActs,
    ),
    ("delete-is-lost", "DeleteUser/carried-out", "CreateUser/carried-out", Fault::LosesEffect),
    (
        "conflict-is-validation-error",
        "DeleteUser/holds-managed-policy",
        "DeleteUser/holds-managed-policy",
        Fault::Code(400, "ValidationError"),
    ),
    (
        "conflict-is-limit-exceeded",
        "DeleteUser/holds-inline-policy",
        "DeleteUser/holds-inline-policy",
        Fault::Code(409, "LimitExceeded"),
    ),
    (
        "conflict-is-400",
        "DeleteUser/holds-login-profile",
        "DeleteUser/holds-login-profile",
        Fault::Status(400),
    ),
    (
        "conflict-has-other-words",
        "DeleteUser/holds-inline-policy",
        "DeleteUser/holds-inline-policy",
        Fault::Text("User has inline policies."),
    ),
    (
        "second-password",
        "CreateLoginProfile/already-held",
        "CreateLoginProfile/already-held",
        Fault::CarriesOut,
    ),
    (
        "third-access-key",
        "CreateAccessKey/quota-reached",
        "CreateAccessKey/quota-reached",
        Fault::CarriesOut,
    ),
    (
        "device-on-two-users",
        "EnableMFADevice/held-by-another",
        "EnableMFADevice/held-by-another",
        Fault::CarriesOut,
    ),
    (
        "detach-is-idempotent",
        "DetachUserPolicy/not-held",
        "DetachUserPolicy/not-held",
        Fault::CarriesOut,
    ),
    (
        "leaving-needs-membership",
        "RemoveUserFromGroup/not-held",
        "RemoveUserFromGroup/not-held",
        Fault::Refuses,
    ),
    ("group-with-members-goes", "DeleteGroup/in-use", "DeleteGroup/in-use", Fault::CarriesOut),
    (
        "key-deletion-is-lost",
        "DeleteAccessKey/carried-out",
        "ListAccessKeys/carried-out",
        Fault::LosesEffect,
    ),
    (
        "status-is-lost",
        "UpdateAccessKey/carried-out",
        "ListAccessKeys/carried-out",
        Fault::LosesEffect,
    ),
    (
        "lists-no-groups",
        "ListGroupsForUser/carried-out",
        "ListGroupsForUser/carried-out",
        Fault::ListsNothing,
    ),
    (
        "lists-policies-twice",
        "ListUserPolicies/carried-out",
        "ListUserPolicies/carried-out",
        Fault::ListsTwice,
    ),
];
