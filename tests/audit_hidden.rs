//! `iamspec audit` draws no conclusion from a value that a tool has replaced in a recording.

use super::audited_facts::{audit, har, history};
use super::reports::folder;

fn ok(action: &str, content: &str) -> String {
    format!("<{action}Response><{action}Result>{content}</{action}Result></{action}Response>")
}

fn refused(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
}

fn user(name: &str, path: &str, letter: char) -> String {
    let id: String = std::iter::repeat_n(letter, 16).collect();
    format!(
        "<Path>{path}</Path><UserName>{name}</UserName><UserId>AIDA{id}A</UserId>\
         <Arn>arn:aws:iam::123456789012:user{path}{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>"
    )
}

fn key(id: &str) -> String {
    format!(
        "<UserName>alice</UserName><AccessKeyId>{id}</AccessKeyId><Status>Active</Status>\
         <CreateDate>2026-01-01T00:00:00Z</CreateDate>"
    )
}

/// What tools write in place of a value.
const MARKS: [&str; 4] = ["%28secret%29", "REDACTED", "%3CVALUE%3E", "***"];

const KEYS: [&str; 2] = ["AKIAAAAAAAAAAAAAAAAA", "AKIABBBBBBBBBBBBBBBB"];

/// Checks that a history is possible, whatever exists before it, with each mark in place of `@`.
fn assert_possible(calls: &[(&str, u16, &str)]) {
    assert_possible_after(&["empty", "unknown"], calls);
}

fn assert_possible_after(starts: &[&str], calls: &[(&str, u16, &str)]) {
    let folder = folder("audit-hidden");
    let file = folder.join(format!("{:?}.har", std::thread::current().id()));
    for mark in MARKS {
        let forms: Vec<String> = calls.iter().map(|it| it.0.replace('@', mark)).collect();
        let calls: Vec<_> =
            forms.iter().zip(calls).map(|(form, it)| (form.as_str(), it.1, it.2)).collect();
        std::fs::write(&file, har(&history(&calls), 120).to_string()).unwrap();
        for start in starts {
            let options = ["--start", start, "--tier", "text", "--level", "info"];
            let (code, printed) = audit(&file, &options);
            assert_ne!(code, 1, "{mark}: {printed}");
        }
    }
}

#[test]
fn a_listing_with_a_hidden_filter_teaches_nothing() {
    let created = ok("CreateUser", &format!("<User>{}</User>", user("alice", "/", 'A')));
    let create = ("Action=CreateUser&UserName=alice", 200, created.as_str());
    let issued =
        KEYS.map(|id| ok("CreateAccessKey", &format!("<AccessKey>{}</AccessKey>", key(id))));
    let [first, second] =
        issued.each_ref().map(|it| ("Action=CreateAccessKey&UserName=alice", 200, it.as_str()));
    let page = ok(
        "ListAccessKeys",
        &format!("<AccessKeyMetadata><member>{}</member></AccessKeyMetadata>", key(KEYS[1])),
    );
    let list = ("Action=ListAccessKeys&UserName=alice&Marker=a@b", 200, page.as_str());
    assert_possible(&[create, first, second, list]);
    // The listing is not taken for the whole, also if nothing was known before.
    let deleted = refused("DeleteConflict", "Cannot delete entity, must delete access keys first.");
    let remove = "Action=DeleteAccessKey&UserName=alice&AccessKeyId=AKIABBBBBBBBBBBBBBBB";
    assert_possible_after(
        &["unknown"],
        &[
            list,
            (remove, 200, "<DeleteAccessKeyResponse/>"),
            ("Action=DeleteUser&UserName=alice", 409, &deleted),
        ],
    );
    let none = ok("ListUsers", "<IsTruncated>false</IsTruncated><Users/>");
    assert_possible(&[create, ("Action=ListUsers&PathPrefix=@", 200, &none)]);
    assert_possible(&[create, ("Action=ListUsers&PathPrefix=/@/", 200, &none)]);
    let none = ok("ListPolicies", "<Policies/>");
    let policy = ok(
        "CreatePolicy",
        "<Policy><Arn>arn:aws:iam::123456789012:policy/p</Arn><PolicyName>p</PolicyName></Policy>",
    );
    assert_possible(&[
        ("Action=CreatePolicy&PolicyName=p&PolicyDocument=@", 200, &policy),
        ("Action=ListPolicies&Scope=Local&OnlyAttached=@", 200, &none),
    ]);
}

#[test]
fn a_hidden_name_or_path_is_not_the_default_one() {
    let under =
        |path: &str| ok("CreateUser", &format!("<User>{}</User>", user("alice", path, 'A')));
    let (created, root) = (under("/team/"), under("/"));
    assert_possible(&[("Action=CreateUser&UserName=alice&Path=@", 200, &created)]);
    // Two users with hidden names are not one user.
    let create = ("Action=CreateUser&UserName=@", 200, "<CreateUserResponse/>");
    assert_possible(&[create, create]);
    let alice = ("Action=CreateUser&UserName=alice", 200, root.as_str());
    let missing = refused("NoSuchEntity", "The user with name alice cannot be found.");
    let get = ("Action=GetUser&UserName=alice", 404, missing.as_str());
    assert_possible(&[alice, ("Action=DeleteUser&UserName=@", 200, "<DeleteUserResponse/>"), get]);
    let rename = "Action=UpdateUser&UserName=alice&NewUserName=@";
    assert_possible(&[alice, (rename, 200, "<UpdateUserResponse/>"), get]);
    // The user may have been deleted and created again.
    let other = ok("GetUser", &format!("<User>{}</User>", user("alice", "/", 'B')));
    let replaced = ("Action=CreateUser&UserName=@", 200, "<CreateUserResponse/>");
    let delete = ("Action=DeleteUser&UserName=@", 200, "<DeleteUserResponse/>");
    assert_possible(&[alice, delete, replaced, ("Action=GetUser&UserName=alice", 200, &other)]);
    // Several tags of one request.
    let tags = "Action=TagUser&UserName=alice&Tags.member.1.Key=@&Tags.member.1.Value=@\
                &Tags.member.2.Key=b&Tags.member.2.Value=x";
    let listed = ok("ListUserTags", "<Tags><member><Key>b</Key><Value>x</Value></member></Tags>");
    assert_possible(&[
        alice,
        (tags, 200, "<TagUserResponse/>"),
        ("Action=ListUserTags&UserName=alice", 200, &listed),
    ]);
}

/// A message that a tool has hidden, or of which it has hidden a part, is not another message.
#[test]
fn a_hidden_message_is_not_compared() {
    for text in ["@", "The user with name @ cannot be found."] {
        for mark in ["(secret)", "REDACTED", "***"] {
            let body = refused("NoSuchEntity", &text.replace('@', mark));
            let get = ("Action=DeleteUser&UserName=alice", 404, body.as_str());
            assert_possible(&[get]);
            // The status and the code still are.
            let folder = folder("audit-hidden-message");
            let file = folder.join("message.har");
            let calls = [("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>"), get];
            std::fs::write(&file, har(&history(&calls), 120).to_string()).unwrap();
            let (code, printed) = audit(&file, &["--tier", "text"]);
            assert_eq!(code, 1, "{printed}");
        }
    }
}

/// A hidden password or document does not keep the call from being judged.
#[test]
fn a_hidden_secret_is_no_unknown_call() {
    let folder = folder("audit-hidden-secret");
    let file = folder.join("secret.har");
    let profile = "Action=CreateLoginProfile&UserName=alice&Password=%28secret%29";
    let calls = history(&[
        ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>"),
        (profile, 200, "<CreateLoginProfileResponse/>"),
        ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>"),
    ]);
    std::fs::write(&file, har(&calls, 120).to_string()).unwrap();
    let (code, printed) = audit(&file, &[]);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.starts_with("DeleteUser/holds-login-profile"), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}
