//! Answers that are nearly right: what they lack is said, and what is told is believed.

use std::path::Path;
use std::time::Duration;

use super::port::{Port, http};
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::{Endpoint as _, Response};
use iamspec_harness::client::HttpClient;
use iamspec_harness::client::sender::ClientSettings;
use iamspec_harness::client::trace::Trace;
use iamspec_model::{AttachmentKind, IssueOptions, Item, Operation, Resource, ResourceKind, User};

const USER: User = User(0);

fn xml(status: &str, body: &str) -> Vec<u8> {
    http(status, "text/xml", body.as_bytes())
}

fn asked(operation: &Operation, answer: Vec<u8>) -> Response {
    let port = Port::answering(answer);
    let mut client = super::client(&port.url);
    client.fresh();
    client.ask(operation)
}

fn keys(members: &str) -> Vec<u8> {
    let listing = format!(
        "<ListAccessKeysResponse><ListAccessKeysResult>{members}</ListAccessKeysResult></ListAccessKeysResponse>"
    );
    xml("200 OK", &listing)
}

#[test]
fn a_listing_that_lacks_something_is_not_guessed_at() {
    let list = Operation::List(USER, AttachmentKind::AccessKey);
    let key = "<AccessKeyMetadata><member><AccessKeyId>AKIA1</AccessKeyId>STATUS</member></AccessKeyMetadata>";
    let whole = asked(&list, keys(&key.replace("STATUS", "<Status>Active</Status>")));
    assert_eq!(whole.to_string(), "200 [?AKIA1]");
    for (members, lacking) in [
        ("<IsTruncated>false</IsTruncated>".to_owned(), "AccessKeyMetadata"),
        ("<AccessKeyMetadata><member/></AccessKeyMetadata>".to_owned(), "AccessKeyId"),
        ("<AccessKeyMetadata/><IsTruncated>true</IsTruncated>".to_owned(), "Marker"),
    ] {
        let Response::Interrupted(it) = asked(&list, keys(&members)) else { panic!("{members}") };
        assert_eq!(it.cause, FailureKind::Unreadable);
        assert!(it.detail.contains(lacking), "{}", it.detail);
    }
}

/// Answers as an endpoint does that made `key#0` with the id `AKIA1`.
fn one_key(status: &'static str) -> Port {
    Port::telling(move |request| {
        Some(if request.contains("Action=Create") {
            xml(
                "200 OK",
                "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><AccessKeyId>AKIA1</AccessKeyId></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>",
            )
        } else {
            keys(&format!(
                "<AccessKeyMetadata><member><AccessKeyId>AKIA1</AccessKeyId>{status}</member></AccessKeyMetadata>"
            ))
        })
    })
}

#[test]
fn a_status_that_is_missing_or_unknown_is_not_taken_for_active() {
    for (status, shown) in [
        ("<Status>Active</Status>", "200 [key#0]"),
        ("<Status>Inactive</Status>", "200 [key#0 Inactive]"),
        ("<Status>Expired</Status>", "interrupted unreadable"),
        ("", "interrupted unreadable"),
    ] {
        let port = one_key(status);
        let mut client = super::client(&port.url);
        client.fresh();
        client.ask(&Operation::Issue(
            USER,
            AttachmentKind::AccessKey,
            Item(0),
            IssueOptions::Nothing,
        ));
        let seen = client.ask(&Operation::List(USER, AttachmentKind::AccessKey));
        assert!(seen.to_string().starts_with(shown), "{seen:?}");
    }
}

#[test]
fn the_item_that_was_read_is_the_one_that_was_asked_for() {
    let answer = "<GetUserPolicyResponse><GetUserPolicyResult><PolicyName>another</PolicyName></GetUserPolicyResult></GetUserPolicyResponse>";
    let get = Operation::Get(USER, AttachmentKind::InlinePolicy, Item(0));
    let seen = asked(&get, xml("200 OK", answer));
    assert_eq!(seen.to_string(), "200 [?another]");
}

#[test]
fn only_the_name_that_was_sent_becomes_a_symbol() {
    let policy = Resource { class: ResourceKind::Policy, item: Item(0) };
    let port = Port::telling(|request| {
        let arn = request.split("PolicyArn=").nth(1)?.replace("%3A", ":").replace("%2F", "/");
        let name = arn.rsplit('/').next()?.to_owned();
        Some(xml(
            "404 No",
            &format!(
                "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>{arn} or {name}</Message></Error></ErrorResponse>"
            ),
        ))
    });
    let mut client = super::client(&port.url);
    client.fresh();
    let seen = client.ask(&Operation::Delete(policy));
    assert_eq!(seen.to_string(), "404 NoSuchEntity \"p0 or iamspec-test-1-p0\"");
}

#[test]
fn a_service_that_says_it_failed_is_not_taken_for_one_that_lacks_the_call() {
    let error = |code| {
        let body = format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
        asked(&Operation::DeleteUser(USER), xml("500 Oops", &body))
    };
    let Response::Interrupted(failure) = error("ServiceFailure") else { panic!("no failure") };
    assert_eq!(failure.cause, FailureKind::Failure);
    assert!(!failure.cause.looks_unsupported());
    assert_eq!(error("NoSuchEntity").to_string(), "500 NoSuchEntity");
}

#[test]
fn codes_of_a_device_that_were_sent_before_accuse_nobody() {
    let port = Port::telling(|request| {
        Some(if request.contains("Action=CreateVirtual") {
            // `IAMSPEC2` in base 32, in base 64.
            xml(
                "200 OK",
                "<CreateVirtualMFADeviceResponse><CreateVirtualMFADeviceResult><VirtualMFADevice><SerialNumber>arn:aws:iam::123456789012:mfa/iamspec-test-1-d0</SerialNumber><Base32StringSeed>SUFNU1BFQzI=</Base32StringSeed></VirtualMFADevice></CreateVirtualMFADeviceResult></CreateVirtualMFADeviceResponse>",
            )
        } else {
            xml(
                "403 No",
                "<ErrorResponse><Error><Code>InvalidAuthenticationCode</Code></Error></ErrorResponse>",
            )
        })
    });
    let mut client = super::client(&port.url);
    client.fresh();
    client.ask(&Operation::Create(Resource { class: ResourceKind::Device, item: Item(0) }));
    let enable = Operation::Attach(USER, AttachmentKind::MfaDevice, Item(0));
    assert!(matches!(client.ask(&enable), Response::Refused { http: 403, .. }));
    let Response::Interrupted(it) = client.ask(&enable) else { panic!("believed") };
    assert_eq!(it.cause, FailureKind::Doubtful);
}

#[test]
fn a_body_that_another_script_uploaded_accuses_nobody() {
    let port = Port::answering(xml(
        "400 No",
        "<ErrorResponse><Error><Code>DuplicateSSHPublicKey</Code></Error></ErrorResponse>",
    ));
    let mut client = super::client(&port.url);
    client.fresh();
    let upload =
        Operation::Issue(USER, AttachmentKind::SshPublicKey, Item(0), IssueOptions::Nothing);
    assert!(matches!(client.ask(&upload), Response::Refused { http: 400, .. }));
    client.fresh();
    let Response::Interrupted(it) = client.ask(&upload) else { panic!("believed") };
    assert_eq!(it.cause, FailureKind::Doubtful);
}

/// An endpoint that issues keys and devices with this secret, and refuses to delete the user.
fn with_secret(secret: &'static str) -> Port {
    Port::telling(move |request| {
        let user = || request.split("UserName=").nth(1)?.split('&').next();
        Some(if request.contains("Action=CreateAccessKey") {
            let key = format!("<AccessKeyId>AKIA{}</AccessKeyId>{secret}", request.len());
            let result = format!(
                "<CreateAccessKeyResult><AccessKey>{key}</AccessKey></CreateAccessKeyResult>"
            );
            xml("200 OK", &format!("<CreateAccessKeyResponse>{result}</CreateAccessKeyResponse>"))
        } else {
            let message = format!("<Message>Cannot delete {}</Message>", user()?);
            let error = format!("<Error><Code>DeleteConflict</Code>{message}</Error>");
            xml("409 No", &format!("<ErrorResponse>{error}</ErrorResponse>"))
        })
    })
}

#[test]
fn a_message_is_not_changed_by_an_empty_or_a_short_secret() {
    for secret in ["<SecretAccessKey/>", "<SecretAccessKey>n</SecretAccessKey>"] {
        let port = with_secret(secret);
        let mut client = super::client(&port.url);
        client.fresh();
        for item in (0..3).map(Item) {
            client.ask(&Operation::Issue(
                USER,
                AttachmentKind::AccessKey,
                item,
                IssueOptions::Nothing,
            ));
        }
        let refused = client.ask(&Operation::DeleteUser(USER));
        assert_eq!(refused.to_string(), "409 DeleteConflict \"Cannot delete u0\"", "{secret}");
    }
}

/// The reader takes a secret in any of these forms, so that it must not be written down in any of them.
#[test]
fn a_secret_in_another_form_is_in_no_trace_and_in_no_finding() {
    for secret in [
        "<SecretAccessKey>hush4u5H</SecretAccessKey>",
        "<SecretAccessKey><![CDATA[hush4u5H]]></SecretAccessKey>",
        "<SecretAccessKey><!--x-->hush4u5H</SecretAccessKey>",
        "<x:SecretAccessKey>&#104;ush4u5H</x:SecretAccessKey>",
    ] {
        let port = with_secret(secret);
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("forms.trace");
        let settings = ClientSettings::loopback(&port.url, "test", Duration::from_secs(5)).unwrap();
        let trace = Some(Trace::to(&file).unwrap());
        let mut client = HttpClient::with(ClientSettings { trace, ..settings }).unwrap();
        client.fresh();
        let issued = client.ask(&Operation::Issue(
            USER,
            AttachmentKind::AccessKey,
            Item(0),
            IssueOptions::Nothing,
        ));
        assert!(matches!(issued, Response::Done(_)), "{issued}");
        let written = std::fs::read_to_string(&file).unwrap();
        let shown = client.wire().unwrap().answer;
        for text in [&written, &shown] {
            assert!(text.contains("AKIA") && text.contains("(secret)"), "{text}");
            assert!(!text.contains("ush4u5H"), "{text}");
        }
    }
}
