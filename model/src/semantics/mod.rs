//! The semantics of the model: the allowed responses ([`allowed`]) and the next state ([`next`]).
//!
//! Both are pure functions. Checks are separate from effects, and a refusal changes nothing.

pub mod conditions;
pub mod deletion_plan;
pub mod listing;

use crate::evidence::Level;
use crate::ids::{CreateUserOptions, IssueOptions, Item, Service, Status, User};
use crate::kind::{AttachmentKind, Resource, SubResource};
use crate::operation::Operation;
use crate::rule::{Action, Clause, Condition, Expected, Rule};
use crate::semantics::conditions::holds;
use crate::state::{Account, Attachment};
use crate::tables::attachments::Naming;

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The call succeeded.
    Success,
    /// The call was refused and changed nothing.
    Refused,
}

/// The responses that a conforming endpoint may give: a set of clauses of one action.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    action: &'static Action,
    /// A bit for each clause of the action that is in force.
    in_force: u32,
    /// The clause for the invalid parameter of the request, if it applies.
    invalid: Option<&'static Clause>,
}

const NO_ACTION: Action = Action { api: "", clauses: &[] };

impl Allowed {
    fn clauses(self) -> impl Iterator<Item = &'static Clause> {
        let clauses = self.action.clauses.iter().enumerate();
        let well_formed = clauses
            .filter(move |(index, _)| self.in_force >> index & 1 == 1)
            .map(|(_, clause)| clause);
        // The clause for the invalid parameter replaces the clauses that let the call succeed.
        let is_success = |clause: &&Clause| clause.expected == Expected::Success;
        let may_succeed = well_formed.clone().any(|clause| is_success(&clause));
        let invalid =
            self.invalid.filter(|clause| clause.expected != Expected::Success || may_succeed);
        well_formed
            .filter(move |clause| self.invalid.is_none() || !is_success(clause))
            .chain(invalid)
    }

    /// The rules in force. If several refuse the call, each of them conforms.
    pub fn rules(self) -> impl Iterator<Item = Rule> {
        self.clauses().map(move |claim| Rule { action: self.action, clause: claim })
    }

    /// The rules in force that refuse the call.
    pub fn refusals(self) -> impl Iterator<Item = Rule> {
        self.rules().filter(|rule| rule.clause.expected != Expected::Success)
    }

    /// Returns true if a conforming endpoint must accept the call, at the latest after every
    /// transient condition has ended.
    #[must_use]
    pub fn must_succeed(self) -> bool {
        self.may_succeed() && self.refusals().all(|rule| rule.clause.condition.is_transient())
    }

    /// Returns true if a conforming endpoint may accept the call.
    #[must_use]
    pub fn may_succeed(self) -> bool {
        self.clauses().any(|clause| clause.expected == Expected::Success)
    }
}

/// The responses that a conforming endpoint may give to `op` in `account`.
///
/// Success is allowed if no clause refuses the call, or if every refusing clause is unspecified. A
/// clause that permits success despite a failed precondition applies only if the user exists.
#[must_use]
pub fn allowed(account: &Account, op: &Operation) -> Allowed {
    allowed_if(account, op, &|_, clause| holds(clause.condition, account, op))
}

/// Like [`allowed`], with another evaluation of the conditions.
pub(crate) fn allowed_if(
    account: &Account,
    op: &Operation,
    condition_holds: &dyn Fn(&Action, &Clause) -> bool,
) -> Allowed {
    let action = op.action().unwrap_or(&NO_ACTION);
    let invalid = match *op {
        Operation::Invalid(_, invalid) => {
            Some(&invalid.row().clause).filter(|clause| condition_holds(action, clause))
        }
        _ => None,
    };
    let mut in_force = 0;
    let mut hindered = action.clauses.first().is_none_or(|first| !condition_holds(action, first));
    for (index, clause) in action.clauses.iter().enumerate().skip(1) {
        let refuses = clause.expected != Expected::Success;
        let applies = condition_holds(action, clause)
            && (refuses || op.user().is_none_or(|user| account.has_user(user)));
        in_force |= u32::from(applies) << index;
        hindered |= applies && (!refuses || clause.status.level > Level::Unspecified);
    }
    Allowed { action, in_force: in_force | u32::from(!hindered), invalid }
}

/// The account after `op` had this outcome.
#[must_use]
pub fn next(account: &Account, op: &Operation, outcome: Effect) -> Account {
    let mut after = account.clone();
    if outcome == Effect::Success {
        apply(&mut after, op);
    }
    after
}

/// Applies the effect of a successful `op` in place.
pub fn apply(account: &mut Account, op: &Operation) {
    match op.well_formed() {
        Operation::CreateUser(user, options) => create_user(account, user, options),
        Operation::UpdateUser(user, change) => {
            account.set_path(user, change.path.unwrap_or(account.path(user)));
            account.rename_user(user, change.name.unwrap_or(user));
        }
        Operation::DeleteUser(user) => account.remove_user(user),
        Operation::PutBoundary(user, policy) => account.set_boundary(user, Some(policy)),
        Operation::DeleteBoundary(user) => account.set_boundary(user, None),
        Operation::CreateResource(resource) => account.add_resource(resource),
        Operation::RenameResource(resource, name) => {
            account.rename_resource(resource, name.unwrap_or(resource.item));
        }
        Operation::DeleteResource(resource) => delete_resource(account, resource),
        Operation::AddSubResource(policy, SubResource::Version, _) => {
            account.add_entry(policy, SubResource::Version, account.next_version(policy));
        }
        Operation::AddSubResource(resource, kind, item) => account.add_entry(resource, kind, item),
        Operation::SetDefault(policy, _, version) => account.set_default(policy, version),
        Operation::RemoveSubResource(resource, kind, item) => {
            account.remove_entry(resource, kind, item);
        }
        Operation::Attach(user, kind, item) => {
            let service = Service::default();
            attach(account, Attachment { user, kind, item, status: Status::Active, service });
        }
        Operation::Issue(user, kind, item, options) => {
            let service = match options {
                IssueOptions::Service(service) => service,
                _ => Service::default(),
            };
            attach(account, Attachment { user, kind, item, status: Status::Active, service });
        }
        Operation::SetStatus(user, kind, item, status) => {
            if let Some(held) = account.attachment(user, kind, item) {
                account.set_attachment(Attachment { status, ..held });
            }
        }
        Operation::Detach(user, kind, item) => account.remove_attachment(user, kind, item),
        // Secrets are not part of the state, and reads change nothing.
        _ => {}
    }
}

/// Does nothing if the user already exists.
fn create_user(account: &mut Account, user: User, options: CreateUserOptions) {
    if !account.has_user(user) {
        account.add_user(user);
        account.set_path(user, options.path);
        account.set_boundary(user, options.boundary);
        if let Some(tag) = options.tag {
            apply(account, &Operation::Attach(user, AttachmentKind::Tag, tag));
        }
    }
}

/// Does nothing if the user does not exist, whatever the response, or if it holds the item already.
fn attach(account: &mut Account, attachment: Attachment) {
    let Attachment { user, kind, item, .. } = attachment;
    if account.has_user(user) && account.attachment(user, kind, item).is_none() {
        account.set_attachment(attachment);
    }
}

/// Deletes a resource with everything that refers to it.
fn delete_resource(account: &mut Account, resource: Resource) {
    let refers = |held: &Attachment| {
        held.kind.row().refers_to == Some(resource.kind) && held.item == resource.item
    };
    let attachments: Vec<Attachment> = account.attachments().filter(refers).collect();
    for it in attachments {
        account.remove_attachment(it.user, it.kind, it.item);
    }
    let groups: Vec<Resource> = account.groups_with(resource).collect();
    for group in groups {
        account.remove_entry(group, SubResource::AttachedPolicy, resource.item);
    }
    let bounded: Vec<User> = account.users_bounded_by(resource).collect();
    for user in bounded {
        account.set_boundary(user, None);
    }
    account.remove_resource(resource);
}

/// Every state that is possible after `op` had this outcome.
///
/// There is one, unless the call succeeded although the effect is unknown or a conforming endpoint
/// refuses it.
#[must_use]
pub fn possible_states(account: &Account, op: &Operation, outcome: Effect) -> Vec<Account> {
    let mut states = vec![next(account, op, outcome)];
    let should_refuse =
        matches!(op, Operation::Invalid(_, it) if it.row().clause.expected != Expected::Success);
    if should_refuse && !states.contains(account) {
        // The effect of an invalid request that the endpoint accepts is unknown.
        states.push(account.clone());
    }
    if outcome == Effect::Success && !op.is_read() {
        let alternative = alternative_state(account, op);
        if !states.contains(&alternative) {
            states.push(alternative);
        }
    }
    states
}

/// The other plausible state after a call succeeded although a condition refuses it.
fn alternative_state(account: &Account, op: &Operation) -> Account {
    let mut other = account.clone();
    let applies = |condition: Condition| holds(condition, account, op);
    match op.well_formed() {
        Operation::CreateUser(user, options) if applies(Condition::UserExists) => {
            other.remove_user(user);
            create_user(&mut other, user, options);
        }
        Operation::CreateUser(user, options) if applies(Condition::NoSuchResource) => {
            create_user(&mut other, user, CreateUserOptions { boundary: None, ..options });
        }
        Operation::PutBoundary(..) if applies(Condition::NoSuchResource) => {}
        // The endpoint may keep the attachments although their user is gone.
        Operation::DeleteUser(user)
            if account.attachments_of(user).any(|it| it.kind.row().blocks.is_some()) =>
        {
            other.remove_user_only(user);
        }
        Operation::DeleteResource(resource)
            if applies(Condition::InUse) || applies(Condition::IsBoundary) =>
        {
            other.remove_resource(resource);
        }
        Operation::Attach(user, kind, item) if applies(Condition::HeldByAnother) => {
            detach_from_all(&mut other, kind, item);
            apply(&mut other, &Operation::Attach(user, kind, item));
        }
        Operation::Attach(_, kind, _)
            if applies(Condition::NoSuchResource)
                || kind.row().naming == Naming::Single && applies(Condition::AlreadyHeld) => {}
        Operation::Detach(_, kind, item) if applies(Condition::HeldByAnother) => {
            detach_from_all(&mut other, kind, item);
        }
        Operation::SetStatus(_, kind, item, status) if applies(Condition::HeldByAnother) => {
            let users: Vec<_> = account.holders(kind, item).collect();
            for user in users {
                apply(&mut other, &Operation::SetStatus(user, kind, item, status));
            }
        }
        _ => apply(&mut other, op),
    }
    other
}

fn detach_from_all(account: &mut Account, kind: AttachmentKind, item: Item) {
    let users: Vec<_> = account.holders(kind, item).collect();
    for user in users {
        account.remove_attachment(user, kind, item);
    }
}
