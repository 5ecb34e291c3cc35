//! The reference in memory and the reference server give the same responses.

use std::collections::HashSet;

use iamspec_conformance::oracle::messages;
use iamspec_conformance::reference::{ReferenceOptions, UnspecifiedPolicy};
use iamspec_conformance::results::unspecified_behavior;
use iamspec_conformance::{Reference, Response, Verdict};
use iamspec_model::{Condition, Level};

#[test]
fn every_response_over_http_is_the_same_as_in_memory() {
    let server = super::server(None);
    let over_http = super::run(&mut super::client(&server.url()));
    let in_memory = super::run(&mut Reference::default());
    // Over HTTP some listings take more than one page.
    assert!(over_http.requests >= in_memory.requests, "{}", over_http.requests);
    assert_eq!(over_http.script_runs.len(), in_memory.script_runs.len());
    for (wire, memory) in over_http.script_runs.iter().zip(&in_memory.script_runs) {
        assert_eq!(wire.script.name, memory.script.name);
        assert_eq!(wire.exchanges.len(), memory.exchanges.len());
        for (wire, memory) in wire.exchanges.iter().zip(&memory.exchanges) {
            assert!(
                same(wire.response.as_ref(), memory.response.as_ref()),
                "over HTTP: {wire:?}, in memory: {memory:?}"
            );
            // A conforming verdict quotes the response, which is not shown after MFA codes.
            if wire.response.as_ref().is_some_and(|it| it.to_string().contains("(not shown")) {
                assert_eq!(
                    std::mem::discriminant(&wire.verdict),
                    std::mem::discriminant(&memory.verdict)
                );
            } else {
                assert_eq!(wire.verdict, memory.verdict);
            }
        }
    }
}

/// Compares two responses. Messages may differ in values that only a server knows, such as the ARN
/// of the caller, and if their text is unspecified.
fn same(wire: Option<&Response>, memory: Option<&Response>) -> bool {
    match (wire, memory) {
        (
            Some(Response::Refused { http, code, message }),
            Some(Response::Refused { http: status, code: known, message: Some(text) }),
        ) => {
            // The response to a call with MFA codes is not shown unless the facts quote it.
            let withheld = message.as_ref().is_some_and(|it| it.shown().starts_with("(not shown"));
            let is_open = text.complete().starts_with("No evidence");
            let matches = message
                .as_ref()
                .is_some_and(|message| messages::matches(text.complete(), message.complete()));
            (http, code) == (status, known) && (matches || is_open || withheld)
        }
        _ => wire == memory,
    }
}

/// Every response to unspecified behavior conforms, and the run completes and cleans up.
#[test]
fn every_policy_for_unspecified_behavior_conforms() {
    let policies =
        [UnspecifiedPolicy::Presume, UnspecifiedPolicy::Accept, UnspecifiedPolicy::Refuse]
            .into_iter()
            .chain((0..50).map(UnspecifiedPolicy::Seed));
    let mut seen = HashSet::new();
    for may in policies {
        let mut reference = Reference::with_options(ReferenceOptions {
            unspecified: may,
            ..ReferenceOptions::default()
        });
        let report = super::run(&mut reference);
        for exchange in report.script_runs.iter().flat_map(|it| &it.exchanges) {
            assert!(matches!(exchange.verdict, Verdict::Conforms(_)), "{may}: {exchange:?}");
        }
        let points = unspecified_behavior(&report.script_runs);
        seen.extend(points.into_iter().map(|it| (it.rule.id(), it.observed.starts_with("200"))));
        assert!(
            report.not_deleted.is_empty() && reference.is_empty(),
            "{may}: {:?}",
            report.not_deleted
        );
    }
    // Both outcomes occurred for each unspecified rule that a script reaches.
    let open = iamspec_model::rules().filter(|rule| rule.clause.status.level == Level::Unspecified);
    for rule in open.filter(|rule| rule.clause.condition != Condition::AccountFull) {
        let outcomes = [true, false].map(|done| seen.contains(&(rule.id(), done)));
        let passes = rule.clause.condition.is_transient();
        assert_eq!(outcomes, [!passes, true], "{}", rule.id());
    }
}

#[test]
fn policies_for_unspecified_behavior_conform_over_http_too() {
    for may in [UnspecifiedPolicy::Accept, UnspecifiedPolicy::Refuse, UnspecifiedPolicy::Seed(1)] {
        let server =
            super::behaving(ReferenceOptions { unspecified: may, ..ReferenceOptions::default() });
        let report = super::run(&mut super::client(&server.url()));
        for exchange in report.script_runs.iter().flat_map(|it| &it.exchanges) {
            assert!(matches!(exchange.verdict, Verdict::Conforms(_)), "{may}: {exchange:?}");
        }
        assert!(
            report.not_deleted.is_empty() && server.is_empty(),
            "{may}: {:?}",
            report.not_deleted
        );
    }
}
