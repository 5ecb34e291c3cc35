//! Responses that are almost correct: a missing element is named, the rest is read, and nothing is guessed.

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

fn response_to(operation: &Operation, answer: Vec<u8>) -> Response {
    response_with_violations(operation, answer).0
}

/// The response, and the details of the violated wire rules.
fn response_with_violations(operation: &Operation, answer: Vec<u8>) -> (Response, String) {
    let port = Port::answering(answer);
    let mut client = super::client(&port.url);
    client.enter_new_namespace();
    let response = client.execute(operation);
    let details = client.wire_violations().into_iter().map(|it| it.detail);
    (response, details.collect::<Vec<_>>().join("\n"))
}

fn keys(members: &str) -> Vec<u8> {
    let listing = format!(
        "<ListAccessKeysResponse><ListAccessKeysResult>{members}</ListAccessKeysResult></ListAccessKeysResponse>"
    );
    xml("200 OK", &listing)
}

#[test]
fn a_missing_element_of_a_listing_is_named_and_the_listing_is_compared_with_nothing() {
    let list = Operation::List(USER, AttachmentKind::AccessKey);
    let key = "<AccessKeyMetadata><member><AccessKeyId>AKIA1</AccessKeyId>STATUS</member></AccessKeyMetadata>";
    let whole = response_to(&list, keys(&key.replace("STATUS", "<Status>Active</Status>")));
    assert_eq!(whole.to_string(), "200 [?AKIA1]");
    for (members, missing) in [
        ("<IsTruncated>false</IsTruncated>", "the required member AccessKeyMetadata"),
        ("<AccessKeyMetadata><member/></AccessKeyMetadata>", "AccessKeyMetadata.AccessKeyId"),
        ("<AccessKeyMetadata/><IsTruncated>true</IsTruncated>", "<Marker>"),
    ] {
        let (response, details) = response_with_violations(&list, keys(members));
        assert_eq!(response, Response::SUCCESS, "{members}");
        assert!(details.contains(missing), "{details}");
    }
}

/// An endpoint that creates `key#0` with the id `AKIA1`.
fn one_key(status: &'static str) -> Port {
    Port::telling(move |request| {
        Some(if request.contains("Action=Create") {
            xml(
                "200 OK",
                "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><AccessKeyId>AKIA1</AccessKeyId></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>",
            )
        } else {
            keys(&format!(
                "<AccessKeyMetadata><member><UserName>u</UserName><AccessKeyId>AKIA1</AccessKeyId><CreateDate>2026-02-19T08:30:00Z</CreateDate>{status}</member></AccessKeyMetadata>"
            ))
        })
    })
}

#[test]
fn an_unknown_status_is_unreadable_and_a_missing_one_is_compared_with_nothing() {
    for (status, shown) in [
        ("<Status>Active</Status>", "200 [key#0]"),
        ("<Status>Inactive</Status>", "200 [key#0 Inactive]"),
        ("<Status>Expired</Status>", "interrupted unreadable"),
        ("", "200"),
    ] {
        let port = one_key(status);
        let mut client = super::client(&port.url);
        client.enter_new_namespace();
        client.execute(&Operation::Issue(
            USER,
            AttachmentKind::AccessKey,
            Item(0),
            IssueOptions::None,
        ));
        let seen = client.execute(&Operation::List(USER, AttachmentKind::AccessKey));
        assert!(seen.to_string().starts_with(shown), "{seen:?}");
    }
}

#[test]
fn the_name_in_a_get_response_is_compared() {
    let answer = "<GetUserPolicyResponse><GetUserPolicyResult><PolicyName>another</PolicyName></GetUserPolicyResult></GetUserPolicyResponse>";
    let get = Operation::Get(USER, AttachmentKind::InlinePolicy, Item(0));
    let seen = response_to(&get, xml("200 OK", answer));
    assert_eq!(seen.to_string(), "200 [?another]");
}

#[test]
fn only_names_of_the_request_become_symbols() {
    let policy = Resource { kind: ResourceKind::Policy, item: Item(0) };
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
    client.enter_new_namespace();
    let seen = client.execute(&Operation::DeleteResource(policy));
    assert_eq!(seen.to_string(), "404 NoSuchEntity \"p0 or iamspec-test-1-p0\"");
}

/// SDKs do not look at the content type. An HTML page is XML for none of them.
#[test]
fn xml_is_read_whatever_its_content_type_says() {
    let error = "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>none</Message></Error><RequestId>r</RequestId></ErrorResponse>";
    for kind in ["application/json", "text/html", "application/octet-stream"] {
        for start in ["", "\n ", "\u{feff}"] {
            let answer = http("404 No", kind, format!("{start}{error}").as_bytes());
            let (response, details) =
                response_with_violations(&Operation::DeleteUser(USER), answer);
            assert_eq!(response.to_string(), "404 NoSuchEntity \"none\"", "{kind} {start:?}");
            assert!(details.contains(&format!("Content-Type: text/xml, not {kind}")), "{details}");
        }
    }
    for (kind, body, shown) in [
        ("text/html", "<h1>Not found</h1>", "HTML"),
        ("text/xml", "<html><body>Not found</body></html>", "HTML"),
        ("application/json", "\"no\"", "JSON"),
    ] {
        let answer = http("404 No", kind, body.as_bytes());
        let text = response_to(&Operation::DeleteUser(USER), answer).to_string();
        assert!(text.contains(shown), "{kind} {body}: {text}");
    }
}

/// At least one SDK raises an error at such a success.
#[test]
fn a_success_that_is_not_well_formed_is_garbled() {
    let delete = Operation::DeleteUser(USER);
    let body = "<DeleteUserResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DeleteUserResponse>";
    assert_eq!(response_to(&delete, xml("200 OK", body)), Response::SUCCESS);
    let declared = format!("<?xml version=\"1.0\"?>{body}");
    assert_eq!(response_to(&delete, xml("200 OK", &declared)), Response::SUCCESS);
    for broken in [
        format!("deleted {body}"),
        format!("{body} deleted"),
        format!("\n{declared}"),
        declared.replace("?>", " encoding=\"ISO-8859-1\"?>"),
        body.replace("1<", "\u{1}<"),
        body.replace("1<", "&#1;<"),
        body.replace("RequestId", "aws:RequestId"),
        body.replace("<RequestId>", "<RequestId a=1>"),
    ] {
        let Response::Failed(failure) = response_to(&delete, xml("200 OK", &broken)) else {
            panic!("read: {broken}")
        };
        assert_eq!(failure.kind, FailureKind::Garbled, "{broken}: {}", failure.detail);
    }
}

#[test]
fn a_service_failure_does_not_look_unsupported() {
    let error = |code| {
        let body = format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
        response_to(&Operation::DeleteUser(USER), xml("500 Oops", &body))
    };
    let Response::Failed(failure) = error("ServiceFailure") else { panic!("no failure") };
    assert_eq!(failure.kind, FailureKind::Failure);
    assert!(!failure.kind.looks_unsupported());
    assert_eq!(error("NoSuchEntity").to_string(), "500 NoSuchEntity");
}

#[test]
fn a_refusal_of_repeated_codes_is_doubtful() {
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
    client.enter_new_namespace();
    client.execute(&Operation::CreateResource(Resource {
        kind: ResourceKind::Device,
        item: Item(0),
    }));
    let enable = Operation::Attach(USER, AttachmentKind::MfaDevice, Item(0));
    assert!(matches!(client.execute(&enable), Response::Refused { http: 403, .. }));
    let Response::Failed(it) = client.execute(&enable) else { panic!("not doubtful") };
    assert_eq!(it.kind, FailureKind::Doubtful);
}

#[test]
fn a_refusal_of_a_shared_body_is_doubtful() {
    let port = Port::answering(xml(
        "400 No",
        "<ErrorResponse><Error><Code>DuplicateSSHPublicKey</Code></Error></ErrorResponse>",
    ));
    let mut client = super::client(&port.url);
    client.enter_new_namespace();
    let upload = Operation::Issue(USER, AttachmentKind::SshPublicKey, Item(0), IssueOptions::None);
    assert!(matches!(client.execute(&upload), Response::Refused { http: 400, .. }));
    client.enter_new_namespace();
    let Response::Failed(it) = client.execute(&upload) else { panic!("not doubtful") };
    assert_eq!(it.kind, FailureKind::Doubtful);
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
fn an_empty_or_short_secret_does_not_change_messages() {
    for secret in ["<SecretAccessKey/>", "<SecretAccessKey>n</SecretAccessKey>"] {
        let port = with_secret(secret);
        let mut client = super::client(&port.url);
        client.enter_new_namespace();
        for item in (0..3).map(Item) {
            client.execute(&Operation::Issue(
                USER,
                AttachmentKind::AccessKey,
                item,
                IssueOptions::None,
            ));
        }
        let refused = client.execute(&Operation::DeleteUser(USER));
        assert_eq!(refused.to_string(), "409 DeleteConflict \"Cannot delete u0\"", "{secret}");
    }
}

/// A secret is hidden in every form, also in XML that is not well-formed.
#[test]
fn no_form_of_a_secret_is_in_a_trace_or_a_finding() {
    for (secret, is_read) in [
        ("<SecretAccessKey>hush4u5H</SecretAccessKey>", true),
        ("<SecretAccessKey><![CDATA[hush4u5H]]></SecretAccessKey>", true),
        ("<SecretAccessKey><!--x-->hush4u5H</SecretAccessKey>", true),
        ("<x:SecretAccessKey xmlns:x='x'>&#104;ush4u5H</x:SecretAccessKey>", true),
        ("<x:SecretAccessKey>&#104;ush4u5H</x:SecretAccessKey>", false),
        ("<SecretAccessKey a=b>hush4u5H</SecretAccessKey>", false),
        ("<SecretAccessKey>hush4u5H&#1;</SecretAccessKey>", false),
    ] {
        let port = with_secret(secret);
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("forms.trace");
        let settings = ClientSettings::loopback(&port.url, "test", Duration::from_secs(5)).unwrap();
        let trace = Some(Trace::to(&file).unwrap());
        let mut client = HttpClient::with(ClientSettings { trace, ..settings }).unwrap();
        client.enter_new_namespace();
        let issued = client.execute(&Operation::Issue(
            USER,
            AttachmentKind::AccessKey,
            Item(0),
            IssueOptions::None,
        ));
        assert_eq!(matches!(issued, Response::Success(_)), is_read, "{issued}");
        let written = std::fs::read_to_string(&file).unwrap();
        let shown = client.last_exchange().unwrap().response;
        for text in [&written, &shown] {
            assert!(text.contains("AKIA") && text.contains("(secret)"), "{text}");
            assert!(!text.contains("ush4u5H"), "{text}");
        }
    }
}
