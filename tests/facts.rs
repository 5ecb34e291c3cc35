//! Tests the reference server against the facts. `facts/tested.txt` contains the requests for each
//! fact with a response; the last response must match the fact. The expected response comes from the
//! fact, not from the rules. The requests are written by hand, not by the client.

use std::collections::{HashMap, HashSet};

use data_encoding::BASE64;
use iamspec_conformance::oracle::wire::WIRE_RULES;
use iamspec_harness::server::Server;
use iamspec_harness::wire::payload;
use iamspec_model::tables::precedence::PRECEDENCES;
use iamspec_model::{ErrorCode, FACTS, Fact, Item, Strength, evidence};

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
    pub(super) server: Server,
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
            (_, Some(size)) if size.starts_with("document-") => {
                document_of_size(size.trim_start_matches("document-").parse().unwrap())
            }
            (_, Some(code)) if code.contains("code-") => {
                let seed = BASE64.decode(known("Base32StringSeed").unwrap().as_bytes()).unwrap();
                code_of(std::str::from_utf8(&seed).unwrap(), code)
            }
            (_, Some("password")) => payload::password(),
            (_, Some("ssh-key")) => payload::ssh_key(Item(0)),
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
        let action = request.trim_start_matches('~').split(' ').next().unwrap();
        let mut members = HashMap::from([
            ("Action".to_owned(), action.to_owned()),
            ("Version".to_owned(), "2010-05-08".to_owned()),
            ("AccountId".to_owned(), "123456789012".to_owned()),
        ]);
        for (member, written) in words.map(|word| word.split_once('=').unwrap()) {
            let value = self.value(written);
            form.append_pair(member, &value);
            if member == "PermissionsBoundary" {
                members.insert("PolicyArn".to_owned(), value.clone());
            }
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

/// A policy document with this many characters without white space, and some with white space.
fn document_of_size(size: usize) -> String {
    let with = |sid: &str| {
        format!(
            r#"{{ "Version": "2012-10-17", "Statement": {{ "Sid": "{sid}", "Effect": "Allow", "Action": "*", "Resource": "*" }} }}"#
        )
    };
    let count = |text: &str| text.chars().filter(|it| !it.is_whitespace()).count();
    with(&"x".repeat(size - count(&with(""))))
}

/// A code of the device with this seed: `code-1` of the previous window and `code-2` of this one;
/// `late-code-1` and `late-code-2` of ten minutes ago.
fn code_of(seed: &str, which: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(seed).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let late = if which.starts_with("late-") { 600 } else { 0 };
    let before = if which.ends_with("code-1") { 30 } else { 0 };
    totp.generate(now - late - before).to_string()
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
        // Some sources show the code without the status, which E-005 then gives.
        let status = fact.http.unwrap_or_else(|| status_of(fact.code.unwrap()));
        assert_eq!(response.status, status, "{}: {}", fact.id, response.body);
        assert_eq!(response.text("Code").as_deref(), fact.code, "{}: {}", fact.id, response.body);
        if let Some(message) = fact.message {
            let (actual, known) = (response.text("Message").unwrap(), filled(message, &sent));
            assert!(known.contains(&actual), "{}: {actual}", fact.id);
        }
    }
}

fn status_of(code: &str) -> u16 {
    ErrorCode::ALL.into_iter().find(|it| it.name() == code).unwrap().http_status()
}

/// Returns true if the fact has a response that the reference server should give.
fn has_response(fact: &Fact) -> bool {
    (fact.http.is_some() || fact.code.is_some()) && fact.strength >= Strength::Reported
}

/// `cargo test --test iamspec share_of_facts -- --nocapture` prints the share.
#[test]
fn the_share_of_facts_that_the_reference_server_reproduces_is_printed() {
    let tested: HashSet<&str> = fact_tests().iter().map(|it| it.fact.id).collect();
    let all: Vec<&Fact> = FACTS.iter().copied().filter(|it| has_response(it)).collect();
    let agreeing = all.iter().filter(|it| tested.contains(it.id)).count();
    eprintln!("{agreeing} of {} facts with a response are reproduced; not played:", all.len());
    for (id, reason) in reasons(UNTESTED) {
        eprintln!("  {id} {reason}");
    }
    assert!(agreeing * 4 > all.len() * 3, "{agreeing} of {}", all.len());
}

#[test]
fn relations_between_facts_are_complete() {
    let scripts: Vec<String> = iamspec_conformance::script::corpus::built_in_scripts()
        .unwrap()
        .into_iter()
        .map(|script| script.name)
        .collect();
    for fact in &FACTS {
        let related = fact.settles.iter().chain(fact.confirms).chain(fact.contradicts);
        for id in related {
            assert!(evidence::fact(id).is_some(), "{}: no fact {id}", fact.id);
        }
        let decided = fact.decision.is_some_and(|it| !it.trim().is_empty());
        assert_eq!(!fact.contradicts.is_empty(), decided, "{}: the decision", fact.id);
        for id in fact.settles {
            let question = evidence::fact(id).unwrap();
            assert_eq!(question.strength, Strength::Unknown, "{} settles {id}", fact.id);
            assert!(question.note.starts_with("SETTLED by "), "{id}: {}", question.note);
        }
        if fact.is_open_question() {
            let probe = fact.probe.unwrap_or_else(|| panic!("{} has no probe", fact.id));
            let script = probe.strip_prefix("script ");
            let is_known = script.is_some_and(|name| scripts.iter().any(|it| it == name));
            assert!(is_known || probe.starts_with("requests: "), "{}: {probe}", fact.id);
        }
    }
}

#[test]
fn no_rule_cites_a_settled_question() {
    for rule in iamspec_model::rules() {
        for evidence in [rule.clause.status, rule.clause.code, rule.clause.text] {
            for fact in evidence.facts.iter().filter(|it| it.strength == Strength::Unknown) {
                assert!(fact.is_open_question(), "{} cites {}", rule.id(), fact.id);
            }
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
    for fact in FACTS.iter().filter(|it| has_response(it)) {
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
    let mut wrong = Vec::new();
    for fact in &FACTS {
        let used = cited.contains(fact.id)
            || tested.contains(fact.id)
            || untested.iter().any(|(id, _)| *id == fact.id);
        if used == uncited.contains(fact.id) {
            wrong.push(fact.id);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(uncited.iter().all(|id| evidence::fact(id).is_some()));
}

/// The words of a text that look like fact ids: `A-003`, `B-AK-01`.
fn fact_ids(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric() && it != '-');
    words.filter(|word| {
        let mut parts = word.split('-').rev();
        let digits = parts.next().unwrap_or_default();
        let letters: Vec<&str> = parts.collect();
        let is_number =
            matches!(digits.len(), 2 | 3) && digits.bytes().all(|it| it.is_ascii_digit());
        let is_letters =
            |it: &&str| matches!(it.len(), 1 | 2) && it.bytes().all(|it| it.is_ascii_uppercase());
        is_number && matches!(letters.len(), 1 | 2) && letters.iter().all(is_letters)
    })
}

#[test]
fn every_fact_that_a_page_names_exists() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut named = 0;
    for folder in ["docs", "docs/guide", "."] {
        for page in std::fs::read_dir(format!("{root}/{folder}")).unwrap() {
            let page = page.unwrap().path();
            if page.extension().is_none_or(|it| it != "md") {
                continue;
            }
            let text = std::fs::read_to_string(&page).unwrap();
            for id in fact_ids(&text) {
                assert!(evidence::fact(id).is_some(), "{}: no fact {id}", page.display());
                named += 1;
            }
        }
    }
    assert!(named > 20, "{named}");
}
