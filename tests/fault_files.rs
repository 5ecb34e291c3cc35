//! The bad days of the reference endpoint, as a client on a bare socket meets them.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use iamspec_harness::server::fault_injection::plan::FaultPlan;
use iamspec_harness::server::{Options, Server};

/// An endpoint with the faults of that file.
fn with(name: &str) -> Server {
    let path = super::root().join(format!("tests/faults/{name}.toml"));
    let faults = FaultPlan::read(&path).unwrap();
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(free, Options { faults, ..Options::default() }).unwrap()
}

/// All that comes back to a form until the connection ends.
fn ask(server: &Server, form: &str) -> String {
    let address = server.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = "content-type: application/x-www-form-urlencoded\r\nconnection: close";
    let length = form.len();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{form}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A reset is an end as well.
    _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

/// The status and the code of an answer; nothing where there is none.
fn told(answer: &str) -> String {
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let code = answer.split_once("<Code>").and_then(|it| Some(it.1.split_once('<')?.0));
    format!("{status} {}", code.unwrap_or_default()).trim().to_owned()
}

fn calls(server: &Server, forms: &[&str]) -> Vec<String> {
    forms.iter().map(|form| told(&ask(server, form))).collect()
}

fn length(answer: &str) -> (usize, usize) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let said = head.split_once("content-length: ").unwrap().1.lines().next().unwrap();
    (said.parse().unwrap(), body.len())
}

const CREATE: &str = "Action=CreateUser&UserName=a";
const GET: &str = "Action=GetUser&UserName=a";
const DELETE: &str = "Action=DeleteUser&UserName=a";
const LIST: &str = "Action=ListUsers";

#[test]
fn every_sort_has_a_file_and_every_file_is_read() {
    let mut names: Vec<String> = std::fs::read_dir(super::root().join("tests/faults"))
        .unwrap()
        .map(|it| it.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    let everything = with("everything");
    let mut sorts: Vec<&str> = everything.faults().iter().map(|(name, _)| *name).collect();
    sorts.push("everything");
    sorts.sort_unstable();
    assert_eq!(names, sorts);
    for name in names.iter().filter(|it| *it != "everything") {
        assert_eq!(with(name).faults(), [(name.as_str(), 0)]);
    }
}

#[test]
fn a_listing_lags() {
    let server = with("lag");
    let shows = || ask(&server, LIST).contains("<UserName>a</UserName>");
    ask(&server, CREATE);
    assert_eq!([shows(), shows()], [false, true]);
    assert_eq!(told(&ask(&server, GET)), "200", "not a listing");
    ask(&server, DELETE);
    assert_eq!([shows(), shows()], [true, false]);
    assert_eq!(server.faults(), [("lag", 2)]);
}

#[test]
fn what_was_taken_away_still_blocks_a_deletion() {
    let server = with("lingering");
    let put = "Action=PutUserPolicy&UserName=a&PolicyName=p&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
    let delete = "Action=DeleteUserPolicy&UserName=a&PolicyName=p";
    assert_eq!(calls(&server, &[CREATE, put, delete]), ["200", "200", "200"]);
    let refused = ask(&server, DELETE);
    assert!(refused.contains("must delete policies first"), "{refused}");
    assert_eq!(
        calls(&server, &[DELETE, GET, DELETE, GET]),
        ["409 DeleteConflict", "200", "200", "404 NoSuchEntity"]
    );
    assert_eq!(server.faults(), [("lingering", 2)]);
}

#[test]
fn a_login_profile_is_not_changed_at_once() {
    let server = with("unmodifiable");
    let call = |verb: &str| {
        format!("Action={verb}LoginProfile&UserName=a&Password=Aa1!aaaaaaaaaaaaaaaaaaaa")
    };
    ask(&server, CREATE);
    assert_eq!(told(&ask(&server, &call("Delete"))), "404 NoSuchEntity");
    assert_eq!(told(&ask(&server, &call("Create"))), "200");
    let refused = ask(&server, &call("Delete"));
    assert_eq!(told(&refused), "409 EntityTemporarilyUnmodifiable");
    assert!(refused.contains("Login Profile for User a cannot be modified while"), "{refused}");
    assert_eq!(told(&ask(&server, &call("Delete"))), "200");
}

#[test]
fn calls_are_refused_for_the_moment() {
    let server = with("concurrent");
    assert_eq!(calls(&server, &[CREATE, CREATE]), ["409 ConcurrentModification", "200"]);
    let server = with("throttle");
    assert_eq!(told(&ask(&server, LIST)), "200");
    let throttled = ask(&server, CREATE);
    assert_eq!(told(&throttled), "400 Throttling");
    assert!(throttled.contains("retry-after: 1\r\n") && throttled.contains("Rate exceeded"));
    assert!(server.is_empty());
}

#[test]
fn a_call_fails_with_its_effect_and_without() {
    let server = with("fail");
    let asked = [CREATE, DELETE, GET, CREATE, DELETE, GET];
    let expected =
        ["200", "500 ServiceFailure", "404 NoSuchEntity", "200", "503 ServiceUnavailable", "200"];
    assert_eq!(calls(&server, &asked), expected);
    assert_eq!(server.faults(), [("fail", 2)]);
}

#[test]
fn a_connection_ends_with_the_effect_and_without() {
    let server = with("drop");
    assert_eq!(ask(&server, CREATE), "");
    assert_eq!(calls(&server, &[GET, DELETE]), ["200", "200"]);
    assert_eq!(ask(&server, CREATE), "");
    assert_eq!(told(&ask(&server, GET)), "404 NoSuchEntity");
}

#[test]
fn an_answer_arrives_in_other_shapes() {
    let slow = with("slow");
    for _ in 0..2 {
        let answer = ask(&slow, LIST);
        assert!(answer.ends_with("</ListUsersResponse>\n"), "{answer}");
    }
    assert_eq!(slow.faults(), [("slow", 2)]);
    let cut = with("truncate");
    let (said, came) = length(&ask(&cut, CREATE));
    assert_eq!(said / 2, came);
    let (said, came) = length(&ask(&cut, GET));
    assert!(said == came && !ask(&cut, GET).contains("</GetUserResponse>"));
    let twice = ask(&with("twice"), LIST);
    assert_eq!(twice.matches("</ListUsersResponse>").count(), 2);
    let html = with("html");
    assert_eq!(calls(&html, &[CREATE, CREATE]), ["502", "200"]);
    assert!(ask(&html, LIST).contains("content-type: text/html") && !html.is_empty());
}

/// The marker of an answer, for a form.
fn marker(answer: &str) -> String {
    let (_, rest) = answer.split_once("<Marker>").unwrap();
    let marker = rest.split_once('<').unwrap().0.replace("&amp;", "&");
    form_urlencoded::byte_serialize(marker.as_bytes()).collect()
}

#[test]
fn pages_are_right_and_not_as_one_expects_them() {
    let pages = |name: &str| {
        let server = with(name);
        for user in ["a", "b", "c"] {
            ask(&server, &format!("Action=CreateUser&UserName={user}"));
        }
        let (mut seen, mut form) = (Vec::new(), "Action=ListUsers&MaxItems=2".to_owned());
        while seen.len() < 5 {
            let answer = ask(&server, &form);
            seen.push(answer.matches("<UserName>").count());
            if !answer.contains("<IsTruncated>true</IsTruncated>") {
                break;
            }
            form = format!("Action=ListUsers&MaxItems=2&Marker={}", marker(&answer));
        }
        seen
    };
    assert_eq!(pages("empty-page"), [2, 0, 1]);
    assert_eq!(pages("odd-marker"), [2, 1]);
    assert_eq!(pages("same-marker"), [2, 1]);
    let odd = with("odd-marker");
    calls(&odd, &[CREATE, "Action=CreateUser&UserName=b"]);
    assert!(marker(&ask(&odd, "Action=ListUsers&MaxItems=1")).starts_with("%26%2B%3D%25"));
}

#[test]
fn the_same_file_has_the_same_days() {
    let path = super::root().join("tests/faults/everything.toml");
    let day = |plan: &mut FaultPlan| -> Vec<String> {
        (0..2000).map(|_| plan.next("DeleteUser").map_or("", |it| it.name()).to_owned()).collect()
    };
    let text = std::fs::read_to_string(path).unwrap();
    let first = day(&mut FaultPlan::parse(&text).unwrap());
    assert_eq!(first, day(&mut FaultPlan::parse(&text).unwrap()));
    assert_ne!(first, day(&mut FaultPlan::parse(&text.replace("seed = 7", "seed = 8")).unwrap()));
}

#[test]
fn chance_is_as_often_as_it_says_and_times_is_an_end() {
    let mut plan = FaultPlan::parse("[[fault]]\nsort = \"twice\"\nchance = 0.25").unwrap();
    let often = (0..4000).filter(|_| plan.next("GetUser").is_some()).count();
    assert!((900..1100).contains(&often), "{often}");
    let mut plan = FaultPlan::parse("[[fault]]\nsort = \"twice\"\ntimes = 3").unwrap();
    assert_eq!((0..10).filter(|_| plan.next("GetUser").is_some()).count(), 3);
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_one_line() {
    for (text, words) in [
        ("", "no `[[fault]]` in the file"),
        ("sed = 1", "line 1: unknown field `sed`, expected `seed` or `fault`"),
        ("[[fault]]\nsort = \"lagg\"", "line 2: unknown variant `lagg`, expected one of `lag`"),
        ("\n[[fault]]\nsort = \"lag\"", "line 2: the window needs either `ms` or `calls`"),
        (
            "[[fault]]\nsort = \"drop\"\nms = 1",
            "line 1: `ms` is no parameter of this sort of fault; allowed are `effect`, `on`",
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
