//! Cleanup: records what a script creates, and deletes it in reverse order.
//!
//! An endpoint may create a resource although it refuses the call, create the same resource twice,
//! or delete a user and keep its items, which then block the deletion of a resource, or the other way
//! round. If a deletion is refused because of a conflict, cleanup looks for such items and removes
//! them.

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, Entity, ErrorCode, InputError, InvalidRequest, Item, Operation, Resource,
    SubResource, User, UserChange,
};

use crate::endpoint::{Endpoint, Namespace};
use crate::response::Response;
use crate::runner::retry::RetryPolicy;

/// The numbers of versions that cleanup tries to delete if a listing of versions is not readable. The service
/// numbers them from 1, and a policy has at most five (C-017).
pub const VERSION_NUMBERS: u32 = 10;

/// The operations that delete what one script has created and not yet deleted, oldest first.
#[derive(Clone, Debug, Default)]
pub struct CleanupPlan {
    operations: Vec<Operation>,
    /// Kinds of which a user may hold an item whose name was lost with the response.
    unnamed_items: Vec<(User, AttachmentKind)>,
    /// Policies whose versions are unknown because a response was lost.
    unknown_versions: Vec<Resource>,
    /// The default versions, which cannot be deleted while they are the default.
    default_versions: Vec<(Resource, Item)>,
    /// The deletions of what was created once more although it existed.
    duplicates: Vec<Operation>,
    /// The items of users that were deleted with them. A resource may still be in use by them.
    dangling: Vec<Operation>,
}

impl CleanupPlan {
    /// Returns the operations of the plan, oldest creation first.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Returns the operations in the order of a cleanup: attachments first, then users, then
    /// resources, because a policy may be the boundary of a user. Within these, the last creation is
    /// undone first.
    #[must_use]
    pub fn in_order(&self) -> Vec<Operation> {
        let mut plan = self.operations.clone();
        plan.sort_by_key(|undo| match undo.well_formed() {
            Operation::DeleteResource(_) => 0,
            Operation::DeleteUser(_) => 1,
            _ => 2,
        });
        plan.reverse();
        plan
    }

    /// Returns true if nothing is left to delete.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of resources, attachments and unknown items left to delete.
    #[must_use]
    pub fn len(&self) -> usize {
        self.operations.len() + self.unnamed_items.len() + self.unknown_versions.len()
    }

    /// Records what an operation has created or deleted. If the response was lost, the operation
    /// may have succeeded.
    pub fn record(&mut self, op: &Operation, observed: &Response) {
        let (succeeded, lost) = match observed {
            Response::Success(_) => (true, false),
            Response::Refused { .. } => (false, false),
            Response::Failed(it) => (false, !it.kind.had_no_effect()),
        };
        if !succeeded && !lost {
            return;
        }
        self.record_name_in_other_case(op);
        match op.well_formed() {
            Operation::Issue(user, kind, ..) if lost => self.unnamed_items.push((user, kind)),
            Operation::CreateUser(user, _) => {
                self.add_creation(Operation::DeleteUser(user), succeeded);
            }
            Operation::UpdateUser(user, UserChange { name: Some(name), .. }) if name != user => {
                self.rename_user(user, name, succeeded);
            }
            Operation::CreateResource(resource) => {
                self.add_creation(Operation::DeleteResource(resource), succeeded);
            }
            Operation::RenameResource(resource, Some(name)) if name != resource.item => {
                self.rename_resource(resource, Resource { item: name, ..resource }, succeeded);
            }
            Operation::AddSubResource(resource, kind, item) => {
                self.add_sub_resource(resource, kind, item, observed);
            }
            Operation::SetDefault(policy, ..) if lost => self.unknown_versions.push(policy),
            Operation::SetDefault(policy, kind, version) => {
                let index = self.default_versions.iter().position(|(it, _)| *it == policy);
                let before = index.map_or(Item(1), |it| self.default_versions.remove(it).1);
                self.default_versions.push((policy, version));
                self.add(Operation::RemoveSubResource(policy, kind, before));
                self.operations
                    .retain(|it| *it != Operation::RemoveSubResource(policy, kind, version));
            }
            Operation::Attach(user, kind, item) | Operation::Issue(user, kind, item, _) => {
                self.add(Operation::Detach(user, kind, item));
            }
            Operation::RemoveSubResource(..) | Operation::Detach(..) if succeeded => {
                self.operations.retain(|it| *it != op.well_formed());
            }
            Operation::DeleteUser(_) | Operation::DeleteResource(_)
                if succeeded && self.remove_duplicate(op) => {}
            Operation::DeleteResource(resource) if succeeded => self.forget_resource(resource),
            // The invalid name of an invalid request may be the name of another user.
            Operation::DeleteUser(user) if succeeded && op.well_formed() == *op => {
                self.forget_user(user);
            }
            _ => {}
        }
    }

    /// If the endpoint distinguishes names by case, creating a user with the name in another case
    /// creates one more user.
    fn record_name_in_other_case(&mut self, op: &Operation) {
        let Operation::Invalid(user, invalid) = *op else { return };
        let row = invalid.row();
        let creates_user = matches!(op.well_formed(), Operation::CreateUser(..));
        if creates_user && row.error == InputError::OtherCase {
            let undo = InvalidRequest::of(Operation::DeleteUser, row.parameter, row.error);
            if let Some(undo) = undo {
                self.add(Operation::Invalid(user, undo));
            }
        }
    }

    /// Plans the deletion of a renamed user under its new name. If the response was lost, plans it
    /// under both names.
    fn rename_user(&mut self, user: User, name: User, succeeded: bool) {
        let renamed = |op: &Operation| match *op {
            Operation::DeleteUser(it) if it == user => Some(Operation::DeleteUser(name)),
            Operation::Detach(it, kind, item) if it == user => {
                Some(Operation::Detach(name, kind, item))
            }
            _ => None,
        };
        let undo: Vec<Operation> = self.operations.iter().filter_map(renamed).collect();
        let unnamed_items: Vec<_> =
            self.unnamed_items.iter().filter(|(it, _)| *it == user).copied().collect();
        if succeeded {
            self.forget_user(user);
        }
        for undo in undo {
            self.add(undo);
        }
        self.unnamed_items.extend(unnamed_items.into_iter().map(|(_, kind)| (name, kind)));
    }

    /// Plans the deletion of a renamed resource, its sub-resources and its attachments under the
    /// new name. If the response was lost, plans it under both names.
    fn rename_resource(&mut self, resource: Resource, name: Resource, succeeded: bool) {
        let refers = |kind: AttachmentKind| kind.row().refers_to == Some(resource.kind);
        let renamed = |op: &Operation| match *op {
            Operation::DeleteResource(it) if it == resource => {
                Some(Operation::DeleteResource(name))
            }
            Operation::RemoveSubResource(it, kind, item) if it == resource => {
                Some(Operation::RemoveSubResource(name, kind, item))
            }
            Operation::Detach(user, kind, item) if refers(kind) && item == resource.item => {
                Some(Operation::Detach(user, kind, name.item))
            }
            _ => None,
        };
        let undo: Vec<Operation> = self.operations.iter().filter_map(renamed).collect();
        if succeeded {
            self.operations.retain(|op| renamed(op).is_none());
        }
        for undo in undo {
            self.add(undo);
        }
    }

    /// Plans the deletion of a sub-resource. The response contains the number of a new version.
    fn add_sub_resource(
        &mut self,
        resource: Resource,
        kind: SubResource,
        item: Item,
        observed: &Response,
    ) {
        if kind != SubResource::Version {
            return self.add(Operation::RemoveSubResource(resource, kind, item));
        }
        let version = match observed {
            Response::Success(Some(listing)) => listing.items.iter().find_map(|(it, _)| match it {
                Entity::Version { number, .. } => Some(Item(*number)),
                _ => None,
            }),
            _ => None,
        };
        match version {
            Some(version) => self.add(Operation::RemoveSubResource(resource, kind, version)),
            None => self.unknown_versions.push(resource),
        }
    }

    /// Records that an operation was refused although it had to succeed: it may have had its effect.
    pub fn record_wrong_refusal(&mut self, op: &Operation) {
        let undo = match op.well_formed() {
            Operation::CreateUser(user, _) => Operation::DeleteUser(user),
            Operation::CreateResource(resource) => Operation::DeleteResource(resource),
            _ => return,
        };
        if !self.operations.contains(&undo) {
            self.add(undo);
        }
    }

    /// Plans the deletion of a created user or resource: twice if it was created twice.
    fn add_creation(&mut self, undo: Operation, succeeded: bool) {
        if succeeded && self.operations.contains(&undo) {
            self.duplicates.push(undo);
        }
        self.add(undo);
    }

    /// Returns true if the deleted user or resource exists once more.
    fn remove_duplicate(&mut self, undo: &Operation) -> bool {
        let index = self.duplicates.iter().position(|it| it == undo);
        index.map(|index| self.duplicates.swap_remove(index)).is_some()
    }

    /// Adds an operation at the end of the plan.
    fn add(&mut self, undo: Operation) {
        self.operations.retain(|it| *it != undo);
        self.operations.push(undo);
    }

    /// Removes a deleted user and its attachments from the plan.
    fn forget_user(&mut self, user: User) {
        let is_dangling = |it: &&Operation| {
            let refers = it.kind().is_some_and(|kind| kind.row().refers_to.is_some());
            it.user() == Some(user) && refers
        };
        self.dangling.extend(self.operations.iter().filter(is_dangling));
        self.operations.retain(|it| it.user() != Some(user));
        self.unnamed_items.retain(|(it, _)| *it != user);
    }

    /// Removes a deleted resource and its versions from the plan. A policy that is created with the
    /// same name has its first version as the default again.
    fn forget_resource(&mut self, resource: Resource) {
        let version = Some((resource, SubResource::Version));
        self.operations.retain(|op| {
            *op != Operation::DeleteResource(resource) && op.sub_resource() != version
        });
        self.unknown_versions.retain(|it| *it != resource);
        self.default_versions.retain(|(it, _)| *it != resource);
    }

    /// Runs the plan, newest first. Returns what the endpoint did not delete.
    pub fn run(
        &mut self,
        space: Namespace,
        endpoint: &mut dyn Endpoint,
        policy: &mut RetryPolicy,
    ) -> Vec<NotDeleted> {
        endpoint.enter_namespace(space);
        let mut failed = Vec::new();
        for (user, kind) in std::mem::take(&mut self.unnamed_items) {
            failed.extend(self.list_items(space, user, kind, endpoint, policy));
        }
        for resource in std::mem::take(&mut self.unknown_versions) {
            failed.extend(self.list_versions(space, resource, endpoint, policy));
        }
        let (plan, implied) = self.without_implied();
        self.operations.clear();
        for undo in plan {
            let mut answer = policy.execute(&undo, endpoint);
            let is_user = |it: &&Operation| matches!(undo, Operation::DeleteUser(user) if it.user() == Some(user));
            let skipped: Vec<&Operation> = implied.iter().filter(is_user).collect();
            if !is_gone(&answer) && !skipped.is_empty() {
                for detach in skipped {
                    policy.execute(detach, endpoint);
                }
                answer = policy.execute(&undo, endpoint);
            }
            if is_conflict(&answer) {
                answer = self.resolve_conflict(&undo, answer, endpoint, policy);
            }
            while is_gone(&answer) && self.remove_duplicate(&undo) {
                answer = policy.execute(&undo, endpoint);
            }
            if !is_gone(&answer) {
                failed.push(NotDeleted { namespace: space, operation: undo, response: answer });
            } else if let Operation::DeleteUser(user) = undo {
                // Items that could not be listed are deleted with their user.
                failed.retain(|it| !(it.operation.is_read() && it.operation.user() == Some(user)));
            }
        }
        failed
    }

    /// Returns the plan in order, and the removals that it does not need because the deletion of the user
    /// includes them: tags do not block it.
    fn without_implied(&self) -> (Vec<Operation>, Vec<Operation>) {
        let is_implied = |it: &Operation| match *it {
            Operation::Detach(user, kind, _) => {
                let is_deleted = self.operations.contains(&Operation::DeleteUser(user));
                kind.row().blocks.is_none() && is_deleted
            }
            _ => false,
        };
        self.in_order().into_iter().partition(|it| !is_implied(it))
    }

    /// Removes what the user or resource still has on the endpoint, and deletes it again. Returns the
    /// response to the last deletion.
    fn resolve_conflict(
        &mut self,
        undo: &Operation,
        refusal: Response,
        endpoint: &mut dyn Endpoint,
        policy: &mut RetryPolicy,
    ) -> Response {
        match *undo {
            Operation::DeleteUser(user) => {
                for kind in AttachmentKind::blockers() {
                    for item in held_items(user, kind, endpoint, policy) {
                        let detach = Operation::Detach(user, kind, item);
                        let answer = policy.execute(&detach, endpoint);
                        if !matches!(answer, Response::Success(_))
                            && let Some(lost) = detach.resource()
                        {
                            let pair =
                                (Operation::CreateResource(lost), Operation::DeleteResource(lost));
                            detach_from_deleted(pair, &detach, endpoint, policy);
                        }
                    }
                }
                policy.execute(undo, endpoint)
            }
            Operation::DeleteResource(resource) => {
                let dangling = self.dangling.clone().into_iter();
                let users: Vec<Operation> =
                    dangling.filter(|it| it.resource() == Some(resource)).collect();
                if users.is_empty() {
                    return refusal;
                }
                for detach in &users {
                    policy.execute(detach, endpoint);
                }
                let answer = policy.execute(undo, endpoint);
                if !is_conflict(&answer) {
                    return answer;
                }
                for detach in &users {
                    let Some(user) = detach.user() else { continue };
                    let pair = (Operation::create_user(user), Operation::DeleteUser(user));
                    detach_from_deleted(pair, detach, endpoint, policy);
                }
                policy.execute(undo, endpoint)
            }
            _ => refusal,
        }
    }

    /// Lists the versions of a policy, and plans the deletion of all but the default version.
    fn list_versions(
        &mut self,
        space: Namespace,
        resource: Resource,
        endpoint: &mut dyn Endpoint,
        policy: &mut RetryPolicy,
    ) -> Option<NotDeleted> {
        let kind = SubResource::Version;
        let list = Operation::ListSubResources(resource, kind);
        match policy.execute(&list, endpoint) {
            Response::Success(Some(listing)) => {
                self.operations.retain(|it| it.sub_resource() != Some((resource, kind)));
                for (entity, _) in listing.items {
                    if let Entity::Version { number, default: false } = entity {
                        self.add(Operation::RemoveSubResource(resource, kind, Item(number)));
                    }
                }
                None
            }
            // The listing is not readable. Its policy is deleted only if no version but the default is left.
            Response::Success(None) => {
                for number in 1..=VERSION_NUMBERS {
                    policy.execute(
                        &Operation::RemoveSubResource(resource, kind, Item(number)),
                        endpoint,
                    );
                }
                None
            }
            answer if is_gone(&answer) => None,
            answer => Some(NotDeleted { namespace: space, operation: list, response: answer }),
        }
    }

    /// Lists the items of a kind, and plans the deletion of all of them: a lost response may have
    /// created one. If the list fails, items may remain.
    fn list_items(
        &mut self,
        space: Namespace,
        user: User,
        kind: AttachmentKind,
        endpoint: &mut dyn Endpoint,
        policy: &mut RetryPolicy,
    ) -> Option<NotDeleted> {
        if kind.row().naming != Naming::Service {
            return None;
        }
        let list = Operation::List(user, kind);
        match policy.execute(&list, endpoint) {
            Response::Success(Some(listing)) => {
                let known = listing.items.iter().filter_map(|(entity, _)| entity.item(kind));
                let adopted =
                    listing.unknown_names.iter().map(|name| endpoint.assign_symbol(kind, name));
                for item in known.chain(adopted) {
                    self.add(Operation::Detach(user, kind, item));
                }
                None
            }
            answer if is_gone(&answer) => None,
            answer => Some(NotDeleted { namespace: space, operation: list, response: answer }),
        }
    }
}

/// Removes an item whose user or resource was deleted although the item was attached: creates it
/// again, removes the item, and deletes it.
fn detach_from_deleted(
    (create, delete): (Operation, Operation),
    detach: &Operation,
    endpoint: &mut dyn Endpoint,
    policy: &mut RetryPolicy,
) {
    // A user or resource that exists is deleted by its own step of the plan.
    if let Response::Success(_) = policy.execute(&create, endpoint) {
        policy.execute(detach, endpoint);
        policy.execute(&delete, endpoint);
    }
}

/// Returns the items of a kind that the endpoint lists for a user. A password has no listing.
fn held_items(
    user: User,
    kind: AttachmentKind,
    endpoint: &mut dyn Endpoint,
    policy: &mut RetryPolicy,
) -> Vec<Item> {
    if kind.row().naming == Naming::Single {
        return vec![Item::default()];
    }
    let Response::Success(Some(listing)) = policy.execute(&Operation::List(user, kind), endpoint)
    else {
        return Vec::new();
    };
    let known = listing.items.iter().filter_map(|(entity, _)| entity.item(kind));
    let adopted = listing.unknown_names.iter().map(|name| endpoint.assign_symbol(kind, name));
    known.chain(adopted).collect()
}

/// A resource or attachment that cleanup could not delete.
#[derive(Clone, Debug)]
pub struct NotDeleted {
    /// The namespace of the resource.
    pub namespace: Namespace,
    /// The operation that failed: a deletion, or the listing of what to delete.
    pub operation: Operation,
    /// The response to this operation.
    pub response: Response,
}

/// Returns true if the deletion is refused because something is left.
fn is_conflict(answer: &Response) -> bool {
    matches!(answer, Response::Refused { code, .. } if code == ErrorCode::DeleteConflict.name())
}

/// Returns true if the deleted resource does not exist any more.
#[must_use]
pub fn is_gone(answer: &Response) -> bool {
    match answer {
        Response::Success(_) => true,
        Response::Refused { code, .. } => code == ErrorCode::NoSuchEntity.name(),
        Response::Failed(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use iamspec_model::ResourceKind;

    use super::*;

    const POLICY: Resource = Resource { kind: ResourceKind::Policy, item: Item(0) };
    const VERSION: SubResource = SubResource::Version;

    fn record(plan: &mut CleanupPlan, op: Operation, listing: Option<Entity>) {
        let listed = |entity| crate::Listing::of(vec![(entity, iamspec_model::Status::Active)]);
        plan.record(&op, &Response::Success(listing.map(listed)));
    }

    /// Creates the policy, adds a second version and makes it the default.
    fn set_second_version_as_default(plan: &mut CleanupPlan) {
        record(plan, Operation::CreateResource(POLICY), None);
        let added = Entity::Version { number: 2, default: false };
        record(plan, Operation::AddSubResource(POLICY, VERSION, Item(0)), Some(added));
        record(plan, Operation::SetDefault(POLICY, VERSION, Item(2)), None);
    }

    /// An endpoint with one user and one policy. It deletes the policy although the user holds it.
    struct LosesPolicy {
        user: bool,
        policy: bool,
        is_attached: bool,
    }

    impl Endpoint for LosesPolicy {
        fn enter_new_namespace(&mut self) -> Namespace {
            Namespace(0)
        }

        fn enter_namespace(&mut self, _: Namespace) {}

        fn execute(&mut self, op: &Operation) -> Response {
            let refused = |code: ErrorCode| Response::Refused {
                http: 400,
                code: code.name().to_owned(),
                message: None,
            };
            match *op {
                Operation::DeleteUser(_) if self.is_attached => {
                    return refused(ErrorCode::DeleteConflict);
                }
                Operation::DeleteUser(_) => self.user = false,
                Operation::CreateResource(_) => self.policy = true,
                Operation::DeleteResource(_) => self.policy = false,
                Operation::List(_, AttachmentKind::ManagedPolicy) if self.is_attached => {
                    let entity = Entity::of(AttachmentKind::ManagedPolicy, POLICY.item);
                    let listed = vec![(entity, iamspec_model::Status::Active)];
                    return Response::Success(Some(crate::Listing::of(listed)));
                }
                Operation::Detach(_, AttachmentKind::ManagedPolicy, _) if self.policy => {
                    self.is_attached = false;
                }
                _ => return refused(ErrorCode::NoSuchEntity),
            }
            Response::SUCCESS
        }

        fn assign_symbol(&mut self, _: AttachmentKind, _: &str) -> Item {
            Item(9)
        }
    }

    #[test]
    fn a_user_is_deleted_although_its_policy_was_lost() {
        let mut endpoint = LosesPolicy { user: true, policy: false, is_attached: true };
        let mut plan = CleanupPlan::default();
        record(&mut plan, Operation::create_user(User(0)), None);
        let left = plan.run(Namespace(0), &mut endpoint, &mut RetryPolicy::default());
        assert!(left.is_empty(), "{left:?}");
        assert!(!endpoint.user && !endpoint.policy && !endpoint.is_attached);
    }

    #[test]
    fn a_recreated_policy_starts_with_its_first_version_as_the_default() {
        let mut plan = CleanupPlan::default();
        set_second_version_as_default(&mut plan);
        record(&mut plan, Operation::RemoveSubResource(POLICY, VERSION, Item(1)), None);
        record(&mut plan, Operation::DeleteResource(POLICY), None);
        assert!(plan.is_empty(), "{plan:?}");
        set_second_version_as_default(&mut plan);
        let remove_first = Operation::RemoveSubResource(POLICY, VERSION, Item(1));
        assert_eq!(plan.operations(), [Operation::DeleteResource(POLICY), remove_first]);
    }
}
