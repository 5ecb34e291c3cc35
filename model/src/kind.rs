//! The kinds of attachments, resources and sub-resources, and the actions on them.
//!
//! The enums are plain: they know their name in rule ids and nothing else. The facts about each
//! kind are one table row in [`crate::tables`], which adds `row()` and `all()` to these types.

use crate::ids::Item;

/// The enum of the kinds, from one line for each.
macro_rules! attachment_kinds {
    ($($(#[$doc:meta])* $kind:ident: $name:literal,)+) => {
        /// A kind of attachment of a user.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum AttachmentKind {
            $($(#[$doc])* $kind,)+
        }

        impl AttachmentKind {
            /// Every kind, in the order of the table.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$kind),+];

            /// The name in rule ids, such as `access-key`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

attachment_kinds! {
    /// A console password.
    LoginProfile: "login-profile",
    /// An access key.
    AccessKey: "access-key",
    /// A signing certificate.
    SigningCertificate: "signing-certificate",
    /// An SSH public key.
    SshPublicKey: "ssh-public-key",
    /// A service-specific credential, such as one for Git.
    ServiceCredential: "service-credential",
    /// A virtual MFA device that is enabled for the user.
    MfaDevice: "mfa-device",
    /// An inline policy.
    InlinePolicy: "inline-policy",
    /// A managed policy attached to the user.
    ManagedPolicy: "managed-policy",
    /// A group membership.
    GroupMembership: "group-membership",
    /// A tag. Tags do not block deletion.
    Tag: "tag",
}

/// An action on an attachment: a column of the table of attachments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttachmentAction {
    /// Attaches an item, whether the caller or the service names it.
    Attach,
    /// Lists the attachments of the kind.
    List,
    /// Reads one attachment.
    Get,
    /// Makes an attachment active or inactive.
    SetStatus,
    /// Replaces the secret of an attachment.
    ResetSecret,
    /// Removes an attachment.
    Detach,
}

impl AttachmentAction {
    /// Every action, in column order.
    pub const ALL: [Self; 6] =
        [Self::Attach, Self::List, Self::Get, Self::SetStatus, Self::ResetSecret, Self::Detach];
}

/// A kind of resource that exists independently of users and that attachments refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceKind {
    /// A group.
    Group,
    /// A customer managed policy.
    Policy,
    /// A virtual MFA device.
    Device,
}

/// A group, a managed policy or a virtual MFA device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource {
    /// The kind.
    pub kind: ResourceKind,
    /// The symbolic name. An attachment that refers to the resource has the same number.
    pub item: Item,
}

/// An action on a resource: a column of the table of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceAction {
    /// Creates the resource.
    Create,
    /// Reads the resource.
    Get,
    /// Lists all resources of the kind.
    List,
    /// Renames the resource.
    Rename,
    /// Lists the users and groups that hold the resource.
    ListHolders,
    /// Deletes the resource.
    Delete,
}

impl ResourceAction {
    /// Every action, in column order.
    pub const ALL: [Self; 6] =
        [Self::Create, Self::Get, Self::List, Self::Rename, Self::ListHolders, Self::Delete];
}

/// A kind of sub-resource: a policy of a group, or a version of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubResource {
    /// An inline policy of a group.
    InlinePolicy,
    /// A managed policy that is attached to a group.
    AttachedPolicy,
    /// A version of a managed policy. `CreatePolicy` creates the first one; one is the default.
    Version,
}

impl SubResource {
    /// The name in rule ids, such as `inline-policy`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InlinePolicy => "inline-policy",
            Self::AttachedPolicy => "attached-policy",
            Self::Version => "version",
        }
    }
}

/// An action on a sub-resource: a column of the table of sub-resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubResourceAction {
    /// Adds a sub-resource.
    Add,
    /// Lists the sub-resources of the kind.
    List,
    /// Reads one sub-resource.
    Get,
    /// Makes a version the default.
    SetDefault,
    /// Removes a sub-resource.
    Remove,
}

impl SubResourceAction {
    /// Every action, in column order.
    pub const ALL: [Self; 5] = [Self::Add, Self::List, Self::Get, Self::SetDefault, Self::Remove];
}
