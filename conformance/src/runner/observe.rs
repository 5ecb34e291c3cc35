//! What is read after calls that change something, from both sides, so that what they did not say shows.

use iamspec_model::{
    Account, Filter, Operation, Resource, ResourceKind, SubResource, User, UserChange,
};

/// When it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ObserveMode {
    /// After each call.
    Each,
    /// At the end of a script.
    #[default]
    End,
    /// Never.
    Off,
}

/// What tells of all that these calls may have changed, in the account that is true now. What was read
/// since the last change is not read again.
#[must_use]
pub fn reads(asked: &[Operation], account: &Account) -> Vec<Operation> {
    let mut reads: Vec<Operation> = Vec::new();
    let changing = asked.iter().filter(|op| !op.is_read());
    for read in changing.flat_map(|op| about(op, account)) {
        if !reads.contains(&read) {
            reads.push(read);
        }
    }
    let known = asked.iter().rev().take_while(|op| op.is_read()).collect::<Vec<_>>();
    reads.retain(|read| !known.contains(&read));
    reads
}

/// What tells of one call: of what is gone, that it is.
fn about(op: &Operation, account: &Account) -> Vec<Operation> {
    let mut reads = Vec::new();
    let mut user = |user: User| reads.push(Operation::GetUser(user));
    match op.sound() {
        Operation::CreateUser(it, _)
        | Operation::DeleteUser(it)
        | Operation::PutBoundary(it, _)
        | Operation::DeleteBoundary(it) => user(it),
        Operation::UpdateUser(it, UserChange { name, .. }) => {
            user(it);
            name.into_iter().for_each(user);
        }
        _ => {}
    }
    if let (Some(user), Some(kind)) = (op.user(), op.kind()) {
        reads.extend(account.has_user(user).then_some(Operation::List(user, kind)));
        reads.extend(op.object().and_then(|object| other_side(object, account)));
    }
    if let Some((object, part)) = op.part().filter(|(object, _)| account.has(*object)) {
        reads.push(Operation::Parts(object, part));
        let attached =
            op.referred().filter(|it| part == SubResource::AttachedPolicy && account.has(*it));
        reads.extend(attached.map(Operation::Holders));
    }
    reads
}

/// Who holds it, as the object tells.
fn other_side(object: Resource, account: &Account) -> Option<Operation> {
    let read = match object.class {
        ResourceKind::Group => Operation::Read(object),
        ResourceKind::Policy => Operation::Holders(object),
        ResourceKind::Device => Operation::ListAll(ResourceKind::Device, Filter::Held),
    };
    Some(read).filter(|_| account.has(object))
}
