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
    assert!(told.contains("credentials=\"credentials that open nothing\""), "{told}");
    let more = super::stderr(&super::iamspec(&["run", "-vv", "delete-user/bare"]));
    assert!(more.contains("members=Action (10) Version (10) UserName ("), "{more}");
}
