//! The questions that one can put to an account, in symbols.

use crate::claim::Call;
use crate::kind::{Item, Kind, Service, Status};
use crate::object::{self, Object};

/// The symbolic name of a user: the model never sees a real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct User(pub u32);

/// One call. Every operation can be asked in every state; refusal is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `CreateUser`.
    CreateUser(User),
    /// `GetUser`.
    GetUser(User),
    /// `DeleteUser`.
    DeleteUser(User),
    /// `CreateGroup`, `CreatePolicy`, `CreateVirtualMFADevice`.
    Create(Object),
    /// `DeleteGroup`, `DeletePolicy`, `DeleteVirtualMFADevice`.
    Delete(Object),
    /// Attaches an item that the caller names (`PutUserPolicy`, `AddUserToGroup`, …), or the one
    /// item that needs no name (`CreateLoginProfile`).
    Attach(User, Kind, Item),
    /// Attaches an item that the service names (`CreateAccessKey`, `UploadSSHPublicKey`, …). The
    /// item is the symbol by which the script calls it from then on, and is fresh.
    Issue(User, Kind, Item, With),
    /// `ListAccessKeys`, `GetLoginProfile`, … by the row of the kind.
    List(User, Kind),
    /// `GetSSHPublicKey`, `GetUserPolicy`, … by the row of the kind.
    Get(User, Kind, Item),
    /// `UpdateAccessKey`, … by the row of the kind.
    SetStatus(User, Kind, Item, Status),
    /// `UpdateLoginProfile`, `ResetServiceSpecificCredential`: the item gets another secret.
    Renew(User, Kind, Item),
    /// `DeleteAccessKey`, `DetachUserPolicy`, … by the row of the kind.
    Detach(User, Kind, Item),
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

impl Operation {
    /// The user it is about, if it is about one.
    #[must_use]
    pub const fn user(&self) -> Option<User> {
        match *self {
            Self::CreateUser(user)
            | Self::GetUser(user)
            | Self::DeleteUser(user)
            | Self::Attach(user, ..)
            | Self::Issue(user, ..)
            | Self::List(user, _)
            | Self::Get(user, ..)
            | Self::SetStatus(user, ..)
            | Self::Renew(user, ..)
            | Self::Detach(user, ..) => Some(user),
            Self::Create(_) | Self::Delete(_) => None,
        }
    }

    /// The kind of attachment it is about, if it is about one.
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        match *self {
            Self::Attach(_, kind, _)
            | Self::Issue(_, kind, ..)
            | Self::List(_, kind)
            | Self::Get(_, kind, _)
            | Self::SetStatus(_, kind, ..)
            | Self::Renew(_, kind, _)
            | Self::Detach(_, kind, _) => Some(kind),
            _ => None,
        }
    }

    /// The item that it names, or that will be called so.
    #[must_use]
    pub const fn item(&self) -> Option<Item> {
        match *self {
            Self::Attach(_, _, item)
            | Self::Issue(_, _, item, _)
            | Self::Get(_, _, item)
            | Self::SetStatus(_, _, item, _)
            | Self::Renew(_, _, item)
            | Self::Detach(_, _, item) => Some(item),
            _ => None,
        }
    }

    /// The group, managed policy or device that it names.
    #[must_use]
    pub fn object(&self) -> Option<Object> {
        match *self {
            Self::Create(object) | Self::Delete(object) => Some(object),
            _ => {
                let class = self.kind()?.row().refers?;
                Some(Object { class, item: self.item()? })
            }
        }
    }

    /// The API call that puts it, with what is claimed of the answer. `None` where a kind has no
    /// such call, such as the status of a group membership.
    #[must_use]
    pub fn call(&self) -> Option<&'static Call> {
        match self {
            Self::CreateUser(_) => Some(&object::CREATE_USER),
            Self::GetUser(_) => Some(&object::GET_USER),
            Self::DeleteUser(_) => Some(&object::DELETE_USER),
            Self::Create(object) => Some(&object.class.row().create),
            Self::Delete(object) => Some(&object.class.row().delete),
            Self::Attach(_, kind, _) | Self::Issue(_, kind, ..) => kind.row().call(Verb::Attach),
            Self::List(_, kind) => kind.row().call(Verb::List),
            Self::Get(_, kind, _) => kind.row().call(Verb::Get),
            Self::SetStatus(_, kind, ..) => kind.row().call(Verb::SetStatus),
            Self::Renew(_, kind, _) => kind.row().call(Verb::Renew),
            Self::Detach(_, kind, _) => kind.row().call(Verb::Detach),
        }
    }

    /// Whether it can change anything.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        matches!(self, Self::GetUser(_) | Self::List(..) | Self::Get(..))
    }
}
