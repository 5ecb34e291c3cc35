//! The tour generator: every user and attachment action in every state with at most one item of
//! each kind.
//!
//! The tour walks the state graph. It first calls the actions that it has not yet called in the
//! current state, then takes the shortest path to the next state with such actions. If an action
//! does not lead to the expected state, the tour plans with the observed state instead.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{Account, AttachmentKind, Item, Operation};

use crate::generate::kind_set::{Fresh, KindSet, USER, can_hold, or_create_missing_resource};
use crate::generate::walk::FAILURES_MAX;
use crate::generate::{CanHold, Generator};

/// A state of the tour: `None` if the user does not exist, otherwise the kinds that it holds.
type TourState = Option<KindSet>;

/// An action of the tour, on the user or on one kind.
///
/// The order of the variants matters: the tour takes the last open action that changes the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TourAction {
    Get,
    List(AttachmentKind),
    Detach(AttachmentKind),
    Create,
    Attach(AttachmentKind),
    Delete,
}

/// Covers create, get and delete of the user and attach, list and detach of every kind. The states
/// are: no user, and a user with each set of kinds.
#[derive(Clone, Debug)]
pub struct Tour {
    /// The actions not covered yet, by state.
    open: BTreeMap<TourState, BTreeSet<TourAction>>,
    fresh: Fresh,
    /// The state, the action and the operation that were chosen last.
    last: Option<(TourState, TourAction, Operation)>,
    detours: BTreeMap<(TourState, TourAction), Detour>,
    /// The kinds that have been attached.
    attached: KindSet,
    /// For each kind, the number of namespaces in which its first attachment failed.
    failures: BTreeMap<AttachmentKind, u32>,
    failed_here: KindSet,
    /// The number of actions that cannot be reached.
    dropped: usize,
}

/// A wrong transition.
#[derive(Clone, Copy, Debug)]
struct Detour {
    to: TourState,
    /// It was seen in this namespace.
    is_new: bool,
    /// The number of namespaces in which it was seen.
    namespaces: u32,
}

impl Default for Tour {
    fn default() -> Self {
        let sets = KindSet::by_size().into_iter().map(Some);
        let states = [None].into_iter().chain(sets);
        let open = states.map(|state| (state, all_actions().collect())).collect();
        Self {
            open,
            fresh: Fresh::default(),
            last: None,
            detours: BTreeMap::new(),
            attached: KindSet::default(),
            failures: BTreeMap::new(),
            failed_here: KindSet::default(),
            dropped: 0,
        }
    }
}

fn all_actions() -> impl Iterator<Item = TourAction> {
    let of_kind =
        |kind| [TourAction::List(kind), TourAction::Detach(kind), TourAction::Attach(kind)];
    [TourAction::Get, TourAction::Create, TourAction::Delete]
        .into_iter()
        .chain(AttachmentKind::blockers().flat_map(of_kind))
}

fn state_of(account: &Account) -> TourState {
    account.has_user(USER).then(|| KindSet::held(account, USER))
}

/// The state after an action.
fn next_state(state: TourState, action: TourAction) -> TourState {
    match (state, action) {
        (None, TourAction::Create) => Some(KindSet::default()),
        (Some(held), TourAction::Delete) if held.is_empty() => None,
        (Some(held), TourAction::Attach(kind)) => Some(held.with(kind)),
        (Some(held), TourAction::Detach(kind)) => Some(held.without(kind)),
        (state, _) => state,
    }
}

impl Tour {
    /// Compares the account with the one that the last operation should lead to. Without an account,
    /// the operation got no usable response.
    fn learn(&mut self, account: Option<&Account>) {
        let Some((from, action, operation)) = self.last.take() else { return };
        if let Operation::CreateResource(resource) = operation {
            if account.is_some_and(|it| it.has_resource(resource)) {
                return;
            }
            // Without the resource, the action itself cannot be sent.
            let open = self.open.get_mut(&from);
            self.dropped += usize::from(open.is_some_and(|it| it.remove(&action)));
        }
        // The user may hold several items of the kind.
        if let Operation::Detach(user, kind, item) = operation
            && account.is_some_and(|it| it.attachment(user, kind, item).is_none())
        {
            return;
        }
        let actual = account.map_or(from, state_of);
        if let TourAction::Attach(kind) = action {
            if actual.is_some_and(|held| held.has(kind)) {
                self.attached = self.attached.with(kind);
            } else if !self.fresh.gives_up_unusual(kind) && !self.failed_here.has(kind) {
                self.failed_here = self.failed_here.with(kind);
                *self.failures.entry(kind).or_default() += 1;
            }
        }
        if actual == next_state(from, action) {
            self.detours.remove(&(from, action));
            return;
        }
        let new = Detour { to: actual, is_new: false, namespaces: 0 };
        let detour = self.detours.entry((from, action)).or_insert(new);
        detour.to = actual;
        detour.namespaces += u32::from(!detour.is_new);
        detour.is_new = true;
    }

    /// The state after an action, as far as known. What is left of earlier operations may cause a
    /// wrong transition, so that another namespace does not rely on it unless it has seen it twice.
    fn known_next_state(&self, state: TourState, action: TourAction) -> TourState {
        let detour = self.detours.get(&(state, action));
        let detour = detour.filter(|it| it.is_new || it.namespaces >= FAILURES_MAX);
        detour.map_or_else(|| next_state(state, action), |it| it.to)
    }

    /// Whether the endpoint never attaches this kind.
    fn is_unattachable(&self, kind: AttachmentKind) -> bool {
        let failures = self.failures.get(&kind).copied().unwrap_or_default();
        !self.attached.has(kind) && failures >= FAILURES_MAX
    }

    fn operation(&mut self, account: &Account, action: TourAction) -> Operation {
        match action {
            TourAction::Get => Operation::GetUser(USER),
            TourAction::Create => Operation::create_user(USER),
            TourAction::Delete => Operation::DeleteUser(USER),
            TourAction::List(kind) => Operation::List(USER, kind),
            TourAction::Detach(kind) => {
                let held = account.attachments_of_kind(USER, kind).next().map(|it| it.item);
                Operation::Detach(USER, kind, held.unwrap_or_default())
            }
            TourAction::Attach(kind) => {
                let held = account.attachments_of_kind(USER, kind).next().map(|it| it.item);
                match held.filter(|_| kind.row().naming != Naming::Service) {
                    Some(item) => Operation::Attach(USER, kind, item),
                    None => self.fresh.attach(account, USER, kind),
                }
            }
        }
    }

    /// The next action: an open action of this state, preferably one that does not change the
    /// state; otherwise the first step of a shortest path to a state with open actions.
    fn next_action(&self, from: TourState, can: CanHold<'_>) -> Option<TourAction> {
        let open_in =
            |state: &TourState| self.open.get(state).filter(|actions| !actions.is_empty());
        if let Some(actions) = open_in(&from) {
            let stays = actions.iter().find(|action| next_state(from, **action) == from);
            return stays.or(actions.iter().next_back()).copied();
        }
        let mut seen: BTreeSet<TourState> = [from].into();
        let mut queue: VecDeque<(TourState, Option<TourAction>)> = [(from, None)].into();
        while let Some((state, first)) = queue.pop_front() {
            if open_in(&state).is_some() {
                return first;
            }
            for action in all_actions().filter(|action| is_supported(*action, can)) {
                let to = self.known_next_state(state, action);
                if seen.insert(to) {
                    queue.push_back((to, first.or(Some(action))));
                }
            }
        }
        None
    }

    /// Removes the states and actions that the endpoint does not support.
    fn drop_unsupported(&mut self, can: CanHold<'_>) {
        let before = self.remaining();
        let unattachable: KindSet =
            AttachmentKind::blockers().filter(|it| self.is_unattachable(*it)).collect();
        self.open.retain(|state, _| {
            state.is_none_or(|held| can_hold(held, can) && !held.meets(unattachable))
        });
        for actions in self.open.values_mut() {
            actions.retain(|action| is_supported(*action, can));
        }
        self.dropped += before - self.remaining();
    }
}

fn is_supported(action: TourAction, can: CanHold<'_>) -> bool {
    match action {
        TourAction::Get => can(&Operation::GetUser(USER)),
        TourAction::Create => can(&Operation::create_user(USER)),
        TourAction::Delete => can(&Operation::DeleteUser(USER)),
        TourAction::Attach(kind) => can_hold(KindSet::default().with(kind), can),
        TourAction::List(kind) => can(&Operation::List(USER, kind)),
        TourAction::Detach(kind) => can(&Operation::Detach(USER, kind, Item(0))),
    }
}

impl Generator for Tour {
    fn name(&self) -> &'static str {
        "tour"
    }

    fn description(&self) -> &'static str {
        "every user and attachment action in every state with at most one item of each kind"
    }

    fn start_namespace(&mut self) {
        // The last action of the previous namespace got no usable response.
        self.learn(None);
        self.failed_here = KindSet::default();
        for detour in self.detours.values_mut() {
            detour.is_new = false;
        }
    }

    fn next_operation(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        let state = state_of(account);
        self.learn(Some(account));
        let supported = self.next_action(state, can).filter(|action| is_supported(*action, can));
        let action = if let Some(action) = supported {
            action
        } else {
            self.drop_unsupported(can);
            self.next_action(state, can)?
        };
        let wanted = self.operation(account, action);
        let op = or_create_missing_resource(account, wanted);
        if op == wanted
            && let Some(actions) = self.open.get_mut(&state)
        {
            actions.remove(&action);
        }
        self.last = Some((state, action, op));
        Some(op)
    }

    fn remaining(&self) -> usize {
        self.open.values().map(BTreeSet::len).sum()
    }

    fn omission(&self) -> Option<String> {
        let left = self.dropped + self.remaining();
        (left > 0).then(|| format!("{left} actions in a state that was not reached"))
    }
}
