//! The statements of the actions on users and on the whole account.

use crate::kind::{AttachmentKind, ResourceKind};
use crate::logic::formula::{
    Formula, Relation, STATUS_KINDS, Sort, Variable, all, atom, exists, for_all, for_some, holds,
    inactive, not, same, user,
};
use crate::logic::statements::{Change, Statement};
use crate::rule::Condition;

/// The user that a call is about.
pub const USER: Variable = Variable::user("U");
/// The new name of a user.
pub const NEW_NAME: Variable = Variable::user("V");
/// The path of a user, other than the root.
pub const PATH: Variable = Variable::new("Q", Sort::Path);
/// The policy that becomes a permissions boundary.
pub const BOUNDARY: Variable = Variable::new("B", Sort::Resource(ResourceKind::Policy));
/// The tag that a user is created with.
pub const TAG: Variable = Variable::new("T", Sort::Item(AttachmentKind::Tag));

/// The kinds that block the deletion of a user, from the documentation of `DeleteUser`.
pub const BLOCKING_KINDS: [AttachmentKind; 9] = [
    AttachmentKind::LoginProfile,
    AttachmentKind::AccessKey,
    AttachmentKind::SigningCertificate,
    AttachmentKind::SshPublicKey,
    AttachmentKind::ServiceCredential,
    AttachmentKind::MfaDevice,
    AttachmentKind::InlinePolicy,
    AttachmentKind::ManagedPolicy,
    AttachmentKind::GroupMembership,
];

/// The relations whose first argument is a user, except [`Relation::User`].
pub fn relations_of_users() -> impl Iterator<Item = Relation> {
    Relation::all().filter(|it| it.sorts().1.is_some() && it.sorts().0 == Sort::User)
}

/// A statement about [`USER`] with no conditions and no changes.
pub(crate) fn about_user(name: &str) -> Statement {
    Statement {
        name: name.to_owned(),
        parameters: vec![USER],
        refused_if: Vec::new(),
        unspecified_if: Vec::new(),
        succeeds_despite: Vec::new(),
        assumes: all([]),
        changes: Vec::new(),
    }
}

/// The condition of every action on a user that must exist.
pub(crate) fn no_such_user() -> (Condition, Formula) {
    (Condition::NoSuchUser, not(user(USER)))
}

/// The condition of an action on a resource that must exist.
pub(crate) fn no_such_resource(class: ResourceKind, name: Variable) -> (Condition, Formula) {
    (Condition::NoSuchResource, not(exists(class, name)))
}

/// `CreateUser`, with any of `Path`, `PermissionsBoundary` and `Tags`.
#[must_use]
pub fn create_user(path: bool, boundary: bool, tag: bool) -> Statement {
    let given =
        [(path, PATH, "Path"), (boundary, BOUNDARY, "PermissionsBoundary"), (tag, TAG, "Tags")];
    let given = || given.iter().filter(|(is_given, ..)| *is_given);
    let mut changes = vec![insert(Relation::User, &[USER])];
    changes.extend(path.then(|| insert(Relation::Path, &[USER, PATH])));
    changes.extend(boundary.then(|| insert(Relation::Boundary, &[USER, BOUNDARY])));
    changes.extend(tag.then(|| insert(Relation::Holds(AttachmentKind::Tag), &[USER, TAG])));
    let user_exists = (Condition::UserExists, user(USER));
    let no_policy = no_such_resource(ResourceKind::Policy, BOUNDARY);
    Statement {
        parameters: [USER].into_iter().chain(given().map(|it| it.1)).collect(),
        refused_if: [user_exists].into_iter().chain(boundary.then_some(no_policy)).collect(),
        changes,
        ..about_user(&with_options("CreateUser", given().map(|it| it.2)))
    }
}

/// `UpdateUser`, with a new name, a new path, both or none. `root` is true if the new path is the
/// root path, which has no fact.
#[must_use]
pub fn update_user(name: bool, path: bool, root: bool) -> Statement {
    let path_name = if root { "root NewPath" } else { "NewPath" };
    let given = [(name, "NewUserName"), (path, path_name)];
    let given = given.iter().filter(|it| it.0).map(|it| it.1);
    let mut changes = Vec::new();
    changes.extend(path.then_some(Change::Clear(Relation::Path, USER)));
    changes.extend((path && !root).then(|| insert(Relation::Path, &[USER, PATH])));
    let relations = [Relation::User].into_iter().chain(relations_of_users()).filter(|_| name);
    changes.extend(relations.map(|it| Change::Rename(it, 0, USER, NEW_NAME)));
    let taken = all([not(same(NEW_NAME, USER)), user(NEW_NAME)]);
    // no fact says what a request without a change does. Another path is a change (C-068).
    let any_path = Variable::new("q", Sort::Path);
    let same_path = match (path, root) {
        (false, _) => all([]),
        (true, false) => atom(Relation::Path, &[USER, PATH]),
        (true, true) => for_all(&[any_path], not(atom(Relation::Path, &[USER, any_path]))),
    };
    let unchanged = if name { all([same(NEW_NAME, USER), same_path]) } else { all([]) };
    Statement {
        parameters: [Some(USER), name.then_some(NEW_NAME), (path && !root).then_some(PATH)]
            .into_iter()
            .flatten()
            .collect(),
        refused_if: [no_such_user()]
            .into_iter()
            .chain(name.then_some((Condition::NameTaken, taken)))
            .collect(),
        unspecified_if: (name || !path)
            .then_some((Condition::SameName, unchanged))
            .into_iter()
            .collect(),
        changes,
        ..about_user(&with_options("UpdateUser", given))
    }
}

/// `DeleteUser`. Everything of the user goes with it.
#[must_use]
pub fn delete_user() -> Statement {
    let mut statement = about_user("DeleteUser");
    statement.refused_if.push(no_such_user());
    for kind in BLOCKING_KINDS {
        let item = Variable::new("i", Sort::of(kind));
        let active = all([holds(kind, USER, item), not(inactive(kind, USER, item))]);
        let active = for_some(&[item], active);
        statement.refused_if.push((Condition::Holds(kind), active.clone()));
        if STATUS_KINDS.contains(&kind) {
            let held = for_some(&[item], holds(kind, USER, item));
            let only_inactive = (Condition::HoldsInactive(kind), all([held, not(active)]));
            // A-010 infers the refusal for access keys; X-004 is open for the other kinds.
            if kind == AttachmentKind::AccessKey {
                statement.refused_if.push(only_inactive);
            } else {
                statement.unspecified_if.push(only_inactive);
            }
        }
    }
    statement.changes.push(Change::Remove(Relation::User, vec![USER]));
    statement.changes.extend(relations_of_users().map(|it| Change::Clear(it, USER)));
    statement
}

/// `PutUserPermissionsBoundary`.
#[must_use]
pub fn put_boundary() -> Statement {
    Statement {
        parameters: vec![USER, BOUNDARY],
        refused_if: vec![no_such_user(), no_such_resource(ResourceKind::Policy, BOUNDARY)],
        changes: vec![
            Change::Clear(Relation::Boundary, USER),
            insert(Relation::Boundary, &[USER, BOUNDARY]),
        ],
        ..about_user("PutUserPermissionsBoundary")
    }
}

/// `DeleteUserPermissionsBoundary`. X-011: no fact says what happens if there is none.
#[must_use]
pub fn delete_boundary() -> Statement {
    let policy = Variable::new("p", Sort::Resource(ResourceKind::Policy));
    let none = for_all(&[policy], not(atom(Relation::Boundary, &[USER, policy])));
    Statement {
        refused_if: vec![no_such_user()],
        unspecified_if: vec![(Condition::NoBoundary, all([user(USER), none]))],
        changes: vec![Change::Clear(Relation::Boundary, USER)],
        ..about_user("DeleteUserPermissionsBoundary")
    }
}

/// `GetUser`.
#[must_use]
pub fn get_user() -> Statement {
    Statement { refused_if: vec![no_such_user()], ..about_user("GetUser") }
}

/// `ChangePassword`, which the user calls for itself.
#[must_use]
pub fn change_password() -> Statement {
    let login = AttachmentKind::LoginProfile;
    let item = Variable::new("i", Sort::of(login));
    let no_password = not(for_some(&[item], holds(login, USER, item)));
    Statement {
        refused_if: vec![(Condition::NotHeld, no_password)],
        ..about_user("ChangePassword")
    }
}

/// `GetAccessKeyLastUsed`, which names no user.
#[must_use]
pub fn get_access_key_last_used() -> Statement {
    let key = Variable::new("I", Sort::of(AttachmentKind::AccessKey));
    let holder = Variable::user("u");
    let unknown = not(for_some(&[holder], holds(AttachmentKind::AccessKey, holder, key)));
    Statement {
        parameters: vec![key],
        refused_if: vec![(Condition::NotHeld, unknown)],
        ..about_user("GetAccessKeyLastUsed")
    }
}

/// `ListUsers`, `GetAccountSummary` and the other reads that are never refused.
#[must_use]
pub fn read_account() -> Statement {
    Statement { parameters: Vec::new(), ..about_user("reads of the account") }
}

/// The tuple is in the relation from now on.
pub(crate) fn insert(relation: Relation, values: &[Variable]) -> Change {
    Change::Insert(relation, values.to_vec(), all([]))
}

fn with_options(api: &str, options: impl Iterator<Item = &'static str>) -> String {
    let options: Vec<&str> = options.collect();
    if options.is_empty() { api.to_owned() } else { format!("{api} with {}", options.join(", ")) }
}
