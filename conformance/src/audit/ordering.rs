//! Searches for an order of events that overlap, such as those of one second.
//!
//! The search takes an event at once if the event is possible, changes nothing and adds no
//! knowledge, because it excludes no order. It also takes an event at once that shares no user or
//! resource with another event. Afterwards, the facts on which all orders agree are known.
//!
//! An event that is impossible in every account says nothing about the order of the others. If no order
//! explains the others, one of them is wrong: the search looks for one without which the rest has an
//! order.

use std::collections::BTreeSet;
use std::rc::Rc;

use iamspec_model::{
    AttachmentKind, Condition, Entity, Item, Operation, Resource, ResourceKind, User,
};

use crate::audit::effects::{resources_of, users_of};
use crate::audit::forgetting::is_rename;
use crate::audit::judgement::{Judgement, is_of_form, judge, mildness, update};
use crate::audit::knowledge::{Knowledge, Named};
use crate::audit::{AuditCall, AuditEvent, AuditOptions};
use crate::oracle::Divergence;
use crate::response::Response;

/// The number of events that are judged in one search.
const STEPS_MAX: usize = 2_000;

/// The number of orders after which the search ends.
const ORDERS_MAX: usize = 64;

/// The number of events that share a name in one search.
const EVENTS_MAX: usize = 64;

/// What a search says about an event.
#[derive(Clone, Debug)]
pub(crate) enum SearchVerdict {
    /// Some order of all events explains it.
    Possible,
    /// It is not known which orders explain it.
    TooSoon,
    /// It is impossible in every order, or in the orders that explain the other events.
    Impossible(Box<Divergence>),
    /// Its group has more than one wrong event, or only listings of the account: it is left to be checked
    /// in the order of the log.
    Unordered,
}

/// Searches for an order that explains events that overlap, and learns what all such orders agree on.
pub(crate) fn in_any_order(
    knowledge: &mut Knowledge,
    events: &[Rc<AuditEvent>],
    options: AuditOptions,
) -> Vec<SearchVerdict> {
    let members: Vec<Member<'_>> = events
        .iter()
        .map(|event| Member { event, wrong: impossible_in_every_account(event, options) })
        .collect();
    let verdicts = verdicts(knowledge, &members, options);
    for (event, verdict) in events.iter().zip(&verdicts) {
        // Otherwise, the search has applied it.
        if let SearchVerdict::Impossible(divergence) = verdict
            && !is_of_form(event, divergence)
        {
            update(knowledge, event, &Judgement::Impossible(divergence.clone()), options);
        }
    }
    verdicts
}

fn verdicts(
    knowledge: &mut Knowledge,
    members: &[Member<'_>],
    options: AuditOptions,
) -> Vec<SearchVerdict> {
    // An accepted invalid request may change what it does not name.
    let affects_all = |it: &AuditEvent| {
        let is_invalid = it.operations().any(|op| matches!(op, Operation::Invalid(..)));
        (is_invalid || !matches!(it.call, AuditCall::Operation(..))) && !it.changes_nothing()
    };
    if members.iter().any(|it| affects_all(it.event)) {
        forget_changes(knowledge, members);
        return too_soon(members);
    }
    let mut verdicts = vec![SearchVerdict::Unordered; members.len()];
    let has_changes = members.iter().any(|it| !it.event.changes_nothing());
    for group in groups(members) {
        let members: Vec<Member<'_>> =
            group.iter().filter_map(|it| members.get(*it).cloned()).collect();
        // A listing of the account can show each change at the same time or not. Without a change, any
        // order is the same, also that of the log.
        let of_account = members.iter().any(|it| subjects(it.event).contains(&Subject::All));
        let of_group = match of_account {
            true if has_changes => too_soon(&members),
            true => continue,
            false => search(knowledge, &members, options),
        };
        for (index, verdict) in group.into_iter().zip(of_group) {
            if let Some(it) = verdicts.get_mut(index) {
                *it = verdict;
            }
        }
    }
    verdicts
}

/// An event of a search.
#[derive(Clone)]
struct Member<'a> {
    event: &'a Rc<AuditEvent>,
    /// Why it is impossible in every account.
    wrong: Option<Box<Divergence>>,
}

impl Member<'_> {
    /// The verdict on it if the search says this about the others.
    fn verdict_or(&self, others: SearchVerdict) -> SearchVerdict {
        self.wrong.clone().map_or(others, SearchVerdict::Impossible)
    }
}

/// Why an event is impossible in every account.
fn impossible_in_every_account(
    event: &AuditEvent,
    options: AuditOptions,
) -> Option<Box<Divergence>> {
    match judge(&Knowledge::new(false), event, options) {
        Judgement::Impossible(divergence) => Some(divergence),
        _ => None,
    }
}

/// The verdicts if it is not known which orders explain the events.
fn too_soon(members: &[Member<'_>]) -> Vec<SearchVerdict> {
    members.iter().map(|it| it.verdict_or(SearchVerdict::TooSoon)).collect()
}

fn forget_changes(knowledge: &mut Knowledge, members: &[Member<'_>]) {
    let changes = members.iter().map(|it| &**it.event).filter(|it| !it.changes_nothing());
    knowledge.forget_events(&changes.collect::<Vec<_>>());
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
fn groups(members: &[Member<'_>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<(BTreeSet<Subject>, Vec<usize>)> = Vec::new();
    for (index, member) in members.iter().enumerate() {
        let mut merged = (subjects(member.event), vec![index]);
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

/// Searches for an order of events that share names.
fn search(
    knowledge: &mut Knowledge,
    members: &[Member<'_>],
    options: AuditOptions,
) -> Vec<SearchVerdict> {
    let knowledge_before = knowledge.part(&names_of(members));
    let start =
        Order { done: 0, knowledge: knowledge_before, wrong: Vec::new(), unexplained: None };
    let mut search = Search { members, options, may_be_wrong: false, steps: 0, orders: Vec::new() };
    let mut is_complete = members.len() <= EVENTS_MAX && search.extend(start.clone()).is_some();
    if is_complete && search.orders.is_empty() {
        search = Search { may_be_wrong: true, steps: 0, ..search };
        is_complete = search.extend(start.clone()).is_some();
        if is_complete && search.orders.is_empty() {
            return vec![SearchVerdict::Unordered; members.len()];
        }
    }
    let verdicts = search.verdicts(start.knowledge);
    let mut after = search.orders.into_iter().map(|it| it.knowledge);
    match after.next().filter(|_| is_complete) {
        Some(mut merged) => {
            after.for_each(|it| merged.intersect(&it));
            knowledge.replace(merged);
        }
        None => forget_changes(knowledge, members),
    }
    verdicts
}

/// What the events concern.
fn names_of(members: &[Member<'_>]) -> Named {
    let operations = || members.iter().flat_map(|it| it.event.operations());
    let mut named = Named {
        with_holders: operations().any(concerns_holders),
        with_renames: operations().any(is_rename),
        ..Named::default()
    };
    for subject in members.iter().flat_map(|it| subjects(it.event)) {
        match subject {
            Subject::User(user) => _ = named.users.insert(user),
            Subject::Resource(resource) => _ = named.resources.insert(resource),
            Subject::Item(kind, item) => _ = named.items.insert((kind, item)),
            Subject::All => {}
        }
    }
    named
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

/// Events in an order that explains them, except those that are impossible in every account, and at most
/// one more.
#[derive(Clone)]
struct Order {
    /// The events that are in it, as bits.
    done: u64,
    /// What is known after them.
    knowledge: Knowledge,
    /// The events that it does not explain, and why.
    wrong: Vec<(usize, Box<Divergence>)>,
    /// The one of them that is possible in some account.
    unexplained: Option<usize>,
}

struct Search<'a> {
    members: &'a [Member<'a>],
    options: AuditOptions,
    /// Whether an order may leave an event unexplained that some account explains.
    may_be_wrong: bool,
    steps: usize,
    /// The orders that were found.
    orders: Vec<Order>,
}

impl Search<'_> {
    /// Tries every order of the events that are left. Returns `None` if there are too many.
    fn extend(&mut self, order: Order) -> Option<()> {
        let left: Vec<(usize, &Member<'_>)> = self
            .members
            .iter()
            .enumerate()
            .filter(|(index, _)| order.done >> index & 1 == 0)
            .collect();
        let Some(first_end) = left.iter().map(|(_, it)| it.event.end).min() else {
            self.orders.push(order);
            return (self.orders.len() <= ORDERS_MAX).then_some(());
        };
        let mut extended = Vec::new();
        for (index, member) in left.iter().filter(|(_, it)| it.event.start <= first_end) {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return None;
            }
            let Some(next) = self.with(&order, *index, member) else { continue };
            let is_explained = next.unexplained == order.unexplained;
            let is_free =
                member.event.changes_nothing() && next.knowledge.says_the_same_as(&order.knowledge);
            if is_explained && (is_free || commutes_with_all(member.event, &left)) {
                return self.extend(next);
            }
            extended.push(next);
        }
        extended.into_iter().try_for_each(|it| self.extend(it))
    }

    /// The order with one more event, if that event is possible or may be the wrong one.
    fn with(&self, order: &Order, index: usize, member: &Member<'_>) -> Option<Order> {
        let mut judgement = judge(&order.knowledge, member.event, self.options);
        if matches!(&judgement, Judgement::Impossible(it) if self.exceeds_quota(member.event, it)) {
            judgement = Judgement::Uninformative;
        }
        let wrong = match &judgement {
            Judgement::Impossible(divergence) => Some(divergence),
            _ => None,
        };
        let is_unexplained = wrong.is_some() && member.wrong.is_none();
        if is_unexplained && (!self.may_be_wrong || order.unexplained.is_some()) {
            return None;
        }
        let mut next = order.clone();
        next.done |= 1 << index;
        next.unexplained = next.unexplained.or(is_unexplained.then_some(index));
        next.wrong.extend(wrong.map(|it| (index, it.clone())));
        match wrong {
            // Whether it had an effect is unknown. A read has none, so it explains no other event.
            Some(it) if !is_of_form(member.event, it) => {
                if !member.event.operation().is_some_and(Operation::is_read) {
                    next.knowledge.forget_event(member.event);
                }
            }
            _ => update(&mut next.knowledge, member.event, &judgement, self.options),
        }
        Some(next)
    }

    /// Whether only a quota forbids the response. A quota is not enforced for calls at the same time
    /// (B-AK-05).
    fn exceeds_quota(&self, event: &AuditEvent, divergence: &Divergence) -> bool {
        let is_of_quota = divergence.rule.clause.condition == Condition::QuotaReached;
        let same = |other: &AuditEvent| {
            let kind =
                |it: &AuditEvent| it.operation().and_then(|op| Some((op.user()?, op.kind()?)));
            !std::ptr::eq(other, event)
                && other.action.api == event.action.api
                && kind(other) == kind(event)
        };
        is_of_quota && self.members.iter().any(|it| same(it.event))
    }

    /// The verdicts on the events. If several events may be the wrong one, it is the first one that is
    /// impossible in the order of the log, or the last one. The mildest divergence of an event counts.
    fn verdicts(&self, start: Knowledge) -> Vec<SearchVerdict> {
        let Some(last) = self.orders.iter().map(|it| it.unexplained).max() else {
            return too_soon(self.members);
        };
        let is_possible = |index: usize| self.orders.iter().any(|it| it.unexplained == Some(index));
        let of_log = || self.first_in_log_order(start).filter(|it| is_possible(*it));
        let unexplained = last.and_then(|last| of_log().or(Some(last)));
        let wrong = || {
            let orders = self.orders.iter().filter(|it| it.unexplained == unexplained);
            orders.flat_map(|it| &it.wrong)
        };
        let verdict = |index: usize| {
            let divergences = wrong().filter(|it| it.0 == index).map(|it| &it.1);
            let mildest = divergences.min_by_key(|it| mildness(it));
            mildest.map_or(SearchVerdict::Possible, |it| SearchVerdict::Impossible(it.clone()))
        };
        (0..self.members.len()).map(verdict).collect()
    }

    /// The first event that is impossible in the order of the log, and not in every account.
    fn first_in_log_order(&self, mut knowledge: Knowledge) -> Option<usize> {
        self.members.iter().enumerate().find_map(|(index, member)| {
            let judgement = judge(&knowledge, member.event, self.options);
            update(&mut knowledge, member.event, &judgement, self.options);
            let is_wrong = member.wrong.is_none() && matches!(judgement, Judgement::Impossible(_));
            is_wrong.then_some(index)
        })
    }
}

/// Whether the event attaches or detaches something that no other event that is left concerns, and
/// no other event depends on it.
fn commutes_with_all(event: &AuditEvent, left: &[(usize, &Member<'_>)]) -> bool {
    let others = left.iter().map(|(_, it)| &**it.event).filter(|it| !std::ptr::eq(*it, event));
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
