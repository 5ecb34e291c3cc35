//! Sets of attachment kinds, and the generators that lead a user to such a set.
//!
//! [`KindSet`] is a bit set of the kinds that block `DeleteUser`. [`Fresh`] picks item symbols that
//! the endpoint has not seen yet. [`Lattice`] calls `DeleteUser` with every set of kinds, [`Pairs`]
//! with every ordered pair, and [`Drain`] fills a user to every quota and empties it.

use std::collections::{BTreeMap, VecDeque};

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, Item, Operation, Resource, ResourceKind, SERVICES, Service, User,
    deletion_plan_with_devices,
};

use crate::generate::{CanHold, Generator};
use crate::script::corpus::attach;

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
        AttachmentKind::blockers().filter(held).fold(Self::default(), Self::with)
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

/// Item symbols that were not used before, per kind. Each item that the service names gets a new
/// symbol. Each device is enabled only once, because its codes are valid only once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fresh(BTreeMap<AttachmentKind, u32>);

impl Fresh {
    /// The operation that attaches one item of this kind. If the caller names the items, it
    /// attaches the first item that the user does not hold.
    pub(crate) fn attach(
        &mut self,
        account: &Account,
        user: User,
        kind: AttachmentKind,
    ) -> Operation {
        let first_free =
            || (0..u32::MAX).map(Item).find(|it| account.attachment(user, kind, *it).is_none());
        match kind.row().naming {
            Naming::Single => Operation::Attach(user, kind, Item(0)),
            Naming::Caller if kind.row().refers_to == Some(ResourceKind::Device) => {
                let next = self.0.entry(kind).or_default();
                let item = Item(*next);
                // A device that does not exist yet is created first and enabled by a later call.
                *next +=
                    u32::from(account.has_resource(Resource { kind: ResourceKind::Device, item }));
                Operation::Attach(user, kind, item)
            }
            Naming::Caller => Operation::Attach(user, kind, first_free().unwrap_or_default()),
            Naming::Service => {
                let next = self.0.entry(kind).or_default();
                let item = Item(*next);
                *next += 1;
                let service = Service(u8::try_from(item.0 % u32::from(SERVICES)).unwrap_or(0));
                attach(user, kind, item, service)
            }
        }
    }

    /// The next operation towards a state in which the user exists and holds exactly one item of
    /// each of these kinds. Returns `None` if the account is in that state or an operation on the
    /// path is unsupported.
    pub(crate) fn step_towards(
        &mut self,
        account: &Account,
        user: User,
        kinds: KindSet,
        can: CanHold<'_>,
    ) -> Option<Operation> {
        if !account.has_user(user) {
            return Some(Operation::create_user(user));
        }
        let surplus = account
            .attachments_of(user)
            .find(|it| it.kind.row().blocks.is_some() && !kinds.has(it.kind));
        if let Some(it) = surplus {
            return Some(Operation::Detach(user, it.kind, it.item));
        }
        let is_missing =
            |kind: &AttachmentKind| account.attachments_of_kind(user, *kind).next().is_none();
        let missing = AttachmentKind::blockers().filter(|it| kinds.has(*it)).find(is_missing)?;
        let attach = self.attach(account, user, missing);
        Some(or_create_missing_resource(account, attach)).filter(can)
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

/// Calls `DeleteUser` on a user that holds each set of kinds in turn, small sets first.
#[derive(Clone, Debug)]
pub struct Lattice {
    sets: VecDeque<KindSet>,
    fresh: Fresh,
}

impl Default for Lattice {
    fn default() -> Self {
        // The empty set comes last, because that call deletes the user.
        let mut sets: VecDeque<KindSet> = KindSet::by_size().into();
        sets.rotate_left(1);
        Self { sets, fresh: Fresh::default() }
    }
}

impl Generator for Lattice {
    fn name(&self) -> &'static str {
        "lattice"
    }

    fn description(&self) -> &'static str {
        "every non-empty set of attachment kinds blocks deletion; the empty set does not"
    }

    fn next_operation(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        while let Some(set) = self.sets.front().copied() {
            if can_hold(set, can) {
                if let Some(op) = self.fresh.step_towards(account, USER, set, can) {
                    return Some(op);
                }
                self.sets.pop_front();
                return Some(Operation::DeleteUser(USER));
            }
            self.sets.pop_front();
        }
        None
    }

    fn has_more(&self) -> bool {
        !self.sets.is_empty()
    }
}

/// Calls `DeleteUser` on a user that holds two kinds, attached in either order. Only the attachment
/// named in the refusal may differ.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// The remaining pairs; each has its kinds in the order in which they are attached.
    pairs: VecDeque<(AttachmentKind, AttachmentKind)>,
    fresh: Fresh,
}

impl Default for Pairs {
    fn default() -> Self {
        let pairs = AttachmentKind::blockers().flat_map(|first| {
            AttachmentKind::blockers()
                .filter(move |second| *second != first)
                .map(move |second| (first, second))
        });
        Self { pairs: pairs.collect(), fresh: Fresh::default() }
    }
}

impl Generator for Pairs {
    fn name(&self) -> &'static str {
        "pairs"
    }

    fn description(&self) -> &'static str {
        "every two attachment kinds block deletion, whichever was attached first"
    }

    fn next_operation(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        while let Some((first, second)) = self.pairs.front().copied() {
            let one = KindSet::default().with(first);
            let both = one.with(second);
            if !can_hold(both, can) {
                self.pairs.pop_front();
                continue;
            }
            let held = KindSet::held(account, USER);
            if held == both {
                self.pairs.pop_front();
                return Some(Operation::DeleteUser(USER));
            }
            let goal = if held == one { both } else { one };
            if let Some(op) = self.fresh.step_towards(account, USER, goal, can) {
                return Some(op);
            }
            self.pairs.pop_front();
        }
        None
    }

    fn has_more(&self) -> bool {
        !self.pairs.is_empty()
    }
}

/// Fills a user to the quota of every kind, attempts one more of each kind, and then executes the
/// deletion plan.
#[derive(Clone, Debug)]
pub struct Drain {
    /// The kind that is being filled. `None` after the last one: the user is then emptied.
    filling: Option<AttachmentKind>,
    /// While filling: whether the attachment beyond the quota was attempted. Afterwards: whether
    /// `DeleteUser` of the full user was attempted.
    attempted: bool,
    /// Whether the user was created in this namespace.
    created: bool,
    finished: bool,
    fresh: Fresh,
}

impl Default for Drain {
    fn default() -> Self {
        let filling = AttachmentKind::blockers().next();
        Self { filling, attempted: false, created: false, finished: false, fresh: Fresh::default() }
    }
}

impl Drain {
    /// The next operation that fills the user with this kind. Returns `None` and selects the next
    /// kind if this one is complete or unsupported.
    fn fill(
        &mut self,
        account: &Account,
        kind: AttachmentKind,
        can: CanHold<'_>,
    ) -> Option<Operation> {
        let quota = kind.row().quota;
        let max = account.quota(kind) / quota.each.max(1);
        let held = account.attachments_of_kind(USER, kind).count() as u64;
        let attach = self.fresh.attach(account, USER, kind);
        let op = or_create_missing_resource(account, attach);
        if !can(&op) || self.attempted || held > max {
            self.filling = AttachmentKind::blockers().skip_while(|it| *it != kind).nth(1);
            self.attempted = false;
            return None;
        }
        self.attempted = held == max && op == attach;
        Some(op)
    }
}

impl Generator for Drain {
    fn name(&self) -> &'static str {
        "drain"
    }

    fn description(&self) -> &'static str {
        "a user filled to the quota of every kind is emptied by its deletion plan and deleted"
    }

    fn start_namespace(&mut self) {
        *self = Self::default();
    }

    fn next_operation(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        if !account.has_user(USER) {
            self.finished = self.created;
            self.created = true;
            return (!self.finished).then_some(Operation::create_user(USER));
        }
        while let Some(kind) = self.filling {
            if let Some(op) = self.fill(account, kind, can) {
                return Some(op);
            }
        }
        if !self.attempted {
            self.attempted = true;
            return Some(Operation::DeleteUser(USER));
        }
        deletion_plan_with_devices(account, USER).into_iter().next()
    }

    fn has_more(&self) -> bool {
        !self.finished
    }
}
