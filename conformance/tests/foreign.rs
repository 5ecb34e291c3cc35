//! Histories from elsewhere: what the reference answers is never called impossible, wherever one begins to look and
//! whatever order the events of one second have; what cannot be is.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iamspec_conformance::audit::judge::{AuditVerdict, Auditor};
use iamspec_conformance::audit::{AuditEvent, AuditOperation, AuditResponse};
use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_conformance::rng::Rng;
use iamspec_conformance::{Mutant, Reference, Response, Suite};
use iamspec_model::{AttachmentAction, ErrorCode, Operation, Resource};

fn name(user: iamspec_model::User) -> String {
    format!("u{}", user.0)
}

/// A call as an event; nothing where it is of those that are not looked at.
fn event(place: usize, op: &Operation, observed: &Response) -> Option<AuditEvent> {
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
        Operation::Create(it) => (AuditOperation::Create(it.class), None, object(it)),
        Operation::Delete(it) => (AuditOperation::Delete(it.class), None, object(it)),
        Operation::Attach(it, kind, what) | Operation::Issue(it, kind, what, _) => {
            (AuditOperation::Kind(kind, AttachmentAction::Attach), user(it), item(what))
        }
        Operation::Detach(it, kind, what) => {
            (AuditOperation::Kind(kind, AttachmentAction::Detach), user(it), item(what))
        }
        Operation::List(it, kind) => {
            (AuditOperation::Kind(kind, AttachmentAction::List), user(it), None)
        }
        Operation::Get(it, kind, what) => {
            (AuditOperation::Kind(kind, AttachmentAction::Get), user(it), item(what))
        }
        Operation::SetStatus(it, kind, what, _) => {
            (AuditOperation::Kind(kind, AttachmentAction::SetStatus), user(it), item(what))
        }
        Operation::Renew(it, kind, what) => {
            (AuditOperation::Kind(kind, AttachmentAction::Renew), user(it), item(what))
        }
        _ => return None,
    };
    // What needs no name has none.
    let single = |asked: AuditOperation| matches!(asked, AuditOperation::Kind(kind, _) if kind.row().member.is_empty());
    let other = other.filter(|_| !single(asked));
    asked.api()?;
    let answer = match observed {
        Response::Done(_) => AuditResponse::Done,
        Response::Refused { code, .. } => {
            let known = ErrorCode::ALL.into_iter().find(|it| it.name() == code);
            known.map_or(AuditResponse::Nothing, AuditResponse::Refused)
        }
        Response::Interrupted(_) => AuditResponse::Nothing,
    };
    let at = i64::try_from(place).unwrap();
    let id = place.to_string();
    Some(AuditEvent { id, at, asked, user, other, answer, message: None })
}

/// What the reference, or a mutant of it, answers to calls by chance, each name space an account of its own.
fn histories(seed: u64, mutant: Option<Mutant>) -> Vec<Vec<AuditEvent>> {
    answered(seed, mutant.map_or_else(Reference::default, Reference::mutated))
}

fn answered(seed: u64, mut reference: Reference) -> Vec<Vec<AuditEvent>> {
    let suite = Suite::new(Vec::new()).with(vec![GeneratedSuite::Random { seed, calls: 1000 }]);
    let report = suite.run(&mut reference, &mut |_| (), &|| false);
    let of = |replay: &iamspec_conformance::ScriptRun| {
        let asked = replay.exchanges.iter().enumerate();
        let event = |(place, it): (usize, &iamspec_conformance::Exchange)| {
            event(place, &it.operation, it.observed.as_ref()?)
        };
        asked.filter_map(event).collect::<Vec<_>>()
    };
    report.replays.iter().map(of).collect()
}

/// The first event that is impossible.
fn impossible(events: &[AuditEvent]) -> Option<String> {
    let mut foreign = Auditor::lagging(0);
    events.chunk_by(|one, other| one.at == other.at).find_map(|second| {
        foreign.judge(second).into_iter().find_map(|said| match said {
            AuditVerdict::Impossible(accused) => Some(format!("{accused:#?}")),
            _ => None,
        })
    })
}

#[test]
fn what_the_reference_answers_is_possible_wherever_one_begins() {
    let mut chance = Rng(1);
    let mut judged = 0;
    for seed in 0..30 {
        for events in histories(seed, None) {
            let begin = chance.below(u32::try_from(events.len()).unwrap()) as usize;
            for from in [0, begin] {
                let accused = impossible(events.get(from..).unwrap());
                assert!(accused.is_none(), "seed {seed}, from {from}: {}", accused.unwrap());
                judged += events.len() - from;
            }
        }
    }
    assert!(judged > 20_000, "{judged}");
}

/// Whatever it does where nobody knows what AWS does.
#[test]
fn what_nobody_knows_is_held_against_nobody() {
    for way in ["accept", "refuse", "7"] {
        for seed in 0..20 {
            let may = way.parse().unwrap();
            let reference =
                Reference::behaving(ReferenceOptions { may, ..ReferenceOptions::default() });
            for events in answered(seed, reference) {
                let accused = impossible(&events);
                assert!(accused.is_none(), "{way}, seed {seed}: {}", accused.unwrap());
            }
        }
    }
}

/// Times are in seconds, and events of one second in any order.
#[test]
fn the_order_within_a_second_accuses_nobody() {
    let mut chance = Rng(2);
    for seed in 0..30 {
        for mut events in histories(seed, None) {
            for event in &mut events {
                event.at /= 3;
            }
            let mut shuffled: Vec<(i64, u64, AuditEvent)> =
                events.into_iter().map(|it| (it.at, chance.next(), it)).collect();
            shuffled.sort_by_key(|(at, place, _)| (*at, *place));
            let events: Vec<AuditEvent> = shuffled.into_iter().map(|(.., it)| it).collect();
            let accused = impossible(&events);
            assert!(accused.is_none(), "seed {seed}: {}", accused.unwrap());
        }
    }
}

#[test]
fn an_endpoint_that_forgets_a_kind_is_found_out_by_its_events() {
    for kind in iamspec_model::AttachmentKind::blockers() {
        let mutant = Mutant::named(&format!("forgets-{}", kind.row().name)).unwrap();
        let mut all = (0..20).flat_map(|seed| histories(seed, Some(mutant.clone())));
        let found = all.find_map(|it| impossible(&it));
        assert!(found.as_ref().is_some_and(|it| it.contains("DeleteUser/holds-")), "{found:?}");
    }
}
