//! What a run has made and must remove again, in the reverse order.

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, Entity, InputError, InvalidRequest, Item, Operation, Resource, SubResource,
    User, UserChange,
};

use crate::endpoint::{Endpoint, Namespace};
use crate::response::Response;
use crate::runner::retry::RetryPolicy;

/// What one script has made and not yet removed, as the operations that remove it, oldest first.
#[derive(Clone, Debug, Default)]
pub struct CleanupPlan {
    undo: Vec<Operation>,
    /// Kinds of which a user may hold an item whose name was lost with the answer.
    nameless: Vec<(User, AttachmentKind)>,
    /// Policies whose versions are not known, because an answer was lost.
    unlisted: Vec<Resource>,
    /// The versions that were put in force and cannot be deleted for as long as they are.
    defaults: Vec<(Resource, Item)>,
}

impl CleanupPlan {
    /// The operations that remove it, those last that must be done first.
    #[must_use]
    pub fn undo(&self) -> &[Operation] {
        &self.undo
    }

    /// Notes what an answer says was made or removed. A lost answer may have made something.
    pub fn note(&mut self, op: &Operation, observed: &Response) {
        let (done, lost) = match observed {
            Response::Done(_) => (true, false),
            Response::Refused { .. } => (false, false),
            Response::Interrupted(it) => (false, !it.cause.changed_nothing()),
        };
        self.note_other_name(op, done || lost);
        match op.sound() {
            Operation::Issue(user, kind, ..) if lost => self.nameless.push((user, kind)),
            _ if !done && !lost => {}
            Operation::CreateUser(user, _) => self.make(Operation::DeleteUser(user)),
            Operation::UpdateUser(user, UserChange { name: Some(name), .. }) if name != user => {
                self.renamed(user, name, done);
            }
            Operation::Create(object) => self.make(Operation::Delete(object)),
            Operation::Rename(object, Some(name)) if name != object.item => {
                self.rename(object, Resource { item: name, ..object }, done);
            }
            Operation::Add(object, part, item) => self.add(object, part, item, observed),
            Operation::SetDefault(policy, ..) if lost => self.unlisted.push(policy),
            Operation::SetDefault(policy, part, version) => {
                let place = self.defaults.iter().position(|(it, _)| *it == policy);
                let before = place.map_or(Item(1), |place| self.defaults.remove(place).1);
                self.defaults.push((policy, version));
                self.make(Operation::Remove(policy, part, before));
                self.undo.retain(|it| *it != Operation::Remove(policy, part, version));
            }
            Operation::Remove(object, part, item) if done => {
                self.undo.retain(|it| *it != Operation::Remove(object, part, item));
            }
            Operation::Attach(user, kind, item) | Operation::Issue(user, kind, item, _) => {
                self.make(Operation::Detach(user, kind, item));
            }
            Operation::Detach(..) | Operation::Delete(_) if done => {
                self.undo.retain(|it| *it != op.sound());
            }
            // A name that was to be refused may have been another's.
            Operation::DeleteUser(user) if done && op.sound() == *op => self.forget(user),
            _ => {}
        }
    }

    /// A user that was made under the same name in another case is one more where names are told
    /// apart by case.
    fn note_other_name(&mut self, op: &Operation, made: bool) {
        let Operation::Flawed(user, flaw) = *op else { return };
        let (row, creates) = (flaw.row(), matches!(op.sound(), Operation::CreateUser(..)));
        let undo = InvalidRequest::of(Operation::DeleteUser, row.member, row.defect);
        if let Some(undo) = undo.filter(|_| made && creates && row.defect == InputError::OtherCase)
        {
            self.make(Operation::Flawed(user, undo));
        }
    }

    /// What the user holds is from now on removed under its new name; where nobody knows, under both.
    fn renamed(&mut self, user: User, name: User, done: bool) {
        let named = |op: &Operation| match *op {
            Operation::DeleteUser(it) if it == user => Some(Operation::DeleteUser(name)),
            Operation::Detach(it, kind, item) if it == user => {
                Some(Operation::Detach(name, kind, item))
            }
            _ => None,
        };
        let renamed: Vec<Operation> = self.undo.iter().filter_map(named).collect();
        let nameless: Vec<_> =
            self.nameless.iter().filter(|(it, _)| *it == user).copied().collect();
        if done {
            self.forget(user);
        }
        for undo in renamed {
            self.make(undo);
        }
        self.nameless.extend(nameless.into_iter().map(|(_, kind)| (name, kind)));
    }

    /// As for a user: what refers to the object is removed under its new name.
    fn rename(&mut self, object: Resource, name: Resource, done: bool) {
        let refers = |kind: AttachmentKind| kind.row().refers == Some(object.class);
        let named = |op: &Operation| match *op {
            Operation::Delete(it) if it == object => Some(Operation::Delete(name)),
            Operation::Remove(it, part, item) if it == object => {
                Some(Operation::Remove(name, part, item))
            }
            Operation::Detach(user, kind, item) if refers(kind) && item == object.item => {
                Some(Operation::Detach(user, kind, name.item))
            }
            _ => None,
        };
        let renamed: Vec<Operation> = self.undo.iter().filter_map(named).collect();
        if done {
            self.undo.retain(|op| named(op).is_none());
        }
        for undo in renamed {
            self.make(undo);
        }
    }

    /// The number of a version is what the answer tells.
    fn add(&mut self, object: Resource, part: SubResource, item: Item, observed: &Response) {
        let told = match observed {
            Response::Done(Some(shown)) => shown.items.iter().find_map(|(it, _)| match it {
                Entity::Version { number, .. } => Some(Item(*number)),
                _ => None,
            }),
            _ => None,
        };
        if part != SubResource::Version {
            self.make(Operation::Remove(object, part, item));
        } else if let Some(version) = told {
            self.make(Operation::Remove(object, part, version));
        } else {
            self.unlisted.push(object);
        }
    }

    fn make(&mut self, undo: Operation) {
        self.undo.retain(|it| *it != undo);
        self.undo.push(undo);
    }

    /// A user that is gone has taken what it held along, as far as calls can tell.
    fn forget(&mut self, user: User) {
        self.undo.retain(|it| it.user() != Some(user));
        self.nameless.retain(|(it, _)| *it != user);
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many things are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.undo.len() + self.nameless.len() + self.unlisted.len()
    }

    /// Removes what is left, newest first, by asking. What the endpoint does not let go is
    /// returned with its answer.
    pub fn remove(
        &mut self,
        space: Namespace,
        endpoint: &mut dyn Endpoint,
        patience: &mut RetryPolicy,
    ) -> Vec<NotDeleted> {
        endpoint.enter(space);
        let mut kept = Vec::new();
        for (user, kind) in std::mem::take(&mut self.nameless) {
            kept.extend(self.find(space, user, kind, endpoint, patience));
        }
        for policy in std::mem::take(&mut self.unlisted) {
            kept.extend(self.find_versions(space, policy, endpoint, patience));
        }
        // Attachments go before users, and these before what may be their boundary, whenever they
        // were made.
        let mut made = std::mem::take(&mut self.undo);
        made.sort_by_key(|undo| match undo.sound() {
            Operation::Delete(_) => 0,
            Operation::DeleteUser(_) => 1,
            _ => 2,
        });
        for undo in made.into_iter().rev() {
            let answer = patience.ask(&undo, endpoint);
            if !is_gone(&answer) {
                kept.push(NotDeleted { space, undo, answer });
            } else if let Operation::DeleteUser(user) = undo {
                // What could not be listed is gone with its user.
                kept.retain(|it| !(it.undo.is_read() && it.undo.user() == Some(user)));
            }
        }
        kept
    }

    /// Lists the versions of a policy: those that are not in force must go before it.
    fn find_versions(
        &mut self,
        space: Namespace,
        policy: Resource,
        endpoint: &mut dyn Endpoint,
        patience: &mut RetryPolicy,
    ) -> Option<NotDeleted> {
        let undo = Operation::Parts(policy, SubResource::Version);
        match patience.ask(&undo, endpoint) {
            Response::Done(Some(shown)) => {
                self.undo.retain(|it| it.part() != Some((policy, SubResource::Version)));
                for (thing, _) in shown.items {
                    if let Entity::Version { number, default: false } = thing {
                        self.make(Operation::Remove(policy, SubResource::Version, Item(number)));
                    }
                }
                None
            }
            answer if is_gone(&answer) => None,
            answer => Some(NotDeleted { space, undo, answer }),
        }
    }

    /// Lists a kind to learn the items that a lost answer may have made. If that fails, they may be
    /// left behind.
    fn find(
        &mut self,
        space: Namespace,
        user: User,
        kind: AttachmentKind,
        endpoint: &mut dyn Endpoint,
        patience: &mut RetryPolicy,
    ) -> Option<NotDeleted> {
        if kind.row().naming != Naming::Service {
            return None;
        }
        let undo = Operation::List(user, kind);
        match patience.ask(&undo, endpoint) {
            Response::Done(Some(shown)) => {
                let named = shown.items.iter().filter_map(|(thing, _)| thing.item(kind));
                let adopted = shown.strangers.iter().map(|name| endpoint.adopt(kind, name));
                for item in named.chain(adopted) {
                    self.make(Operation::Detach(user, kind, item));
                }
                None
            }
            answer if is_gone(&answer) => None,
            answer => Some(NotDeleted { space, undo, answer }),
        }
    }
}

/// Something that the endpoint did not let go.
#[derive(Clone, Debug)]
pub struct NotDeleted {
    /// Where.
    pub space: Namespace,
    /// What was asked to remove it, or to find what there is to remove.
    pub undo: Operation,
    /// What was answered.
    pub answer: Response,
}

/// Whether what was to be removed is not there any more.
#[must_use]
pub fn is_gone(answer: &Response) -> bool {
    match answer {
        Response::Done(_) => true,
        Response::Refused { code, .. } => code == "NoSuchEntity",
        Response::Interrupted(_) => false,
    }
}
