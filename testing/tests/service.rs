//! A service in this process as an endpoint: the requests that it receives, and the results of its
//! responses.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use iamspec_conformance::Endpoint as _;
use iamspec_conformance::Response as Interpreted;
use iamspec_conformance::response::FailureKind;
use iamspec_harness::server::{Options, Server};
use iamspec_model::{Operation, User};
use iamspec_testing::ServiceTransport;

type Reply = Response<Full<Bytes>>;

/// The response to one call of `GetUser`.
fn response_of(
    respond: impl Fn(Request<Bytes>) -> Result<Reply, String> + Send + 'static,
) -> Interpreted {
    let service = tower::service_fn(move |request| std::future::ready(respond(request)));
    let mut client = ServiceTransport::new(service).unwrap().into_client().unwrap();
    client.enter_new_namespace();
    client.execute(&Operation::GetUser(User(0)))
}

fn failure(response: &Interpreted) -> (FailureKind, &str) {
    match response {
        Interpreted::Failed(it) => (it.kind, &it.detail),
        other => panic!("expected a failure, got {other}"),
    }
}

/// Sends the request unchanged to an endpoint that verifies signatures.
fn forwarded(address: SocketAddr, request: &Request<Bytes>) -> Reply {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri().path());
    for (name, value) in request.headers() {
        write!(head, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).unwrap();
    stream.write_all(request.body()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap();
    let response = Response::builder().status(status).header("content-type", "text/xml");
    response.body(Full::from(body.to_owned())).unwrap()
}

#[test]
fn the_service_receives_a_signed_form() {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let options = Options { verify_signatures: true, ..Options::default() };
    let server = Server::start(free, options).unwrap();
    let address: SocketAddr = server.url().trim_start_matches("http://").parse().unwrap();
    let received = Arc::new(Mutex::new((HeaderMap::new(), Bytes::new())));
    let copy = Arc::clone(&received);
    let response = response_of(move |request| {
        *copy.lock().unwrap() = (request.headers().clone(), request.body().clone());
        Ok(forwarded(address, &request))
    });
    assert!(response.to_string().starts_with("404 NoSuchEntity"), "{response}");
    let (headers, body) = received.lock().unwrap().clone();
    assert!(body.starts_with(b"Action=GetUser&"), "{body:?}");
    assert_eq!(headers["content-length"], body.len().to_string());
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded; charset=utf-8");
    assert_eq!(headers["host"], "127.0.0.1");
}

#[test]
fn a_panic_and_an_error_are_no_response() {
    let response = response_of(|_| panic!("out of ideas"));
    assert_eq!(failure(&response), (FailureKind::Reset, "the service panicked: out of ideas"));
    let response = response_of(|_| Err("out of memory".to_owned()));
    let expected = "the service returned an error: out of memory";
    assert_eq!(failure(&response), (FailureKind::Reset, expected));
}

#[test]
fn a_body_without_an_end_is_not_read() {
    let detail_of = |length| {
        let response = response_of(move |_| Ok(Response::new(Full::from(vec![b' '; length]))));
        failure(&response).1.to_owned()
    };
    let too_long = "the body of the response cannot be read: length limit exceeded";
    assert_eq!(detail_of((1 << 20) + 1), too_long);
    assert_ne!(detail_of(1 << 20), too_long);
}

#[test]
fn a_service_may_take_another_body() {
    let service = tower::service_fn(|_: Request<Full<Bytes>>| {
        std::future::ready(Ok::<Reply, Infallible>(Response::new(Full::from("<html>"))))
    });
    let mut client = ServiceTransport::new(service).unwrap().into_client().unwrap();
    client.enter_new_namespace();
    let response = client.execute(&Operation::GetUser(User(0)));
    assert_eq!(failure(&response).0, FailureKind::Unreadable);
}
