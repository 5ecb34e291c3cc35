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
        let resource = match (row.refers, item) {
            (Some(class), Some(item)) => Some(Resource { class, item }),
            _ => None,
        };
        let base = Self::of(row.call(action));
        Self { user: Some(user), kind: Some(kind), item, resource, ..base }
    }

    const fn about_resource(action: ResourceAction, resource: Resource) -> Self {
        Self { resource: Some(resource), ..Self::of(resource.class.row().call(action)) }
    }

    const fn about_sub_resource(
        action: SubResourceAction,
        resource: Resource,
        kind: SubResource,
        entry: Option<Item>,
    ) -> Self {
        let base = Self::of(kind.row().call(action));
        Self { resource: Some(resource), sub_resource: Some(kind), entry, ..base }
    }

    const fn with_policy(self, policy: Option<Item>) -> Self {
        let resource = match policy {
            Some(item) => Some(Resource { class: ResourceKind::Policy, item }),
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
            Self::Flawed(user, invalid) => (invalid.row().sound)(user).well_formed_descriptor(),
            ref well_formed => well_formed.well_formed_descriptor(),
        }
    }

    #[expect(clippy::inline_always, reason = "each accessor reads one field of the descriptor")]
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
                Descriptor::about_user(&actions::PUT_BOUNDARY, user).with_policy(Some(policy))
            }
            Self::DeleteBoundary(user) => Descriptor::about_user(&actions::DELETE_BOUNDARY, user),
            Self::ChangePassword(user) => Descriptor {
                kind: Some(AttachmentKind::LoginProfile),
                ..Descriptor::about_user(&actions::CHANGE_PASSWORD, user)
            },
            Self::LastUsed(key) => Descriptor {
                kind: Some(AttachmentKind::AccessKey),
                item: Some(key),
                ..Descriptor::of(Some(&actions::LAST_USED)).read_only()
            },
            Self::Summary => Descriptor::of(Some(&actions::SUMMARY)).read_only(),
            Self::Details => Descriptor::of(Some(&actions::DETAILS)).read_only(),
            Self::Create(resource) => Descriptor::about_resource(R::Create, resource),
            Self::Read(resource) => Descriptor::about_resource(R::Read, resource).read_only(),
            Self::ListAll(kind, _) => Descriptor::of(kind.row().call(R::ListAll)).read_only(),
            Self::Rename(resource, _) => Descriptor::about_resource(R::Rename, resource),
            Self::Holders(resource) => Descriptor::about_resource(R::Holders, resource).read_only(),
            Self::Delete(resource) => Descriptor::about_resource(R::Delete, resource),
            Self::Add(resource, kind, item) => {
                Descriptor::about_sub_resource(S::Add, resource, kind, Some(item))
            }
            Self::Parts(resource, kind) => {
                Descriptor::about_sub_resource(S::List, resource, kind, None).read_only()
            }
            Self::Part(resource, kind, item) => {
                Descriptor::about_sub_resource(S::Get, resource, kind, Some(item)).read_only()
            }
            Self::SetDefault(resource, kind, item) => {
                Descriptor::about_sub_resource(S::SetDefault, resource, kind, Some(item))
            }
            Self::Remove(resource, kind, item) => {
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
            Self::Renew(user, kind, item) => {
                Descriptor::about_attachment(A::Renew, user, kind, Some(item))
            }
            Self::Detach(user, kind, item) => {
                Descriptor::about_attachment(A::Detach, user, kind, Some(item))
            }
            // No row of the table of invalid requests is itself invalid.
            Self::Flawed(..) => Descriptor::of(None),
        }
    }

    /// The operation without its invalid parameter.
    #[inline]
    #[must_use]
    pub fn sound(&self) -> Self {
        match *self {
            Self::Flawed(user, invalid) => (invalid.row().sound)(user),
            well_formed => well_formed,
        }
    }

    /// The API action, with its clauses. `None` if the kind has no such action, such as the status
    /// of a group membership.
    #[inline]
    #[must_use]
    pub fn call(&self) -> Option<&'static Action> {
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
    pub fn object(&self) -> Option<Resource> {
        self.descriptor().resource
    }

    /// The kind of sub-resource that the operation is about, with its resource.
    #[inline]
    #[must_use]
    pub fn part(&self) -> Option<(Resource, SubResource)> {
        let descriptor = self.descriptor();
        descriptor.resource.zip(descriptor.sub_resource)
    }

    /// The sub-resource that the operation names, or the symbol of the one that it creates.
    #[inline]
    #[must_use]
    pub fn piece(&self) -> Option<Item> {
        self.descriptor().entry
    }

    /// The resource that the named sub-resource refers to: the policy to attach to a group.
    #[must_use]
    pub fn referred(&self) -> Option<Resource> {
        let descriptor = self.descriptor();
        Some(Resource { class: descriptor.sub_resource?.row().refers?, item: descriptor.entry? })
    }

    /// Returns true if the operation changes nothing, whatever the response.
    #[inline]
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.descriptor().is_read
    }
}
