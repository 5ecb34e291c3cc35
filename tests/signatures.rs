//! The reference endpoint where signatures must hold, by our own client and by what is not signed.

use std::net::{Ipv4Addr, SocketAddr};

use iamspec_conformance::{Replay, Verdict};
use iamspec_harness::server::{Options, Server};

fn server() -> Server {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(free, Options { verify_signatures: true, ..Options::default() }).unwrap()
}

fn verdicts(replay: &Replay) -> Vec<&Verdict> {
    replay.exchanges.iter().map(|it| &it.verdict).collect()
}

/// Among the scripts is one that calls with an access key that was issued a moment before.
#[test]
fn our_client_is_let_in_with_every_script() {
    let server = server();
    let signed = super::run(&mut super::client(&server.url()));
    let unchecked = super::server(None);
    let unchecked = super::run(&mut super::client(&unchecked.url()));
    assert_eq!(signed.requests, unchecked.requests);
    for (signed, unchecked) in signed.replays.iter().zip(&unchecked.replays) {
        assert_eq!(verdicts(signed), verdicts(unchecked), "{}", signed.script.name);
    }
    assert!(server.is_empty());
}

#[test]
fn what_is_not_signed_is_turned_away_and_has_no_effect() {
    let server = server();
    let answer = super::server::posted(&server, "Action=CreateUser&UserName=a");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("<Message>Request is missing Authentication Token</Message>"));
    assert!(server.is_empty());
}
