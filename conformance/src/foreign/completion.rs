//! The accounts that agree with what is known, as far as one call can tell them apart.
//!
//! What is not known and what the call may depend on is a question with two answers. Of what exists every combination is
//! looked at; of what may be held besides, every one and every two: a refusal names one thing that stands in the way, so
//! that more of them explain no answer that fewer do not.

use iamspec_model::kind::Naming;
use iamspec_model::{
    Account, Change, Class, Item, Kind, Object, Operation, Service, Status, User, Verb, apply,
};

use super::{Asked, Event, known};
use crate::neighbours::attach;

pub(super) const USER: User = User(0);
const NEW: User = User(1);
const OTHER: User = User(2);
/// An item that nobody has named.
const STRANGER: Item = Item(999);

/// What the call names, and what is known of it.
pub(super) struct About<'a> {
    pub(super) event: &'a Event,
    pub(super) user: Option<&'a known::User>,
    /// The user that has the new name.
    pub(super) new: Option<&'a known::User>,
    pub(super) thing: Option<&'a known::Thing>,
}

/// Something that may be so or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    UserExists,
    NewExists,
    ThingExists,
    /// The user holds the item that is named.
    Held,
    /// It holds something else of the kind.
    More(Kind),
    /// Somebody else holds what is named.
    HeldByOther,
}

/// One account that agrees with what is known, and what is so in it of what is not.
pub(super) struct Completion {
    pub(super) account: Account,
    pub(super) so: Vec<Open>,
}

impl About<'_> {
    /// The call in symbols: the user is the first, and what is named the first of its kind that is not held
    /// otherwise.
    pub(super) fn operation(&self) -> Operation {
        let item = self.item();
        match self.event.asked {
            Asked::CreateUser => Operation::create_user(USER),
            Asked::GetUser => Operation::GetUser(USER),
            Asked::UpdateUser => {
                let name = self.event.other.as_ref().map(|_| NEW);
                Operation::UpdateUser(USER, Change { name, path: None })
            }
            Asked::DeleteUser => Operation::DeleteUser(USER),
            Asked::Kind(kind, verb) => match verb {
                Verb::Attach => attach(USER, kind, item, Service(0)),
                Verb::List => Operation::List(USER, kind),
                Verb::Get => Operation::Get(USER, kind, item),
                Verb::SetStatus => Operation::SetStatus(USER, kind, item, Status::Active),
                Verb::Renew => Operation::Renew(USER, kind, item),
                Verb::Detach => Operation::Detach(USER, kind, item),
            },
            Asked::Rename(class) => Operation::Rename(Object { class, item }, None),
            Asked::Create(class) => Operation::Create(Object { class, item }),
            Asked::Delete(class) => Operation::Delete(Object { class, item }),
        }
    }

    /// The symbol of what is named.
    fn item(&self) -> Item {
        let single =
            matches!(self.event.asked, Asked::Kind(kind, _) if kind.row().naming == Naming::Single);
        if single { Item(0) } else { Item(500) }
    }

    fn attaches(&self, kind: Kind) -> bool {
        self.event.asked == Asked::Kind(kind, Verb::Attach)
    }

    fn class(&self) -> Option<Class> {
        match self.event.asked {
            Asked::Create(class) | Asked::Delete(class) => Some(class),
            Asked::Kind(kind, Verb::Attach | Verb::Detach | Verb::Renew) => kind.row().refers,
            _ => None,
        }
    }

    /// What is not known and may matter.
    fn open(&self) -> (Vec<Open>, Vec<Open>) {
        let (mut exist, mut held) = (Vec::new(), Vec::new());
        let name = self.event.named();
        if let Some(user) = self.user {
            exist.extend(user.exists.is_none().then_some(Open::UserExists));
            if let Asked::Kind(kind, verb) = self.event.asked
                && (verb != Verb::List || kind.row().naming == Naming::Single)
                && user.holds(kind, name).is_none()
            {
                held.push(Open::Held);
            }
            if self.event.asked == Asked::DeleteUser && !user.whole {
                held.extend(Kind::blockers().map(Open::More));
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
    pub(super) fn completions(&self) -> Vec<Completion> {
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
                apply(&mut account, &Operation::Create(Object { class, item: self.item() }));
            }
            let kind = Kind::blockers().find(|kind| kind.row().refers == Some(class))?;
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
        let named = |kind: Kind, name: &str| {
            matches!(self.event.asked, Asked::Kind(asked, _) if asked == kind)
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
                (Open::Held, Asked::Kind(kind, _)) => {
                    let there = kind.row().refers.is_none_or(|class| {
                        account.has(Object { class, item: self.item() }) || self.thing.is_none()
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
fn hold(account: &mut Account, kind: Kind, item: Item) {
    if let Some(class) = kind.row().refers {
        apply(account, &Operation::Create(Object { class, item }));
    }
    apply(account, &attach(USER, kind, item, Service(0)));
}
