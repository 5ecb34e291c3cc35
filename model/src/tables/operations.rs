//! The properties of each operation: one descriptor for each variant.
//!
//! [`Operation::descriptor`] is the single match over the variants. The accessors of [`Operation`]
//! return one field each; the compiler drops the fields that a caller does not read.

use crate::ids::{Item, User};
use crate::kind::{
    AttachmentAction, AttachmentKind, Resource, ResourceAction, ResourceKind, SubResource,
    SubResourceAction,
};
use crate::operation::Operation;
use crate::rule::Action;
use crate::tables::resources as actions;

/// The properties of one operation.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    /// The API action. `None` if the kind has no such action, such as the status of a membership.
    pub action: Option<&'static Action>,
    /// The user that the operation is about.
    pub user: Option<User>,
    /// The kind of attachment that the operation is about.
    pub kind: Option<AttachmentKind>,
    /// The attachment that the operation names, or the symbol of the one that it creates.
    pub item: Option<Item>,
    /// The group, policy or device that the operation names.
    pub resource: Option<Resource>,
    /// The kind of sub-resource that the operation is about.
    pub sub_resource: Option<SubResource>,
    /// The sub-resource that the operation names, or the symbol of the one that it creates.
    pub entry: Option<Item>,
    /// True if the operation changes nothing, whatever the response.
    pub is_read: bool,
}

impl Descriptor {
    const fn of(action: Option<&'static Action>) -> Self {
        Self {
            action,
            user: None,
            kind: None,
            item: None,
            resource: None,
            sub_resource: None,
            entry: None,
            is_read: false,
        }
    }

    const fn about_user(action: &'static Action, user: User) -> Self {
        Self { user: Some(user), ..Self::of(Some(action)) }
    }

    const fn about_attachment(
        action: AttachmentAction,
        user: User,
        kind: AttachmentKind,
        item: Option<Item>,
    ) -> Self {
        let row = kind.row();
        let resource = match (row.refers_to, item) {
            (Some(class), Some(item)) => Some(Resource { kind: class, item }),
            _ => None,
        };
        let base = Self::of(row.action(action));
        Self { user: Some(user), kind: Some(kind), item, resource, ..base }
    }

    const fn about_resource(action: ResourceAction, resource: Resource) -> Self {
        Self { resource: Some(resource), ..Self::of(resource.kind.row().action(action)) }
    }

    const fn about_sub_resource(
        action: SubResourceAction,
        resource: Resource,
        kind: SubResource,
        entry: Option<Item>,
    ) -> Self {
        let base = Self::of(kind.row().action(action));
        Self { resource: Some(resource), sub_resource: Some(kind), entry, ..base }
    }

    const fn with_policy(self, policy: Option<Item>) -> Self {
        let resource = match policy {
            Some(item) => Some(Resource { kind: ResourceKind::Policy, item }),
            None => None,
        };
        Self { resource, ..self }
    }

    const fn read_only(self) -> Self {
        Self { is_read: true, ..self }
    }
}

impl Operation {
    /// The properties of the operation. An invalid request has those of its well-formed
    /// counterpart.
    #[inline]
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        match *self {
            Self::Invalid(user, invalid) => {
                (invalid.row().well_formed)(user).well_formed_descriptor()
            }
            ref well_formed => well_formed.well_formed_descriptor(),
        }
    }

    #[inline(always)]
    const fn well_formed_descriptor(&self) -> Descriptor {
        use AttachmentAction as A;
        use ResourceAction as R;
        use SubResourceAction as S;
        match *self {
            Self::CreateUser(user, options) => {
                Descriptor::about_user(&actions::CREATE_USER, user).with_policy(options.boundary)
            }
            Self::GetUser(user) => Descriptor::about_user(&actions::GET_USER, user).read_only(),
            Self::ListUsers(_) => Descriptor::of(Some(&actions::LIST_USERS)).read_only(),
            Self::UpdateUser(user, _) => Descriptor::about_user(&actions::UPDATE_USER, user),
            Self::DeleteUser(user) => Descriptor::about_user(&actions::DELETE_USER, user),
            Self::PutBoundary(user, policy) => {
                Descriptor::about_user(&actions::PUT_USER_PERMISSIONS_BOUNDARY, user)
                    .with_policy(Some(policy))
            }
            Self::DeleteBoundary(user) => {
                Descriptor::about_user(&actions::DELETE_USER_PERMISSIONS_BOUNDARY, user)
            }
            Self::ChangePassword(user) => Descriptor {
                kind: Some(AttachmentKind::LoginProfile),
                ..Descriptor::about_user(&actions::CHANGE_PASSWORD, user)
            },
            Self::GetAccessKeyLastUsed(key) => Descriptor {
                kind: Some(AttachmentKind::AccessKey),
                item: Some(key),
                ..Descriptor::of(Some(&actions::GET_ACCESS_KEY_LAST_USED)).read_only()
            },
            Self::GetAccountSummary => {
                Descriptor::of(Some(&actions::GET_ACCOUNT_SUMMARY)).read_only()
            }
            Self::GetAuthorizationDetails => {
                Descriptor::of(Some(&actions::GET_ACCOUNT_AUTHORIZATION_DETAILS)).read_only()
            }
            Self::CreateResource(resource) => Descriptor::about_resource(R::Create, resource),
            Self::GetResource(resource) => Descriptor::about_resource(R::Get, resource).read_only(),
            Self::ListResources(kind, _) => Descriptor::of(kind.row().action(R::List)).read_only(),
            Self::RenameResource(resource, _) => Descriptor::about_resource(R::Rename, resource),
            Self::ListHolders(resource) => {
                Descriptor::about_resource(R::ListHolders, resource).read_only()
            }
            Self::DeleteResource(resource) => Descriptor::about_resource(R::Delete, resource),
            Self::AddSubResource(resource, kind, item) => {
                Descriptor::about_sub_resource(S::Add, resource, kind, Some(item))
            }
            Self::ListSubResources(resource, kind) => {
                Descriptor::about_sub_resource(S::List, resource, kind, None).read_only()
            }
            Self::GetSubResource(resource, kind, item) => {
                Descriptor::about_sub_resource(S::Get, resource, kind, Some(item)).read_only()
            }
            Self::SetDefault(resource, kind, item) => {
                Descriptor::about_sub_resource(S::SetDefault, resource, kind, Some(item))
            }
            Self::RemoveSubResource(resource, kind, item) => {
                Descriptor::about_sub_resource(S::Remove, resource, kind, Some(item))
            }
            Self::Attach(user, kind, item) | Self::Issue(user, kind, item, _) => {
                Descriptor::about_attachment(A::Attach, user, kind, Some(item))
            }
            Self::List(user, kind) => {
                Descriptor::about_attachment(A::List, user, kind, None).read_only()
            }
            Self::Get(user, kind, item) => {
                Descriptor::about_attachment(A::Get, user, kind, Some(item)).read_only()
            }
            Self::SetStatus(user, kind, item, _) => {
                Descriptor::about_attachment(A::SetStatus, user, kind, Some(item))
            }
            Self::ResetSecret(user, kind, item) => {
                Descriptor::about_attachment(A::ResetSecret, user, kind, Some(item))
            }
            Self::Detach(user, kind, item) => {
                Descriptor::about_attachment(A::Detach, user, kind, Some(item))
            }
            // No row of the table of invalid requests is itself invalid.
            Self::Invalid(..) => Descriptor::of(None),
        }
    }

    /// The operation without its invalid parameter.
    #[inline]
    #[must_use]
    pub fn well_formed(&self) -> Self {
        match *self {
            Self::Invalid(user, invalid) => (invalid.row().well_formed)(user),
            well_formed => well_formed,
        }
    }

    /// The API action, with its clauses. `None` if the kind has no such action, such as the status
    /// of a group membership.
    #[inline]
    #[must_use]
    pub fn action(&self) -> Option<&'static Action> {
        self.descriptor().action
    }

    /// The user that the operation is about.
    #[inline]
    #[must_use]
    pub fn user(&self) -> Option<User> {
        self.descriptor().user
    }

    /// The kind of attachment that the operation is about.
    #[inline]
    #[must_use]
    pub fn kind(&self) -> Option<AttachmentKind> {
        self.descriptor().kind
    }

    /// The attachment that the operation names, or the symbol of the one that it creates.
    #[inline]
    #[must_use]
    pub fn item(&self) -> Option<Item> {
        self.descriptor().item
    }

    /// The group, managed policy or device that the operation names.
    #[inline]
    #[must_use]
    pub fn resource(&self) -> Option<Resource> {
        self.descriptor().resource
    }

    /// The kind of sub-resource that the operation is about, with its resource.
    #[inline]
    #[must_use]
    pub fn sub_resource(&self) -> Option<(Resource, SubResource)> {
        let descriptor = self.descriptor();
        descriptor.resource.zip(descriptor.sub_resource)
    }

    /// The sub-resource that the operation names, or the symbol of the one that it creates.
    #[inline]
    #[must_use]
    pub fn entry(&self) -> Option<Item> {
        self.descriptor().entry
    }

    /// The resource that the named sub-resource refers to: the policy to attach to a group.
    #[must_use]
    pub fn referenced_policy(&self) -> Option<Resource> {
        let descriptor = self.descriptor();
        Some(Resource { kind: descriptor.sub_resource?.row().refers_to?, item: descriptor.entry? })
    }

    /// Returns true if the operation changes nothing, whatever the response.
    #[inline]
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.descriptor().is_read
    }
}
