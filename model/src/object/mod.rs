//! What exists besides attachments: users, and the groups, managed policies and virtual MFA devices
//! that a user's attachments refer to. One row a class, with the claims about its calls.

use std::fmt;

use crate::claim::Call;
use crate::kind::Item;

mod device;
mod group;
pub mod part;
mod policy;
pub mod user;

pub use part::{Part, PartRow};

/// A group, a managed policy or a virtual MFA device, by its symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Object {
    /// What it is.
    pub class: Class,
    /// Which one: the number of its symbol, which is also that of the attachment to it.
    pub item: Item,
}

/// A class of objects that attachments refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A group.
    Group,
    /// A customer managed policy.
    Policy,
    /// A virtual MFA device.
    Device,
}

/// How one class differs from another.
#[derive(Debug)]
pub struct ClassRow {
    /// What people call it.
    pub noun: &'static str,
    /// The letter of its symbols in scripts: `g0`.
    pub symbol: &'static str,
    /// The request member that names it.
    pub member: &'static str,
    /// The call that makes it.
    pub create: Call,
    /// The call that reads one.
    pub read: Option<Call>,
    /// The call that lists all that there are.
    pub list: Call,
    /// The call that gives it another name.
    pub rename: Option<Call>,
    /// The call that lists who holds it.
    pub holders: Option<Call>,
    /// The call that removes it.
    pub delete: Call,
}

/// What is done with an object: the columns of the table of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Makes it.
    Create,
    /// Reads it.
    Read,
    /// Lists all of its class.
    ListAll,
    /// Gives it another name.
    Rename,
    /// Lists who holds it.
    Holders,
    /// Removes it.
    Delete,
}

impl Deed {
    /// Every deed, in the order of the columns.
    pub const ALL: [Self; 6] =
        [Self::Create, Self::Read, Self::ListAll, Self::Rename, Self::Holders, Self::Delete];
}

impl ClassRow {
    /// The call for a deed, if the class has one.
    #[must_use]
    pub const fn call(&self, deed: Deed) -> Option<&Call> {
        match deed {
            Deed::Create => Some(&self.create),
            Deed::Read => self.read.as_ref(),
            Deed::ListAll => Some(&self.list),
            Deed::Rename => self.rename.as_ref(),
            Deed::Holders => self.holders.as_ref(),
            Deed::Delete => Some(&self.delete),
        }
    }
}

impl Class {
    /// Every class.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Group, Self::Policy, Self::Device].into_iter()
    }

    /// Its row.
    #[must_use]
    pub const fn row(self) -> &'static ClassRow {
        match self {
            Self::Group => &group::ROW,
            Self::Policy => &policy::ROW,
            Self::Device => &device::ROW,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.class.row().symbol, self.item.0)
    }
}
