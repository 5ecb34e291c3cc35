//! Audit: responses of the reference are never impossible, wherever the log begins and in whatever
//! order the events of one second are. Responses of mutants are.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iamspec_conformance::audit::{
    AuditEvent, AuditOperation, AuditResponse, AuditVerdict, Auditor,
};
use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_conformance::rng::Rng;
use iamspec_conformance::{Mutant, Reference, Response, Suite};
use iamspec_model::{AttachmentAction, ErrorCode, Operation, Resource};

fn name(user: iamspec_model::User) -> String {
    format!("u{}", user.0)
}

/// An exchange as an event, or `None` if the audit does not cover the operation.
fn event(index: usize, op: &Operation, observed: &Response) -> Option<AuditEvent> {
    let user = |it| Some(name(it));
    let object = |it: Resource| Some(it.item.0.to_string());
    let item = |item: iamspec_model::Item| Some(item.0.to_string());
    let (asked, user, other) = match *op {
        Operation::CreateUser(it, _) => (AuditOperation::CreateUser, user(it), None),
        Operation::GetUser(it) => (AuditOperation::GetUser, user(it), None),
        Operation::DeleteUser(it) => (AuditOperation::DeleteUser, user(it), None),
        Operation::UpdateUser(it, change) => {
            (AuditOperation::UpdateUser, user(it), change.name.map(name))
        }
        Operation::CreateResource(it) => (AuditOperation::Create(it.kind), None, object(it)),
        Operation::DeleteResource(it) => (AuditOperation::Delete(it.kind), None, object(it)),
        Operation::Attach(it, kind, what) | Operation::Issue(it, kind, what, _) => {
            (AuditOperation::Attachment(kind, AttachmentAction::Attach), user(it), item(what))
        }
        Operation::Detach(it, kind, what) => {
            (AuditOperation::Attachment(kind, AttachmentAction::Detach), user(it), item(what))
        }
        Operation::List(it, kind) => {
            (AuditOperation::Attachment(kind, AttachmentAction::List), user(it), None)
        }
        Operation::Get(it, kind, what) => {
            (AuditOperation::Attachment(kind, AttachmentAction::Get), user(it), item(what))
        }
        Operation::SetStatus(it, kind, what, _) => {
            (AuditOperation::Attachment(kind, AttachmentAction::SetStatus), user(it), item(what))
        }
        Operation::ResetSecret(it, kind, what) => {
            (AuditOperation::Attachment(kind, AttachmentAction::ResetSecret), user(it), item(what))
        }
        _ => return None,
    };
    // Attachments of which a user holds at most one have no name.
    let is_single = match asked {
        AuditOperation::Attachment(kind, _) => kind.row().parameter.is_empty(),
        _ => false,
    };
    let other = other.filter(|_| !is_single);
    asked.api()?;
    let answer = match observed {
        Response::Success(_) => AuditResponse::Done,
        Response::Refused { code, .. } => {
            let known = ErrorCode::ALL.into_iter().find(|it| it.name() == code);
            known.map_or(AuditResponse::Uninformative, AuditResponse::Refused)
        }
        Response::Failed(_) => AuditResponse::Uninformative,
    };
    let at = i64::try_from(index).unwrap();
    let id = index.to_string();
    Some(AuditEvent {
        id,
        time: at,
        operation: asked,
        user,
        other_name: other,
        response: answer,
        message: None,
    })
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
        let event = |(index, it): (usize, &iamspec_conformance::Exchange)| {
            event(index, &it.operation, it.response.as_ref()?)
        };
        exchanges.filter_map(event).collect::<Vec<_>>()
    };
    report.script_runs.iter().map(events_of).collect()
}

/// The finding of the first impossible event.
fn impossible(events: &[AuditEvent]) -> Option<String> {
    let mut auditor = Auditor::with_lag(0);
    events.chunk_by(|one, other| one.time == other.time).find_map(|second| {
        auditor.check(second).into_iter().find_map(|verdict| match verdict {
            AuditVerdict::Impossible(finding) => Some(format!("{finding:#?}")),
            _ => None,
        })
    })
}

#[test]
fn responses_of_the_reference_are_possible_wherever_the_log_begins() {
    let mut rng = Rng(1);
    let mut checked = 0;
    for seed in 0..30 {
        for events in histories(seed, None) {
            let middle = rng.below(u32::try_from(events.len()).unwrap()) as usize;
            for from in [0, middle] {
                let finding = impossible(events.get(from..).unwrap());
                assert!(finding.is_none(), "seed {seed}, from {from}: {}", finding.unwrap());
                checked += events.len() - from;
            }
        }
    }
    assert!(checked > 20_000, "{checked}");
}

#[test]
fn unspecified_behavior_is_possible_under_every_policy() {
    for policy in ["accept", "refuse", "7"] {
        for seed in 0..20 {
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

/// Times are in seconds, and the events of one second may have any order.
#[test]
fn the_order_of_events_within_a_second_makes_none_impossible() {
    let mut rng = Rng(2);
    for seed in 0..30 {
        for mut events in histories(seed, None) {
            for event in &mut events {
                event.time /= 3;
            }
            let mut shuffled: Vec<(i64, u64, AuditEvent)> =
                events.into_iter().map(|it| (it.time, rng.next(), it)).collect();
            shuffled.sort_by_key(|(at, random, _)| (*at, *random));
            let events: Vec<AuditEvent> = shuffled.into_iter().map(|(.., it)| it).collect();
            let finding = impossible(&events);
            assert!(finding.is_none(), "seed {seed}: {}", finding.unwrap());
        }
    }
}

/// A call whose response was lost had an effect or not, and the log may lack the name of the item.
#[test]
fn lost_responses_make_no_later_response_impossible() {
    let mut rng = Rng(3);
    let mut lost = 0;
    for seed in 0..30 {
        for mut events in histories(seed, None) {
            for event in &mut events {
                if rng.below(5) == 0 {
                    event.response = AuditResponse::Unknown;
                    lost += 1;
                    if rng.below(2) == 0 {
                        event.other_name = None;
                    }
                }
            }
            let finding = impossible(&events);
            assert!(finding.is_none(), "seed {seed}: {}", finding.unwrap());
        }
    }
    assert!(lost > 2_000, "{lost}");
}

#[test]
fn a_mutant_that_forgets_a_kind_has_impossible_events() {
    for kind in iamspec_model::AttachmentKind::blockers() {
        let mutant = Mutant::find(&format!("forgets-{}", kind.row().name)).unwrap();
        let mut all = (0..20).flat_map(|seed| histories(seed, Some(mutant.clone())));
        let found = all.find_map(|it| impossible(&it));
        assert!(found.as_ref().is_some_and(|it| it.contains("DeleteUser/holds-")), "{found:?}");
    }
}
