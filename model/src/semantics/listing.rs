//! What a conforming endpoint shows when it carries a call out.

use crate::ids::{CreateUserOptions, Entity, Filter, Listed, Path, User};
use crate::operation::Operation;
use crate::state::{Account, Attachment, SubResourceEntry};
use crate::tables::attachments::{AttachmentKind, Item, Naming, Status};
use crate::tables::resources::{Resource, ResourceKind};
use crate::tables::sub_resources::SubResource;

/// What is shown, sorted: the items of a listing, or what is told of the one that is read. `None`
/// where the answer shows nothing that the model knows.
///
/// Of a user that is read: its path where that is not the root (C-042), its permissions boundary and
/// its tags (B-PB-01, B-TG-02). A listing of users shows neither (C-049).
#[must_use]
pub fn shown(account: &Account, op: &Operation) -> Option<Vec<Listed>> {
    let mut shown: Vec<Listed> = match op.sound() {
        Operation::List(_, kind) | Operation::Get(_, kind, _) | Operation::Renew(_, kind, _)
            if kind.row().naming == Naming::Single =>
        {
            return None;
        }
        Operation::Renew(_, AttachmentKind::MfaDevice, _) => return None,
        Operation::List(user, kind) => account.held_of(user, kind).map(seen).collect(),
        Operation::Get(user, kind, item) | Operation::Renew(user, kind, item) => {
            account.held(user, kind, item).into_iter().map(seen).collect()
        }
        Operation::CreateUser(_, extras) if extras == CreateUserOptions::default() => return None,
        Operation::CreateUser(_, extras) => {
            let tag = extras.tag.map(|tag| Entity::Item(AttachmentKind::Tag, tag));
            told(extras.path, extras.boundary).chain(tag).map(active).collect()
        }
        Operation::GetUser(user) => {
            let tags = account.held_of(user, AttachmentKind::Tag).map(seen);
            told(account.path(user), account.boundary(user)).map(active).chain(tags).collect()
        }
        Operation::Parts(object, part) => account.parts(object, part).map(piece).collect(),
        Operation::Part(object, part, item) => {
            account.parts(object, part).filter(|it| it.item == item).map(piece).collect()
        }
        _ => things(account, op)?.into_iter().map(active).collect(),
    };
    shown.sort_unstable();
    Some(shown)
}

/// Where only things are shown, without a status.
fn things(account: &Account, op: &Operation) -> Option<Vec<Entity>> {
    let holders = |kind, item| account.holders(kind, item).map(Entity::User);
    Some(match op.sound() {
        Operation::ListUsers(path) => under(account, path).map(Entity::User).collect(),
        Operation::Details => account.users().map(Entity::User).collect(),
        Operation::LastUsed(key) => holders(AttachmentKind::AccessKey, key).collect(),
        Operation::Read(Resource { class: ResourceKind::Group, item }) => {
            holders(AttachmentKind::GroupMembership, item).collect()
        }
        Operation::ListAll(class, which) => {
            listed(account, class, which).map(Entity::Object).collect()
        }
        Operation::Holders(policy) => {
            let groups = account.owners(policy).map(Entity::Object);
            holders(AttachmentKind::ManagedPolicy, policy.item).chain(groups).collect()
        }
        Operation::Add(policy, SubResource::Version, _) => {
            vec![Entity::Version { number: account.next_version(policy).0, default: false }]
        }
        _ => return None,
    })
}

const fn active(thing: Entity) -> Listed {
    (thing, Status::Active)
}

fn seen(held: Attachment) -> Listed {
    (Entity::of(held.kind, held.item), held.status)
}

fn piece(it: SubResourceEntry) -> Listed {
    active(match it.part {
        SubResource::InlinePolicy => Entity::Item(AttachmentKind::InlinePolicy, it.item),
        SubResource::AttachedPolicy => Entity::policy(it.item),
        SubResource::Version => Entity::Version { number: it.item.0, default: it.default },
    })
}

/// A user's path and permissions boundary, where they are told.
fn told(path: Path, boundary: Option<Item>) -> impl Iterator<Item = Entity> {
    let path = Some(path).filter(|it| *it != Path::default()).map(Entity::Path);
    path.into_iter().chain(boundary.map(Entity::policy))
}

/// Every path begins with the root.
fn under(account: &Account, path: Path) -> impl Iterator<Item = User> {
    account.users().filter(move |user| path == Path::default() || account.path(*user) == path)
}

fn listed(account: &Account, class: ResourceKind, which: Filter) -> impl Iterator<Item = Resource> {
    account.objects().filter(move |object| {
        object.class == class
            && match which {
                Filter::All => true,
                Filter::Held => account.is_used(*object),
                Filter::Free => !account.is_used(*object),
            }
    })
}
