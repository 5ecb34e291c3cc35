//! What must be done, in which order, before a user can go.

use crate::ids::User;
use crate::operation::Operation;
use crate::state::{Account, Attachment};
use crate::tables::resources::ResourceKind;

/// The calls that empty a user and delete it, each of which is carried out for certain; none where
/// the user does not exist.
///
/// Items are taken away in the order of the documentation of `DeleteUser`; the order among
/// them does not matter. Inactive items are taken away too: whether they stand in the way is not
/// known. Tags and the permissions boundary go with the user. No plan is
/// shorter, which `verify` proves for every state of its scopes.
#[must_use]
pub fn plan(account: &Account, user: User) -> Vec<Operation> {
    if !account.has_user(user) {
        return Vec::new();
    }
    let blocks = |it: &Attachment| it.kind.row().blocks.is_some();
    let detach =
        account.held_by(user).filter(blocks).map(|it| Operation::Detach(user, it.kind, it.item));
    detach.chain([Operation::DeleteUser(user)]).collect()
}

/// The same, with the virtual MFA devices that the user leaves deleted as well: each as soon as it is
/// deactivated, for it is nobody's then (C-026). They need not be: a device that nobody has stands in
/// the way of no user, but keeps its name (C-053).
#[must_use]
pub fn plan_with_devices(account: &Account, user: User) -> Vec<Operation> {
    let deleted = |op: &Operation| {
        let device = op.object().filter(|it| it.class == ResourceKind::Device);
        device.map(Operation::Delete)
    };
    plan(account, user).into_iter().flat_map(|op| [Some(op), deleted(&op)]).flatten().collect()
}
