//! The statements of the actions on groups, managed policies, virtual MFA devices, and on the
//! policies of groups and the versions of policies.

use crate::kind::{AttachmentKind, ResourceKind, SubResource};
use crate::logic::formula::{
    Formula, Moment, Number, PARTS, Relation, Sort, Variable, all, any, atom, exists, for_some,
    has, holds, not, same,
};
use crate::logic::statements::users::{about_user, insert, no_such_resource};
use crate::logic::statements::{Change, Statement};
use crate::rule::Condition;

/// The resource that a call is about.
#[must_use]
pub const fn resource(class: ResourceKind) -> Variable {
    Variable::new("R", Sort::Resource(class))
}

/// The new name of a group.
pub const NEW_GROUP_NAME: Variable = Variable::new("N", Sort::Resource(ResourceKind::Group));

/// Version 1 of a policy.
pub const FIRST_VERSION: Variable = Variable::new("V1", Sort::Version);

/// The sub-resource that a call is about.
#[must_use]
pub const fn entry(part: SubResource) -> Variable {
    Variable::new("E", sort_of(part))
}

/// The kind of resource that has sub-resources of this kind.
#[must_use]
pub const fn class_of(part: SubResource) -> ResourceKind {
    match part {
        SubResource::InlinePolicy | SubResource::AttachedPolicy => ResourceKind::Group,
        SubResource::Version => ResourceKind::Policy,
    }
}

/// The kind of attachment that refers to a kind of resource.
#[must_use]
pub const fn attachment_to(class: ResourceKind) -> AttachmentKind {
    match class {
        ResourceKind::Group => AttachmentKind::GroupMembership,
        ResourceKind::Policy => AttachmentKind::ManagedPolicy,
        ResourceKind::Device => AttachmentKind::MfaDevice,
    }
}

/// The quota of sub-resources of one resource (G-001, C-017). Forty test documents use up the
/// characters of the inline policies of a group.
#[must_use]
pub const fn quota_of_parts(part: SubResource) -> u32 {
    match part {
        SubResource::Version => 5,
        SubResource::AttachedPolicy => 10,
        SubResource::InlinePolicy => 40,
    }
}

const fn sort_of(part: SubResource) -> Sort {
    match part {
        SubResource::InlinePolicy => Sort::GroupPolicy,
        SubResource::AttachedPolicy => Sort::Resource(ResourceKind::Policy),
        SubResource::Version => Sort::Version,
    }
}

/// A statement about a resource that must exist.
fn about_resource(name: &str, class: ResourceKind) -> Statement {
    let subject = resource(class);
    Statement {
        parameters: vec![subject],
        refused_if: vec![no_such_resource(class, subject)],
        ..about_user(&format!("{name} {}", noun(class)))
    }
}

const fn noun(class: ResourceKind) -> &'static str {
    match class {
        ResourceKind::Group => "group",
        ResourceKind::Policy => "policy",
        ResourceKind::Device => "device",
    }
}

/// `CreateGroup`, `CreatePolicy`, `CreateVirtualMFADevice`. A policy starts with version 1, its
/// default (C-020).
#[must_use]
pub fn create(class: ResourceKind) -> Statement {
    let subject = resource(class);
    let mut changes = vec![insert(Relation::Exists(class), &[subject])];
    let mut parameters = vec![subject];
    if class == ResourceKind::Policy {
        parameters.push(FIRST_VERSION);
        for relation in [Relation::Has(SubResource::Version), Relation::Default, Relation::Numbered]
        {
            changes.push(insert(relation, &[subject, FIRST_VERSION]));
        }
    }
    Statement {
        parameters,
        refused_if: vec![(Condition::ResourceExists, exists(class, subject))],
        changes,
        ..about_resource("create", class)
    }
}

/// `GetGroup`, `GetPolicy`, `ListEntitiesForPolicy`, and the listings of sub-resources.
#[must_use]
pub fn read(class: ResourceKind) -> Statement {
    about_resource("read", class)
}

/// `UpdateGroup` without a new name, which changes no relation of the logic.
#[must_use]
pub fn keep_group_name() -> Statement {
    about_resource("update", ResourceKind::Group)
}

/// `UpdateGroup` with a new name. Members and policies follow the group.
#[must_use]
pub fn rename_group() -> Statement {
    let group = resource(ResourceKind::Group);
    let mut statement = about_resource("rename", ResourceKind::Group);
    statement.parameters.push(NEW_GROUP_NAME);
    let is_same = same(NEW_GROUP_NAME, group);
    let taken = all([not(is_same.clone()), exists(ResourceKind::Group, NEW_GROUP_NAME)]);
    statement.refused_if.push((Condition::NameTaken, taken));
    statement.unspecified_if.push((Condition::SameName, is_same));
    let renamed = [
        (Relation::Exists(ResourceKind::Group), 0),
        (Relation::Holds(AttachmentKind::GroupMembership), 1),
        (Relation::Has(SubResource::InlinePolicy), 0),
        (Relation::Has(SubResource::AttachedPolicy), 0),
    ];
    statement.changes =
        renamed.map(|(it, position)| Change::Rename(it, position, group, NEW_GROUP_NAME)).to_vec();
    statement
}

/// `DeleteGroup`, `DeletePolicy`, `DeleteVirtualMFADevice`.
#[must_use]
pub fn delete(class: ResourceKind) -> Statement {
    let subject = resource(class);
    let mut statement = about_resource("delete", class);
    statement.refused_if.push((Condition::InUse, in_use(class)));
    if class == ResourceKind::Policy {
        let bounded = Variable::user("u");
        let is_boundary = for_some(&[bounded], atom(Relation::Boundary, &[bounded, subject]));
        statement.refused_if.push((Condition::IsBoundary, is_boundary));
    }
    for part in PARTS.into_iter().filter(|part| class_of(*part) == class) {
        let [one, other] = ["v", "w"].map(|name| Variable::new(name, sort_of(part)));
        let has_one = has(part, subject, one);
        let blocks = if part == SubResource::Version {
            let two = all([has_one, has(part, subject, other), not(same(one, other))]);
            for_some(&[one, other], two)
        } else {
            for_some(&[one], has_one)
        };
        statement.refused_if.push((Condition::HasSubResources(part), blocks));
    }
    statement.changes.push(Change::Remove(Relation::Exists(class), vec![subject]));
    if class == ResourceKind::Policy {
        for relation in [Relation::Has(SubResource::Version), Relation::Default, Relation::Numbered]
        {
            statement.changes.push(Change::Clear(relation, subject));
        }
    }
    statement
}

/// A user holds the resource, or a group has it attached.
fn in_use(class: ResourceKind) -> Formula {
    let subject = resource(class);
    let holder = Variable::user("u");
    let group = Variable::new("g", Sort::Resource(ResourceKind::Group));
    let held = for_some(&[holder], holds(attachment_to(class), holder, subject));
    let attached = || for_some(&[group], has(SubResource::AttachedPolicy, group, subject));
    if class == ResourceKind::Policy { any([held, attached()]) } else { held }
}

/// `PutGroupPolicy`, `AttachGroupPolicy`, `CreatePolicyVersion`.
#[must_use]
pub fn add(part: SubResource) -> Statement {
    let (subject, entry) = (resource(class_of(part)), entry(part));
    let mut statement = about_part("add", part);
    statement.parameters.push(entry);
    statement.refused_if.extend(no_such_policy(part));
    let number = Number::Count(Relation::Has(part), subject, Moment::Before);
    let full = Formula::AtMost(Number::Constant(quota_of_parts(part)), number);
    let new = not(has(part, subject, entry));
    let is_version = part == SubResource::Version;
    let full = if is_version { full } else { all([full, new]) };
    statement.refused_if.push((Condition::SubResourceQuotaReached, full));
    if !is_version {
        let repeats = has(part, subject, entry);
        statement.succeeds_despite.push((Condition::HasEntry, repeats));
    }
    statement.changes.push(insert(Relation::Has(part), &[subject, entry]));
    if is_version {
        // The service never gives a number again (C-061).
        statement.assumes = not(atom(Relation::Numbered, &[subject, entry]));
        statement.changes.push(insert(Relation::Numbered, &[subject, entry]));
    }
    statement
}

/// `GetGroupPolicy`, `GetPolicyVersion`.
#[must_use]
pub fn get_entry(part: SubResource) -> Statement {
    named_entry("get", part)
}

/// `SetDefaultPolicyVersion`.
#[must_use]
pub fn set_default() -> Statement {
    let (subject, version) = (resource(ResourceKind::Policy), entry(SubResource::Version));
    let mut statement = named_entry("make the default", SubResource::Version);
    statement.changes = vec![
        Change::Clear(Relation::Default, subject),
        insert(Relation::Default, &[subject, version]),
    ];
    statement
}

/// `DeleteGroupPolicy`, `DetachGroupPolicy`, `DeletePolicyVersion`.
#[must_use]
pub fn remove(part: SubResource) -> Statement {
    let (subject, entry) = (resource(class_of(part)), entry(part));
    let mut statement = named_entry("remove", part);
    if part == SubResource::Version {
        let is_default = atom(Relation::Default, &[subject, entry]);
        statement.refused_if.push((Condition::IsDefault, is_default));
    }
    statement.changes.push(Change::Remove(Relation::Has(part), vec![subject, entry]));
    statement
}

fn about_part(name: &str, part: SubResource) -> Statement {
    Statement {
        name: format!("{name} {} {}", noun(class_of(part)), part.name()),
        ..about_resource("", class_of(part))
    }
}

/// A statement about a sub-resource that must exist. One message covers a missing policy and a
/// missing version (C-019).
fn named_entry(name: &str, part: SubResource) -> Statement {
    let (class, entry) = (class_of(part), entry(part));
    let subject = resource(class);
    let missing = not(has(part, subject, entry));
    let mut statement = about_part(name, part);
    statement.parameters.push(entry);
    if part == SubResource::Version {
        statement.refused_if = vec![(Condition::NoSuchVersion, missing)];
        return statement;
    }
    statement.refused_if.extend(no_such_policy(part));
    let policy_exists =
        (part == SubResource::AttachedPolicy).then(|| exists(ResourceKind::Policy, entry));
    let only_missing = [exists(class, subject), missing].into_iter().chain(policy_exists);
    statement.refused_if.push((Condition::NoSuchEntry, all(only_missing)));
    statement
}

fn no_such_policy(part: SubResource) -> Option<(Condition, Formula)> {
    let missing = || not(exists(ResourceKind::Policy, entry(part)));
    (part == SubResource::AttachedPolicy).then(|| (Condition::NoSuchPolicy, missing()))
}
