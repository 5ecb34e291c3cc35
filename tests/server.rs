//! The reference server over HTTP: quotas, request ids, filters, and the actions it serves.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

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
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = "content-type: application/x-www-form-urlencoded\r\nconnection: close";
    let has_version = form.contains("Version=");
    let form = if has_version { form.to_owned() } else { format!("Version=2010-05-08&{form}") };
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

pub(super) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
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

/// Only a name that IAM does not have is unknown.
#[test]
fn an_action_of_iam_that_the_server_does_not_serve_is_not_implemented() {
    let server = super::server(None);
    let listed = super::stdout(&super::iamspec(&["list", "actions"]));
    let listed_names: std::collections::BTreeSet<&str> = listed.lines().collect();
    let (_, known) = iamspec_harness::wire::service_model::known();
    assert!(
        known.len() > listed_names.len() && listed_names.iter().all(|it| known.contains_key(*it))
    );
    for action in known.keys().filter(|it| !listed_names.contains(it.as_str())) {
        let response = posted(&server, &format!("Action={action}"));
        assert!(response.starts_with("HTTP/1.1 501 "), "{response}");
        assert!(response.contains("<Code>NotImplemented</Code>"), "{response}");
        assert!(response.contains(&format!("does not serve {action}<")), "{response}");
    }
    for unknown in ["Action=ListRole", "Action=botocore", "Action=ListRoles&Version=2011-06-15"] {
        assert!(posted(&server, unknown).contains("InvalidAction"), "{unknown}");
    }
}

/// The whole response to a request with these lines after its first, which has a `Host` header only
/// if the lines have one.
pub(super) fn response_to(server: &Server, first: &str, lines: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    let length = body.len();
    let end = format!("connection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    write!(stream, "{first} HTTP/1.1\r\n{lines}{end}").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn a_web_page_elsewhere_changes_and_reads_nothing() {
    let server = super::server(None);
    let create = "Action=CreateUser&Version=2010-05-08&UserName=a";
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for foreign in [
        "host: localhost\r\norigin: http://elsewhere.example\r\n",
        "host: localhost\r\norigin: null\r\n",
        "host: localhost\r\nreferer: http://elsewhere.example/page\r\n",
        "host: localhost\r\nsec-fetch-site: cross-site\r\n",
        "host: elsewhere.example\r\n",
        "host: iam.amazonaws.com\r\n",
        "host: localhost\r\nhost: elsewhere.example\r\n",
    ] {
        for (first, body) in [("POST /", create), (&*format!("GET /?{create}"), "")] {
            let answer = response_to(&server, first, &format!("{foreign}{form}"), body);
            assert!(answer.starts_with("HTTP/1.1 403 "), "{foreign}{answer}");
            assert!(!answer.contains("elsewhere"), "{answer}");
        }
    }
    for method in ["HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"] {
        let answer =
            response_to(&server, &format!("{method} /?{create}"), "host: localhost\r\n", "");
        assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
        assert!(answer.contains("\r\nallow: GET, POST\r\n"), "{answer}");
    }
    assert!(server.is_empty());
    // A page on this machine, and no page at all.
    let local = "host: localhost\r\norigin: http://127.0.0.1:3000\r\n";
    let answer = response_to(&server, "POST /", &format!("{local}{form}"), create);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let get = "GET /?Action=GetUser&Version=2010-05-08&UserName=a";
    let get = response_to(&server, get, "host: localhost\r\n", "");
    assert!(get.starts_with("HTTP/1.1 200 "), "{get}");
}

/// Panics if a text is not a well-formed document of XML 1.0.
fn assert_xml(xml: &str, context: &str) {
    let allowed = |it: char| matches!(it, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    assert!(xml.chars().all(allowed), "{context}: {xml:?}");
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut depth = 0;
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{context}: {error}: {xml}")) {
            quick_xml::events::Event::Start(_) => depth += 1,
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::GeneralRef(reference) => {
                let known = ["lt", "gt", "amp", "apos", "quot", "#13"];
                assert!(known.contains(&&*reference), "{context}: {reference:?}");
            }
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "{context}: {xml}");
}

/// Members of requests, each with a value that most actions accept.
const MEMBERS: [(&str, &str); 34] = [
    ("UserName", "a"),
    ("GroupName", "g"),
    ("PolicyName", "p"),
    ("PolicyArn", "arn:aws:iam::123456789012:policy/p"),
    ("PolicyDocument", "{\"Statement\":[]}"),
    ("PermissionsBoundary", "arn:aws:iam::123456789012:policy/p"),
    ("Path", "/"),
    ("Description", "d"),
    ("NewUserName", "b"),
    ("NewGroupName", "h"),
    ("NewPath", "/"),
    ("PathPrefix", "/"),
    ("Marker", "bQ"),
    ("MaxItems", "10"),
    ("AccessKeyId", "AKIAAAAAAAAAAAAAAAAA"),
    ("Status", "Active"),
    ("CertificateId", "AAAAAAAAAAAAAAAAAAAAAAAA"),
    ("CertificateBody", "-----BEGIN CERTIFICATE-----"),
    ("SSHPublicKeyId", "APKAAAAAAAAAAAAAAAAA"),
    ("SSHPublicKeyBody", "-----BEGIN "),
    ("Encoding", "SSH"),
    ("ServiceName", "codecommit.amazonaws.com"),
    ("ServiceSpecificCredentialId", "ACCAAAAAAAAAAAAAAAAA"),
    ("SerialNumber", "arn:aws:iam::123456789012:mfa/m"),
    ("VirtualMFADeviceName", "m"),
    ("AuthenticationCode1", "123456"),
    ("AuthenticationCode2", "654321"),
    ("Password", "Aa1!aaaaaaaa"),
    ("OldPassword", "Aa1!aaaaaaaa"),
    ("NewPassword", "Aa1!aaaaaaab"),
    ("VersionId", "v1"),
    ("Tags.member.1.Key", "k"),
    ("Tags.member.1.Value", "v"),
    ("TagKeys.member.1", "k"),
];

#[test]
fn every_response_is_well_formed_whatever_the_request_contains() {
    let server = super::server(None);
    let controls: String = (0..0xa0).chain(0xfdd0..0xfdf0).filter_map(char::from_u32).collect();
    let odd = format!("{controls}\u{fffe}\u{ffff}\u{1fffe}\u{10ffff}]]><![CDATA[&#0;&x;--><?x?>");
    // Bytes that are no UTF-8, a lone surrogate among them.
    let broken = "%ff%fe%ed%a0%80%c0%80%f5";
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let check = |form: &str| {
        let answer = posted(&server, form);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        if !head.starts_with("HTTP/1.1 302 ") {
            assert_xml(body, form);
        }
    };
    let listed = super::stdout(&super::iamspec(&["list", "calls"]));
    let odd_values = [encode(&odd), format!("-----BEGIN {}", encode(&odd)), broken.to_owned()];
    let arn = format!("arn:aws:iam::123456789012:policy/{}", odd_values[0]);
    for action in listed.lines().chain(["GetCallerIdentity&Version=2011-06-15"]) {
        for (changed, _) in MEMBERS {
            for value in odd_values.iter().chain([&arn]) {
                let mut form = format!("Action={action}");
                for (member, plain) in MEMBERS {
                    let value = if member == changed { value } else { &encode(plain) };
                    form += &format!("&{member}={value}");
                }
                check(&form);
            }
        }
    }
    for letter in odd.chars() {
        let letter = encode(&letter.to_string());
        check(&format!("Action={letter}"));
        check(&format!("Action=No{letter}&Version=1{letter}"));
        check(&format!(
            "Action=PutUserPermissionsBoundary&UserName=a&PermissionsBoundary={letter}"
        ));
        check(&format!("Action=AttachUserPolicy&UserName=a&PolicyArn=arn:{letter}"));
    }
}
