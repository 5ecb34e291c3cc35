//! The check before the first call of a run finds an IAM endpoint, something else, or nothing.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::port::{Port, http};

/// A run of a few scripts.
fn run(url: &str, words: &[&str]) -> Output {
    let options = ["run", "--timeout", "1", "--endpoint", url, "delete-user/alone/*"];
    super::iamspec(&[&options[..], words].concat())
}

const S3: &[u8] =
    b"<?xml version=\"1.0\"?><Error><Code>MethodNotAllowed</Code><Message>The specified \
    method is not allowed against this resource.</Message></Error>";

/// A success of whatever action a request has.
fn accepts(body: &str) -> Vec<u8> {
    let action = body.split("Action=").nth(1).unwrap().split('&').next().unwrap();
    let xml = format!("<{action}Response><{action}Result/></{action}Response>");
    http("200 OK", "text/xml", xml.as_bytes())
}

#[test]
fn something_else_than_an_iam_endpoint_is_named_in_one_line() {
    let answering =
        |status: &str, kind: &str, body: &[u8]| Port::answering(http(status, kind, body));
    let html = b"<!doctype html><html><body>Hello</body></html>";
    let json = b"{\"__type\": \"MissingAuthenticationToken\"}";
    let refusing = |status: &str, code: &str| {
        let xml = format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
        answering(status, "text/xml", xml.as_bytes())
    };
    let s3 = "S3 endpoint";
    for (port, found, next) in [
        (answering("200 OK", "text/html", html), "HTTP 200: HTML", "not an IAM endpoint"),
        (answering("404 Not Found", "text/html", html), "HTTP 404: HTML", "not an IAM endpoint"),
        // The web server of Python knows no POST.
        (answering("501 No", "text/html", html), "HTTP 501: HTML", "not an IAM endpoint"),
        (answering("403 No", "application/json", json), "HTTP 403: JSON", "not an IAM endpoint"),
        (answering("200 OK", "application/json", b"{}"), "HTTP 200: JSON", "not an IAM endpoint"),
        (answering("200 OK", "text/plain", b"OK"), "HTTP 200", "not an IAM endpoint"),
        (answering("200 OK", "text/xml", b""), "an empty response", "not an IAM endpoint"),
        (answering("200 OK", "text/xml", b"<ok/>"), "<ok> instead of", "not an IAM endpoint"),
        (answering("302 Found", "text/html", b""), "a redirect", "not an IAM endpoint"),
        (answering("405 No", "application/xml", S3), "the code MethodNotAllowed", s3),
        (
            answering(
                "403 No",
                "application/xml",
                b"<Error><Code>InvalidAccessKeyId</Code></Error>",
            ),
            "the code InvalidAccessKeyId",
            s3,
        ),
        (
            answering("501 No", "application/xml", b"<Error><Code>NotImplemented</Code></Error>"),
            "the code NotImplemented",
            s3,
        ),
        (Port::telling(|body| Some(accepts(body))), "success in response to every call", "not an"),
        (Port::answering(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()), "found ", "not an IAM endpoint"),
        (Port::silent(), "timed out", "raise --timeout"),
        (
            refusing("400 Bad", "AuthorizationParametersError"),
            "AuthorizationParametersError",
            "not an",
        ),
        (refusing("404 No", "NoSuchEntity"), "NoSuchEntity in response to every call", "not an"),
        (refusing("409 No", "DeleteConflict"), "DeleteConflict in response to", "not an"),
    ] {
        let folder = super::reports::folder("unusable");
        let file = folder.join("run.jsonl");
        let report = format!("json={}", file.display());
        let output = run(&port.url, &["--report", &report]);
        let text = super::stdout(&output);
        assert_eq!(output.status.code(), Some(3), "{text}{}", super::stderr(&output));
        let start = format!("{}: expected an IAM endpoint, found ", port.url);
        assert!(text.starts_with(&start), "{text}");
        assert!(text.contains(found) && text.contains(next), "{found}, {next}: {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert_eq!(super::stderr(&output), "");
        // The report says the same, and nothing about the endpoint.
        let report = std::fs::read_to_string(&file).unwrap();
        assert!(report.contains(found) && !report.contains("\"finding\""), "{report}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_port_that_speaks_another_scheme_is_named_with_the_right_one() {
    let server = super::server(None);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file: std::path::PathBuf = [env!("CARGO_TARGET_TMPDIR"), "scheme.pem"].iter().collect();
    let secured = Port::secured(&server.url(), &file);
    let page = b"<html>The plain HTTP request was sent to HTTPS port</html>";
    for (url, next) in [
        (format!("http://{closed}"), "start the endpoint"),
        (format!("https://{closed}"), "start the endpoint"),
        (secured.url.replace("https:", "http:"), "write https:// in --endpoint"),
        (server.url().replace("http:", "https:"), "write http:// in --endpoint"),
        (Port::answering(http("400 Bad", "text/html", page)).url, "not an IAM endpoint"),
    ] {
        let output = run(&url, &[]);
        let text = super::stdout(&output);
        assert_eq!(output.status.code(), Some(3), "{url}: {text}");
        assert!(text.contains(next) && text.lines().count() == 1, "{url}: {text}");
    }
}

/// The other commands that test an endpoint.
#[test]
fn every_command_that_tests_an_endpoint_says_what_is_there() {
    let port = Port::answering(http("200 OK", "text/html", b"<html></html>"));
    for words in [
        &["race", "--repeats", "1"][..],
        &["shrink", "delete-user/alone/access-key"],
        &["replay", "delete-user/alone/access-key"],
        &["run", "--suite", "invariants"],
    ] {
        let output = super::iamspec(&[words, &["--endpoint", &port.url]].concat());
        let text = super::stdout(&output) + &super::stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{words:?}: {text}");
        assert!(text.contains("expected an IAM endpoint, found HTTP 200: HTML"), "{text}");
        assert_eq!(text.lines().count(), 1, "{words:?}: {text}");
    }
}

/// A proxy of a reference endpoint that replaces the responses to the first calls.
fn disturbed(other: &str, first: usize, answer: Option<Vec<u8>>) -> Port {
    let count = AtomicUsize::new(0);
    Port::before(other, move |_| {
        let is_disturbed = count.fetch_add(1, Ordering::Relaxed) < first;
        is_disturbed.then(|| answer.clone().unwrap_or_default())
    })
}

#[test]
fn an_endpoint_that_refuses_or_loses_some_calls_is_tested() {
    let error = |code: &str| {
        format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>").into_bytes()
    };
    let server = super::server(None);
    let html = http("200 OK", "text/html", b"<html></html>");
    let throttled = http("400 Bad", "text/xml", &error("Throttling"));
    for (first, answer) in [
        (1, None),
        (3, None),
        (1, Some(html.clone())),
        (4, Some(html)),
        (1, Some(throttled)),
        (1, Some(http("503 No", "text/html", b"<html></html>"))),
        (1, Some(http("500 No", "text/xml", b"<oops/>"))),
    ] {
        let port = disturbed(&server.url(), first, answer);
        let output = run(&port.url, &[]);
        let text = super::stdout(&output);
        assert!(!text.contains("expected an IAM endpoint"), "{first}: {text}");
        assert_eq!(output.status.code(), Some(0), "{first}: {text}");
    }
    // Each of these refuses the control calls for ever.
    for (status, code) in [
        ("403 No", "AccessDenied"),
        ("400 Bad", "InvalidAction"),
        ("501 No", "NotImplemented"),
        ("403 No", "SomethingNew"),
    ] {
        let actions = ["GetUser&", "GetGroup&", "ListUsers&", "ListGroups&", "IamspecControlCall&"];
        let refusal = http(status, "text/xml", &error(code));
        let port = Port::before(&server.url(), move |body| {
            let is_control = actions.iter().any(|it| body.contains(&format!("Action={it}")));
            is_control.then(|| refusal.clone())
        });
        let text = super::stdout(&run(&port.url, &[]));
        assert!(!text.contains("expected an IAM endpoint"), "{code}: {text}");
        assert!(text.contains("planned calls"), "{code}: {text}");
    }
    // An endpoint whose GetUser knows everybody is wrong, and is tested.
    let port =
        Port::before(&server.url(), |body| body.contains("Action=GetUser&").then(|| accepts(body)));
    let text = super::stdout(&run(&port.url, &[]));
    assert!(text.contains("planned calls"), "{text}");
}

#[test]
fn a_list_of_scripts_sends_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for words in [&["run", "--list"][..], &["run", "--suite", "invariants", "--list"]] {
        let output = super::iamspec(&[words, &["--endpoint", &url]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", super::stderr(&output));
        assert!(listener.accept().is_err(), "{words:?} has connected");
    }
}

#[test]
fn a_run_waits_until_the_endpoint_responds() {
    let server = super::server(None);
    for (first, answer) in [
        (7, None),
        (7, Some(http("503 No", "text/html", b"<html>starting</html>"))),
        (7, Some(http("502 No", "text/plain", b"no upstream"))),
    ] {
        let port = disturbed(&server.url(), first, answer);
        let output = run(&port.url, &["--wait", "600s"]);
        assert_eq!(output.status.code(), Some(0), "{}", super::stdout(&output));
    }
    // A port that is closed until the run looks for it.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let mut command = super::command(&["-v", "run", "--wait", "600s", "--endpoint", &url]);
    let command = command.arg("delete-user/bare").stderr(std::process::Stdio::piped());
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut log = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("Connection refused") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut log, &mut line).unwrap() > 0, "no attempt");
    }
    let options = iamspec_harness::server::Options::default();
    let _late = iamspec_harness::server::Server::start(free, options).unwrap();
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", super::stdout(&output));
}

#[test]
fn a_wait_ends() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = run(&format!("http://{closed}"), &["--wait", "300ms"]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("Connection refused") && text.contains("after 0.3 s"), "{text}");
}

/// Every call of one action hangs, and every call of another one asks for a pause.
#[test]
fn the_time_that_a_run_waits_has_a_limit() {
    let server = super::server(None);
    let hangs = |body: &str| body.contains("Action=CreateLoginProfile&");
    let hanging = Port::hanging(&server.url(), hangs);
    let words = ["--max-wait", "2s", "--suite", "scripts", "--observe", "off"];
    let output = run(&hanging.url, &words);
    let text = super::stdout(&output) + &super::stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("s in total (0.0 s of Retry-After, "), "{text}");
    assert!(text.contains("--max-wait"), "{text}");

    let throttled = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/xml\r\nretry-after: 3600\r\n\
        connection: close\r\ncontent-length: ";
    let body = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";
    let mut answer = Vec::new();
    write!(answer, "{throttled}{}\r\n\r\n{body}", body.len()).unwrap();
    let asking = Port::before(&server.url(), move |body| {
        body.contains("Action=CreateLoginProfile&").then(|| answer.clone())
    });
    let output = run(&asking.url, &["--max-wait", "1s"]);
    let text = super::stdout(&output) + &super::stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("1.0 s in total (1.0 s of Retry-After, 0.0 s"), "{text}");
    assert!(text.contains("; the run ends"), "{text}");
    assert!(server.is_empty(), "the run has cleaned up: {text}");
}
