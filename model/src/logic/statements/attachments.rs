//! The statements of the actions on attachments: one function for each action, for every kind.

use crate::ids::Status;
use crate::kind::{AttachmentKind, ResourceKind};
use crate::logic::formula::{
    Formula, Number, Relation, Sort, Variable, all, any, count, exists, for_some, holds, not, user,
};
use crate::logic::statements::users::{USER, about_user, insert, no_such_resource, no_such_user};
use crate::logic::statements::{Change, Statement};
use crate::rule::Condition;

/// The item that a call is about.
#[must_use]
pub const fn item(kind: AttachmentKind) -> Variable {
    Variable::new("I", Sort::of(kind))
}

/// The item whose body is uploaded once more.
#[must_use]
pub const fn same_body_as(kind: AttachmentKind) -> Variable {
    Variable::new("J", Sort::of(kind))
}

/// Returns true if the service names the items. The list repeats the tables on purpose.
#[must_use]
pub const fn is_issued(kind: AttachmentKind) -> bool {
    use AttachmentKind as K;
    matches!(kind, K::AccessKey | K::SigningCertificate | K::SshPublicKey | K::ServiceCredential)
}

/// Returns true if at most one user holds an item: a device (B-MF-08), or an item that the service
/// names.
#[must_use]
pub const fn has_one_holder(kind: AttachmentKind) -> bool {
    is_issued(kind) || matches!(kind, AttachmentKind::MfaDevice)
}

/// The kind of resource that the items of a kind are.
#[must_use]
pub const fn class_of(kind: AttachmentKind) -> Option<ResourceKind> {
    match Sort::of(kind) {
        Sort::Resource(class) => Some(class),
        _ => None,
    }
}

/// The quota of a kind in items (G-001, G-002). Sixteen test documents use up the characters of
/// the inline policies of a user. The repetition of the tables is on purpose.
#[must_use]
pub const fn quota(kind: AttachmentKind) -> u32 {
    match kind {
        AttachmentKind::LoginProfile => 1,
        AttachmentKind::AccessKey
        | AttachmentKind::SigningCertificate
        | AttachmentKind::ServiceCredential => 2,
        AttachmentKind::SshPublicKey => 5,
        AttachmentKind::MfaDevice => 8,
        AttachmentKind::ManagedPolicy | AttachmentKind::GroupMembership => 10,
        AttachmentKind::InlinePolicy => 16,
        AttachmentKind::Tag => 50,
    }
}

/// Returns true if AWS raises the quota on request, so an account may exceed it (G-005).
#[must_use]
pub const fn is_adjustable(kind: AttachmentKind) -> bool {
    matches!(kind, AttachmentKind::ManagedPolicy)
}

/// Returns true if an item can be attached again (B-IP-02, B-MP-08, B-GR-02, B-TG-07).
const fn is_repeatable(kind: AttachmentKind) -> bool {
    use AttachmentKind as K;
    matches!(kind, K::InlinePolicy | K::ManagedPolicy | K::GroupMembership | K::Tag)
}

/// A statement about the items of a user that must exist.
fn about_items(name: &str, kind: AttachmentKind) -> Statement {
    Statement { refused_if: vec![no_such_user()], ..about_user(&format!("{name} {}", kind.name())) }
}

fn some_user_holds(kind: AttachmentKind, item: Variable) -> Formula {
    let holder = Variable::user("u");
    for_some(&[holder], holds(kind, holder, item))
}

/// The user holds no item of the kind.
fn holds_none(kind: AttachmentKind) -> Formula {
    let any_item = Variable::new("i", Sort::of(kind));
    not(for_some(&[any_item], holds(kind, USER, any_item)))
}

/// Another user, and not this one, holds the item.
fn held_by_another(kind: AttachmentKind) -> Formula {
    all([some_user_holds(kind, item(kind)), not(holds(kind, USER, item(kind)))])
}

/// The actions that attach an item. `same_body` is true for an upload whose body exists already.
#[must_use]
pub fn attach(kind: AttachmentKind, same_body: bool) -> Statement {
    let (new_item, held) = (item(kind), holds(kind, USER, item(kind)));
    let mut statement = about_items("attach", kind);
    statement.parameters.push(new_item);
    if let Some(class) = class_of(kind) {
        statement.refused_if.push(no_such_resource(class, new_item));
    }
    match kind {
        AttachmentKind::LoginProfile => {
            statement.refused_if.push((Condition::AlreadyHeld, not(holds_none(kind))));
        }
        AttachmentKind::MfaDevice => {
            let no_device = not(exists(ResourceKind::Device, new_item));
            statement.refused_if.push((Condition::NoValidCodes, no_device));
            statement.refused_if.push((Condition::HeldByAnother, held_by_another(kind)));
            statement.unspecified_if.push((Condition::AlreadyHeld, held.clone()));
        }
        _ => {}
    }
    if is_repeatable(kind) {
        let repeats = all([user(USER), held.clone()]);
        statement.succeeds_despite.push((Condition::AlreadyHeld, repeats));
    }
    if kind != AttachmentKind::LoginProfile {
        let full = Formula::AtMost(Number::Constant(quota(kind)), count(kind, USER));
        let replaces = matches!(
            kind,
            AttachmentKind::MfaDevice | AttachmentKind::InlinePolicy | AttachmentKind::Tag
        );
        let with = |held: Formula| (Condition::QuotaReached, all([full.clone(), held]));
        if is_adjustable(kind) {
            statement.unspecified_if.push((Condition::QuotaReached, full));
        } else if replaces {
            statement.refused_if.push(with(not(held)));
        } else if is_repeatable(kind) {
            // It is unknown whether a held item can be attached again at the quota: no evidence.
            statement.refused_if.push(with(not(held.clone())));
            statement.unspecified_if.push(with(held));
        } else {
            statement.refused_if.push((Condition::QuotaReached, full));
        }
    }
    if is_issued(kind) {
        statement.assumes = not(some_user_holds(kind, new_item));
    }
    if same_body {
        let other = same_body_as(kind);
        statement.name = format!("upload the same {} again", kind.name());
        statement.parameters.push(other);
        statement.unspecified_if.push((Condition::SameBody, some_user_holds(kind, other)));
    }
    statement.changes.push(insert(Relation::Holds(kind), &[USER, new_item]));
    statement
}

/// The actions that list the items of a user. `GetLoginProfile` is refused if there is none.
#[must_use]
pub fn list(kind: AttachmentKind) -> Statement {
    let mut statement = about_items("list", kind);
    if kind == AttachmentKind::LoginProfile {
        statement.refused_if.push((Condition::NotHeld, holds_none(kind)));
    }
    statement
}

/// The actions that read one item.
#[must_use]
pub fn get(kind: AttachmentKind) -> Statement {
    named_item("get", kind)
}

/// The actions that make an item active or inactive.
#[must_use]
pub fn set_status(kind: AttachmentKind, status: Status) -> Statement {
    let named = vec![USER, item(kind)];
    let mut statement = named_item(&format!("make {}", status.name()), kind);
    statement.changes.push(match status {
        Status::Active => Change::Remove(Relation::Inactive(kind), named),
        Status::Inactive => {
            Change::Insert(Relation::Inactive(kind), named, holds(kind, USER, item(kind)))
        }
    });
    statement
}

/// The actions that replace the secret of an item, which no listing shows.
#[must_use]
pub fn reset_secret(kind: AttachmentKind) -> Statement {
    named_item("reset", kind)
}

/// The actions that remove an item.
#[must_use]
pub fn detach(kind: AttachmentKind) -> Statement {
    let mut statement = named_item("detach", kind);
    let named = || vec![USER, item(kind)];
    // Removing a tag or a membership that is absent succeeds (B-TG-06, B-GR-03).
    if matches!(kind, AttachmentKind::Tag | AttachmentKind::GroupMembership) {
        let target = class_of(kind).map(|class| exists(class, item(kind)));
        let absent = [user(USER), not(holds(kind, USER, item(kind)))].into_iter().chain(target);
        statement.succeeds_despite.push((Condition::NotHeld, all(absent)));
    }
    if is_issued(kind) {
        statement.changes.push(Change::Remove(Relation::Inactive(kind), named()));
    }
    statement.changes.push(if kind == AttachmentKind::LoginProfile {
        Change::Clear(Relation::Holds(kind), USER)
    } else {
        Change::Remove(Relation::Holds(kind), named())
    });
    statement
}

/// A statement about an item that the user should hold.
fn named_item(name: &str, kind: AttachmentKind) -> Statement {
    let named = item(kind);
    let mut statement = about_items(name, kind);
    statement.parameters.push(named);
    match kind {
        AttachmentKind::LoginProfile => {
            statement.refused_if.push((Condition::NotHeld, holds_none(kind)));
        }
        // no fact says whether the item of another user is refused.
        _ if is_issued(kind) => {
            statement.refused_if.push((Condition::NotHeld, not(some_user_holds(kind, named))));
            statement.unspecified_if.push((Condition::HeldByAnother, held_by_another(kind)));
        }
        AttachmentKind::InlinePolicy => {
            statement.refused_if.push((Condition::NotHeld, not(holds(kind, USER, named))));
        }
        AttachmentKind::Tag => {}
        AttachmentKind::GroupMembership => {
            statement.refused_if.push(no_such_resource(ResourceKind::Group, named));
        }
        AttachmentKind::ManagedPolicy => {
            let policy_exists = exists(ResourceKind::Policy, named);
            let absent = all([policy_exists, not(holds(kind, USER, named))]);
            statement.refused_if.push(no_such_resource(ResourceKind::Policy, named));
            statement.refused_if.push((Condition::NotHeld, absent));
        }
        // no fact says whether a device that is not enabled for the user is refused.
        _ => missing_device(&mut statement, named, name == "reset"),
    }
    statement
}

fn missing_device(statement: &mut Statement, device: Variable, needs_codes: bool) {
    let kind = AttachmentKind::MfaDevice;
    let no_device = no_such_resource(ResourceKind::Device, device);
    if needs_codes {
        statement.refused_if.push((Condition::NoValidCodes, no_device.1.clone()));
    }
    let unused =
        not(any([not(exists(ResourceKind::Device, device)), some_user_holds(kind, device)]));
    statement.refused_if.push(no_device);
    statement.unspecified_if.push((Condition::NotHeld, unused));
    statement.unspecified_if.push((Condition::HeldByAnother, held_by_another(kind)));
}
