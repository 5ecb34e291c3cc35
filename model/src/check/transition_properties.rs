//! What every call does and is answered in every state, each in one sentence.
//!
//! Like the properties of states, these do not borrow the words of the rules: they compare facts
//! before and after.
//!
//! From every state every user can be deleted: by its plan, which is as short as any way.

use crate::check::exhaustive::Visit;
use crate::check::state_properties::most;
use crate::check::{frame_properties, rule_oracle};
use crate::ids::{IssueOptions, User};
use crate::operation::Operation;
use crate::semantics::conditions::Condition;
use crate::semantics::deletion_plan::{plan, plan_with_devices};
use crate::state::{Account, Attachment};
use crate::tables::attachments::{AttachmentKind, Naming, Status};
use crate::tables::resources::{Resource, ResourceKind};
use crate::tables::sub_resources::SubResource;

/// Whether a sentence holds of one call in one state.
pub(crate) type TransitionProperty = fn(&Visit<'_>) -> bool;

/// Every sentence, those of `neighbour.rs` and `progress.rs` too.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, TransitionProperty)> {
    let sound = ALL.into_iter().chain(frame_properties::ALL).chain(PROGRESS);
    let sound = sound.chain([rule_oracle::RECOUNTED]);
    sound.chain([frame_properties::PUT_OTHERWISE])
}

const ALL: [(&str, TransitionProperty); 10] = [
    ("a call changes nothing but what it names", names_all_it_changes),
    (
        "a call that is carried out does what it says, and a read or a new secret changes nothing",
        does_what_it_says,
    ),
    ("no call about a user that does not exist is carried out, but CreateUser", needs_its_user),
    (
        "no call about a group, policy or device that does not exist is carried out, but its creation",
        needs_its_object,
    ),
    ("what exists is not created again, and what does not exist can be", creates_once),
    ("what nobody holds is not read, changed or taken away, but a membership", takes_what_is_held),
    ("what a user holds is not attached again, but put, attached or joined again", attaches_once),
    ("what was just made or changed may be refused for a while, and nothing else", waits),
    ("what a user holds can be read, changed and taken away", gives_what_is_held),
    ("what is free and within the quota can be attached", attaches_what_is_free),
];

pub(crate) fn exists(account: &Account, user: User) -> bool {
    account.users().any(|it| it == user)
}

pub(crate) fn there(account: &Account, object: Resource) -> bool {
    account.objects().any(|it| it == object)
}

/// What is held, by this user if one is given, of what the call names.
fn named<'a>(
    account: &'a Account,
    op: &'a Operation,
    by: Option<User>,
) -> impl Iterator<Item = Attachment> + 'a {
    let item = op.item().unwrap_or_default();
    let same = move |held: &Attachment| op.kind() == Some(held.kind) && held.item == item;
    account.holdings().filter(move |held| same(held) && by.is_none_or(|user| user == held.user))
}

fn names_all_it_changes(visit: &Visit<'_>) -> bool {
    let (before, after, op) = (visit.before, visit.after, &visit.op);
    if before == after {
        return true;
    }
    let called = match *op {
        Operation::UpdateUser(_, change) => change.name,
        _ => None,
    };
    let is_user = |user: &User| [op.user(), called].contains(&Some(*user));
    let users = |it: &Account| {
        let facts = |user: User| (user, it.path(user), it.boundary(user));
        it.users().filter(|user| !is_user(user)).map(facts).collect::<Vec<_>>()
    };
    let objects = |it: &Account| {
        let pieces = it.pieces().filter(|piece| !names(op, piece.of)).collect::<Vec<_>>();
        (it.objects().filter(|object| !names(op, *object)).collect::<Vec<_>>(), pieces)
    };
    // Of a user that is made again nothing is said here; `makes_what_is_asked` does.
    let deletes = matches!(op, Operation::DeleteUser(_) | Operation::CreateUser(..));
    let other = |held: &Attachment| {
        let same = op.kind() == Some(held.kind) && op.item().unwrap_or_default() == held.item;
        let group = Resource { class: ResourceKind::Group, item: held.item };
        let renamed =
            matches!(op, Operation::Rename(..)) && held.kind == AttachmentKind::GroupMembership;
        !(op.user() == Some(held.user) && (deletes || same)
            || called.is_some() && is_user(&held.user)
            || renamed && names(op, group))
    };
    users(before) == users(after)
        && objects(before) == objects(after)
        && before.holdings().filter(other).eq(after.holdings().filter(other))
}

/// Whether the call is about this very object, its name or its parts.
fn names(op: &Operation, object: Resource) -> bool {
    match *op {
        Operation::Create(it) | Operation::Delete(it) => it == object,
        Operation::Rename(it, name) => {
            it == object || name == Some(object.item) && it.class == object.class
        }
        _ => op.part().is_some_and(|(it, _)| it == object),
    }
}

fn does_what_it_says(visit: &Visit<'_>) -> bool {
    let (before, after, op) = (visit.before, visit.after, &visit.op);
    if !visit.may_be_done() {
        return before == after;
    }
    let own = |account| named(account, op, op.user()).next();
    match *op {
        Operation::CreateUser(user, _) => exists(after, user),
        Operation::DeleteUser(user) => {
            !exists(after, user) && after.holdings().all(|held| held.user != user)
        }
        Operation::Create(object) => there(after, object),
        Operation::Delete(object) => !there(after, object),
        Operation::Attach(..) | Operation::Issue(..) => own(after).is_some_and(|it| {
            it.status == own(before).map_or(Status::Active, |before| before.status)
        }),
        Operation::SetStatus(.., status) => {
            own(before).is_none() || own(after).is_some_and(|it| it.status == status)
        }
        Operation::Detach(..) => own(after).is_none(),
        Operation::Renew(..) | Operation::ChangePassword(_) => before == after,
        // The rest of what changes something has sentences of its own (`neighbour.rs`).
        _ => !op.is_read() || before == after,
    }
}

/// Whether it is refused, perhaps for this reason.
pub(crate) fn refuses(visit: &Visit<'_>, reason: Condition) -> bool {
    !visit.may_be_done() && visit.allowed.refusals().any(|rule| rule.claim.reason == reason)
}

/// Whether nobody knows if it is carried out.
pub(crate) fn is_open(visit: &Visit<'_>) -> bool {
    visit.may_be_done() && !visit.must_be_done()
}

fn needs_its_user(visit: &Visit<'_>) -> bool {
    let missing = visit.op.user().is_some_and(|user| !exists(visit.before, user));
    match visit.op {
        _ if !missing => true,
        Operation::CreateUser(..) => true,
        // Nobody is there who could ask.
        Operation::ChangePassword(_) => !visit.may_be_done(),
        _ => refuses(visit, Condition::NoSuchUser),
    }
}

fn needs_its_object(visit: &Visit<'_>) -> bool {
    let missing = visit.op.object().is_some_and(|object| !there(visit.before, object));
    let enables = matches!(
        visit.op,
        Operation::Attach(_, AttachmentKind::MfaDevice, _) | Operation::Renew(..)
    );
    let version =
        matches!(visit.op.part(), Some((_, SubResource::Version))) && visit.op.piece().is_some();
    let added = matches!(visit.op, Operation::Add(..));
    !missing
        || matches!(visit.op, Operation::Create(_))
        // One text is recorded for both (C-019).
        || version && !added && refuses(visit, Condition::NoSuchVersion)
        || refuses(visit, Condition::NoSuchObject)
            && (!enables || refuses(visit, Condition::NoRightCodes))
}

fn creates_once(visit: &Visit<'_>) -> bool {
    match visit.op {
        Operation::CreateUser(user, _) => {
            let can = !exists(visit.before, user)
                && visit.op.object().is_none_or(|policy| there(visit.before, policy));
            can == visit.may_be_done() && can == visit.must_be_done()
        }
        Operation::Create(object) => there(visit.before, object) != visit.must_be_done(),
        _ => true,
    }
}

/// Whether a device that is not this user's can be deactivated is not known, nor what becomes
/// of an id that is another user's.
fn takes_what_is_held(visit: &Visit<'_>) -> bool {
    let Some(kind) = visit.op.kind() else { return true };
    let takes = matches!(
        visit.op,
        Operation::Get(..)
            | Operation::SetStatus(..)
            | Operation::Renew(..)
            | Operation::Detach(..)
    ) || matches!(visit.op, Operation::List(..)) && kind.row().naming == Naming::Single;
    let Some(user) = visit.op.user().filter(|it| takes && exists(visit.before, *it)) else {
        return true;
    };
    if named(visit.before, &visit.op, Some(user)).next().is_some() {
        return true;
    }
    let others = named(visit.before, &visit.op, None).next().is_some();
    let device = kind == AttachmentKind::MfaDevice;
    if device && visit.op.object().is_some_and(|it| there(visit.before, it))
        || others && kind.row().naming == Naming::Service
    {
        return is_open(visit);
    }
    // UntagUser too (B-TG-06).
    [AttachmentKind::GroupMembership, AttachmentKind::Tag].contains(&kind) || !visit.may_be_done()
}

/// Whether a device is enabled again, and whether a body can be uploaded again, is not known (X-013,
///
fn attaches_once(visit: &Visit<'_>) -> bool {
    let (account, op) = (visit.before, &visit.op);
    let held = |item| {
        let same = |held: &Attachment| op.kind() == Some(held.kind) && held.item == item;
        account.holdings().any(|held| same(&held) && op.user() == Some(held.user))
    };
    match *op {
        Operation::Attach(_, AttachmentKind::LoginProfile, item) => {
            !held(item) || !visit.may_be_done()
        }
        Operation::Attach(_, AttachmentKind::MfaDevice, item) => !held(item) || is_open(visit),
        Operation::Issue(.., IssueOptions::BodyOf(other)) => !held(other) || !visit.must_be_done(),
        _ => true,
    }
}

/// A password that was just set (B-LP-17), a user that was just changed (D-022).
fn waits(visit: &Visit<'_>) -> bool {
    let (account, op) = (visit.before, &visit.op);
    let changes = match *op {
        Operation::Detach(user, AttachmentKind::LoginProfile, _)
        | Operation::Renew(user, AttachmentKind::LoginProfile, _) => {
            named(account, op, Some(user)).next().is_some()
        }
        Operation::Attach(user, AttachmentKind::MfaDevice, _)
        | Operation::Detach(user, AttachmentKind::MfaDevice, _)
        | Operation::UpdateUser(user, _)
        | Operation::ChangePassword(user) => exists(account, user),
        _ => false,
    };
    changes == visit.allowed.refusals().any(|rule| rule.claim.reason.passes())
}

fn gives_what_is_held(visit: &Visit<'_>) -> bool {
    let op = &visit.op;
    let Some(user) = op.user().filter(|user| exists(visit.before, *user)) else { return true };
    let held = || named(visit.before, op, Some(user)).next().is_some();
    let given = match op {
        Operation::GetUser(_) => true,
        Operation::List(_, kind) => kind.row().naming != Naming::Single || held(),
        Operation::Get(..) | Operation::SetStatus(..) | Operation::Renew(..) => held(),
        // Leaving a group that one is not in is carried out (B-GR-03).
        Operation::Detach(_, kind, _) => {
            let member = *kind == AttachmentKind::GroupMembership;
            held() || member && op.object().is_some_and(|object| there(visit.before, object))
        }
        _ => false,
    };
    !given || visit.must_be_done()
}

fn attaches_what_is_free(visit: &Visit<'_>) -> bool {
    let (account, op) = (visit.before, &visit.op);
    let (Some(user), Some(kind)) = (op.user(), op.kind()) else { return true };
    if !matches!(op, Operation::Attach(..) | Operation::Issue(..)) || !exists(account, user) {
        return true;
    }
    let device = kind.row().refers == Some(ResourceKind::Device);
    let taken = named(account, op, Some(user).filter(|_| !device)).next().is_some();
    // Putting, joining, attaching and tagging can be repeated (B-IP-02, B-GR-02, B-MP-08, B-TG-07);
    // whether that is so where the quota is used up is not known.
    let repeats = [
        AttachmentKind::InlinePolicy,
        AttachmentKind::GroupMembership,
        AttachmentKind::ManagedPolicy,
        AttachmentKind::Tag,
    ];
    let repeats = repeats.contains(&kind);
    let held = account.holdings().filter(|it| it.user == user && it.kind == kind).count();
    let refers = op.object().is_none_or(|object| there(account, object));
    let new = !matches!(op, Operation::Issue(.., IssueOptions::BodyOf(_)));
    let free = refers && new && held < most(kind) && (!taken || repeats);
    !free || visit.must_be_done()
}

/// Every sentence.
pub(crate) const PROGRESS: [(&str, TransitionProperty); 2] = [
    ("every user can be deleted by its plan, which leaves the others as they are", plan_works),
    ("no call brings the end of a user nearer than its plan says", plan_is_shortest),
];

/// Asked once for every user and state: where it is read.
fn plan_works(visit: &Visit<'_>) -> bool {
    let Operation::GetUser(user) = visit.op else { return true };
    if !exists(visit.before, user) {
        return true;
    }
    if carried_out(visit, &plan_with_devices(visit.before, user)).is_none() {
        return false;
    }
    let Some(account) = carried_out(visit, &plan(visit.before, user)) else { return false };
    let others = |it: &Account| it.holdings().filter(|held| held.user != user).collect::<Vec<_>>();
    !exists(&account, user)
        && others(&account) == others(visit.before)
        && account.objects().eq(visit.before.objects())
}

/// What is true after these calls, if each of them is carried out for certain.
fn carried_out(visit: &Visit<'_>, plan: &[Operation]) -> Option<Account> {
    plan.iter().try_fold(visit.before.clone(), |account, op| {
        let certain = visit.scope.allowed(&account, op).must_be_done();
        certain.then(|| visit.scope.next(&account, op))
    })
}

/// A plan is as long as a shortest way only if no single call is worth two of its steps.
fn plan_is_shortest(visit: &Visit<'_>) -> bool {
    let length = |account: &Account, user| plan(account, user).len();
    let called = |user| match visit.op {
        Operation::UpdateUser(renamed, change) if renamed == user => change.name.unwrap_or(user),
        _ => user,
    };
    !visit.must_be_done()
        || visit.before == visit.after
        || visit
            .before
            .users()
            .all(|user| length(visit.after, called(user)) + 1 >= length(visit.before, user))
}
