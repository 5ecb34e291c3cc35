//! What a run would send: printed, and not sent.

use std::net::TcpListener;

#[test]
fn a_dry_run_prints_its_requests_and_connects_to_nobody() {
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
    assert!(text.ends_with("clean-up included; nothing was sent\n"), "{text}");
    assert!(listener.accept().is_err(), "somebody has connected");
}

#[test]
fn as_many_requests_are_printed_as_are_sent() {
    let dry = super::stdout(&super::iamspec(&["run", "--dry-run"]));
    let printed = dry.lines().count() - 1;
    let run = super::stdout(&super::iamspec(&["run"]));
    assert!(run.contains(&format!(" in {printed} requests")), "{printed} in {run}");
}

#[test]
fn where_others_live_everything_is_made_in_a_folder_and_nobody_is_asked_who_this_is() {
    let output =
        super::iamspec(&["run", "--dry-run", "--endpoint", "http://192.0.2.1", "delete-user/bare"]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", super::stderr(&output));
    assert!(text.contains("CreateUser UserName=iamspec-RUN-1-u0 Path=/iamspec-RUN/"), "{text}");
}

#[test]
fn what_goes_on_is_told_where_it_is_asked_for() {
    let quiet = super::stderr(&super::iamspec(&["run", "delete-user/bare"]));
    assert!(!quiet.contains("CreateUser"), "{quiet}");
    let told = super::stderr(&super::iamspec(&["run", "-v", "delete-user/bare"]));
    assert!(told.contains("action=\"CreateUser\" status=200"), "{told}");
    assert!(told.contains("credentials=\"the example credentials\""), "{told}");
    let more = super::stderr(&super::iamspec(&["run", "-vv", "delete-user/bare"]));
    assert!(more.contains("members=Action (10) Version (10) UserName ("), "{more}");
}

#[test]
fn a_dry_run_of_the_checkers_sends_nothing_either() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let words = ["run", "--suite", "checkers", "--dry-run", "--timeout", "1", "--endpoint", &url];
    let output = super::iamspec(&words);
    let text = super::stdout(&output);
    assert!(listener.accept().is_err(), "the run has connected: {text}");
    assert_eq!(output.status.code(), Some(0), "{text}{}", super::stderr(&output));
    assert!(text.contains("CreateUser UserName=iamspec-RUN-1-u0"), "{text}");
    assert!(text.ends_with("clean-up included; nothing was sent\n"), "{text}");
}

/// The options that `--suite checkers` honours: whom a run asks and how, and the two ways to play nothing.
const WITH_CHECKERS: [&str; 12] = [
    "endpoint",
    "i-own-this-account",
    "timeout",
    "rate",
    "journal",
    "trace",
    "mutant",
    "may",
    "driver",
    "suite",
    "list",
    "dry-run",
];

/// A value for each other option; the default, if there is one: it is refused if it is typed.
fn value(option: &str) -> Option<&'static str> {
    let value = match option {
        "tier" => "code",
        "level" => "must",
        "observe" => "end",
        "settle" => "0s",
        "seed" | "jobs" => "1",
        "calls" => "2000",
        "budget" => "5000",
        "shard" => "1/2",
        "report" => "json=refused.jsonl",
        "rule" => "*",
        "coverage" | "record" | "about" | "regressions" | "expect" => "refused",
        _ => return None,
    };
    Some(value)
}

#[test]
fn the_checkers_honour_an_option_of_a_run_or_refuse_it() {
    let cli = <iamspec_harness::cli::Cli as clap::CommandFactory>::command();
    let run = cli.find_subcommand("run").unwrap();
    let mut refused = 0;
    for option in run.get_arguments().filter_map(clap::Arg::get_long) {
        if WITH_CHECKERS.contains(&option) {
            continue;
        }
        let name = format!("--{option}");
        let mut words = vec!["run", "--suite", "checkers", &name];
        words.extend(value(option));
        if option == "update-expectations" {
            words.extend(["--expect", "refused"]);
        }
        let output = super::iamspec(&words);
        let error = super::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}{error}", super::stdout(&output));
        assert!(error.contains("--suite checkers") && error.contains(&name), "{words:?}: {error}");
        refused += 1;
    }
    assert!(refused > 10, "{refused}");
    for more in [["delete-user/bare"].as_slice(), &["--suite", "pairs"]] {
        let output = super::iamspec(&[&["run", "--suite", "checkers"], more].concat());
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert!(super::stderr(&output).contains("--suite checkers"), "{more:?}");
    }
}
