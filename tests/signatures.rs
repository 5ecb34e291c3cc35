//! The reference server with signature verification, for signed and unsigned requests.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use iamspec_conformance::{Endpoint as _, Response, ScriptRun, Verdict};
use iamspec_harness::server::fault_injection::FaultPlan;
use iamspec_harness::server::{Options, Server};
use iamspec_model::{AttachmentKind, IssueOptions, Item, Operation, Status, User};

fn server() -> Server {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(free, Options { verify_signatures: true, ..Options::default() }).unwrap()
}

fn verdicts(replay: &ScriptRun) -> Vec<&Verdict> {
    replay.exchanges.iter().map(|it| &it.verdict).collect()
}

/// One of the scripts signs with an access key that it has just created.
#[test]
fn every_script_passes_signature_verification() {
    let server = server();
    let signed = super::run(&mut super::client(&server.url()));
    let unchecked = super::server(None);
    let unchecked = super::run(&mut super::client(&unchecked.url()));
    assert_eq!(signed.requests, unchecked.requests);
    for (signed, unchecked) in signed.script_runs.iter().zip(&unchecked.script_runs) {
        assert_eq!(verdicts(signed), verdicts(unchecked), "{}", signed.script.name);
    }
    assert!(server.is_empty());
}

#[test]
fn an_unsigned_request_is_refused_without_effect() {
    let server = server();
    let answer = super::server::posted(&server, "Action=CreateUser&UserName=a");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("<Message>Request is missing Authentication Token</Message>"));
    assert!(server.is_empty());
}

#[test]
fn a_user_signs_with_an_existing_active_key() {
    let user = User(0);
    let [first, second] = [Item(0), Item(1)];
    let issue = |item| Operation::Issue(user, AttachmentKind::AccessKey, item, IssueOptions::None);
    let delete = |item| Operation::Detach(user, AttachmentKind::AccessKey, item);
    let set = |item, status| Operation::SetStatus(user, AttachmentKind::AccessKey, item, status);
    let (active, inactive) = (Status::Active, Status::Inactive);
    for (changes, signs) in [
        (vec![delete(second)], true),
        (vec![delete(first)], true),
        (vec![set(second, inactive)], true),
        (vec![set(first, inactive), delete(second)], false),
        (vec![set(first, inactive), delete(second), set(first, active)], true),
        (vec![delete(first), delete(second)], false),
    ] {
        let server = server();
        let mut client = crate::client(&server.url());
        client.enter_new_namespace();
        let password = Operation::Attach(user, AttachmentKind::LoginProfile, Item(0));
        let setup = [Operation::create_user(user), password, issue(first), issue(second)];
        for op in setup.iter().chain(&changes) {
            assert!(matches!(client.execute(op), Response::Success(_)), "{op:?}");
        }
        let changed = client.execute(&Operation::ChangePassword(user));
        if signs {
            assert_eq!(changed, Response::SUCCESS, "{changes:?}");
        } else {
            // Without a usable key, nothing is sent.
            let text = changed.to_string();
            assert!(text.starts_with("interrupted unsent"), "{changes:?}: {text}");
            assert!(text.contains("no access key to sign with"), "{changes:?}: {text}");
        }
    }
}

#[test]
fn a_key_whose_deletion_was_lost_is_used_only_if_there_is_no_other() {
    let faults = "[[fault]]\non = \"DeleteAccessKey\"\nsort = \"drop\"\neffect = true";
    let faults = FaultPlan::parse(faults).unwrap();
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let options = Options { verify_signatures: true, faults, ..Options::default() };
    let server = Server::start(free, options).unwrap();
    let mut client = crate::client(&server.url());
    client.enter_new_namespace();
    let (user, none) = (User(0), IssueOptions::None);
    let password = Operation::Attach(user, AttachmentKind::LoginProfile, Item(0));
    let issue = |item| Operation::Issue(user, AttachmentKind::AccessKey, item, none);
    for op in [Operation::create_user(user), password, issue(Item(0)), issue(Item(1))] {
        assert!(matches!(client.execute(&op), Response::Success(_)), "{op:?}");
    }
    let lost = client.execute(&Operation::Detach(user, AttachmentKind::AccessKey, Item(1)));
    assert!(matches!(lost, Response::Failed(_)), "{lost}");
    assert_eq!(client.execute(&Operation::ChangePassword(user)), Response::SUCCESS);
}

/// An access key and its secret.
pub(super) type Key = (String, String);

fn root_key() -> Key {
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    ("AKIAIOSFODNN7EXAMPLE".to_owned(), secret.to_owned())
}

/// The response to a form that this key signs for a service. A form without a version gets that of
/// IAM. `edit` changes the `Authorization`
/// header after that.
pub(super) fn signed_post(
    server: &Server,
    key: &Key,
    service: &str,
    form: &str,
    edit: impl Fn(&str) -> String,
) -> String {
    let has_version = form.contains("Version=");
    let form = if has_version { form.to_owned() } else { format!("{form}&Version=2010-05-08") };
    signed_form(server, key, service, &form, edit)
}

/// Like [`signed_post`], with the form as it is.
fn signed_form(
    server: &Server,
    key: &Key,
    service: &str,
    form: &str,
    edit: impl Fn(&str) -> String,
) -> String {
    let address = server.url().trim_start_matches("http://").to_owned();
    let identity = Credentials::new(&key.0, &key.1, None, None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let url = format!("{}/", server.url());
    let signable = SignableBody::Bytes(form.as_bytes());
    let request = SignableRequest::new("POST", url, std::iter::empty(), signable).unwrap();
    let (instructions, _) = sign(request, &params).unwrap().into_parts();
    let mut head = format!("POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in instructions.headers() {
        let value = if name == "authorization" { edit(value) } else { value.to_owned() };
        head += &format!("{name}: {value}\r\n");
    }
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "{head}content-length: {}\r\n\r\n{form}", form.len()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

pub(super) fn unchanged(header: &str) -> String {
    header.to_owned()
}

pub(super) fn element(response: &str, name: &str) -> String {
    super::server::between(response, &format!("<{name}>"), &format!("</{name}>")).to_owned()
}

/// Creates a user with an access key.
fn user_with_key(server: &Server, name: &str) -> Key {
    let root = |form: &str| signed_post(server, &root_key(), "iam", form, unchanged);
    root(&format!("Action=CreateUser&Path=%2Fa%2F&UserName={name}"));
    let created = root(&format!("Action=CreateAccessKey&UserName={name}"));
    (element(&created, "AccessKeyId"), element(&created, "SecretAccessKey"))
}

/// Alice signs and also names the key of Bob.
#[test]
fn the_key_that_was_verified_is_the_caller() {
    let server = server();
    let (alice, bob) = (user_with_key(&server, "alice"), user_with_key(&server, "bob"));
    let own = signed_post(&server, &alice, "iam", "Action=GetUser", unchanged);
    assert_eq!(element(&own, "UserName"), "alice");
    let scope = "20260101/us-east-1/iam/aws4_request";
    let other = format!("{}/{scope}", bob.0);
    let edits: [&dyn Fn(&str) -> String; 5] = [
        &|it| it.replace(" Credential=", &format!(" xCredential={other}, Credential=")),
        &|it| it.replace(" Credential=", &format!(" Credential={other}, Credential=")),
        &|it| format!("{it}, Credential={other}"),
        &|it| format!("{it}, xCredential={other}"),
        &|it| format!("{it}\r\nauthorization: AWS4-HMAC-SHA256 Credential={other}"),
    ];
    let delete = format!("Action=DeleteAccessKey&AccessKeyId={}", bob.0);
    for edit in edits {
        for form in ["Action=GetUser", &delete] {
            let answer = signed_post(&server, &alice, "iam", form, edit);
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
            assert!(answer.contains("<Code>IncompleteSignature</Code>"), "{answer}");
        }
    }
    let kept = signed_post(&server, &bob, "iam", "Action=ListAccessKeys", unchanged);
    assert_eq!(element(&kept, "AccessKeyId"), bob.0);
}

#[test]
fn sts_names_the_account_and_the_user_of_the_caller() {
    let form = "Action=GetCallerIdentity&Version=2011-06-15";
    let server = server();
    let identity = |key: &Key| {
        let answer = signed_post(&server, key, "sts", form, unchanged);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let namespace =
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">";
        assert!(answer.contains(namespace), "{answer}");
        let result = element(&answer, "GetCallerIdentityResult");
        assert!(element(&answer, "RequestId").len() == 36, "{answer}");
        ["Arn", "UserId", "Account"].map(|name| element(&result, name))
    };
    let account = "123456789012";
    let root = format!("arn:aws:iam::{account}:root");
    assert_eq!(identity(&root_key()), [root.as_str(), account, account]);
    let alice = user_with_key(&server, "alice");
    let user = signed_post(&server, &alice, "iam", "Action=GetUser", unchanged);
    let arn = format!("arn:aws:iam::{account}:user/a/alice");
    assert_eq!(identity(&alice), [arn.as_str(), &element(&user, "UserId"), account]);
    // The scope of the signature must be that of the service.
    for (service, form) in [("iam", form), ("sts", "Action=GetUser&Version=2010-05-08")] {
        let answer = signed_post(&server, &alice, service, form, unchanged);
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    }
    // IAM itself has no such action.
    for version in ["", "&Version=2010-05-08"] {
        let form = format!("Action=GetCallerIdentity{version}");
        let answer = signed_form(&server, &alice, "iam", &form, unchanged);
        assert!(answer.contains("<Code>InvalidAction</Code>"), "{answer}");
    }
    let unsigned = super::server::posted(&server, form);
    assert!(unsigned.starts_with("HTTP/1.1 403 "), "{unsigned}");
    // Without verification, an unsigned request comes from the root user.
    let unsigned = super::server::posted(&super::server(None), form);
    assert_eq!(element(&unsigned, "Arn"), root);
}
