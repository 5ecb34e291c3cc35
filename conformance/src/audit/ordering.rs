//! Searches for an order of events that overlap, such as those of one second.
//!
//! The search takes an event at once if the event is possible, changes nothing and adds no
//! knowledge, because it excludes no order. It also takes an event at once that shares no user or
//! resource with another event. Afterwards, the facts on which all orders agree are known.

use std::collections::BTreeSet;
use std::rc::Rc;

use iamspec_model::{AttachmentKind, Entity, Item, Operation, Resource, ResourceKind, User};

use crate::audit::effects::{resources_of, users_of};
use crate::audit::forgetting::is_rename;
use crate::audit::judgement::{Judgement, judge, update};
use crate::audit::knowledge::{Knowledge, Named};
use crate::audit::{AuditCall, AuditEvent, AuditOptions, AuditVerdict};
use crate::response::Response;

/// The number of events that are judged in one search.
const STEPS_MAX: usize = 2_000;

/// The number of orders after which the search ends.
const ORDERS_MAX: usize = 64;

/// The number of events that share a name in one search.
const EVENTS_MAX: usize = 64;

/// The verdicts of events that overlap, in any order that explains all of them. `None` for an event
/// of a group that has no such order: it is left to be checked in the order of the log.
pub(crate) fn in_any_order(
    knowledge: &mut Knowledge,
    events: &[Rc<AuditEvent>],
    options: AuditOptions,
) -> Vec<Option<AuditVerdict>> {
    let mut verdicts: Vec<Option<AuditVerdict>> = vec![None; events.len()];
    // An accepted invalid request may change what it does not name.
    let affects_all = |it: &Rc<AuditEvent>| {
        let is_invalid = it.operations().any(|op| matches!(op, Operation::Invalid(..)));
        (is_invalid || matches!(it.call, AuditCall::Unknown(_))) && !it.changes_nothing()
    };
    if events.iter().any(affects_all) {
        let changes = events.iter().filter(|it| !it.changes_nothing());
        knowledge.forget_events(&changes.map(|it| &**it).collect::<Vec<_>>());
        verdicts.fill(Some(AuditVerdict::TooSoon));
        return verdicts;
    }
    let has_changes = events.iter().any(|it| !it.changes_nothing());
    for group in groups(events) {
        let of_account = |index: &usize| {
            events.get(*index).is_some_and(|it| subjects(it).contains(&Subject::All))
        };
        if group.iter().any(of_account) {
            // A listing of the account can show each change at the same time or not. Without a change, any
            // order is the same, also that of the log.
            for index in group.into_iter().filter(|_| has_changes) {
                if let Some(it) = verdicts.get_mut(index) {
                    *it = Some(AuditVerdict::TooSoon);
                }
            }
            continue;
        }
        let members: Vec<&Rc<AuditEvent>> = group.iter().filter_map(|it| events.get(*it)).collect();
        let verdict = match search(knowledge, &members, options) {
            Found::Orders(merged) => {
                knowledge.replace(merged);
                Some(AuditVerdict::Possible)
            }
            Found::TooMany => {
                let changes = members.iter().filter(|it| !it.changes_nothing());
                knowledge.forget_events(&changes.map(|it| &***it).collect::<Vec<_>>());
                Some(AuditVerdict::TooSoon)
            }
            Found::None => None,
        };
        for index in group {
            if let Some(it) = verdicts.get_mut(index) {
                it.clone_from(&verdict);
            }
        }
    }
    verdicts
}

/// Something that an event concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    User(User),
    Resource(Resource),
    Item(AttachmentKind, Item),
    /// The listing of everything.
    All,
}

fn subjects(event: &AuditEvent) -> BTreeSet<Subject> {
    let mut subjects = BTreeSet::new();
    for op in event.operations() {
        subjects.extend(users_of(op).into_iter().map(Subject::User));
        subjects.extend(resources_of(op).into_iter().map(Subject::Resource));
        if let (Some(kind), Some(item), None) = (op.kind(), op.item(), op.resource()) {
            subjects.insert(Subject::Item(kind, item));
        }
        if subjects.is_empty() && op.is_read() {
            subjects.insert(Subject::All);
        }
    }
    if subjects.contains(&Subject::All) {
        return subjects;
    }
    // What a listing shows may be changed at the same time.
    let listing = match &event.response {
        Response::Success(Some(listing)) => listing.items.as_slice(),
        _ => &[],
    };
    subjects.extend(listing.iter().filter_map(|(entity, _)| match *entity {
        Entity::User(user) => Some(Subject::User(user)),
        Entity::Resource(resource) => Some(Subject::Resource(resource)),
        Entity::Item(kind, item) => Some(Subject::Item(kind, item)),
        Entity::Path(_) | Entity::Version { .. } => None,
    }));
    subjects
}

/// The indices of the events, in groups that have no name in common, each in the order of the log.
fn groups(events: &[Rc<AuditEvent>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<(BTreeSet<Subject>, Vec<usize>)> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let mut merged = (subjects(event), vec![index]);
        let (joined, others): (Vec<_>, Vec<_>) = std::mem::take(&mut groups)
            .into_iter()
            .partition(|(of_group, _)| !of_group.is_disjoint(&merged.0));
        for (subjects, indices) in joined {
            merged.0.extend(subjects);
            merged.1.extend(indices);
        }
        merged.1.sort_unstable();
        groups = others;
        groups.push(merged);
    }
    groups.into_iter().map(|(_, indices)| indices).collect()
}

/// The result of a search.
enum Found {
    /// What all orders that explain the events agree on.
    Orders(Knowledge),
    /// No order explains the events.
    None,
    /// There are too many orders.
    TooMany,
}

fn search(knowledge: &Knowledge, events: &[&Rc<AuditEvent>], options: AuditOptions) -> Found {
    if events.len() > EVENTS_MAX {
        return Found::TooMany;
    }
    let operations = || events.iter().flat_map(|it| it.operations());
    let mut named = Named {
        with_holders: operations().any(concerns_holders),
        with_renames: operations().any(is_rename),
        ..Named::default()
    };
    for subject in events.iter().flat_map(|it| subjects(it)) {
        match subject {
            Subject::User(user) => _ = named.users.insert(user),
            Subject::Resource(resource) => _ = named.resources.insert(resource),
            Subject::Item(kind, item) => _ = named.items.insert((kind, item)),
            Subject::All => {}
        }
    }
    let start = knowledge.part(&named);
    let mut search = Search { events, options, steps: 0, ends: Vec::new() };
    if search.extend(start, 0).is_none() {
        return Found::TooMany;
    }
    let mut ends = search.ends.into_iter();
    let Some(mut merged) = ends.next() else { return Found::None };
    for end in ends {
        merged.intersect(&end);
    }
    Found::Orders(merged)
}

/// Whether the response depends on who uses the resource.
fn concerns_holders(op: &Operation) -> bool {
    let class = op.resource().map(|it| it.kind);
    matches!(
        op,
        Operation::DeleteResource(_)
            | Operation::RenameResource(..)
            | Operation::GetResource(_)
            | Operation::ListHolders(_)
    ) || class == Some(ResourceKind::Device)
}

struct Search<'a> {
    events: &'a [&'a Rc<AuditEvent>],
    options: AuditOptions,
    steps: usize,
    /// What is known after each order.
    ends: Vec<Knowledge>,
}

impl Search<'_> {
    /// Tries every order of the events that are left. Returns `None` if there are too many.
    fn extend(&mut self, knowledge: Knowledge, done: u64) -> Option<()> {
        let left: Vec<(usize, &Rc<AuditEvent>)> = self
            .events
            .iter()
            .enumerate()
            .filter(|(index, _)| done >> index & 1 == 0)
            .map(|(index, it)| (index, *it))
            .collect();
        let Some(first_end) = left.iter().map(|(_, it)| it.end).min() else {
            self.ends.push(knowledge);
            return (self.ends.len() <= ORDERS_MAX).then_some(());
        };
        let mut fitting = Vec::new();
        for (index, event) in left.iter().filter(|(_, it)| it.start <= first_end) {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return None;
            }
            let judgement = judge(&knowledge, event, self.options);
            if matches!(judgement, Judgement::Impossible(_)) {
                continue;
            }
            let mut after = knowledge.clone();
            update(&mut after, event, &judgement, self.options);
            let is_free = event.changes_nothing() && after.says_the_same_as(&knowledge);
            if is_free || commutes_with_all(event, &left) {
                return self.extend(after, done | 1 << index);
            }
            fitting.push((*index, after));
        }
        for (index, after) in fitting {
            self.extend(after, done | 1 << index)?;
        }
        Some(())
    }
}

/// Whether the event attaches or detaches something that no other event that is left concerns, and
/// no other event depends on it.
fn commutes_with_all(event: &AuditEvent, left: &[(usize, &Rc<AuditEvent>)]) -> bool {
    let others = left.iter().map(|(_, it)| &***it).filter(|it| !std::ptr::eq(*it, event));
    let own: Vec<&Operation> = event.operations().collect();
    let is_simple = |op: &&Operation| {
        matches!(
            op,
            Operation::Attach(..)
                | Operation::Issue(..)
                | Operation::Detach(..)
                | Operation::SetStatus(..)
                | Operation::ResetSecret(..)
        )
    };
    own.iter().all(is_simple)
        && others.clone().all(|it| {
            matches!(it.response, Response::Success(_)) && it.operations().all(|op| is_simple(&op))
        })
        && others.flat_map(AuditEvent::operations).all(|other| {
            own.iter().all(|op| (op.kind(), op.item()) != (other.kind(), other.item()))
        })
}
