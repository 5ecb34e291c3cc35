//! The reference server over HTTP: quotas, request ids, filters, and the actions it serves.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use iamspec_conformance::{Endpoint as _, Response};
use iamspec_harness::server::{Options, Server};
use iamspec_model::{Account, Operation, User};

fn server_with_user_quota(users: u32) -> Server {
    let account = Account::with_quotas(Some(users), &[]);
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(free, Options { account, ..Options::default() }).unwrap()
}

#[test]
fn a_full_account_reports_its_own_user_quota() {
    let server = server_with_user_quota(2);
    let mut client = super::client(&server.url());
    client.enter_new_namespace();
    assert_eq!(client.execute(&Operation::create_user(User(0))), Response::SUCCESS);
    assert_eq!(client.execute(&Operation::create_user(User(1))), Response::SUCCESS);
    let full = client.execute(&Operation::create_user(User(2)));
    assert_eq!(
        full.to_string(),
        "409 LimitExceeded \"Cannot exceed quota for UsersPerAccount: 2\""
    );
    assert_eq!(client.execute(&Operation::DeleteUser(User(0))), Response::SUCCESS);
    assert_eq!(client.execute(&Operation::create_user(User(2))), Response::SUCCESS);
}

#[test]
fn thousands_of_users_can_be_created_read_and_deleted() {
    let server = server_with_user_quota(5000);
    let mut client = super::client(&server.url());
    client.enter_new_namespace();
    for user in (0..3000).map(User) {
        assert_eq!(client.execute(&Operation::create_user(user)), Response::SUCCESS);
    }
    for user in (0..3000).step_by(500).map(User) {
        assert_eq!(client.execute(&Operation::GetUser(user)).to_string(), "200 []");
        assert_eq!(client.execute(&Operation::DeleteUser(user)), Response::SUCCESS);
        assert!(matches!(
            client.execute(&Operation::GetUser(user)),
            Response::Refused { http: 404, .. }
        ));
    }
}

/// The whole response, head and body, to a form.
pub(super) fn posted(server: &Server, form: &str) -> String {
    let address = server.url().trim_start_matches("http://").to_owned();
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    let head = "content-type: application/x-www-form-urlencoded\r\nconnection: close";
    let length = form.len();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: {address}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{form}"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

#[test]
fn the_request_id_is_in_the_body_and_in_a_header() {
    let server = super::server(None);
    for form in ["Action=CreateUser&UserName=a", "Action=DeleteUser&UserName=b", "Action=No"] {
        let response = posted(&server, form);
        let id = between(&response, "x-amzn-requestid: ", "\r\n");
        assert_eq!(between(&response, "<RequestId>", "</RequestId>"), id);
    }
}

#[test]
fn a_missing_user_is_reported_before_an_unknown_service() {
    let server = super::server(None);
    let create = "Action=CreateServiceSpecificCredential&UserName=a&ServiceName=lambda";
    assert!(posted(&server, create).contains("The user with name a cannot be found."));
    posted(&server, "Action=CreateUser&UserName=a");
    assert!(posted(&server, create).contains("No such service lambda is supported"));
    let list = "Action=ListServiceSpecificCredentials&UserName=a&ServiceName=lambda";
    assert!(posted(&server, list).contains("No such service lambda is supported"));
}

#[test]
fn credentials_are_listed_for_the_requested_service_only() {
    let server = super::server(None);
    posted(&server, "Action=CreateUser&UserName=a");
    let form = |action: &str, service: &str| {
        format!("Action={action}ServiceSpecificCredential{service}.amazonaws.com")
    };
    posted(&server, &form("Create", "&UserName=a&ServiceName=codecommit"));
    let listed =
        |service| posted(&server, &form("List", &format!("s&UserName=a&ServiceName={service}")));
    assert!(listed("codecommit").contains("<ServiceName>codecommit.amazonaws.com</ServiceName>"));
    assert!(listed("cassandra").contains("<ServiceSpecificCredentials/>"));
}

#[test]
fn every_listed_action_is_served_and_listed_once() {
    let server = super::server(None);
    let listed = super::stdout(&super::iamspec(&["list", "calls"]));
    let actions: std::collections::BTreeSet<&str> = listed.lines().collect();
    assert_eq!(actions.len(), listed.lines().count());
    assert!(actions.contains("DeleteUser") && !actions.contains("NoSuchCall"));
    for action in actions {
        let response = posted(&server, &format!("Action={action}&Version=2010-05-08"));
        assert!(!response.contains("InvalidAction"), "{action}");
    }
    assert!(posted(&server, "Action=NoSuchCall").contains("InvalidAction"));
}
