//! A run against a right endpoint that has bad days accuses nobody, leaves nothing and shows no secret.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Output;

use super::port::Port;
use iamspec_conformance::Mutant;
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_harness::client::trace::SECRETS;
use iamspec_harness::server::fault_injection::plan::FaultPlan;
use iamspec_harness::server::{Options, Server};

fn free() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// The rows of a fault file, on a free port.
fn on_days(rows: &str, seed: usize) -> Server {
    let faults = FaultPlan::parse(&format!("seed = {seed}\n{rows}")).unwrap();
    Server::start(free(), Options { faults, ..Options::default() }).unwrap()
}

fn asked(url: &str, more: &[&str]) -> Output {
    super::iamspec(&[&["run", "--timeout", "2", "--endpoint", url], more].concat())
}

/// Rows, and how long an endpoint may settle.
const DAYS: [(&str, &str); 15] = [
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

/// What became of the runs on one sort of day.
#[derive(Default)]
struct Sum {
    runs: usize,
    faults: u64,
    calls: usize,
    inconclusive: usize,
}

/// The number that stands before a word in the last line of a run.
fn number_of(word: &str, last: &str) -> usize {
    let before = last.split(word).next().unwrap_or_default().trim_end();
    before.rsplit(' ').next().and_then(|it| it.parse().ok()).unwrap_or(0)
}

/// `IAMSPEC_BAD_DAYS=2000` runs so often, each time from another seed.
#[test]
fn a_right_endpoint_on_bad_days_is_not_accused_and_nothing_is_left_on_it() {
    let runs = std::env::var("IAMSPEC_BAD_DAYS").map_or(DAYS.len(), |it| it.parse().unwrap());
    let mut sums: BTreeMap<(&str, &str), Sum> = BTreeMap::new();
    for run in 0..runs {
        let (rows, settle) = DAYS[run % DAYS.len()];
        let suite = SUITES[run / DAYS.len() % SUITES.len()];
        let server = on_days(rows, run);
        let seed = run.to_string();
        let options = ["--suite", suite, "--settle", settle, "--seed", &seed, "--calls", "300"];
        let output = asked(&server.url(), &options);
        let text = super::stdout(&output);
        let last = text.lines().last().unwrap_or_default();
        assert!(matches!(output.status.code(), Some(0 | 3)), "{rows}, seed {run}: {text}");
        assert!(last.contains(" 0 unexpected"), "{rows}, seed {run}: {last}");
        assert!(server.is_empty(), "{rows}, seed {run}: {text}");
        let sum = sums.entry((rows, suite)).or_default();
        sum.runs += 1;
        sum.faults += server.faults().iter().map(|(_, count)| count).sum::<u64>();
        sum.calls += number_of(" calls in", last);
        sum.inconclusive += number_of(" inconclusive", last);
    }
    for (rows, _) in DAYS {
        let of = sums.iter().filter(|((it, _), _)| *it == rows).map(|(_, sum)| sum.faults);
        assert!(of.sum::<u64>() > 0, "{rows} never happened");
    }
    for ((rows, suite), Sum { runs, faults, calls, inconclusive }) in sums {
        let rows = rows.replace("[[fault]]\n", "").replace('\n', ", ");
        eprintln!(
            "{rows:<60} {suite:<7} {runs:>4} runs {faults:>6} faults {calls:>7} calls {inconclusive:>6} inconclusive, 0 findings, 0 left"
        );
    }
}

#[test]
fn what_lags_is_found_where_nobody_gives_it_time() {
    let lag = "[[fault]]\nsort = \"lag\"\non = \"List*\"\ncalls = 1";
    let strict = asked(&on_days(lag, 5).url(), &["--suite", "cover"]);
    assert_eq!(strict.status.code(), Some(1), "{}", super::stdout(&strict));
    assert!(super::stdout(&strict).contains("/carried-out  must, code"));
    let settling = asked(&on_days(lag, 5).url(), &["--suite", "cover", "--settle", "5s"]);
    assert_eq!(settling.status.code(), Some(0), "{}", super::stdout(&settling));
    assert!(super::stdout(&settling).contains("As it should be only when asked again"));
}

/// Every text under a folder, or of a file.
fn texts(path: &Path, found: &mut Vec<(PathBuf, String)>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            texts(&entry.unwrap().path(), found);
        }
    } else if let Ok(bytes) = std::fs::read(path) {
        found.push((path.to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
    }
}

/// The secrets in a request and an answer, as they are written there.
fn secrets(wire: &str) -> Vec<String> {
    let members = wire.split('&').filter_map(|it| it.split_once('='));
    let sent =
        members.filter(|(name, _)| name.contains("Password") && *name != "PasswordResetRequired");
    let sent = sent.map(|(_, value)| value.replace("%21", "!"));
    let told = SECRETS.iter().flat_map(|name| {
        let tag = format!("<{name}>");
        let parts = wire.split(&tag).skip(1).filter_map(|it| it.split('<').next());
        parts.map(str::to_owned).collect::<Vec<_>>()
    });
    sent.chain(told).filter(|it| it.len() > 8).collect()
}

#[test]
fn no_secret_is_in_anything_that_a_run_writes() {
    let folder: PathBuf = [env!("CARGO_TARGET_TMPDIR"), "secrets"].iter().collect();
    _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    // Its keys have odd ids, so that answers with secrets are kept with a finding.
    let faults =
        FaultPlan::parse("[[fault]]\nsort = \"drop\"\nchance = 0.02\neffect = true").unwrap();
    let odd = Mutant::named("CreateAccessKey/carried-out has an odd AccessKeyId");
    assert!(odd.is_some());
    let behaviour = ReferenceOptions { mutant: odd, ..ReferenceOptions::default() };
    let server =
        Server::start(free(), Options { faults, behaviour, ..Options::default() }).unwrap();
    let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let ears = std::sync::Arc::clone(&heard);
    let url = server.url();
    let port = Port::overhearing(&url, move |wire| ears.lock().unwrap().extend(secrets(wire)));
    for suite in ["scripts", "lattice", "pairs", "drain", "random"] {
        let file = |form: &str| at(&format!("{suite}.{form}"));
        let reports = ["json", "junit", "markdown", "html"].map(|it| format!("{it}={}", file(it)));
        let (trace, coverage) = (file("trace"), file("coverage"));
        let (finds, journals) = (at("finds"), at("journals"));
        let mut words = vec!["--suite", suite, "--trace", &trace, "--coverage", &coverage];
        words.extend(["--regressions", &finds, "--journal", &journals, "--observe", "each"]);
        words.extend(["--budget", "1500", "--tier", "text", "-vv"]);
        words.extend(reports.iter().flat_map(|it| ["--report", it.as_str()]));
        let output = asked(&port.url, &words);
        std::fs::write(file("out"), &output.stdout).unwrap();
        std::fs::write(file("err"), &output.stderr).unwrap();
    }
    let mut written = Vec::new();
    texts(&folder, &mut written);
    let heard = heard.lock().unwrap();
    assert!(heard.len() > 200, "{} secrets", heard.len());
    for (path, text) in &written {
        let found = heard.iter().find(|secret| text.contains(*secret));
        assert!(found.is_none(), "{} holds a secret", path.display());
    }
    assert!(written.iter().any(|(_, text)| text.contains("(secret)")));
    eprintln!("{} secrets were handled, and none is in {} files", heard.len(), written.len());
}
