//! The reference server with signature verification, for signed and unsigned requests.

use std::net::{Ipv4Addr, SocketAddr};

use iamspec_conformance::{Endpoint as _, Response, ScriptRun, Verdict};
use iamspec_harness::server::fault_injection::FaultPlan;
use iamspec_harness::server::{Options, Server};
use iamspec_model::{AttachmentKind, IssueOptions, Item, Operation, Status, User};

fn server() -> Server {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(free, Options { verify_signatures: true, ..Options::default() }).unwrap()
}

fn verdicts(replay: &ScriptRun) -> Vec<&Verdict> {
    replay.exchanges.iter().map(|it| &it.verdict).collect()
}

/// One of the scripts signs with an access key that it has just created.
#[test]
fn every_script_passes_signature_verification() {
    let server = server();
    let signed = super::run(&mut super::client(&server.url()));
    let unchecked = super::server(None);
    let unchecked = super::run(&mut super::client(&unchecked.url()));
    assert_eq!(signed.requests, unchecked.requests);
    for (signed, unchecked) in signed.script_runs.iter().zip(&unchecked.script_runs) {
        assert_eq!(verdicts(signed), verdicts(unchecked), "{}", signed.script.name);
    }
    assert!(server.is_empty());
}

#[test]
fn an_unsigned_request_is_refused_without_effect() {
    let server = server();
    let answer = super::server::posted(&server, "Action=CreateUser&UserName=a");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("<Message>Request is missing Authentication Token</Message>"));
    assert!(server.is_empty());
}

#[test]
fn a_user_signs_with_an_existing_active_key() {
    let user = User(0);
    let [first, second] = [Item(0), Item(1)];
    let issue = |item| Operation::Issue(user, AttachmentKind::AccessKey, item, IssueOptions::None);
    let delete = |item| Operation::Detach(user, AttachmentKind::AccessKey, item);
    let set = |item, status| Operation::SetStatus(user, AttachmentKind::AccessKey, item, status);
    let (active, inactive) = (Status::Active, Status::Inactive);
    for (changes, signs) in [
        (vec![delete(second)], true),
        (vec![delete(first)], true),
        (vec![set(second, inactive)], true),
        (vec![set(first, inactive), delete(second)], false),
        (vec![set(first, inactive), delete(second), set(first, active)], true),
        (vec![delete(first), delete(second)], false),
    ] {
        let server = server();
        let mut client = crate::client(&server.url());
        client.enter_new_namespace();
        let password = Operation::Attach(user, AttachmentKind::LoginProfile, Item(0));
        let setup = [Operation::create_user(user), password, issue(first), issue(second)];
        for op in setup.iter().chain(&changes) {
            assert!(matches!(client.execute(op), Response::Success(_)), "{op:?}");
        }
        let changed = client.execute(&Operation::ChangePassword(user));
        if signs {
            assert_eq!(changed, Response::SUCCESS, "{changes:?}");
        } else {
            // Without a usable key, nothing is sent.
            let text = changed.to_string();
            assert!(text.starts_with("interrupted unsent"), "{changes:?}: {text}");
            assert!(text.contains("no access key to sign with"), "{changes:?}: {text}");
        }
    }
}

#[test]
fn a_key_whose_deletion_was_lost_is_used_only_if_there_is_no_other() {
    let faults = "[[fault]]\non = \"DeleteAccessKey\"\nsort = \"drop\"\neffect = true";
    let faults = FaultPlan::parse(faults).unwrap();
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let options = Options { verify_signatures: true, faults, ..Options::default() };
    let server = Server::start(free, options).unwrap();
    let mut client = crate::client(&server.url());
    client.enter_new_namespace();
    let (user, none) = (User(0), IssueOptions::None);
    let password = Operation::Attach(user, AttachmentKind::LoginProfile, Item(0));
    let issue = |item| Operation::Issue(user, AttachmentKind::AccessKey, item, none);
    for op in [Operation::create_user(user), password, issue(Item(0)), issue(Item(1))] {
        assert!(matches!(client.execute(&op), Response::Success(_)), "{op:?}");
    }
    let lost = client.execute(&Operation::Detach(user, AttachmentKind::AccessKey, Item(1)));
    assert!(matches!(lost, Response::Failed(_)), "{lost}");
    assert_eq!(client.execute(&Operation::ChangePassword(user)), Response::SUCCESS);
}
