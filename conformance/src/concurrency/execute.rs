//! Runs races against an endpoint.
//!
//! The operations of a race first run sequentially in every order. If one of these runs already
//! diverges, the race proves nothing and is skipped. Otherwise the operations run at the same time,
//! and a history that no order explains is a violation caused by concurrency.
//!
//! With many clients ([`hold`]), violations are more likely. A violation is then reduced to as few
//! clients as still show it, and those operations run sequentially as above.

use std::time::Duration;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, Filter, Item, Operation, Resource, ResourceKind, User,
};

use crate::concurrency::linearizability::{Linearization, follow, linearize, orders};
use crate::concurrency::{ConcurrentEndpoint, Race, TimedCall};
use crate::endpoint::Namespace;
use crate::response::{FailureKind, Response};
use crate::rng::Rng;
use crate::runner::cleanup::{CleanupPlan, NotDeleted};
use crate::runner::retry::{RetryPolicy, is_safe_to_retry};
use crate::script::print;
use crate::script::unusual::{UNUSUAL_SHARE, UNUSUAL_STYLES, with_unusual};

/// The search is undecided after this many steps.
const MAX_STEPS: usize = 100_000;

/// How often the operations of a race run together, and with which delays.
#[derive(Clone, Copy)]
pub struct RaceOptions<'a> {
    /// The number of repetitions.
    pub repeats: usize,
    /// The seed of the random delays.
    pub seed: u64,
    /// The longest delay of one client relative to the others.
    pub jitter: Duration,
    /// How long reads may be stale. The final state is what the reads show after that time.
    /// Operations that change something still take effect at one moment.
    pub settle: Duration,
    /// Whether to stop after the first violation.
    pub stop_at_first: bool,
    /// Returns true to end the run.
    pub stop: &'a dyn Fn() -> bool,
}

/// The result of a race.
#[derive(Clone, Debug, Default)]
pub struct RaceResult {
    /// The reason why the operations did not run together, if they did not.
    pub skip_reason: Option<String>,
    /// The number of histories checked.
    pub histories: usize,
    /// The number of histories that no order explains.
    pub violations: usize,
    /// The first of these histories, and the number of setup operations at its beginning.
    pub example: Option<(Vec<TimedCall>, usize)>,
    /// The number of histories for which the search is undecided.
    pub undecided: usize,
    /// The number of racing operations that ended in a service failure. None fails sequentially.
    pub failures: usize,
    /// The resources that the cleanup could not delete.
    pub not_deleted: Vec<NotDeleted>,
}

impl RaceResult {
    /// Adds the counts and the undeleted resources of another phase of the same race. Violations
    /// stay those of this phase.
    fn add_phase(&mut self, other: Self) {
        let Self {
            skip_reason: _,
            histories,
            violations: _,
            example: _,
            undecided: unknown,
            failures,
            not_deleted: kept,
        } = other;
        self.histories += histories;
        self.undecided += unknown;
        self.failures += failures;
        self.not_deleted.extend(kept);
    }
}

/// Runs the operations of a race sequentially in every order and then, if that succeeds, together.
pub fn execute(
    race: &Race,
    endpoint: &mut dyn ConcurrentEndpoint,
    options: RaceOptions<'_>,
) -> RaceResult {
    let mut sequential = RaceResult::default();
    sequential.skip_reason = run_every_order(race, endpoint, &mut sequential, options.settle);
    if sequential.skip_reason.is_some() {
        return sequential;
    }
    let mut concurrent = run_together(race, endpoint, options);
    concurrent.add_phase(sequential);
    concurrent
}

/// Runs the operations sequentially in every order. Returns the first error, as a reason to skip
/// the race.
fn run_every_order(
    race: &Race,
    endpoint: &mut dyn ConcurrentEndpoint,
    result: &mut RaceResult,
    settle: Duration,
) -> Option<String> {
    orders(&race.calls).into_iter().find_map(|calls| {
        let mut sequence = Sequence::new(endpoint);
        for op in race.setup.iter().chain(&calls) {
            sequence.send(op);
        }
        sequence.read_final_state(race, settle);
        let (history, kept) = sequence.finish(settle);
        result.not_deleted.extend(kept);
        sequential_error(&history)
    })
}

/// Runs the operations together, repeatedly, each time in a new namespace.
fn run_together(
    race: &Race,
    endpoint: &mut dyn ConcurrentEndpoint,
    options: RaceOptions<'_>,
) -> RaceResult {
    let mut result = RaceResult::default();
    let mut rng = Rng(options.seed);
    let max_delay = u64::try_from(options.jitter.as_micros()).unwrap_or(u64::MAX);
    for _ in 0..options.repeats {
        if (options.stop)() || options.stop_at_first && result.violations > 0 {
            break;
        }
        let mut sequence = Sequence::new(endpoint);
        for op in &race.setup {
            sequence.send(op);
        }
        let with_delay = |op: &Operation| (*op, Duration::from_micros(rng.at_most(max_delay)));
        let calls: Vec<_> = race.calls.iter().map(with_delay).collect();
        sequence.send_together(&calls);
        sequence.read_final_state(race, options.settle);
        let (history, kept) = sequence.finish(options.settle);
        result.not_deleted.extend(kept);
        result.histories += 1;
        result.failures += history.iter().filter(|it| is_failure(&it.response)).count();
        match linearize(&history, &Account::default(), MAX_STEPS) {
            Linearization::Found(_) => {}
            Linearization::Unknown => result.undecided += 1,
            Linearization::None if has_unnamed_item(&history) => result.undecided += 1,
            Linearization::None => {
                result.violations += 1;
                result.example.get_or_insert((history, race.setup.len()));
            }
        }
    }
    result
}

/// Whether a lost response contained the name of an item, and a listing shows unknown items: one of
/// them may be that item.
fn has_unnamed_item(history: &[TimedCall]) -> bool {
    let is_unnamed = |it: &TimedCall| {
        let issues = matches!(it.operation.well_formed(), Operation::Issue(..));
        issues && matches!(&it.response, Response::Failed(it) if !it.kind.had_no_effect())
    };
    let shows_unknown = |it: &TimedCall| {
        let listing = if let Response::Success(listing) = &it.response { listing } else { &None };
        listing.as_ref().is_some_and(|it| !it.unknown_names.is_empty())
    };
    history.iter().any(is_unnamed) && history.iter().any(shows_unknown)
}

fn is_unreachable(observed: &Response) -> bool {
    matches!(observed, Response::Failed(it) if it.kind == FailureKind::Unreachable)
}

fn is_failure(observed: &Response) -> bool {
    let Response::Failed(failure) = observed else { return false };
    matches!(failure.kind, FailureKind::Failure | FailureKind::Crash)
}

/// The first response of a sequential history that is a failure or that the model does not allow.
fn sequential_error(history: &[TimedCall]) -> Option<String> {
    let mut accounts = vec![Account::default()];
    for it in history {
        let operation = || print::operation(&it.operation);
        if matches!(it.response, Response::Failed(_)) {
            return Some(format!("{} fails: {}", operation(), it.response));
        }
        accounts = accounts
            .iter()
            .flat_map(|account| follow(account, &it.operation, &it.response))
            .collect();
        if accounts.is_empty() {
            return Some(format!(
                "it diverges without concurrency: {} returns {}",
                operation(),
                it.response
            ));
        }
    }
    None
}

/// The reads that show the final state, from the user's side and from the resource's side.
pub(crate) fn final_reads(race: &Race) -> Vec<Operation> {
    let calls = || race.setup.iter().chain(&race.calls);
    let mut users: Vec<User> = calls().filter_map(Operation::user).collect();
    users.extend(calls().filter_map(|op| match op {
        Operation::UpdateUser(_, change) => change.name,
        _ => None,
    }));
    users.sort_unstable();
    users.dedup();
    let kinds: Vec<AttachmentKind> = AttachmentKind::blockers()
        .filter(|kind| calls().any(|op| op.kind() == Some(*kind)))
        .collect();
    let mut resources: Vec<Resource> = race.calls.iter().filter_map(Operation::resource).collect();
    resources.sort_unstable();
    resources.dedup();
    let of_user = |user: User| {
        let lists = kinds.iter().map(move |kind| Operation::List(user, *kind));
        [Operation::GetUser(user)].into_iter().chain(lists).collect::<Vec<_>>()
    };
    let of_resource = |resource: Resource| match resource.kind {
        ResourceKind::Group => Operation::GetResource(resource),
        ResourceKind::Policy => Operation::ListHolders(resource),
        ResourceKind::Device => Operation::ListResources(ResourceKind::Device, Filter::InUse),
    };
    users.into_iter().flat_map(of_user).chain(resources.into_iter().map(of_resource)).collect()
}

/// A history in one namespace. Sequential operations get increasing artificial times.
struct Sequence<'a> {
    endpoint: &'a mut dyn ConcurrentEndpoint,
    space: Namespace,
    cleanup: CleanupPlan,
    history: Vec<TimedCall>,
    now: Duration,
    /// False after retries that did not help.
    is_responsive: bool,
}

impl<'a> Sequence<'a> {
    fn new(endpoint: &'a mut dyn ConcurrentEndpoint) -> Self {
        let space = endpoint.enter_new_namespace();
        let (cleanup, history) = (CleanupPlan::default(), Vec::new());
        Self { endpoint, space, cleanup, history, now: Duration::ZERO, is_responsive: true }
    }

    /// Sends an operation. Repeats it as long as a failure shows that it had no effect.
    fn send(&mut self, op: &Operation) {
        let mut observed = self.endpoint.execute(op);
        let mut retries = 0;
        while !is_unreachable(&observed)
            && is_safe_to_retry(op, &observed, retries, self.is_responsive)
        {
            self.endpoint.wait(retries);
            retries += 1;
            observed = self.endpoint.execute(op);
        }
        self.is_responsive &= retries == 0 || !matches!(observed, Response::Failed(_));
        self.record_for_cleanup(op, &observed);
        let tick = Duration::from_nanos(1);
        let (start, end) = (self.now + tick, self.now + 2 * tick);
        self.history.push(TimedCall { operation: *op, response: observed, start, end });
        self.now = end;
    }

    fn send_together(&mut self, calls: &[(Operation, Duration)]) {
        let offset = self.now + Duration::from_nanos(1);
        let timed = self.endpoint.send_together(calls);
        // A rename may move an attachment whichever came first, so renames are recorded last.
        let is_rename = |it: &TimedCall| matches!(it.operation, Operation::UpdateUser(..));
        let (renames, others): (Vec<&TimedCall>, Vec<&TimedCall>) =
            timed.iter().partition(|it| is_rename(it));
        for it in others.into_iter().chain(renames) {
            self.record_for_cleanup(&it.operation, &it.response);
        }
        for mut it in timed {
            it.start += offset;
            it.end += offset;
            self.now = self.now.max(it.end);
            self.history.push(it);
        }
    }

    /// Records an operation in the cleanup plan. After a race, the effect of deletions and renames
    /// is unknown: deletions are ignored, and renames count as lost, so that the cleanup covers
    /// both.
    fn record_for_cleanup(&mut self, op: &Operation, observed: &Response) {
        let lost = Response::failed(FailureKind::Timeout, "in a race");
        match op {
            Operation::DeleteUser(_) | Operation::DeleteResource(_) | Operation::Detach(..) => {}
            Operation::UpdateUser(..) => self.cleanup.record(op, &lost),
            _ => self.cleanup.record(op, observed),
        }
    }

    /// Reads the final state. Repeats stale reads until an order explains the history or the time
    /// to converge has passed.
    fn read_final_state(&mut self, race: &Race, settle: Duration) {
        let (before, now) = (self.history.len(), self.now);
        let (mut waited, mut tries) = (Duration::ZERO, 0);
        loop {
            self.history.truncate(before);
            self.now = now;
            for op in &final_reads(race) {
                self.send(op);
            }
            let is_explained =
                || linearize(&self.history, &Account::default(), MAX_STEPS) != Linearization::None;
            if waited >= settle || is_explained() {
                return;
            }
            waited += self.endpoint.wait(tries);
            tries += 1;
        }
    }

    /// Deletes what the history created. Returns the history and what could not be deleted.
    fn finish(mut self, settle: Duration) -> (Vec<TimedCall>, Vec<NotDeleted>) {
        let mut retries = RetryPolicy::with_convergence_timeout(settle);
        let kept = self.cleanup.run(self.space, self.endpoint, &mut retries);
        (self.history, kept)
    }
}

/// Up to this many operations run sequentially in every order.
const MAX_SEQUENTIAL: usize = 4;

/// The first item symbol for the items that additional clients create.
const FIRST_EXTRA_ITEM: u32 = 100;

/// The same race with this many clients. The operations repeat in turn; items that the service
/// names get new symbols.
fn with_clients(race: &Race, clients: usize) -> Race {
    let call = |(index, op): (usize, &Operation)| match *op {
        Operation::Issue(user, kind, _, with)
            if index >= race.calls.len() && kind.row().naming == Naming::Service =>
        {
            let extra = u32::try_from(index).unwrap_or(0);
            Operation::Issue(user, kind, Item(FIRST_EXTRA_ITEM + extra), with)
        }
        op => op,
    };
    let calls = race.calls.iter().cycle().take(clients.max(race.calls.len())).enumerate();
    Race { calls: calls.map(call).collect(), ..race.clone() }
}

/// The race with unusual names for everything that it names. `None` if the seed does not choose this race.
fn with_unusual_names(race: &Race, seed: u64) -> Option<Race> {
    let mix = |state: u64, byte: u8| Rng(state ^ u64::from(byte)).next();
    let mut rng = Rng(race.name.bytes().fold(seed, mix));
    let is_chosen = rng.below(UNUSUAL_SHARE) == 0;
    let operations: Vec<Operation> = race.setup.iter().chain(&race.calls).copied().collect();
    let mut setup = with_unusual(&operations, rng.below(UNUSUAL_STYLES)).filter(|_| is_chosen)?;
    let calls = setup.split_off(race.setup.len());
    Some(Race { setup, calls, ..race.clone() })
}

/// Runs a race with this many clients. The seed chooses a share of the races whose names are unusual; if the
/// endpoint diverges without concurrency then, the race runs with ordinary names. Returns the race that shows a
/// violation with as few clients as possible, and its result.
pub fn execute_with_clients(
    race: &Race,
    clients: usize,
    endpoint: &mut dyn ConcurrentEndpoint,
    options: RaceOptions<'_>,
) -> (Race, RaceResult) {
    let Some(unusual) = with_unusual_names(race, options.seed) else {
        return execute_with_these_names(race, clients, endpoint, options);
    };
    let (shown, result) = execute_with_these_names(&unusual, clients, endpoint, options);
    if result.skip_reason.is_none() {
        return (shown, result);
    }
    let (shown, mut ordinary) = execute_with_these_names(race, clients, endpoint, options);
    ordinary.add_phase(result);
    (shown, ordinary)
}

fn execute_with_these_names(
    race: &Race,
    clients: usize,
    endpoint: &mut dyn ConcurrentEndpoint,
    options: RaceOptions<'_>,
) -> (Race, RaceResult) {
    // A violation with the race's own clients is the clearest, and shows sequential errors.
    let result = execute(race, endpoint, options);
    if clients <= race.calls.len() || result.violations > 0 || result.skip_reason.is_some() {
        return (race.clone(), result);
    }
    let many = with_clients(race, clients);
    let mut many_result = run_together(&many, endpoint, options);
    many_result.add_phase(result);
    if many_result.violations == 0 {
        return (race.clone(), many_result);
    }
    let (fewest, mut result) = remove_clients(many, many_result, endpoint, options);
    let not_raced = match fewest.calls.len() {
        ..=MAX_SEQUENTIAL => run_every_order(&fewest, endpoint, &mut result, options.settle),
        many => {
            Some(format!("it takes {many} clients, too many to run sequentially in every order"))
        }
    };
    if not_raced.is_some() {
        result = RaceResult { skip_reason: not_raced, violations: 0, example: None, ..result };
    }
    (fewest, result)
}

/// Removes one client after the other as long as the violation remains.
fn remove_clients(
    mut race: Race,
    mut result: RaceResult,
    endpoint: &mut dyn ConcurrentEndpoint,
    options: RaceOptions<'_>,
) -> (Race, RaceResult) {
    let mut index = race.calls.len();
    while let Some(next) = index.checked_sub(1) {
        index = next;
        if race.calls.len() <= 2 {
            break;
        }
        let mut smaller = race.clone();
        smaller.calls.remove(index);
        let mut without = run_together(&smaller, endpoint, options);
        if without.violations > 0 {
            without.add_phase(result);
            (race, result) = (smaller, without);
        } else {
            result.add_phase(without);
        }
    }
    (race, result)
}
