//! The reference endpoint as a server: clients that are slow, silent, greedy or gone take nothing from
//! others, and it ends when it is told to.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use iamspec_harness::server::fault_injection::plan::FaultPlan;
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

/// What comes until the connection ends, in order or not.
fn rest(mut stream: &TcpStream) -> String {
    let mut answer = Vec::new();
    _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn request(more: &str, length: usize, body: &str) -> String {
    let head =
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded";
    format!("{head}\r\n{more}content-length: {length}\r\n\r\n{body}")
}

const LIST: &str = "Action=ListUsers";

fn list(more: &str) -> String {
    request(more, LIST.len(), LIST)
}

/// Sends, and reads one answer, after which the connection stays.
fn ask(mut stream: &TcpStream) {
    stream.write_all(list("").as_bytes()).unwrap();
    let mut answer = String::new();
    let mut lines = BufReader::new(stream);
    while !answer.ends_with("</ListUsersResponse>\n") {
        assert_ne!(lines.read_line(&mut answer).unwrap(), 0, "{answer}");
    }
}

fn serves(server: &Server) {
    let stream = connect(server);
    (&stream).write_all(list("connection: close\r\n").as_bytes()).unwrap();
    assert!(rest(&stream).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn a_head_that_does_not_end_is_not_waited_for() {
    let server = with(|limits| limits.head_time = SHORT);
    let (silent, stuck) = (connect(&server), connect(&server));
    (&stuck).write_all(b"POST / HTTP/1.1\r\nhost: loc").unwrap();
    serves(&server);
    assert_eq!(rest(&silent), "");
    assert!(!rest(&stuck).contains("200 OK"));
}

/// A byte at a time: each keeps the connection busy, and none makes it last.
#[test]
fn a_head_that_comes_by_the_byte_is_not_waited_for() {
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
    serves(&server);
}

#[test]
fn a_connection_that_rests_too_long_is_ended() {
    let server = with(|limits| limits.head_time = SHORT);
    let stream = connect(&server);
    ask(&stream);
    assert_eq!(rest(&stream), "");
}

#[test]
fn a_body_that_does_not_end_is_not_waited_for() {
    let server = with(|limits| limits.body_time = SHORT);
    let stream = connect(&server);
    (&stream).write_all(request("", 100, LIST).as_bytes()).unwrap();
    assert!(rest(&stream).starts_with("HTTP/1.1 408 "));
    serves(&server);
}

#[test]
fn heads_and_bodies_have_a_longest() {
    let server = with(|limits| (limits.head, limits.body) = (4000, 40));
    let stream = connect(&server);
    (&stream).write_all(request("", 60, &"a".repeat(60)).as_bytes()).unwrap();
    assert!(rest(&stream).starts_with("HTTP/1.1 413 "));
    let stream = connect(&server);
    (&stream).write_all(list(&format!("x: {}\r\n", "a".repeat(5000))).as_bytes()).unwrap();
    assert!(rest(&stream).starts_with("HTTP/1.1 431 "));
    serves(&server);
}

#[test]
fn who_comes_when_there_is_no_room_waits_for_it() {
    let server = with(|limits| limits.connections = 1);
    let first = connect(&server);
    ask(&first);
    let second = connect(&server);
    (&second).write_all(list("connection: close\r\n").as_bytes()).unwrap();
    second.set_read_timeout(Some(SHORT)).unwrap();
    let early = (&second).read(&mut [0; 1]).map_err(|it| it.kind());
    assert!(matches!(early, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{early:?}");
    second.set_read_timeout(None).unwrap();
    drop(first);
    assert!(rest(&second).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn who_has_asked_and_sends_no_more_is_answered() {
    // Late, so that the end of what is sent comes before the answer.
    let faults = FaultPlan::parse("[[fault]]\nsort = \"slow\"\nms = 50\nfirst = 1").unwrap();
    let options = Options { faults, ..Options::default() };
    let server = Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options).unwrap();
    let stream = connect(&server);
    (&stream).write_all(list("").as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(rest(&stream).ends_with("</ListUsersResponse>\n"));
    let gone = connect(&server);
    (&gone).write_all(request("", 100, LIST).as_bytes()).unwrap();
    drop(gone);
    serves(&server);
}

#[test]
fn it_ends_whatever_is_open() {
    let server = with(|limits| limits.farewell = SHORT);
    let open: Vec<TcpStream> = (0..3).map(|_| connect(&server)).collect();
    ask(&open[0]);
    (&open[1]).write_all(b"POST / HT").unwrap();
    (&open[2]).write_all(request("", 100, LIST).as_bytes()).unwrap();
    server.end();
    for stream in &open {
        assert!(!rest(stream).contains("200 OK"));
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_as_it_should_be() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iamspec"));
    command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut served = command.spawn().unwrap();
    let mut url = String::new();
    BufReader::new(served.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let idle = TcpStream::connect(url.trim().trim_start_matches("http://")).unwrap();
    ask(&idle);
    let kill = Command::new("kill").args(["-INT", &served.id().to_string()]).status();
    assert!(kill.unwrap().success());
    assert_eq!(served.wait().unwrap().code(), Some(0));
    assert_eq!(rest(&idle), "");
}

#[test]
fn another_machine_is_let_in_only_where_that_is_said() {
    let output = super::iamspec(&["serve", "--listen", "0.0.0.0:0"]);
    let text = super::stderr(&output);
    assert_eq!((output.status.code(), text.lines().count()), (Some(2), 1), "{text}");
    assert!(text.contains("--anybody-may-connect"), "{text}");
}
