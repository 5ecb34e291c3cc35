//! An endpoint that swaps the ids and names of other users into its responses. No request may name
//! anything of theirs, and their state must not change.
//!
//! `IAMSPEC_LIES=100000 cargo test -p iamspec-harness --test iamspec lies` sends that many requests.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::port::Port;
use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Endpoint as _, Suite};
use iamspec_harness::aws::credentials::Identity;
use iamspec_harness::aws::destination::Destination;
use iamspec_harness::client::HttpClient;
use iamspec_harness::client::sender::FormSender;
use iamspec_model::{AttachmentKind, Item, Operation, Resource, ResourceKind, User};

/// The number of users of somebody else.
const USERS: u32 = 30;

/// The number of requests, if `IAMSPEC_LIES` is not set.
const REQUESTS: usize = 2500;

/// The elements that the endpoint lies about.
const NAMES: [&str; 12] = [
    "UserName",
    "GroupName",
    "PolicyName",
    "Arn",
    "PolicyArn",
    "SerialNumber",
    "AccessKeyId",
    "CertificateId",
    "SSHPublicKeyId",
    "ServiceSpecificCredentialId",
    "UserId",
    "Key",
];

/// Creates users with items of every kind that do not belong to the run under test.
fn create_others(url: &str) {
    let mut others = HttpClient::new(url, "others", Duration::from_secs(10)).unwrap();
    for number in 0..USERS {
        others.enter_new_namespace();
        let (user, item) = (User(number), Item(number));
        let mut calls = vec![Operation::create_user(user)];
        for kind in [ResourceKind::Group, ResourceKind::Policy, ResourceKind::Device] {
            calls.push(Operation::CreateResource(Resource { kind, item }));
        }
        for kind in AttachmentKind::all() {
            calls.push(match kind.row().naming {
                iamspec_model::tables::attachments::Naming::Service => {
                    Operation::Issue(user, kind, item, iamspec_model::IssueOptions::None)
                }
                _ => Operation::Attach(user, kind, item),
            });
        }
        for call in calls {
            let response = others.execute(&call);
            assert!(
                matches!(response, iamspec_conformance::Response::Success(_)),
                "{call:?}: {response}"
            );
        }
    }
}

/// Everything that the endpoint has of the others, without request ids.
fn state_of_others(url: &str) -> String {
    let destination = Destination::loopback(url).unwrap();
    let mut sender =
        FormSender::new(destination, Identity::fake(), Duration::from_secs(10)).unwrap();
    let mut state = String::new();
    let mut read = |form: &[(&str, &str)]| {
        let form: Vec<(String, String)> =
            form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (status, body) = sender.post(&form).unwrap();
        let body = body.split("<ResponseMetadata>").next().unwrap().to_owned();
        state.push_str(&format!("{status} {body}\n"));
    };
    for number in 0..USERS {
        let user = format!("iamspec-others-{}-u{number}", number + 1);
        for action in ["GetUser", "GetLoginProfile", "ListUserTags"]
            .into_iter()
            .chain(AttachmentKind::all().map(|kind| kind.row().list.api))
        {
            read(&[("Action", action), ("Version", "2010-05-08"), ("UserName", &user)]);
        }
    }
    state
}

/// The texts of an element of this name.
fn texts_of<'a>(body: &'a str, name: &str) -> Vec<&'a str> {
    let open = format!("<{name}>");
    body.split(&open).skip(1).filter_map(|it| it.split('<').next()).collect()
}

/// What the others own: for each element, the texts that the endpoint can swap in.
fn owned_by_others(state: &str) -> Vec<(&'static str, Vec<String>)> {
    let of = |name: &'static str| {
        let texts: BTreeSet<&str> = texts_of(state, name).into_iter().collect();
        (name, texts.into_iter().map(str::to_owned).collect())
    };
    NAMES.map(of).into_iter().filter(|(_, texts): &(_, Vec<String>)| !texts.is_empty()).collect()
}

/// A generator of numbers that is the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// What the proxy has seen.
#[derive(Default)]
struct Seen {
    requests: usize,
    lies: usize,
    /// Requests that name something of the others.
    foreign: Vec<String>,
}

fn lying(url: &str, owned: Vec<(&'static str, Vec<String>)>) -> (Port, Arc<Mutex<Seen>>) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let shared = Arc::clone(&seen);
    let mut random = Random(7);
    let all: BTreeSet<String> = owned.iter().flat_map(|(_, texts)| texts.clone()).collect();
    let ids: BTreeSet<String> = all.iter().filter(|it| !it.contains("iamspec-")).cloned().collect();
    let port = Port::rewriting(url, move |head, body, answer| {
        let mut seen = shared.lock().unwrap();
        seen.requests += 1;
        let members: Vec<(String, String)> =
            form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let ours = members.iter().any(|(name, value)| {
            name == "UserName" && value.to_lowercase().starts_with("iamspec-test-")
        });
        let foreign = members.iter().any(|(_, value)| {
            // An id beside the name of our own user finds nothing.
            value.contains("iamspec-others") || ids.contains(value) && !ours
        });
        let signed = head.split("Credential=").nth(1).and_then(|it| it.split('/').next());
        if foreign || signed.is_some_and(|it| ids.contains(it)) {
            seen.foreign.push(format!("{body} signed by {signed:?}"));
        }
        if random.below(10) > 0 {
            return answer;
        }
        let mut answer = String::from_utf8(answer).unwrap();
        for (name, texts) in &owned {
            for own in texts_of(&answer, name).into_iter().map(str::to_owned).collect::<Vec<_>>() {
                let other = &texts[random.below(texts.len())];
                let (own, other) = (format!("<{name}>{own}<"), format!("<{name}>{other}<"));
                answer = answer.replacen(&own, &other, 1);
                seen.lies += 1;
            }
        }
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.lines().next().unwrap().trim_start_matches("HTTP/1.1 ").to_owned();
        super::port::http(&status, "text/xml", body.as_bytes())
    });
    (port, seen)
}

#[test]
fn no_request_names_what_a_lying_endpoint_swaps_in() {
    let enough = std::env::var("IAMSPEC_LIES").ok().map_or(REQUESTS, |it| it.parse().unwrap());
    let server = super::server(None);
    create_others(&server.url());
    let before = state_of_others(&server.url());
    let (port, seen) = lying(&server.url(), owned_by_others(&before));
    let mut round = 0;
    while seen.lock().unwrap().requests < enough {
        let generated = vec![
            GeneratedSuite::Lattice,
            GeneratedSuite::Drain,
            GeneratedSuite::Random { seed: round, calls: 500 },
        ];
        round += 1;
        // The calls without a name come first.
        let first = |name: &str| {
            ["change-password/", "validation/", "last-used/"].iter().any(|it| name.starts_with(it))
        };
        let scripts = built_in_scripts().unwrap();
        let (first, rest): (Vec<_>, Vec<_>) = scripts.into_iter().partition(|it| first(&it.name));
        for (scripts, generated) in [(first, Vec::new()), (rest, generated)] {
            let mut client = super::client(&port.url);
            let spent = || seen.lock().unwrap().requests >= enough;
            let suite = Suite::new(scripts).with_generated(generated);
            suite.run(&mut client, &mut |_| (), &spent);
        }
    }
    let seen = seen.lock().unwrap();
    eprintln!("{} requests, {} lies, {} foreign", seen.requests, seen.lies, seen.foreign.len());
    assert!(seen.lies > enough / 20);
    assert_eq!(seen.foreign, Vec::<String>::new());
    // The user of a key changes nothing of it, except that it was used.
    assert_eq!(state_of_others(&server.url()), before);
}
