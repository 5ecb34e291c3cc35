//! Calls that are chosen one by one, by where the account is thought to be: so that a divergence
//! costs what it costs to mend the state, and no more. A script is what is asked whatever comes; a
//! course has aims.
//!
//! The suites that are generated, by name.
//!
//! Chance that can be had again: the same seed gives the same choices.

pub mod drain;
pub mod lattice_pairs;
pub mod random;
pub mod tour;

use std::collections::BTreeMap;

use iamspec_model::tables::attachments::{Naming, SERVICES};
use iamspec_model::{
    Account, AttachmentKind, Item, Operation, Resource, ResourceKind, Service, User,
};

use crate::generate::drain::Drain;
use crate::generate::lattice_pairs::{Lattice, Pairs};
use crate::generate::random::Random;
use crate::generate::tour::Tour;
use crate::runner::Suite;
use crate::runner::observe::ObserveMode;
use crate::script::isolation::attach;

/// Whether the endpoint has what a call needs, for all that is known.
pub type CanHold<'a> = &'a dyn Fn(&Operation) -> bool;

/// Calls with an aim.
pub trait Generator {
    /// A stable name, such as `lattice`.
    fn name(&self) -> &'static str;

    /// What it is for, in one sentence.
    fn idea(&self) -> &'static str;

    /// A name space of its own begins.
    fn begin(&mut self) {}

    /// The next call, where the account is thought to be so. None where nothing is left to be asked in
    /// this name space.
    fn next(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation>;

    /// Whether something is left to be asked, in a name space of its own. Asked before the first
    /// call, and where a name space was left.
    fn goes_on(&self) -> bool;
}

/// The user of a course that needs one only.
pub(crate) const USER: User = User(0);

/// A set of the nine kinds, one bit each in table order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KindSet(pub u16);

impl KindSet {
    /// The kinds of which a user holds something.
    #[must_use]
    pub fn held(account: &Account, user: User) -> Self {
        let held = |kind: &AttachmentKind| account.held_of(user, *kind).next().is_some();
        AttachmentKind::blockers().filter(held).fold(Self::default(), Self::with)
    }

    /// Every set, small ones first; the next one of a size differs from the one before in two kinds.
    /// What takes a call more to attach, a device, changes least often.
    #[must_use]
    pub fn by_size() -> Vec<Self> {
        let mut kinds: Vec<AttachmentKind> = AttachmentKind::blockers().collect();
        kinds.sort_by_key(|kind| kind.row().refers == Some(ResourceKind::Device));
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
    pub fn has(self, kind: AttachmentKind) -> bool {
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
    pub fn with(self, kind: AttachmentKind) -> Self {
        Self(self.0 | 1 << kind as u16)
    }

    /// The set and not this kind.
    #[must_use]
    pub fn without(self, kind: AttachmentKind) -> Self {
        Self(self.0 & !(1 << kind as u16))
    }
}

/// The sets of so many of these kinds in revolving-door order: each differs from the next by one kind
/// that goes and one that comes.
fn revolving(kinds: &[AttachmentKind], size: usize) -> Vec<KindSet> {
    let Some((last, others)) = kinds.split_last() else {
        return if size == 0 { vec![KindSet::default()] } else { Vec::new() };
    };
    let with = if size == 0 { Vec::new() } else { revolving(others, size - 1) };
    let with = with.into_iter().rev().map(|it| it.with(*last));
    revolving(others, size).into_iter().chain(with).collect()
}

/// Symbols that were not used before, kind by kind: what the service names is called anew each time,
/// and a device is enabled once, for its codes serve once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fresh(BTreeMap<AttachmentKind, u32>);

impl Fresh {
    /// The call that attaches one of the kind: of what the caller names, the first that the user does
    /// not hold.
    pub(crate) fn attach(
        &mut self,
        account: &Account,
        user: User,
        kind: AttachmentKind,
    ) -> Operation {
        let free = || (0..u32::MAX).map(Item).find(|it| account.held(user, kind, *it).is_none());
        match kind.row().naming {
            Naming::Single => Operation::Attach(user, kind, Item(0)),
            Naming::Caller if kind.row().refers == Some(ResourceKind::Device) => {
                let next = self.0.entry(kind).or_default();
                let item = Item(*next);
                // One that is not there yet is made first, and asked for again.
                *next += u32::from(account.has(Resource { class: ResourceKind::Device, item }));
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
        kinds: KindSet,
        can: CanHold<'_>,
    ) -> Option<Operation> {
        if !account.has_user(user) {
            return Some(Operation::create_user(user));
        }
        let too_much =
            account.held_by(user).find(|it| it.kind.row().blocks.is_some() && !kinds.has(it.kind));
        if let Some(it) = too_much {
            return Some(Operation::Detach(user, it.kind, it.item));
        }
        let lacking = |kind: &AttachmentKind| account.held_of(user, *kind).next().is_none();
        let lacking = AttachmentKind::blockers().filter(|it| kinds.has(*it)).find(lacking)?;
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
pub(crate) fn can_hold(kinds: KindSet, can: CanHold<'_>) -> bool {
    let attach = |kind: AttachmentKind| Fresh::default().attach(&Account::default(), USER, kind);
    AttachmentKind::blockers().filter(|it| kinds.has(*it)).all(|kind| {
        let attach = attach(kind);
        can(&attach) && attach.object().is_none_or(|object| can(&Operation::Create(object)))
    })
}

/// A suite that is generated as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneratedSuite {
    /// Every set of kinds.
    Lattice,
    /// Every two kinds, in either order.
    Pairs,
    /// Every call in every state with one of each kind or none.
    Tour,
    /// As much as there may be, and its plan.
    Drain,
    /// By chance.
    Random {
        /// What chance begins with.
        seed: u64,
        /// How many calls it makes.
        calls: usize,
    },
}

/// Calls by chance are made in portions of so many, each of which can be played alone.
const PORTION: usize = 1000;

impl GeneratedSuite {
    /// What can be played apart, in order: calls by chance in portions, and everything else whole.
    #[must_use]
    pub fn portions(self) -> Vec<Self> {
        let Self::Random { seed, calls } = self else { return vec![self] };
        let mut chance = Rng(seed);
        let portion = |number: usize| Self::Random {
            seed: if number == 0 { seed } else { chance.next() },
            calls: PORTION.min(calls.saturating_sub(number * PORTION)),
        };
        (0..calls.div_ceil(PORTION)).map(portion).collect()
    }

    /// Its course, from the beginning.
    #[must_use]
    pub fn course(self) -> Box<dyn Generator> {
        match self {
            Self::Lattice => Box::new(Lattice::default()),
            Self::Pairs => Box::new(Pairs::default()),
            Self::Tour => Box::new(Tour::default()),
            Self::Drain => Box::new(Drain::default()),
            Self::Random { seed, calls } => Box::new(Random::new(seed, calls)),
        }
    }

    /// How many calls it may make before it is given up: some four times what it makes on an endpoint that
    /// conforms.
    pub(crate) const fn most_calls(self) -> usize {
        match self {
            Self::Lattice => 6_000,
            Self::Pairs | Self::Drain => 1_000,
            Self::Tour => 64_000,
            Self::Random { calls, .. } => calls.saturating_add(50),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.course().name()
    }

    /// How many calls it makes on an endpoint that conforms, the clean-up left out.
    #[must_use]
    pub fn calls(self) -> usize {
        Suite::new(Vec::new()).with(vec![self]).observing(ObserveMode::Off).calls()
    }
}

/// `SplitMix64`, by its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng(pub u64);

impl Rng {
    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    /// Whether what comes about so often, from 0 to 1, comes about now.
    pub fn comes_about(&mut self, often: f64) -> bool {
        let drawn = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        f64::from(drawn) / (f64::from(u32::MAX) + 1.0) < often
    }

    /// A number below this one; 0 where that is 0.
    pub fn below(&mut self, most: u32) -> u32 {
        u32::try_from(self.next() % u64::from(most.max(1))).unwrap_or(0)
    }

    /// A number from 0 to this one.
    pub const fn up_to(&mut self, most: u64) -> u64 {
        match most.checked_add(1) {
            Some(numbers) => self.next() % numbers,
            None => self.next(),
        }
    }

    /// One of these; nothing where there is none.
    pub fn pick<T: Copy>(&mut self, among: &[T]) -> Option<T> {
        let number = u32::try_from(among.len()).unwrap_or(u32::MAX);
        among.get(self.below(number) as usize).copied()
    }
}
