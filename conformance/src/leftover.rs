//! What a run has made and must remove again, in the reverse order.

use iamspec_model::kind::Naming;
use iamspec_model::{Kind, Operation, User};

use crate::endpoint::{Endpoint, Space};
use crate::observed::{Cause, Observed};

/// What one script has made and not yet removed, as the operations that remove it, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Leftovers {
    undo: Vec<Operation>,
    /// Kinds of which a user may hold an item whose name was lost with the answer.
    nameless: Vec<(User, Kind)>,
}

impl Leftovers {
    /// Notes what an answer says was made or removed. A lost answer may have made something.
    pub fn note(&mut self, op: &Operation, observed: &Observed) {
        let (done, lost) = match observed {
            Observed::Done(_) => (true, false),
            Observed::Refused { .. } => (false, false),
            Observed::Interrupted(it) => (false, !it.cause.changed_nothing()),
        };
        match *op {
            Operation::Issue(user, kind, ..) if lost => self.nameless.push((user, kind)),
            _ if !done && !lost => {}
            Operation::CreateUser(user) => self.make(Operation::DeleteUser(user)),
            Operation::Create(object) => self.make(Operation::Delete(object)),
            Operation::Attach(user, kind, item) | Operation::Issue(user, kind, item, _) => {
                self.make(Operation::Detach(user, kind, item));
            }
            Operation::Detach(..) | Operation::Delete(_) if done => self.undo.retain(|it| it != op),
            Operation::DeleteUser(user) if done => self.forget(user),
            _ => {}
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
        self.undo.is_empty() && self.nameless.is_empty()
    }

    /// How many things are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.undo.len() + self.nameless.len()
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
        // Attachments go before users and objects, whenever they were made.
        let (attached, mut made): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.undo).into_iter().partition(|it| it.kind().is_some());
        made.extend(attached);
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
                let named = shown.items.iter().map(|(item, _)| *item);
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

/// How long to go on asking where nobody answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    unanswered: usize,
}

impl Patience {
    /// So many calls in a row are worth asking without an answer.
    pub const MOST: usize = 3;

    /// So often a call is asked again that is refused for something that passes by itself.
    const TRIES: u32 = 5;

    /// Asks, and again where that may help; not at all where nobody has answered for long.
    fn ask(&mut self, op: &Operation, endpoint: &mut dyn Endpoint) -> Observed {
        if self.unanswered >= Self::MOST {
            return Observed::interrupted(Cause::Unsent, "nobody answered the calls before");
        }
        let mut answer = endpoint.ask(op);
        for tries in 0..Self::TRIES {
            if !answer.may_pass() {
                break;
            }
            endpoint.wait(tries);
            answer = endpoint.ask(op);
        }
        let silent = matches!(&answer, Observed::Interrupted(it) if it.cause.is_silence());
        self.unanswered = if silent { self.unanswered + 1 } else { 0 };
        answer
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

fn is_gone(answer: &Observed) -> bool {
    match answer {
        Observed::Done(_) => true,
        Observed::Refused { code, .. } => code == "NoSuchEntity",
        Observed::Interrupted(_) => false,
    }
}
