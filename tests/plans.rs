//! `iamspec plan` for a user of an endpoint: it only reads, and the printed calls delete the user.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::port::Port;
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
    assert!(text.contains("lost permanently: its secret"), "{text}");
    assert_eq!(text.matches("[ ]").count(), 10, "{text}");
    let log = log.lock().unwrap();
    let actions: Vec<&str> = log.iter().filter_map(|it| it.strip_prefix("Action=")).collect();
    assert_eq!(actions.len(), 10, "{actions:?}");
    let reads = |it: &&str| it.starts_with("Get") || it.starts_with("List");
    assert!(actions.iter().all(reads), "{actions:?}");
}

#[test]
fn the_printed_calls_delete_the_user() {
    let server = with_everything();
    let (code, text, _) = plan(&server.url(), &["--as", "json"]);
    assert_eq!(code, Some(5));
    let printed: serde_json::Value = serde_json::from_str(&text).unwrap();
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
fn a_plan_has_formats_for_the_aws_cli_and_python() {
    let server = with_everything();
    let (_, shell, _) = plan(&server.url(), &["--as", "aws-cli"]);
    assert_eq!(shell.lines().count(), 10, "{shell}");
    assert!(
        shell.starts_with(&format!("aws iam delete-login-profile --user-name '{NAME}'\n")),
        "{shell}"
    );
    assert!(shell.ends_with(&format!("aws iam delete-user --user-name '{NAME}'\n")), "{shell}");
    let (_, python, _) = plan(&server.url(), &["--as", "boto3"]);
    assert!(
        python.contains(&format!(
            "iam.remove_user_from_group(GroupName=\"iamspec-1-plans-1-g0\", UserName=\"{NAME}\")"
        )),
        "{python}"
    );
}

#[test]
fn a_denied_read_makes_the_plan_inconclusive() {
    let server = with_everything();
    let denied = super::port::http(
        "403 Forbidden",
        "text/xml",
        b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
    );
    let port = Port::before(&server.url(), move |body| {
        body.contains("Action=ListSSHPublicKeys").then(|| denied.clone())
    });
    let (code, text, why) = plan(&port.url, &[]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("has 8 attachments"), "{text}");
    assert!(
        why.contains("allow iam:ListSSHPublicKeys, otherwise the plan may be incomplete"),
        "{why}"
    );
}
