//! The questions that one can put to an account, in symbols.
//!
//! What a rule says, in one sentence.

use crate::evidence::Level;
use crate::ids::{
    AttachmentAction, CreateUserOptions, Filter, IssueOptions, Path, User, UserChange,
};
use crate::rule::{Action, Expected, Rule};
use crate::semantics::conditions::Condition;
use crate::tables::attachments::{AttachmentKind, AttachmentRow, Item, Status, TABLE};
use crate::tables::resources;
use crate::tables::resources::{Resource, ResourceAction, ResourceKind};
use crate::tables::sub_resources::{SubResource, SubResourceAction};
use crate::tables::validation::InvalidRequest;

/// One call. Every operation can be asked in every state; refusal is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `CreateUser`.
    CreateUser(User, CreateUserOptions),
    /// `GetUser`.
    GetUser(User),
    /// `ListUsers`, those whose path begins so.
    ListUsers(Path),
    /// `UpdateUser`.
    UpdateUser(User, UserChange),
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
    Create(Resource),
    /// `GetGroup`, `GetPolicy`.
    Read(Resource),
    /// `ListGroups`, `ListPolicies`, `ListVirtualMFADevices`.
    ListAll(ResourceKind, Filter),
    /// `UpdateGroup`: it gets the name of this other one, or a path, which is not modelled.
    Rename(Resource, Option<Item>),
    /// `ListEntitiesForPolicy`.
    Holders(Resource),
    /// `DeleteGroup`, `DeletePolicy`, `DeleteVirtualMFADevice`.
    Delete(Resource),
    /// `PutGroupPolicy`, `AttachGroupPolicy`, `CreatePolicyVersion`, whose item the service numbers.
    Add(Resource, SubResource, Item),
    /// `ListGroupPolicies`, … by the row of the part.
    Parts(Resource, SubResource),
    /// `GetGroupPolicy`, … by the row of the part.
    Part(Resource, SubResource, Item),
    /// `SetDefaultPolicyVersion`.
    SetDefault(Resource, SubResource, Item),
    /// `DeleteGroupPolicy`, … by the row of the part.
    Remove(Resource, SubResource, Item),
    /// Attaches an item that the caller names (`PutUserPolicy`, `AddUserToGroup`, …), or the one
    /// item that needs no name (`CreateLoginProfile`).
    Attach(User, AttachmentKind, Item),
    /// Attaches an item that the service names (`CreateAccessKey`, `UploadSSHPublicKey`, …). The
    /// item is the symbol by which the script calls it from then on, and is fresh.
    Issue(User, AttachmentKind, Item, IssueOptions),
    /// `ListAccessKeys`, `GetLoginProfile`, … by the row of the kind.
    List(User, AttachmentKind),
    /// `GetSSHPublicKey`, `GetUserPolicy`, … by the row of the kind.
    Get(User, AttachmentKind, Item),
    /// `UpdateAccessKey`, … by the row of the kind.
    SetStatus(User, AttachmentKind, Item, Status),
    /// `UpdateLoginProfile`, `ResetServiceSpecificCredential`, `ResyncMFADevice`: what changes is
    /// not shown.
    Renew(User, AttachmentKind, Item),
    /// `DeleteAccessKey`, `DetachUserPolicy`, … by the row of the kind.
    Detach(User, AttachmentKind, Item),
    /// A call that is put otherwise than it should be.
    Flawed(User, InvalidRequest),
}

impl SubResourceAction {
    /// The act done with this part.
    #[must_use]
    pub const fn on(self, object: Resource, part: SubResource, item: Item) -> Operation {
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
        Self::CreateUser(user, CreateUserOptions::default())
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
    pub fn kind(&self) -> Option<AttachmentKind> {
        match self.sound() {
            Self::Attach(_, kind, _)
            | Self::Issue(_, kind, ..)
            | Self::List(_, kind)
            | Self::Get(_, kind, _)
            | Self::SetStatus(_, kind, ..)
            | Self::Renew(_, kind, _)
            | Self::Detach(_, kind, _) => Some(kind),
            Self::ChangePassword(_) => Some(AttachmentKind::LoginProfile),
            Self::LastUsed(_) => Some(AttachmentKind::AccessKey),
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
    pub fn part(&self) -> Option<(Resource, SubResource)> {
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
    pub fn object(&self) -> Option<Resource> {
        match self.sound() {
            Self::Create(object)
            | Self::Read(object)
            | Self::Rename(object, _)
            | Self::Holders(object)
            | Self::Delete(object) => Some(object),
            Self::PutBoundary(_, item) => Some(Resource { class: ResourceKind::Policy, item }),
            Self::CreateUser(_, extras) => {
                extras.boundary.map(|item| Resource { class: ResourceKind::Policy, item })
            }
            _ if self.part().is_some() => self.part().map(|(object, _)| object),
            _ => {
                let class = self.kind()?.row().refers?;
                Some(Resource { class, item: self.item()? })
            }
        }
    }

    /// What the part that it names refers to: the policy that is attached to a group.
    #[must_use]
    pub fn referred(&self) -> Option<Resource> {
        let (_, part) = self.part()?;
        Some(Resource { class: part.row().refers?, item: self.piece()? })
    }

    /// The API call that puts it, with what is claimed of the answer. `None` where a kind has no
    /// such call, such as the status of a group membership.
    #[must_use]
    pub fn call(&self) -> Option<&'static Action> {
        match &self.sound() {
            // A row has no flaw of its own.
            Self::Flawed(..) => None,
            Self::CreateUser(..) => Some(&resources::CREATE_USER),
            Self::GetUser(_) => Some(&resources::GET_USER),
            Self::ListUsers(_) => Some(&resources::LIST_USERS),
            Self::UpdateUser(..) => Some(&resources::UPDATE_USER),
            Self::DeleteUser(_) => Some(&resources::DELETE_USER),
            Self::PutBoundary(..) => Some(&resources::PUT_BOUNDARY),
            Self::DeleteBoundary(_) => Some(&resources::DELETE_BOUNDARY),
            Self::ChangePassword(_) => Some(&resources::CHANGE_PASSWORD),
            Self::LastUsed(_) => Some(&resources::LAST_USED),
            Self::Summary => Some(&resources::SUMMARY),
            Self::Details => Some(&resources::DETAILS),
            Self::Create(object) => object.class.row().call(ResourceAction::Create),
            Self::Read(object) => object.class.row().call(ResourceAction::Read),
            Self::ListAll(class, _) => class.row().call(ResourceAction::ListAll),
            Self::Rename(object, _) => object.class.row().call(ResourceAction::Rename),
            Self::Holders(object) => object.class.row().call(ResourceAction::Holders),
            Self::Delete(object) => object.class.row().call(ResourceAction::Delete),
            Self::Add(_, part, _) => part.row().call(SubResourceAction::Add),
            Self::Parts(_, part) => part.row().call(SubResourceAction::List),
            Self::Part(_, part, _) => part.row().call(SubResourceAction::Get),
            Self::SetDefault(_, part, _) => part.row().call(SubResourceAction::SetDefault),
            Self::Remove(_, part, _) => part.row().call(SubResourceAction::Remove),
            Self::Attach(_, kind, _) | Self::Issue(_, kind, ..) => {
                kind.row().call(AttachmentAction::Attach)
            }
            Self::List(_, kind) => kind.row().call(AttachmentAction::List),
            Self::Get(_, kind, _) => kind.row().call(AttachmentAction::Get),
            Self::SetStatus(_, kind, ..) => kind.row().call(AttachmentAction::SetStatus),
            Self::Renew(_, kind, _) => kind.row().call(AttachmentAction::Renew),
            Self::Detach(_, kind, _) => kind.row().call(AttachmentAction::Detach),
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

impl Rule {
    /// The rule in one sentence: `DeleteUser is refused with DeleteConflict where …`.
    #[must_use]
    pub fn statement(&self) -> String {
        let api = self.call.api;
        let answer = match self.claim.answer {
            Expected::Done => format!("{api} is carried out"),
            Expected::Refused(code) if self.claim.code.level == Level::Open => {
                format!("{api} may be carried out, or refused, presumably with {}", code.name())
            }
            Expected::Refused(code) if self.claim.status.level == Level::Open => {
                format!("{api} may be carried out, or refused with {}", code.name())
            }
            Expected::Refused(code) => format!("{api} is refused with {}", code.name()),
        };
        format!("{answer} {}.", self.condition())
    }

    /// When the rule applies, from `where` on.
    #[must_use]
    pub fn condition(&self) -> String {
        let thing = self.thing();
        match self.claim.reason {
            Condition::Unhindered => "where nothing speaks against it".to_owned(),
            Condition::Flawed(member, defect) => defect.condition(member),
            Condition::UserExists => "where the user exists already".to_owned(),
            Condition::NoSuchUser => "where the user does not exist".to_owned(),
            Condition::AccountFull => {
                "where the account has as many users as its quota allows".to_owned()
            }
            Condition::ObjectExists => format!("where the {thing} exists already"),
            Condition::NoSuchObject => format!("where the {thing} does not exist"),
            Condition::NoRightCodes => {
                "where no codes are right, for there is no device".to_owned()
            }
            Condition::NameTaken => format!("where another {thing} has the new name"),
            Condition::SameName => "where it asks for the name it has, or for nothing".to_owned(),
            Condition::InUse => format!("where a user or a group holds the {thing}"),
            Condition::IsBoundary => {
                format!("where the {thing} is the permissions boundary of a user")
            }
            Condition::NoBoundary => "where the user has no permissions boundary".to_owned(),
            Condition::AlreadyHeld => format!("where the user holds the {thing} already"),
            Condition::HeldByAnother => format!("where only another user holds the {thing}"),
            Condition::SameBody => format!("where the same {thing} is held already"),
            Condition::QuotaReached => {
                format!("where the user's quota of this kind ({thing}) is used up")
            }
            Condition::NotHeld if self.call.api == resources::LAST_USED.api => {
                format!("where nobody holds the {thing}")
            }
            Condition::NotHeld => format!("where the user does not hold the {thing}"),
            Condition::BeingMade => format!("where the {thing} was made a moment ago"),
            Condition::BeingChanged => "where the user was changed a moment ago".to_owned(),
            Condition::Holds(kind) => {
                format!("where the user holds {}", with_article(kind.row().noun))
            }
            Condition::HoldsInactive(kind) => {
                format!("where all that the user holds of a kind ({}) is inactive", kind.row().noun)
            }
            _ => self.condition_of_parts(),
        }
    }

    /// The condition, where it is about the parts of an object.
    fn condition_of_parts(&self) -> String {
        let thing = self.thing();
        match self.claim.reason {
            Condition::HasParts(SubResource::Version) => {
                "where the policy has several versions".to_owned()
            }
            Condition::HasParts(part) => format!("where there is an {}", part.row().noun),
            Condition::AlreadyPart => format!("where there is such an {thing} already"),
            Condition::NotPart => format!("where there is no such {thing}"),
            Condition::NoSuchVersion => "where there is no such policy or version".to_owned(),
            Condition::NoSuchPolicy => "where the policy does not exist".to_owned(),
            Condition::IsDefault => "where the version is the one in force".to_owned(),
            _ => format!("where the quota of this part ({thing}) is used up"),
        }
    }

    /// What the call is about: the noun of its part, class or kind.
    fn thing(&self) -> &'static str {
        let is = |call: Option<&Action>| call.is_some_and(|call| call.api == self.call.api);
        let part = SubResource::all()
            .find(|part| SubResourceAction::ALL.into_iter().any(|act| is(part.row().call(act))));
        let class = ResourceKind::all()
            .find(|class| ResourceAction::ALL.into_iter().any(|it| is(class.row().call(it))));
        let object = match (self.claim.reason, part) {
            (Condition::NoSuchObject, Some(part)) => Some(part.row().of),
            (Condition::NoSuchObject, None) => {
                self.kind().map_or(Some(ResourceKind::Policy), |kind| kind.row().refers)
            }
            _ => None,
        };
        match (class.or(object), part, self.kind()) {
            (Some(class), ..) => class.row().noun,
            (None, Some(part), _) => part.row().noun,
            (None, None, Some(kind)) => kind.row().noun,
            (None, None, None) => "user",
        }
    }

    /// The kind of attachment that the rule is about, if it is about one.
    #[must_use]
    pub fn kind(&self) -> Option<AttachmentKind> {
        if let Condition::Holds(kind) | Condition::HoldsInactive(kind) = self.claim.reason {
            return Some(kind);
        }
        if [resources::CHANGE_PASSWORD.api, resources::LAST_USED.api].contains(&self.call.api) {
            let own = self.call.api == resources::CHANGE_PASSWORD.api;
            return Some(if own {
                AttachmentKind::LoginProfile
            } else {
                AttachmentKind::AccessKey
            });
        }
        let calls = |row: &AttachmentRow, verb: AttachmentAction| {
            row.call(verb).is_some_and(|call| call.api == self.call.api)
        };
        let row =
            TABLE.iter().find(|row| AttachmentAction::ALL.into_iter().any(|verb| calls(row, verb)));
        row.map(|row| row.kind)
    }
}

fn with_article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u'])
        || noun.starts_with("MFA")
        || noun.starts_with("SSH");
    format!("{} {noun}", if vowel { "an" } else { "a" })
}
