//! The wire does not distort: the reference in memory and behind HTTP give the same answers.

use std::collections::HashSet;

use iamspec_conformance::oracle::messages;
use iamspec_conformance::reference::{ReferenceOptions, UnspecifiedPolicy};
use iamspec_conformance::results::open_points;
use iamspec_conformance::{Reference, Response, Verdict};
use iamspec_model::{Condition, Level};

#[test]
fn every_call_is_answered_over_http_as_in_memory() {
    let server = super::server(None);
    let over_http = super::run(&mut super::client(&server.url()));
    let in_memory = super::run(&mut Reference::default());
    // Over HTTP some listings take more than one page.
    assert!(over_http.requests >= in_memory.requests, "{}", over_http.requests);
    assert_eq!(over_http.replays.len(), in_memory.replays.len());
    for (wire, memory) in over_http.replays.iter().zip(&in_memory.replays) {
        assert_eq!(wire.script.name, memory.script.name);
        assert_eq!(wire.exchanges.len(), memory.exchanges.len());
        for (wire, memory) in wire.exchanges.iter().zip(&memory.exchanges) {
            assert!(
                same(wire.observed.as_ref(), memory.observed.as_ref()),
                "{wire:?} is not as {memory:?}"
            );
            assert_eq!(wire.verdict, memory.verdict);
        }
    }
}

/// Equal, but for what only a server can fill into a text, such as the ARN of the caller, and for
/// words that nobody knows.
fn same(wire: Option<&Response>, memory: Option<&Response>) -> bool {
    match (wire, memory) {
        (
            Some(Response::Refused { http, code, message }),
            Some(Response::Refused { http: status, code: known, message: Some(text) }),
        ) => {
            let said = message.as_ref().is_some_and(|message| messages::is(text, message));
            (http, code) == (status, known) && (said || text.starts_with("No evidence"))
        }
        _ => wire == memory,
    }
}

/// Where nobody knows, every answer conforms, and the run goes on to the end and cleans up.
#[test]
fn whatever_the_reference_does_where_nobody_knows_conforms() {
    let ways = [UnspecifiedPolicy::Presume, UnspecifiedPolicy::Accept, UnspecifiedPolicy::Refuse]
        .into_iter()
        .chain((0..50).map(UnspecifiedPolicy::Seed));
    let mut seen = HashSet::new();
    for may in ways {
        let mut reference =
            Reference::behaving(ReferenceOptions { may, ..ReferenceOptions::default() });
        let report = super::run(&mut reference);
        for exchange in report.replays.iter().flat_map(|it| &it.exchanges) {
            assert!(matches!(exchange.verdict, Verdict::Conforms(_)), "{may}: {exchange:?}");
        }
        let points = open_points(&report.replays);
        seen.extend(points.into_iter().map(|it| (it.rule.id(), it.seen.starts_with("200"))));
        assert!(report.kept.is_empty() && reference.is_empty(), "{may}: {:?}", report.kept);
    }
    // Each way was taken at each open point that a script reaches.
    let open = iamspec_model::rules().filter(|rule| rule.claim.status.level == Level::Open);
    for rule in open.filter(|rule| rule.claim.reason != Condition::AccountFull) {
        let ways = [true, false].map(|done| seen.contains(&(rule.id(), done)));
        let passes = rule.claim.reason.passes();
        assert_eq!(ways, [!passes, true], "{}", rule.id());
    }
}

#[test]
fn over_http_too_every_way_conforms() {
    for may in [UnspecifiedPolicy::Accept, UnspecifiedPolicy::Refuse, UnspecifiedPolicy::Seed(1)] {
        let server = super::behaving(ReferenceOptions { may, ..ReferenceOptions::default() });
        let report = super::run(&mut super::client(&server.url()));
        for exchange in report.replays.iter().flat_map(|it| &it.exchanges) {
            assert!(matches!(exchange.verdict, Verdict::Conforms(_)), "{may}: {exchange:?}");
        }
        assert!(report.kept.is_empty() && server.is_empty(), "{may}: {:?}", report.kept);
    }
}
