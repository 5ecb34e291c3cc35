//! The cases of the awsQuery protocol, as another specification states them: what the reference endpoint reads
//! in a request, and what the client reads in a response. The cases are data: `tests/protocol/*.toml`.

use std::collections::{BTreeMap, BTreeSet};

use iamspec_conformance::Endpoint as _;
use iamspec_conformance::script::parse;
use iamspec_harness::server::Server;
use iamspec_harness::wire::names::VERSION;
use iamspec_harness::wire::xml_read::Element;
use iamspec_model::evidence::fact;
use serde::Deserialize;

use super::port::{Port, http};
use super::server::response_to;

/// A file of cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile<T> {
    pages: BTreeMap<String, String>,
    case: Vec<T>,
    outside: Vec<Outside>,
}

/// Cases of Smithy that use what IAM has not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outside {
    tests: Vec<String>,
    reason: String,
}

/// What every case has.
#[derive(Deserialize)]
struct CaseSource {
    name: String,
    page: String,
    #[serde(default)]
    tests: Vec<String>,
    evidence: CaseEvidence,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum CaseEvidence {
    Facts(Vec<String>),
    None(String),
}

#[derive(Deserialize)]
struct RequestCase {
    #[serde(flatten)]
    source: CaseSource,
    #[serde(default)]
    before: Vec<String>,
    method: Option<String>,
    target: Option<String>,
    r#type: Option<String>,
    #[serde(default)]
    body: String,
    read: Option<String>,
    readings: Vec<Reading>,
}

/// A response, as far as a case describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    status: u16,
    code: Option<String>,
    #[serde(default)]
    shows: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct ResponseCase {
    #[serde(flatten)]
    source: CaseSource,
    /// In the syntax of scripts.
    call: String,
    status: Option<String>,
    r#type: Option<String>,
    body: String,
    /// The response in the syntax of scripts, or its beginning if it ends with `…`.
    reads: String,
    /// The names of the wire rules that the response violates.
    #[serde(default)]
    violates: BTreeSet<String>,
}

fn requests() -> CaseFile<RequestCase> {
    toml::from_str(include_str!("protocol/requests.toml")).unwrap()
}

fn responses() -> CaseFile<ResponseCase> {
    toml::from_str(include_str!("protocol/responses.toml")).unwrap()
}

/// Every case names a page of the file, and either facts or that there is no evidence.
fn check_sources(file: &str, pages: &BTreeMap<String, String>, cases: &[&CaseSource]) {
    let mut names = BTreeSet::new();
    for CaseSource { name, page, evidence, .. } in cases {
        assert!(names.insert(name), "{file}: two cases `{name}`");
        assert!(pages.contains_key(page), "{file}, {name}: no page `{page}`");
        match evidence {
            CaseEvidence::Facts(ids) => {
                assert!(!ids.is_empty(), "{file}, {name}");
                for id in ids {
                    assert!(fact(id).is_some(), "{file}, {name}: no fact {id}");
                }
            }
            CaseEvidence::None(text) => assert_eq!(text, "no evidence", "{file}, {name}"),
        }
    }
    let used: BTreeSet<_> = cases.iter().map(|it| &it.page).collect();
    assert_eq!(used, pages.keys().collect(), "{file}: pages that no case names");
    assert!(pages.values().all(|it| it.starts_with("https://")), "{file}");
}

#[test]
fn every_case_names_its_specification_and_its_evidence() {
    let (requests, responses) = (requests(), responses());
    let sources: Vec<&CaseSource> = requests.case.iter().map(|it| &it.source).collect();
    check_sources("requests", &requests.pages, &sources);
    let sources: Vec<&CaseSource> = responses.case.iter().map(|it| &it.source).collect();
    check_sources("responses", &responses.pages, &sources);
    for it in &requests.case {
        let is_open = matches!(it.source.evidence, CaseEvidence::None(_));
        assert!(is_open || it.readings.len() == 1, "{}: several readings", it.source.name);
    }
    let outside = || requests.outside.iter().chain(&responses.outside);
    for Outside { tests, reason } in outside() {
        assert!(!tests.is_empty() && reason.ends_with(')'), "{reason}: no fact");
    }
    // A test of the protocol is used or outside, not both.
    let sources = requests.case.iter().map(|it| &it.source);
    let sources = sources.chain(responses.case.iter().map(|it| &it.source));
    let used: BTreeSet<&String> = sources.flat_map(|it| &it.tests).collect();
    for test in outside().flat_map(|it| &it.tests) {
        assert!(!used.contains(test), "{test} is used");
    }
}

/// The texts of the elements at a path, such as `Users.member.UserName`.
fn texts<'a>(element: &'a Element, path: &str) -> Vec<&'a str> {
    match path.split_once('.') {
        None => {
            let at_path = element.children.iter().filter(|it| it.name == path);
            at_path.map(|it| it.text.as_str()).collect()
        }
        Some((name, rest)) => {
            let inner = element.children.iter().filter(|it| it.name == name);
            inner.flat_map(|it| texts(it, rest)).collect()
        }
    }
}

/// Sends a request; returns the status and the response. A redirect has none.
fn send(server: &Server, (method, target): (&str, &str), kind: &str, body: &str) -> (u16, Element) {
    let lines = if kind.is_empty() { String::new() } else { format!("content-type: {kind}\r\n") };
    let lines = format!("host: localhost\r\n{lines}");
    let response = response_to(server, &format!("{method} {target}"), &lines, body);
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let root = if status == 302 { Ok(Element::default()) } else { Element::parse(body) };
    (status, root.unwrap_or_else(|error| panic!("{error}: {response}")))
}

const FORM: &str = "application/x-www-form-urlencoded";

fn send_form(server: &Server, form: &str) -> (u16, Element) {
    send(server, ("POST", "/"), FORM, &format!("{form}&Version={VERSION}"))
}

impl Reading {
    fn fits(&self, status: u16, root: &Element) -> bool {
        let code = texts(root, "Error.Code");
        let result = root.children.iter().find(|it| it.name.ends_with("Result"));
        let shows = |(path, expected): (&String, &Vec<String>)| {
            result.is_some_and(|it| texts(it, path) == *expected)
        };
        status == self.status
            && self.code.as_ref().is_none_or(|it| code == [it])
            && self.shows.iter().all(shows)
    }
}

#[test]
fn the_reference_endpoint_reads_requests_as_the_protocol_says() {
    let mut wrong = Vec::new();
    for case in requests().case {
        let server = super::server(None);
        for form in &case.before {
            assert_eq!(send_form(&server, form).0, 200, "{}: {form}", case.source.name);
        }
        let method = case.method.as_deref().unwrap_or("POST");
        let target = case.target.as_deref().unwrap_or("/");
        let kind = case.r#type.as_deref().unwrap_or(FORM);
        let sent = send(&server, (method, target), kind, &case.body);
        let (status, shown) = case.read.as_deref().map_or(sent, |it| send_form(&server, it));
        if !case.readings.iter().any(|it| it.fits(status, &shown)) {
            let expected = &case.readings;
            wrong.push(format!("{}: {expected:?}, not {status} {shown:?}", case.source.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_client_reads_responses_as_the_protocol_says() {
    let mut wrong = Vec::new();
    for case in responses().case {
        let name = &case.source.name;
        let script = parse::parse(name, &case.call).unwrap();
        let [step] = script.steps.as_slice() else { panic!("{name}: one call") };
        let kind = case.r#type.as_deref().unwrap_or("text/xml");
        let status = case.status.as_deref().unwrap_or("200 OK");
        let port = Port::answering(http(status, kind, case.body.as_bytes()));
        let mut client = super::client(&port.url);
        client.enter_new_namespace();
        let response = client.execute(&step.operation).to_string();
        let broken = client.wire_violations();
        let rules: BTreeSet<String> = broken.iter().map(|it| it.rule.name.to_owned()).collect();
        let is_right = match case.reads.strip_suffix('…') {
            Some(begin) => response.starts_with(begin),
            None => response == case.reads,
        };
        if !is_right || rules != case.violates {
            let (reads, violates) = (&case.reads, &case.violates);
            wrong.push(format!(
                "{name}: expected {reads} and {violates:?}, found {response} and {rules:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The requests of the client itself: POST to `/`, a form, the action first, and lists from 1.
#[test]
fn the_client_writes_requests_as_the_protocol_says() {
    let (sent, requests) = std::sync::mpsc::channel();
    let port = Port::guarding("", move |head, body| {
        sent.send((head.to_owned(), body.to_owned())).unwrap();
        Some(http(
            "404 No",
            "text/xml",
            b"<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>",
        ))
    });
    let mut client = super::client(&port.url);
    client.enter_new_namespace();
    for (call, body) in [
        (
            "TagUser u9001 t9004",
            "Action=TagUser&Version=2010-05-08&UserName=iamspec-test-1-u9001-%2B%3D%2C.%40_-\
             &Tags.member.1.Key=iamspec-test-1-t9004+%C3%A9%C3%9F+%E6%BC%A2+_.%3D%2B-%40\
             &Tags.member.1.Value=+%C3%A9%C3%9F+%E6%BC%A2+_.%3A%2F%3D%2B-%40+",
        ),
        (
            "UntagUser u0 t0",
            "Action=UntagUser&Version=2010-05-08&UserName=iamspec-test-1-u0&TagKeys.member.1=iamspec-test-1-t0",
        ),
        ("ListGroups", "Action=ListGroups&Version=2010-05-08"),
        (
            "ListAccessKeys u0 MaxItems:one-by-one",
            "Action=ListAccessKeys&Version=2010-05-08&UserName=iamspec-test-1-u0&MaxItems=1",
        ),
    ] {
        client.execute(&parse::parse("case", call).unwrap().steps[0].operation);
        let (head, form) = requests.recv().unwrap();
        let head = head.to_lowercase();
        assert!(head.starts_with("post / http/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("content-type: {FORM}")), "{head}");
        let pairs =
            |form: &str| form_urlencoded::parse(form.as_bytes()).into_owned().collect::<Vec<_>>();
        assert_eq!(pairs(&form), pairs(body), "{call}");
        assert!(form.is_ascii() && !form.contains(' '), "{form}");
    }
}
