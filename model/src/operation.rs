//! The questions that one can put to an account, in symbols.

use crate::claim::Call;
use crate::flaw::Flaw;
use crate::kind::{Item, Kind, Status};
use crate::object::part::Act;
use crate::object::{Class, Deed, Object, Part, user};
pub use crate::symbol::{Change, Extras, Path, User, Verb, Which, With};

/// One call. Every operation can be asked in every state; refusal is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `CreateUser`.
    CreateUser(User, Extras),
    /// `GetUser`.
    GetUser(User),
    /// `ListUsers`, those whose path begins so.
    ListUsers(Path),
    /// `UpdateUser`.
    UpdateUser(User, Change),
    /// `DeleteUser`.
    DeleteUser(User),
    /// `PutUserPermissionsBoundary`, with this policy.
    PutBoundary(User, Item),
    /// `DeleteUserPermissionsBoundary`.
    DeleteBoundary(User),
    /// `ChangePassword`, which the user itself asks, with an access key of its own.
    ChangePassword(User),
    /// `GetAccessKeyLastUsed`, of this key.
    LastUsed(Item),
    /// `GetAccountSummary`.
    Summary,
    /// `GetAccountAuthorizationDetails`.
    Details,
    /// `CreateGroup`, `CreatePolicy`, `CreateVirtualMFADevice`.
    Create(Object),
    /// `GetGroup`, `GetPolicy`.
    Read(Object),
    /// `ListGroups`, `ListPolicies`, `ListVirtualMFADevices`.
    ListAll(Class, Which),
    /// `UpdateGroup`: it gets the name of this other one, or a path, which is not modelled.
    Rename(Object, Option<Item>),
    /// `ListEntitiesForPolicy`.
    Holders(Object),
    /// `DeleteGroup`, `DeletePolicy`, `DeleteVirtualMFADevice`.
    Delete(Object),
    /// `PutGroupPolicy`, `AttachGroupPolicy`, `CreatePolicyVersion`, whose item the service numbers.
    Add(Object, Part, Item),
    /// `ListGroupPolicies`, … by the row of the part.
    Parts(Object, Part),
    /// `GetGroupPolicy`, … by the row of the part.
    Part(Object, Part, Item),
    /// `SetDefaultPolicyVersion`.
    SetDefault(Object, Part, Item),
    /// `DeleteGroupPolicy`, … by the row of the part.
    Remove(Object, Part, Item),
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
    /// `UpdateLoginProfile`, `ResetServiceSpecificCredential`, `ResyncMFADevice`: what changes is
    /// not shown.
    Renew(User, Kind, Item),
    /// `DeleteAccessKey`, `DetachUserPolicy`, … by the row of the kind.
    Detach(User, Kind, Item),
    /// A call that is put otherwise than it should be.
    Flawed(User, Flaw),
}

impl Act {
    /// The act done with this part.
    #[must_use]
    pub const fn on(self, object: Object, part: Part, item: Item) -> Operation {
        match self {
            Self::Add => Operation::Add(object, part, item),
            Self::List => Operation::Parts(object, part),
            Self::Get => Operation::Part(object, part, item),
            Self::SetDefault => Operation::SetDefault(object, part, item),
            Self::Remove => Operation::Remove(object, part, item),
        }
    }
}

impl Operation {
    /// `CreateUser` with nothing but a name.
    #[must_use]
    pub fn create_user(user: User) -> Self {
        Self::CreateUser(user, Extras::default())
    }

    /// The call as it should be put.
    #[inline]
    #[must_use]
    pub fn sound(&self) -> Self {
        match *self {
            Self::Flawed(user, flaw) => (flaw.row().sound)(user),
            sound => sound,
        }
    }

    /// The user it is about, if it is about one.
    #[inline]
    #[must_use]
    pub fn user(&self) -> Option<User> {
        match self.sound() {
            Self::CreateUser(user, _)
            | Self::GetUser(user)
            | Self::UpdateUser(user, _)
            | Self::DeleteUser(user)
            | Self::PutBoundary(user, _)
            | Self::DeleteBoundary(user)
            | Self::ChangePassword(user)
            | Self::Attach(user, ..)
            | Self::Issue(user, ..)
            | Self::List(user, _)
            | Self::Get(user, ..)
            | Self::SetStatus(user, ..)
            | Self::Renew(user, ..)
            | Self::Detach(user, ..) => Some(user),
            _ => None,
        }
    }

    /// The kind of attachment it is about, if it is about one.
    #[inline]
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self.sound() {
            Self::Attach(_, kind, _)
            | Self::Issue(_, kind, ..)
            | Self::List(_, kind)
            | Self::Get(_, kind, _)
            | Self::SetStatus(_, kind, ..)
            | Self::Renew(_, kind, _)
            | Self::Detach(_, kind, _) => Some(kind),
            Self::ChangePassword(_) => Some(Kind::LoginProfile),
            Self::LastUsed(_) => Some(Kind::AccessKey),
            _ => None,
        }
    }

    /// The item of its kind that it names, or that will be called so.
    #[inline]
    #[must_use]
    pub fn item(&self) -> Option<Item> {
        match self.sound() {
            Self::Attach(_, _, item)
            | Self::Issue(_, _, item, _)
            | Self::Get(_, _, item)
            | Self::SetStatus(_, _, item, _)
            | Self::Renew(_, _, item)
            | Self::Detach(_, _, item)
            | Self::LastUsed(item) => Some(item),
            _ => None,
        }
    }

    /// The part of an object that it is about, if it is about one.
    #[inline]
    #[must_use]
    pub fn part(&self) -> Option<(Object, Part)> {
        match self.sound() {
            Self::Add(object, part, _)
            | Self::Parts(object, part)
            | Self::Part(object, part, _)
            | Self::SetDefault(object, part, _)
            | Self::Remove(object, part, _) => Some((object, part)),
            _ => None,
        }
    }

    /// The part that it names, or that will be called so.
    #[inline]
    #[must_use]
    pub fn piece(&self) -> Option<Item> {
        match self.sound() {
            Self::Add(_, _, item)
            | Self::Part(_, _, item)
            | Self::SetDefault(_, _, item)
            | Self::Remove(_, _, item) => Some(item),
            _ => None,
        }
    }

    /// The group, managed policy or device that it is about.
    #[must_use]
    pub fn object(&self) -> Option<Object> {
        match self.sound() {
            Self::Create(object)
            | Self::Read(object)
            | Self::Rename(object, _)
            | Self::Holders(object)
            | Self::Delete(object) => Some(object),
            Self::PutBoundary(_, item) => Some(Object { class: Class::Policy, item }),
            Self::CreateUser(_, extras) => {
                extras.boundary.map(|item| Object { class: Class::Policy, item })
            }
            _ if self.part().is_some() => self.part().map(|(object, _)| object),
            _ => {
                let class = self.kind()?.row().refers?;
                Some(Object { class, item: self.item()? })
            }
        }
    }

    /// What the part that it names refers to: the policy that is attached to a group.
    #[must_use]
    pub fn referred(&self) -> Option<Object> {
        let (_, part) = self.part()?;
        Some(Object { class: part.row().refers?, item: self.piece()? })
    }

    /// The API call that puts it, with what is claimed of the answer. `None` where a kind has no
    /// such call, such as the status of a group membership.
    #[must_use]
    pub fn call(&self) -> Option<&'static Call> {
        match &self.sound() {
            // A row has no flaw of its own.
            Self::Flawed(..) => None,
            Self::CreateUser(..) => Some(&user::CREATE_USER),
            Self::GetUser(_) => Some(&user::GET_USER),
            Self::ListUsers(_) => Some(&user::LIST_USERS),
            Self::UpdateUser(..) => Some(&user::UPDATE_USER),
            Self::DeleteUser(_) => Some(&user::DELETE_USER),
            Self::PutBoundary(..) => Some(&user::PUT_BOUNDARY),
            Self::DeleteBoundary(_) => Some(&user::DELETE_BOUNDARY),
            Self::ChangePassword(_) => Some(&user::CHANGE_PASSWORD),
            Self::LastUsed(_) => Some(&user::LAST_USED),
            Self::Summary => Some(&user::SUMMARY),
            Self::Details => Some(&user::DETAILS),
            Self::Create(object) => object.class.row().call(Deed::Create),
            Self::Read(object) => object.class.row().call(Deed::Read),
            Self::ListAll(class, _) => class.row().call(Deed::ListAll),
            Self::Rename(object, _) => object.class.row().call(Deed::Rename),
            Self::Holders(object) => object.class.row().call(Deed::Holders),
            Self::Delete(object) => object.class.row().call(Deed::Delete),
            Self::Add(_, part, _) => part.row().call(Act::Add),
            Self::Parts(_, part) => part.row().call(Act::List),
            Self::Part(_, part, _) => part.row().call(Act::Get),
            Self::SetDefault(_, part, _) => part.row().call(Act::SetDefault),
            Self::Remove(_, part, _) => part.row().call(Act::Remove),
            Self::Attach(_, kind, _) | Self::Issue(_, kind, ..) => kind.row().call(Verb::Attach),
            Self::List(_, kind) => kind.row().call(Verb::List),
            Self::Get(_, kind, _) => kind.row().call(Verb::Get),
            Self::SetStatus(_, kind, ..) => kind.row().call(Verb::SetStatus),
            Self::Renew(_, kind, _) => kind.row().call(Verb::Renew),
            Self::Detach(_, kind, _) => kind.row().call(Verb::Detach),
        }
    }

    /// Whether it changes nothing, whatever is answered.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(
            self.sound(),
            Self::GetUser(_)
                | Self::ListUsers(_)
                | Self::LastUsed(_)
                | Self::Summary
                | Self::Details
                | Self::Read(_)
                | Self::ListAll(..)
                | Self::Holders(_)
                | Self::Parts(..)
                | Self::Part(..)
                | Self::List(..)
                | Self::Get(..)
        )
    }
}
