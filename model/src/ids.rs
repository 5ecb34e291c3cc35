//! Symbolic names for everything that a script mentions, and the plain options of requests.
//!
//! The model never sees a real name, ARN or secret: a user is [`User`]`(0)`, an access key is
//! [`Item`]`(0)`. The harness maps symbols to real names. Types here depend on nothing else.

use std::fmt;

/// The symbolic name of a user: the number in `u0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct User(pub u32);

/// The symbolic name of an attachment, a resource or a sub-resource: the number in `key#0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item(pub u32);

/// The path of a user: the number in `path1`. Number 0 is the root path, `/`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(pub u8);

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "path{}", self.0)
    }
}

/// A service that accepts service-specific credentials: the number in `s0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Service(pub u8);

/// The number of services: those for which a fact records credentials (B-SS-01).
pub const SERVICES: u8 = 2;

/// Whether an attachment is usable. Kinds without a status are always active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Usable.
    #[default]
    Active,
    /// Still attached, but disabled.
    Inactive,
}

impl Status {
    /// The word in requests, responses and scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

/// The optional parameters of `CreateUser`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CreateUserOptions {
    /// The path; the root if the request has none.
    pub path: Path,
    /// The policy that becomes the permissions boundary.
    pub boundary: Option<Item>,
    /// A tag.
    pub tag: Option<Item>,
}

/// The parameters of `UpdateUser`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserChange {
    /// The new name.
    pub name: Option<User>,
    /// The new path.
    pub path: Option<Path>,
}

/// A filter for listing all resources of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Filter {
    /// All resources.
    #[default]
    All,
    /// Only resources that a user or a group uses.
    InUse,
    /// Only resources that nothing uses.
    Unused,
}

/// An optional parameter of the actions that issue an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IssueOptions {
    /// No parameter. An upload has a body that nothing else has.
    None,
    /// Upload the same body as this item.
    SameBodyAs(Item),
    /// Create a credential for this service.
    Service(Service),
}
