//! `--dry-run` prints the requests of a run, `--verbose` logs them.

use std::net::TcpListener;

#[test]
fn a_dry_run_prints_its_requests_and_opens_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let words =
        ["run", "--dry-run", "--endpoint", &url, "delete-user/alone/*", "change-password/*"];
    let output = super::iamspec(&words);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", super::stderr(&output));
    assert!(
        text.contains("\nCreateUser UserName=iamspec-RUN-1-u0\n")
            || text.starts_with("CreateUser UserName=iamspec-RUN-1-u0\n"),
        "{text}"
    );
    assert!(text.contains("DeleteAccessKey UserName=iamspec-RUN-"), "{text}");
    assert!(text.contains("AccessKeyId=(id of key#0)"), "{text}");
    assert!(text.contains("AuthenticationCode1=(secret)"), "{text}");
    assert!(text.contains("NewPassword=(secret) (signed by u0)"), "{text}");
    assert!(text.ends_with("including cleanup; nothing was sent\n"), "{text}");
    assert!(listener.accept().is_err(), "the dry run opened a connection");
}

#[test]
fn a_dry_run_prints_as_many_requests_as_a_run_sends() {
    let dry = super::stdout(&super::iamspec(&["run", "--dry-run"]));
    let printed = dry.lines().count() - 1;
    let folder = super::reports::folder("dry-run");
    let trace = folder.join("trace.jsonl");
    super::iamspec(&["run", "--trace", &trace.display().to_string()]);
    let trace = std::fs::read_to_string(trace).unwrap();
    // The dry run prints the first page of a listing. The requests for further pages have a marker.
    let pages = trace.matches("[\"Marker\",").count() - dry.matches(" Marker=").count();
    assert!(pages > 0, "no listing has several pages");
    assert_eq!(trace.lines().count() - pages, printed);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_dry_run_for_a_remote_endpoint_uses_a_path_and_sends_nothing() {
    let output =
        super::iamspec(&["run", "--dry-run", "--endpoint", "http://192.0.2.1", "delete-user/bare"]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", super::stderr(&output));
    assert!(text.contains("CreateUser UserName=iamspec-RUN-1-u0 Path=/iamspec-RUN/"), "{text}");
}

#[test]
fn verbose_logs_requests_and_very_verbose_logs_parameters() {
    let quiet = super::stderr(&super::iamspec(&["run", "delete-user/bare"]));
    assert!(!quiet.contains("CreateUser"), "{quiet}");
    let log = super::stderr(&super::iamspec(&["run", "-v", "delete-user/bare"]));
    assert!(log.contains("action=\"CreateUser\" status=200"), "{log}");
    assert!(log.contains("credentials=\"the example credentials\""), "{log}");
    let more = super::stderr(&super::iamspec(&["run", "-vv", "delete-user/bare"]));
    assert!(more.contains("members=Action (10) Version (10) UserName ("), "{more}");
    // The library for signatures logs whole bodies if this variable is set.
    let mut command = super::command(&["run", "-vv", "delete-user/alone/login-profile"]);
    let all = super::stderr(&command.env("LOG_SIGNABLE_BODY", "true").output().unwrap());
    assert!(all.contains("members=Action (18)"), "{all}");
    assert!(!all.contains("SignableRequest") && !all.contains("canonical_request"), "{all}");
}

#[test]
fn a_dry_run_of_the_invariants_sends_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let words = ["run", "--suite", "invariants", "--dry-run", "--timeout", "1", "--endpoint", &url];
    let output = super::iamspec(&words);
    let text = super::stdout(&output);
    assert!(listener.accept().is_err(), "the run has connected: {text}");
    assert_eq!(output.status.code(), Some(0), "{text}{}", super::stderr(&output));
    assert!(text.contains("CreateUser UserName=iamspec-RUN-1-u0"), "{text}");
    assert!(text.ends_with("including cleanup; nothing was sent\n"), "{text}");
}

/// The options that `--suite invariants` supports.
const WITH_INVARIANTS: [&str; 20] = [
    "config",
    "endpoint",
    "wait",
    "max-wait",
    "profile",
    "credentials",
    "ca-bundle",
    "insecure",
    "i-own-this-account",
    "timeout",
    "rate",
    "journal",
    "trace",
    "mutant",
    "unspecified",
    "settle",
    "driver",
    "suite",
    "list",
    "dry-run",
];

/// A value for each other option: the default if there is one, because a typed default is refused too.
fn value(option: &str) -> Option<&'static str> {
    let value = match option {
        "tier" => "code",
        "level" => "must",
        "rules" => "2026-11",
        "observe" => "end",
        "settle" => "0s",
        "seed" | "jobs" => "1",
        "calls" => "2000",
        "budget" => "5000",
        "shard" => "1/2",
        "report" => "json=refused.jsonl",
        "rule" => "*",
        "coverage" | "record" | "about" | "regressions" | "known-failures" => "refused",
        "show" => "unspecified",
        "site" => "https://example.com/",
        _ => return None,
    };
    Some(value)
}

#[test]
fn the_invariants_support_an_option_of_a_run_or_refuse_it() {
    let cli = <iamspec_harness::cli::Cli as clap::CommandFactory>::command();
    let run = cli.find_subcommand("run").unwrap();
    let mut refused = 0;
    for option in run.get_arguments().filter_map(clap::Arg::get_long) {
        if WITH_INVARIANTS.contains(&option) {
            continue;
        }
        let name = format!("--{option}");
        let mut words = vec!["run", "--suite", "invariants", &name];
        words.extend(value(option));
        if option == "update-known-failures" {
            words.extend(["--known-failures", "refused"]);
        }
        let output = super::iamspec(&words);
        let error = super::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}{error}", super::stdout(&output));
        assert!(
            error.contains("--suite invariants") && error.contains(&name),
            "{words:?}: {error}"
        );
        refused += 1;
    }
    assert!(refused > 10, "{refused}");
    for more in [["delete-user/bare"].as_slice(), &["--suite", "pairs"]] {
        let output = super::iamspec(&[&["run", "--suite", "invariants"], more].concat());
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert!(super::stderr(&output).contains("--suite invariants"), "{more:?}");
    }
}
