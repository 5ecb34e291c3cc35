//! What is known of a user and of what can be attached to it.
//!
//! The accounts that agree with what is known, as far as one call can tell them apart.
//!
//! What is not known and what the call may depend on is a question with two answers. Of what exists every combination is
//! looked at; of what may be held besides, every one and every two: a refusal names one thing that stands in the way, so
//! that more of them explain no answer that fewer do not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentAction, AttachmentKind, Item, Operation, Resource, ResourceKind, Service,
    Status, User, UserChange, apply,
};

use crate::audit::{AuditEvent, AuditOperation};
use crate::script::isolation::attach;

/// So many events are kept that taught what is known.
const TAUGHT_MAX: usize = 6;

/// What is known of a user.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownUser {
    pub(crate) exists: Option<bool>,
    /// Whether it holds nothing but what is known: it was made within the history.
    pub(crate) whole: bool,
    /// What it holds, and what it does not.
    pub(crate) held: BTreeMap<(AttachmentKind, String), bool>,
    /// What it may hold inactive: nobody has seen how it was attached, or its status was changed.
    pub(crate) perhaps_inactive: BTreeSet<(AttachmentKind, String)>,
    /// When it was last changed, and what of it within that second; nothing stands for the user itself.
    pub(crate) changed: Option<i64>,
    pub(crate) touched: Vec<Option<(AttachmentKind, String)>>,
    /// The last events about it.
    pub(crate) taught: VecDeque<String>,
}

/// What is known of a group, a policy or a device.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownResource {
    pub(crate) exists: Option<bool>,
    /// Whether nobody holds it but those who are known to.
    pub(crate) whole: bool,
    /// The users that hold it.
    pub(crate) holders: BTreeSet<String>,
    pub(crate) changed: Option<i64>,
    pub(crate) taught: VecDeque<String>,
}

impl KnownUser {
    /// Of one that was just made everything is known.
    pub(crate) fn made(&mut self) {
        (self.exists, self.whole) = (Some(true), true);
        self.held.clear();
    }

    /// Of one that is gone nothing is to be known but that, and by which event.
    pub(crate) fn is_gone(&mut self) {
        self.taught.drain(..self.taught.len().saturating_sub(1));
        self.taught.shrink_to_fit();
        (self.exists, self.whole) = (Some(false), true);
        self.held.clear();
    }

    /// Nothing is known any more.
    pub(crate) fn forget(&mut self) {
        let (taught, touched) =
            (std::mem::take(&mut self.taught), std::mem::take(&mut self.touched));
        *self = Self { taught, touched, changed: self.changed, ..Self::default() };
    }

    /// Whether it holds the item, where that is known.
    pub(crate) fn holds(&self, kind: AttachmentKind, item: &str) -> Option<bool> {
        if let Some(known) = self.held.get(&(kind, item.to_owned())) {
            return Some(*known);
        }
        // Whether names that differ in case alone are the same is not known of all kinds.
        let alike =
            |(of, name): &&(AttachmentKind, String)| *of == kind && name.eq_ignore_ascii_case(item);
        let alike = self.held.keys().any(|it| alike(&it));
        (!alike && (self.whole || self.exists == Some(false))).then_some(false)
    }

    /// Takes note of when it was changed. Times are in seconds: in which order things were done within one is
    /// not known, so that what depends on it is forgotten.
    pub(crate) fn was_changed(&mut self, event: &AuditEvent) {
        let what = match event.asked {
            AuditOperation::Kind(kind, _) => Some((kind, event.named().to_owned())),
            _ => None,
        };
        if self.changed != Some(event.at) {
            self.touched.clear();
        }
        let both = self.touched.contains(&what);
        let whole = what.is_none() || self.touched.contains(&None);
        if both || whole && !self.touched.is_empty() {
            self.forget();
        }
        self.changed = Some(event.at);
        self.touched.push(what);
    }
}

/// Keeps an event as one that taught something.
pub(crate) fn note(taught: &mut VecDeque<String>, event: String) {
    if taught.len() == TAUGHT_MAX {
        taught.pop_front();
    }
    taught.push_back(event);
}

pub(crate) const USER: User = User(0);
const NEW: User = User(1);
const OTHER: User = User(2);
/// An item that nobody has named.
const STRANGER: Item = Item(999);

/// What the call names, and what is known of it.
pub(crate) struct About<'a> {
    pub(crate) event: &'a AuditEvent,
    pub(crate) user: Option<&'a KnownUser>,
    /// The user that has the new name.
    pub(crate) new: Option<&'a KnownUser>,
    pub(crate) thing: Option<&'a KnownResource>,
}

/// Something that may be so or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    UserExists,
    NewExists,
    ThingExists,
    /// The user holds the item that is named.
    Held,
    /// It holds something else of the kind.
    More(AttachmentKind),
    /// Somebody else holds what is named.
    HeldByOther,
}

/// One account that agrees with what is known, and what is so in it of what is not.
pub(crate) struct Completion {
    pub(crate) account: Account,
    pub(crate) so: Vec<Open>,
}

impl About<'_> {
    /// The call in symbols: the user is the first, and what is named the first of its kind that is not held
    /// otherwise.
    pub(crate) fn operation(&self) -> Operation {
        let item = self.item();
        match self.event.asked {
            AuditOperation::CreateUser => Operation::create_user(USER),
            AuditOperation::GetUser => Operation::GetUser(USER),
            AuditOperation::UpdateUser => {
                let name = self.event.other.as_ref().map(|_| NEW);
                Operation::UpdateUser(USER, UserChange { name, path: None })
            }
            AuditOperation::DeleteUser => Operation::DeleteUser(USER),
            AuditOperation::Kind(kind, verb) => match verb {
                AttachmentAction::Attach => attach(USER, kind, item, Service(0)),
                AttachmentAction::List => Operation::List(USER, kind),
                AttachmentAction::Get => Operation::Get(USER, kind, item),
                AttachmentAction::SetStatus => {
                    Operation::SetStatus(USER, kind, item, Status::Active)
                }
                AttachmentAction::Renew => Operation::Renew(USER, kind, item),
                AttachmentAction::Detach => Operation::Detach(USER, kind, item),
            },
            AuditOperation::Rename(class) => Operation::Rename(Resource { class, item }, None),
            AuditOperation::Create(class) => Operation::Create(Resource { class, item }),
            AuditOperation::Delete(class) => Operation::Delete(Resource { class, item }),
        }
    }

    /// The symbol of what is named.
    fn item(&self) -> Item {
        let single = matches!(self.event.asked, AuditOperation::Kind(kind, _) if kind.row().naming == Naming::Single);
        if single { Item(0) } else { Item(500) }
    }

    fn attaches(&self, kind: AttachmentKind) -> bool {
        self.event.asked == AuditOperation::Kind(kind, AttachmentAction::Attach)
    }

    fn class(&self) -> Option<ResourceKind> {
        match self.event.asked {
            AuditOperation::Create(class) | AuditOperation::Delete(class) => Some(class),
            AuditOperation::Kind(
                kind,
                AttachmentAction::Attach | AttachmentAction::Detach | AttachmentAction::Renew,
            ) => kind.row().refers,
            _ => None,
        }
    }

    /// What is not known and may matter.
    fn open(&self) -> (Vec<Open>, Vec<Open>) {
        let (mut exist, mut held) = (Vec::new(), Vec::new());
        let name = self.event.named();
        if let Some(user) = self.user {
            exist.extend(user.exists.is_none().then_some(Open::UserExists));
            if let AuditOperation::Kind(kind, verb) = self.event.asked
                && (verb != AttachmentAction::List || kind.row().naming == Naming::Single)
                && user.holds(kind, name).is_none()
            {
                held.push(Open::Held);
            }
            if self.event.asked == AuditOperation::DeleteUser && !user.whole {
                held.extend(AttachmentKind::blockers().map(Open::More));
            }
        }
        exist.extend(self.new.filter(|it| it.exists.is_none()).map(|_| Open::NewExists));
        if let Some(thing) = self.thing {
            exist.extend(thing.exists.is_none().then_some(Open::ThingExists));
            held.extend((!thing.whole).then_some(Open::HeldByOther));
        }
        (exist, held)
    }

    /// Every account that can be told apart.
    pub(crate) fn completions(&self) -> Vec<Completion> {
        let (exist, held) = self.open();
        let mut few: Vec<Vec<Open>> = vec![Vec::new()];
        for (place, one) in held.iter().enumerate() {
            few.push(vec![*one]);
            few.extend(held.iter().skip(place + 1).map(|other| vec![*one, *other]));
        }
        let subsets = (0..1_usize << exist.len()).map(|bits| {
            let there = exist.iter().enumerate().filter(move |(place, _)| bits >> place & 1 == 1);
            there.map(|(_, it)| *it).collect::<Vec<_>>()
        });
        let all = subsets.flat_map(|exist| {
            few.iter().map(move |held| exist.iter().chain(held).copied().collect::<Vec<_>>())
        });
        all.filter_map(|so| Some(Completion { account: self.account(&so)?, so })).collect()
    }

    /// The account in which this is so; nothing where it contradicts itself: who does not exist holds
    /// nothing, and what does not exist is held by nobody.
    fn account(&self, so: &[Open]) -> Option<Account> {
        let is = |known: Option<bool>, open: Open| known.unwrap_or(so.contains(&open));
        let mut account = Account::default();
        if let Some(thing) = self.thing {
            let exists = is(thing.exists, Open::ThingExists);
            let held = so.contains(&Open::HeldByOther) || !thing.holders.is_empty();
            if held && !exists {
                return None;
            }
            let class = self.class()?;
            if exists {
                apply(&mut account, &Operation::Create(Resource { class, item: self.item() }));
            }
            let kind = AttachmentKind::blockers().find(|kind| kind.row().refers == Some(class))?;
            let owner = self.event.user.as_ref();
            let others = thing.holders.iter().any(|it| Some(it) != owner);
            if others || so.contains(&Open::HeldByOther) {
                apply(&mut account, &Operation::create_user(OTHER));
                apply(&mut account, &attach(OTHER, kind, self.item(), Service(0)));
            }
        }
        if self.new.is_some_and(|it| is(it.exists, Open::NewExists)) {
            apply(&mut account, &Operation::create_user(NEW));
        }
        self.with_user(&mut account, so, is(self.user.and_then(|it| it.exists), Open::UserExists))
            .then_some(account)
    }

    /// Adds the user and what it holds; whether that can be.
    fn with_user(&self, account: &mut Account, so: &[Open], exists: bool) -> bool {
        let Some(user) = self.user else { return true };
        let holds = |it: &Open| matches!(it, Open::Held | Open::More(_));
        if !exists {
            return !so.iter().any(holds);
        }
        apply(account, &Operation::create_user(USER));
        let named = |kind: AttachmentKind, name: &str| {
            matches!(self.event.asked, AuditOperation::Kind(asked, _) if asked == kind)
                && self.event.named() == name
        };
        let known = user.held.iter().filter(|(_, held)| **held);
        for (place, (it @ (kind, name), _)) in known.enumerate() {
            // How much fits depends on the service, which no event names.
            if kind.row().services && !named(*kind, name) && self.attaches(*kind) {
                continue;
            }
            let place = Item(u32::try_from(place).unwrap_or(0));
            let item = match (named(*kind, name), kind.row().naming) {
                (true, _) => self.item(),
                (false, Naming::Single) => Item(0),
                (false, _) => place,
            };
            hold(account, *kind, item);
            if user.perhaps_inactive.contains(it) {
                apply(account, &Operation::SetStatus(USER, *kind, item, Status::Inactive));
            }
        }
        self.with_more(account, so)
    }

    /// Adds what may be held besides; whether that can be.
    fn with_more(&self, account: &mut Account, so: &[Open]) -> bool {
        for open in so {
            match (open, self.event.asked) {
                (Open::Held, AuditOperation::Kind(kind, _)) => {
                    let there = kind.row().refers.is_none_or(|class| {
                        account.has(Resource { class, item: self.item() }) || self.thing.is_none()
                    });
                    if !there {
                        return false;
                    }
                    hold(account, kind, self.item());
                }
                (Open::More(kind), _) => {
                    let single = kind.row().naming == Naming::Single;
                    hold(account, *kind, if single { Item(0) } else { STRANGER });
                }
                _ => {}
            }
        }
        true
    }
}

/// The user holds it, and what it refers to exists.
fn hold(account: &mut Account, kind: AttachmentKind, item: Item) {
    if let Some(class) = kind.row().refers {
        apply(account, &Operation::Create(Resource { class, item }));
    }
    apply(account, &attach(USER, kind, item, Service(0)));
}
