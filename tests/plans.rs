//! `iamspec plan` for a user of an endpoint: it only reads, and the printed calls delete the user.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::port::{Port, http};
use iamspec_conformance::{Endpoint as _, Response};
use iamspec_harness::aws::credentials::Identity;
use iamspec_harness::aws::destination::Destination;
use iamspec_harness::client::HttpClient;
use iamspec_harness::client::sender::FormSender;
use iamspec_harness::server::{Options, Server};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{AttachmentKind, IssueOptions, Item, Operation, Resource, User};

const NAME: &str = "iamspec-1-plans-1-u0";

/// A server with a user that has one attachment of each kind.
fn with_everything() -> Server {
    let server =
        Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Options::default()).unwrap();
    let mut owner = HttpClient::new(&server.url(), "1-plans", Duration::from_secs(5)).unwrap();
    owner.enter_new_namespace();
    let mut ask = |op: Operation| {
        let answer = owner.execute(&op);
        assert!(matches!(answer, Response::Success(_)), "{op:?}: {answer}");
    };
    let (user, item) = (User(0), Item(0));
    ask(Operation::create_user(user));
    for kind in AttachmentKind::blockers() {
        if let Some(class) = kind.row().refers_to {
            ask(Operation::CreateResource(Resource { kind: class, item }));
        }
        match kind.row().naming {
            Naming::Service => ask(Operation::Issue(user, kind, item, IssueOptions::None)),
            _ => ask(Operation::Attach(user, kind, item)),
        }
    }
    server
}

fn plan(url: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let output = super::iamspec(&[&["plan", NAME, "--endpoint", url], more].concat());
    (output.status.code(), super::stdout(&output), super::stderr(&output))
}

#[test]
fn a_plan_only_reads() {
    let server = with_everything();
    let log = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&log);
    let port = Port::overhearing(&server.url(), move |wire| {
        recorded.lock().unwrap().push(wire.to_owned());
    });
    let (code, text, _) = plan(&port.url, &[]);
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains("has 9 attachments that must be removed first"), "{text}");
    assert!(text.contains("[ ] DeactivateMFADevice arn:aws:iam::123456789012:mfa/"), "{text}");
    assert!(text.contains("stays and keeps its name; --devices deletes it too"), "{text}");
    assert!(text.contains("lost permanently: its secret"), "{text}");
    assert_eq!(text.matches("[ ]").count(), 10, "{text}");
    let log = log.lock().unwrap();
    let actions: Vec<&str> = log.iter().filter_map(|it| it.strip_prefix("Action=")).collect();
    // GetUser is the first and the last of them.
    assert_eq!(actions.len(), 11, "{actions:?}");
    let reads = |it: &&str| it.starts_with("Get") || it.starts_with("List");
    assert!(actions.iter().all(reads), "{actions:?}");
}

#[test]
fn the_printed_calls_delete_the_user() {
    let server = with_everything();
    let (code, text, _) = plan(&server.url(), &["--as", "json"]);
    assert_eq!(code, Some(5));
    let printed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(printed["status"], "complete");
    assert_eq!(printed["can_be_deleted_now"], false);
    assert_eq!(printed["endpoint"], server.url());
    let destination = Destination::loopback(&server.url()).unwrap();
    let mut raw = FormSender::new(destination, Identity::fake(), Duration::from_secs(5)).unwrap();
    let calls = printed["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 10);
    for call in calls {
        let members = call["params"].as_object().unwrap().iter();
        let members = members.map(|(name, it)| (name.clone(), it.as_str().unwrap().to_owned()));
        let head = [("Action", call["op"].as_str().unwrap()), ("Version", "2010-05-08")];
        let head = head.map(|(name, it)| (name.to_owned(), it.to_owned()));
        let form: Vec<(String, String)> = head.into_iter().chain(members).collect();
        assert_eq!(raw.post(&form).unwrap().0, 200, "{call}");
    }
    let (code, _, why) = plan(&server.url(), &[]);
    assert_eq!(code, Some(4), "{why}");
    assert!(why.contains("there is no user `"), "{why}");
}

#[test]
fn printed_commands_name_the_endpoint_and_quote_every_value() {
    let server = with_everything();
    let url = server.url();
    let (_, shell, _) = plan(&url, &["--as", "aws-cli"]);
    assert_eq!(shell.lines().count(), 10, "{shell}");
    let options = format!("--endpoint-url='{url}' --region='us-east-1'\n");
    assert!(
        shell.starts_with(&format!("aws iam delete-login-profile --user-name='{NAME}' {options}")),
        "{shell}"
    );
    assert!(
        shell.ends_with(&format!("aws iam delete-user --user-name='{NAME}' {options}")),
        "{shell}"
    );
    let (_, python, _) = plan(&url, &["--as", "boto3"]);
    let client = format!("client(\"iam\", endpoint_url=\"{url}\", region_name=\"us-east-1\")");
    assert!(python.contains(&client), "{python}");
    assert!(
        python.contains(&format!(
            "iam.remove_user_from_group(GroupName=\"iamspec-1-plans-1-g0\", UserName=\"{NAME}\")"
        )),
        "{python}"
    );
}

#[test]
fn printed_commands_name_the_profile_and_the_region_of_the_user() {
    let server = with_everything();
    let endpoint = server.url();
    let printed = |format: &str, variables: &[(&str, &str)]| {
        let mut command = super::command(&["plan", NAME, "--endpoint", &endpoint, "--as", format]);
        command.envs([("AWS_PROFILE", "it's"), ("AWS_REGION", "eu-west-1")]);
        super::stdout(&command.envs(variables.iter().copied()).output().unwrap())
    };
    let shell = printed("aws-cli", &[]);
    assert!(shell.contains(r"--region='eu-west-1' --profile='it'\''s'"), "{shell}");
    let python = printed("boto3", &[]);
    assert!(python.contains("boto3.Session(profile_name=\"it's\").client("), "{python}");
    // The AWS CLI prefers an option over these variables, which were used here.
    let key = [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "x")];
    assert!(!printed("aws-cli", &key).contains("--profile"));
}

/// The forms of a plan of one user.
const FORMS: [&str; 6] = ["checklist", "aws-cli", "boto3", "json", "table", "csv"];

/// Checks that every form is incomplete, names the action, and has no step that deletes the user.
fn assert_incomplete(url: &str, name: &str, action: &str, reason: &str) {
    for form in FORMS {
        let output =
            super::iamspec(&["plan", name, "--endpoint", url, "--timeout", "1", "--as", form]);
        let text = super::stdout(&output);
        let context = format!("{action} as {form}: {text}");
        assert_eq!(output.status.code(), Some(3), "{context}");
        assert!(text.contains("incomplete"), "{context}");
        assert!(text.contains(action) && text.contains(reason), "{context}");
        for step in
            ["delete-user ", "delete_user(", "DeleteUser\"", "DeleteUser ", "can be deleted"]
        {
            assert!(!text.contains(step), "{context}");
        }
        let why = super::stderr(&output);
        assert!(why.contains("incomplete plan for"), "{why}");
    }
}

/// The actions that a plan depends on.
const READS: [&str; 10] = [
    "GetUser",
    "GetLoginProfile",
    "ListAccessKeys",
    "ListSigningCertificates",
    "ListSSHPublicKeys",
    "ListServiceSpecificCredentials",
    "ListMFADevices",
    "ListUserPolicies",
    "ListAttachedUserPolicies",
    "ListGroupsForUser",
];

fn error(status: &str, code: &str, message: &str) -> Vec<u8> {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let body = format!("<ErrorResponse>{error}</ErrorResponse>");
    http(status, "text/xml", body.as_bytes())
}

/// A proxy that returns this response to one action.
fn replacing(server: &Server, action: &'static str, response: Vec<u8>) -> Port {
    Port::before(&server.url(), move |body| {
        body.contains(&format!("Action={action}&")).then(|| response.clone())
    })
}

#[test]
fn each_action_that_is_denied_makes_every_form_incomplete() {
    let server = with_everything();
    for action in READS {
        let port = replacing(&server, action, error("403 Forbidden", "AccessDenied", "no"));
        assert_incomplete(&port.url, NAME, action, "access denied: 403 AccessDenied no");
        let (_, text, _) = plan(&port.url, &[]);
        assert!(text.contains(&format!("allow iam:{action}")), "{text}");
        let held = if action == "GetUser" { 9 } else { 8 };
        assert!(text.contains(&format!("has {held} attachments")), "{text}");
    }
}

#[test]
fn a_response_that_is_no_listing_makes_every_form_incomplete() {
    let server = with_everything();
    let groups = |inner: &str| {
        let result = format!("<ListGroupsForUserResult>{inner}</ListGroupsForUserResult>");
        let body = format!("<ListGroupsForUserResponse>{result}</ListGroupsForUserResponse>");
        http("200 OK", "text/xml", body.as_bytes())
    };
    let xml = |body: &str| http("200 OK", "text/xml", body.as_bytes());
    for (response, reason) in [
        (http("302 Found", "text/html", b""), "a redirect"),
        (http("200 OK", "text/html", b"<html></html>"), "HTML"),
        (http("200 OK", "application/json", b"{}"), "JSON"),
        (http("200 OK", "text/xml", b""), "an empty response"),
        (http("200 OK", "text/xml", b"\xff"), "not UTF-8"),
        (http("500 Internal Server Error", "text/plain", b"x"), "a failure of the service"),
        (xml("<ListGroupsForUserResponse>"), "broken XML"),
        (xml("<ListGroupsResponse/>"), "<ListGroupsResponse> instead of"),
        (xml("<ListGroupsForUserResponse/>"), "no <Groups>"),
        (groups(""), "no <Groups>"),
        (groups("<Groups/><Groups/>"), "more than one <Groups>"),
        (groups("<Groups>g</Groups>"), "text in <Groups>"),
        (groups("<Groups><member/></Groups>"), "without a name"),
        (groups("<Groups/><IsTruncated>True</IsTruncated>"), "IsTruncated is"),
        (groups("<Groups/><IsTruncated>true</IsTruncated>"), "without a Marker"),
        (groups("<Groups/><Marker>m</Marker>"), "a Marker without IsTruncated"),
        (
            groups("<Groups/><IsTruncated>true</IsTruncated><Marker>m</Marker>"),
            "leads back to an earlier page",
        ),
        (error("200 OK", "NoSuchEntity", "x"), "200 NoSuchEntity"),
        (error("400 Bad Request", "ValidationError", "x"), "400 ValidationError"),
        (error("400 Bad Request", "InvalidAction", "Could not find operation"), "not implemented"),
    ] {
        let port = replacing(&server, "ListGroupsForUser", response);
        assert_incomplete(&port.url, NAME, "ListGroupsForUser", reason);
    }
}

/// A proxy whose listings do not say whether they are complete; that of one action, or all of them.
fn unconfirmed(server: &Server, action: Option<&'static str>) -> Port {
    Port::rewriting(&server.url(), move |_, body, answer| {
        let answer = String::from_utf8(answer).unwrap();
        let named = |action| body.contains(&format!("Action={action}&"));
        if !action.is_none_or(named) {
            return answer.into_bytes();
        }
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.lines().next().unwrap().trim_start_matches("HTTP/1.1 ");
        let body = body.replace("<IsTruncated>false</IsTruncated>", "");
        http(status, "text/xml", body.as_bytes())
    })
}

/// The program with a plan for a remote endpoint.
fn remote_plan(port: &Port, name: &str, more: &[&str]) -> std::process::Command {
    let url = port.url.replace("127.0.0.1", "0.0.0.0");
    let words = ["plan", name, "--endpoint", &url, "--rate", "100000"];
    let mut command = super::command(&[&words, more].concat());
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "x")];
    command.envs(keys);
    command
}

/// A user of a server that holds nothing, or an attachment of each kind.
fn with_user(bare: bool) -> (Server, &'static str) {
    if !bare {
        return (with_everything(), NAME);
    }
    let server = super::server(None);
    super::client(&server.url()).execute(&Operation::create_user(User(0)));
    (server, "iamspec-test-0-u0")
}

#[test]
fn at_a_remote_endpoint_a_listing_that_does_not_say_that_it_is_complete_is_incomplete() {
    for bare in [true, false] {
        let (server, name) = with_user(bare);
        for action in READS.iter().filter(|it| it.starts_with("List")) {
            let port = unconfirmed(&server, Some(action));
            for form in FORMS {
                let output = remote_plan(&port, name, &["--as", form]).output().unwrap();
                let text = super::stdout(&output);
                let context = format!("{action} as {form}: {text}");
                assert_eq!(output.status.code(), Some(3), "{context}");
                assert!(text.contains("incomplete"), "{context}");
                assert!(text.contains(action) && text.contains("no IsTruncated"), "{context}");
                for step in [
                    "delete-user ",
                    "delete_user(",
                    "DeleteUser\"",
                    "DeleteUser ",
                    "can be deleted",
                ] {
                    assert!(!text.contains(step), "{context}");
                }
            }
        }
        // What was read is planned nevertheless.
        let output = remote_plan(&unconfirmed(&server, None), name, &[]).output().unwrap();
        let text = super::stdout(&output);
        assert!(text.contains("8 of 9 kinds were not read"), "{text}");
        assert_eq!(text.matches("[ ]").count(), if bare { 0 } else { 9 }, "{text}");
    }
}

#[test]
fn on_this_machine_a_plan_names_each_listing_that_is_assumed_to_be_complete() {
    for bare in [true, false] {
        let (server, name) = with_user(bare);
        let port = unconfirmed(&server, Some("ListAccessKeys"));
        for form in FORMS {
            let words = ["plan", name, "--endpoint", &port.url, "--as", form];
            let output = super::iamspec(&words);
            let text = super::stdout(&output);
            let context = format!("{form}: {text}");
            assert_eq!(output.status.code(), Some(if bare { 0 } else { 5 }), "{context}");
            if form == "json" {
                let printed: serde_json::Value = serde_json::from_str(&text).unwrap();
                let assumed = serde_json::json!(["access-key"]);
                assert_eq!(printed["assumed_complete"], assumed, "{context}");
                assert_eq!(printed["can_be_deleted_now"], serde_json::Value::Null, "{context}");
            } else {
                let assumption = "assumed: no other access key (ListAccessKeys does not say";
                assert!(text.contains(assumption), "{context}");
            }
            assert!(!text.contains("can be deleted now:"), "{context}");
        }
        let journal = super::reports::folder("unconfirmed").display().to_string();
        let words = ["plan", name, "--endpoint", &port.url, "--apply", "--yes", "--delete-user"];
        let output = super::iamspec(&[&words[..], &["--devices", "--journal", &journal]].concat());
        let text = super::stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.contains("assumed: no other access key"), "{text}");
    }
}

#[test]
fn an_endpoint_that_does_not_respond_makes_every_form_incomplete() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for action in READS {
        assert_incomplete(&closed, "alice", action, "no connection");
    }
    let (code, text, _) = plan(&closed, &[]);
    assert_eq!(code, Some(3));
    for kind in AttachmentKind::blockers() {
        assert!(text.contains(&format!("not read: {}", kind.row().noun)), "{text}");
    }
}

#[test]
fn a_throttled_or_silent_endpoint_makes_a_plan_incomplete() {
    let port = Port::answering(error("429 Too Many Requests", "Throttling", "Rate exceeded"));
    let (code, text, _) = plan(&port.url, &[]);
    assert_eq!(code, Some(3));
    assert_eq!(text.matches("throttled: 429 Throttling Rate exceeded").count(), 10, "{text}");
    let port = Port::silent();
    let (code, text, _) = plan(&port.url, &["--timeout", "1"]);
    assert_eq!(code, Some(3));
    assert_eq!(text.matches("no response within the time limit").count(), 10, "{text}");
}

/// A proxy that returns `NoSuchEntity` from the n-th request of an action on, for every action.
fn vanishing(server: &Server, action: &'static str, number: usize) -> Port {
    let seen = Mutex::new((0, false));
    Port::before(&server.url(), move |body| {
        let mut seen = seen.lock().unwrap();
        seen.0 += usize::from(body.contains(&format!("Action={action}&")));
        seen.1 |= seen.0 == number;
        let gone = "The user with name x cannot be found.";
        seen.1.then(|| error("404 Not Found", "NoSuchEntity", gone))
    })
}

#[test]
fn a_user_that_disappears_is_gone_and_not_empty() {
    let server = with_everything();
    // During each listing, and after the last one.
    for (action, number) in READS.iter().map(|it| (*it, if *it == "GetUser" { 2 } else { 1 })) {
        for form in FORMS {
            let port = vanishing(&server, action, number);
            let (code, text, _) = plan(&port.url, &["--as", form]);
            assert_eq!(code, Some(3), "{action}: {text}");
            assert!(text.contains("gone"), "{action} as {form}: {text}");
            for step in ["delete-user ", "delete_user(", "DeleteUser", "can be deleted"] {
                assert!(!text.contains(step), "{action}: {text}");
            }
        }
    }
}

#[test]
fn a_listing_that_contradicts_get_user_makes_a_plan_incomplete() {
    let server = with_everything();
    for action in READS.iter().filter(|it| !matches!(**it, "GetUser" | "GetLoginProfile")) {
        let refused = format!("Action={action}&");
        let port = Port::before(&server.url(), move |body| {
            let other = "No such service None is supported for Service Specific Credentials";
            body.contains(&refused).then(|| error("404 Not Found", "NoSuchEntity", other))
        });
        let (code, text, _) = plan(&port.url, &[]);
        assert_eq!(code, Some(3), "{action}: {text}");
        assert!(text.contains("incomplete") && text.contains("; but GetUser returns the user"));
        assert!(!text.contains("gone") && !text.contains("DeleteUser "), "{action}: {text}");
    }
    let port =
        replacing(&server, "ListSSHPublicKeys", error("404 No", "NoSuchEntity", "no service"));
    let (code, text, _) = plan(&port.url, &["--assume-none", "ssh-public-key"]);
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains("assumed: no SSH public key"), "{text}");
}

#[test]
fn a_user_that_is_created_again_makes_a_plan_incomplete() {
    let server = with_everything();
    let seen = Mutex::new(0);
    let port = Port::before(&server.url(), move |body| {
        let mut seen = seen.lock().unwrap();
        *seen += usize::from(body.contains("Action=GetUser&"));
        let user = format!("<User><UserName>{NAME}</UserName><UserId>AIDA2</UserId></User>");
        let body =
            format!("<GetUserResponse><GetUserResult>{user}</GetUserResult></GetUserResponse>");
        (*seen == 2).then(|| http("200 OK", "text/xml", body.as_bytes()))
    });
    let (code, text, _) = plan(&port.url, &[]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("deleted and created again") && !text.contains("DeleteUser "), "{text}");
}

#[test]
fn a_response_about_another_user_makes_a_plan_incomplete() {
    let server = with_everything();
    for (action, result) in [
        ("GetUser", "<User><UserName>bob</UserName></User>"),
        ("GetLoginProfile", "<LoginProfile><UserName>bob</UserName></LoginProfile>"),
        (
            "ListAccessKeys",
            "<AccessKeyMetadata><member><UserName>bob</UserName>\
             <AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId></member></AccessKeyMetadata>",
        ),
        (
            "ListMFADevices",
            "<MFADevices><member><UserName>bob</UserName>\
             <SerialNumber>GAHT12345678</SerialNumber></member></MFADevices>",
        ),
    ] {
        let body = format!(
            "<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
        );
        let port = replacing(&server, action, http("200 OK", "text/xml", body.as_bytes()));
        assert_incomplete(&port.url, NAME, action, "about the user");
    }
}

#[test]
fn what_is_no_name_of_a_user_is_refused_in_one_line_before_a_request() {
    for name in [
        "",
        "arn:aws:iam::123456789012:user/alice",
        "user/alice",
        "alice bob",
        "alice\n",
        "\u{1b}[31m",
        "file:///etc/passwd",
        &"x".repeat(129),
    ] {
        // Nothing listens there: a request would make the plan incomplete.
        let output = super::iamspec(&["plan", name, "--endpoint", "http://127.0.0.1:9"]);
        let why = super::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{name:?}: {why}");
        assert_eq!(why.lines().count(), 1, "{why}");
        assert!(why.contains("give the name") && !why.contains('\u{1b}'), "{why}");
        assert_eq!(super::stdout(&output), "");
    }
    let output = super::iamspec(&["plan", "alice"]);
    assert!(super::stderr(&output).contains("to plan for a user, add --endpoint"));
}

/// A proxy whose listing of this action has these members.
fn listing(server: &Server, action: &'static str, list: &str, members: &str) -> Port {
    let result = format!("<{list}>{members}</{list}><IsTruncated>false</IsTruncated>");
    let body =
        format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>");
    replacing(server, action, http("200 OK", "text/xml", body.as_bytes()))
}

#[test]
fn a_name_that_aws_cannot_have_is_named_and_becomes_no_command() {
    let server = with_everything();
    for name in [
        "file:///etc/passwd",
        "fileb:///etc/passwd",
        "http://127.0.0.1/",
        "a&#x9B;31mb",
        "a&#10;aws iam delete-user --user-name=x",
        "a&#x202e;b",
        "a'; id; '",
    ] {
        for (action, list, member, other) in [
            ("ListUserPolicies", "PolicyNames", "", ""),
            ("ListGroupsForUser", "Groups", "GroupName", ""),
            ("ListAttachedUserPolicies", "AttachedPolicies", "PolicyArn", ""),
            ("ListMFADevices", "MFADevices", "SerialNumber", ""),
            ("ListAccessKeys", "AccessKeyMetadata", "AccessKeyId", "<Status>Active</Status>"),
        ] {
            let named = if member.is_empty() {
                name.to_owned()
            } else {
                format!("<{member}>{name}</{member}>{other}")
            };
            let port = listing(&server, action, list, &format!("<member>{named}</member>"));
            for form in FORMS {
                let (code, text, why) = plan(&port.url, &["--as", form, "--devices"]);
                let context = format!("{name} of {action} as {form}: {text}");
                assert_eq!(code, Some(3), "{context}");
                assert!(text.contains("incomplete"), "{context}");
                let controls = ['\u{9b}', '\u{202e}'];
                assert!(!text.contains(controls) && !why.contains(controls), "{context}");
                for line in
                    text.lines().filter(|it| it.starts_with("aws ") || it.starts_with("iam."))
                {
                    assert!(!line.contains("://") || !line.contains("passwd"), "{context}");
                    assert!(!line.contains("delete-user ") && !line.contains("; id"), "{context}");
                }
            }
        }
    }
}

#[test]
fn only_virtual_devices_are_deleted() {
    let server = with_everything();
    let serials = [
        "GAHT12345678",
        "arn:aws:iam::123456789012:u2f/user/alice/key-ABCDEFGHIJ",
        "arn:aws:iam::123456789012:mfa/team/alice",
    ];
    let members = serials.map(|it| format!("<member><SerialNumber>{it}</SerialNumber></member>"));
    let port = listing(&server, "ListMFADevices", "MFADevices", &members.concat());
    let (code, text, _) = plan(&port.url, &["--devices", "--as", "aws-cli"]);
    assert_eq!(code, Some(5), "{text}");
    assert_eq!(text.matches("deactivate-mfa-device").count(), 3, "{text}");
    let deleted: Vec<&str> =
        text.lines().filter(|it| it.contains("delete-virtual-mfa-device")).collect();
    assert!(
        deleted.len() == 1 && deleted[0].contains("'arn:aws:iam::123456789012:mfa/team/alice'"),
        "{text}"
    );
}

#[test]
fn a_kind_that_the_partition_does_not_offer_is_absent_and_a_missing_action_is_unknown() {
    let server = with_everything();
    let action = "ListSSHPublicKeys";
    let not_enabled = format!("Operation {action} is not enabled in region: cn-north-1");
    let port = replacing(&server, action, error("400 Bad Request", "InvalidAction", &not_enabled));
    let (code, text, _) = plan(&port.url, &[]);
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains("not offered: SSH public key (ListSSHPublicKeys)"), "{text}");
    assert!(text.contains("[ ] DeleteUser ") && !text.contains("SSH public key,"), "{text}");
    for message in [
        "Could not find operation ListSSHPublicKeys for version 2010-05-08",
        "Operation ListAccessKeys is not enabled in region: cn-north-1",
        "Operation ListSSHPublicKeys is not enabled in region: ",
    ] {
        let port = replacing(&server, action, error("400 Bad Request", "InvalidAction", message));
        assert_incomplete(&port.url, NAME, action, "not implemented");
        let (code, text, _) = plan(&port.url, &["--assume-none", "ssh-public-key"]);
        assert_eq!(code, Some(5), "{text}");
        assert!(text.contains("assumed: no SSH public key"), "{text}");
        let (code, ..) = plan(&port.url, &["--assume-none", "access-key"]);
        assert_eq!(code, Some(3));
    }
    // The assumption replaces no permission.
    let port = replacing(&server, action, error("403 Forbidden", "AccessDenied", "no"));
    let (code, ..) = plan(&port.url, &["--assume-none", "ssh-public-key"]);
    assert_eq!(code, Some(3));
    let remote =
        ["plan", NAME, "--endpoint", "http://emulator:5000", "--assume-none", "ssh-public-key"];
    let output = super::iamspec(&remote);
    assert_eq!(output.status.code(), Some(2));
    assert!(super::stderr(&output).contains("--assume-none is for emulators on this machine"));
}

#[test]
fn an_item_with_a_name_of_iamspec_is_not_overlooked() {
    let server = with_everything();
    let member = "<member><GroupName>iamspec-nobody-0-g0</GroupName></member>";
    let port = listing(&server, "ListGroupsForUser", "Groups", member);
    let (code, text, _) = plan(&port.url, &[]);
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains("RemoveUserFromGroup iamspec-nobody-0-g0"), "{text}");
}

#[test]
fn a_bare_user_can_be_deleted_now() {
    let server = super::server(None);
    super::client(&server.url()).execute(&Operation::create_user(User(0)));
    let name = "iamspec-test-0-u0";
    let output = super::iamspec(&["plan", name, "--endpoint", &server.url()]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.starts_with(&format!("{name} can be deleted now:\n  [ ] DeleteUser {name}\n")),
        "{text}"
    );
}
