//! What an answer can show, by symbol.

use std::fmt;

use crate::kind::{Item, Kind, Status};
use crate::object::{Class, Object};
use crate::operation::{Path, User};

/// One thing that an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Thing {
    /// A user: `u0`.
    User(User),
    /// The path of a user that is not the root: `path1`.
    Path(Path),
    /// A group, managed policy or device: `g0`.
    Object(Object),
    /// An item that refers to nothing: `key#0`.
    Item(Kind, Item),
    /// A version of a policy: `v2`, `v2 default`.
    Version {
        /// Its number, from 1 on.
        number: u32,
        /// Whether it is the one in force.
        default: bool,
    },
}

/// A thing, and whether it may be used.
pub type Seen = (Thing, Status);

impl Thing {
    /// What a listing of the kind shows of an item: the object where it refers to one.
    #[must_use]
    pub fn of(kind: Kind, item: Item) -> Self {
        match kind.row().refers {
            Some(class) => Self::Object(Object { class, item }),
            None => Self::Item(kind, item),
        }
    }

    /// The item of a kind that a listing shows so.
    #[must_use]
    pub fn item(self, kind: Kind) -> Option<Item> {
        match self {
            Self::Item(of, item) if of == kind => Some(item),
            Self::Object(object) if kind.row().refers == Some(object.class) => Some(object.item),
            _ => None,
        }
    }

    /// A policy, by its symbol.
    #[must_use]
    pub const fn policy(item: Item) -> Self {
        Self::Object(Object { class: Class::Policy, item })
    }
}

impl fmt::Display for Thing {
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
