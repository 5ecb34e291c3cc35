//! Leads the user of a generator from one set of kinds to another, and remembers which moves the
//! endpoint does not make.
//!
//! A move that fails ends the walk in its namespace, because the state of the account may be the
//! cause. A move counts as impossible if it has failed in two namespaces and never worked.

use std::collections::{BTreeMap, BTreeSet};

use iamspec_model::{Account, AttachmentKind, Item, Operation, ResourceKind, User};

use crate::generate::CanHold;
use crate::generate::kind_set::{Fresh, KindSet, USER, or_create_missing_resource};
use crate::script::unusual::is_unusual;

/// The number of namespaces in which a move fails before it counts as impossible.
pub(crate) const FAILURES_MAX: u32 = 2;

/// A change of the set of kinds that the user holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Move {
    /// Creates the user.
    Create,
    /// Attaches an item of the kind, after the creation of the resource that it refers to.
    Attach(AttachmentKind),
    /// Detaches the items of the kind.
    Detach(AttachmentKind),
}

/// The result of the last move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MoveResult {
    /// There was no move, or it worked.
    Worked,
    /// The account differs from the one that the move leads to.
    Failed(Move),
}

/// What is known of one move.
#[derive(Clone, Copy, Debug, Default)]
struct MoveRecord {
    worked: bool,
    /// The number of namespaces in which it failed.
    failures: u32,
}

/// The moves of one generator.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    /// The user of this namespace.
    pub(crate) user: User,
    /// The user of the next namespace.
    next_user: User,
    fresh: Fresh,
    /// The operation whose effect the next account must show.
    pending: Option<(Operation, Move)>,
    records: BTreeMap<Move, MoveRecord>,
    failed_here: BTreeSet<Move>,
    /// The kind whose attachment failed last. The next walk attaches it first.
    failed_kind: Option<AttachmentKind>,
}

impl Walk {
    /// A walk whose first namespace has this user.
    pub(crate) fn of(first_user: User) -> Self {
        Self {
            user: first_user,
            next_user: first_user,
            fresh: Fresh::default(),
            pending: None,
            records: BTreeMap::new(),
            failed_here: BTreeSet::new(),
            failed_kind: None,
        }
    }

    /// Starts a namespace. A move without a result has failed.
    pub(crate) fn start_namespace(&mut self) -> MoveResult {
        let pending = self.pending.take();
        let result = pending.map_or(MoveResult::Worked, |(_, step)| self.fail(step));
        // Only the user of the first namespace may have an unusual name.
        self.user = self.next_user;
        self.next_user = USER;
        self.failed_here.clear();
        result
    }

    /// Compares the account with the one that the last move leads to.
    pub(crate) fn learn(&mut self, account: &Account) -> MoveResult {
        let Some((operation, step)) = self.pending.take() else { return MoveResult::Worked };
        let worked = match (operation, step) {
            (Operation::CreateResource(resource), _) => {
                // Only the attachment itself shows that the kind can be attached.
                let exists = account.has_resource(resource);
                return if exists { MoveResult::Worked } else { self.fail(step) };
            }
            (_, Move::Create) => account.has_user(self.user),
            (_, Move::Attach(kind)) => KindSet::held(account, self.user).has(kind),
            (Operation::Detach(user, kind, item), _) => {
                account.attachment(user, kind, item).is_none()
            }
            _ => true,
        };
        if !worked {
            return self.fail(step);
        }
        self.records.entry(step).or_default().worked = true;
        if step == self.failed_kind.map_or(Move::Create, Move::Attach) {
            self.failed_kind = None;
        }
        MoveResult::Worked
    }

    fn fail(&mut self, step: Move) -> MoveResult {
        let is_unusual = match step {
            Move::Attach(kind) => self.fresh.gives_up_unusual(kind),
            Move::Create | Move::Detach(_) => is_unusual(self.user.0),
        };
        if self.failed_here.insert(step) && !is_unusual {
            self.records.entry(step).or_default().failures += 1;
        }
        if let Move::Attach(kind) = step {
            self.failed_kind = Some(kind);
        }
        MoveResult::Failed(step)
    }

    /// Whether the endpoint never makes this move.
    pub(crate) fn is_impossible(&self, step: Move) -> bool {
        let record = self.records.get(&step).copied().unwrap_or_default();
        !record.worked && record.failures >= FAILURES_MAX
    }

    /// The kinds that can never be attached.
    pub(crate) fn unattachable(&self) -> KindSet {
        let kinds = AttachmentKind::blockers();
        kinds.filter(|it| self.is_impossible(Move::Attach(*it))).collect()
    }

    /// The kinds that cannot be detached in this namespace.
    pub(crate) fn undetachable(&self, can: CanHold<'_>) -> KindSet {
        let is_stuck = |kind: &AttachmentKind| {
            let step = Move::Detach(*kind);
            self.failed_here.contains(&step)
                || self.is_impossible(step)
                || !can(&Operation::Detach(self.user, *kind, Item(0)))
        };
        AttachmentKind::blockers().filter(is_stuck).collect()
    }

    /// The next operation towards a state in which the user exists and holds exactly one item of
    /// each of these kinds. Returns `None` if the account is in that state.
    pub(crate) fn step_towards(&mut self, account: &Account, kinds: KindSet) -> Option<Operation> {
        let (operation, step) = self.next_move(account, kinds)?;
        self.pending = Some((operation, step));
        Some(operation)
    }

    fn next_move(&mut self, account: &Account, kinds: KindSet) -> Option<(Operation, Move)> {
        if !account.has_user(self.user) {
            return Some((Operation::create_user(self.user), Move::Create));
        }
        let surplus = account
            .attachments_of(self.user)
            .find(|it| it.kind.row().blocks.is_some() && !kinds.has(it.kind));
        if let Some(it) = surplus {
            return Some((Operation::Detach(self.user, it.kind, it.item), Move::Detach(it.kind)));
        }
        let missing = kinds.minus(KindSet::held(account, self.user));
        let kind = self.failed_kind.filter(|it| missing.has(*it)).or(missing.kinds().next())?;
        let attach = self.fresh.attach(account, self.user, kind);
        Some((or_create_missing_resource(account, attach), Move::Attach(kind)))
    }
}

/// The number of operations from an account to a state in which the user holds these kinds. Groups
/// and policies count as existing.
pub(crate) fn distance(account: &Account, user: User, kinds: KindSet) -> usize {
    let held = KindSet::held(account, user);
    let missing = kinds.minus(held);
    let is_device = |kind: &AttachmentKind| kind.row().refers_to == Some(ResourceKind::Device);
    let devices = missing.kinds().filter(is_device).count();
    let surplus = account
        .attachments_of(user)
        .filter(|it| it.kind.row().blocks.is_some() && !kinds.has(it.kind))
        .count();
    usize::from(!account.has_user(user)) + missing.kinds().count() + devices + surplus
}
