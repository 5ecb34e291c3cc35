//! Races on an endpoint. Its calls are first asked one after the other, in every order: where that already
//! goes wrong the race says nothing, and is not held. Where it does not, and the same calls at the
//! same time end as no order of them would, it is the race that shows.
//!
//! More than two clients: the calls of a race asked by many at once, which hits more often. What no order
//! explains then is made small again before anything is said: clients are dropped for as long as it still
//! shows, and what is left is asked one after the other in every order.

use std::time::Duration;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, Filter, Item, Operation, Resource, ResourceKind, User,
};

use crate::concurrency::linearizability::{Linearization, follow, order, orders};
use crate::concurrency::{ConcurrentEndpoint, Race, TimedCall};
use crate::endpoint::Namespace;
use crate::response::{FailureKind, Response};
use crate::rng::Rng;
use crate::runner::cleanup::{CleanupPlan, NotDeleted};
use crate::runner::retry::RetryPolicy;

/// So many steps of the search are made before nothing is said.
const STEPS: usize = 100_000;

/// How often the calls of a race are asked together, and with which chance.
#[derive(Clone, Copy)]
pub struct RaceOptions<'a> {
    /// How many times.
    pub repeats: usize,
    /// What the head starts begin with.
    pub seed: u64,
    /// The longest head start.
    pub jitter: Duration,
    /// How long reads may show what was true at an earlier moment; calls that change something are each done in
    /// one moment all the same. What is true in the end is what the reads show when that time is up.
    pub settle: Duration,
    /// Whether it is enough to know that it goes wrong at all.
    pub once: bool,
    /// Ends it.
    pub stop: &'a dyn Fn() -> bool,
}

/// What came of a race.
#[derive(Clone, Debug, Default)]
pub struct RaceResult {
    /// Why its calls were not asked together, if they were not.
    pub not_raced: Option<String>,
    /// How many histories were judged.
    pub histories: usize,
    /// How many of them no order explains.
    pub broken: usize,
    /// The first of these, and how many calls stand before those that were asked together.
    pub shown: Option<(Vec<TimedCall>, usize)>,
    /// Of how many nothing can be said.
    pub unknown: usize,
    /// How many of the calls ended in a failure of the service, though none does alone.
    pub failures: usize,
    /// What the endpoint did not let go.
    pub kept: Vec<NotDeleted>,
}

impl RaceResult {
    /// Adds the counts and the leftovers of another phase of the same race. The broken histories stay
    /// those of this phase.
    pub(crate) fn add_phase(&mut self, other: Self) {
        let Self { not_raced: _, histories, broken: _, shown: _, unknown, failures, kept } = other;
        self.histories += histories;
        self.unknown += unknown;
        self.failures += failures;
        self.kept.extend(kept);
    }
}

/// Asks the calls of a race one after the other in every order, and then, where that goes well, together.
pub fn play(
    race: &Race,
    endpoint: &mut dyn ConcurrentEndpoint,
    manner: RaceOptions<'_>,
) -> RaceResult {
    let mut raced = RaceResult::default();
    raced.not_raced = alone(race, endpoint, &mut raced, manner.settle);
    if raced.not_raced.is_some() {
        return raced;
    }
    let mut together = together(race, endpoint, manner);
    together.add_phase(raced);
    together
}

/// Asks them one after the other in every order, and tells what goes wrong in one of these.
pub(crate) fn alone(
    race: &Race,
    endpoint: &mut dyn ConcurrentEndpoint,
    raced: &mut RaceResult,
    settle: Duration,
) -> Option<String> {
    orders(&race.calls).into_iter().find_map(|calls| {
        let asked: Vec<Operation> = race.before.iter().copied().chain(calls).collect();
        let (history, kept) = one_by_one(&asked, race, endpoint, settle);
        raced.kept.extend(kept);
        goes_wrong(&history)
    })
}

/// Asks them together, again and again, each time in a name space of its own.
pub(crate) fn together(
    race: &Race,
    endpoint: &mut dyn ConcurrentEndpoint,
    manner: RaceOptions<'_>,
) -> RaceResult {
    let mut raced = RaceResult::default();
    let mut chance = Rng(manner.seed);
    for _ in 0..manner.repeats {
        if (manner.stop)() || manner.once && raced.broken > 0 {
            break;
        }
        let (history, kept) = at_once(race, endpoint, &mut chance, manner);
        raced.kept.extend(kept);
        raced.histories += 1;
        raced.failures += history.iter().filter(|it| is_failure(&it.observed)).count();
        match order(&history, &Account::default(), STEPS) {
            Linearization::Found(_) => {}
            Linearization::Unknown => raced.unknown += 1,
            Linearization::None => {
                raced.broken += 1;
                raced.shown.get_or_insert((history, race.before.len()));
            }
        }
    }
    raced
}

fn is_failure(observed: &Response) -> bool {
    matches!(observed, Response::Interrupted(it) if matches!(it.cause, FailureKind::Failure | FailureKind::Crash))
}

/// The first answer that is none that the model allows, or that is none at all.
fn goes_wrong(history: &[TimedCall]) -> Option<String> {
    let mut accounts = vec![Account::default()];
    for it in history {
        let call = || crate::script::print::operation(&it.operation);
        if matches!(it.observed, Response::Interrupted(_)) {
            return Some(format!("{} is answered {}", call(), it.observed));
        }
        accounts = accounts
            .iter()
            .flat_map(|account| follow(account, &it.operation, &it.observed))
            .collect();
        if accounts.is_empty() {
            return Some(format!(
                "one after the other, {} is already answered {}",
                call(),
                it.observed
            ));
        }
    }
    None
}

/// Asks what is true in the end, from both sides.
pub(crate) fn reads(race: &Race) -> Vec<Operation> {
    let calls = || race.before.iter().chain(&race.calls);
    let mut users: Vec<User> = calls().filter_map(Operation::user).collect();
    users.extend(calls().filter_map(|op| match op {
        Operation::UpdateUser(_, change) => change.name,
        _ => None,
    }));
    users.sort_unstable();
    users.dedup();
    let kinds =
        AttachmentKind::blockers().filter(|kind| calls().any(|op| op.kind() == Some(*kind)));
    let kinds: Vec<AttachmentKind> = kinds.collect();
    let mut objects: Vec<Resource> = race.calls.iter().filter_map(Operation::object).collect();
    objects.sort_unstable();
    objects.dedup();
    let of_user = |user: User| {
        let lists = kinds.iter().map(move |kind| Operation::List(user, *kind));
        [Operation::GetUser(user)].into_iter().chain(lists).collect::<Vec<_>>()
    };
    let of_object = |object: Resource| match object.class {
        ResourceKind::Group => Operation::Read(object),
        ResourceKind::Policy => Operation::Holders(object),
        ResourceKind::Device => Operation::ListAll(ResourceKind::Device, Filter::Held),
    };
    users.into_iter().flat_map(of_user).chain(objects.into_iter().map(of_object)).collect()
}

/// What is asked one after the other, timed by its place.
struct Sequence<'a> {
    endpoint: &'a mut dyn ConcurrentEndpoint,
    space: Namespace,
    left: CleanupPlan,
    history: Vec<TimedCall>,
    now: Duration,
}

impl<'a> Sequence<'a> {
    fn begin(endpoint: &'a mut dyn ConcurrentEndpoint) -> Self {
        let space = endpoint.fresh();
        let (left, history) = (CleanupPlan::default(), Vec::new());
        Self { endpoint, space, left, history, now: Duration::ZERO }
    }

    fn ask(&mut self, op: &Operation) {
        let observed = self.endpoint.ask(op);
        self.note(op, &observed);
        let tick = Duration::from_nanos(1);
        let (start, end) = (self.now + tick, self.now + 2 * tick);
        self.history.push(TimedCall { operation: *op, observed, start, end });
        self.now = end;
    }

    fn together(&mut self, calls: &[(Operation, Duration)]) {
        let begun = self.now + Duration::from_nanos(1);
        let heard = self.endpoint.together(calls);
        // What is attached may go along with a new name, whichever came first.
        let renames = |it: &TimedCall| matches!(it.operation, Operation::UpdateUser(..));
        let (last, first): (Vec<&TimedCall>, Vec<&TimedCall>) =
            heard.iter().partition(|it| renames(it));
        for it in first.into_iter().chain(last) {
            self.note(&it.operation, &it.observed);
        }
        for mut it in heard {
            it.start += begun;
            it.end += begun;
            self.now = self.now.max(it.end);
            self.history.push(it);
        }
    }

    /// After a race nobody knows what a deletion or a new name has left: both are looked at again.
    fn note(&mut self, op: &Operation, observed: &Response) {
        let lost = Response::interrupted(FailureKind::Timeout, "in a race");
        match op {
            Operation::DeleteUser(_) | Operation::Delete(_) | Operation::Detach(..) => {}
            Operation::UpdateUser(..) => self.left.note(op, &lost),
            _ => self.left.note(op, observed),
        }
    }

    /// Asks what is true in the end: again, where no order explains it and it may settle.
    fn observe(&mut self, race: &Race, settle: Duration) {
        let (before, now) = (self.history.len(), self.now);
        let (mut waited, mut tries) = (Duration::ZERO, 0);
        loop {
            self.history.truncate(before);
            self.now = now;
            for op in &reads(race) {
                self.ask(op);
            }
            let explained =
                || order(&self.history, &Account::default(), STEPS) != Linearization::None;
            if waited >= settle || explained() {
                return;
            }
            waited += self.endpoint.wait(tries);
            tries += 1;
        }
    }

    fn end(mut self, settle: Duration) -> (Vec<TimedCall>, Vec<NotDeleted>) {
        let mut patience = RetryPolicy::settling(settle);
        let kept = self.left.remove(self.space, self.endpoint, &mut patience);
        (self.history, kept)
    }
}

fn one_by_one(
    asked: &[Operation],
    race: &Race,
    endpoint: &mut dyn ConcurrentEndpoint,
    settle: Duration,
) -> (Vec<TimedCall>, Vec<NotDeleted>) {
    let mut sequence = Sequence::begin(endpoint);
    for op in asked {
        sequence.ask(op);
    }
    sequence.observe(race, settle);
    sequence.end(settle)
}

fn at_once(
    race: &Race,
    endpoint: &mut dyn ConcurrentEndpoint,
    chance: &mut Rng,
    RaceOptions { jitter, settle, .. }: RaceOptions<'_>,
) -> (Vec<TimedCall>, Vec<NotDeleted>) {
    let mut sequence = Sequence::begin(endpoint);
    for op in &race.before {
        sequence.ask(op);
    }
    let most = u64::try_from(jitter.as_micros()).unwrap_or(u64::MAX);
    let head_start = |op: &Operation| (*op, Duration::from_micros(chance.up_to(most)));
    let calls: Vec<_> = race.calls.iter().map(head_start).collect();
    sequence.together(&calls);
    sequence.observe(race, settle);
    sequence.end(settle)
}

/// So many clients can be asked in every order, one after the other.
const ORDERS_MAX: usize = 4;

/// What the service names is called anew by each client, from here on.
const ANEW: u32 = 100;

/// The same race with so many clients: its calls in turn, what the service names under a name of its own.
#[must_use]
pub fn crowded(race: &Race, clients: usize) -> Race {
    let call = |(place, op): (usize, &Operation)| match *op {
        Operation::Issue(user, kind, _, with)
            if place >= race.calls.len() && kind.row().naming == Naming::Service =>
        {
            let anew = u32::try_from(place).unwrap_or(0);
            Operation::Issue(user, kind, Item(ANEW + anew), with)
        }
        op => op,
    };
    let calls = race.calls.iter().cycle().take(clients.max(race.calls.len())).enumerate();
    Race { calls: calls.map(call).collect(), ..race.clone() }
}

/// Holds a race with so many clients. What is returned is the race that shows, with as few of them as it
/// still shows with.
pub fn hold(
    race: &Race,
    clients: usize,
    endpoint: &mut dyn ConcurrentEndpoint,
    manner: RaceOptions<'_>,
) -> (Race, RaceResult) {
    // What goes wrong with two says it best, and whether they go wrong alone.
    let raced = play(race, endpoint, manner);
    if clients <= race.calls.len() || raced.broken > 0 || raced.not_raced.is_some() {
        return (race.clone(), raced);
    }
    let many = crowded(race, clients);
    let mut crowd = together(&many, endpoint, manner);
    crowd.add_phase(raced);
    if crowd.broken == 0 {
        return (race.clone(), crowd);
    }
    let (few, mut shown) = fewer(many, crowd, endpoint, manner);
    let wrong = match few.calls.len() {
        ..=ORDERS_MAX => alone(&few, endpoint, &mut shown, manner.settle),
        many => Some(format!("it takes {many} clients, too many to ask in every order")),
    };
    if wrong.is_some() {
        shown = RaceResult { not_raced: wrong, broken: 0, shown: None, ..shown };
    }
    (few, shown)
}

/// Drops one client after the other, as long as it still shows without.
fn fewer(
    mut race: Race,
    mut shown: RaceResult,
    endpoint: &mut dyn ConcurrentEndpoint,
    manner: RaceOptions<'_>,
) -> (Race, RaceResult) {
    let mut place = race.calls.len();
    while let Some(next) = place.checked_sub(1) {
        place = next;
        if race.calls.len() <= 2 {
            break;
        }
        let mut smaller = race.clone();
        smaller.calls.remove(place);
        let mut without = together(&smaller, endpoint, manner);
        if without.broken > 0 {
            without.add_phase(shown);
            (race, shown) = (smaller, without);
        } else {
            shown.add_phase(without);
        }
    }
    (race, shown)
}
