//! A campaign of injected faults.
//!
//! A run against a conforming server with faults reports no finding, deletes everything it created,
//! and writes no secret.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Output;

use super::port::Port;
use iamspec_conformance::Mutant;
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_harness::server::fault_injection::FaultPlan;
use iamspec_harness::server::{Options, Server};
use iamspec_harness::wire::redact::secret_names;

fn free_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// A server with the faults of these rows of a fault file.
fn server_with(rows: &str, seed: usize) -> Server {
    let faults = FaultPlan::parse(&format!("seed = {seed}\n{rows}")).unwrap();
    Server::start(free_port(), Options { faults, ..Options::default() }).unwrap()
}

fn run(url: &str, more: &[&str]) -> Output {
    super::iamspec(&[&["run", "--timeout", "2", "--endpoint", url], more].concat())
}

/// The rows of a fault file, and the `--settle` time of the run.
const FAULTS: [(&str, &str); 15] = [
    ("[[fault]]\nsort = \"drop\"\nchance = 0.02\neffect = true", "0s"),
    ("[[fault]]\nsort = \"drop\"\nchance = 0.02", "0s"),
    ("[[fault]]\nsort = \"fail\"\nchance = 0.02\neffect = true", "0s"),
    ("[[fault]]\nsort = \"fail\"\nchance = 0.02\nstatus = 503", "0s"),
    ("[[fault]]\nsort = \"throttle\"\nchance = 0.02", "0s"),
    ("[[fault]]\nsort = \"concurrent\"\nchance = 0.02", "0s"),
    ("[[fault]]\nsort = \"lag\"\non = \"List*\"\nchance = 0.2\ncalls = 2", "2s"),
    ("[[fault]]\nsort = \"lingering\"\nchance = 0.5\ncalls = 2", "2s"),
    ("[[fault]]\nsort = \"unmodifiable\"\ncalls = 3", "2s"),
    ("[[fault]]\nsort = \"truncate\"\nevery = 40", "0s"),
    ("[[fault]]\nsort = \"twice\"\nevery = 40", "0s"),
    ("[[fault]]\nsort = \"html\"\nevery = 40\neffect = true", "0s"),
    ("[[fault]]\nsort = \"slow\"\nchance = 0.02\nms = 1", "0s"),
    ("[[fault]]\nsort = \"empty-page\"\non = \"List*\"\nchance = 0.3", "0s"),
    ("[[fault]]\nsort = \"odd-marker\"", "0s"),
];

const SUITES: [&str; 4] = ["cover", "pairs", "drain", "random"];

/// Totals over the runs with one fault and one suite.
#[derive(Default)]
struct FaultTotals {
    runs: usize,
    faults: u64,
    calls: usize,
    inconclusive: usize,
}

/// The number before a word in the last line of a run.
fn number_of(word: &str, last: &str) -> usize {
    let before = last.split(word).next().unwrap_or_default().trim_end();
    before.rsplit(' ').next().and_then(|it| it.parse().ok()).unwrap_or(0)
}

/// `IAMSPEC_FAULT_RUNS=2000` sets the number of runs, each with another seed.
#[test]
fn a_conforming_server_with_faults_has_no_findings_and_is_empty_afterwards() {
    let runs = std::env::var("IAMSPEC_FAULT_RUNS").map_or(FAULTS.len(), |it| it.parse().unwrap());
    let mut totals: BTreeMap<(&str, &str), FaultTotals> = BTreeMap::new();
    for index in 0..runs {
        let (rows, settle) = FAULTS[index % FAULTS.len()];
        let suite = SUITES[index / FAULTS.len() % SUITES.len()];
        let server = server_with(rows, index);
        let seed = index.to_string();
        let random = ["--seed", &seed, "--calls", "300"];
        let random = if suite == "random" { &random[..] } else { &[] };
        let options = [&["--suite", suite, "--settle", settle], random].concat();
        let output = run(&server.url(), &options);
        let text = super::stdout(&output);
        let last = text.lines().last().unwrap_or_default();
        assert!(matches!(output.status.code(), Some(0 | 3)), "{rows}, seed {index}: {text}");
        assert!(last.contains(" 0 unexpected"), "{rows}, seed {index}: {last}");
        assert!(server.is_empty(), "{rows}, seed {index}: {text}");
        let total = totals.entry((rows, suite)).or_default();
        total.runs += 1;
        total.faults += server.faults().iter().map(|(_, count)| count).sum::<u64>();
        total.calls += number_of(" calls:", last);
        total.inconclusive += number_of(" inconclusive", last);
    }
    for (rows, _) in FAULTS {
        let same = totals.iter().filter(|((other, _), _)| *other == rows);
        let injected: u64 = same.map(|(_, total)| total.faults).sum();
        assert!(injected > 0, "{rows} was never injected");
    }
    for ((rows, suite), FaultTotals { runs, faults, calls, inconclusive }) in totals {
        let rows = rows.replace("[[fault]]\n", "").replace('\n', ", ");
        eprintln!(
            "{rows:<60} {suite:<7} {runs:>4} runs {faults:>6} faults {calls:>7} calls \
             {inconclusive:>6} inconclusive, 0 findings, 0 left"
        );
    }
}

/// Runs a suite or scripts against a server with these faults. Returns the exit code and the output.
fn run_with(rows: &str, options: &[&str]) -> (Option<i32>, String) {
    let server = server_with(rows, 1);
    let output = run(&server.url(), options);
    assert!(server.is_empty(), "{rows}: {}", super::stdout(&output));
    (output.status.code(), super::stdout(&output))
}

/// The service-assigned names, which a lost response contained.
const ISSUED: [(&str, &str, &str); 4] = [
    ("CreateAccessKey", "ListAccessKeys", "delete-user/alone/access-key"),
    (
        "UploadSigningCertificate",
        "ListSigningCertificates",
        "delete-user/alone/signing-certificate",
    ),
    ("UploadSSHPublicKey", "ListSSHPublicKeys", "delete-user/alone/ssh-public-key"),
    (
        "CreateServiceSpecificCredential",
        "ListServiceSpecificCredentials",
        "delete-user/alone/service-credential",
    ),
];

#[test]
fn a_lost_name_is_found_although_the_listing_fails_at_first() {
    for (issue, list, script) in ISSUED {
        for second in ["throttle", "drop", "fail", "html", "twice", "truncate"] {
            let rows = format!(
                "[[fault]]\nsort = \"drop\"\non = \"{issue}\"\neffect = true\ntimes = 1\n\
                 [[fault]]\nsort = \"{second}\"\non = \"{list}\"\ntimes = 1"
            );
            let (code, text) = run_with(&rows, &[script, "--level", "info"]);
            assert_eq!(code, Some(3), "{rows}: {text}");
            assert!(text.contains("0 findings in"), "{rows}: {text}");
        }
    }
}

/// The listing shows the new item and an older one without a symbol, or cannot be read at all.
#[test]
fn a_name_that_stays_unknown_is_inconclusive() {
    let rows = "[[fault]]\nsort = \"drop\"\non = \"CreateAccessKey\"\neffect = true\ntimes = 1\n\
                [[fault]]\nsort = \"throttle\"\non = \"ListAccessKeys\"\ntimes = 12";
    let (code, text) = run_with(rows, &["delete-user/alone/access-key", "--level", "info"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("0 findings in") && text.contains("2 inconclusive"), "{text}");
}

#[test]
fn three_truncated_responses_are_no_malformed_action() {
    let rows = "[[fault]]\nsort = \"truncate\"\nclean = true\non = \"CreateGroup\"\ntimes = 3";
    let (code, text) = run_with(rows, &["delete-user/alone/group-membership", "--level", "info"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("0 findings in"), "{text}");
}

/// Every third response of any action is malformed, also in the scripts that confirm it.
#[test]
fn damaged_responses_of_several_actions_are_no_malformed_action() {
    let rows = "[[fault]]\nsort = \"twice\"\nevery = 3";
    for suite in ["tour", "pairs", "lattice"] {
        let options = ["--suite", suite, "--budget", "150", "--level", "info"];
        let (code, text) = run_with(rows, &options);
        assert_eq!(code, Some(3), "{suite}: {text}");
        assert!(text.contains("0 findings in"), "{suite}: {text}");
    }
}

/// The budget ends while a listing is stale.
#[test]
fn a_stale_listing_at_the_end_of_the_budget_is_inconclusive() {
    let lag = "[[fault]]\nsort = \"lag\"\non = \"List*\"\ncalls = 1";
    for budget in 40..50 {
        let budget = budget.to_string();
        let options = ["--suite", "tour", "--settle", "2s", "--budget", &budget];
        let (_, text) = run_with(lag, &options);
        assert!(text.contains("0 findings in"), "{budget}: {text}");
    }
}

/// A middlebox sends each response twice over one connection.
#[test]
fn a_response_that_is_sent_twice_is_no_response_to_the_next_request() {
    let server = super::server(None);
    let url = server.url().trim_start_matches("http://").to_owned();
    let port = super::port::sending_twice(&url);
    let output = run(&port, &["delete-user/alone/*", "--level", "info"]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(server.is_empty(), "{text}");
}

/// The read shows the state without the effect, but the request may still be on its way.
#[test]
fn a_script_ends_after_a_lost_response_without_an_effect() {
    let rows = "[[fault]]\nsort = \"drop\"\non = \"AddUserToGroup\"\ntimes = 1";
    let (code, text) = run_with(rows, &["delete-user/alone/group-membership"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("skipped: the previous call failed: reset"), "{text}");
}

#[test]
fn stale_listings_are_findings_without_settle_time() {
    let lag = "[[fault]]\nsort = \"lag\"\non = \"List*\"\ncalls = 1";
    let strict = run(&server_with(lag, 5).url(), &["--suite", "cover"]);
    assert_eq!(strict.status.code(), Some(1), "{}", super::stdout(&strict));
    assert!(super::stdout(&strict).contains("/carried-out  must, code"));
    let settling = run(&server_with(lag, 5).url(), &["--suite", "cover", "--settle", "5s"]);
    assert_eq!(settling.status.code(), Some(0), "{}", super::stdout(&settling));
    assert!(super::stdout(&settling).contains("Conforms only after retries"));
}

/// The texts of a file, or of all files in a folder.
fn collect_texts(path: &Path, found: &mut Vec<(PathBuf, String)>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            collect_texts(&entry.unwrap().path(), found);
        }
    } else if let Ok(bytes) = std::fs::read(path) {
        found.push((path.to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
    }
}

/// The secrets in a request and in a response, as they occur on the wire.
fn secrets(wire: &str) -> Vec<String> {
    let members = wire.split('&').filter_map(|it| it.split_once('='));
    let sent =
        members.filter(|(name, _)| name.contains("Password") && *name != "PasswordResetRequired");
    let sent = sent.map(|(_, value)| value.replace("%21", "!"));
    let received = secret_names().flat_map(|name| {
        let tag = format!("<{name}>");
        let parts = wire.split(&tag).skip(1).filter_map(|it| it.split('<').next());
        parts.map(str::to_owned).collect::<Vec<_>>()
    });
    sent.chain(received).filter(|it| it.len() > 8).collect()
}

#[test]
fn a_run_writes_no_secret() {
    let folder: PathBuf = [env!("CARGO_TARGET_TMPDIR"), "secrets"].iter().collect();
    _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    // A mutant with malformed key ids: the findings contain responses with secrets.
    let faults =
        FaultPlan::parse("[[fault]]\nsort = \"drop\"\nchance = 0.02\neffect = true").unwrap();
    let mutant = Mutant::find("CreateAccessKey/carried-out has an odd AccessKeyId");
    assert!(mutant.is_some());
    let behavior = ReferenceOptions { mutant, ..ReferenceOptions::default() };
    let server =
        Server::start(free_port(), Options { faults, behavior, ..Options::default() }).unwrap();
    let secrets_seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&secrets_seen);
    let url = server.url();
    let port = Port::overhearing(&url, move |wire| log.lock().unwrap().extend(secrets(wire)));
    for suite in ["scripts", "lattice", "pairs", "drain", "random"] {
        let file = |form: &str| at(&format!("{suite}.{form}"));
        let reports = ["json", "junit", "markdown", "html"].map(|it| format!("{it}={}", file(it)));
        let (trace, coverage) = (file("trace"), file("coverage"));
        let (regressions, journals) = (at("regressions"), at("journals"));
        let mut options = vec!["--suite", suite, "--trace", &trace, "--coverage", &coverage];
        options.extend([
            "--regressions",
            &regressions,
            "--journal",
            &journals,
            "--observe",
            "each",
        ]);
        options.extend(["--budget", "1500", "--tier", "text", "-vv"]);
        options.extend(reports.iter().flat_map(|it| ["--report", it.as_str()]));
        let output = run(&port.url, &options);
        std::fs::write(file("out"), &output.stdout).unwrap();
        std::fs::write(file("err"), &output.stderr).unwrap();
    }
    let mut written = Vec::new();
    collect_texts(&folder, &mut written);
    let secrets_seen = secrets_seen.lock().unwrap();
    assert!(secrets_seen.len() > 200, "{} secrets", secrets_seen.len());
    for (path, text) in &written {
        let found = secrets_seen.iter().find(|secret| text.contains(*secret));
        assert!(found.is_none(), "{} contains a secret", path.display());
    }
    assert!(written.iter().any(|(_, text)| text.contains("(secret)")));
    eprintln!("{} secrets on the wire, none in {} files", secrets_seen.len(), written.len());
}

/// The response to a call with codes of a device is not shown, but its error code is read.
#[test]
fn a_throttled_call_with_codes_is_repeated() {
    let rows = "[[fault]]\nsort = \"throttle\"\non = \"EnableMFADevice\"\ntimes = 2";
    let (code, text) = run_with(rows, &["delete-user/alone/mfa-device"]);
    assert_eq!(code, Some(0), "{text}");
}
