//! `iamspec plan` for many users: one row for each, and what is not known is marked.

use std::path::PathBuf;

use super::port::{Port, http};
use iamspec_conformance::Endpoint as _;
use iamspec_harness::server::Server;
use iamspec_model::{AttachmentKind, CreateUserOptions, IssueOptions, Item, Operation, Path, User};

/// A server with three users: two access keys, nothing, and nothing in a path.
fn with_users() -> Server {
    let server = super::server(None);
    let mut owner = super::client(&server.url());
    let key = AttachmentKind::AccessKey;
    let in_path = CreateUserOptions { path: Path(1), ..CreateUserOptions::default() };
    for op in [
        Operation::create_user(User(0)),
        Operation::Issue(User(0), key, Item(0), IssueOptions::None),
        Operation::Issue(User(0), key, Item(1), IssueOptions::None),
        Operation::create_user(User(1)),
        Operation::CreateUser(User(2), in_path),
    ] {
        owner.execute(&op);
    }
    server
}

fn survey(url: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let output = super::iamspec(&[&["plan", "--endpoint", url], more].concat());
    (output.status.code(), super::stdout(&output), super::stderr(&output))
}

fn file(name: &str, text: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("survey-{name}.txt"));
    std::fs::write(&file, text).unwrap();
    file
}

#[test]
fn every_user_has_a_row_in_every_form() {
    let server = with_users();
    let (code, table, _) = survey(&server.url(), &["--all"]);
    assert_eq!(code, Some(5), "{table}");
    assert!(table.contains("complete         0       2       0"), "{table}");
    assert!(table.contains("3 users, 0 incomplete; nothing was changed"), "{table}");
    let (code, csv, _) = survey(&server.url(), &["--all", "--as", "csv"]);
    assert_eq!(code, Some(5));
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(csv.starts_with("user,status,login-profile,access-key,"), "{csv}");
    assert!(csv.contains("\niamspec-test-0-u0,complete,0,2,0,0,0,0,0,0,0,\n"), "{csv}");
    let (_, json, _) = survey(&server.url(), &["--all", "--as", "json"]);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["complete"], true);
    assert_eq!(report["users"][0]["held"].as_array().unwrap().len(), 2);
    assert_eq!(report["users"][1]["status"], "complete");
}

#[test]
fn a_path_and_a_file_select_users() {
    let server = with_users();
    let (code, csv, _) = survey(&server.url(), &["--path-prefix", "/iamspec-test/", "--as", "csv"]);
    assert_eq!(code, Some(0), "{csv}");
    assert_eq!(csv.lines().count(), 2, "{csv}");
    assert!(csv.contains("\niamspec-test-0-u2,complete,"), "{csv}");
    let names = "\u{feff}# people who left\niamspec-test-0-u1\r\n\n  nobody  \niamspec-test-0-u1\n";
    let names = file("names", names);
    let (code, csv, _) = survey(&server.url(), &["--from", names.to_str().unwrap(), "--as", "csv"]);
    assert_eq!(code, Some(4), "{csv}");
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.contains("\nnobody,absent,-,-,"), "{csv}");
}

#[test]
fn wrong_names_and_paths_are_refused_before_a_request() {
    let url = "http://127.0.0.1:9";
    let arn = file("arn", "alice\narn:aws:iam::123456789012:user/bob\n");
    let (code, text, why) = survey(url, &["--from", arn.to_str().unwrap()]);
    assert_eq!((code, text.as_str()), (Some(2), ""));
    assert!(why.contains("line 2: `arn:aws:iam::123456789012:user/bob` is an ARN"), "{why}");
    let empty = file("empty", "# nobody\n");
    let (code, _, why) = survey(url, &["--from", empty.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(why.contains("has no user"), "{why}");
    for prefix in ["team/", "", "/te am/", "/\u{1b}/"] {
        let (code, _, why) = survey(url, &["--path-prefix", prefix]);
        assert_eq!(code, Some(2), "{prefix:?}");
        assert!(why.contains("is not a path prefix of AWS") && !why.contains('\u{1b}'), "{why}");
    }
    let (code, _, why) = survey(url, &["--all", "--as", "aws-cli"]);
    assert_eq!(code, Some(2));
    assert!(why.contains("many users have the formats table, csv and json"), "{why}");
    for more in [&["alice", "--all"][..], &["--all", "--apply"], &["--all", "--from", "x"], &[]] {
        assert_eq!(survey(url, more).0, Some(2), "{more:?}");
    }
}

#[test]
fn what_could_not_be_read_is_marked_in_the_row_of_its_user() {
    let server = with_users();
    let port = Port::before(&server.url(), |body| {
        let error = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no\n\x09no</Message></Error></ErrorResponse>";
        let denied = body.contains("Action=ListAccessKeys&") && body.contains("-u1");
        denied.then(|| http("403 Forbidden", "text/xml", error))
    });
    let (code, csv, _) = survey(&port.url, &["--all", "--as", "csv"]);
    assert_eq!(code, Some(3), "{csv}");
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(
        csv.contains(
            "\niamspec-test-0-u1,incomplete,0,?,0,0,0,0,0,0,0,ListAccessKeys: access denied"
        ),
        "{csv}"
    );
    assert!(csv.contains("\niamspec-test-0-u0,complete,"), "{csv}");
    let (_, table, _) = survey(&port.url, &["--all"]);
    assert!(table.contains("incomplete       0       ?"), "{table}");
    assert!(table.contains("3 users, 1 incomplete"), "{table}");
    let (_, json, _) = survey(&port.url, &["--all", "--as", "json"]);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["complete"], false);
}

#[test]
fn a_list_of_users_without_an_end_is_incomplete() {
    let server = with_users();
    for (page, reason) in [
        ("<Users/><IsTruncated>true</IsTruncated><Marker>m</Marker>", "leads back"),
        ("<Users/><IsTruncated>true</IsTruncated>", "without a Marker"),
        ("<People/>", "no <Users>"),
        ("<Users><member/></Users>", "a user without a name"),
    ] {
        let page = format!(
            "<ListUsersResponse><ListUsersResult>{page}</ListUsersResult></ListUsersResponse>"
        );
        let port = Port::before(&server.url(), move |body| {
            body.contains("Action=ListUsers&").then(|| http("200 OK", "text/xml", page.as_bytes()))
        });
        for form in ["table", "csv", "json"] {
            let (code, text, why) = survey(&port.url, &["--all", "--as", form]);
            assert_eq!(code, Some(3), "{text}");
            assert!(
                why.contains("the list of users was not read to its end") && why.contains(reason),
                "{why}"
            );
            assert!(form == "csv" || text.contains(reason), "{text}");
        }
    }
}

#[test]
fn a_list_of_users_that_does_not_say_that_it_is_complete_is_marked() {
    let server = with_users();
    let port = Port::before(&server.url(), move |body| {
        let page = "<ListUsersResponse><ListUsersResult><Users><member><UserName>iamspec-test-0-u0</UserName></member></Users></ListUsersResult></ListUsersResponse>";
        body.contains("Action=ListUsers&").then(|| http("200 OK", "text/xml", page.as_bytes()))
    });
    let remote = port.url.replace("127.0.0.1", "0.0.0.0");
    for (url, code, mark) in [
        (&port.url, 5, "assumed: no other user"),
        (&remote, 3, "the list of users was not read to its end"),
    ] {
        let words = ["plan", "--all", "--endpoint", url, "--rate", "100000"];
        for form in ["table", "csv", "json"] {
            let mut command = super::command(&[&words[..], &["--as", form]].concat());
            command.envs([("AWS_ACCESS_KEY_ID", "AKIA0"), ("AWS_SECRET_ACCESS_KEY", "x")]);
            let output = command.output().unwrap();
            let (text, why) = (super::stdout(&output), super::stderr(&output));
            assert_eq!(output.status.code(), Some(code), "{form}: {text}{why}");
            assert!(why.contains(mark), "{form}: {why}");
        }
    }
}

#[test]
fn users_whose_names_aws_cannot_have_are_incomplete_and_escaped() {
    let server = with_users();
    let users = "<member><UserName>a&#x9B;2J&#10;complete  bob</UserName></member><member><UserName>=1+1</UserName></member>";
    let page = format!(
        "<ListUsersResponse><ListUsersResult><Users>{users}</Users></ListUsersResult></ListUsersResponse>"
    );
    let port = Port::before(&server.url(), move |body| {
        body.contains("Action=ListUsers&").then(|| http("200 OK", "text/xml", page.as_bytes()))
    });
    for form in ["table", "csv", "json"] {
        let (code, text, _) = survey(&port.url, &["--all", "--as", form]);
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains("incomplete") && !text.contains('\u{9b}'), "{text}");
        assert!(!text.contains("\ncomplete  bob"), "{text}");
    }
    let (_, csv, _) = survey(&port.url, &["--all", "--as", "csv"]);
    assert!(csv.contains("\n'=1+1,absent,"), "{csv}");
}
