//! What must hold of any service that is like IAM, whatever its codes and texts: an answer is compared
//! with other answers of the same endpoint, and not with AWS's.

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, CreateUserOptions, Entity, Item, Listed, Operation, Path, Resource,
    ResourceKind, Service, User, UserChange,
};

use crate::response::Response;
use crate::results::history::{Exchange, ScriptRun};
use crate::script::isolation::attach;
use crate::script::{Script, Step};

/// One thing that must hold.
#[derive(Debug)]
pub struct Invariant {
    /// Its id, such as `resurrection`.
    pub id: &'static str,
    /// What must hold, in one sentence.
    pub sentence: &'static str,
    /// The calls that show it for a kind; none where it says nothing of the kind.
    calls: fn(AttachmentKind) -> Vec<Operation>,
    /// Whether the answers agree; nothing where a call on the way was not carried out.
    agree: fn(Answers<'_>) -> Option<bool>,
}

/// What was found of a checker.
#[derive(Debug)]
pub struct InvariantResult<'a> {
    /// The checker.
    pub checker: &'static Invariant,
    /// Of how many kinds it could be asked.
    pub asked: usize,
    /// What does not agree.
    pub broken: Vec<&'a ScriptRun>,
}

/// Every checker.
pub static CHECKERS: [Invariant; 8] = [
    Invariant {
        id: "use-after-delete",
        sentence: "nothing is given to a user that was deleted",
        calls: |kind| with_objects(kind, vec![CREATE, DELETE, attached(kind)]),
        agree: |it| {
            it.if_done(-2)?;
            Some(!it.done(-1)?)
        },
    },
    Invariant {
        id: "resurrection",
        sentence: "a user that is deleted and made again holds nothing",
        calls: |kind| {
            let (item, list) = (attached(kind), Operation::List(USER, kind));
            let detach = Operation::Detach(USER, kind, ITEM);
            with_objects(kind, vec![CREATE, item, DELETE, detach, DELETE, CREATE, list])
        },
        agree: |it| {
            // It was made, given something, deleted at the first try or the second, and made again.
            it.if_done(-6)?;
            it.if_done(-2)?;
            let deleted = it.done(-5)? || it.done(-3)?;
            deleted.then(|| it.shows_nothing(-1))?
        },
    },
    Invariant {
        id: "rename-carries-everything",
        sentence: "a user that gets another name holds what it held",
        calls: |kind| {
            let change = UserChange { name: Some(OTHER), path: None };
            let rename = Operation::UpdateUser(USER, change);
            let lists = [USER, OTHER].map(|user| Operation::List(user, kind));
            with_objects(kind, vec![CREATE, attached(kind), lists[0], rename, lists[1]])
        },
        agree: |it| {
            it.if_done(-3)?;
            it.if_done(-2)?;
            it.same(-3, -1)
        },
    },
    Invariant {
        id: "refusal-changes-nothing",
        sentence: "a user that is not deleted holds what it held",
        calls: |kind| {
            let list = Operation::List(USER, kind);
            with_objects(kind, vec![CREATE, attached(kind), list, DELETE, list])
        },
        agree: |it| {
            it.if_done(-3)?;
            (!it.done(-2)?).then(|| it.same(-3, -1))?
        },
    },
    Invariant {
        id: "both-sides-agree",
        sentence: "a group or a policy lists a user exactly where the user lists it",
        calls: |kind| {
            let other = match kind.row().refers {
                Some(class @ ResourceKind::Group) => {
                    Operation::Read(Resource { class, item: ITEM })
                }
                Some(class @ ResourceKind::Policy) => {
                    Operation::Holders(Resource { class, item: ITEM })
                }
                _ => return Vec::new(),
            };
            let list = Operation::List(USER, kind);
            with_objects(kind, vec![CREATE, attached(kind), list, other])
        },
        agree: |it| {
            let lists = it.shown(-2).map(<[Listed]>::is_empty);
            let listed =
                it.shown(-1).map(|items| !items.iter().any(|(it, _)| *it == Entity::User(USER)));
            Some(lists? == listed?)
        },
    },
    Invariant {
        id: "list-and-get-agree",
        sentence: "what is listed can be read, and what was taken away neither",
        calls: |kind| {
            if kind.row().get.is_none() || kind.row().naming == Naming::Single {
                return Vec::new();
            }
            let get = Operation::Get(USER, kind, ITEM);
            let list = Operation::List(USER, kind);
            let detach = Operation::Detach(USER, kind, ITEM);
            vec![CREATE, attached(kind), list, get, detach, list, get]
        },
        agree: |it| {
            it.if_done(-5)?;
            it.if_done(-3)?;
            let before = it.shows_nothing(-5)? != it.done(-4)?;
            Some(before && it.shows_nothing(-2)? && !it.done(-1)?)
        },
    },
    Invariant {
        id: "detach-twice",
        sentence: "what was taken away is gone, also after it is taken away again",
        calls: |kind| {
            let (detach, list) = (Operation::Detach(USER, kind, ITEM), Operation::List(USER, kind));
            with_objects(kind, vec![CREATE, attached(kind), detach, list, detach, list])
        },
        agree: |it| {
            it.if_done(-4)?;
            Some(it.shows_nothing(-3)? && it.shows_nothing(-1)?)
        },
    },
    Invariant {
        id: "one-device-one-user",
        sentence: "what can be one user's only is listed for one user only",
        calls: |kind| {
            if kind.row().refers != Some(ResourceKind::Device) {
                return Vec::new();
            }
            let enable = [USER, OTHER].map(|user| Operation::Attach(user, kind, ITEM));
            let lists = [USER, OTHER].map(|user| Operation::List(user, kind));
            let other = Operation::create_user(OTHER);
            with_objects(kind, vec![CREATE, other, enable[0], enable[1], lists[0], lists[1]])
        },
        agree: |it| {
            let (first, second) = (it.shown(-2)?, it.shown(-1)?);
            it.if_done(-4)?;
            Some(first.len() + second.len() <= 1)
        },
    },
];

const USER: User = User(0);
const OTHER: User = User(1);
const ITEM: Item = Item(0);
const DELETE: Operation = Operation::DeleteUser(USER);
const CREATE: Operation =
    Operation::CreateUser(USER, CreateUserOptions { path: Path(0), boundary: None, tag: None });

/// The call that gives the user one of the kind.
fn attached(kind: AttachmentKind) -> Operation {
    attach(USER, kind, ITEM, Service(0))
}

fn with_objects(kind: AttachmentKind, calls: Vec<Operation>) -> Vec<Operation> {
    let object = kind.row().refers.map(|class| Operation::Create(Resource { class, item: ITEM }));
    object.into_iter().chain(calls).collect()
}

/// The scripts of every checker and kind: `checkers/resurrection/access-key`.
#[must_use]
pub fn scripts() -> Vec<Script> {
    let of = |checker: &'static Invariant| {
        AttachmentKind::blockers().map(move |kind| Script {
            name: format!("checkers/{}/{}", checker.id, kind.row().name),
            idea: checker.sentence.to_owned(),
            steps: (checker.calls)(kind)
                .into_iter()
                .map(|operation| Step { operation, answer: None })
                .collect(),
        })
    };
    CHECKERS.iter().flat_map(of).filter(|script| !script.steps.is_empty()).collect()
}

/// What these replays of [`scripts`] say of every checker.
#[must_use]
pub fn check(replays: &[ScriptRun]) -> Vec<InvariantResult<'_>> {
    let of = |checker: &'static Invariant| {
        let prefix = format!("checkers/{}/", checker.id);
        let own = replays.iter().filter(|it| it.script.name.starts_with(&prefix));
        let asked: Vec<(&ScriptRun, bool)> =
            own.filter_map(|it| Some((it, (checker.agree)(Answers(&it.exchanges))?))).collect();
        let broken = asked.iter().filter(|(_, agrees)| !agrees).map(|(replay, _)| *replay);
        InvariantResult { checker, asked: asked.len(), broken: broken.collect() }
    };
    CHECKERS.iter().map(of).collect()
}

/// The answers of one script, counted from its end: -1 is the last.
#[derive(Clone, Copy, Debug)]
struct Answers<'a>(&'a [Exchange]);

impl<'a> Answers<'a> {
    fn at(self, place: isize) -> Option<&'a Response> {
        let place = self.0.len().checked_add_signed(place)?;
        self.0.get(place)?.observed.as_ref()
    }

    /// Whether it was carried out; nothing where it was not answered.
    fn done(self, place: isize) -> Option<bool> {
        match self.at(place)? {
            Response::Done(_) => Some(true),
            Response::Refused { .. } => Some(false),
            Response::Interrupted(_) => None,
        }
    }

    /// Goes on where the call was carried out.
    fn if_done(self, place: isize) -> Option<()> {
        self.done(place)?.then_some(())
    }

    fn shown(self, place: isize) -> Option<&'a [Listed]> {
        match self.at(place) {
            Some(Response::Done(Some(shown))) => Some(&shown.items),
            _ => None,
        }
    }

    /// Whether a listing is empty, or what can only be read is refused.
    fn shows_nothing(self, place: isize) -> Option<bool> {
        let done = self.done(place)?;
        Some(self.shown(place).map_or(!done, <[Listed]>::is_empty))
    }

    /// Whether two listings show the same, or what can only be read is there both times.
    fn same(self, one: isize, other: isize) -> Option<bool> {
        Some(self.done(one)? == self.done(other)? && self.shown(one) == self.shown(other))
    }
}
