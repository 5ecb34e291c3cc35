//! Sets of attachment kinds, and the calls that lead to a user who holds such a set.

use std::collections::BTreeMap;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, Item, Operation, Resource, ResourceKind, SERVICES, Service, User,
};

use crate::generate::CanHold;
use crate::script::isolation::attach;

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
