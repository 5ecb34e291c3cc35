//! The entities in a successful response.

use std::fmt;

use crate::ids::{CreateUserOptions, Filter, Item, Path, Status, User};
use crate::kind::{AttachmentKind, Resource, ResourceKind, SubResource};
use crate::operation::Operation;
use crate::state::{Account, Attachment, SubResourceEntry};
use crate::tables::attachments::Naming;

/// An entity in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entity {
    /// A user: `u0`.
    User(User),
    /// The path of a user, unless it is the root: `path1`.
    Path(Path),
    /// A group, managed policy or device: `g0`.
    Resource(Resource),
    /// An item that refers to no resource: `key#0`.
    Item(AttachmentKind, Item),
    /// A version of a policy: `v2`, `v2 default`.
    Version {
        /// The number, from 1.
        number: u32,
        /// True if it is the default version.
        default: bool,
    },
}

/// An entity with its status.
pub type Listed = (Entity, Status);

impl Entity {
    /// The entity that a listing of the kind shows for an item: the resource, if it refers to one.
    #[must_use]
    pub fn of(kind: AttachmentKind, item: Item) -> Self {
        match kind.row().refers_to {
            Some(class) => Self::Resource(Resource { kind: class, item }),
            None => Self::Item(kind, item),
        }
    }

    /// The item of the kind that a listing shows as this entity.
    #[must_use]
    pub fn item(self, kind: AttachmentKind) -> Option<Item> {
        match self {
            Self::Item(of, item) if of == kind => Some(item),
            Self::Resource(resource) if kind.row().refers_to == Some(resource.kind) => {
                Some(resource.item)
            }
            _ => None,
        }
    }

    /// A managed policy.
    #[must_use]
    pub const fn policy(item: Item) -> Self {
        Self::Resource(Resource { kind: ResourceKind::Policy, item })
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::User(user) => write!(f, "u{}", user.0),
            Self::Path(path) => path.fmt(f),
            Self::Resource(resource) => resource.fmt(f),
            Self::Item(kind, item) => f.write_str(&kind.symbol(item)),
            Self::Version { number, default: false } => write!(f, "v{number}"),
            Self::Version { number, default: true } => write!(f, "v{number} default"),
        }
    }
}

/// The entities in the response to a successful call, sorted. `None` if the response has none that
/// the model knows.
///
/// `GetUser` shows the path unless it is the root (C-042), the permissions boundary and the tags
/// (B-PB-01, B-TG-02). `ListUsers` shows neither boundary nor tags (C-049).
#[must_use]
pub fn listing(account: &Account, op: &Operation) -> Option<Vec<Listed>> {
    let mut listing: Vec<Listed> = match op.well_formed() {
        Operation::List(_, kind)
        | Operation::Get(_, kind, _)
        | Operation::ResetSecret(_, kind, _)
            if kind.row().naming == Naming::Single =>
        {
            return None;
        }
        Operation::ResetSecret(_, AttachmentKind::MfaDevice, _) => return None,
        Operation::List(user, kind) => {
            account.attachments_of_kind(user, kind).map(attachment).collect()
        }
        Operation::Get(user, kind, item) | Operation::ResetSecret(user, kind, item) => {
            account.attachment(user, kind, item).into_iter().map(attachment).collect()
        }
        Operation::CreateUser(_, options) if options == CreateUserOptions::default() => {
            return None;
        }
        Operation::CreateUser(_, options) => {
            let tag = options.tag.map(|tag| Entity::Item(AttachmentKind::Tag, tag));
            user_details(options.path, options.boundary).chain(tag).map(active).collect()
        }
        Operation::GetUser(user) => {
            let tags = account.attachments_of_kind(user, AttachmentKind::Tag).map(attachment);
            let details = user_details(account.path(user), account.boundary(user));
            details.map(active).chain(tags).collect()
        }
        Operation::ListSubResources(resource, kind) => {
            account.sub_resources(resource, kind).map(sub_resource).collect()
        }
        Operation::GetSubResource(resource, kind, item) => account
            .sub_resources(resource, kind)
            .filter(|it| it.item == item)
            .map(sub_resource)
            .collect(),
        _ => entities(account, op)?.into_iter().map(active).collect(),
    };
    listing.sort_unstable();
    Some(listing)
}

/// The entities of responses that have no statuses.
fn entities(account: &Account, op: &Operation) -> Option<Vec<Entity>> {
    let holders = |kind, item| account.holders(kind, item).map(Entity::User);
    Some(match op.well_formed() {
        Operation::ListUsers(path) => users_under(account, path).map(Entity::User).collect(),
        Operation::GetAuthorizationDetails => account.users().map(Entity::User).collect(),
        Operation::GetAccessKeyLastUsed(key) => holders(AttachmentKind::AccessKey, key).collect(),
        Operation::GetResource(Resource { kind: ResourceKind::Group, item }) => {
            holders(AttachmentKind::GroupMembership, item).collect()
        }
        Operation::ListResources(kind, filter) => {
            resources(account, kind, filter).map(Entity::Resource).collect()
        }
        Operation::ListHolders(policy) => {
            let groups = account.groups_with(policy).map(Entity::Resource);
            holders(AttachmentKind::ManagedPolicy, policy.item).chain(groups).collect()
        }
        Operation::AddSubResource(policy, SubResource::Version, _) => {
            vec![Entity::Version { number: account.next_version(policy).0, default: false }]
        }
        _ => return None,
    })
}

const fn active(entity: Entity) -> Listed {
    (entity, Status::Active)
}

fn attachment(held: Attachment) -> Listed {
    (Entity::of(held.kind, held.item), held.status)
}

fn sub_resource(entry: SubResourceEntry) -> Listed {
    active(match entry.kind {
        SubResource::InlinePolicy => Entity::Item(AttachmentKind::InlinePolicy, entry.item),
        SubResource::AttachedPolicy => Entity::policy(entry.item),
        SubResource::Version => Entity::Version { number: entry.item.0, default: entry.is_default },
    })
}

/// The path of a user, unless it is the root, and its permissions boundary.
fn user_details(path: Path, boundary: Option<Item>) -> impl Iterator<Item = Entity> {
    let path = Some(path).filter(|it| *it != Path::default()).map(Entity::Path);
    path.into_iter().chain(boundary.map(Entity::policy))
}

/// The users whose path starts with this one. Every path starts with the root.
fn users_under(account: &Account, path: Path) -> impl Iterator<Item = User> {
    account.users().filter(move |user| path == Path::default() || account.path(*user) == path)
}

fn resources(
    account: &Account,
    kind: ResourceKind,
    filter: Filter,
) -> impl Iterator<Item = Resource> {
    account.resources().filter(move |resource| {
        resource.kind == kind
            && match filter {
                Filter::All => true,
                Filter::InUse => account.is_in_use(*resource),
                Filter::Unused => !account.is_in_use(*resource),
            }
    })
}
