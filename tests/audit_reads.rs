//! `iamspec audit` learns from reads, understands their parameters, and tries every order of events that
//! overlap.

use serde_json::json;

use super::audited_facts::{audit, cloudtrail, har, history};
use super::reports::folder;

fn user(name: &str, path: &str) -> String {
    format!(
        "<member><Path>{path}</Path><UserName>{name}</UserName><UserId>AIDACKCEVSQ6C2EXAMPLE</UserId>\
         <Arn>arn:aws:iam::123456789012:user{path}{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></member>"
    )
}

pub(super) fn response(action: &str, content: &str) -> String {
    format!("<{action}Response><{action}Result>{content}</{action}Result></{action}Response>")
}

fn users(names: &[(&str, &str)], end: &str) -> String {
    let members: String = names.iter().map(|(name, path)| user(name, path)).collect();
    response("ListUsers", &format!("<Users>{members}</Users>{end}"))
}

const MISSING: &str = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>The user with name alice cannot be \
    found.</Message></Error></ErrorResponse>";

/// The exit code of an audit with two minutes between the calls.
pub(super) fn audited(calls: &[(&str, u16, &str)], options: &[&str]) -> (u8, String) {
    audited_every(120, calls, options)
}

/// The exit code of an audit with so many seconds between the calls.
pub(super) fn audited_every(
    seconds: usize,
    calls: &[(&str, u16, &str)],
    options: &[&str],
) -> (u8, String) {
    let folder = folder("audit-reads");
    let file = folder.join(format!("{:?}.har", std::thread::current().id()));
    std::fs::write(&file, har(&history(calls), seconds).to_string()).unwrap();
    audit(&file, options)
}

pub(super) const EMPTY: &[&str] = &["--start", "empty"];

#[test]
fn a_path_prefix_lists_everything_below_it() {
    let create = [
        ("Action=CreateUser&UserName=alice&Path=/a/", 200, "<CreateUserResponse/>"),
        ("Action=CreateUser&UserName=bob&Path=/a/b/", 200, "<CreateUserResponse/>"),
        ("Action=CreateUser&UserName=carol&Path=/c/", 200, "<CreateUserResponse/>"),
    ];
    let list = |names: &[(&str, &str)]| {
        let listed = users(names, "");
        let read = ("Action=ListUsers&PathPrefix=/a/", 200, listed.as_str());
        let calls: Vec<_> = create.iter().copied().chain([read]).collect();
        audited(&calls, EMPTY)
    };
    let (alice, bob, carol) = (("alice", "/a/"), ("bob", "/a/b/"), ("carol", "/c/"));
    let (code, printed) = list(&[alice, bob]);
    assert_eq!(code, 0, "{printed}");
    for wrong in [vec![alice], vec![bob], vec![alice, bob, ("dave", "/a/")]] {
        let (code, printed) = list(&wrong);
        assert_eq!(code, 1, "{wrong:?}: {printed}");
        assert!(printed.starts_with("ListUsers/carried-out"), "{printed}");
    }
    // What the prefix should leave out is not judged.
    let (code, printed) = list(&[alice, bob, carol]);
    assert_eq!(code, 0, "{printed}");
}

#[test]
fn a_listing_of_the_account_leaves_out_what_does_not_belong_to_it() {
    let attach =
        "Action=AttachUserPolicy&UserName=alice&PolicyArn=arn:aws:iam::aws:policy/ReadOnlyAccess";
    let enable = "Action=EnableMFADevice&UserName=alice&SerialNumber=GAHT12345678&\
                  AuthenticationCode1=123456&AuthenticationCode2=654321";
    let own = "Action=CreatePolicy&PolicyName=own&PolicyDocument=%7B%7D";
    let listed = |action: &str, list: &str| response(action, &format!("<{list}/>"));
    let policies = listed("ListPolicies", "Policies");
    let devices = listed("ListVirtualMFADevices", "VirtualMFADevices");
    let mut calls = vec![
        ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>"),
        (attach, 200, "<AttachUserPolicyResponse/>"),
        (enable, 200, "<EnableMFADeviceResponse/>"),
        ("Action=ListPolicies&Scope=Local", 200, policies.as_str()),
        ("Action=ListVirtualMFADevices", 200, devices.as_str()),
    ];
    let all = [EMPTY, &["--level", "info"]].concat();
    let (code, printed) = audited(&calls, &all);
    assert_eq!(code, 0, "{printed}");
    // A policy of the account must be listed.
    let created = response(
        "CreatePolicy",
        "<Policy><PolicyName>own</PolicyName><Arn>arn:aws:iam::123456789012:policy/own</Arn></Policy>",
    );
    calls.insert(1, (own, 200, &created));
    let (code, printed) = audited(&calls, &all);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.starts_with("ListPolicies/carried-out"), "{printed}");
}

#[test]
fn a_page_shows_a_part() {
    let page = users(&[("alice", "/")], "<IsTruncated>true</IsTruncated><Marker>m</Marker>");
    let shown = response("GetUser", &format!("<User>{}</User>", user("bob", "/")))
        .replace("<member>", "")
        .replace("</member>", "");
    let create = ("Action=CreateUser&UserName=bob", 200, "<CreateUserResponse/>");
    let calls = [
        create,
        ("Action=ListUsers&MaxItems=1", 200, page.as_str()),
        ("Action=GetUser&UserName=bob", 200, shown.as_str()),
    ];
    let (code, printed) = audited(&calls, &[]);
    assert_eq!(code, 0, "{printed}");
}

#[test]
fn reads_teach_what_a_user_holds() {
    let keys = response(
        "ListAccessKeys",
        "<AccessKeyMetadata><member><UserName>alice</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE\
         </AccessKeyId><Status>Active</Status></member></AccessKeyMetadata>",
    );
    let read = ("Action=ListAccessKeys&UserName=alice", 200, keys.as_str());
    let delete = ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>");
    // A read in the first minute of the log may show a key that was deleted just before it.
    let (code, printed) = audited(&[read, delete], &[]);
    assert_eq!(code, 0, "{printed}");
    let begin = ("Action=ListGroups", 200, GROUPS);
    let (code, printed) = audited(&[begin, read, delete], &[]);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.starts_with("DeleteUser/holds-access-key"), "{printed}");
    let remove = (
        "Action=DeleteAccessKey&UserName=alice&AccessKeyId=AKIAIOSFODNN7EXAMPLE",
        200,
        "<DeleteAccessKeyResponse/>",
    );
    let (code, printed) = audited(&[begin, read, remove, delete], &[]);
    assert_eq!(code, 0, "{printed}");
}

/// A listing of no groups.
const GROUPS: &str = "<ListGroupsResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListGroupsResult>\
                      <Groups/><IsTruncated>false</IsTruncated></ListGroupsResult></ListGroupsResponse>";

fn call(body: &str) -> (&str, u16, &str) {
    ("Action=GetUser&UserName=alice", 200, body)
}

/// A user has the same id and path in every response, until a call changes it.
#[test]
fn a_record_is_the_same_in_every_response() {
    let get = |path: &str, id: &str| {
        let shown = user("alice", path).replace("<member>", "").replace("</member>", "");
        response("GetUser", &format!("<User>{shown}</User>")).replace("AIDACKCEVSQ6C2EXAMPLE", id)
    };
    let (first, other_path) =
        (get("/", "AIDACKCEVSQ6C2EXAMPLE"), get("/x/", "AIDACKCEVSQ6C2EXAMPLE"));
    let other_id = get("/", "AIDACKCEVSQ6C2EXAMPLF");
    let listed = users(&[("Alice", "/"), ("bob", "/")], "");
    let list = ("Action=ListUsers", 200, listed.as_str());
    let rename = ("Action=UpdateUser&UserName=alice&NewPath=/x/", 200, "<UpdateUserResponse/>");
    let delete = ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>");
    let create = ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>");
    let text = &["--tier", "text"][..];
    for (calls, expected) in [
        (vec![call(&first), call(&first)], None),
        (vec![call(&first), call(&other_id)], Some("UserId \"AIDACKCEVSQ6C2EXAMPLE\" as in ")),
        (
            vec![call(&first), call(&other_path)],
            Some("GetUser alice -> 200 [], 2026-01-01T00:02:00.250Z"),
        ),
        (vec![call(&first), list], Some("UserName \"alice\" as in ")),
        (vec![call(&first), rename, call(&other_path)], None),
        (vec![call(&first), delete, create, call(&other_id)], None),
    ] {
        // The first response is known for certain a minute after the log begins.
        let calls: Vec<_> = [call(&first)].into_iter().chain(calls).collect();
        let (code, printed) = audited(&calls, text);
        assert_eq!(code, u8::from(expected.is_some()), "{calls:?}: {printed}");
        assert!(expected.is_none_or(|it| printed.contains(it)), "{printed}");
        let (code, printed) = audited(&calls, &["--tier", "text", "--anonymize"]);
        assert_eq!(code, u8::from(expected.is_some()), "{printed}");
        for name in ["alice", "Alice", "AIDA", "arn:"] {
            assert!(!printed.contains(name), "{name}: {printed}");
        }
    }
}

/// A refused read teaches too: a user without a password is not kept by one.
#[test]
fn a_refusal_teaches_what_a_user_does_not_hold() {
    let error = |code: &str, message: &str| {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        )
    };
    let no_profile = error("NoSuchEntity", "Login Profile for User alice cannot be found.");
    let conflict = |kind: &str| {
        error("DeleteConflict", &format!("Cannot delete entity, must delete {kind} first."))
    };
    let (of_profile, of_keys) = (conflict("login profile"), conflict("access keys"));
    let read = ("Action=GetLoginProfile&UserName=alice", 404, no_profile.as_str());
    for (message, is_found) in [(&of_profile, true), (&of_keys, false)] {
        let delete = ("Action=DeleteUser&UserName=alice", 409, message.as_str());
        let (code, printed) = audited(
            &[("Action=ListGroups", 200, GROUPS), read, delete],
            &["--tier", "text", "--level", "should"],
        );
        assert_eq!(code, u8::from(is_found), "{printed}");
    }
}

/// Names of which no fact says whether they are the same, and names that are taken under another path.
#[test]
fn names_that_may_be_taken_accuse_nobody() {
    let tags = |key: &str| {
        let member = format!("<member><Key>{key}</Key><Value>1</Value></member>");
        response("ListUserTags", &format!("<Tags>{member}</Tags><IsTruncated>false</IsTruncated>"))
    };
    let tag = |user: &str, key: &str| {
        format!("Action=TagUser&UserName={user}&Tags.member.1.Key={key}&Tags.member.1.Value=1")
    };
    let error = |code: &str, message: &str| {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        )
    };
    let (alice, bob, shown) = (tag("alice", "team"), tag("bob", "Team"), tags("Team"));
    let done = "<TagUserResponse/>";
    let create = |name: &'static str| (name, 200, "<CreateUserResponse/>");
    let case = vec![
        create("Action=CreateUser&UserName=alice"),
        create("Action=CreateUser&UserName=bob"),
        (alice.as_str(), 200, done),
        (bob.as_str(), 200, done),
        ("Action=ListUserTags&UserName=bob", 200, shown.as_str()),
    ];
    let arn = "arn:aws:iam::123456789012:policy";
    let created = response("CreatePolicy", &format!("<Policy><Arn>{arn}/a/p</Arn></Policy>"));
    let taken = error(
        "EntityAlreadyExists",
        "A policy called p already exists. Duplicate names are not allowed.",
    );
    let missing = error("NoSuchEntity", &format!("Policy {arn}/A/p was not found."));
    let policy =
        ("Action=CreatePolicy&PolicyName=p&Path=/a/&PolicyDocument={}", 200, created.as_str());
    let elsewhere =
        vec![policy, ("Action=CreatePolicy&PolicyName=p&PolicyDocument={}", 409, taken.as_str())];
    let get = format!("Action=GetPolicy&PolicyArn={arn}/A/p");
    let other_case = vec![policy, (get.as_str(), 404, missing.as_str())];
    let hidden = error("NoSuchEntity", "(secret)");
    let enable = "Action=EnableMFADevice&UserName=anna&SerialNumber=arn:aws:iam::123456789012:mfa/d&\
                  AuthenticationCode1=123456&AuthenticationCode2=654321";
    let gone = MISSING.replace("alice", "anna");
    let hidden_message = vec![
        (enable, 404, hidden.as_str()),
        ("Action=DeleteUser&UserName=anna", 404, gone.as_str()),
    ];
    for calls in [case, elsewhere, other_case, hidden_message] {
        for options in [EMPTY, &["--level", "info"]] {
            let first = ("Action=ListGroups", 200, GROUPS);
            let calls: Vec<_> = [first].into_iter().chain(calls.iter().copied()).collect();
            let (code, printed) = audited(&calls, options);
            assert_eq!(code, 0, "{printed}");
        }
    }
}

#[test]
fn a_listing_shows_each_user_once() {
    for (names, code) in [(&["alice", "bob"][..], 0), (&["alice", "bob", "alice"], 1)] {
        let listed: Vec<_> = names.iter().map(|it| (*it, "/")).collect();
        let body = users(&listed, "");
        let (found, printed) = audited(&[("Action=ListUsers", 200, body.as_str())], &[]);
        assert_eq!(found, code, "{printed}");
        assert_eq!(
            printed.contains("expected      200 with only one alice  "),
            code == 1,
            "{printed}"
        );
    }
}

/// Of two listings that contradict each other, the second one is a finding, once, with the first one.
#[test]
fn listings_that_contradict_each_other_are_one_finding() {
    let with = users(&[("ghost", "/")], "");
    let without = users(&[], "");
    let calls: Vec<_> = [&with, &without, &without]
        .into_iter()
        .map(|it| ("Action=ListUsers", 200, it.as_str()))
        .collect();
    let (code, printed) = audited(&calls, &["--lag", "0s"]);
    assert_eq!(code, 1, "{printed}");
    assert_eq!(printed.matches("IMPOSSIBLE").count(), 1, "{printed}");
    assert!(printed.contains("ListUsers -> 200 [ghost], "), "{printed}");
    assert!(printed.contains("expected      200 with ghost  "), "{printed}");
}

/// What the first event of a log shows is known, also if the time since then is unknown.
#[test]
fn a_finding_has_no_event_that_does_not_matter() {
    let key = "<UserName>alice</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><Status>Active</Status>";
    let keys = |entries: &str| {
        response(
            "ListAccessKeys",
            &format!(
                "<AccessKeyMetadata>{entries}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"
            ),
        )
    };
    let (one, none) = (keys(&format!("<member>{key}</member>")), keys(""));
    let no_profile = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>Login Profile for User \
                      alice cannot be found.</Message></Error></ErrorResponse>";
    let calls = [
        ("Action=ListGroups", 200, GROUPS),
        ("Action=ListAccessKeys&UserName=alice", 200, one.as_str()),
        ("Action=GetLoginProfile&UserName=alice", 404, no_profile),
        ("Action=ListAccessKeys&UserName=alice", 200, none.as_str()),
    ];
    let (code, printed) = audited(&calls, &[]);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("ListAccessKeys alice -> 200 [AKIAIOSFODNN7EXAMPLE]"), "{printed}");
    assert!(!printed.contains("GetLoginProfile"), "{printed}");
}

/// The same file twice is the same log.
#[test]
fn a_record_that_is_given_twice_counts_once() {
    let folder = folder("audit-repeated");
    let created = "<CreateUserResponse><ResponseMetadata><RequestId>f5edb335</RequestId>\
                   </ResponseMetadata></CreateUserResponse>";
    let create = ("Action=CreateUser&UserName=alice", 200, created);
    let log = har(&history(&[create]), 120);
    let files = ["one.har", "two.har"].map(|it| folder.join(it));
    for file in &files {
        std::fs::write(file, log.to_string()).unwrap();
    }
    let (code, printed) = audit(&files[0], &["--start", "empty", files[1].to_str().unwrap()]);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("1 possible, 0 impossible"), "{printed}");
    assert!(printed.contains("1 repeated event left out"), "{printed}");
}

/// A finding has the names of the log, what a listing shows, and no event that does not matter.
#[test]
fn a_finding_is_in_the_names_of_the_log() {
    let key = "AKIAIOSFODNN7EXAMPLE";
    let keys = |user: &str| {
        let key = format!(
            "<UserName>{user}</UserName><AccessKeyId>{key}</AccessKeyId><Status>Active</Status>"
        );
        response(
            "ListAccessKeys",
            &format!(
                "<AccessKeyMetadata><member>{key}</member></AccessKeyMetadata><IsTruncated>false</IsTruncated>"
            ),
        )
    };
    let listed = keys("Alice");
    let none = response("ListAccessKeys", "<AccessKeyMetadata/><IsTruncated>false</IsTruncated>");
    let done = "<CreateUserResponse/>";
    let path = users(&[("Alice", "/")], "");
    let calls = [
        ("Action=CreateUser&UserName=Alice", 200, done),
        ("Action=ListUsers", 200, path.as_str()),
        ("Action=ListAccessKeys&UserName=Alice", 200, none.as_str()),
        ("Action=ListAccessKeys&UserName=Alice", 200, listed.as_str()),
    ];
    let (code, printed) = audited(&calls, &["--start", "empty"]);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains(&format!("ListAccessKeys Alice -> 200 [{key}], ")), "{printed}");
    assert!(printed.contains("expected      200 []"), "{printed}");
    assert!(!printed.contains("ListUsers"), "{printed}");
    let (_, hidden) = audited(&calls, &["--start", "empty", "--anonymize"]);
    assert!(!hidden.contains("Alice") && !hidden.contains(key), "{hidden}");
}

/// A read may show the state before a change that was made just before the log begins.
#[test]
fn a_listing_in_the_first_seconds_of_a_log_may_be_stale() {
    let policies =
        |names: &str| response("ListUserPolicies", &format!("<PolicyNames>{names}</PolicyNames>"));
    let list = "Action=ListUserPolicies&UserName=alice";
    let (none, one) = (policies(""), policies("<member>p</member>"));
    let code_with = |first: &str| {
        let calls = [("Action=ListGroups", 200, GROUPS), (list, 200, &*none), (list, 200, &*one)];
        let mut har = har(&history(&calls), 120);
        har["log"]["entries"][1]["startedDateTime"] = json!(format!("2026-01-01T00:{first}.000Z"));
        let file = folder("audit-reads").join("first-seconds.har");
        std::fs::write(&file, har.to_string()).unwrap();
        audit(&file, &[])
    };
    let (code, printed) = code_with("00:01");
    assert_eq!(code, 0, "{printed}");
    let (code, printed) = code_with("02:00");
    assert_eq!(code, 1, "{printed}");
}

/// An endpoint that accepts an invalid request may have done anything that it asks for, and more. A later
/// response must not be accused because of it.
#[test]
fn an_accepted_invalid_request_may_have_any_effect() {
    let create = ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>");
    let put = "Action=PutUserPolicy&UserName=alice&PolicyName=p&PolicyDocument=%7B1%7D";
    let put = (put, 200, "<PutUserPolicyResponse/>");
    let shown = response(
        "GetUserPolicy",
        "<UserName>alice</UserName><PolicyName>p</PolicyName><PolicyDocument>%7B1%7D</PolicyDocument>",
    );
    let get = ("Action=GetUserPolicy&UserName=alice&PolicyName=p", 200, shown.as_str());
    let device = "arn:aws:iam::123456789012:mfa/d";
    let created = response(
        "CreateVirtualMFADevice",
        &format!("<VirtualMFADevice><SerialNumber>{device}</SerialNumber></VirtualMFADevice>"),
    );
    let device_created =
        ("Action=CreateVirtualMFADevice&VirtualMFADeviceName=d", 200, created.as_str());
    let enable = format!(
        "Action=EnableMFADevice&UserName=alice&SerialNumber={device}&AuthenticationCode1=123456&AuthenticationCode2=123456"
    );
    let enable = (enable.as_str(), 200, "<EnableMFADeviceResponse/>");
    let delete = format!("Action=DeleteVirtualMFADevice&SerialNumber={device}");
    let conflict = "<ErrorResponse><Error><Code>DeleteConflict</Code><Message>MFA VirtualDevice in use. Must deactivate \
                    first.</Message></Error></ErrorResponse>";
    let delete = (delete.as_str(), 409, conflict);
    let long = response("CreateUser", &format!("<User>{}</User>", user("ab", "/")))
        .replace("<member>", "")
        .replace("</member>", "");
    let renamed = ("Action=CreateUser&UserName=a%20b", 200, long.as_str());
    let shown_user = long.replace("CreateUser", "GetUser");
    let get_renamed = ("Action=GetUser&UserName=ab", 200, shown_user.as_str());
    let renaming = "Action=UpdateUser&UserName=alice&NewUserName=a%20b&NewPath=x";
    let renaming = (renaming, 200, "<UpdateUserResponse/>");
    let group = "<Path>/</Path><GroupName>ops</GroupName><GroupId>AGPACKCEVSQ6C2EXAMPLE</GroupId>\
                 <Arn>arn:aws:iam::123456789012:group/ops</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>";
    let created_group = response("CreateGroup", &format!("<Group>{group}</Group>"));
    let group_created = ("Action=CreateGroup&GroupName=ops", 200, created_group.as_str());
    let group_renamed =
        ("Action=UpdateGroup&GroupName=ops&NewGroupName=o%20ps", 200, "<UpdateGroupResponse/>");
    let no_group = MISSING.replace("user with name alice", "group with name ops");
    let group_gone = ("Action=GetGroup&GroupName=ops", 404, no_group.as_str());
    for calls in [
        vec![create, put, get],
        vec![create, device_created, enable, delete],
        vec![renamed, get_renamed],
        vec![create, renaming, get_renamed],
        vec![group_created, group_renamed, group_gone],
    ] {
        for start in [EMPTY, &[]] {
            let (_, printed) = audited(&calls, start);
            let last = calls.last().unwrap().0.split(['=', '&']).nth(1).unwrap();
            let accused = printed.lines().any(|it| it.starts_with(&format!("{last}/")));
            assert!(!accused, "{printed}");
        }
    }
}

/// A policy document and the value of a tag are as they were sent last.
#[test]
fn a_read_shows_what_was_sent() {
    let document = |it: &str| {
        let shown = format!(
            "<UserName>alice</UserName><PolicyName>p</PolicyName><PolicyDocument>{it}</PolicyDocument>"
        );
        response("GetUserPolicy", &shown)
    };
    let tag = |value: &str| {
        let member = format!("<member><Key>Team</Key><Value>{value}</Value></member>");
        response("ListUserTags", &format!("<Tags>{member}</Tags><IsTruncated>false</IsTruncated>"))
    };
    let put = |user: &str, document: &str| {
        format!("Action=PutUserPolicy&UserName={user}&PolicyName=p&PolicyDocument={document}")
    };
    let set = |key: &str, value: &str| {
        format!("Action=TagUser&UserName=alice&Tags.member.1.Key={key}&Tags.member.1.Value={value}")
    };
    let (put_one, put_two, put_upper) =
        (put("alice", "%7B%7D"), put("alice", "%7B+%7D"), put("ALICE", "%7B+%7D"));
    let (set_one, set_two, set_lower) = (set("Team", "1"), set("Team", "2"), set("team", "2"));
    let hidden = set("Team", "REDACTED");
    let owned =
        tag("2").replace("<Tags>", "<Tags><member><Key>Owner</Key><Value>x</Value></member>");
    let both = set("Owner", "REDACTED") + "&Tags.member.2.Key=Team&Tags.member.2.Value=2";
    let twice = set("Team", "1") + "&Tags.member.2.Key=team&Tags.member.2.Value=2";
    let encoded = put("alice", "%257B%257D");
    let rename = "Action=UpdateUser&UserName=alice&NewUserName=bob";
    let back = "Action=UpdateUser&UserName=bob&NewUserName=alice";
    let get = "Action=GetUserPolicy&UserName=alice&PolicyName=p";
    let list = "Action=ListUserTags&UserName=alice";
    let (one, two) = (document("%7B%7D"), document("%7B%20%7D"));
    let (tag_one, tag_two) = (tag("1"), tag("2"));
    for (writes, read, body, is_found) in [
        (vec![&put_one], get, &one, false),
        (vec![&put_one], get, &two, true),
        (vec![&put_one, &put_two], get, &two, false),
        (vec![&put_one, &put_two], get, &one, true),
        (vec![&put_one, &put_upper], get, &two, false),
        // A rename keeps the document.
        (vec![&put_one, &rename.to_owned(), &back.to_owned()], get, &one, false),
        (vec![&put_one, &rename.to_owned(), &back.to_owned()], get, &two, true),
        (vec![&set_one], list, &tag_one, false),
        (vec![&set_one], list, &tag_two, true),
        (vec![&set_one, &set_two], list, &tag_one, true),
        (vec![&set_one, &set_lower], list, &tag_two, false),
        (vec![&set_one, &hidden], list, &tag_two, false),
        (vec![&set_one, &both], list, &owned, false),
        (vec![&twice], list, &tag_one, false),
        (vec![&encoded], get, &one, false),
    ] {
        let success = |form: &str| {
            let action = form.split(['=', '&']).nth(1).unwrap();
            format!("<{action}Response/>")
        };
        let responses: Vec<String> = writes.iter().map(|it| success(it)).collect();
        let create = ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>");
        let writes =
            writes.iter().zip(&responses).map(|(form, body)| (form.as_str(), 200, body.as_str()));
        let calls: Vec<_> =
            [create].into_iter().chain(writes).chain([(read, 200, body.as_str())]).collect();
        let (code, printed) = audited(&calls, &["--tier", "text"]);
        assert_eq!(code, u8::from(is_found), "{calls:?}: {printed}");
        assert!(!is_found || printed.contains("as it was sent"), "{printed}");
        // At the speed of a test, a read may show the values before.
        let folder = folder("audit-sent");
        let file = folder.join("seconds.har");
        std::fs::write(&file, har(&history(&calls), 1).to_string()).unwrap();
        let (code, printed) = audit(&file, &["--tier", "text"]);
        assert_eq!(code, 0, "{calls:?}: {printed}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

/// A new user has an id that no earlier user of its name had; that other users have other ids is
/// inferred. A rename keeps the id.
#[test]
fn an_id_belongs_to_one_user() {
    const ID: &str = "AIDACKCEVSQ6C2AAAAAAA";
    let shown = |action: &str, name: &str, id: &str| {
        let shown = user(name, "/").replace("<member>", "").replace("</member>", "");
        response(action, &format!("<User>{shown}</User>")).replace("AIDACKCEVSQ6C2EXAMPLE", id)
    };
    let (alice, bob) = (shown("GetUser", "alice", ID), shown("GetUser", "bob", ID));
    let bob_of_example = shown("GetUser", "bob", "AIDACKCEVSQ6C2EXAMPLE");
    let alice_of_example = shown("GetUser", "alice", "AIDACKCEVSQ6C2EXAMPLE");
    let created = shown("CreateUser", "alice", ID);
    let alice = ("Action=GetUser&UserName=alice", 200, alice.as_str());
    let bob = ("Action=GetUser&UserName=bob", 200, bob.as_str());
    let example = [
        ("Action=GetUser&UserName=alice", 200, alice_of_example.as_str()),
        ("Action=GetUser&UserName=bob", 200, bob_of_example.as_str()),
    ];
    let create = ("Action=CreateUser&UserName=alice", 200, created.as_str());
    let hidden = ("Action=DeleteUser&UserName=REDACTED", 200, "<DeleteUserResponse/>");
    let rename = ("Action=UpdateUser&UserName=alice&NewUserName=bob", 200, "<UpdateUserResponse/>");
    let delete = ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>");
    let lost = ("Action=DeleteUser&UserName=alice", 0, "");
    for (calls, is_found, level) in [
        (vec![alice, bob], true, "info"),
        (vec![alice, bob], false, "must"),
        (vec![alice, rename, bob], false, "info"),
        (vec![alice, lost, rename, bob], false, "info"),
        (vec![alice, hidden, rename, bob], false, "info"),
        (vec![create, delete, create], true, "must"),
        (vec![create, delete, bob], true, "info"),
        (example.to_vec(), false, "info"),
    ] {
        // The first response is known for certain a minute after the log begins.
        let calls: Vec<_> = [("Action=ListGroups", 200, GROUPS)].into_iter().chain(calls).collect();
        let (code, printed) = audited(&calls, &["--tier", "text", "--level", level]);
        assert_eq!(code, u8::from(is_found), "{calls:?}: {printed}");
        assert!(!is_found || printed.contains(" other than "), "{printed}");
    }
}

/// A user may get its own name and another path (C-068); nothing is taken.
#[test]
fn a_rename_to_the_own_name_is_possible() {
    let create = ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>");
    let form = "Action=UpdateUser&UserName=alice&NewUserName=alice&NewPath=/x/";
    let shown = response("GetUser", &format!("<User>{}</User>", user("alice", "/x/")))
        .replace("<member>", "")
        .replace("</member>", "");
    let calls = [
        create,
        (form, 200, "<UpdateUserResponse/>"),
        ("Action=GetUser&UserName=alice", 200, shown.as_str()),
    ];
    for options in [EMPTY, &[]] {
        let (code, printed) = audited(&calls, options);
        assert_eq!(code, 0, "{printed}");
    }
}

/// Nothing is known of a rename to the own name that changes nothing, and the path may be the old one.
#[test]
fn a_refused_rename_to_the_own_name_is_impossible_only_with_another_path() {
    let create = ("Action=CreateUser&UserName=alice&Path=/x/", 200, "<CreateUserResponse/>");
    let refused = "<ErrorResponse><Error><Code>EntityAlreadyExists</Code><Message>User with name alice already \
                   exists.</Message></Error></ErrorResponse>";
    let form = |path| format!("Action=UpdateUser&UserName=alice&NewUserName=alice&NewPath={path}");
    let (same, other) = (form("/x/"), form("/y/"));
    let exists = ("Action=ListAccessKeys&UserName=alice", 200, "<ListAccessKeysResponse/>");
    for (before, call, expected) in
        [(create, &same, 0), (create, &other, 1), (exists, &same, 0), (exists, &other, 0)]
    {
        let (code, printed) = audited(&[before, (call, 409, refused)], &[]);
        assert_eq!(code, expected, "{call}: {printed}");
    }
}

/// Who does not hold a key does not show that nobody holds it.
#[test]
fn a_refusal_for_a_key_of_an_unknown_user_is_possible() {
    let refused = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>Any other words.</Message></Error></ErrorResponse>";
    let update =
        "Action=UpdateAccessKey&UserName=alice&AccessKeyId=AKIAUDATMFJFFVTE5XXP&Status=Inactive";
    let none = response("ListAccessKeys", "<AccessKeyMetadata/><IsTruncated>false</IsTruncated>");
    let listed = ("Action=ListAccessKeys&UserName=alice", 200, none.as_str());
    let calls = [(update, 404, refused), listed, (update, 404, refused)];
    let (code, printed) = audited(&calls, &["--tier", "text"]);
    assert_eq!(code, 0, "{printed}");
}

/// Reads at the same time are judged if nothing changes meanwhile. Calls one after the other in one
/// millisecond do not overlap if the recording has microseconds.
#[test]
fn calls_in_one_millisecond_are_judged() {
    let create = ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>");
    let none = users(&[], "<IsTruncated>false</IsTruncated>");
    let wrong = ("Action=ListUsers", 200, none.as_str());
    let groups = ("Action=ListGroups", 200, GROUPS);
    let delete = ("Action=DeleteGroup&GroupName=devs", 404, MISSING);
    let code_with = |calls: &[(&str, u16, &str)], times: &[&str]| {
        let mut har = har(&history(calls), 120);
        for (entry, time) in har["log"]["entries"].as_array_mut().unwrap().iter_mut().zip(times) {
            entry["startedDateTime"] = json!(format!("2026-01-01T{time}Z"));
            entry["time"] = json!(0.2);
        }
        let file = folder("audit-reads").join("one-millisecond.har");
        std::fs::write(&file, har.to_string()).unwrap();
        audit(&file, &["--start", "empty", "--lag", "0s"]).0
    };
    let same = ["00:00:00.000", "00:02:00.000", "00:02:00.000"];
    assert_eq!(code_with(&[create, wrong, groups], &same), 1);
    assert_eq!(code_with(&[create, wrong, delete], &same), 1);
    // A user that is created meanwhile need not be listed.
    let create_bob = ("Action=CreateUser&UserName=bob", 200, "<CreateUserResponse/>");
    let one = users(&[("alice", "/")], "<IsTruncated>false</IsTruncated>");
    let right = ("Action=ListUsers", 200, one.as_str());
    assert_eq!(code_with(&[create, right, create_bob], &same), 0);
    assert_eq!(code_with(&[create, create_bob, right], &same), 0);
    let apart = ["00:00:00.000100", "00:02:00.000100", "00:02:00.000400"];
    assert_eq!(code_with(&[create, create_bob, right], &apart), 1);
    assert_eq!(code_with(&[create, right, create_bob], &apart), 0);
}

/// A refusal because of a filter says nothing about the user.
#[test]
fn a_filter_is_not_taken_for_a_missing_user() {
    let refused = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>No such service lambda.amazonaws.com is \
                   supported for Service Specific Credentials</Message></Error></ErrorResponse>";
    let calls = [
        ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>"),
        (
            "Action=ListServiceSpecificCredentials&UserName=alice&ServiceName=lambda.amazonaws.com",
            404,
            refused,
        ),
        ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>"),
    ];
    for options in [EMPTY, &[]] {
        let (code, printed) = audited(&calls, options);
        assert_eq!(code, 0, "{printed}");
    }
}

/// The default lag excuses a read of an earlier state, and nothing else.
#[test]
fn a_test_of_a_few_seconds_is_judged() {
    let folder = folder("audit-seconds");
    let create = ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>");
    let policy = (
        "Action=PutUserPolicy&UserName=alice&PolicyName=p&PolicyDocument={}",
        200,
        "<PutUserPolicyResponse/>",
    );
    let get = ("Action=GetUser&UserName=alice", 404, MISSING);
    let other = MISSING.replace("NoSuchEntity", "DeleteConflict");
    let wrong_get = ("Action=GetUser&UserName=alice", 409, other.as_str());
    let delete = ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>");
    for (calls, expected) in [
        (vec![create, get], 0),
        (vec![create, wrong_get], 1),
        (vec![create, policy, delete], 1),
        (vec![create, delete], 0),
    ] {
        let file = folder.join("seconds.har");
        std::fs::write(&file, har(&history(&calls), 1).to_string()).unwrap();
        for options in [EMPTY, &[]] {
            let (code, printed) = audit(&file, options);
            assert_eq!(code, expected, "{calls:?}: {printed}");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// Events of one second may be written in any order, but some order must explain them.
#[test]
fn an_order_is_searched_for_events_of_one_second() {
    let folder = folder("audit-second");
    let key = "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><AccessKeyId>AKIAIOSFODNN7EXAMPLE\
               </AccessKeyId></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>";
    let create = ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>");
    let attach = ("Action=CreateAccessKey&UserName=alice", 200, key);
    let remove = (
        "Action=DeleteAccessKey&UserName=alice&AccessKeyId=AKIAIOSFODNN7EXAMPLE",
        200,
        "<DeleteAccessKeyResponse/>",
    );
    let delete = ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>");
    for (calls, expected) in [
        (vec![delete, remove, attach, create], 0),
        (vec![create, remove, delete, attach], 0),
        (vec![delete, attach, create], 1),
        (vec![create, attach, delete], 1),
    ] {
        let mut log = cloudtrail(&history(&calls), 0);
        for event in log["Records"].as_array_mut().unwrap() {
            event["eventTime"] = json!("2026-01-01T00:00:00Z");
        }
        let file = folder.join("second.json");
        std::fs::write(&file, log.to_string()).unwrap();
        let (code, printed) = audit(&file, EMPTY);
        assert_eq!(code, expected, "{calls:?}: {printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
