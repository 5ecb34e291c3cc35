//! Truth from elsewhere: each recorded, documented or reported fact that gives an answer is played
//! against the reference endpoint over HTTP. What must be answered is read from the facts, not from
//! the rules, and what is sent is written by hand, not by the client.

use std::collections::{HashMap, HashSet};

use iamspec_harness::server::Server;
use iamspec_harness::wire::payload;
use iamspec_model::tables::precedence::PRECEDENCES;
use iamspec_model::{FACTS, Fact, Item, Strength, evidence};

const PLAYED: &str = include_str!("facts/played.txt");
const UNPLAYED: &str = include_str!("facts/unplayed.txt");
const UNCITED: &str = include_str!("facts/uncited.txt");

/// A fact and the calls that show it.
struct Play {
    fact: &'static Fact,
    calls: Vec<&'static str>,
}

fn plays() -> Vec<Play> {
    let mut plays: Vec<Play> = Vec::new();
    for line in PLAYED.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(call) = line.strip_prefix("  ") {
            plays.last_mut().unwrap().calls.push(call);
            continue;
        }
        let fact = evidence::fact(line).unwrap_or_else(|| panic!("no fact {line}"));
        plays.push(Play { fact, calls: Vec::new() });
    }
    plays
}

/// Ids of facts, with reasons.
fn reasons(list: &'static str) -> Vec<(&'static str, &'static str)> {
    let lines = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split_once(' ').unwrap_or_else(|| panic!("no reason: {line}"))).collect()
}

/// What came back.
struct Answer {
    status: u16,
    body: String,
}

impl Answer {
    /// The text of the first element of that name.
    fn text(&self, name: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        Some(text.replace("&apos;", "'").replace("&quot;", "\"").replace("&amp;", "&"))
    }
}

/// Sends calls one after the other and keeps what the answers tell.
struct Caller {
    server: Server,
    told: Vec<Answer>,
}

impl Caller {
    fn value(&self, written: &str) -> String {
        let told = |name: &str| self.told.iter().rev().find_map(|answer| answer.text(name));
        match (written.strip_prefix('$'), written.strip_prefix('@')) {
            (Some(name), _) => told(name).unwrap_or_else(|| panic!("nothing told {name}")),
            (_, Some("document")) => payload::policy_document(),
            (_, Some("password")) => payload::password(),
            (_, Some("ssh-key")) => payload::ssh_key(Item(0)).to_owned(),
            (_, Some(name)) if name.starts_with("certificate") => {
                payload::certificate(name).unwrap()
            }
            (_, Some(name)) => panic!("no payload {name}"),
            _ => written.to_owned(),
        }
    }

    /// Makes a call and returns the members as they were sent.
    fn call(&mut self, call: &str) -> HashMap<String, String> {
        let mut words = call.trim_start_matches('~').split(' ');
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", words.next().unwrap()).append_pair("Version", "2010-05-08");
        let mut members = HashMap::new();
        for (member, written) in words.map(|word| word.split_once('=').unwrap()) {
            let value = self.value(written);
            form.append_pair(member, &value);
            members.insert(member.to_owned(), value);
        }
        let answer = super::server::posted(&self.server, &form.finish());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        self.told.push(Answer { status, body: body.to_owned() });
        members
    }
}

/// The text with what was sent; each, where the fact gives several wordings as `{one|another}`.
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
fn the_reference_endpoint_answers_as_every_fact_says_that_can_be_played() {
    for play in plays() {
        let (fact, last) = (play.fact, play.calls.len() - 1);
        let mut caller = Caller { server: super::server(None), told: Vec::new() };
        let mut sent = HashMap::new();
        for (place, call) in play.calls.iter().enumerate() {
            sent = caller.call(call);
            let status = caller.told.last().unwrap().status;
            let refused = call.starts_with('~');
            assert!(place == last || (status != 200) == refused, "{}: {call}: {status}", fact.id);
        }
        let answer = caller.told.last().unwrap();
        assert_eq!(Some(answer.status), fact.http, "{}: {}", fact.id, answer.body);
        assert_eq!(answer.text("Code").as_deref(), fact.code, "{}: {}", fact.id, answer.body);
        if let Some(message) = fact.message {
            let (told, known) = (answer.text("Message").unwrap(), filled(message, &sent));
            assert!(known.contains(&told), "{}: {told}", fact.id);
        }
    }
}

#[test]
fn every_fact_with_an_answer_is_played_or_says_why_not() {
    let played: HashSet<&str> = plays().iter().map(|play| play.fact.id).collect();
    let unplayed = reasons(UNPLAYED);
    for (id, reason) in &unplayed {
        assert!(evidence::fact(id).is_some() && !reason.trim().is_empty(), "{id}");
        assert!(!played.contains(id), "{id} is played, and says why it is not");
    }
    for fact in FACTS.iter().filter(|it| it.http.is_some() && it.strength >= Strength::Reported) {
        let listed = unplayed.iter().filter(|(id, _)| *id == fact.id).count();
        assert_eq!(listed, usize::from(!played.contains(fact.id)), "{}", fact.id);
    }
}

/// What a rule, an order among rules, or the form of a text rests on.
fn cited() -> HashSet<&'static str> {
    let claims = iamspec_model::rules().flat_map(|rule| {
        [rule.claim.status, rule.claim.code, rule.claim.text].into_iter().flat_map(|it| it.facts)
    });
    let orders = PRECEDENCES.iter().flat_map(|order| order.evidence.facts);
    claims.chain(orders).map(|fact| fact.id).chain(["G-007"]).collect()
}

#[test]
fn every_fact_is_cited_or_played_or_says_why_not() {
    let played: HashSet<&str> = plays().iter().map(|play| play.fact.id).collect();
    let (cited, unplayed) = (cited(), reasons(UNPLAYED));
    let uncited: HashSet<&str> = reasons(UNCITED).iter().map(|(id, _)| *id).collect();
    for fact in &FACTS {
        let used = cited.contains(fact.id)
            || played.contains(fact.id)
            || unplayed.iter().any(|(id, _)| *id == fact.id);
        assert_eq!(used, !uncited.contains(fact.id), "{}", fact.id);
    }
    assert!(uncited.iter().all(|id| evidence::fact(id).is_some()));
}
