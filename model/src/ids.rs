//! What the parameters of a call stand for: the model never sees a real name.
//!
//! What an answer can show, by symbol.

use std::fmt;

use crate::tables::attachments::{AttachmentKind, Item, Service, Status};
use crate::tables::resources::{Resource, ResourceKind};

/// The symbolic name of a user: the model never sees a real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct User(pub u32);

/// A path of users: the number in `path1`. The one with number 0 is the root, `/`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(pub u8);

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "path{}", self.0)
    }
}

/// What a user is made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CreateUserOptions {
    /// Its path; the root where none is asked for.
    pub path: Path,
    /// The policy that is its permissions boundary.
    pub boundary: Option<Item>,
    /// A tag.
    pub tag: Option<Item>,
}

/// What is to become of a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserChange {
    /// Its name.
    pub name: Option<User>,
    /// Its path.
    pub path: Option<Path>,
}

/// Which objects of a class are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Filter {
    /// All of them.
    #[default]
    All,
    /// Those that somebody holds.
    Held,
    /// Those that nobody holds.
    Free,
}

/// What an issued item is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IssueOptions {
    /// Nothing, or a body of its own.
    Nothing,
    /// The very body that this item was uploaded with.
    BodyOf(Item),
    /// For this service.
    Service(Service),
}

/// What a call does with an attachment: the columns of the table of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttachmentAction {
    /// Attaches, whoever names the item.
    Attach,
    /// Lists what the user holds of the kind.
    List,
    /// Reads one item.
    Get,
    /// Makes an item active or inactive.
    SetStatus,
    /// Gives the item another secret.
    Renew,
    /// Takes the item away.
    Detach,
}

impl AttachmentAction {
    /// Every verb, in the order of the columns.
    pub const ALL: [Self; 6] =
        [Self::Attach, Self::List, Self::Get, Self::SetStatus, Self::Renew, Self::Detach];
}

/// One thing that an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entity {
    /// A user: `u0`.
    User(User),
    /// The path of a user that is not the root: `path1`.
    Path(Path),
    /// A group, managed policy or device: `g0`.
    Object(Resource),
    /// An item that refers to nothing: `key#0`.
    Item(AttachmentKind, Item),
    /// A version of a policy: `v2`, `v2 default`.
    Version {
        /// Its number, from 1 on.
        number: u32,
        /// Whether it is the one in force.
        default: bool,
    },
}

/// A thing, and whether it may be used.
pub type Listed = (Entity, Status);

impl Entity {
    /// What a listing of the kind shows of an item: the object where it refers to one.
    #[must_use]
    pub fn of(kind: AttachmentKind, item: Item) -> Self {
        match kind.row().refers {
            Some(class) => Self::Object(Resource { class, item }),
            None => Self::Item(kind, item),
        }
    }

    /// The item of a kind that a listing shows so.
    #[must_use]
    pub fn item(self, kind: AttachmentKind) -> Option<Item> {
        match self {
            Self::Item(of, item) if of == kind => Some(item),
            Self::Object(object) if kind.row().refers == Some(object.class) => Some(object.item),
            _ => None,
        }
    }

    /// A policy, by its symbol.
    #[must_use]
    pub const fn policy(item: Item) -> Self {
        Self::Object(Resource { class: ResourceKind::Policy, item })
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::User(user) => write!(f, "u{}", user.0),
            Self::Path(path) => path.fmt(f),
            Self::Object(object) => object.fmt(f),
            Self::Item(kind, item) => f.write_str(&kind.symbol(item)),
            Self::Version { number, default: false } => write!(f, "v{number}"),
            Self::Version { number, default: true } => write!(f, "v{number} default"),
        }
    }
}
