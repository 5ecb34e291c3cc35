//! The wire does not distort: the reference in memory and behind HTTP give the same answers.

use iamspec_conformance::Reference;

#[test]
fn every_call_is_answered_over_http_as_in_memory() {
    let server = super::server(None);
    let over_http = super::run(&mut super::client(&server.url()));
    let in_memory = super::run(&mut Reference::default());
    assert_eq!(over_http.requests, in_memory.requests);
    for (wire, memory) in over_http.replays.iter().zip(&in_memory.replays) {
        assert_eq!(wire.script.name, memory.script.name);
        for (wire, memory) in wire.exchanges.iter().zip(&memory.exchanges) {
            assert_eq!(wire.observed, memory.observed, "{:?}", wire.operation);
            assert_eq!(wire.verdict, memory.verdict);
        }
    }
}
