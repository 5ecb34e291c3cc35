//! The parts of IAM that the server implements and the model does not cover: tags of policies and
//! devices, `GetMFADevice`, authentication codes, the password policy, sizes of policies, QR codes,
//! AWS managed policies, credentials with an alias, and listings that are always empty.
//!
//! The actions here are in no table of the model. [`result`] executes one of them on the store.

pub(super) mod aws_policies;
pub(super) mod empty_listings;
pub(super) mod mfa_codes;
pub(super) mod password_policy;
pub(super) mod policy_size;
pub(super) mod qr_code;
pub(super) mod service_credentials;

use std::collections::HashSet;

use iamspec_model::evidence::{B_MF_11, B_MF_12, C_090, C_091};
use iamspec_model::{AttachmentKind, Resource, ResourceKind, find_action};

use crate::server::ModelState;
use crate::server::parse::form::{ParsedForm, RequestError};
use crate::server::responses::tag_nodes;
use crate::server::store::ACCOUNT;
use crate::wire::names::VERSION;
use crate::wire::service_model;
use crate::wire::xml_write::{Node, node, text};

/// The actions, each with its kind of resource.
const ACTIONS: [(&str, ResourceKind); 7] = [
    ("TagPolicy", ResourceKind::Policy),
    ("UntagPolicy", ResourceKind::Policy),
    ("ListPolicyTags", ResourceKind::Policy),
    ("TagMFADevice", ResourceKind::Device),
    ("UntagMFADevice", ResourceKind::Device),
    ("ListMFADeviceTags", ResourceKind::Device),
    ("GetMFADevice", ResourceKind::Device),
];

/// The actions that the server implements without the model.
pub(super) fn actions() -> impl Iterator<Item = &'static str> {
    let of_resources = ACTIONS.iter().map(|(name, _)| *name);
    of_resources.chain(password_policy::ACTIONS).chain(empty_listings::actions())
}

/// Returns true if the server implements the action without the model.
pub(super) fn is_outside_model(action: &str) -> bool {
    actions().any(|name| name == action)
}

/// Checks the action and its version. The front end refuses an unknown one before IAM sees the request
/// (E-011, E-028). An action that IAM has and this server does not implement is not unknown.
pub(super) fn check_action(form: &ParsedForm) -> Result<(), RequestError> {
    let action = form.action();
    let is_served = find_action(action).is_some() || is_outside_model(action);
    if form.get("Version") != Some(VERSION) || !is_served && !service_model::is_action(action) {
        return Err(RequestError::unknown_action(form));
    }
    if is_served { Ok(()) } else { Err(RequestError::NotServed(action.to_owned())) }
}

/// Carries out an action. Returns the result elements; `None` if the response has no result.
pub(super) fn result(
    model: &mut ModelState,
    form: &ParsedForm,
) -> Result<Option<Vec<Node>>, RequestError> {
    let action = form.action();
    if password_policy::ACTIONS.contains(&action) {
        return password_policy::result(&mut model.store.password_policy, form, ACCOUNT);
    }
    if let Some(listing) = empty_listings::result(action) {
        return Ok(Some(listing));
    }
    let row = ACTIONS.iter().find(|(name, _)| *name == action);
    let kind = row.map_or(ResourceKind::Policy, |(_, kind)| *kind);
    let name = form.require(kind.row().parameter)?;
    let resource = Resource { kind, item: model.store.resource(kind, name) };
    if !model.account.has_resource(resource) {
        let fact = if kind == ResourceKind::Policy { C_090 } else { B_MF_12 };
        return Err(RequestError::of_fact(fact, form));
    }
    if action == "GetMFADevice" {
        return device(model, form, resource).map(Some);
    }
    if action.starts_with("Tag") {
        form.require("Tags.member.1.Key")?;
        check_tags(form)?;
        model.store.tag_resource(resource, form.tags());
    } else if action.starts_with("Untag") {
        form.require("TagKeys.member.1")?;
        let keys: Vec<&str> = form.list("TagKeys", "").collect();
        model.store.untag_resource(resource, &keys);
    } else {
        let mut tags = model.store.resource_tags(resource).to_vec();
        tags.sort();
        let members = tag_nodes(tags.iter());
        return Ok(Some(vec![node("Tags", members), text("IsTruncated", "false")]));
    }
    Ok(None)
}

/// No key of a policy or device may occur twice in a request. Case matters (C-091).
pub(super) fn check_tags(form: &ParsedForm) -> Result<(), RequestError> {
    let tags = form.tags();
    let keys: HashSet<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
    if keys.len() < tags.len() { Err(RequestError::of_fact(C_091, form)) } else { Ok(()) }
}

/// `GetMFADevice`: a device that is enabled for a user, with the members of the service model
/// (E-026).
fn device(
    model: &ModelState,
    form: &ParsedForm,
    device: Resource,
) -> Result<Vec<Node>, RequestError> {
    let kind = AttachmentKind::MfaDevice;
    let named = form.get("UserName").map(|name| model.store.user(name));
    if named.is_some_and(|user| !model.account.has_user(user)) {
        return Err(RequestError::of_fact(B_MF_11, form));
    }
    let holder = model.account.holders(kind, device.item).next();
    let Some(user) = holder.filter(|user| named.is_none_or(|named| named == *user)) else {
        return Err(RequestError::of_fact(B_MF_12, form));
    };
    let enabled = model.store.attachment_record(user, kind, device.item).created;
    Ok(vec![
        text("UserName", model.store.user_record(user).name),
        text("SerialNumber", model.store.resource_record(device).id),
        text("EnableDate", enabled),
    ])
}
