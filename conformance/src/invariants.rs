//! The invariants suite: checks an endpoint against itself.
//!
//! An [`Invariant`] compares the responses of one script with each other, for example a listing
//! before and after a rename. It needs no error codes or messages of AWS, so it applies to any
//! service that resembles IAM.

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, CreateUserOptions, Entity, Item, Listed, Operation, Path, Resource,
    ResourceKind, Service, User, UserChange,
};

use crate::response::Response;
use crate::results::history::{Exchange, ScriptRun};
use crate::script::corpus::attach;
use crate::script::{Script, Step};

/// A property that the responses of one script must satisfy.
#[derive(Debug)]
pub struct Invariant {
    /// The id, such as `resurrection`.
    pub id: &'static str,
    /// The property, in one sentence.
    pub statement: &'static str,
    /// The operations that test it for a kind. Empty if it does not apply to the kind.
    operations: fn(AttachmentKind) -> Vec<Operation>,
    /// Whether the responses satisfy it. `None` if an operation that it depends on failed.
    holds: fn(Responses<'_>) -> Option<bool>,
}

/// The result of one invariant.
#[derive(Debug)]
pub struct InvariantResult<'a> {
    /// The invariant.
    pub invariant: &'static Invariant,
    /// The number of kinds for which it could be tested.
    pub tested: usize,
    /// The script runs that violate it.
    pub violations: Vec<&'a ScriptRun>,
}

/// Every invariant.
pub static INVARIANTS: [Invariant; 8] = [
    Invariant {
        id: "use-after-delete",
        statement: "nothing can be attached to a deleted user",
        operations: |kind| with_resource(kind, vec![CREATE, DELETE, attach_item(kind)]),
        holds: |it| {
            it.require_success(-2)?;
            Some(!it.succeeded(-1)?)
        },
    },
    Invariant {
        id: "resurrection",
        statement: "a user that is deleted and created again holds nothing",
        operations: |kind| {
            let (item, list) = (attach_item(kind), Operation::List(USER, kind));
            let detach = Operation::Detach(USER, kind, ITEM);
            with_resource(kind, vec![CREATE, item, DELETE, detach, DELETE, CREATE, list])
        },
        holds: |it| {
            // The attachment succeeded, one of the two deletions did, and the user was created
            // again.
            it.require_success(-6)?;
            it.require_success(-2)?;
            let deleted = it.succeeded(-5)? || it.succeeded(-3)?;
            deleted.then(|| it.is_empty_listing(-1))?
        },
    },
    Invariant {
        id: "rename-carries-everything",
        statement: "a renamed user keeps its attachments",
        operations: |kind| {
            let change = UserChange { name: Some(OTHER), path: None };
            let rename = Operation::UpdateUser(USER, change);
            let lists = [USER, OTHER].map(|user| Operation::List(user, kind));
            with_resource(kind, vec![CREATE, attach_item(kind), lists[0], rename, lists[1]])
        },
        holds: |it| {
            it.require_success(-3)?;
            it.require_success(-2)?;
            it.same(-3, -1)
        },
    },
    Invariant {
        id: "refusal-changes-nothing",
        statement: "a refused deletion does not change the attachments",
        operations: |kind| {
            let list = Operation::List(USER, kind);
            with_resource(kind, vec![CREATE, attach_item(kind), list, DELETE, list])
        },
        holds: |it| {
            it.require_success(-3)?;
            (!it.succeeded(-2)?).then(|| it.same(-3, -1))?
        },
    },
    Invariant {
        id: "both-sides-agree",
        statement: "a group or policy lists a user if and only if the user lists it",
        operations: |kind| {
            let from_resource = match kind.row().refers_to {
                Some(class @ ResourceKind::Group) => {
                    Operation::GetResource(Resource { kind: class, item: ITEM })
                }
                Some(class @ ResourceKind::Policy) => {
                    Operation::ListHolders(Resource { kind: class, item: ITEM })
                }
                _ => return Vec::new(),
            };
            let list = Operation::List(USER, kind);
            with_resource(kind, vec![CREATE, attach_item(kind), list, from_resource])
        },
        holds: |it| {
            let user_side_empty = it.listed(-2).map(<[Listed]>::is_empty);
            let resource_side_empty =
                it.listed(-1).map(|items| !items.iter().any(|(it, _)| *it == Entity::User(USER)));
            Some(user_side_empty? == resource_side_empty?)
        },
    },
    Invariant {
        id: "list-and-get-agree",
        statement: "a listed item can be read, and a detached item is neither listed nor readable",
        operations: |kind| {
            if kind.row().get.is_none() || kind.row().naming == Naming::Single {
                return Vec::new();
            }
            let get = Operation::Get(USER, kind, ITEM);
            let list = Operation::List(USER, kind);
            let detach = Operation::Detach(USER, kind, ITEM);
            vec![CREATE, attach_item(kind), list, get, detach, list, get]
        },
        holds: |it| {
            it.require_success(-5)?;
            it.require_success(-3)?;
            let readable = it.is_empty_listing(-5)? != it.succeeded(-4)?;
            Some(readable && it.is_empty_listing(-2)? && !it.succeeded(-1)?)
        },
    },
    Invariant {
        id: "detach-twice",
        statement: "a detached item stays detached, also after a second detach",
        operations: |kind| {
            let (detach, list) = (Operation::Detach(USER, kind, ITEM), Operation::List(USER, kind));
            with_resource(kind, vec![CREATE, attach_item(kind), detach, list, detach, list])
        },
        holds: |it| {
            it.require_success(-4)?;
            Some(it.is_empty_listing(-3)? && it.is_empty_listing(-1)?)
        },
    },
    Invariant {
        id: "one-device-one-user",
        statement: "a device is listed for at most one user",
        operations: |kind| {
            if kind.row().refers_to != Some(ResourceKind::Device) {
                return Vec::new();
            }
            let enable = [USER, OTHER].map(|user| Operation::Attach(user, kind, ITEM));
            let lists = [USER, OTHER].map(|user| Operation::List(user, kind));
            let other = Operation::create_user(OTHER);
            with_resource(kind, vec![CREATE, other, enable[0], enable[1], lists[0], lists[1]])
        },
        holds: |it| {
            let (first, second) = (it.listed(-2)?, it.listed(-1)?);
            it.require_success(-4)?;
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

/// The operation that attaches an item of this kind to the user.
fn attach_item(kind: AttachmentKind) -> Operation {
    attach(USER, kind, ITEM, Service(0))
}

/// The operations, after the creation of the resource that the kind refers to.
fn with_resource(kind: AttachmentKind, operations: Vec<Operation>) -> Vec<Operation> {
    let resource = kind
        .row()
        .refers_to
        .map(|class| Operation::CreateResource(Resource { kind: class, item: ITEM }));
    resource.into_iter().chain(operations).collect()
}

/// The scripts of every invariant and kind, such as `invariants/resurrection/access-key`.
#[must_use]
pub fn scripts() -> Vec<Script> {
    let scripts_of = |invariant: &'static Invariant| {
        AttachmentKind::blockers().map(move |kind| Script {
            name: format!("invariants/{}/{}", invariant.id, kind.row().name),
            idea: invariant.statement.to_owned(),
            steps: (invariant.operations)(kind).into_iter().map(Step::from).collect(),
        })
    };
    INVARIANTS.iter().flat_map(scripts_of).filter(|script| !script.steps.is_empty()).collect()
}

/// The results of every invariant, from the runs of [`scripts`].
#[must_use]
pub fn check(replays: &[ScriptRun]) -> Vec<InvariantResult<'_>> {
    let result_of = |invariant: &'static Invariant| {
        let prefix = format!("invariants/{}/", invariant.id);
        // After a lost response, additional reads shift the responses of the script.
        let runs = replays.iter().filter(|it| {
            it.script.name.starts_with(&prefix) && it.exchanges.len() == it.script.steps.len()
        });
        let tested: Vec<(&ScriptRun, bool)> = runs
            .filter_map(|it| Some((it, (invariant.holds)(Responses(&it.exchanges))?)))
            .collect();
        let broken = tested.iter().filter(|(_, holds)| !holds).map(|(run, _)| *run);
        InvariantResult { invariant, tested: tested.len(), violations: broken.collect() }
    };
    INVARIANTS.iter().map(result_of).collect()
}

/// The responses of one script, indexed from its end: -1 is the last.
#[derive(Clone, Copy, Debug)]
struct Responses<'a>(&'a [Exchange]);

impl<'a> Responses<'a> {
    fn at(self, index: isize) -> Option<&'a Response> {
        let index = self.0.len().checked_add_signed(index)?;
        self.0.get(index)?.response.as_ref()
    }

    /// Whether the operation succeeded. `None` if there is no response.
    fn succeeded(self, index: isize) -> Option<bool> {
        match self.at(index)? {
            Response::Success(_) => Some(true),
            Response::Refused { .. } => Some(false),
            Response::Failed(_) => None,
        }
    }

    /// Returns `None` unless the operation succeeded.
    fn require_success(self, index: isize) -> Option<()> {
        self.succeeded(index)?.then_some(())
    }

    /// The items of a listing.
    fn listed(self, index: isize) -> Option<&'a [Listed]> {
        match self.at(index) {
            Some(Response::Success(Some(listing))) => Some(&listing.items),
            _ => None,
        }
    }

    /// Whether a listing is empty. For a kind that is read instead of listed: whether the read is
    /// refused.
    fn is_empty_listing(self, index: isize) -> Option<bool> {
        let succeeded = self.succeeded(index)?;
        Some(self.listed(index).map_or(!succeeded, <[Listed]>::is_empty))
    }

    /// Whether two listings are equal. For a kind that is read instead of listed: whether both
    /// reads have the same outcome.
    fn same(self, one: isize, other: isize) -> Option<bool> {
        Some(
            self.succeeded(one)? == self.succeeded(other)?
                && self.listed(one) == self.listed(other),
        )
    }
}
