//! The operations of the model: API calls with symbolic parameters.
//!
//! Every operation is possible in every state; a refusal is a response. The properties of an
//! operation, such as its user or its action, are in [`crate::tables::operations`].

use crate::ids::{CreateUserOptions, Filter, IssueOptions, Item, Path, Status, User, UserChange};
use crate::kind::{
    AttachmentAction, AttachmentKind, Resource, ResourceKind, SubResource, SubResourceAction,
};

/// One API call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `CreateUser`.
    CreateUser(User, CreateUserOptions),
    /// `GetUser`.
    GetUser(User),
    /// `ListUsers`, with a path prefix.
    ListUsers(Path),
    /// `UpdateUser`.
    UpdateUser(User, UserChange),
    /// `DeleteUser`.
    DeleteUser(User),
    /// `PutUserPermissionsBoundary`, with this policy.
    PutBoundary(User, Item),
    /// `DeleteUserPermissionsBoundary`.
    DeleteBoundary(User),
    /// `ChangePassword`. The user calls for itself, with an access key of its own.
    ChangePassword(User),
    /// `GetAccessKeyLastUsed`, of this key.
    GetAccessKeyLastUsed(Item),
    /// `GetAccountSummary`.
    GetAccountSummary,
    /// `GetAccountAuthorizationDetails`.
    GetAuthorizationDetails,
    /// `CreateGroup`, `CreatePolicy`, `CreateVirtualMFADevice`.
    CreateResource(Resource),
    /// `GetGroup`, `GetPolicy`.
    GetResource(Resource),
    /// `ListGroups`, `ListPolicies`, `ListVirtualMFADevices`.
    ListResources(ResourceKind, Filter),
    /// `UpdateGroup`, with a new name. `None` changes the path only, which is not modeled.
    RenameResource(Resource, Option<Item>),
    /// `ListEntitiesForPolicy`.
    ListHolders(Resource),
    /// `DeleteGroup`, `DeletePolicy`, `DeleteVirtualMFADevice`.
    DeleteResource(Resource),
    /// `PutGroupPolicy`, `AttachGroupPolicy`, `CreatePolicyVersion`. The service numbers versions.
    AddSubResource(Resource, SubResource, Item),
    /// `ListGroupPolicies`, `ListAttachedGroupPolicies`, `ListPolicyVersions`.
    ListSubResources(Resource, SubResource),
    /// `GetGroupPolicy`, `GetPolicyVersion`.
    GetSubResource(Resource, SubResource, Item),
    /// `SetDefaultPolicyVersion`.
    SetDefault(Resource, SubResource, Item),
    /// `DeleteGroupPolicy`, `DetachGroupPolicy`, `DeletePolicyVersion`.
    RemoveSubResource(Resource, SubResource, Item),
    /// Attaches an item that the caller names (`PutUserPolicy`, `AddUserToGroup`, …), or the single
    /// item of a kind (`CreateLoginProfile`).
    Attach(User, AttachmentKind, Item),
    /// Attaches an item that the service names (`CreateAccessKey`, `UploadSSHPublicKey`, …). The
    /// item is a fresh symbol, which the script uses from then on.
    Issue(User, AttachmentKind, Item, IssueOptions),
    /// `ListAccessKeys`, `GetLoginProfile`, …, as the row of the kind says.
    List(User, AttachmentKind),
    /// `GetSSHPublicKey`, `GetUserPolicy`, …
    Get(User, AttachmentKind, Item),
    /// `UpdateAccessKey`, …
    SetStatus(User, AttachmentKind, Item, Status),
    /// `UpdateLoginProfile`, `ResetServiceSpecificCredential`, `ResyncMFADevice`. The change is not
    /// visible in any listing.
    ResetSecret(User, AttachmentKind, Item),
    /// `DeleteAccessKey`, `DetachUserPolicy`, …
    Detach(User, AttachmentKind, Item),
    /// A request with an invalid or unusual parameter.
    Invalid(User, InvalidRequest),
}

impl Operation {
    /// `CreateUser` with no options.
    #[must_use]
    pub fn create_user(user: User) -> Self {
        Self::CreateUser(user, CreateUserOptions::default())
    }
}

impl AttachmentAction {
    /// The operation that does this to an item of a user; an item that the caller names is attached.
    /// Only [`Self::SetStatus`] uses the status.
    #[must_use]
    pub const fn on(
        self,
        user: User,
        kind: AttachmentKind,
        item: Item,
        status: Status,
    ) -> Operation {
        match self {
            Self::Attach => Operation::Attach(user, kind, item),
            Self::List => Operation::List(user, kind),
            Self::Get => Operation::Get(user, kind, item),
            Self::SetStatus => Operation::SetStatus(user, kind, item, status),
            Self::ResetSecret => Operation::ResetSecret(user, kind, item),
            Self::Detach => Operation::Detach(user, kind, item),
        }
    }
}

impl SubResourceAction {
    /// The operation that does this to a sub-resource.
    #[must_use]
    pub const fn on(self, resource: Resource, kind: SubResource, item: Item) -> Operation {
        match self {
            Self::Add => Operation::AddSubResource(resource, kind, item),
            Self::List => Operation::ListSubResources(resource, kind),
            Self::Get => Operation::GetSubResource(resource, kind, item),
            Self::SetDefault => Operation::SetDefault(resource, kind, item),
            Self::Remove => Operation::RemoveSubResource(resource, kind, item),
        }
    }
}

/// A row of the table of invalid requests ([`crate::tables::validation`]), by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InvalidRequest(pub u8);
