//! Tests the reference server against the facts. `facts/tested.txt` contains the requests for each
//! fact with a response; the last response must match the fact. The expected response comes from the
//! fact, not from the rules. The requests are written by hand, not by the client.

use std::collections::{HashMap, HashSet};

use iamspec_conformance::oracle::wire::WIRE_RULES;
use iamspec_harness::server::Server;
use iamspec_harness::wire::payload;
use iamspec_model::tables::precedence::PRECEDENCES;
use iamspec_model::{FACTS, Fact, Item, Strength, evidence};

const TESTED: &str = include_str!("facts/tested.txt");
const UNTESTED: &str = include_str!("facts/untested.txt");
const UNCITED: &str = include_str!("facts/uncited.txt");

/// A fact and the requests that reproduce it.
pub(super) struct FactTest {
    pub(super) fact: &'static Fact,
    pub(super) requests: Vec<&'static str>,
}

pub(super) fn fact_tests() -> Vec<FactTest> {
    let mut tests: Vec<FactTest> = Vec::new();
    for line in TESTED.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(request) = line.strip_prefix("  ") {
            tests.last_mut().unwrap().requests.push(request);
            continue;
        }
        let fact = evidence::fact(line).unwrap_or_else(|| panic!("no fact {line}"));
        tests.push(FactTest { fact, requests: Vec::new() });
    }
    tests
}

/// The fact ids of a list, each with its reason.
fn reasons(list: &'static str) -> Vec<(&'static str, &'static str)> {
    let lines = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split_once(' ').unwrap_or_else(|| panic!("no reason: {line}"))).collect()
}

/// A request and its HTTP response.
pub(super) struct Response {
    /// The form of the request.
    pub(super) form: String,
    pub(super) status: u16,
    pub(super) body: String,
}

impl Response {
    /// The text of the first element with this name.
    fn text(&self, name: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        Some(text.replace("&apos;", "'").replace("&quot;", "\"").replace("&amp;", "&"))
    }
}

/// Sends requests one after the other and stores the responses.
pub(super) struct Caller {
    server: Server,
    pub(super) responses: Vec<Response>,
}

impl Caller {
    pub(super) fn new() -> Self {
        Self { server: super::server(None), responses: Vec::new() }
    }

    /// The value of a member: literal, `$Name` from an earlier response, or `@payload`.
    fn value(&self, written: &str) -> String {
        let known = |name: &str| self.responses.iter().rev().find_map(|it| it.text(name));
        match (written.strip_prefix('$'), written.strip_prefix('@')) {
            (Some(name), _) => known(name).unwrap_or_else(|| panic!("no response has {name}")),
            (_, Some("document")) => payload::policy_document(),
            (_, Some("password")) => payload::password(),
            (_, Some("ssh-key")) => payload::ssh_key(Item(0)).to_owned(),
            (_, Some(name)) if name.starts_with("certificate") => {
                payload::certificate(name).unwrap()
            }
            (_, Some(name)) => panic!("no payload is called {name}"),
            _ => written.to_owned(),
        }
    }

    /// Sends a request and returns its members.
    pub(super) fn send(&mut self, request: &str) -> HashMap<String, String> {
        let mut words = request.trim_start_matches('~').split(' ');
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", words.next().unwrap()).append_pair("Version", "2010-05-08");
        let mut members = HashMap::new();
        for (member, written) in words.map(|word| word.split_once('=').unwrap()) {
            let value = self.value(written);
            form.append_pair(member, &value);
            members.insert(member.to_owned(), value);
        }
        let form = form.finish();
        let response = super::server::posted(&self.server, &form);
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        self.responses.push(Response { form, status, body: body.to_owned() });
        members
    }
}

/// Fills in the members. A fact with several wordings, `{one|another}`, gives several texts.
fn filled(text: &str, members: &HashMap<String, String>) -> Vec<String> {
    let text = members.iter().fold(text.to_owned(), |text, (member, value)| {
        text.replace(&format!("{{{member}}}"), value)
    });
    let parts = text.split_once('{').and_then(|(a, rest)| Some((a, rest.split_once('}')?)));
    match parts {
        Some((before, (wordings, after))) => {
            wordings.split('|').map(|it| format!("{before}{it}{after}")).collect()
        }
        None => vec![text],
    }
}

#[test]
fn the_reference_server_responds_like_every_tested_fact() {
    for test in fact_tests() {
        let (fact, last) = (test.fact, test.requests.len() - 1);
        let mut caller = Caller::new();
        let mut sent = HashMap::new();
        for (index, request) in test.requests.iter().enumerate() {
            sent = caller.send(request);
            let status = caller.responses.last().unwrap().status;
            let refused = request.starts_with('~');
            assert!(
                index == last || (status != 200) == refused,
                "{}: {request}: {status}",
                fact.id
            );
        }
        let response = caller.responses.last().unwrap();
        assert_eq!(Some(response.status), fact.http, "{}: {}", fact.id, response.body);
        assert_eq!(response.text("Code").as_deref(), fact.code, "{}: {}", fact.id, response.body);
        if let Some(message) = fact.message {
            let (actual, known) = (response.text("Message").unwrap(), filled(message, &sent));
            assert!(known.contains(&actual), "{}: {actual}", fact.id);
        }
    }
}

#[test]
fn every_fact_with_a_response_is_tested_or_has_a_reason() {
    let tested: HashSet<&str> = fact_tests().iter().map(|it| it.fact.id).collect();
    let untested = reasons(UNTESTED);
    for (id, reason) in &untested {
        assert!(evidence::fact(id).is_some() && !reason.trim().is_empty(), "{id}");
        assert!(!tested.contains(id), "{id} is tested and listed as untested");
    }
    for fact in FACTS.iter().filter(|it| it.http.is_some() && it.strength >= Strength::Reported) {
        let listed = untested.iter().filter(|(id, _)| *id == fact.id).count();
        assert_eq!(listed, usize::from(!tested.contains(fact.id)), "{}", fact.id);
    }
}

/// The facts that a rule, an order of rules or the form of a message cites.
fn cited() -> HashSet<&'static str> {
    let claims = iamspec_model::rules().flat_map(|rule| {
        [rule.clause.status, rule.clause.code, rule.clause.text].into_iter().flat_map(|it| it.facts)
    });
    let orders = PRECEDENCES.iter().flat_map(|order| order.evidence.facts);
    let of_wire = WIRE_RULES.iter().flat_map(|it| it.evidences()).flat_map(|it| it.facts);
    claims.chain(orders).chain(of_wire).map(|fact| fact.id).chain(["G-007"]).collect()
}

#[test]
fn every_fact_is_cited_or_tested_or_has_a_reason() {
    let tested: HashSet<&str> = fact_tests().iter().map(|it| it.fact.id).collect();
    let (cited, untested) = (cited(), reasons(UNTESTED));
    let uncited: HashSet<&str> = reasons(UNCITED).iter().map(|(id, _)| *id).collect();
    for fact in &FACTS {
        let used = cited.contains(fact.id)
            || tested.contains(fact.id)
            || untested.iter().any(|(id, _)| *id == fact.id);
        assert_eq!(used, !uncited.contains(fact.id), "{}", fact.id);
    }
    assert!(uncited.iter().all(|id| evidence::fact(id).is_some()));
}
