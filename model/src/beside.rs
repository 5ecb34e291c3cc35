//! Beside attachments: the calls about names, paths, boundaries, tags, policies of groups and versions,
//! as a scope asks them.

use crate::account::Account;
use crate::flaw::Flaw;
use crate::kind::{Item, Kind};
use crate::object::{Class, Object, Part};
use crate::operation::{Change, Extras, Operation, Path, User, Which};
use crate::scope::Scope;

/// What a scope asks beside attachments. One at a time, for together they are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// Names, paths, boundaries and two tags of users.
    Users,
    /// Names and policies of groups, of which there may be one more than the quota allows.
    Groups,
    /// Versions of policies, numbered up to seven; of several policies, up to three.
    Versions,
}

impl Beside {
    /// The kinds of attachments that are asked about.
    pub(crate) fn kinds(self) -> impl Iterator<Item = Kind> {
        Kind::blockers().filter(move |kind| match self {
            Self::Nothing => true,
            Self::Users => [Kind::LoginProfile, Kind::AccessKey].contains(kind),
            Self::Groups => [Kind::ManagedPolicy, Kind::GroupMembership].contains(kind),
            Self::Versions => false,
        })
    }
}

/// More numbers are not made: of one policy the quota is reached with fewer, even after a deletion.
const fn versions_max(scope: &Scope) -> u32 {
    if scope.policies > 1 { 3 } else { 7 }
}

/// The calls that may change something.
pub(crate) fn changing(scope: &Scope, account: &Account, out: &mut Vec<Operation>) {
    match scope.beside {
        Beside::Nothing => {}
        Beside::Users => users(scope, out),
        Beside::Groups => groups(scope, out),
        Beside::Versions => versions(scope, account, out),
    }
}

/// The calls that only tell.
pub(crate) fn telling(scope: &Scope, out: &mut Vec<Operation>) {
    if scope.beside == Beside::Nothing {
        return;
    }
    out.extend([Operation::Summary, Operation::Details, Operation::ListUsers(Path(0))]);
    out.extend(Class::all().map(|class| Operation::ListAll(class, Which::All)));
    out.extend(scope.all_of(Class::Group).map(Operation::Read));
    for policy in scope.all_of(Class::Policy) {
        out.extend([Operation::Read(policy), Operation::Holders(policy)]);
    }
    for user in (0..scope.users).map(User) {
        out.push(Operation::ChangePassword(user));
        out.extend(Flaw::all().map(|flaw| Operation::Flawed(user, flaw)));
        let keys = scope.items_of(user, Kind::AccessKey);
        out.extend(keys.map(Operation::LastUsed));
    }
    for part in Part::all() {
        for object in scope.all_of(part.row().of) {
            out.push(Operation::Parts(object, part));
            let items = (0..=2).map(Item).filter(|_| part.row().get.is_some());
            out.extend(items.map(|item| Operation::Part(object, part, item)));
        }
    }
}

fn users(scope: &Scope, out: &mut Vec<Operation>) {
    let all = || (0..scope.users).map(User);
    for user in all() {
        let names = all().map(Some).chain([None]);
        out.extend(names.map(|name| Operation::UpdateUser(user, Change { name, path: None })));
        let paths = [0, 1].map(|it| Change { name: None, path: Some(Path(it)) });
        out.extend(paths.map(|change| Operation::UpdateUser(user, change)));
        out.push(Operation::DeleteBoundary(user));
        out.push(Operation::List(user, Kind::Tag));
        for tag in [0, 1].map(Item) {
            out.push(Operation::Attach(user, Kind::Tag, tag));
            out.push(Operation::Detach(user, Kind::Tag, tag));
        }
        for policy in scope.all_of(Class::Policy) {
            out.push(Operation::PutBoundary(user, policy.item));
            let tag = Some(Item(0));
            let extras = Extras { path: Path(1), boundary: Some(policy.item), tag };
            out.push(Operation::CreateUser(user, extras));
        }
    }
}

fn groups(scope: &Scope, out: &mut Vec<Operation>) {
    for group in scope.all_of(Class::Group) {
        let names = scope.all_of(Class::Group).map(|it| Some(it.item)).chain([None]);
        out.extend(names.map(|name| Operation::Rename(group, name)));
        for item in [0, 1].map(Item) {
            out.push(Operation::Add(group, Part::InlinePolicy, item));
            out.push(Operation::Remove(group, Part::InlinePolicy, item));
        }
        for policy in scope.all_of(Class::Policy) {
            out.push(Operation::Add(group, Part::AttachedPolicy, policy.item));
            out.push(Operation::Remove(group, Part::AttachedPolicy, policy.item));
        }
    }
}

fn versions(scope: &Scope, account: &Account, out: &mut Vec<Operation>) {
    for policy in scope.all_of(Class::Policy) {
        let next = account.next_version(policy);
        out.extend((next.0 <= versions_max(scope)).then_some(Operation::Add(
            policy,
            Part::Version,
            next,
        )));
        for version in (1..=versions_max(scope)).map(Item) {
            out.push(Operation::SetDefault(policy, Part::Version, version));
            out.push(Operation::Remove(policy, Part::Version, version));
        }
    }
}

impl Scope {
    /// Every object of a class that there may be in this scope.
    pub(crate) fn all_of(&self, class: Class) -> impl Iterator<Item = Object> + use<> {
        (0..self.objects_of(class)).map(move |item| Object { class, item: Item(item) })
    }
}
