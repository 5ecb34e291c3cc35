//! Calls that are chosen one by one, by where the account is thought to be: so that a divergence
//! costs what it costs to mend the state, and no more. A script is what is asked whatever comes; a
//! course has aims.

use std::collections::BTreeMap;

use iamspec_model::kind::{Naming, SERVICES};
use iamspec_model::{Account, Class, Item, Kind, Object, Operation, Service, User};

use crate::neighbours::attach;

mod drain;
mod lattice;
mod pairs;
mod random;
mod rebuild;
mod tour;

pub use drain::Drain;
pub use lattice::Lattice;
pub use pairs::Pairs;
pub use random::Random;
pub use rebuild::rebuild;
pub use tour::Tour;

/// Whether the endpoint has what a call needs, for all that is known.
pub type Can<'a> = &'a dyn Fn(&Operation) -> bool;

/// Calls with an aim.
pub trait Course {
    /// A stable name, such as `lattice`.
    fn name(&self) -> &'static str;

    /// What it is for, in one sentence.
    fn idea(&self) -> &'static str;

    /// A name space of its own begins.
    fn begin(&mut self) {}

    /// The next call, where the account is thought to be so. None where nothing is left to be asked in
    /// this name space.
    fn next(&mut self, account: &Account, can: Can<'_>) -> Option<Operation>;

    /// Whether something is left to be asked, in a name space of its own. Asked before the first
    /// call, and where a name space was left.
    fn goes_on(&self) -> bool;
}

/// The user of a course that needs one only.
pub(crate) const USER: User = User(0);

/// A set of the nine kinds, one bit each in table order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kinds(pub u16);

impl Kinds {
    /// The kinds of which a user holds something.
    #[must_use]
    pub fn held(account: &Account, user: User) -> Self {
        let held = |kind: &Kind| account.held_of(user, *kind).next().is_some();
        Kind::blockers().filter(held).fold(Self::default(), Self::with)
    }

    /// Every set, small ones first; the next one of a size differs from the one before in two kinds.
    /// What takes a call more to attach, a device, changes least often.
    #[must_use]
    pub fn by_size() -> Vec<Self> {
        let mut kinds: Vec<Kind> = Kind::blockers().collect();
        kinds.sort_by_key(|kind| kind.row().refers == Some(Class::Device));
        let of_size = |size: usize| {
            let mut sets = revolving(&kinds, size);
            if !size.is_multiple_of(2) {
                sets.reverse();
            }
            sets
        };
        (0..=kinds.len()).flat_map(of_size).collect()
    }

    /// Whether the kind is in it.
    #[must_use]
    pub fn has(self, kind: Kind) -> bool {
        self.0 >> kind as u16 & 1 == 1
    }

    /// How many there are.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set and this kind.
    #[must_use]
    pub fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u16)
    }

    /// The set and not this kind.
    #[must_use]
    pub fn without(self, kind: Kind) -> Self {
        Self(self.0 & !(1 << kind as u16))
    }
}

/// The sets of so many of these kinds in revolving-door order: each differs from the next by one kind
/// that goes and one that comes.
fn revolving(kinds: &[Kind], size: usize) -> Vec<Kinds> {
    let Some((last, others)) = kinds.split_last() else {
        return if size == 0 { vec![Kinds::default()] } else { Vec::new() };
    };
    let with = if size == 0 { Vec::new() } else { revolving(others, size - 1) };
    let with = with.into_iter().rev().map(|it| it.with(*last));
    revolving(others, size).into_iter().chain(with).collect()
}

/// Symbols that were not used before, kind by kind: what the service names is called anew each time,
/// and a device is enabled once, for its codes serve once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fresh(BTreeMap<Kind, u32>);

impl Fresh {
    /// The call that attaches one of the kind: of what the caller names, the first that the user does
    /// not hold.
    pub(crate) fn attach(&mut self, account: &Account, user: User, kind: Kind) -> Operation {
        let free = || (0..u32::MAX).map(Item).find(|it| account.held(user, kind, *it).is_none());
        match kind.row().naming {
            Naming::Single => Operation::Attach(user, kind, Item(0)),
            Naming::Caller if kind.row().refers == Some(Class::Device) => {
                let next = self.0.entry(kind).or_default();
                let item = Item(*next);
                // One that is not there yet is made first, and asked for again.
                *next += u32::from(account.has(Object { class: Class::Device, item }));
                Operation::Attach(user, kind, item)
            }
            Naming::Caller => Operation::Attach(user, kind, free().unwrap_or_default()),
            Naming::Service => {
                let next = self.0.entry(kind).or_default();
                let item = Item(*next);
                *next += 1;
                let service = Service(u8::try_from(item.0 % u32::from(SERVICES)).unwrap_or(0));
                attach(user, kind, item, service)
            }
        }
    }

    /// The next call on the way to where the user exists and holds these kinds, one item each; none
    /// where it does.
    pub(crate) fn towards(
        &mut self,
        account: &Account,
        user: User,
        kinds: Kinds,
        can: Can<'_>,
    ) -> Option<Operation> {
        if !account.has_user(user) {
            return Some(Operation::create_user(user));
        }
        let too_much =
            account.held_by(user).find(|it| it.kind.row().blocks.is_some() && !kinds.has(it.kind));
        if let Some(it) = too_much {
            return Some(Operation::Detach(user, it.kind, it.item));
        }
        let lacking = |kind: &Kind| account.held_of(user, *kind).next().is_none();
        let lacking = Kind::blockers().filter(|it| kinds.has(*it)).find(lacking)?;
        let attach = self.attach(account, user, lacking);
        Some(first_its_object(account, attach)).filter(can)
    }
}

/// The call itself, or the one that makes what it refers to.
pub(crate) fn first_its_object(account: &Account, op: Operation) -> Operation {
    let missing = op.object().filter(|it| !account.has(*it));
    missing.map_or(op, Operation::Create)
}

/// Whether everything of these kinds can be attached, for all that is known.
pub(crate) fn can_hold(kinds: Kinds, can: Can<'_>) -> bool {
    let attach = |kind: Kind| Fresh::default().attach(&Account::default(), USER, kind);
    Kind::blockers().filter(|it| kinds.has(*it)).all(|kind| {
        let attach = attach(kind);
        can(&attach) && attach.object().is_none_or(|object| can(&Operation::Create(object)))
    })
}
