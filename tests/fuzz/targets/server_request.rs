//! The reference server responds to any form and any signature with well-formed XML, or with a redirect. The first line of the
//! input is the `Authorization` header, the second one `X-Amz-Date`, the rest is the body. The first bit of the
//! input selects the server that verifies signatures.
#![no_main]

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::LazyLock;

use iamspec_harness::server::{Options, Server};
use quick_xml::Reader;
use quick_xml::events::Event;

static SERVERS: LazyLock<[Server; 2]> = LazyLock::new(|| {
    [false, true].map(|verify_signatures| {
        let options = Options { verify_signatures, ..Options::default() };
        Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options).expect("a server")
    })
});

thread_local! {
    static CONNECTIONS: RefCell<[Option<BufReader<TcpStream>>; 2]> = const { RefCell::new([None, None]) };
}

/// The status line and the body of the response; `None` if the connection ended before it.
fn respond(stream: &mut BufReader<TcpStream>, request: &[u8]) -> std::io::Result<Option<(String, Vec<u8>)>> {
    stream.get_mut().write_all(request)?;
    let (mut status, mut line, mut length) = (String::new(), String::new(), 0);
    stream.read_line(&mut status)?;
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some((status, body)))
}

/// A form without an action is redirected; every other one gets a response.
fn assert_response(status: &str, body: &[u8]) {
    if status.starts_with("HTTP/1.1 302 ") && body.is_empty() {
        return;
    }
    let mut reader = Reader::from_reader(body);
    let (mut depth, mut elements) = (0, 0);
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => (depth, elements) = (depth + 1, elements + 1),
            Ok(Event::End(_)) => depth -= 1,
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => panic!("{error} in {}", String::from_utf8_lossy(body)),
        }
    }
    assert!(depth == 0 && elements > 0, "{}", String::from_utf8_lossy(body));
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let mut parts = rest.splitn(3, |it| *it == b'\n');
    let header = |value: Option<&[u8]>| -> String {
        let value = value.unwrap_or_default().iter().filter(|it| (0x20..0x7f).contains(*it));
        value.map(|it| char::from(*it)).collect()
    };
    let (authorization, date) = (header(parts.next()), header(parts.next()));
    let body = parts.next().unwrap_or_default();
    let mut request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\nX-Amz-Date: {date}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    let index = usize::from(first & 1);
    CONNECTIONS.with_borrow_mut(|connections| {
        let connection = &mut connections[index];
        // The server may have closed an old connection.
        for last_try in [false, true] {
            let stream = connection.get_or_insert_with(|| {
                let address = SERVERS[index].url();
                let address = address.trim_start_matches("http://");
                BufReader::new(TcpStream::connect(address).expect("a connection"))
            });
            match respond(stream, &request) {
                Ok(Some((status, body))) => return assert_response(&status, &body),
                result => assert!(!last_try, "no response: {result:?}"),
            }
            *connection = None;
        }
    });
});
