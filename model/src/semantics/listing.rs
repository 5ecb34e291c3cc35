//! What a conforming endpoint shows when it carries a call out.

use crate::ids::{Extras, Path, Seen, Thing, User, Which};
use crate::operation::Operation;
use crate::state::{Account, Held, Piece};
use crate::tables::attachments::{Item, Kind, Naming, Status};
use crate::tables::resources::{Class, Object};
use crate::tables::sub_resources::Part;

/// What is shown, sorted: the items of a listing, or what is told of the one that is read. `None`
/// where the answer shows nothing that the model knows.
///
/// Of a user that is read: its path where that is not the root (C-042), its permissions boundary and
/// its tags (B-PB-01, B-TG-02). A listing of users shows neither (C-049).
#[must_use]
pub fn shown(account: &Account, op: &Operation) -> Option<Vec<Seen>> {
    let mut shown: Vec<Seen> = match op.sound() {
        Operation::List(_, kind) | Operation::Get(_, kind, _) | Operation::Renew(_, kind, _)
            if kind.row().naming == Naming::Single =>
        {
            return None;
        }
        Operation::Renew(_, Kind::MfaDevice, _) => return None,
        Operation::List(user, kind) => account.held_of(user, kind).map(seen).collect(),
        Operation::Get(user, kind, item) | Operation::Renew(user, kind, item) => {
            account.held(user, kind, item).into_iter().map(seen).collect()
        }
        Operation::CreateUser(_, extras) if extras == Extras::default() => return None,
        Operation::CreateUser(_, extras) => {
            let tag = extras.tag.map(|tag| Thing::Item(Kind::Tag, tag));
            told(extras.path, extras.boundary).chain(tag).map(active).collect()
        }
        Operation::GetUser(user) => {
            let tags = account.held_of(user, Kind::Tag).map(seen);
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
fn things(account: &Account, op: &Operation) -> Option<Vec<Thing>> {
    let holders = |kind, item| account.holders(kind, item).map(Thing::User);
    Some(match op.sound() {
        Operation::ListUsers(path) => under(account, path).map(Thing::User).collect(),
        Operation::Details => account.users().map(Thing::User).collect(),
        Operation::LastUsed(key) => holders(Kind::AccessKey, key).collect(),
        Operation::Read(Object { class: Class::Group, item }) => {
            holders(Kind::GroupMembership, item).collect()
        }
        Operation::ListAll(class, which) => {
            listed(account, class, which).map(Thing::Object).collect()
        }
        Operation::Holders(policy) => {
            let groups = account.owners(policy).map(Thing::Object);
            holders(Kind::ManagedPolicy, policy.item).chain(groups).collect()
        }
        Operation::Add(policy, Part::Version, _) => {
            vec![Thing::Version { number: account.next_version(policy).0, default: false }]
        }
        _ => return None,
    })
}

const fn active(thing: Thing) -> Seen {
    (thing, Status::Active)
}

fn seen(held: Held) -> Seen {
    (Thing::of(held.kind, held.item), held.status)
}

fn piece(it: Piece) -> Seen {
    active(match it.part {
        Part::InlinePolicy => Thing::Item(Kind::InlinePolicy, it.item),
        Part::AttachedPolicy => Thing::policy(it.item),
        Part::Version => Thing::Version { number: it.item.0, default: it.default },
    })
}

/// A user's path and permissions boundary, where they are told.
fn told(path: Path, boundary: Option<Item>) -> impl Iterator<Item = Thing> {
    let path = Some(path).filter(|it| *it != Path::default()).map(Thing::Path);
    path.into_iter().chain(boundary.map(Thing::policy))
}

/// Every path begins with the root.
fn under(account: &Account, path: Path) -> impl Iterator<Item = User> {
    account.users().filter(move |user| path == Path::default() || account.path(*user) == path)
}

fn listed(account: &Account, class: Class, which: Which) -> impl Iterator<Item = Object> {
    account.objects().filter(move |object| {
        object.class == class
            && match which {
                Which::All => true,
                Which::Held => account.is_used(*object),
                Which::Free => !account.is_used(*object),
            }
    })
}
