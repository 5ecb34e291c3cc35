//! Nothing but what a run has made is named in any request, wherever the endpoint is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::port::{Port, http};
use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::script::corpus::ours;
use iamspec_conformance::{Endpoint as _, Suite};

/// The bodies of requests, in order.
type Heard = Arc<Mutex<Vec<String>>>;

/// A port before a reference endpoint that hears everything.
fn hearing(url: &str) -> (Port, Heard) {
    let heard = Heard::default();
    let ears = Arc::clone(&heard);
    let port = Port::before(url, move |body| {
        ears.lock().unwrap().push(body.to_owned());
        body.contains("Action=GetCallerIdentity").then(|| http("200 OK", "text/xml", WHO))
    });
    (port, heard)
}

const WHO: &[u8] = b"<GetCallerIdentityResponse><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::123456789012:user/me</Arn><Account>123456789012</Account>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";

/// The values of what names something in a request, by its member.
fn named(body: &str) -> Vec<(String, String)> {
    let pairs = body.split('&').filter_map(|it| it.split_once('='));
    let plain =
        |it: &str| percent_encoding::percent_decode_str(it).decode_utf8_lossy().into_owned();
    let named = |it: &&(&str, &str)| {
        it.0.ends_with("Name") && it.0 != "ServiceName"
            || it.0.ends_with("Arn")
            || ["SerialNumber", "PermissionsBoundary"].contains(&it.0)
    };
    let pairs: Vec<_> = pairs.collect();
    pairs.iter().filter(named).map(|(name, value)| ((*name).to_owned(), plain(value))).collect()
}

#[test]
fn every_suite_names_what_it_has_made_and_nothing_else() {
    let server = super::server(None);
    let (port, heard) = hearing(&server.url());
    let mut client = super::client(&port.url);
    let random = GeneratedSuite::Random { seed: 7, calls: 300 };
    let generated = [
        GeneratedSuite::Lattice,
        GeneratedSuite::Pairs,
        GeneratedSuite::Drain,
        GeneratedSuite::Tour,
        random,
    ];
    let suite = Suite::new(ours().unwrap()).with(generated.into());
    // The tour is the same sixteen calls in many places.
    let enough = || heard.lock().unwrap().len() > 6000;
    suite.run(&mut client, &mut |_| (), &enough);
    let heard = heard.lock().unwrap();
    assert!(heard.len() > 6000);
    let mut strange = BTreeSet::new();
    for (member, value) in heard.iter().flat_map(|body| named(body)) {
        if !value.to_lowercase().contains("iamspec-test-") {
            strange.insert(format!("{member} {value}"));
        }
    }
    // Neither can be anything: one is no ARN, the other one of no policy.
    let nothings = [
        "PermissionsBoundary arn:aws:iam::111111111111:not_a_policy/invalid",
        "PolicyArn longpolicynamebutnoarn",
    ];
    assert_eq!(strange.into_iter().collect::<Vec<_>>(), nothings);
}

/// What a run in somebody's account is asked with.
const OWN: [&str; 6] = [
    "--endpoint",
    "http://iam.example.test",
    "--rate",
    "100000",
    "--i-own-this-account",
    "123456789012",
];

/// A run against an address that is not of this machine, by way of a proxy that is.
fn abroad(proxy: &str, arguments: &[&str]) -> std::process::Output {
    let mut command = super::command(arguments);
    command.env("http_proxy", proxy).env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    command.env("AWS_SECRET_ACCESS_KEY", "not-a-secret").output().unwrap()
}

#[test]
fn an_account_where_others_live_is_asked_for_by_its_owner_and_everything_is_made_in_a_folder() {
    let server = super::server(None);
    let (port, heard) = hearing(&server.url());
    let output = abroad(&port.url, &[&["run"], &OWN[..], &["create-*", "delete-user/*"]].concat());
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        super::stdout(&output),
        super::stderr(&output)
    );
    assert!(super::stderr(&output).contains("account 123456789012, as arn:aws:iam::"));
    assert!(server.is_empty());
    let heard = heard.lock().unwrap();
    let makes = |body: &&String| {
        ["User", "Group", "Policy", "VirtualMFADevice"]
            .iter()
            .any(|it| body.starts_with(&format!("Action=Create{it}&")))
    };
    assert!(heard.iter().filter(makes).count() > 20);
    for body in heard.iter().filter(makes) {
        assert!(body.contains("&Path=%2Fiamspec-"), "{body}");
    }
}

#[test]
fn nobody_else_s_account_is_touched() {
    let server = super::server(None);
    let (port, heard) = hearing(&server.url());
    let unsaid = abroad(&port.url, &["run", "--endpoint", "http://iam.example.test"]);
    assert_eq!(unsaid.status.code(), Some(2));
    assert!(super::stderr(&unsaid).contains("--i-own-this-account"), "{}", super::stderr(&unsaid));
    assert!(heard.lock().unwrap().is_empty());
    let mut other = OWN;
    other[5] = "210987654321";
    let wrong = abroad(&port.url, &[&["run"], &other[..]].concat());
    assert_eq!(wrong.status.code(), Some(2));
    assert!(super::stderr(&wrong).contains("are of account 123456789012"));
    assert!(!super::stderr(&wrong).contains("not-a-secret"));
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 1);
    assert!(heard[0].starts_with("Action=GetCallerIdentity&"));
}

#[test]
fn a_call_that_names_nobody_is_signed_by_a_user_of_ours_or_not_sent() {
    let (port, heard) = hearing(&super::server(None).url());
    let mut client = super::client(&port.url);
    let absent = ours().unwrap().into_iter().flat_map(|script| script.steps).find_map(|step| {
        iamspec_conformance::script::print::operation(&step.operation)
            .contains(":absent")
            .then_some(step.operation)
    });
    let answer = client.ask(&absent.unwrap());
    assert!(answer.to_string().starts_with("interrupted unsent"), "{answer}");
    assert!(heard.lock().unwrap().is_empty());
}
