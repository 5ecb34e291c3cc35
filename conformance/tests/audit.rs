//! Audit: responses of the reference are never impossible, wherever the log begins and in whatever
//! order the events of one second are. Responses of mutants are impossible.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::rc::Rc;

use iamspec_conformance::audit::{
    AuditCall, AuditEvent, AuditOptions, AuditVerdict, Auditor, ShownPart,
};
use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::oracle::messages;
use iamspec_conformance::reference::{ReferenceOptions, respond_and_apply};
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::results::Threshold;
use iamspec_conformance::rng::Rng;
use iamspec_conformance::{Exchange, Mutant, Reference, Response, Suite, Tier};
use iamspec_model::{Account, Level, Operation, apply};

/// An exchange as an event, one each second.
fn event(index: usize, op: &Operation, observed: &Response) -> AuditEvent {
    let at = i64::try_from(index).unwrap() * 1000;
    AuditEvent {
        id: index.to_string(),
        shown: format!("{op:?} -> {observed}"),
        source: String::new(),
        time: String::new(),
        start: at,
        end: at,
        action: op.action().unwrap(),
        call: AuditCall::Operation(*op, Vec::new()),
        response: observed.clone(),
        shown_part: ShownPart::Whole,
        repeated: Vec::new(),
        hides_message: false,
        external: Vec::new(),
        namesakes: Vec::new(),
        details: Vec::new(),
        aws_policy: None,
        deviations: Vec::new(),
    }
}

/// The events of random operations on the reference or a mutant, one history per namespace.
fn histories(seed: u64, mutant: Option<Mutant>) -> Vec<Vec<AuditEvent>> {
    histories_of(seed, mutant.map_or_else(Reference::default, Reference::with_mutant))
}

fn histories_of(seed: u64, mut reference: Reference) -> Vec<Vec<AuditEvent>> {
    let suite =
        Suite::new(Vec::new()).with_generated(vec![GeneratedSuite::Random { seed, calls: 1000 }]);
    let report = suite.run(&mut reference, &mut |_| (), &|| false);
    let events_of = |replay: &iamspec_conformance::ScriptRun| {
        let exchanges = replay.exchanges.iter().enumerate();
        let event = |(index, it): (usize, &Exchange)| {
            Some(event(index, &it.operation, it.response.as_ref()?))
        };
        exchanges.filter_map(event).collect::<Vec<_>>()
    };
    report.script_runs.iter().map(events_of).collect()
}

/// Everything counts: every tier, and every level with evidence.
const STRICT: AuditOptions = AuditOptions {
    starts_empty: false,
    lag: 0,
    threshold: Threshold { tier: Tier::Text, level: Level::Must, rules: None },
    learn: false,
};

/// The number of histories of a test: as many as it has in every run, or as many as
/// `IAMSPEC_HISTORIES` says.
fn count(usual: u64) -> u64 {
    std::env::var("IAMSPEC_HISTORIES").map_or(usual, |it| it.parse().unwrap())
}

/// The finding of the first impossible event.
fn impossible(events: &[AuditEvent]) -> Option<String> {
    impossible_with(STRICT, events)
}

fn impossible_with(options: AuditOptions, events: &[AuditEvent]) -> Option<String> {
    let mut auditor = Auditor::new(options);
    let events: Vec<Rc<AuditEvent>> = events.iter().cloned().map(Rc::new).collect();
    events.chunk_by(|one, other| other.start <= one.end).find_map(|overlapping| {
        auditor.check(overlapping).into_iter().find_map(|verdict| match verdict {
            AuditVerdict::Impossible(finding) => Some(format!("{finding:#?}")),
            _ => None,
        })
    })
}

#[test]
fn responses_of_the_reference_are_possible_wherever_the_log_begins() {
    let mut rng = Rng(1);
    let mut checked = 0;
    for seed in 0..count(12) {
        for events in histories(seed, None) {
            let middle = rng.below(u32::try_from(events.len()).unwrap()) as usize;
            for (from, lag) in [(0, 0), (middle, 0), (0, 5000), (middle, 5000)] {
                let options = AuditOptions { lag, ..STRICT };
                let finding = impossible_with(options, events.get(from..).unwrap());
                assert!(finding.is_none(), "seed {seed}, from {from}: {}", finding.unwrap());
                checked += events.len() - from;
            }
            let empty = AuditOptions { starts_empty: true, ..STRICT };
            let finding = impossible_with(empty, &events);
            assert!(finding.is_none(), "seed {seed}, empty: {}", finding.unwrap());
            // The log need not have every read, nor every refusal.
            let mut others = events.clone();
            others.retain(|it| {
                let changes_nothing = matches!(it.response, Response::Refused { .. })
                    || it.operation().is_some_and(Operation::is_read);
                !changes_nothing || rng.below(2) == 0
            });
            for starts_empty in [false, true] {
                let options = AuditOptions { starts_empty, ..STRICT };
                let finding = impossible_with(options, &others);
                assert!(finding.is_none(), "seed {seed}, without reads: {}", finding.unwrap());
            }
        }
    }
    assert!(checked > 10_000, "{checked}");
}

#[test]
fn unspecified_behavior_is_possible_under_every_policy() {
    for policy in ["accept", "refuse", "7"] {
        for seed in 0..count(20) {
            let may = policy.parse().unwrap();
            let reference = Reference::with_options(ReferenceOptions {
                unspecified: may,
                ..ReferenceOptions::default()
            });
            for events in histories_of(seed, reference) {
                let finding = impossible(&events);
                assert!(finding.is_none(), "{policy}, seed {seed}: {}", finding.unwrap());
            }
        }
    }
}

/// Gives the events of each window the same time, in a random order.
fn overlap(events: &mut [AuditEvent], window: i64, rng: &mut Rng) {
    for event in events.iter_mut() {
        event.start -= event.start % window;
        event.end = event.start + 999;
    }
    events.sort_by_cached_key(|it| (it.start, rng.next()));
}

/// Events that overlap may have any order, also if there are too many orders to try.
#[test]
fn the_order_of_events_within_a_second_makes_none_impossible() {
    let mut rng = Rng(2);
    for seed in 0..count(24) {
        let window = if seed % 2 == 0 { 3000 } else { 12_000 };
        for mut events in histories(seed, None) {
            overlap(&mut events, window, &mut rng);
            for starts_empty in [false, true] {
                let options = AuditOptions { starts_empty, ..STRICT };
                let finding = impossible_with(options, &events);
                let shown: Vec<String> = events
                    .iter()
                    .map(|it| format!("{} {} {}", it.start, it.id, it.shown))
                    .collect();
                assert!(
                    finding.is_none(),
                    "seed {seed}: {}\n{}",
                    finding.unwrap(),
                    shown.join("\n")
                );
            }
        }
    }
}

/// The ids of the impossible events.
fn accused(options: AuditOptions, events: &[AuditEvent]) -> Vec<String> {
    let mut auditor = Auditor::new(options);
    let events: Vec<Rc<AuditEvent>> = events.iter().cloned().map(Rc::new).collect();
    let verdicts = events
        .chunk_by(|one, other| other.start <= one.end)
        .flat_map(|overlapping| auditor.check(overlapping));
    let accused = verdicts.filter_map(|verdict| match verdict {
        AuditVerdict::Impossible(finding) => Some(finding.event.id.clone()),
        _ => None,
    });
    accused.collect()
}

/// A response that no account explains makes no other response impossible, in whatever order the log has
/// the events of a second.
#[test]
fn a_wrong_response_makes_none_of_its_second_impossible() {
    let mut rng = Rng(6);
    for seed in 0..count(24) {
        for mut events in histories(seed, None) {
            let wrong = rng.below(u32::try_from(events.len()).unwrap()) as usize;
            let (code, message) = ("NoSuchEntity".to_owned(), None);
            events[wrong].response = Response::Refused { http: 403, code, message };
            let wrong = [events[wrong].id.clone()];
            overlap(&mut events, 3000, &mut rng);
            for starts_empty in [false, true] {
                let options = AuditOptions { starts_empty, ..STRICT };
                assert_eq!(accused(options, &events), wrong, "seed {seed}");
            }
        }
    }
}

/// In a known account, a response of another call makes another one impossible in fewer than one of 500
/// histories, whatever counts. If the log does not give the order, the wrong response may explain another
/// order of its second, in fewer than one of 40.
#[test]
fn one_wrong_response_in_a_known_account_rarely_makes_another_event_impossible() {
    let mut rng = Rng(7);
    let strict = AuditOptions { starts_empty: true, ..STRICT };
    let status = Threshold { tier: Tier::Status, ..strict.threshold };
    let (mut in_order, mut in_any_order, mut all) = (0, 0, 0);
    let (mut others_in_order, mut others) = (0, 0);
    for seed in 0..count(24) {
        for mut events in histories(seed, None) {
            let mut index = || rng.below(u32::try_from(events.len()).unwrap()) as usize;
            let (wrong, other) = (index(), index());
            events[wrong].response = events[other].response.clone();
            let wrong = events[wrong].id.clone();
            for options in [strict, AuditOptions { threshold: status, ..strict }] {
                let accused = accused(options, &events);
                in_order += usize::from(accused.contains(&wrong));
                others_in_order += accused.iter().filter(|it| **it != wrong).count();
            }
            overlap(&mut events, 3000, &mut rng);
            let accused = accused(strict, &events);
            in_any_order += usize::from(accused.contains(&wrong));
            others += accused.iter().filter(|it| **it != wrong).count();
            all += 1;
        }
    }
    let figures = format!("{in_order}, {in_any_order}, {others_in_order}, {others} of {all}");
    assert!(in_order > all && in_any_order > all / 2, "{figures}");
    assert!(others_in_order <= all / 500 && others < all / 40, "{figures}");
}

/// A change is missing in the log: the responses that depend on it contradict the log once, and more often
/// in fewer than one of 1,000 histories.
#[test]
fn a_change_that_the_log_lacks_is_rarely_reported_twice() {
    let mut rng = Rng(8);
    let options = AuditOptions { starts_empty: true, ..STRICT };
    let (mut found, mut repeated) = (0, Vec::new());
    for seed in 0..count(24) {
        for mut events in histories(seed, None) {
            let changes: Vec<usize> = events
                .iter()
                .enumerate()
                .filter(|(_, it)| matches!(it.response, Response::Success(_)))
                .filter(|(_, it)| !it.operation().is_some_and(Operation::is_read))
                .map(|(index, _)| index)
                .collect();
            let Some(last) = changes.len().checked_sub(1) else { continue };
            let removed =
                events.remove(changes[rng.below(u32::try_from(last + 1).unwrap()) as usize]);
            let accused = accused(options, &events);
            found += usize::from(!accused.is_empty());
            if accused.len() > 1 {
                repeated
                    .push(format!("seed {seed}: {} {}, {accused:?}", removed.id, removed.shown));
            }
        }
    }
    assert!(found > 100 && repeated.len() <= found / 1000, "{found}\n{}", repeated.join("\n"));
}

/// A call whose response was lost had an effect or not, and the log may lack the name of the item.
#[test]
fn lost_responses_make_no_later_response_impossible() {
    let mut rng = Rng(3);
    let mut lost = 0;
    for seed in 0..count(12) {
        for mut events in histories(seed, None) {
            for event in &mut events {
                if rng.below(5) == 0 {
                    event.response = Response::failed(FailureKind::Timeout, "");
                    lost += 1;
                    if rng.below(2) == 0 {
                        event.call =
                            AuditCall::Unknown(event.operation().and_then(Operation::user));
                    }
                }
            }
            for starts_empty in [false, true] {
                let options = AuditOptions { starts_empty, ..STRICT };
                let finding = impossible_with(options, &events);
                assert!(finding.is_none(), "seed {seed}: {}", finding.unwrap());
            }
        }
    }
    assert!(lost > 1_000, "{lost}");
}

/// The effect of a change is unknown if its event is only recorded, as one that arrives late is.
#[test]
fn late_changes_make_no_later_response_impossible() {
    let mut rng = Rng(5);
    let mut late = 0;
    for seed in 0..count(24) {
        for events in histories(seed, None) {
            let middle = rng.below(u32::try_from(events.len()).unwrap()) as usize;
            for (from, starts_empty) in [(0, true), (0, false), (middle, false)] {
                let mut auditor = Auditor::new(AuditOptions { starts_empty, ..STRICT });
                let mut before = Vec::new();
                for event in events.get(from..).unwrap() {
                    if rng.below(8) == 0 {
                        late += 1;
                        before.push(format!("late: {}", event.shown));
                        auditor.record_late_event(event);
                        continue;
                    }
                    before.push(event.shown.clone());
                    let verdicts = auditor.check(&[Rc::new(event.clone())]);
                    let is_impossible =
                        verdicts.iter().any(|it| matches!(it, AuditVerdict::Impossible(_)));
                    assert!(!is_impossible, "seed {seed}: {}\n{verdicts:#?}", before.join("\n"));
                }
            }
        }
    }
    assert!(late > 1_000, "{late}");
}

/// What happens to the event of a call.
#[derive(Clone, Copy, PartialEq)]
enum Logged {
    /// It is in the log.
    Alone,
    /// It overlaps with the event before.
    Overlapping,
    /// Its response is lost.
    Lost,
    /// It arrives before the last event only.
    Late,
    /// The log begins after it.
    Before,
}

/// Histories that were once called impossible. Each ended with a response that depends on what is
/// known of another name.
const POSSIBLE: [&[(Logged, &str)]; 9] = {
    use Logged::{Alone, Before, Late, Lost, Overlapping};
    [
        // A group gets the name of a deleted one, and its members are not known.
        &[
            (Before, "CreateUser u0"),
            (Before, "CreateGroup g0"),
            (Before, "AddUserToGroup u0 g0"),
            (Alone, "CreateGroup g1"),
            (Alone, "AddUserToGroup u0 g1"),
            (Alone, "RemoveUserFromGroup u0 g1"),
            (Alone, "DeleteGroup g1"),
            (Alone, "UpdateGroup g0 g1"),
            (Alone, "ListGroupsForUser u0"),
        ],
        // Renames that may have been made.
        &[
            (Alone, "CreateUser u0"),
            (Alone, "CreateGroup g0"),
            (Alone, "AddUserToGroup u0 g0"),
            (Lost, "UpdateGroup g0 g1"),
            (Alone, "ListGroupsForUser u0"),
        ],
        &[
            (Alone, "CreateGroup g0"),
            (Alone, "CreatePolicy p0"),
            (Alone, "AttachGroupPolicy g0 p0"),
            (Lost, "UpdateGroup g0 g1"),
            (Alone, "CreateGroup g0"),
            (Alone, "DeletePolicy p0"),
        ],
        // What an event of an earlier name changed.
        &[
            (Alone, "CreateUser u0"),
            (Alone, "CreateGroup g0"),
            (Late, "AddUserToGroup u0 g0"),
            (Alone, "UpdateUser u0 u1"),
            (Alone, "ListGroupsForUser u1"),
        ],
        &[
            (Alone, "CreateUser u0"),
            (Alone, "CreateGroup g0"),
            (Alone, "AddUserToGroup u0 g0"),
            (Late, "UpdateGroup g0 g1"),
            (Late, "UpdateGroup g1 g2"),
            (Alone, "ListGroupsForUser u0"),
        ],
        // The boundary of a user with another name.
        &[
            (Alone, "CreatePolicy p0"),
            (Alone, "CreateUser u0 p0"),
            (Alone, "UpdateUser u0 u1"),
            (Alone, "UpdateUser u1 u2"),
            (Overlapping, "CreateGroup g0"),
            (Alone, "DeletePolicy p0"),
        ],
        // A group with the name of an empty one.
        &[
            (Before, "CreateUser u0"),
            (Before, "CreateGroup g0"),
            (Before, "AddUserToGroup u0 g0"),
            (Alone, "CreateGroup g1"),
            (Alone, "DeleteGroup g1"),
            (Lost, "UpdateGroup g0 g1"),
            (Alone, "ListGroupPolicies g1"),
            (Alone, "ListAttachedGroupPolicies g1"),
            (Alone, "DeleteGroup g1"),
        ],
        // The policy of a group that may have been created again.
        &[
            (Alone, "CreateGroup g0"),
            (Alone, "CreatePolicy p0"),
            (Alone, "AttachGroupPolicy g0 p0"),
            (Lost, "CreateGroup g0"),
            (Alone, "UpdateGroup g0 g1"),
            (Alone, "DeletePolicy p0"),
        ],
        // A key that may be inactive.
        &[
            (Alone, "CreateUser u0"),
            (Lost, "UploadSSHPublicKey u0 ssh#0"),
            (Lost, "UpdateSSHPublicKey u0 ssh#0 Inactive"),
            (Alone, "DeleteUser u0"),
        ],
    ]
};

#[test]
fn what_is_known_of_another_name_makes_no_response_impossible() {
    let mut accused = Vec::new();
    for steps in POSSIBLE {
        let text: Vec<&str> = steps.iter().map(|it| it.1).collect();
        let script =
            iamspec_conformance::script::parse::parse("possible", &text.join("\n")).unwrap();
        let report =
            Suite::new(vec![script]).run(&mut Reference::default(), &mut |_| (), &|| false);
        let exchanges = report.script_runs.first().unwrap().exchanges.iter().enumerate();
        let events =
            exchanges.map(|(at, it)| event(at, &it.operation, it.response.as_ref().unwrap()));
        for starts_empty in [false, true] {
            let mut auditor = Auditor::new(AuditOptions { starts_empty, ..STRICT });
            let mut events = events.clone().zip(steps).peekable();
            let mut late = Vec::new();
            while let Some((mut event, (logged, _))) = events.next() {
                match logged {
                    Logged::Before if !starts_empty => continue,
                    Logged::Late => {
                        late.push(event);
                        continue;
                    }
                    Logged::Lost => event.response = Response::failed(FailureKind::Timeout, ""),
                    _ => {}
                }
                let mut overlapping = vec![Rc::new(event)];
                while let Some((it, _)) = events.next_if(|it| it.1.0 == Logged::Overlapping) {
                    overlapping.push(Rc::new(AuditEvent { start: overlapping[0].start, ..it }));
                }
                if events.peek().is_none() {
                    for event in late.drain(..) {
                        auditor.record_late_event(&event);
                    }
                }
                let verdicts = auditor.check(&overlapping);
                let is_impossible =
                    verdicts.iter().any(|it| matches!(it, AuditVerdict::Impossible(_)));
                if is_impossible {
                    accused.push(format!("starts empty {starts_empty}: {}", text.join("; ")));
                }
            }
        }
    }
    assert!(accused.is_empty(), "{accused:#?}");
}

/// More members than the knowledge of a group has room for.
#[test]
fn a_group_with_300_members_may_be_listed_again_and_renamed() {
    use iamspec_model::{AttachmentKind, Item, Resource, ResourceKind, User};
    let group = |item| Resource { kind: ResourceKind::Group, item: Item(item) };
    let mut reference = ReferenceOptions::default();
    let mut account = Account::default();
    let mut operations = vec![Operation::CreateResource(group(0))];
    for user in (0..300).map(User) {
        let kind = AttachmentKind::GroupMembership;
        operations.extend([Operation::create_user(user), Operation::Attach(user, kind, Item(0))]);
    }
    let before = operations.len();
    operations.extend([
        Operation::GetResource(group(0)),
        Operation::GetResource(group(0)),
        Operation::RenameResource(group(0), Some(Item(1))),
        Operation::GetResource(group(1)),
        Operation::List(User(299), AttachmentKind::GroupMembership),
    ]);
    let respond = |(index, op): (usize, &Operation)| {
        let symbols = messages::symbols(op);
        let response = respond_and_apply(&mut account, op, &mut reference, &symbols);
        event(index, op, &response)
    };
    let events: Vec<AuditEvent> = operations.iter().enumerate().map(respond).collect();
    for from in [0, before] {
        let finding = impossible(events.get(from..).unwrap());
        assert!(finding.is_none(), "from {from}: {}", finding.unwrap());
    }
}

/// A read or a refusal may be the one of an earlier state within the lag.
#[test]
fn stale_responses_make_no_later_response_impossible() {
    const LAG: u32 = 5;
    let mut rng = Rng(4);
    let mut stale = 0;
    for seed in 0..count(12) {
        for mut events in histories(seed, None) {
            let mut accounts = vec![Account::default()];
            for event in &events {
                let mut account = accounts.last().unwrap().clone();
                if let (Response::Success(_), Some(op)) = (&event.response, event.operation()) {
                    apply(&mut account, op);
                }
                accounts.push(account);
            }
            let middle = rng.below(u32::try_from(events.len()).unwrap()) as usize;
            for index in 0..events.len() {
                let earlier = index.saturating_sub(1 + rng.below(LAG - 1) as usize);
                let event = events.get_mut(index).unwrap();
                let op = *event.operation().unwrap();
                let mut account = accounts.get(earlier).unwrap().clone();
                let mut options = ReferenceOptions::default();
                let symbols = messages::symbols(&op);
                let response = respond_and_apply(&mut account, &op, &mut options, &symbols);
                // What exists may be invisible at the start of a log, but not the other way round.
                let shows_what_is_gone = index >= middle
                    && index < middle + LAG as usize
                    && matches!(response, Response::Success(_));
                if op.is_read() && rng.below(2) == 0 && !shows_what_is_gone {
                    stale += usize::from(response != event.response);
                    event.response = response;
                }
            }
            for (from, starts_empty) in [(0, true), (0, false), (middle, false)] {
                let options = AuditOptions { lag: i64::from(LAG) * 1000, starts_empty, ..STRICT };
                let finding = impossible_with(options, events.get(from..).unwrap());
                assert!(finding.is_none(), "seed {seed}, from {from}: {}", finding.unwrap());
            }
        }
    }
    assert!(stale > 100, "{stale}");
}

#[test]
fn a_mutant_that_forgets_a_kind_has_impossible_events() {
    for kind in iamspec_model::AttachmentKind::blockers() {
        let mutant = Mutant::find(&format!("forgets-{}", kind.row().name)).unwrap();
        let mut all = (0..20).flat_map(|seed| histories(seed, Some(mutant.clone())));
        let found = all.find_map(|it| impossible(&it));
        assert!(found.as_ref().is_some_and(|it| it.contains("DeleteUser")), "{found:?}");
    }
}
