//! Reads that show what operations have changed, from both sides of each relation.
//!
//! A response does not show every effect of an operation. The reads make hidden effects visible.

use iamspec_model::{
    Account, Filter, Operation, Resource, ResourceKind, SubResource, User, UserChange,
};

/// When the run reads what operations have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ObserveMode {
    /// After each operation.
    Each,
    /// At the end of a script.
    #[default]
    End,
    /// Never.
    Off,
}

/// Returns the reads that show everything that these operations may have changed in `account`, the
/// current state. Leaves out reads that ran after the last change.
#[must_use]
pub(super) fn reads(operations: &[Operation], account: &Account) -> Vec<Operation> {
    let mut reads: Vec<Operation> = Vec::new();
    let changes = operations.iter().filter(|op| !op.is_read());
    for read in changes.flat_map(|op| reads_of(op, account)) {
        if !reads.contains(&read) {
            reads.push(read);
        }
    }
    let already_read: Vec<&Operation> =
        operations.iter().rev().take_while(|op| op.is_read()).collect();
    reads.retain(|read| !already_read.contains(&read));
    reads
}

/// Returns the reads for one operation. The read of a deleted user shows that it is gone.
fn reads_of(op: &Operation, account: &Account) -> Vec<Operation> {
    let mut reads = Vec::new();
    match op.well_formed() {
        Operation::CreateUser(user, _)
        | Operation::DeleteUser(user)
        | Operation::PutBoundary(user, _)
        | Operation::DeleteBoundary(user) => reads.push(Operation::GetUser(user)),
        Operation::UpdateUser(user, UserChange { name, .. }) => {
            reads.push(Operation::GetUser(user));
            reads.extend(name.map(|name: User| Operation::GetUser(name)));
        }
        _ => {}
    }
    if let (Some(user), Some(kind)) = (op.user(), op.kind()) {
        reads.extend(account.has_user(user).then_some(Operation::List(user, kind)));
        reads.extend(op.resource().and_then(|resource| read_of_holders(resource, account)));
    }
    if let Some((resource, kind)) =
        op.sub_resource().filter(|(resource, _)| account.has_resource(*resource))
    {
        reads.push(Operation::ListSubResources(resource, kind));
        let attached = op
            .referenced_policy()
            .filter(|it| kind == SubResource::AttachedPolicy && account.has_resource(*it));
        reads.extend(attached.map(Operation::ListHolders));
    }
    reads
}

/// Returns the read that lists the holders of a resource, if the resource exists.
fn read_of_holders(resource: Resource, account: &Account) -> Option<Operation> {
    let read = match resource.kind {
        ResourceKind::Group => Operation::GetResource(resource),
        ResourceKind::Policy => Operation::ListHolders(resource),
        ResourceKind::Device => Operation::ListResources(ResourceKind::Device, Filter::InUse),
    };
    account.has_resource(resource).then_some(read)
}
