//! Why a call is answered as it is: predicates on the state.

use crate::ids::{IssueOptions, UserChange};
use crate::operation::Operation;
use crate::state::{Account, SubResourceEntry};
use crate::tables::attachments::{AttachmentKind, Naming, Status};
use crate::tables::resources::{Resource, ResourceKind};
use crate::tables::sub_resources::SubResource;
use crate::tables::validation::InputError;

/// Why a call is answered as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// None of the other reasons applies.
    Unhindered,
    /// This member is not as it should be, or another than one might expect.
    Flawed(&'static str, InputError),
    /// The user is there already.
    UserExists,
    /// There is no such user.
    NoSuchUser,
    /// The account holds as many users, or objects of the class, as its quota allows.
    AccountFull,
    /// The object is there already.
    ObjectExists,
    /// There is no such group, policy or device.
    NoSuchObject,
    /// There is no such device, so that no code for it can be right.
    NoRightCodes,
    /// The name that is asked for is another's.
    NameTaken,
    /// The name that is asked for is the one it has, or nothing is asked for.
    SameName,
    /// A user or a group holds the object.
    InUse,
    /// The policy is the permissions boundary of a user.
    IsBoundary,
    /// The user has no permissions boundary.
    NoBoundary,
    /// The object has a part of this sort; of versions, one beside the first.
    HasParts(SubResource),
    /// The object has this very part.
    AlreadyPart,
    /// The object has no such part.
    NotPart,
    /// There is no such policy, or no such version of it.
    NoSuchVersion,
    /// The policy that the group is to have does not exist.
    NoSuchPolicy,
    /// The version is the one in force.
    IsDefault,
    /// The object has as many parts of the sort as its quota allows.
    PartsFull,
    /// The user holds this very item.
    AlreadyHeld,
    /// Only another user holds the item.
    HeldByAnother,
    /// The body is that of an item that somebody holds.
    SameBody,
    /// The user holds as much of the kind as the quota allows.
    QuotaReached,
    /// Nobody holds the item, or, where it is an object, this user does not.
    NotHeld,
    /// The user holds the item, which may have been made a moment ago. Time is not modelled: this
    /// applies for as long as it is held.
    BeingMade,
    /// The user exists, and something about it may have been changed a moment ago. Time is not
    /// modelled: this applies for as long as it exists.
    BeingChanged,
    /// The user holds an active item of the kind, or any where the kind knows no status.
    Holds(AttachmentKind),
    /// The user holds inactive items of the kind, and no active one.
    HoldsInactive(AttachmentKind),
}

impl Condition {
    /// Whether it applies to `op` in `account`.
    #[must_use]
    pub fn applies(self, account: &Account, op: &Operation) -> bool {
        match self {
            Self::Unhindered => true,
            Self::Flawed(member, defect) => is_flawed(account, op, member, defect),
            Self::UserExists => op.user().is_some_and(|user| account.has_user(user)),
            Self::NoSuchUser => op.user().is_some_and(|user| !account.has_user(user)),
            Self::AccountFull => account.is_full(op),
            Self::ObjectExists => op.object().is_some_and(|object| account.has(object)),
            // What refers to an object that is gone was left by an endpoint that diverged before;
            // of such a state nothing is known.
            Self::NoSuchObject | Self::NoRightCodes => {
                let gone = op.object().is_some_and(|object| !account.has(object));
                gone && Holder::of(account, op) != Holder::User
            }
            Self::NameTaken => new_name(account, op) == Some(true),
            Self::SameName => is_same_name(op),
            Self::InUse => op.object().is_some_and(|object| account.is_used(object)),
            Self::IsBoundary => op.object().is_some_and(|object| account.is_boundary(object)),
            Self::NoBoundary => has_no_boundary(account, op),
            Self::HasParts(part) => has_parts(account, op, part),
            Self::AlreadyPart => piece(account, op).is_some(),
            Self::NotPart | Self::NoSuchVersion => is_missing(account, op, self),
            Self::NoSuchPolicy => op.referred().is_some_and(|object| !account.has(object)),
            Self::IsDefault => piece(account, op).is_some_and(|it| it.default),
            Self::PartsFull => parts_full(account, op),
            Self::AlreadyHeld | Self::BeingMade => Holder::of(account, op) == Holder::User,
            Self::HeldByAnother => Holder::of(account, op) == Holder::Another,
            Self::NotHeld => not_held(account, op),
            Self::BeingChanged => op.user().is_some_and(|user| account.has_user(user)),
            Self::SameBody => same_body_held(account, op),
            Self::QuotaReached => quota_reached(account, op),
            Self::Holds(kind) => statuses(account, op, kind).any(|it| it == Status::Active),
            Self::HoldsInactive(kind) => {
                let mut held = statuses(account, op, kind).peekable();
                held.peek().is_some() && held.all(|it| it == Status::Inactive)
            }
        }
    }

    /// Whether it passes by itself, after a time that nobody knows.
    #[must_use]
    pub const fn passes(self) -> bool {
        matches!(self, Self::BeingMade | Self::BeingChanged)
    }

    /// The second half of a rule's id.
    #[must_use]
    pub fn slug(self) -> String {
        let words = match self {
            Self::Unhindered => "carried-out",
            Self::Flawed(member, defect) => return format!("{}-{}", kebab(member), defect.name()),
            Self::UserExists => "user-exists",
            Self::NoSuchUser => "no-such-user",
            Self::AccountFull => "account-full",
            Self::ObjectExists => "already-exists",
            Self::NoSuchObject => "no-such-object",
            Self::NoRightCodes => "no-right-codes",
            Self::NameTaken => "name-taken",
            Self::SameName => "same-name",
            Self::InUse => "in-use",
            Self::IsBoundary => "is-boundary",
            Self::NoBoundary => "no-boundary",
            Self::HasParts(part) => return format!("has-{}", part.row().name),
            Self::AlreadyPart => "already-there",
            Self::NotPart => "not-there",
            Self::NoSuchVersion => "no-such-version",
            Self::NoSuchPolicy => "no-such-policy",
            Self::IsDefault => "is-default",
            Self::PartsFull => "quota-of-parts-reached",
            Self::AlreadyHeld => "already-held",
            Self::HeldByAnother => "held-by-another",
            Self::SameBody => "same-body",
            Self::QuotaReached => "quota-reached",
            Self::NotHeld => "not-held",
            Self::BeingMade => "being-made",
            Self::BeingChanged => "being-changed",
            Self::Holds(kind) => return format!("holds-{}", kind.row().name),
            Self::HoldsInactive(kind) => return format!("holds-inactive-{}", kind.row().name),
        };
        words.to_owned()
    }
}

fn is_flawed(account: &Account, op: &Operation, member: &str, defect: InputError) -> bool {
    let Operation::Flawed(user, flaw) = *op else { return false };
    let row = flaw.row();
    (row.member, row.defect) == (member, defect) && row.applies(account, user)
}

/// `NewUserName` as `new-user-name`, `SSHPublicKeyBody` as `ssh-public-key-body`.
fn kebab(member: &str) -> String {
    let letters: Vec<char> = member.chars().collect();
    let mut words = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let next = letters.get(place + 1).is_some_and(char::is_ascii_lowercase);
        let before = place.checked_sub(1).and_then(|it| letters.get(it));
        let begins =
            letter.is_ascii_uppercase() && before.is_some_and(|it| it.is_ascii_lowercase() || next);
        words.extend(begins.then_some('-').into_iter().chain([letter.to_ascii_lowercase()]));
    }
    words
}

/// Who holds the item that an operation names.
#[derive(PartialEq, Eq)]
enum Holder {
    User,
    Another,
    Nobody,
}

impl Holder {
    fn of(account: &Account, op: &Operation) -> Self {
        let (Some(user), Some(kind)) = (op.user(), op.kind()) else { return Self::Nobody };
        let item = op.item().unwrap_or_default();
        if account.held(user, kind, item).is_some() {
            return Self::User;
        }
        let shared =
            kind.row().naming == Naming::Service || kind.row().refers == Some(ResourceKind::Device);
        if shared && account.holders(kind, item).next().is_some() {
            Self::Another
        } else {
            Self::Nobody
        }
    }
}

/// Whether the new name is another's; nothing where no other name is asked for.
fn new_name(account: &Account, op: &Operation) -> Option<bool> {
    match op.sound() {
        Operation::UpdateUser(user, change) => {
            change.name.filter(|name| *name != user).map(|name| account.has_user(name))
        }
        Operation::Rename(Resource { class, item }, name) => {
            name.filter(|name| *name != item).map(|item| account.has(Resource { class, item }))
        }
        _ => None,
    }
}

fn is_same_name(op: &Operation) -> bool {
    match op.sound() {
        Operation::UpdateUser(user, change) => {
            change.name == Some(user) || change == UserChange::default()
        }
        Operation::Rename(object, name) => name == Some(object.item),
        _ => false,
    }
}

/// The version that a policy begins with does not count.
fn has_parts(account: &Account, op: &Operation, part: SubResource) -> bool {
    let first = usize::from(part == SubResource::Version);
    op.object().is_some_and(|object| account.parts(object, part).count() > first)
}

/// The part that the call names, if it is there.
fn piece(account: &Account, op: &Operation) -> Option<SubResourceEntry> {
    let ((object, part), item) = (op.part()?, op.piece()?);
    account.parts(object, part).find(|it| it.item == item)
}

/// A part of an object that is not there is `NoSuchObject` and not also missing, but where both are
/// said in one way, as of a version (C-019); a policy that is not there is `NoSuchPolicy`.
fn is_missing(account: &Account, op: &Operation, reason: Condition) -> bool {
    let there = op.object().is_some_and(|object| account.has(object))
        && op.referred().is_none_or(|object| account.has(object));
    op.piece().is_some()
        && piece(account, op).is_none()
        && (there || reason == Condition::NoSuchVersion)
}

fn has_no_boundary(account: &Account, op: &Operation) -> bool {
    op.user().is_some_and(|user| account.has_user(user) && account.boundary(user).is_none())
}

fn parts_full(account: &Account, op: &Operation) -> bool {
    let Some((object, part)) = op.part() else { return false };
    let replaced = part != SubResource::Version && piece(account, op).is_some();
    !replaced && account.parts(object, part).count() as u64 >= part.row().max
}

/// An object that is not there is `NoSuchObject`, and not also not held.
fn not_held(account: &Account, op: &Operation) -> bool {
    if let (Operation::LastUsed(key), Some(kind)) = (*op, op.kind()) {
        return account.holders(kind, key).next().is_none();
    }
    let there = op.object().is_none_or(|object| account.has(object));
    there && Holder::of(account, op) == Holder::Nobody
}

fn same_body_held(account: &Account, op: &Operation) -> bool {
    match *op {
        Operation::Issue(_, kind, _, IssueOptions::BodyOf(other)) => {
            account.holders(kind, other).next().is_some()
        }
        _ => false,
    }
}

fn quota_reached(account: &Account, op: &Operation) -> bool {
    let (Some(user), Some(kind)) = (op.user(), op.kind()) else { return false };
    let quota = kind.row().quota;
    let held = account.held_of(user, kind).filter(|held| match op {
        Operation::Issue(.., IssueOptions::Service(service)) => held.service == *service,
        _ => true,
    });
    // A device that is enabled again, if it can be, is not one more.
    let replaced = account.held(user, kind, op.item().unwrap_or_default()).is_some()
        && kind.row().naming == Naming::Caller
        && matches!(kind.row().refers, None | Some(ResourceKind::Device));
    (held.count() as u64 + u64::from(!replaced)) * quota.each > account.quota(kind)
}

fn statuses(
    account: &Account,
    op: &Operation,
    kind: AttachmentKind,
) -> impl Iterator<Item = Status> {
    op.user().into_iter().flat_map(move |user| account.held_of(user, kind)).map(|held| held.status)
}
