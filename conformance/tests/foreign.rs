//! Histories from elsewhere: what the reference answers is never called impossible, wherever one begins to look and
//! whatever order the events of one second have; what cannot be is.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iamspec_conformance::audit::judge::{Foreign, Said};
use iamspec_conformance::audit::{Answer, Asked, Event};
use iamspec_conformance::generate::Chance;
use iamspec_conformance::generate::Generated;
use iamspec_conformance::reference::Behaviour;
use iamspec_conformance::{Mutant, Observed, Reference, Suite};
use iamspec_model::{Code, Object, Operation, Verb};

fn name(user: iamspec_model::User) -> String {
    format!("u{}", user.0)
}

/// A call as an event; nothing where it is of those that are not looked at.
fn event(place: usize, op: &Operation, observed: &Observed) -> Option<Event> {
    let user = |it| Some(name(it));
    let object = |it: Object| Some(it.item.0.to_string());
    let item = |item: iamspec_model::Item| Some(item.0.to_string());
    let (asked, user, other) = match *op {
        Operation::CreateUser(it, _) => (Asked::CreateUser, user(it), None),
        Operation::GetUser(it) => (Asked::GetUser, user(it), None),
        Operation::DeleteUser(it) => (Asked::DeleteUser, user(it), None),
        Operation::UpdateUser(it, change) => (Asked::UpdateUser, user(it), change.name.map(name)),
        Operation::Create(it) => (Asked::Create(it.class), None, object(it)),
        Operation::Delete(it) => (Asked::Delete(it.class), None, object(it)),
        Operation::Attach(it, kind, what) | Operation::Issue(it, kind, what, _) => {
            (Asked::Kind(kind, Verb::Attach), user(it), item(what))
        }
        Operation::Detach(it, kind, what) => {
            (Asked::Kind(kind, Verb::Detach), user(it), item(what))
        }
        Operation::List(it, kind) => (Asked::Kind(kind, Verb::List), user(it), None),
        Operation::Get(it, kind, what) => (Asked::Kind(kind, Verb::Get), user(it), item(what)),
        Operation::SetStatus(it, kind, what, _) => {
            (Asked::Kind(kind, Verb::SetStatus), user(it), item(what))
        }
        Operation::Renew(it, kind, what) => (Asked::Kind(kind, Verb::Renew), user(it), item(what)),
        _ => return None,
    };
    // What needs no name has none.
    let single =
        |asked: Asked| matches!(asked, Asked::Kind(kind, _) if kind.row().member.is_empty());
    let other = other.filter(|_| !single(asked));
    asked.api()?;
    let answer = match observed {
        Observed::Done(_) => Answer::Done,
        Observed::Refused { code, .. } => {
            let known = Code::ALL.into_iter().find(|it| it.name() == code);
            known.map_or(Answer::Nothing, Answer::Refused)
        }
        Observed::Interrupted(_) => Answer::Nothing,
    };
    let at = i64::try_from(place).unwrap();
    let id = place.to_string();
    Some(Event { id, at, asked, user, other, answer, message: None })
}

/// What the reference, or a mutant of it, answers to calls by chance, each name space an account of its own.
fn histories(seed: u64, mutant: Option<Mutant>) -> Vec<Vec<Event>> {
    answered(seed, mutant.map_or_else(Reference::default, Reference::mutated))
}

fn answered(seed: u64, mut reference: Reference) -> Vec<Vec<Event>> {
    let suite = Suite::new(Vec::new()).with(vec![Generated::Random { seed, calls: 1000 }]);
    let report = suite.run(&mut reference, &mut |_| (), &|| false);
    let of = |replay: &iamspec_conformance::Replay| {
        let asked = replay.exchanges.iter().enumerate();
        let event = |(place, it): (usize, &iamspec_conformance::Exchange)| {
            event(place, &it.operation, it.observed.as_ref()?)
        };
        asked.filter_map(event).collect::<Vec<_>>()
    };
    report.replays.iter().map(of).collect()
}

/// The first event that is impossible.
fn impossible(events: &[Event]) -> Option<String> {
    let mut foreign = Foreign::lagging(0);
    events.chunk_by(|one, other| one.at == other.at).find_map(|second| {
        foreign.judge(second).into_iter().find_map(|said| match said {
            Said::Impossible(accused) => Some(format!("{accused:#?}")),
            _ => None,
        })
    })
}

#[test]
fn what_the_reference_answers_is_possible_wherever_one_begins() {
    let mut chance = Chance(1);
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
            let reference = Reference::behaving(Behaviour { may, ..Behaviour::default() });
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
    let mut chance = Chance(2);
    for seed in 0..30 {
        for mut events in histories(seed, None) {
            for event in &mut events {
                event.at /= 3;
            }
            let mut shuffled: Vec<(i64, u64, Event)> =
                events.into_iter().map(|it| (it.at, chance.next(), it)).collect();
            shuffled.sort_by_key(|(at, place, _)| (*at, *place));
            let events: Vec<Event> = shuffled.into_iter().map(|(.., it)| it).collect();
            let accused = impossible(&events);
            assert!(accused.is_none(), "seed {seed}: {}", accused.unwrap());
        }
    }
}

#[test]
fn an_endpoint_that_forgets_a_kind_is_found_out_by_its_events() {
    for kind in iamspec_model::Kind::blockers() {
        let mutant = Mutant::named(&format!("forgets-{}", kind.row().name)).unwrap();
        let mut all = (0..20).flat_map(|seed| histories(seed, Some(mutant.clone())));
        let found = all.find_map(|it| impossible(&it));
        assert!(found.as_ref().is_some_and(|it| it.contains("DeleteUser/holds-")), "{found:?}");
    }
}
