//! The generator that calls `DeleteUser` in chosen states: with every set of kinds, or with every
//! ordered pair.
//!
//! The generator has a list of goals and leads the user to one after the other. If a move fails, it
//! tries the goal once more in a new namespace. It drops a goal that fails there too, or that needs
//! a kind that the endpoint cannot attach. Therefore it ends on any endpoint.

use std::collections::BTreeMap;

use iamspec_model::{Account, AttachmentKind, Operation, User};

use crate::generate::kind_set::{KindSet, USER, can_hold};
use crate::generate::walk::{FAILURES_MAX, Move, MoveResult, Walk, distance};
use crate::generate::{CanHold, Generator};
use crate::script::unusual::FIRST_UNUSUAL;

/// A state in which `DeleteUser` is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Goal {
    /// The kinds that the user holds first.
    first: KindSet,
    /// The kinds that the user then holds at the call.
    kinds: KindSet,
}

/// The number of operations from which a goal out of order is chosen if it is nearer.
const FAR: usize = 6;

/// The goals of a generator and the way to them.
#[derive(Clone, Debug)]
struct Goals {
    /// The goals that are left, in order.
    open: Vec<Goal>,
    /// The goal on the way, and whether the user has held its first kinds.
    current: Option<(Goal, bool)>,
    walk: Walk,
    /// The number of namespaces that failed on the way to a goal from an empty account.
    failures: BTreeMap<Goal, u32>,
    /// `DeleteUser` was called in this namespace, so any part of the user may be left.
    has_deleted: bool,
    /// The goals that cannot be reached.
    dropped: Vec<Goal>,
}

impl Goals {
    fn new(open: Vec<Goal>, first_user: User) -> Self {
        Self {
            open,
            current: None,
            walk: Walk::of(first_user),
            failures: BTreeMap::new(),
            has_deleted: false,
            dropped: Vec::new(),
        }
    }

    fn start_namespace(&mut self) {
        let result = self.walk.start_namespace();
        self.end_move(result);
        self.current = None;
        self.has_deleted = false;
    }

    /// Returns true if the last move failed, so this namespace is of no more use.
    fn end_move(&mut self, result: MoveResult) -> bool {
        let MoveResult::Failed(step) = result else { return false };
        if step == Move::Create && self.walk.is_impossible(step) {
            self.dropped.append(&mut self.open);
        }
        if let Some((goal, _)) = self.current.take().filter(|_| !self.has_deleted) {
            let failures = self.failures.entry(goal).or_default();
            *failures += 1;
            if *failures >= FAILURES_MAX {
                self.drop_if(|it| *it == goal);
            }
        }
        true
    }

    fn drop_if(&mut self, is_dropped: impl Fn(&Goal) -> bool) {
        self.dropped.extend(self.open.iter().filter(|it| is_dropped(it)));
        self.open.retain(|it| !is_dropped(it));
    }

    fn next_operation(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        let result = self.walk.learn(account);
        let is_unsupported = matches!(result, MoveResult::Failed(Move::Attach(kind))
            if !can_hold(KindSet::default().with(kind), can));
        if is_unsupported {
            self.current = None;
        } else if self.end_move(result) {
            return None;
        }
        let (goal, was_first) = match self.current {
            Some(it) => it,
            None => (self.choose(account, can)?, false),
        };
        let was_first = was_first || distance(account, self.walk.user, goal.first) == 0;
        self.current = Some((goal, was_first));
        let kinds = if was_first { goal.kinds } else { goal.first };
        if let Some(operation) = self.walk.step_towards(account, kinds) {
            return Some(operation);
        }
        self.current = None;
        self.open.retain(|it| *it != goal);
        self.has_deleted = true;
        Some(Operation::DeleteUser(self.walk.user))
    }

    /// The next goal: the first in order, or a nearer one if that is far away. Returns `None` if a
    /// new namespace is needed.
    fn choose(&mut self, account: &Account, can: CanHold<'_>) -> Option<Goal> {
        let unattachable = self.walk.unattachable();
        self.drop_if(|it| it.kinds.meets(unattachable) || !can_hold(it.kinds, can));
        let stuck = self.walk.undetachable(can);
        let user = self.walk.user;
        let held = KindSet::held(account, user);
        let is_reachable = |it: &&Goal| !held.minus(it.first).meets(stuck);
        let cost = |it: &Goal| {
            distance(account, user, it.first) + it.kinds.minus(it.first).kinds().count()
        };
        let first = self.open.iter().find(is_reachable)?;
        if cost(first) < FAR && self.open.first() == Some(first) {
            return Some(*first);
        }
        // The empty set comes last, because that call deletes the user.
        let is_better = |it: &&Goal| !it.kinds.is_empty() || self.open.len() == 1;
        let reachable = self.open.iter().filter(is_reachable).filter(is_better);
        let nearest = reachable.min_by_key(|it| cost(it));
        let afresh =
            self.open.first().map_or(0, |it| distance(&Account::default(), user, it.kinds));
        nearest.filter(|it| stuck.is_empty() || cost(it) <= afresh || !self.has_deleted).copied()
    }

    /// The goals that were not reached, and why. `None` if all were reached.
    fn omission(&self, noun: &str) -> Option<String> {
        let left = self.dropped.len() + self.open.len();
        if left == 0 {
            return None;
        }
        let unattachable = self.walk.unattachable();
        let nouns: Vec<&str> = unattachable.kinds().map(|it| it.row().noun).collect();
        let why = if nouns.is_empty() {
            String::new()
        } else {
            format!(" (cannot be attached: {})", nouns.join(", "))
        };
        Some(format!("{left} {noun} not reached{why}"))
    }
}

/// Calls `DeleteUser` once at each of its goals.
#[derive(Clone, Debug)]
pub struct Lattice {
    goals: Goals,
    name: &'static str,
    description: &'static str,
    /// What a goal is called in the plural.
    noun: &'static str,
}

impl Lattice {
    /// Calls `DeleteUser` on a user that holds each set of kinds in turn, small sets first.
    #[must_use]
    pub fn of_sets() -> Self {
        let goal = |kinds| Goal { first: kinds, kinds };
        let mut goals: Vec<Goal> = KindSet::by_size().into_iter().map(goal).collect();
        // The empty set comes last, because that call deletes the user.
        goals.rotate_left(1);
        Self {
            goals: Goals::new(goals, USER),
            name: "lattice",
            description: "every non-empty set of attachment kinds blocks deletion; the empty set does not",
            noun: "sets of kinds",
        }
    }

    /// Calls `DeleteUser` on a user that holds two kinds, attached in either order. Only the
    /// attachment named in the refusal may differ. The user of the first namespace has an unusual name.
    #[must_use]
    pub fn of_pairs() -> Self {
        let pairs = AttachmentKind::blockers().flat_map(|first| {
            AttachmentKind::blockers()
                .filter(move |second| *second != first)
                .map(move |second| (KindSet::default().with(first), second))
        });
        let goals = pairs.map(|(first, second)| Goal { first, kinds: first.with(second) });
        Self {
            goals: Goals::new(goals.collect(), User(FIRST_UNUSUAL)),
            name: "pairs",
            description: "every two attachment kinds block deletion, whichever was attached first",
            noun: "ordered pairs of kinds",
        }
    }
}

impl Generator for Lattice {
    fn name(&self) -> &'static str {
        self.name
    }

    fn description(&self) -> &'static str {
        self.description
    }

    fn start_namespace(&mut self) {
        self.goals.start_namespace();
    }

    fn next_operation(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        self.goals.next_operation(account, can)
    }

    fn remaining(&self) -> usize {
        self.goals.open.len()
    }

    fn omission(&self) -> Option<String> {
        self.goals.omission(self.noun)
    }
}
