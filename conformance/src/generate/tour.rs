//! Every call in every state.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{Account, AttachmentKind, Item, Operation};

use crate::generate::kind_set::{Fresh, KindSet, USER, can_hold, first_its_object};
use crate::generate::{CanHold, Generator};

/// Where a tour is: whether the user exists, and which kinds it holds.
type Place = Option<KindSet>;

/// What a tour asks of one kind, or of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ask {
    Get,
    List(AttachmentKind),
    Detach(AttachmentKind),
    Create,
    Attach(AttachmentKind),
    Delete,
}

/// Create, get and delete of the user and attach, list and detach of the nine kinds, in each of the
/// 513 states in which a user is absent or holds one of each kind or none.
#[derive(Clone, Debug)]
pub struct Tour {
    open: BTreeMap<Place, BTreeSet<Ask>>,
    fresh: Fresh,
}

impl Default for Tour {
    fn default() -> Self {
        let sets = KindSet::by_size().into_iter().map(Some);
        let open = [None].into_iter().chain(sets).map(|place| (place, asks().collect()));
        Self { open: open.collect(), fresh: Fresh::default() }
    }
}

fn asks() -> impl Iterator<Item = Ask> {
    let of = |kind| [Ask::List(kind), Ask::Detach(kind), Ask::Attach(kind)];
    [Ask::Get, Ask::Create, Ask::Delete].into_iter().chain(AttachmentKind::blockers().flat_map(of))
}

fn place(account: &Account) -> Place {
    account.has_user(USER).then(|| KindSet::held(account, USER))
}

/// Where a call leads.
fn leads(place: Place, ask: Ask) -> Place {
    match (place, ask) {
        (None, Ask::Create) => Some(KindSet::default()),
        (Some(held), Ask::Delete) if held.is_empty() => None,
        (Some(held), Ask::Attach(kind)) => Some(held.with(kind)),
        (Some(held), Ask::Detach(kind)) => Some(held.without(kind)),
        (place, _) => place,
    }
}

impl Tour {
    fn operation(&mut self, account: &Account, ask: Ask) -> Operation {
        match ask {
            Ask::Get => Operation::GetUser(USER),
            Ask::Create => Operation::create_user(USER),
            Ask::Delete => Operation::DeleteUser(USER),
            Ask::List(kind) => Operation::List(USER, kind),
            Ask::Detach(kind) => {
                let held = account.held_of(USER, kind).next().map(|it| it.item);
                Operation::Detach(USER, kind, held.unwrap_or_default())
            }
            Ask::Attach(kind) => {
                let held = account.held_of(USER, kind).next().map(|it| it.item);
                match held.filter(|_| kind.row().naming != Naming::Service) {
                    Some(item) => Operation::Attach(USER, kind, item),
                    None => self.fresh.attach(account, USER, kind),
                }
            }
        }
    }

    /// The shortest way to where something is left to be asked; what is left here comes first, and of
    /// it what leads nowhere.
    fn way(&self, from: Place, can: CanHold<'_>) -> Option<Ask> {
        let left = |at: &Place| self.open.get(at).filter(|asks| !asks.is_empty());
        if let Some(asks) = left(&from) {
            let stays = asks.iter().find(|ask| leads(from, **ask) == from);
            return stays.or(asks.iter().next_back()).copied();
        }
        let mut seen: BTreeSet<Place> = [from].into();
        let mut next: VecDeque<(Place, Option<Ask>)> = [(from, None)].into();
        while let Some((at, first)) = next.pop_front() {
            if left(&at).is_some() {
                return first;
            }
            for ask in asks().filter(|ask| possible(*ask, can)) {
                let to = leads(at, ask);
                if seen.insert(to) {
                    next.push_back((to, first.or(Some(ask))));
                }
            }
        }
        None
    }

    /// What the endpoint lacks is not asked, and no way leads through it.
    fn give_up(&mut self, can: CanHold<'_>) {
        self.open.retain(|place, _| place.is_none_or(|held| can_hold(held, can)));
        for asks in self.open.values_mut() {
            asks.retain(|ask| possible(*ask, can));
        }
    }
}

fn possible(ask: Ask, can: CanHold<'_>) -> bool {
    match ask {
        Ask::Get => can(&Operation::GetUser(USER)),
        Ask::Create => can(&Operation::create_user(USER)),
        Ask::Delete => can(&Operation::DeleteUser(USER)),
        Ask::Attach(kind) => can_hold(KindSet::default().with(kind), can),
        Ask::List(kind) => can(&Operation::List(USER, kind)),
        Ask::Detach(kind) => can(&Operation::Detach(USER, kind, Item(0))),
    }
}

impl Generator for Tour {
    fn name(&self) -> &'static str {
        "tour"
    }

    fn idea(&self) -> &'static str {
        "every call about a user and its attachments, in every state with one of each kind or none"
    }

    fn next(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        let here = place(account);
        let ask = self.way(here, can).filter(|ask| possible(*ask, can));
        let Some(ask) = ask else {
            self.give_up(can);
            let ask = self.way(here, can)?;
            return Some(self.ask(account, here, ask));
        };
        Some(self.ask(account, here, ask))
    }

    fn goes_on(&self) -> bool {
        self.open.values().any(|asks| !asks.is_empty())
    }
}

impl Tour {
    fn ask(&mut self, account: &Account, here: Place, ask: Ask) -> Operation {
        let op = self.operation(account, ask);
        let first = first_its_object(account, op);
        if first == op
            && let Some(asks) = self.open.get_mut(&here)
        {
            asks.remove(&ask);
        }
        first
    }
}
