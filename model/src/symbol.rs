//! What the parameters of a call stand for: the model never sees a real name.

use std::fmt;

use crate::kind::{Item, Service};

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
pub struct Extras {
    /// Its path; the root where none is asked for.
    pub path: Path,
    /// The policy that is its permissions boundary.
    pub boundary: Option<Item>,
    /// A tag.
    pub tag: Option<Item>,
}

/// What is to become of a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Change {
    /// Its name.
    pub name: Option<User>,
    /// Its path.
    pub path: Option<Path>,
}

/// Which objects of a class are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Which {
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
pub enum With {
    /// Nothing, or a body of its own.
    Nothing,
    /// The very body that this item was uploaded with.
    BodyOf(Item),
    /// For this service.
    Service(Service),
}

/// What a call does with an attachment: the columns of the table of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
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

impl Verb {
    /// Every verb, in the order of the columns.
    pub const ALL: [Self; 6] =
        [Self::Attach, Self::List, Self::Get, Self::SetStatus, Self::Renew, Self::Detach];
}
