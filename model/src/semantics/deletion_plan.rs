//! The deletion plan of a user: the calls that delete it, in order.

use crate::ids::User;
use crate::kind::ResourceKind;
use crate::operation::Operation;
use crate::state::{Account, Attachment};

/// The calls that remove the attachments of a user and delete it. Each of them is certain to
/// succeed. The plan is empty if the user does not exist.
///
/// Attachments are removed in the order of the `DeleteUser` reference; any other order
/// works too. The plan removes inactive items as well, because it is unknown whether they block
/// deletion. Tags and the permissions boundary go with the user. No plan is
/// shorter, which `verify` proves for every state of its scopes.
#[must_use]
pub fn deletion_plan(account: &Account, user: User) -> Vec<Operation> {
    if !account.has_user(user) {
        return Vec::new();
    }
    let blocks = |held: &Attachment| held.kind.row().blocks.is_some();
    let detach = account
        .attachments_of(user)
        .filter(blocks)
        .map(|held| Operation::Detach(user, held.kind, held.item));
    detach.chain([Operation::DeleteUser(user)]).collect()
}

/// The same plan, which also deletes each virtual MFA device of the user after it is deactivated
/// (C-026). That is optional: an unused device blocks no deletion, but keeps its name
/// (C-053).
#[must_use]
pub fn deletion_plan_with_devices(account: &Account, user: User) -> Vec<Operation> {
    let delete_device = |op: &Operation| {
        let device = op.resource().filter(|resource| resource.kind == ResourceKind::Device);
        device.map(Operation::DeleteResource)
    };
    deletion_plan(account, user)
        .into_iter()
        .flat_map(|op| [Some(op), delete_device(&op)])
        .flatten()
        .collect()
}
