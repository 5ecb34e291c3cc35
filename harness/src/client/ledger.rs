//! Which requests make and remove what a journal keeps.

use std::sync::MutexGuard;

use anyhow::Result;
use iamspec_conformance::Observed;
use iamspec_model::Code;

use super::request::Form;
use crate::journal::{Journal, Made};
use crate::names::last;

type Row = (&'static str, Made, &'static str);

/// The calls that make something, and the member that names it.
const MAKES: [Row; 6] = [
    ("CreateUser", Made::User, "UserName"),
    ("UpdateUser", Made::User, "NewUserName"),
    ("CreateGroup", Made::Group, "GroupName"),
    ("UpdateGroup", Made::Group, "NewGroupName"),
    ("CreatePolicy", Made::Policy, "PolicyName"),
    ("CreateVirtualMFADevice", Made::Device, "VirtualMFADeviceName"),
];

/// The calls after which a name means nothing, and the member that names it.
const REMOVES: [Row; 6] = [
    ("DeleteUser", Made::User, "UserName"),
    ("UpdateUser", Made::User, "UserName"),
    ("DeleteGroup", Made::Group, "GroupName"),
    ("UpdateGroup", Made::Group, "GroupName"),
    ("DeletePolicy", Made::Policy, "PolicyArn"),
    ("DeleteVirtualMFADevice", Made::Device, "SerialNumber"),
];

/// Writes down what a request is about to make; whether that is new.
pub(super) fn before(form: &Form, journal: Option<MutexGuard<'_, Journal>>) -> Result<bool> {
    let (Some((made, name)), Some(mut journal)) = (named(form, &MAKES), journal) else {
        return Ok(false);
    };
    journal.makes(made, name)
}

/// Strikes what an answer says is gone, or was not made although it was `new`.
pub(super) fn after(
    form: &Form,
    observed: &Observed,
    new: bool,
    journal: Option<MutexGuard<'_, Journal>>,
) {
    let Some(mut journal) = journal else { return };
    let (makes, removes) = (named(form, &MAKES), named(form, &REMOVES));
    let gone = match observed {
        Observed::Done(_) => removes.filter(|_| makes.is_some() || !renames(form)),
        Observed::Refused { code, .. } if code == Code::NoSuchEntity.name() && !renames(form) => {
            removes
        }
        _ => None,
    };
    if let Some((made, name)) = gone.filter(|_| gone != makes) {
        journal.gone(made, name);
    }
    let not_made = match observed {
        Observed::Done(_) => false,
        Observed::Refused { .. } => true,
        Observed::Interrupted(it) => it.cause.changed_nothing(),
    };
    if let (Some((made, name)), true, true) = (makes, not_made, new) {
        journal.gone(made, name);
    }
}

/// Whether the call changes what something is called, or else where it is.
fn renames(form: &Form) -> bool {
    value(form, "Action").is_some_and(|action| action.starts_with("Update"))
}

fn named<'a>(form: &'a Form, rows: &[Row]) -> Option<(Made, &'a str)> {
    let action = value(form, "Action")?;
    let (_, made, member) = rows.iter().find(|(name, ..)| *name == action)?;
    Some((*made, last(value(form, member)?)))
}

fn value<'a>(form: &'a Form, member: &str) -> Option<&'a str> {
    form.iter().find(|(name, _)| name == member).map(|(_, value)| value.as_str())
}
