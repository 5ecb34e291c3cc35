//! The tables of the specification: every action of the modeled API, with its clauses.
//!
//! One row describes one kind of attachment, resource or sub-resource; [`operations`] describes
//! each variant of [`crate::Operation`]. The tables contain conditions as data and evaluate none of
//! them. [`find_action`] is the only lookup from an API name.

pub mod attachments;
pub mod aws_policies;
pub mod operations;
pub mod precedence;
pub mod resources;
pub mod statements;
pub mod sub_resources;
pub mod validation;

use crate::ids::User;
use crate::kind::{
    AttachmentAction, AttachmentKind, ResourceAction, ResourceKind, SubResource, SubResourceAction,
};
use crate::rule::{Action, Rule};
use crate::tables::validation::INVALID_REQUESTS;

/// The table that an action is in, with its row and column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionTarget {
    /// An action on a user or on the whole account.
    User,
    /// An action on an attachment.
    Attachment(AttachmentKind, AttachmentAction),
    /// An action on a resource.
    Resource(ResourceKind, ResourceAction),
    /// An action on a sub-resource.
    SubResource(SubResource, SubResourceAction),
}

/// An action, and the table that it is in.
#[derive(Clone, Copy, Debug)]
pub struct ActionEntry {
    /// The action.
    pub action: &'static Action,
    /// Its table, row and column.
    pub target: ActionTarget,
}

/// Every action: users, resources, sub-resources, then attachments, in table order.
pub fn action_entries() -> impl Iterator<Item = ActionEntry> {
    let entry = |target| move |action| ActionEntry { action, target };
    let users = resources::USER_ACTIONS.into_iter().map(entry(ActionTarget::User));
    let resources = ResourceKind::all().flat_map(move |kind| {
        ResourceAction::ALL.into_iter().filter_map(move |column| {
            kind.row().action(column).map(entry(ActionTarget::Resource(kind, column)))
        })
    });
    let sub_resources = SubResource::all().flat_map(move |kind| {
        SubResourceAction::ALL.into_iter().filter_map(move |column| {
            kind.row().action(column).map(entry(ActionTarget::SubResource(kind, column)))
        })
    });
    let attachments = AttachmentKind::all().flat_map(move |kind| {
        AttachmentAction::ALL.into_iter().filter_map(move |column| {
            kind.row().action(column).map(entry(ActionTarget::Attachment(kind, column)))
        })
    });
    users.chain(resources).chain(sub_resources).chain(attachments)
}

/// The action with this API name, such as `CreateAccessKey`.
#[must_use]
pub fn find_action(name: &str) -> Option<ActionEntry> {
    action_entries().find(|entry| entry.action.api == name)
}

/// Every action, in the order of [`action_entries`].
pub fn actions() -> impl Iterator<Item = &'static Action> {
    action_entries().map(|entry| entry.action)
}

/// Every rule, action by action; then the rules about invalid requests.
pub fn rules() -> impl Iterator<Item = Rule> {
    let well_formed = actions().flat_map(|call| {
        call.clauses.iter().map(move |claim| Rule { action: call, clause: claim })
    });
    let invalid = INVALID_REQUESTS.iter().filter_map(|row| {
        Some(Rule { action: (row.well_formed)(User(0)).action()?, clause: &row.clause })
    });
    well_formed.chain(invalid)
}
