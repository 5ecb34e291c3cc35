//! A response that is not from IAM is a failure that describes what arrived instead.

use std::net::TcpListener;
use std::time::Duration;

use super::port::{Port, closing_silently, http};
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Endpoint as _, Response, Suite};
use iamspec_harness::client::HttpClient;
use iamspec_model::{Operation, User};

fn ask(url: &str, timeout: Duration) -> Response {
    let mut client = HttpClient::new(url, "test", timeout).unwrap();
    client.enter_new_namespace();
    client.execute(&Operation::create_user(User(0)))
}

fn failure(response: Vec<u8>) -> (FailureKind, String) {
    let port = Port::answering(response);
    match ask(&port.url, Duration::from_secs(5)) {
        Response::Failed(it) => (it.kind, it.detail),
        other => panic!("interpreted as {other:?}"),
    }
}

#[test]
fn each_response_that_is_not_iam_has_its_failure_kind() {
    let xml = "text/xml";
    let good = b"<CreateUserResponse><CreateUserResult><User><Arn>arn:aws:iam::123456789012:user/u</Arn></User></CreateUserResult></CreateUserResponse>";
    let deep = "<a>".repeat(100_000);
    let cases: Vec<(&str, Vec<u8>, FailureKind, &str)> = vec![
        ("html", http("200 OK", "text/html", b"<html></html>"), FailureKind::Unreadable, "HTML"),
        (
            "html without a type",
            http("200 OK", "", b"<!DOCTYPE HTML><p>hi"),
            FailureKind::Unreadable,
            "HTML",
        ),
        ("html 500", http("500 Oops", "text/html", b"<h1>Oops</h1>"), FailureKind::Crash, "HTML"),
        ("json", http("200 OK", "application/json", b"{}"), FailureKind::Unreadable, "JSON"),
        ("json as xml", http("200 OK", xml, b"{\"a\": 1}"), FailureKind::Unreadable, "JSON"),
        ("empty", http("200 OK", xml, b""), FailureKind::Unreadable, "empty"),
        ("cut off", http("200 OK", xml, &good[..60]), FailureKind::Garbled, "broken XML"),
        (
            "not utf-8",
            http("200 OK", xml, b"<CreateUserResponse>\xff\xfe</CreateUserResponse>"),
            FailureKind::Garbled,
            "UTF-8",
        ),
        (
            "entity bomb",
            http("200 OK", xml, b"<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>"),
            FailureKind::Unreadable,
            "declaration",
        ),
        ("unknown entity", http("200 OK", xml, b"<a>&b;</a>"), FailureKind::Garbled, "entity"),
        ("deep", http("200 OK", xml, deep.as_bytes()), FailureKind::Unreadable, "deep"),
        ("two roots", http("200 OK", xml, b"<a/><b/>"), FailureKind::Garbled, "root"),
        ("no xml", http("200 OK", xml, b"it works"), FailureKind::Unreadable, "no XML"),
        ("another root", http("200 OK", xml, b"<status/>"), FailureKind::Unreadable, "status"),
        (
            "xhtml",
            http("200 OK", xml, b"<?xml version=\"1.0\"?><html/>"),
            FailureKind::Unreadable,
            "HTML",
        ),
        ("cut off 500", http("500 Oops", xml, &good[..60]), FailureKind::Crash, "broken XML"),
        ("cut off 404", http("404 No", xml, &good[..60]), FailureKind::Unreadable, "broken XML"),
        (
            "another answer",
            http("200 OK", xml, b"<ListUsersResponse/>"),
            FailureKind::Garbled,
            "ListUsersResponse",
        ),
        (
            "no code",
            http("400 Bad", xml, b"<ErrorResponse><Error/></ErrorResponse>"),
            FailureKind::Unreadable,
            "without a code",
        ),
        (
            "redirect",
            b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_vec(),
            FailureKind::Unreadable,
            "redirect",
        ),
        ("3 MB", http("200 OK", xml, &vec![b'x'; 3 << 20]), FailureKind::Unreadable, "more than"),
        ("501", http("501 No", "text/plain", b"no"), FailureKind::Unimplemented, "501"),
        (
            "invalid action",
            http(
                "400 Bad",
                xml,
                b"<ErrorResponse><Error><Code>InvalidAction</Code></Error></ErrorResponse>",
            ),
            FailureKind::Unimplemented,
            "InvalidAction",
        ),
        (
            "throttled",
            http(
                "400 Bad",
                xml,
                b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>",
            ),
            FailureKind::Transient,
            "Throttling",
        ),
        (
            "denied",
            http(
                "403 No",
                xml,
                b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>",
            ),
            FailureKind::Denied,
            "AccessDenied",
        ),
        ("half a body", [&http("200 OK", xml, good)[..110]].concat(), FailureKind::Reset, ""),
        ("no http", b"hello\r\n\r\n".to_vec(), FailureKind::Reset, ""),
    ];
    for (name, response, expected, words) in cases {
        let (kind, detail) = failure(response);
        assert_eq!(kind, expected, "{name}: {detail}");
        assert!(detail.contains(words), "{name}: {detail}");
    }
}

#[test]
fn a_valid_response_is_interpreted() {
    let good = b"<?xml version=\"1.0\"?>\n<CreateUserResponse xmlns=\"urn:x\"><CreateUserResult><User><Arn>arn:aws:iam::123456789012:user/u</Arn></User></CreateUserResult></CreateUserResponse>";
    let port = Port::answering(http("200 OK", "text/xml", good));
    assert_eq!(ask(&port.url, Duration::from_secs(5)), Response::SUCCESS);
}

#[test]
fn a_port_without_a_response_is_a_timeout() {
    let port = Port::silent();
    let Response::Failed(it) = ask(&port.url, Duration::from_millis(300)) else {
        panic!("answered")
    };
    assert_eq!(it.kind, FailureKind::Timeout);
}

#[test]
fn a_dead_port_is_unreachable() {
    let url = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let Response::Failed(it) = ask(&url, Duration::from_secs(5)) else { panic!("answered") };
    assert_eq!(it.kind, FailureKind::Unreachable);
}

/// One line gives the reason, the exit code is 3 or 2, and no further request is sent.
#[test]
fn a_run_against_another_service_ends_early_with_a_reason() {
    let html = Port::answering(http("200 OK", "text/html", b"<html></html>"));
    let hangs = Port::silent();
    let dead =
        format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let lacks = Port::answering(http("501 Not Implemented", "text/html", b"<html></html>"));
    for (url, words, advice) in [
        (html.url.as_str(), "HTTP 200: HTML", "not an IAM endpoint"),
        (&lacks.url, "HTTP 501: HTML", "not an IAM endpoint"),
        (&hangs.url, "timed out", "--timeout"),
        (&dead, "Connection refused", "start the endpoint"),
    ] {
        let output = super::iamspec(&["run", "--endpoint", url, "--timeout", "1"]);
        let text = super::stdout(&output);
        assert_eq!(output.status.code(), Some(3), "{text}");
        assert!(text.contains(words) && text.contains(advice), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn a_remote_or_invalid_endpoint_is_refused_before_any_request() {
    for (url, words) in [
        ("localhost:5000", "not an HTTP URL"),
        ("http//127.0.0.1", "not a URL"),
        ("ftp://127.0.0.1", "not an HTTP URL"),
        ("https://iam.amazonaws.com", "not on this machine"),
        ("http://10.0.0.1:5000", "not on this machine"),
    ] {
        let output = super::iamspec(&["run", "--endpoint", url]);
        assert_eq!(output.status.code(), Some(2), "{url}");
        let text = super::stderr(&output);
        assert!(text.contains(words) && text.lines().count() == 1, "{url}: {text}");
    }
}

/// A server may close each connection after a response without saying so. The first lost call shows that.
#[test]
fn a_connection_that_is_closed_silently_loses_one_call_at_most() {
    let server = super::server(None);
    let url = closing_silently(&server.url());
    let scripts =
        built_in_scripts().unwrap().into_iter().filter(|it| it.name.starts_with("list/")).collect();
    let suite = Suite::new(scripts);
    let report = suite.run(&mut super::client(&url), &mut |_| (), &|| false);
    let exchanges = report.script_runs.iter().flat_map(|it| &it.exchanges);
    let responses: Vec<&Response> = exchanges.filter_map(|it| it.response.as_ref()).collect();
    let is_lost =
        |it: &&&Response| matches!(it, Response::Failed(it) if it.kind == FailureKind::Reset);
    assert!(responses.len() > 20, "{}", responses.len());
    assert!(responses.iter().filter(is_lost).count() <= 1, "{responses:?}");
}
