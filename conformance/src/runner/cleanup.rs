//! What a run has made and must remove again, in the reverse order.

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{Change, Defect, Flaw, Item, Kind, Object, Operation, Part, Thing, User};

use crate::endpoint::{Endpoint, Space};
use crate::response::Observed;
use crate::runner::retry::Patience;

/// What one script has made and not yet removed, as the operations that remove it, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Leftovers {
    undo: Vec<Operation>,
    /// Kinds of which a user may hold an item whose name was lost with the answer.
    nameless: Vec<(User, Kind)>,
    /// Policies whose versions are not known, because an answer was lost.
    unlisted: Vec<Object>,
    /// The versions that were put in force and cannot be deleted for as long as they are.
    defaults: Vec<(Object, Item)>,
}

impl Leftovers {
    /// The operations that remove it, those last that must be done first.
    #[must_use]
    pub fn undo(&self) -> &[Operation] {
        &self.undo
    }

    /// Notes what an answer says was made or removed. A lost answer may have made something.
    pub fn note(&mut self, op: &Operation, observed: &Observed) {
        let (done, lost) = match observed {
            Observed::Done(_) => (true, false),
            Observed::Refused { .. } => (false, false),
            Observed::Interrupted(it) => (false, !it.cause.changed_nothing()),
        };
        self.note_other_name(op, done || lost);
        match op.sound() {
            Operation::Issue(user, kind, ..) if lost => self.nameless.push((user, kind)),
            _ if !done && !lost => {}
            Operation::CreateUser(user, _) => self.make(Operation::DeleteUser(user)),
            Operation::UpdateUser(user, Change { name: Some(name), .. }) if name != user => {
                self.renamed(user, name, done);
            }
            Operation::Create(object) => self.make(Operation::Delete(object)),
            Operation::Rename(object, Some(name)) if name != object.item => {
                self.rename(object, Object { item: name, ..object }, done);
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
        let undo = Flaw::of(Operation::DeleteUser, row.member, row.defect);
        if let Some(undo) = undo.filter(|_| made && creates && row.defect == Defect::OtherCase) {
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
    fn rename(&mut self, object: Object, name: Object, done: bool) {
        let refers = |kind: Kind| kind.row().refers == Some(object.class);
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
    fn add(&mut self, object: Object, part: Part, item: Item, observed: &Observed) {
        let told = match observed {
            Observed::Done(Some(shown)) => shown.items.iter().find_map(|(it, _)| match it {
                Thing::Version { number, .. } => Some(Item(*number)),
                _ => None,
            }),
            _ => None,
        };
        if part != Part::Version {
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
        space: Space,
        endpoint: &mut dyn Endpoint,
        patience: &mut Patience,
    ) -> Vec<Kept> {
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
                kept.push(Kept { space, undo, answer });
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
        space: Space,
        policy: Object,
        endpoint: &mut dyn Endpoint,
        patience: &mut Patience,
    ) -> Option<Kept> {
        let undo = Operation::Parts(policy, Part::Version);
        match patience.ask(&undo, endpoint) {
            Observed::Done(Some(shown)) => {
                self.undo.retain(|it| it.part() != Some((policy, Part::Version)));
                for (thing, _) in shown.items {
                    if let Thing::Version { number, default: false } = thing {
                        self.make(Operation::Remove(policy, Part::Version, Item(number)));
                    }
                }
                None
            }
            answer if is_gone(&answer) => None,
            answer => Some(Kept { space, undo, answer }),
        }
    }

    /// Lists a kind to learn the items that a lost answer may have made. If that fails, they may be
    /// left behind.
    fn find(
        &mut self,
        space: Space,
        user: User,
        kind: Kind,
        endpoint: &mut dyn Endpoint,
        patience: &mut Patience,
    ) -> Option<Kept> {
        if kind.row().naming != Naming::Service {
            return None;
        }
        let undo = Operation::List(user, kind);
        match patience.ask(&undo, endpoint) {
            Observed::Done(Some(shown)) => {
                let named = shown.items.iter().filter_map(|(thing, _)| thing.item(kind));
                let adopted = shown.strangers.iter().map(|name| endpoint.adopt(kind, name));
                for item in named.chain(adopted) {
                    self.make(Operation::Detach(user, kind, item));
                }
                None
            }
            answer if is_gone(&answer) => None,
            answer => Some(Kept { space, undo, answer }),
        }
    }
}

/// Something that the endpoint did not let go.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Where.
    pub space: Space,
    /// What was asked to remove it, or to find what there is to remove.
    pub undo: Operation,
    /// What was answered.
    pub answer: Observed,
}

/// Whether what was to be removed is not there any more.
#[must_use]
pub fn is_gone(answer: &Observed) -> bool {
    match answer {
        Observed::Done(_) => true,
        Observed::Refused { code, .. } => code == "NoSuchEntity",
        Observed::Interrupted(_) => false,
    }
}
