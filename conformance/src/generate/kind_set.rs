//! Sets of attachment kinds, and the operations that attach them.
//!
//! [`KindSet`] is a bit set of the kinds that block `DeleteUser`. [`Fresh`] picks item symbols that
//! the endpoint has not seen yet.

use std::collections::BTreeMap;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, Item, Operation, Resource, ResourceKind, SERVICES, Service, User,
};

use crate::generate::CanHold;
use crate::script::corpus::attach;
use crate::script::unusual::{FIRST_UNUSUAL, UNUSUAL_SHARE, UNUSUAL_STYLES};

/// The user of a generator that needs only one.
pub(crate) const USER: User = User(0);

/// A set of the kinds that block deletion, one bit each in table order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KindSet(pub u16);

impl KindSet {
    /// The kinds of which the user holds at least one attachment.
    #[must_use]
    pub fn held(account: &Account, user: User) -> Self {
        let held =
            |kind: &AttachmentKind| account.attachments_of_kind(user, *kind).next().is_some();
        AttachmentKind::blockers().filter(held).collect()
    }

    /// Every set, smallest first. Consecutive sets of the same size differ in two kinds. MFA
    /// devices change least often, because attaching one takes an extra operation.
    #[must_use]
    pub fn by_size() -> Vec<Self> {
        let mut kinds: Vec<AttachmentKind> = AttachmentKind::blockers().collect();
        kinds.sort_by_key(|kind| kind.row().refers_to == Some(ResourceKind::Device));
        let of_size = |size: usize| {
            let mut sets = revolving(&kinds, size);
            if !size.is_multiple_of(2) {
                sets.reverse();
            }
            sets
        };
        (0..=kinds.len()).flat_map(of_size).collect()
    }

    /// Whether the set contains this kind.
    #[must_use]
    pub fn has(self, kind: AttachmentKind) -> bool {
        self.0 >> kind as u16 & 1 == 1
    }

    /// The number of kinds in the set.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set with this kind added.
    #[must_use]
    pub fn with(self, kind: AttachmentKind) -> Self {
        Self(self.0 | 1 << kind as u16)
    }

    /// The set with this kind removed.
    #[must_use]
    pub fn without(self, kind: AttachmentKind) -> Self {
        Self(self.0 & !(1 << kind as u16))
    }

    /// The kinds of this set that the other one does not contain.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the sets have a kind in common.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The kinds of the set, in table order.
    pub fn kinds(self) -> impl Iterator<Item = AttachmentKind> {
        AttachmentKind::blockers().filter(move |kind| self.has(*kind))
    }
}

impl FromIterator<AttachmentKind> for KindSet {
    fn from_iter<T: IntoIterator<Item = AttachmentKind>>(kinds: T) -> Self {
        kinds.into_iter().fold(Self::default(), Self::with)
    }
}

/// All subsets of `kinds` of this size in revolving-door order: consecutive subsets differ by one
/// kind removed and one kind added.
fn revolving(kinds: &[AttachmentKind], size: usize) -> Vec<KindSet> {
    let Some((last, others)) = kinds.split_last() else {
        return if size == 0 { vec![KindSet::default()] } else { Vec::new() };
    };
    let with = if size == 0 { Vec::new() } else { revolving(others, size - 1) };
    let with = with.into_iter().rev().map(|it| it.with(*last));
    revolving(others, size).into_iter().chain(with).collect()
}

/// An item that the service never names.
pub(crate) const NEVER_ISSUED: Item = Item(u32::MAX >> 9);

/// Item symbols that were not used before, per kind. Each item that the service names gets a new
/// symbol. Each device is enabled only once, because its codes are valid only once.
///
/// A share of the items that the caller names have unusual names, until one of them cannot be attached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fresh {
    /// The number of items that were chosen.
    counts: BTreeMap<AttachmentKind, u32>,
    /// The kinds whose last item has an unusual name.
    last_unusual: KindSet,
    /// The kinds that get no unusual name any more.
    ordinary: KindSet,
}

impl Fresh {
    /// The operation that attaches one item of this kind. If the caller names the items, it
    /// attaches the first item that the user does not hold, or one with an unusual name.
    pub(crate) fn attach(
        &mut self,
        account: &Account,
        user: User,
        kind: AttachmentKind,
    ) -> Operation {
        let count = self.counts.get(&kind).copied().unwrap_or_default();
        let item = match kind.row().naming {
            Naming::Single => return Operation::Attach(user, kind, Item(0)),
            Naming::Service => {
                self.counts.insert(kind, count + 1);
                let service = Service(u8::try_from(count % u32::from(SERVICES)).unwrap_or(0));
                return attach(user, kind, Item(count), service);
            }
            Naming::Caller => self.named_item(account, user, kind, count),
        };
        // A resource that does not exist yet is created first and attached by a later call.
        let resource = kind.row().refers_to.map(|kind| Resource { kind, item });
        if resource.is_none_or(|it| account.has_resource(it)) {
            self.counts.insert(kind, count + 1);
        }
        Operation::Attach(user, kind, item)
    }

    /// Returns true if neither this item nor a later one was chosen.
    #[cfg(feature = "proptest")]
    pub(crate) fn is_new(&self, kind: AttachmentKind, item: Item) -> bool {
        self.counts.get(&kind).is_none_or(|count| item.0 >= *count)
    }

    /// Never chooses this item again.
    #[cfg(feature = "proptest")]
    pub(crate) fn record(&mut self, kind: AttachmentKind, item: Item) {
        let count = self.counts.entry(kind).or_default();
        *count = (*count).max(item.0.saturating_add(1));
    }

    /// The item of a kind whose items the caller names, if this many were chosen before.
    fn named_item(
        &mut self,
        account: &Account,
        user: User,
        kind: AttachmentKind,
        count: u32,
    ) -> Item {
        let is_device = kind.row().refers_to == Some(ResourceKind::Device);
        let is_free = |it: &Item| account.attachment(user, kind, *it).is_none();
        // Each kind begins with another style.
        let style = count / UNUSUAL_SHARE + kind as u32;
        let style = if is_device { style } else { style % UNUSUAL_STYLES };
        let unusual = Some(Item(FIRST_UNUSUAL + style)).filter(|it| {
            count % UNUSUAL_SHARE + 1 == UNUSUAL_SHARE && !self.ordinary.has(kind) && is_free(it)
        });
        self.last_unusual = match unusual {
            Some(_) => self.last_unusual.with(kind),
            None => self.last_unusual.without(kind),
        };
        let ordinary = || {
            let first = if is_device { count } else { 0 };
            (first..FIRST_UNUSUAL).map(Item).find(is_free).unwrap_or_default()
        };
        unusual.unwrap_or_else(ordinary)
    }

    /// Uses no unusual name for this kind any more if the last item has one, because it cannot be
    /// attached. Returns whether it has one.
    pub(crate) fn gives_up_unusual(&mut self, kind: AttachmentKind) -> bool {
        let is_unusual = self.last_unusual.has(kind);
        if is_unusual {
            self.last_unusual = self.last_unusual.without(kind);
            self.ordinary = self.ordinary.with(kind);
        }
        is_unusual
    }
}

/// The operation itself, or the creation of the resource it refers to if that does not exist.
pub(crate) fn or_create_missing_resource(account: &Account, op: Operation) -> Operation {
    let missing = op.resource().filter(|it| !account.has_resource(*it));
    missing.map_or(op, Operation::CreateResource)
}

/// Whether the endpoint supports the operations that attach each of these kinds, as far as known.
pub(crate) fn can_hold(kinds: KindSet, can: CanHold<'_>) -> bool {
    let attach = |kind: AttachmentKind| Fresh::default().attach(&Account::default(), USER, kind);
    AttachmentKind::blockers().filter(|it| kinds.has(*it)).all(|kind| {
        let attach = attach(kind);
        can(&attach)
            && attach.resource().is_none_or(|object| can(&Operation::CreateResource(object)))
    })
}
