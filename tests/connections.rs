//! Connections of the reference server: slow, silent, greedy or vanished clients do not affect
//! others, and the server stops on demand.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use iamspec_harness::server::fault_injection::FaultPlan;
use iamspec_harness::server::listener::Limits;
use iamspec_harness::server::{Options, Server};

const SHORT: Duration = Duration::from_millis(50);

fn with(change: impl FnOnce(&mut Limits)) -> Server {
    let mut options = Options::default();
    change(&mut options.limits);
    Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options).unwrap()
}

fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.url().trim_start_matches("http://")).unwrap()
}

/// Everything received until the connection closes.
fn read_to_close(mut stream: &TcpStream) -> String {
    let mut answer = Vec::new();
    _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn request(more: &str, length: usize, body: &str) -> String {
    let head =
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded";
    format!("{head}\r\n{more}content-length: {length}\r\n\r\n{body}")
}

const LIST: &str = "Action=ListUsers&Version=2010-05-08";

fn list(more: &str) -> String {
    request(more, LIST.len(), LIST)
}

/// Sends a request and reads the response; the connection stays open.
fn ask(mut stream: &TcpStream) {
    stream.write_all(list("").as_bytes()).unwrap();
    let mut answer = String::new();
    let mut lines = BufReader::new(stream);
    while !answer.ends_with("</ListUsersResponse>\n") {
        assert_ne!(lines.read_line(&mut answer).unwrap(), 0, "{answer}");
    }
}

/// Fails instead of hanging; the server needs no such time.
fn assert_serves(server: &Server) {
    let stream = connect(server);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    (&stream).write_all(list("connection: close\r\n").as_bytes()).unwrap();
    assert!(read_to_close(&stream).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn an_incomplete_head_times_out() {
    let server = with(|limits| limits.head_time = SHORT);
    let (silent, stuck) = (connect(&server), connect(&server));
    (&stuck).write_all(b"POST / HTTP/1.1\r\nhost: loc").unwrap();
    assert_serves(&server);
    assert_eq!(read_to_close(&silent), "");
    assert!(!read_to_close(&stuck).contains("200 OK"));
}

/// A byte at a time keeps the connection busy, but does not extend the limit.
#[test]
fn a_head_sent_byte_by_byte_times_out() {
    let server = with(|limits| limits.head_time = SHORT);
    let mut stream = connect(&server);
    stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let mut sent = 0;
    loop {
        let byte = if sent == 0 { &b"GET /"[..] } else { b"a" };
        if stream.write_all(byte).is_err() {
            break;
        }
        sent += 1;
        match stream.read(&mut [0; 64]) {
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
            _ => break,
        }
    }
    assert!(sent > 1);
    assert_serves(&server);
}

#[test]
fn an_idle_connection_is_closed() {
    let server = with(|limits| limits.head_time = SHORT);
    let stream = connect(&server);
    ask(&stream);
    assert_eq!(read_to_close(&stream), "");
}

#[test]
fn an_incomplete_body_times_out() {
    let server = with(|limits| limits.body_time = SHORT);
    let stream = connect(&server);
    (&stream).write_all(request("", 100, LIST).as_bytes()).unwrap();
    assert!(read_to_close(&stream).starts_with("HTTP/1.1 408 "));
    assert_serves(&server);
}

#[test]
fn heads_and_bodies_have_a_maximum_length() {
    let server = with(|limits| (limits.head, limits.body) = (4000, 40));
    let stream = connect(&server);
    (&stream).write_all(request("", 60, &"a".repeat(60)).as_bytes()).unwrap();
    assert!(read_to_close(&stream).starts_with("HTTP/1.1 413 "));
    let stream = connect(&server);
    (&stream).write_all(list(&format!("x: {}\r\n", "a".repeat(5000))).as_bytes()).unwrap();
    assert!(read_to_close(&stream).starts_with("HTTP/1.1 431 "));
    assert_serves(&server);
}

/// Each way to hold a connection without a complete request.
const UNFINISHED: [&str; 4] = [
    "",
    "POST / HTTP/1.1\r\nhost: loc",
    "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nAction=ListUsers",
    "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n5\r\nActi",
];

#[test]
fn idle_connections_do_not_lock_others_out() {
    // The program has its own limit of open files.
    let served = super::Served::with(&[]);
    let url = &served.url;
    let address = url.trim_start_matches("http://");
    let idle: Vec<TcpStream> = (0..300)
        .map(|number| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(UNFINISHED[number % UNFINISHED.len()].as_bytes()).unwrap();
            stream
        })
        .collect();
    let stream = TcpStream::connect(address).unwrap();
    // Fails instead of hanging; the server needs no such time.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    (&stream).write_all(list("connection: close\r\n").as_bytes()).unwrap();
    assert!(read_to_close(&stream).starts_with("HTTP/1.1 200 OK\r\n"));
    // Those that were idle longest are closed, and the last ones are not.
    for stream in &idle[..40] {
        assert!(!read_to_close(stream).contains("200 OK"));
    }
    let last = idle.last().unwrap();
    last.set_nonblocking(true).unwrap();
    let open = (&*last).read(&mut [0; 1]).map_err(|it| it.kind());
    assert_eq!(open, Err(ErrorKind::WouldBlock));
}

#[test]
fn one_connection_without_a_request_closes_for_another() {
    for unfinished in UNFINISHED {
        let server = with(|limits| limits.connections = 1);
        let idle = connect(&server);
        (&idle).write_all(unfinished.as_bytes()).unwrap();
        assert_serves(&server);
        assert!(!read_to_close(&idle).contains("200 OK"), "{unfinished}");
        // One that waits for its next request.
        let used = connect(&server);
        ask(&used);
        assert_serves(&server);
        assert_eq!(read_to_close(&used), "");
    }
}

/// A request that is being handled is not cut off for another.
#[test]
fn a_client_beyond_the_connection_limit_waits_for_pending_requests() {
    let faults = FaultPlan::parse("[[fault]]\nsort = \"slow\"\nms = 500\nfirst = 2").unwrap();
    let mut options = Options { faults, ..Options::default() };
    options.limits.connections = 2;
    let server = Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options).unwrap();
    let pending = [connect(&server), connect(&server)];
    for mut stream in &pending {
        stream.write_all(list("connection: close\r\n").as_bytes()).unwrap();
    }
    assert_serves(&server);
    for stream in &pending {
        assert!(read_to_close(stream).starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

/// The client sends the whole body before it reads.
#[test]
fn a_client_that_sends_too_much_reads_the_reason() {
    let server = with(|_| ());
    let long = "a".repeat(20 << 20);
    let chunked = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n",
        long.len()
    );
    let foreign = request("origin: http://elsewhere.example\r\n", long.len(), &long);
    let put = request("", long.len(), &long).replacen("POST", "PUT", 1);
    for (request, status) in
        [(request("", long.len(), &long), 413), (chunked, 413), (foreign, 403), (put, 405)]
    {
        let stream = connect(&server);
        (&stream).write_all(request.as_bytes()).unwrap();
        let answer = read_to_close(&stream);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
        assert!(answer.ends_with("</ErrorResponse>\n"), "{answer}");
        assert_eq!(answer.contains("allow: GET, POST\r\n"), status == 405, "{answer}");
    }
    // A client that asks before it sends the body is not asked to send it.
    let stream = connect(&server);
    let ask = request("expect: 100-continue\r\n", long.len(), "");
    (&stream).write_all(ask.as_bytes()).unwrap();
    assert!(read_to_close(&stream).starts_with("HTTP/1.1 413 "));
    assert_serves(&server);
}

#[test]
fn a_client_that_closes_its_sending_side_gets_a_response() {
    // The response is delayed, so that the sending side is closed before it.
    let faults = FaultPlan::parse("[[fault]]\nsort = \"slow\"\nms = 50\nfirst = 1").unwrap();
    let options = Options { faults, ..Options::default() };
    let server = Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options).unwrap();
    let stream = connect(&server);
    (&stream).write_all(list("").as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(read_to_close(&stream).ends_with("</ListUsersResponse>\n"));
    let gone = connect(&server);
    (&gone).write_all(request("", 100, LIST).as_bytes()).unwrap();
    drop(gone);
    assert_serves(&server);
}

#[test]
fn the_server_stops_with_open_connections() {
    let server = with(|limits| limits.shutdown_timeout = SHORT);
    let open: Vec<TcpStream> = (0..3).map(|_| connect(&server)).collect();
    ask(&open[0]);
    (&open[1]).write_all(b"POST / HT").unwrap();
    (&open[2]).write_all(request("", 100, LIST).as_bytes()).unwrap();
    server.end();
    for stream in &open {
        assert!(!read_to_close(stream).contains("200 OK"));
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_the_server_with_exit_code_0() {
    let mut served = super::Served::with(&[]);
    let idle = TcpStream::connect(served.url.trim_start_matches("http://")).unwrap();
    ask(&idle);
    let kill = Command::new("kill").args(["-INT", &served.child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
    assert_eq!(read_to_close(&idle), "");
}

#[test]
fn listening_beyond_this_machine_needs_an_option() {
    let output = super::iamspec(&["serve", "--listen", "0.0.0.0:0"]);
    let text = super::stderr(&output);
    assert_eq!((output.status.code(), text.lines().count()), (Some(2), 1), "{text}");
    assert!(text.contains("--allow-remote"), "{text}");
}

#[test]
fn another_host_name_is_accepted_without_a_port() {
    for name in ["iam:4580", "http://iam", "a b", "", "user@iam", "iam/", "::1:x"] {
        let output = super::iamspec(&["serve", "--listen", "127.0.0.1:0", "--allow-host", name]);
        let text = super::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {text}");
        assert!(text.contains("expected a host name"), "{name}: {text}");
    }
    for (typed, host) in [("IAM.test", "iam.test:1"), ("::1", "[::1]"), ("10.0.0.7", "10.0.0.7")] {
        let served = super::Served::with(&["--allow-host", typed]);
        let url = &served.url;
        let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        let request = list("connection: close\r\n").replacen("localhost", host, 1);
        (&stream).write_all(request.as_bytes()).unwrap();
        let answer = read_to_close(&stream);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{typed}: {answer}");
    }
}
