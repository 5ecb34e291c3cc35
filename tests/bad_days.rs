//! A run against a right endpoint that has bad days accuses nobody, leaves nothing and shows no secret.

use std::path::{Path, PathBuf};
use std::process::Output;

use iamspec_harness::client::SECRETS;
use iamspec_harness::server::fault::FaultPlan;
use iamspec_harness::server::{Options, Server};

use super::port::Port;

/// The rows of a fault file, on a free port.
fn on_days(rows: &str) -> Server {
    let faults = FaultPlan::parse(&format!("seed = 5\n{rows}")).unwrap();
    let free = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    Server::start(free, Options { faults, ..Options::default() }).unwrap()
}

fn asked(url: &str, more: &[&str]) -> Output {
    super::iamspec(&[&["run", "--timeout", "2", "--endpoint", url], more].concat())
}

/// Rows, how long an endpoint may settle, and the exit code.
const DAYS: [(&str, &str, i32); 8] = [
    ("[[fault]]\nsort = \"drop\"\nchance = 0.02\neffect = true", "0s", 3),
    ("[[fault]]\nsort = \"drop\"\nchance = 0.02", "0s", 3),
    ("[[fault]]\nsort = \"fail\"\nchance = 0.02\neffect = true", "0s", 3),
    ("[[fault]]\nsort = \"throttle\"\nchance = 0.02", "0s", 0),
    ("[[fault]]\nsort = \"concurrent\"\nchance = 0.02", "0s", 0),
    ("[[fault]]\nsort = \"lag\"\non = \"List*\"\nchance = 0.2\ncalls = 2", "2s", 0),
    ("[[fault]]\nsort = \"lingering\"\nchance = 0.5\ncalls = 2", "2s", 0),
    ("[[fault]]\nsort = \"truncate\"\nevery = 40", "0s", 3),
];

#[test]
fn a_right_endpoint_on_bad_days_is_not_accused_and_nothing_is_left_on_it() {
    for (rows, settle, code) in DAYS {
        let server = on_days(rows);
        let output = asked(&server.url(), &["--suite", "cover", "--settle", settle]);
        let text = super::stdout(&output);
        let last = text.lines().last().unwrap_or_default();
        assert_eq!(output.status.code(), Some(code), "{rows}: {last}");
        assert!(last.contains(" 0 unexpected"), "{rows}: {last}");
        let happened: u64 = server.faults().iter().map(|(_, count)| count).sum();
        assert!(happened > 0, "{rows} never happened");
        assert!(server.is_empty(), "{rows}: {text}");
    }
}

#[test]
fn what_lags_is_found_where_nobody_gives_it_time() {
    let lag = "[[fault]]\nsort = \"lag\"\non = \"List*\"\ncalls = 1";
    let strict = asked(&on_days(lag).url(), &["--suite", "cover"]);
    assert_eq!(strict.status.code(), Some(1), "{}", super::stdout(&strict));
    assert!(super::stdout(&strict).contains("/carried-out  must, code"));
    let settling = asked(&on_days(lag).url(), &["--suite", "cover", "--settle", "5s"]);
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
    let server = on_days("[[fault]]\nsort = \"drop\"\nchance = 0.02\neffect = true");
    let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let ears = std::sync::Arc::clone(&heard);
    let url = server.url();
    let port = Port::overhearing(&url, move |wire| ears.lock().unwrap().extend(secrets(wire)));
    for suite in ["scripts", "lattice", "pairs", "drain", "random"] {
        let (trace, coverage) = (at(&format!("{suite}.trace")), at(&format!("{suite}.json")));
        let (finds, journals) = (at("finds"), at("journals"));
        let output = asked(
            &port.url,
            &[
                "--suite",
                suite,
                "--trace",
                &trace,
                "--coverage",
                &coverage,
                "--regressions",
                &finds,
                "--journal",
                &journals,
                "--observe",
                "each",
                "--budget",
                "1500",
                "--tier",
                "text",
            ],
        );
        std::fs::write(at(&format!("{suite}.out")), &output.stdout).unwrap();
        std::fs::write(at(&format!("{suite}.err")), &output.stderr).unwrap();
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
