//! Requests name only resources of their own run, at any endpoint.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::port::{Port, http};
use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Endpoint as _, Suite};

/// The bodies of requests, in order.
type RequestBodies = Arc<Mutex<Vec<String>>>;

/// A proxy of the reference server that records every request.
fn recording(url: &str) -> (Port, RequestBodies) {
    let bodies = RequestBodies::default();
    let recorded = Arc::clone(&bodies);
    let port = Port::before(url, move |body| {
        recorded.lock().unwrap().push(body.to_owned());
        body.contains("Action=GetCallerIdentity").then(|| http("200 OK", "text/xml", IDENTITY))
    });
    (port, bodies)
}

const IDENTITY: &[u8] = b"<GetCallerIdentityResponse><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::123456789012:user/me</Arn><Account>123456789012</Account>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";

/// The members of a request that name a resource, with their values.
fn naming_members(body: &str) -> Vec<(String, String)> {
    let pairs = body.split('&').filter_map(|it| it.split_once('='));
    let plain =
        |it: &str| percent_encoding::percent_decode_str(it).decode_utf8_lossy().into_owned();
    let names_resource = |it: &&(&str, &str)| {
        it.0.ends_with("Name") && it.0 != "ServiceName"
            || it.0.ends_with("Arn")
            || ["SerialNumber", "PermissionsBoundary"].contains(&it.0)
    };
    let pairs: Vec<_> = pairs.collect();
    pairs
        .iter()
        .filter(names_resource)
        .map(|(name, value)| ((*name).to_owned(), plain(value)))
        .collect()
}

#[test]
fn suites_name_only_resources_that_they_created() {
    let server = super::server(None);
    let (port, bodies) = recording(&server.url());
    let mut client = super::client(&port.url);
    let random = GeneratedSuite::Random { seed: 7, calls: 300 };
    let generated = [
        GeneratedSuite::Lattice,
        GeneratedSuite::Pairs,
        GeneratedSuite::Drain,
        GeneratedSuite::Tour,
        random,
    ];
    let suite = Suite::new(built_in_scripts().unwrap()).with_generated(generated.into());
    // The tour repeats the same sixteen calls many times.
    let enough = || bodies.lock().unwrap().len() > 6000;
    suite.run(&mut client, &mut |_| (), &enough);
    let bodies = bodies.lock().unwrap();
    assert!(bodies.len() > 6000);
    let mut foreign = BTreeSet::new();
    for (member, value) in bodies.iter().flat_map(|body| naming_members(body)) {
        if !value.to_lowercase().contains("iamspec-test-") {
            foreign.insert(format!("{member} {value}"));
        }
    }
    // Neither can exist: one is not an ARN, the other not an ARN of a policy.
    let invalid = [
        "PermissionsBoundary arn:aws:iam::111111111111:not_a_policy/invalid",
        "PolicyArn longpolicynamebutnoarn",
        // The user itself signs the request with an empty name.
        "UserName ",
    ];
    assert_eq!(foreign.into_iter().collect::<Vec<_>>(), invalid);
}

/// The options of a run in a real account.
const ACCOUNT_OPTIONS: [&str; 6] = [
    "--endpoint",
    "http://iam.example.test",
    "--rate",
    "100000",
    "--i-own-this-account",
    "123456789012",
];

/// A run against a remote address, through a proxy on this machine.
fn remote_run(proxy: &str, arguments: &[&str]) -> std::process::Output {
    let mut command = super::command(arguments);
    command.env("http_proxy", proxy).env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    command.env("AWS_SECRET_ACCESS_KEY", "not-a-secret").output().unwrap()
}

#[test]
fn a_run_in_a_shared_account_creates_everything_in_its_own_path() {
    let server = super::server(None);
    let (port, bodies) = recording(&server.url());
    let output = remote_run(
        &port.url,
        &[&["run"], &ACCOUNT_OPTIONS[..], &["create-*", "delete-user/*"]].concat(),
    );
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        super::stdout(&output),
        super::stderr(&output)
    );
    assert!(super::stderr(&output).contains("account 123456789012, caller arn:aws:iam::"));
    assert!(server.is_empty());
    let bodies = bodies.lock().unwrap();
    let creates = |body: &&String| {
        ["User", "Group", "Policy", "VirtualMFADevice"]
            .iter()
            .any(|it| body.starts_with(&format!("Action=Create{it}&")))
    };
    assert!(bodies.iter().filter(creates).count() > 20);
    for body in bodies.iter().filter(creates) {
        assert!(body.contains("&Path=%2Fiamspec-"), "{body}");
    }
}

#[test]
fn a_run_in_an_unconfirmed_account_sends_nothing() {
    let server = super::server(None);
    let (port, bodies) = recording(&server.url());
    let unconfirmed = remote_run(&port.url, &["run", "--endpoint", "http://iam.example.test"]);
    assert_eq!(unconfirmed.status.code(), Some(2));
    assert!(
        super::stderr(&unconfirmed).contains("--i-own-this-account"),
        "{}",
        super::stderr(&unconfirmed)
    );
    assert!(bodies.lock().unwrap().is_empty());
    let mut other = ACCOUNT_OPTIONS;
    other[5] = "210987654321";
    let wrong = remote_run(&port.url, &[&["run"], &other[..]].concat());
    assert_eq!(wrong.status.code(), Some(2));
    assert!(super::stderr(&wrong).contains("belong to account 123456789012"));
    assert!(!super::stderr(&wrong).contains("not-a-secret"));
    let bodies = bodies.lock().unwrap();
    assert_eq!(bodies.len(), 1);
    assert!(bodies[0].starts_with("Action=GetCallerIdentity&"));
}

/// A `credential_process` that returns key A some times and then key B, which soon expire.
fn renewing(folder: &std::path::Path, times: u32) -> String {
    let count = folder.join("count");
    std::fs::write(&count, "").unwrap();
    let script = folder.join("process");
    let text = format!(
        "printf x >> {count}\nkey=AKIDAAAAAAAAAAAAAAAA\n\
         [ $(wc -c < {count}) -gt {times} ] && key=AKIDBBBBBBBBBBBBBBBB\n\
         until=$(date -u -d '+30 seconds' +%Y-%m-%dT%H:%M:%SZ)\n\
         printf '{{\"Version\": 1, \"AccessKeyId\": \"%s\", \"SecretAccessKey\": \"secret-of-%s\", \
         \"Expiration\": \"%s\"}}' $key $key $until\n",
        count = count.display()
    );
    std::fs::write(&script, text).unwrap();
    let config = folder.join("config");
    // The profile chooses its credentials for the endpoint.
    let line = format!(
        "[default]\nendpoint_url = http://iam.example.test\ncredential_process = sh {}\n",
        script.display()
    );
    std::fs::write(&config, line).unwrap();
    config.display().to_string()
}

/// A proxy that knows the accounts of both keys, and what was signed by which.
fn of_two_accounts(url: &str) -> (Port, RequestBodies) {
    let signed = RequestBodies::default();
    let recorded = Arc::clone(&signed);
    let port = Port::rewriting(url, move |head, body, answer| {
        let by_b = head.contains("Credential=AKIDB");
        let action = body.split('&').next().unwrap();
        recorded.lock().unwrap().push(format!("{action} {}", if by_b { "B" } else { "A" }));
        if !body.contains("Action=GetCallerIdentity") {
            return answer;
        }
        let identity = String::from_utf8(IDENTITY.to_vec()).unwrap();
        let account = if by_b { "999999999999" } else { "123456789012" };
        http("200 OK", "text/xml", identity.replace("123456789012", account).as_bytes())
    });
    (port, signed)
}

#[test]
fn renewed_credentials_of_another_account_sign_nothing_and_the_run_stops() {
    for (name, command) in [
        ("run", &["run", "create-*", "delete-user/*", "--jobs", "1"][..]),
        ("jobs", &["run", "create-*", "delete-user/*", "--jobs", "4"]),
    ] {
        let folder = super::reports::folder(&format!("renewed-{name}"));
        let server = super::server(None);
        let (port, signed) = of_two_accounts(&server.url());
        let config = renewing(&folder, 40);
        let mut command = super::command(&[command, &ACCOUNT_OPTIONS[..]].concat());
        let output =
            command.env("http_proxy", &port.url).env("AWS_CONFIG_FILE", config).output().unwrap();
        let text = super::stdout(&output) + &super::stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{name}: {text}");
        let signed = signed.lock().unwrap();
        let by_b: Vec<&String> = signed.iter().filter(|it| it.ends_with(" B")).collect();
        assert!(!by_b.is_empty(), "{name}: the renewed credentials were never checked");
        assert!(by_b.iter().all(|it| it.starts_with("Action=GetCallerIdentity")), "{by_b:?}");
        assert!(signed.len() > 30, "{name}: {}", signed.len());
        assert!(server.is_empty(), "{name}: the old credentials did not clean up: {text}");
        assert!(text.contains("belong to account 999999999999"), "{name}: {text}");
        assert!(!text.contains("secret-of"), "{name}: {text}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_call_without_a_user_name_is_signed_by_a_user_of_the_run_or_not_sent() {
    let (port, bodies) = recording(&super::server(None).url());
    let mut client = super::client(&port.url);
    let absent =
        built_in_scripts().unwrap().into_iter().flat_map(|script| script.steps).find_map(|step| {
            iamspec_conformance::script::print::operation(&step.operation)
                .contains(":absent")
                .then_some(step.operation)
        });
    let answer = client.execute(&absent.unwrap());
    assert!(answer.to_string().starts_with("interrupted unsent"), "{answer}");
    assert!(bodies.lock().unwrap().is_empty());
}
