//! The parts of IAM that the reference server implements and the model does not cover: the password
//! policy of the account, AWS managed policies, the last use of keys, and devices that only a
//! session with MFA can change.

use std::sync::atomic::{AtomicUsize, Ordering};

use iamspec_harness::server::Server;
use serde_json::{Map, Value, json};

use super::facts::Caller;
use super::reports::folder;
use super::server::posted;
use super::signatures::{element, signed_post, unchanged};

/// The strictest and the weakest policy of an account (B-PP-07).
const POLICIES: [&str; 2] = [
    "MinimumPasswordLength=128&RequireSymbols=true&RequireNumbers=true\
     &RequireUppercaseCharacters=true&RequireLowercaseCharacters=true",
    "MinimumPasswordLength=6",
];

/// The scripts that send a password.
const SCRIPTS: [&str; 6] = [
    "delete-user/alone/login-profile",
    "validation/password",
    "reset/login-profile",
    "change-password/*",
    "recreated/login-profile",
    "repeat/login-profile",
];

#[test]
fn no_password_policy_of_an_account_causes_a_finding() {
    let driver = format!("{} driver", env!("CARGO_BIN_EXE_iamspec"));
    for policy in POLICIES {
        let server = super::server(None);
        let updated = posted(&server, &format!("Action=UpdateAccountPasswordPolicy&{policy}"));
        assert!(updated.starts_with("HTTP/1.1 200 "), "{updated}");
        let url = server.url();
        let options = ["run", "--endpoint", &url, "--tier", "text", "--level", "info"];
        for way in [&[][..], &["--driver", &driver]] {
            let output = super::iamspec(&[&options[..], &SCRIPTS, way].concat());
            let printed = super::stdout(&output);
            assert_eq!(output.status.code(), Some(0), "{policy}: {printed}");
            assert!(printed.contains("0 unexpected, 0 known failures, 0 unsupported"), "{printed}");
        }
    }
}

#[test]
fn a_password_that_only_the_policy_of_the_account_refuses_is_refused_with_its_length() {
    let server = super::server(None);
    posted(&server, "Action=CreateUser&UserName=alice");
    let create = "Action=CreateLoginProfile&UserName=alice&Password=Abcdefgh1!";
    posted(&server, "Action=UpdateAccountPasswordPolicy&MinimumPasswordLength=14");
    let refused = posted(&server, create);
    assert!(refused.contains("<Code>PasswordPolicyViolation</Code>"), "{refused}");
    assert!(refused.contains("Password should have a minimum length of 14<"), "{refused}");
    posted(&server, "Action=DeleteAccountPasswordPolicy");
    assert!(posted(&server, create).starts_with("HTTP/1.1 200 "));
}

/// Without a policy, an account requires three of four classes of characters (B-LP-15).
#[test]
fn a_password_with_fewer_than_three_classes_of_characters_is_refused_by_default() {
    let server = super::server(None);
    posted(&server, "Action=CreateUser&UserName=alice");
    let create = |password: &str| {
        posted(&server, &format!("Action=CreateLoginProfile&UserName=alice&Password={password}"))
    };
    let named = create("abcdefgh1");
    assert!(named.starts_with("HTTP/1.1 400 "), "{named}");
    assert_eq!(element(&named, "Code"), "PasswordPolicyViolation");
    let message = "Password should meet 1 more of the following requirements: Password should \
                   have at least one uppercase letter, Password should have at least one symbol";
    assert_eq!(element(&named, "Message"), message);
    for other in ["abcdefgh", "ABCDEFGH1", "Abcdefgh", "12345678%21", "abcdefgh%21"] {
        let refused = create(other);
        let old = "Password does not conform to the account password policy.";
        assert_eq!(element(&refused, "Message"), old, "{other}");
    }
    // A policy of the account replaces the default.
    posted(&server, "Action=UpdateAccountPasswordPolicy&MinimumPasswordLength=6");
    assert!(create("abcdefgh").starts_with("HTTP/1.1 200 "));
    posted(&server, "Action=DeleteAccountPasswordPolicy");
    for accepted in ["Abcdefgh1", "abcdefgh1%21", "Abcdefgh%21", "ABCDEFGH1%21"] {
        posted(&server, "Action=DeleteLoginProfile&UserName=alice");
        assert!(create(accepted).starts_with("HTTP/1.1 200 "), "{accepted}");
    }
}

/// A tool that deletes everything lists these first.
#[test]
fn what_the_account_never_has_is_listed_as_empty() {
    let server = super::server(None);
    for (action, list, has_pages) in [
        ("ListRoles", "Roles", true),
        ("ListInstanceProfiles", "InstanceProfiles", true),
        ("ListServerCertificates", "ServerCertificateMetadataList", true),
        ("ListAccountAliases", "AccountAliases", true),
        ("ListOpenIDConnectProviders", "OpenIDConnectProviderList", false),
        ("ListSAMLProviders", "SAMLProviderList", false),
    ] {
        let response = posted(&server, &format!("Action={action}"));
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        let result = super::server::between(
            &response,
            &format!("<{action}Result>"),
            &format!("</{action}Result>"),
        );
        let elements: String = result.split_whitespace().collect();
        let truncated = if has_pages { "<IsTruncated>false</IsTruncated>" } else { "" };
        assert_eq!(elements, format!("<{list}/>{truncated}"));
        // Only a listing with pages checks their size.
        let page = posted(&server, &format!("Action={action}&MaxItems=0"));
        assert_eq!(page.starts_with("HTTP/1.1 400 "), has_pages, "{page}");
    }
}

/// The number of logs. Tests run in parallel: each log has a folder of its own.
static LOGS: AtomicUsize = AtomicUsize::new(0);

/// A log of `CloudTrail` with these actions of Alice: the parameters, and the error code, with its message
/// after a colon.
fn audited(calls: &[(&str, Value, Option<&str>)]) -> (Option<i32>, String) {
    let event = |(index, (action, parameters, code)): (usize, &(&str, Value, Option<&str>))| {
        let mut event = Map::from_iter([
            ("eventSource".to_owned(), json!("iam.amazonaws.com")),
            ("eventName".to_owned(), json!(action)),
            ("eventTime".to_owned(), json!(format!("2026-01-01T00:{index:02}:00Z"))),
            ("eventID".to_owned(), json!(format!("event-{index}"))),
            ("recipientAccountId".to_owned(), json!("123456789012")),
            (
                "userIdentity".to_owned(),
                json!({ "type": "IAMUser", "userName": "alice", "accountId": "123456789012" }),
            ),
            ("requestParameters".to_owned(), parameters.clone()),
        ]);
        let error = code.map(|it| it.split_once(": ").unwrap_or((it, "")));
        event.extend(error.map(|(code, _)| ("errorCode".to_owned(), json!(code))));
        let message = error.filter(|(_, message)| !message.is_empty());
        event.extend(message.map(|(_, text)| ("errorMessage".to_owned(), json!(text))));
        Value::Object(event)
    };
    let records: Vec<Value> = calls.iter().enumerate().map(event).collect();
    let folder = folder(&format!("outside-model-{}", LOGS.fetch_add(1, Ordering::Relaxed)));
    let file = super::audit::written(&folder, "log.json", &json!({ "Records": records }));
    let output = super::iamspec(&["audit", "--tier", "text", &file.display().to_string()]);
    std::fs::remove_dir_all(folder).unwrap();
    (output.status.code(), super::stdout(&output))
}

#[test]
fn an_audit_accuses_no_refusal_by_a_password_policy() {
    let alice = || json!({ "userName": "alice" });
    let refused = Some("PasswordPolicyViolationException");
    let (code, printed) = audited(&[
        ("CreateUser", alice(), None),
        ("CreateLoginProfile", alice(), refused),
        ("CreateLoginProfile", alice(), None),
        ("UpdateLoginProfile", alice(), refused),
        ("ChangePassword", Value::Null, refused),
    ]);
    assert_eq!(code, Some(0), "{printed}");
    // The refusals have created nothing: a profile exists only after the success.
    let (code, printed) = audited(&[
        ("CreateUser", alice(), None),
        ("CreateLoginProfile", alice(), refused),
        ("DeleteLoginProfile", alice(), None),
    ]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.starts_with("DeleteLoginProfile/not-held"), "{printed}");
}

/// The message about a missing policy of AWS is another one than that about a missing policy of the
/// account (C-096, C-014).
#[test]
fn an_audit_accuses_no_message_about_a_missing_policy_of_aws() {
    let policy = json!({ "policyArn": "arn:aws:iam::aws:policy/NoSuchPolicy" });
    let tier = |message: &str| {
        let error = format!("NoSuchEntityException: {message}");
        audited(&[("GetPolicy", policy.clone(), Some(&error))]).1
    };
    let known = tier("Policy arn:aws:iam::aws:policy/NoSuchPolicy was not found.");
    assert!(known.contains(" 0 impossible"), "{known}");
    let unknown = tier("There is no such policy.");
    assert!(unknown.contains(" 1 impossible") && unknown.contains("C-096"), "{unknown}");
}

#[test]
fn an_audit_finds_that_a_policy_of_aws_was_changed() {
    let policy = || json!({ "policyArn": "arn:aws:iam::aws:policy/IAMUserChangePassword", "versionId": "v1" });
    for action in ["DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion"] {
        for code in [Some("AccessDenied"), Some("NoSuchEntityException")] {
            let (_, printed) = audited(&[(action, policy(), code)]);
            assert!(printed.contains(" 0 impossible"), "{action} {code:?}: {printed}");
        }
        let (status, printed) = audited(&[(action, policy(), None)]);
        assert_eq!(status, Some(1), "{action}: {printed}");
        assert!(printed.starts_with(&format!("{action}/carried-out")), "{printed}");
        assert!(printed.contains("403 AccessDenied"), "{printed}");
        // A policy of the account with the same name may be changed.
        let own = json!({
            "policyArn": "arn:aws:iam::123456789012:policy/IAMUserChangePassword",
            "versionId": "v1",
        });
        assert_eq!(audited(&[(action, own, None)]).0, Some(0), "{action}");
    }
}

#[test]
fn an_audit_finds_that_a_policy_of_a_service_role_was_attached_to_a_user() {
    let attach = |arn: &str, code| {
        let members = json!({ "userName": "alice", "policyArn": arn });
        audited(&[("AttachUserPolicy", members, code)])
    };
    let of_role = "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy";
    let (status, printed) = attach(of_role, None);
    assert_eq!(status, Some(1), "{printed}");
    assert!(printed.contains("400 PolicyNotAttachable"), "{printed}");
    let (_, printed) = attach(of_role, Some("PolicyNotAttachableException"));
    assert!(printed.contains(" 0 impossible"), "{printed}");
    assert_eq!(attach(READ_ONLY, None).0, Some(0));
}

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

fn status_of(server: &Server, form: &str) -> String {
    posted(server, form).lines().next().unwrap().to_owned()
}

#[test]
fn a_policy_of_aws_is_attached_and_detached_and_stays_out_of_the_account() {
    let server = super::server(None);
    let attachment = format!("UserPolicy&UserName=alice&PolicyArn={READ_ONLY}");
    posted(&server, "Action=CreateUser&UserName=alice");
    // A policy of the account with the same name is another one.
    let document = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
    let own = format!("Action=CreatePolicy&PolicyName=ReadOnlyAccess&PolicyDocument={document}");
    assert!(posted(&server, &own).starts_with("HTTP/1.1 200 "));
    assert!(status_of(&server, &format!("Action=Attach{attachment}")).contains(" 200 "));
    let listed = posted(&server, "Action=ListAttachedUserPolicies&UserName=alice");
    assert_eq!(element(&listed, "PolicyArn"), READ_ONLY);
    let conflict = posted(&server, "Action=DeleteUser&UserName=alice");
    assert!(conflict.contains("must detach all policies first."), "{conflict}");
    let policy = posted(&server, &format!("Action=GetPolicy&PolicyArn={READ_ONLY}"));
    assert_eq!(element(&policy, "AttachmentCount"), "1");
    let policies = |scope: &str| {
        let form = format!("Action=ListPolicies&MaxItems=1000&Scope={scope}");
        posted(&server, &form).matches("<Arn>").count()
    };
    assert_eq!((policies("Local"), policies("AWS")), (1, 1000));
    let summary = posted(&server, "Action=GetAccountSummary");
    assert!(summary.contains("<key>Policies</key>\n        <value>1</value>"), "{summary}");
    let details = posted(&server, "Action=GetAccountAuthorizationDetails&Filter.member.1=User");
    assert!(details.contains(READ_ONLY) && details.contains("<Policies/>"), "{details}");
    assert!(status_of(&server, &format!("Action=Detach{attachment}")).contains(" 200 "));
    posted(&server, "Action=DeleteUser&UserName=alice");
    posted(
        &server,
        "Action=DeletePolicy&PolicyArn=arn:aws:iam::123456789012:policy/ReadOnlyAccess",
    );
    assert!(server.is_empty());
}

#[test]
fn a_policy_of_aws_is_a_boundary_while_a_user_has_it() {
    let server = super::server(None);
    let create = format!("Action=CreateUser&UserName=alice&PermissionsBoundary={READ_ONLY}");
    assert_eq!(element(&posted(&server, &create), "PermissionsBoundaryArn"), READ_ONLY);
    let user = posted(&server, "Action=GetUser&UserName=alice");
    assert_eq!(element(&user, "PermissionsBoundaryArn"), READ_ONLY);
    posted(&server, "Action=DeleteUser&UserName=alice");
    assert!(server.is_empty());
}

#[test]
fn the_last_use_of_a_key_is_shown() {
    let server = super::server(None);
    posted(&server, "Action=CreateUser&UserName=alice");
    let created = posted(&server, "Action=CreateAccessKey&UserName=alice");
    let key = ["AccessKeyId", "SecretAccessKey"].map(|it| element(&created, it));
    let last_used = format!("Action=GetAccessKeyLastUsed&AccessKeyId={}", key[0]);
    let unused = posted(&server, &last_used);
    assert!(
        !unused.contains("LastUsedDate") && unused.contains("<Region>N/A</Region>"),
        "{unused}"
    );
    signed_post(&server, &key.into(), "iam", "Action=GetUser", unchanged);
    let used = posted(&server, &last_used);
    assert!(used.contains("<LastUsedDate>20"), "{used}");
    assert_eq!(
        [element(&used, "ServiceName"), element(&used, "Region")],
        ["iam".to_owned(), "us-east-1".to_owned()]
    );
}

/// The id of the user is the same, and its ARN has the new name (C-034).
#[test]
fn a_key_works_after_its_user_is_renamed() {
    let server = super::server(None);
    let created = posted(&server, "Action=CreateUser&UserName=alice");
    let id = element(&created, "UserId");
    let created = posted(&server, "Action=CreateAccessKey&UserName=alice");
    let key = ["AccessKeyId", "SecretAccessKey"].map(|it| element(&created, it)).into();
    let renamed = posted(&server, "Action=UpdateUser&UserName=alice&NewUserName=bob");
    assert!(renamed.starts_with("HTTP/1.1 200 "), "{renamed}");
    let user = signed_post(&server, &key, "iam", "Action=GetUser", unchanged);
    assert_eq!(element(&user, "UserName"), "bob");
    let form = "Action=GetCallerIdentity&Version=2011-06-15";
    let caller = signed_post(&server, &key, "sts", form, unchanged);
    assert!(element(&caller, "Arn").ends_with(":user/bob"), "{caller}");
    assert_eq!(element(&caller, "UserId"), id);
}

#[test]
fn a_user_with_a_device_changes_its_devices_only_in_a_session_with_mfa() {
    let mut caller = Caller::new();
    for request in [
        "CreateUser UserName=alice",
        "CreateVirtualMFADevice VirtualMFADeviceName=phone",
        "EnableMFADevice UserName=alice SerialNumber=$SerialNumber AuthenticationCode1=@code-1 AuthenticationCode2=@code-2",
        "CreateAccessKey UserName=alice",
    ] {
        caller.send(request);
        assert_eq!(caller.responses.last().unwrap().status, 200, "{request}");
    }
    let body = caller.responses.last().unwrap().body.clone();
    let key = ["AccessKeyId", "SecretAccessKey"].map(|it| element(&body, it));
    let device = "arn:aws:iam::123456789012:mfa/phone";
    let deactivate = format!("Action=DeactivateMFADevice&UserName=alice&SerialNumber={device}");
    let refused = signed_post(&caller.server, &key.into(), "iam", &deactivate, unchanged);
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    assert!(refused.contains("authenticated with an MFA device that is enabled"), "{refused}");
    // Another caller is not held to it (B-MF-10).
    assert!(posted(&caller.server, &deactivate).starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_credential_for_bedrock_has_an_alias_a_secret_and_an_expiration() {
    let server = super::server(None);
    posted(&server, "Action=CreateUser&UserName=alice");
    let create = "Action=CreateServiceSpecificCredential&UserName=alice&ServiceName=";
    let made = posted(&server, &format!("{create}bedrock.amazonaws.com&CredentialAgeDays=30"));
    for name in ["ServiceCredentialAlias", "ServiceCredentialSecret", "ExpirationDate"] {
        assert!(made.contains(&format!("<{name}>")), "{made}");
    }
    assert!(!made.contains("ServicePassword") && !made.contains("ServiceUserName"), "{made}");
    let listed = posted(&server, "Action=ListServiceSpecificCredentials&UserName=alice");
    assert!(listed.contains("<ExpirationDate>") && !listed.contains("Secret>"), "{listed}");
    let long = posted(&server, &format!("{create}bedrock.amazonaws.com&CredentialAgeDays=36601"));
    assert!(long.contains("credentialAgeDays"), "{long}");
    let other = posted(&server, &format!("{create}codecommit.amazonaws.com"));
    assert!(other.contains("<ServicePassword>") && !other.contains("ExpirationDate"), "{other}");
}
