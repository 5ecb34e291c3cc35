//! Runs in real-account mode against the reference endpoint: everything is in the path of the run,
//! and nothing diverges, at any tier.
//!
//! `0.0.0.0` reaches this machine and counts as remote, so the guard, the path, the signatures and
//! the question to STS are those of a run against AWS.

use std::process::Output;

use iamspec_conformance::Endpoint as _;
use iamspec_model::{Operation, User};

use super::port::{Port, http};
use super::reports::folder;

/// The only key that a server with `--verify-signatures` knows at first.
const KEY: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
];

const ACCOUNT: &str = "123456789012";

/// A run in the account of this server.
fn owned_run(remote: &str, words: &[&str]) -> Output {
    let options = ["run", "--endpoint", remote, "--i-own-this-account", ACCOUNT];
    super::command(&[&options[..], &["--rate", "100000"], words].concat())
        .envs(KEY)
        .output()
        .unwrap()
}

/// The suites that `iamspec run --help` lists.
fn suites() -> Vec<String> {
    let help = super::stdout(&super::iamspec(&["run", "--help"]));
    let (_, rest) = help.split_once("--suite <NAME>").unwrap();
    let (rest, _) = rest.split_once("--rule <GLOB>").unwrap();
    let names = rest.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split_once(':'));
    names.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn no_run_in_an_account_diverges_at_any_tier() {
    let server = super::Served::with(&["--verify-signatures", "--allow-host", "0.0.0.0"]);
    let url = &server.url;
    let remote = url.replace("127.0.0.1", "0.0.0.0");
    let folder = folder("real-account");
    let regressions = folder.display().to_string();
    let driver = format!("{} driver", env!("CARGO_BIN_EXE_iamspec"));
    let suites = suites();
    assert!(suites.len() >= 9, "{suites:?}");
    // The built-in driver serves endpoints on this machine only.
    let mut remote_runs: Vec<Vec<&str>> = vec![
        vec!["--tier", "status", "--level", "info", "--suite", "validation"],
        vec!["--tier", "code", "--level", "info", "--suite", "pairs", "--settle", "1s"],
        vec!["--tier", "wire", "--level", "info", "--observe", "off", "--shard", "1/8"],
    ];
    let local_runs: [&[&str]; 6] = [
        &["--tier", "text", "--level", "info", "--suite", "cover", "--driver", &driver],
        &[
            "--tier", "text", "--level", "info", "--suite", "random", "--calls", "300", "--driver",
            &driver,
        ],
        &["--tier", "status", "--level", "info", "--suite", "drain", "--driver", &driver],
        &["--tier", "wire", "--level", "info", "--rule", "CreateVirtualMFADevice/*"],
        &["--tier", "text", "--level", "info", "--suite", "validation", "--driver", &driver],
        &["--tier", "wire", "--level", "info", "--suite", "pairs", "--jobs", "4"],
    ];
    for suite in &suites {
        let suite = ["--suite", suite.as_str()];
        remote_runs.push(match suite[1] {
            // Compares an endpoint with itself, so it has no tiers and saves no findings.
            "invariants" => suite.to_vec(),
            // The first calls only: the whole tour takes a minute.
            "tour" => {
                [&suite[..], &["--tier", "wire", "--level", "info", "--budget", "1500"]].concat()
            }
            "random" => {
                [&suite[..], &["--tier", "wire", "--level", "info", "--calls", "300"]].concat()
            }
            "cover" => {
                // The suite is a part of the scripts, which run as a whole.
                let parallel = ["--jobs", "4", "--observe", "each", "--shard", "1/4"];
                [&suite[..], &["--tier", "wire", "--level", "info"], &parallel].concat()
            }
            _ => [&suite[..], &["--tier", "wire", "--level", "info"]].concat(),
        });
    }
    let remote_runs = remote_runs.into_iter().map(|words| (true, words));
    let local_runs = local_runs.map(|words| (false, words.to_vec()));
    for (is_remote, words) in remote_runs.chain(local_runs) {
        let saves_findings = !words.contains(&"invariants");
        let folder = saves_findings.then_some(["--regressions", &regressions]);
        let words = [folder.as_slice().concat(), words].concat();
        let output = if is_remote {
            owned_run(&remote, &words)
        } else {
            super::iamspec(&[&["run", "--endpoint", url], &words[..]].concat())
        };
        let text = super::stdout(&output) + &super::stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {text}");
        assert_eq!(text.contains("account 123456789012, caller arn:"), is_remote, "{text}");
        let is_empty = text.contains(" 0 passed") || text.contains("0 of 8 invariants");
        assert!(!is_empty, "{words:?}: {text}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_run_in_the_account_of_somebody_else_is_refused() {
    let server = super::Served::with(&["--allow-host", "0.0.0.0"]);
    let url = &server.url;
    let remote = url.replace("127.0.0.1", "0.0.0.0");
    let options = ["run", "--endpoint", &remote, "--i-own-this-account", "210987654321"];
    let output = super::command(&options).envs(KEY).output().unwrap();
    let text = super::stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("belong to account 123456789012"), "{text}");
}

/// A proxy at another host of a server, whose STS gives this response. IAM shows ARNs of `account`.
fn without_sts(
    url: &str,
    status: &'static str,
    body: &'static [u8],
    account: &'static str,
) -> Port {
    Port::rewriting(url, move |_, request, response| {
        if request.contains("Action=GetCallerIdentity") {
            return http(status, "text/xml", body);
        }
        let text = String::from_utf8(response).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let body = body.replace(&format!("::{ACCOUNT}:"), &format!("::{account}:"));
        let head: Vec<&str> = head
            .lines()
            .filter(|it| !it.to_ascii_lowercase().starts_with("content-length"))
            .collect();
        format!("{}\r\ncontent-length: {}\r\n\r\n{body}", head.join("\r\n"), body.len())
            .into_bytes()
    })
}

const NO_STS: &[u8] = b"<ErrorResponse><Error><Code>InvalidAction</Code></Error></ErrorResponse>";
const NO_SCOPE: &[u8] =
    b"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>";
const CRASH: &[u8] = b"<ErrorResponse><Error><Code>ServiceFailure</Code></Error></ErrorResponse>";
const SLOW_DOWN: &[u8] = b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";

#[test]
fn without_sts_the_account_is_that_of_the_arns_or_is_not_verified() {
    let server = super::Served::with(&["--allow-host", "0.0.0.0"]);
    let url = &server.url;
    let script = ["delete-user/alone/access-key"];
    let run = |status, body, account: &'static str| {
        let port = without_sts(url, status, body, account);
        let output = owned_run(&port.url.replace("127.0.0.1", "0.0.0.0"), &script);
        (output.status.code(), super::stdout(&output), super::stderr(&output))
    };
    for (status, body) in
        [("400 No", NO_STS), ("501 No", NO_STS), ("403 No", NO_SCOPE), ("404 No", b"<html></html>")]
    {
        // The reference has no users, so that its only ARN is that of the caller, if there is one.
        let (code, out, error) = run(status, body, ACCOUNT);
        assert_eq!(code, Some(0), "{status}: {out}{error}");
        assert!(error.contains("GetCallerIdentity returned"), "{error}");
        assert!(error.contains("not verified") || error.contains("is trusted"), "{error}");
    }
    for (status, body) in [("500 No", CRASH), ("400 No", SLOW_DOWN)] {
        let (code, out, error) = run(status, body, ACCOUNT);
        assert_eq!(code, Some(2), "{status}: {out}{error}");
        assert!(error.contains("requests are signed with the key AKIAIOSFODNN7EXAMPLE"), "{error}");
    }
    // A user exists, and so does its ARN.
    let mut client = super::client(url);
    client.enter_new_namespace();
    client.execute(&Operation::create_user(User(0)));
    let (code, out, error) = run("400 No", NO_STS, ACCOUNT);
    assert_eq!(code, Some(0), "{out}{error}");
    assert!(error.contains("the account was read from an ARN"), "{error}");
    let (code, out, error) = run("400 No", NO_STS, "999988887777");
    assert_eq!(code, Some(2), "{out}{error}");
    assert!(error.contains("belong to account 999988887777"), "{error}");
}
