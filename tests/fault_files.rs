//! Fault files, and the injected faults as a raw socket receives them.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use iamspec_harness::server::fault_injection::FaultPlan;
use iamspec_harness::server::{Options, Server};

/// A server with the faults of this file.
fn server_with(name: &str) -> Server {
    let path = super::root().join(format!("tests/faults/{name}.toml"));
    let faults = FaultPlan::read(&path).unwrap();
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(free, Options { faults, ..Options::default() }).unwrap()
}

/// The bytes of the response to a form, up to the end of the connection.
fn send(server: &Server, form: &str) -> String {
    let address = server.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = "content-type: application/x-www-form-urlencoded\r\nconnection: close";
    let form = format!("Version=2010-05-08&{form}");
    let length = form.len();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{form}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    // A reset also ends the connection.
    _ = stream.read_to_end(&mut response);
    String::from_utf8(response).unwrap()
}

/// The status and the error code of a response; empty if there is no response.
fn summary(response: &str) -> String {
    let status = response.split(' ').nth(1).unwrap_or_default();
    let code = response.split_once("<Code>").and_then(|it| Some(it.1.split_once('<')?.0));
    format!("{status} {}", code.unwrap_or_default()).trim().to_owned()
}

fn send_all(server: &Server, forms: &[&str]) -> Vec<String> {
    forms.iter().map(|form| summary(&send(server, form))).collect()
}

/// The declared and the actual length of a body.
fn lengths(response: &str) -> (usize, usize) {
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let declared = head.split_once("content-length: ").unwrap().1.lines().next().unwrap();
    (declared.parse().unwrap(), body.len())
}

const CREATE: &str = "Action=CreateUser&UserName=a";
const GET: &str = "Action=GetUser&UserName=a";
const DELETE: &str = "Action=DeleteUser&UserName=a";
const LIST: &str = "Action=ListUsers";

#[test]
fn every_sort_of_fault_has_a_file_and_every_file_is_valid() {
    let mut names: Vec<String> = std::fs::read_dir(super::root().join("tests/faults"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension().is_some_and(|it| it == "toml"))
        .map(|it| it.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    let everything = server_with("everything");
    let mut sorts: Vec<&str> = everything.faults().iter().map(|(name, _)| *name).collect();
    sorts.push("everything");
    sorts.sort_unstable();
    assert_eq!(names, sorts);
    for name in names.iter().filter(|it| *it != "everything") {
        assert_eq!(server_with(name).faults(), [(name.as_str(), 0)]);
    }
}

#[test]
fn a_listing_is_stale_for_one_call() {
    let server = server_with("lag");
    let shows = || send(&server, LIST).contains("<UserName>a</UserName>");
    send(&server, CREATE);
    assert_eq!([shows(), shows()], [false, true]);
    assert_eq!(summary(&send(&server, GET)), "200", "the fault affects listings only");
    send(&server, DELETE);
    assert_eq!([shows(), shows()], [true, false]);
    assert_eq!(server.faults(), [("lag", 2)]);
}

#[test]
fn a_removed_attachment_still_blocks_a_deletion() {
    let server = server_with("lingering");
    let attach = "Action=PutUserPolicy&UserName=a&PolicyName=p&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
    let delete = "Action=DeleteUserPolicy&UserName=a&PolicyName=p";
    assert_eq!(send_all(&server, &[CREATE, attach, delete]), ["200", "200", "200"]);
    let refused = send(&server, DELETE);
    assert!(refused.contains("must delete policies first"), "{refused}");
    assert_eq!(
        send_all(&server, &[DELETE, GET, DELETE, GET]),
        ["409 DeleteConflict", "200", "200", "404 NoSuchEntity"]
    );
    assert_eq!(server.faults(), [("lingering", 2)]);
}

#[test]
fn a_new_login_profile_cannot_be_modified_yet() {
    let server = server_with("unmodifiable");
    let call = |verb: &str| {
        format!("Action={verb}LoginProfile&UserName=a&Password=Aa1!aaaaaaaaaaaaaaaaaaaa")
    };
    send(&server, CREATE);
    assert_eq!(summary(&send(&server, &call("Delete"))), "404 NoSuchEntity");
    assert_eq!(summary(&send(&server, &call("Create"))), "200");
    let refused = send(&server, &call("Delete"));
    assert_eq!(summary(&refused), "409 EntityTemporarilyUnmodifiable");
    assert!(refused.contains("Login Profile for User a cannot be modified while"), "{refused}");
    assert_eq!(summary(&send(&server, &call("Delete"))), "200");
}

#[test]
fn calls_are_refused_temporarily() {
    let server = server_with("concurrent");
    assert_eq!(send_all(&server, &[CREATE, CREATE]), ["409 ConcurrentModification", "200"]);
    let server = server_with("throttle");
    assert_eq!(summary(&send(&server, LIST)), "200");
    let throttled = send(&server, CREATE);
    assert_eq!(summary(&throttled), "400 Throttling");
    assert!(throttled.contains("retry-after: 1\r\n") && throttled.contains("Rate exceeded"));
    assert!(server.is_empty());
}

#[test]
fn a_call_fails_with_and_without_effect() {
    let server = server_with("fail");
    let forms = [CREATE, DELETE, GET, CREATE, DELETE, GET];
    let expected =
        ["200", "500 ServiceFailure", "404 NoSuchEntity", "200", "503 ServiceUnavailable", "200"];
    assert_eq!(send_all(&server, &forms), expected);
    assert_eq!(server.faults(), [("fail", 2)]);
}

#[test]
fn a_connection_ends_with_and_without_effect() {
    let server = server_with("drop");
    assert_eq!(send(&server, CREATE), "");
    assert_eq!(send_all(&server, &[GET, DELETE]), ["200", "200"]);
    assert_eq!(send(&server, CREATE), "");
    assert_eq!(summary(&send(&server, GET)), "404 NoSuchEntity");
}

#[test]
fn a_response_arrives_slow_truncated_doubled_or_as_html() {
    let slow = server_with("slow");
    for _ in 0..2 {
        let response = send(&slow, LIST);
        assert!(response.ends_with("</ListUsersResponse>\n"), "{response}");
    }
    assert_eq!(slow.faults(), [("slow", 2)]);
    let cut = server_with("truncate");
    let (declared, actual) = lengths(&send(&cut, CREATE));
    assert_eq!(declared / 2, actual);
    let (declared, actual) = lengths(&send(&cut, GET));
    assert!(declared == actual && !send(&cut, GET).contains("</GetUserResponse>"));
    let twice = send(&server_with("twice"), LIST);
    assert_eq!(twice.matches("</ListUsersResponse>").count(), 2);
    let html = server_with("html");
    assert_eq!(send_all(&html, &[CREATE, CREATE]), ["502", "200"]);
    assert!(send(&html, LIST).contains("content-type: text/html") && !html.is_empty());
}

/// The marker of a response, encoded for a form.
fn marker(response: &str) -> String {
    let (_, rest) = response.split_once("<Marker>").unwrap();
    let marker = rest.split_once('<').unwrap().0.replace("&amp;", "&");
    form_urlencoded::byte_serialize(marker.as_bytes()).collect()
}

#[test]
fn unusual_pages_list_every_user() {
    let pages = |name: &str| {
        let server = server_with(name);
        for user in ["a", "b", "c"] {
            send(&server, &format!("Action=CreateUser&UserName={user}"));
        }
        let (mut seen, mut form) = (Vec::new(), "Action=ListUsers&MaxItems=2".to_owned());
        while seen.len() < 5 {
            let response = send(&server, &form);
            seen.push(response.matches("<UserName>").count());
            if !response.contains("<IsTruncated>true</IsTruncated>") {
                break;
            }
            form = format!("Action=ListUsers&MaxItems=2&Marker={}", marker(&response));
        }
        seen
    };
    assert_eq!(pages("empty-page"), [2, 0, 1]);
    assert_eq!(pages("odd-marker"), [2, 1]);
    assert_eq!(pages("same-marker"), [2, 1]);
    let server = server_with("odd-marker");
    send_all(&server, &[CREATE, "Action=CreateUser&UserName=b"]);
    assert!(marker(&send(&server, "Action=ListUsers&MaxItems=1")).starts_with("%26%2B%3D%25"));
}

#[test]
fn the_same_seed_injects_the_same_faults() {
    let path = super::root().join("tests/faults/everything.toml");
    let faults = |plan: &mut FaultPlan| -> Vec<String> {
        (0..2000).map(|_| plan.next("DeleteUser").map_or("", |it| it.name()).to_owned()).collect()
    };
    let text = std::fs::read_to_string(path).unwrap();
    let first = faults(&mut FaultPlan::parse(&text).unwrap());
    assert_eq!(first, faults(&mut FaultPlan::parse(&text).unwrap()));
    assert_ne!(
        first,
        faults(&mut FaultPlan::parse(&text.replace("seed = 7", "seed = 8")).unwrap())
    );
}

#[test]
fn chance_is_a_probability_and_times_is_a_limit() {
    let mut plan = FaultPlan::parse("[[fault]]\nsort = \"twice\"\nchance = 0.25").unwrap();
    let count = (0..4000).filter(|_| plan.next("GetUser").is_some()).count();
    assert!((900..1100).contains(&count), "{count}");
    let mut plan = FaultPlan::parse("[[fault]]\nsort = \"twice\"\ntimes = 3").unwrap();
    assert_eq!((0..10).filter(|_| plan.next("GetUser").is_some()).count(), 3);
}

#[test]
fn an_error_in_a_file_is_one_line_with_the_allowed_values() {
    for (text, words) in [
        ("", "no `[[fault]]` in the file"),
        ("sed = 1", "line 1: unknown field `sed`, expected `seed` or `fault`"),
        ("[[fault]]\nsort = \"lagg\"", "line 2: unknown variant `lagg`, expected one of `lag`"),
        ("\n[[fault]]\nsort = \"lag\"", "line 2: the window needs either `ms` or `calls`"),
        (
            "[[fault]]\nsort = \"drop\"\nms = 1",
            "line 1: `ms` is not a parameter of this kind of fault; allowed are `effect`, `on`",
        ),
        ("[[fault]]\nsort = \"drop\"\nchance = 2", "`chance = 2` is not from 0 to 1"),
        ("[[fault]]\nsort = \"drop\"\nchance = 1\nevery = 2", "keep one of them"),
        ("[[fault]]\nsort = \"drop\"\non = \"Gte*\"", "matches no action"),
        ("[[fault]]\nsort = \"fail\"\nstatus = 404", "is not 500 or 503"),
        ("[[fault]]\nsort = ", "line 2: "),
    ] {
        let error = format!("{:#}", FaultPlan::parse(text).unwrap_err());
        assert!(error.contains(words) && error.lines().count() == 1, "{text}: {error}");
    }
    let output = super::iamspec(&["serve", "--listen", "127.0.0.1:0", "--faults", "none.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(super::stderr(&output).contains("cannot read the faults of `none.toml`"));
}
