//! Calls that always fail in one form: each is a finding of the rule that says how AWS responds.

use super::port::{Port, http};

/// The reference behind a proxy that responds itself to some requests.
fn with(responds: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static) -> (super::Served, Port) {
    let server = super::Served::with(&[]);
    let port = Port::before(&server.url, responds);
    (server, port)
}

fn is(request: &str, action: &str) -> bool {
    request.contains(&format!("Action={action}&"))
}

/// The exit code and the output of a run against a port.
fn run(port: &Port, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = super::command(&["run", "--endpoint", &port.url, "--timeout", "1"]);
    let output = command.args(arguments).output().unwrap();
    (output.status.code(), super::stdout(&output))
}

fn crash() -> Vec<u8> {
    http("500 Oops", "text/html", b"<!DOCTYPE html><title>500 Internal Server Error</title>")
}

#[test]
fn a_crash_of_one_form_is_a_finding_and_the_action_is_not_unsupported() {
    let (_server, port) =
        with(|request| (is(request, "GetUser") && !request.contains("UserName=")).then(crash));
    let (exit, text) = run(&port, &["validation/get-user-itself"]);
    assert_eq!(exit, Some(1), "{text}");
    assert!(text.contains("GetUser/user-name-absent  "), "{text}");
    assert!(text.contains("interrupted crash"), "{text}");
    assert!(text.contains("reproduce      iamspec run "), "{text}");
    assert!(text.contains("export         iamspec export validation/get-user-itself"), "{text}");
    assert!(text.contains(" 0 unsupported, 0 inconclusive"), "{text}");
}

#[test]
fn a_failure_in_place_of_a_known_refusal_is_a_finding() {
    let failure = b"<ErrorResponse><Error><Code>ServiceFailure</Code></Error></ErrorResponse>";
    for body in [failure.as_slice(), b"", b"{\"message\": \"no\"}"] {
        let server = super::Served::with(&[]);
        let port = Port::rewriting(&server.url, move |_, _, response| {
            let text = String::from_utf8_lossy(&response).into_owned();
            if text.contains("EntityAlreadyExists") {
                http("500 Oops", "text/plain", body)
            } else {
                response
            }
        });
        let (exit, text) = run(&port, &["create-user/exists"]);
        assert_eq!(exit, Some(1), "{text}");
        assert!(text.contains("CreateUser/user-exists  must, status"), "{text}");
        assert!(text.contains("409 EntityAlreadyExists"), "{text}");
    }
}

#[test]
fn a_call_that_always_hangs_is_a_finding() {
    let server = super::Served::with(&[]);
    let port = Port::hanging(&server.url, |request| is(request, "ListGroupsForUser"));
    let (exit, text) = run(&port, &["list/group-membership"]);
    assert_eq!(exit, Some(1), "{text}");
    assert!(text.contains("ListGroupsForUser/carried-out  must, status"), "{text}");
    assert!(text.contains("interrupted timeout"), "{text}");
}

/// The calls of all scripts would use up the waiting time. The first script shows that the action
/// hangs, and the others leave it out.
#[test]
fn an_action_that_hangs_is_left_out_by_other_scripts() {
    let server = super::Served::with(&[]);
    let (sent, calls) = std::sync::mpsc::channel();
    let port = Port::hanging(&server.url, move |request| {
        let hangs = is(request, "ListGroupsForUser");
        if hangs {
            sent.send(()).unwrap();
        }
        hangs
    });
    let count = |jobs: &str, scripts: &[&str]| {
        let (exit, text) = run(&port, &[&["--jobs", jobs, "--max-wait", "40s"], scripts].concat());
        assert_eq!(exit, Some(1), "{text}");
        assert!(text.contains("ListGroupsForUser/carried-out  must, status"), "{text}");
        assert!(text.contains(" 0 inconclusive"), "{text}");
        calls.try_iter().count()
    };
    let with_one = count("1", &["list/group-membership"]);
    let more = ["list/group-membership", "get-group/members", "repeat/*membership"];
    assert_eq!(with_one, count("1", &more));
    count("3", &more);
}

/// Both calls of the script and three repetitions get no response, each with a retry and with the calls
/// in between. The repetition at the end of the run gets one.
#[test]
fn an_action_that_responds_later_is_no_finding() {
    let server = super::Served::with(&[]);
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let port = Port::hanging(&server.url, move |request| {
        is(request, "ListGroupsForUser")
            && calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 16
    });
    let (exit, text) = run(&port, &["list/group-membership"]);
    assert_eq!(exit, Some(3), "{text}");
    assert!(text.contains("0 findings in 1 script"), "{text}");
}

#[test]
fn a_repeatable_crash_can_be_a_known_failure() {
    let (_server, port) =
        with(|request| (is(request, "GetUser") && !request.contains("UserName=")).then(crash));
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("crash-known-failures.toml");
    _ = std::fs::remove_file(&file);
    let file = file.to_str().unwrap();
    let script = "validation/get-user-itself";
    run(&port, &[script, "--known-failures", file, "--update-known-failures"]);
    let written = std::fs::read_to_string(file).unwrap();
    assert!(written.contains("outcome = \"interrupted crash\""), "{written}");
    let (exit, text) = run(&port, &[script, "--known-failures", file]);
    assert_eq!(exit, Some(0), "{text}");
}

/// A proxy that replaces every response with this status.
fn replacing(url: &str, status: &'static str, kind: &'static str, body: &'static [u8]) -> Port {
    let code = status.split(' ').next().unwrap();
    Port::rewriting(url, move |_, _, response| {
        let is_status = response.starts_with(format!("HTTP/1.1 {code} ").as_bytes());
        if is_status { http(status, kind, body) } else { response }
    })
}

/// An endpoint whose framework answers every 404 itself: neither the missing user nor the missing
/// group can be a control call, and many calls in a row fail.
#[test]
fn refusals_that_cannot_be_read_are_findings_and_do_not_end_the_run() {
    let html = b"<!DOCTYPE html><title>404 Not Found</title>";
    for (kind, body) in [("text/html", html.as_slice()), ("text/xml", b"")] {
        let server = super::Served::with(&[]);
        let port = replacing(&server.url, "404 Not Found", kind, body);
        let (exit, text) = run(&port, &["delete-user/missing", "missing-user/*"]);
        assert_eq!(exit, Some(1), "{text}");
        assert!(text.contains("DeleteUser/no-such-user  must, status"), "{text}");
        assert!(text.contains("AddUserToGroup/no-such-user  must, status"), "{text}");
        assert!(text.contains("interrupted unreadable"), "{text}");
        assert!(text.contains(" 0 inconclusive, "), "{text}");
    }
}

/// What cannot be read was not right at an earlier time.
#[test]
fn a_read_that_cannot_be_read_is_not_stale() {
    let server = super::Served::with(&[]);
    let port = Port::rewriting(&server.url, |_, body, response| {
        if body.contains("Action=GetUser&") {
            http("307 Elsewhere", "text/html", b"")
        } else {
            response
        }
    });
    let (exit, text) = run(&port, &["create-user/*", "update-user/*"]);
    assert_eq!(exit, Some(1), "{text}");
    assert!(text.contains("interrupted unreadable"), "{text}");
    assert!(!text.contains("possibly stale"), "{text}");
}

/// Neither a read of a missing group nor one of a missing user gets a response.
#[test]
fn a_crash_is_a_finding_if_groups_are_not_implemented() {
    let no = b"<ErrorResponse><Error><Code>NotImplemented</Code></Error></ErrorResponse>";
    let (_server, port) = with(|request| {
        if is(request, "GetGroup") {
            return Some(http("501 No", "text/xml", no));
        }
        (is(request, "GetUser") && !request.contains("UserName=")).then(crash)
    });
    let (exit, text) = run(&port, &["validation/get-user-itself"]);
    assert_eq!(exit, Some(1), "{text}");
    assert!(text.contains("GetUser/user-name-absent  "), "{text}");
}

/// A proxy that lost its service answers each request with the same page.
#[test]
fn an_endpoint_that_is_gone_is_no_finding() {
    let count = std::sync::Mutex::new(0_usize);
    let (_server, port) = with(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        (*count > 10).then(|| http("404 Not Found", "text/html", b"<html>gone</html>"))
    });
    let (exit, text) = run(&port, &["list/*", "missing-user/*"]);
    assert_eq!(exit, Some(3), "{text}");
    assert!(text.contains("\nincomplete: 0 findings"), "{text}");
}

/// Every fourth request fails: the same form works at another time.
#[test]
fn failures_that_come_and_go_are_no_finding() {
    let count = std::sync::Mutex::new(0_usize);
    let (_server, port) = with(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        (*count).is_multiple_of(4).then(crash)
    });
    let (exit, text) = run(&port, &["list/*"]);
    assert_eq!(exit, Some(3), "{text}");
    assert!(text.contains("\n0 findings"), "{text}");
}

/// Every third call of an action fails, and a script makes three.
#[test]
fn a_failure_with_the_period_of_a_script_is_no_finding() {
    let count = std::sync::Mutex::new(0_usize);
    let (_server, port) = with(move |request| {
        let mut count = count.lock().unwrap();
        *count += usize::from(is(request, "CreateUser"));
        (is(request, "CreateUser") && (*count).is_multiple_of(3)).then(crash)
    });
    let script = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("period.script");
    std::fs::write(&script, "CreateUser u0\nCreateUser u1\nCreateUser u0\n").unwrap();
    let (exit, text) = run(&port, &[script.to_str().unwrap()]);
    assert_eq!(exit, Some(3), "{text}");
    assert!(text.contains("\n0 findings"), "{text}");
}

/// Every n-th response is damaged. A retry of a read shifts the next request to the same place in the period
/// again and again.
#[test]
fn damage_with_a_period_is_no_finding() {
    let folder = super::reports::folder("period");
    let (faults, saved) = (folder.join("faults.toml"), folder.join("saved"));
    let saved = saved.to_str().unwrap();
    for (fault, period, seed) in [
        ("truncate\"\nclean = true", 4, "783"),
        ("fail\"\nstatus = 500\neffect = false", 2, "1"),
        ("fail\"\nstatus = 500\neffect = false", 2, "5"),
        ("html\"\nstatus = 502\neffect = false", 2, "4"),
        ("html\"\nstatus = 502\neffect = false", 2, "6"),
    ] {
        let row = format!("[[fault]]\non = \"*\"\nevery = {period}\nsort = \"{fault}\n");
        std::fs::write(&faults, format!("seed = {seed}\n\n{row}")).unwrap();
        let server = super::Served::with(&["--faults", faults.to_str().unwrap()]);
        let run = ["run", "--suite", "random", "--calls", "60", "--seed", seed, "--level", "info"];
        let options = ["--endpoint", &server.url, "--regressions", saved];
        let output = super::iamspec(&[&run[..], &options].concat());
        assert_ne!(output.status.code(), Some(1), "{row}: {}", super::stdout(&output));
    }
    std::fs::remove_dir_all(folder).unwrap();
}
