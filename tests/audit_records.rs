//! `iamspec audit` compares the records in the responses of a log: what an earlier response has shown is
//! shown again, until a call changes it.

use super::audit_reads::{EMPTY, audited, audited_every, response};

const TEXT: &[&str] = &["--start", "empty", "--tier", "text"];

const ALL: &[&str] = &["--start", "empty", "--tier", "text", "--level", "info"];

const USER: &str = "<Path>/</Path><UserName>alice</UserName><UserId>AIDACKCEVSQ6C2LMN3OPQ</UserId>\
    <Arn>arn:aws:iam::123456789012:user/alice</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>";

const POLICY: &str = "<PolicyName>reader</PolicyName><PolicyId>ANPAUVTV4BPRD2HCBCFKP</PolicyId>\
    <Arn>arn:aws:iam::123456789012:policy/reader</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId>\
    <AttachmentCount>0</AttachmentCount><PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount>\
    <IsAttachable>true</IsAttachable><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
    <UpdateDate>2026-01-01T00:00:00Z</UpdateDate>";

const DOCUMENT: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";

/// A call with its form and the content of its result. Empty: no result.
type Step = (&'static str, String);

fn create_user() -> Step {
    ("Action=CreateUser&UserName=alice", format!("<User>{USER}</User>"))
}

fn create_policy() -> Step {
    (
        "Action=CreatePolicy&PolicyName=reader&PolicyDocument=%7B%7D",
        format!("<Policy>{POLICY}</Policy>"),
    )
}

/// The exit code and the output of an audit of these calls.
fn audited_steps(steps: &[Step], options: &[&str]) -> (u8, String) {
    let calls: Vec<(&str, u16, String)> = steps
        .iter()
        .map(|(form, content)| {
            let action = form.trim_start_matches("Action=").split('&').next().unwrap();
            let body = match content.as_str() {
                "" => format!("<{action}Response/>"),
                content => response(action, content),
            };
            (*form, 200, body)
        })
        .collect();
    let calls: Vec<_> =
        calls.iter().map(|(form, status, body)| (*form, *status, &**body)).collect();
    audited(&calls, options)
}

/// Asserts that the calls are possible, and that they are not if the last response has `wrong` in place of
/// `right`.
#[track_caller]
fn check(steps: &[Step], right: &str, wrong: &str, found: &str) {
    let (code, printed) = audited_steps(steps, ALL);
    assert_eq!(code, 0, "{printed}");
    let mut steps = steps.to_vec();
    let (_, last) = steps.last_mut().unwrap();
    assert!(last.contains(right), "{last}");
    *last = last.replacen(right, wrong, 1);
    let (code, printed) = audited_steps(&steps, TEXT);
    assert_eq!(code, 1, "{wrong}: {printed}");
    assert!(printed.contains(found), "{printed}");
}

#[test]
fn a_key_has_the_same_date_in_every_response() {
    let key = "<AccessKeyId>AKIAL2RWKFCUDX5SEOC2</AccessKeyId><UserName>alice</UserName>\
        <Status>Active</Status><CreateDate>2026-01-01T00:02:00Z</CreateDate>";
    let list = (
        "Action=ListAccessKeys&UserName=alice",
        format!("<AccessKeyMetadata><member>{key}</member></AccessKeyMetadata>"),
    );
    let create = ("Action=CreateAccessKey&UserName=alice", format!("<AccessKey>{key}</AccessKey>"));
    let found = "CreateDate \"2026-01-01T00:02:00Z\" as in ";
    check(&[create_user(), create, list.clone()], "00:02:00Z", "00:03:00Z", found);
    // The key is older than the log.
    let calls = [list.clone(), list];
    let unknown = ["--tier", "text"];
    assert_eq!(audited_steps(&calls, &unknown).0, 0);
    let mut calls = calls;
    calls[1].1 = calls[1].1.replace("00:02:00Z", "00:03:00Z");
    assert_eq!(audited_steps(&calls, &unknown).0, 1);
}

/// A service that lists old dates for constants that a tool wrote in place of ids is not accused.
#[test]
fn a_constant_in_place_of_an_id_says_nothing() {
    let key = |id: &str, date: &str| {
        let key = format!(
            "<AccessKeyId>{id}</AccessKeyId><Status>Active</Status><CreateDate>{date}</CreateDate>"
        );
        (
            "Action=ListAccessKeys&UserName=alice",
            format!("<AccessKeyMetadata><member>{key}</member></AccessKeyMetadata>"),
        )
    };
    for id in ["AKIAIOSFODNN7EXAMPLE", "AKIAAAAAAAAAAAAAAAAA"] {
        let calls = [key(id, "2026-01-01T00:00:00Z"), key(id, "2025-01-01T00:00:00Z")];
        let (code, printed) = audited_steps(&calls, &["--tier", "text", "--level", "info"]);
        assert_eq!(code, 0, "{printed}");
    }
}

#[test]
fn a_rename_keeps_the_id_and_the_date() {
    let get =
        ("Action=GetUser&UserName=bob", format!("<User>{}</User>", USER.replace("alice", "bob")));
    let rename = ("Action=UpdateUser&UserName=alice&NewUserName=bob", String::new());
    let calls = [create_user(), rename, get];
    check(
        &calls,
        "AIDACKCEVSQ6C2LMN3OPQ",
        "AIDACKCEVSQ6C2LMN3OPR",
        "UserId \"AIDACKCEVSQ6C2LMN3OPQ\"",
    );
    check(&calls, "2026-01-01T00:00:00Z", "2026-01-01T00:00:05Z", "CreateDate");
    let moved = ("Action=UpdateUser&UserName=alice&NewPath=/b/", String::new());
    let path =
        USER.replace("<Path>/</Path>", "<Path>/b/</Path>").replace("user/alice", "user/b/alice");
    let get = ("Action=GetUser&UserName=alice", format!("<User>{path}</User>"));
    check(&[create_user(), moved, get], "AIDACKCEVSQ6C2LMN3OPQ", "AIDACKCEVSQ6C2LMN3OPR", "UserId");
}

/// A new user of the old name has another id, also if the first one has another name now.
#[test]
fn after_a_rename_the_old_name_is_free() {
    let other = |text: &str| text.replace("AIDACKCEVSQ6C2LMN3OPQ", "AIDAEEEEVSQ6C2LMN3XYZ");
    let rename = ("Action=UpdateUser&UserName=alice&NewUserName=bob", String::new());
    let create = ("Action=CreateUser&UserName=alice", other(&create_user().1));
    let get = ("Action=GetUser&UserName=alice", other(&create_user().1));
    let calls = [create_user(), rename, create, get];
    check(&calls, "AIDAEEEEVSQ6C2LMN3XYZ", "AIDACKCEVSQ6C2LMN3OPQ", "UserId");
}

#[test]
fn the_default_version_is_the_one_that_was_set() {
    let version = |number: u8| format!("<VersionId>v{number}</VersionId>");
    let create = (
        "Action=CreatePolicyVersion&PolicyArn=arn:aws:iam::123456789012:policy/reader&PolicyDocument=%7B%7D",
        format!(
            "<PolicyVersion>{}<IsDefaultVersion>false</IsDefaultVersion>\
             <CreateDate>2026-01-01T00:02:00Z</CreateDate></PolicyVersion>",
            version(2)
        ),
    );
    let set = (
        "Action=SetDefaultPolicyVersion&PolicyArn=arn:aws:iam::123456789012:policy/reader&VersionId=v2",
        String::new(),
    );
    let get = |number: u8| {
        let policy = POLICY.replace(">v1<", &format!(">v{number}<"));
        let date = "<UpdateDate>2026-01-01T00:02:00Z</UpdateDate>";
        let policy = policy.replace("<UpdateDate>2026-01-01T00:00:00Z</UpdateDate>", date);
        (
            "Action=GetPolicy&PolicyArn=arn:aws:iam::123456789012:policy/reader",
            format!("<Policy>{policy}</Policy>"),
        )
    };
    check(&[create_policy(), create.clone(), get(1)], ">v1<", ">v2<", "DefaultVersionId \"v1\"");
    check(&[create_policy(), create, set, get(2)], ">v2<", ">v1<", "DefaultVersionId \"v2\"");
    check(&[create_policy()], ">v1<", ">v2<", "DefaultVersionId \"v1\"");
    check(&[create_policy()], ">true<", ">false<", "IsAttachable");
}

/// The versions of a deleted policy are not those of a new one with its name.
#[test]
fn a_new_policy_has_its_own_versions() {
    let version = |date: &str, document: &str| {
        (
            "Action=GetPolicyVersion&PolicyArn=arn:aws:iam::123456789012:policy/reader&VersionId=v1",
            format!(
                "<PolicyVersion><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion>\
                 <CreateDate>{date}</CreateDate><Document>{document}</Document></PolicyVersion>"
            ),
        )
    };
    let first = version("2026-01-01T00:00:00Z", DOCUMENT);
    let again = first.clone();
    let mut calls = [create_policy(), first.clone(), again];
    assert_eq!(audited_steps(&calls, ALL).0, 0);
    calls[2].1 = calls[2].1.replace("2012-10-17", "2008-10-17");
    let (code, printed) = audited_steps(&calls, ALL);
    assert!(code == 1 && printed.contains("Document"), "{printed}");
    let delete =
        ("Action=DeletePolicy&PolicyArn=arn:aws:iam::123456789012:policy/reader", String::new());
    let new = POLICY.replace("ANPAUVTV4BPRD2HCBCFKP", "ANPAZZZZ4BPRD2HCBCFKQ");
    let new = new.replace("00:00:00Z", "00:06:00Z");
    let create = (
        "Action=CreatePolicy&PolicyName=reader&PolicyDocument=%7B%7D",
        format!("<Policy>{new}</Policy>"),
    );
    let calls = [create_policy(), first, delete, create, version("2026-01-01T00:06:00Z", "%7B%7D")];
    let (code, printed) = audited_steps(&calls, ALL);
    assert_eq!(code, 0, "{printed}");
}

#[test]
fn an_arn_has_the_path_and_the_name_of_its_record() {
    let group = "<Path>/</Path><GroupName>ops</GroupName><GroupId>AGPALGJBILFVGHJIQ564O</GroupId>\
        <Arn>arn:aws:iam::123456789012:group/ops</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>";
    let create = ("Action=CreateGroup&GroupName=ops", format!("<Group>{group}</Group>"));
    check(
        std::slice::from_ref(&create),
        "group/ops",
        "group/opt",
        "Arn arn:aws:iam::<account>:group/ops",
    );
    check(&[create], "<GroupName>ops", "<GroupName>opt", "GroupName");
    check(
        &[create_policy()],
        "policy/reader",
        "policy/a/reader",
        "Arn arn:aws:iam::<account>:policy/reader",
    );
}

/// The names of policies are unique in an account, whatever their paths (E-030).
#[test]
fn a_name_is_taken_under_every_path() {
    let moved =
        POLICY.replace("<Path>/</Path>", "<Path>/a/</Path>").replace("policy/", "policy/a/");
    let moved = moved.replace("ANPAUVTV4BPRD2HCBCFKP", "ANPAZZZZ4BPRD2HCBCFKQ");
    let again = (
        "Action=CreatePolicy&PolicyName=reader&Path=/a/&PolicyDocument=%7B%7D",
        format!("<Policy>{moved}</Policy>"),
    );
    let (code, printed) = audited_steps(&[create_policy(), again.clone()], EMPTY);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("409 EntityAlreadyExists") && printed.contains("CreatePolicy reader"));
    let delete =
        ("Action=DeletePolicy&PolicyArn=arn:aws:iam::123456789012:policy/reader", String::new());
    let (code, printed) = audited_steps(&[create_policy(), delete, again], EMPTY);
    assert_eq!(code, 0, "{printed}");
}

#[test]
fn a_login_profile_keeps_its_date_when_the_password_changes() {
    let profile = |reset: &str| {
        format!(
            "<LoginProfile><UserName>alice</UserName><PasswordResetRequired>{reset}</PasswordResetRequired>\
             <CreateDate>2026-01-01T00:02:00Z</CreateDate></LoginProfile>"
        )
    };
    let create = ("Action=CreateLoginProfile&UserName=alice&Password=x", profile("false"));
    let other = (
        "Action=CreateLoginProfile&UserName=alice&Password=x&PasswordResetRequired=true",
        profile("true"),
    );
    let update = (
        "Action=UpdateLoginProfile&UserName=alice&Password=y&PasswordResetRequired=false",
        String::new(),
    );
    let get = |reset: &str| ("Action=GetLoginProfile&UserName=alice", profile(reset));
    check(&[create_user(), create.clone()], ">false<", ">true<", "PasswordResetRequired");
    check(
        &[create_user(), create.clone(), get("false")],
        ">false<",
        ">true<",
        "PasswordResetRequired",
    );
    let calls = [create_user(), other, update, get("false")];
    check(&calls, ">false<", ">true<", "PasswordResetRequired \"false\"");
    check(&calls, "00:02:00Z", "00:06:00Z", "CreateDate");
}

#[test]
fn a_user_shows_the_tags_that_were_sent() {
    let tags = "<Tags><member><Key>team</Key><Value>red</Value></member></Tags>";
    let user = format!("<User>{USER}{tags}</User>");
    let create = (
        "Action=CreateUser&UserName=alice&Tags.member.1.Key=team&Tags.member.1.Value=red",
        user.clone(),
    );
    check(std::slice::from_ref(&create), ">red<", ">blue<", "Value as it was sent");
    check(
        &[create, ("Action=GetUser&UserName=alice", user)],
        ">red<",
        ">blue<",
        "Value as it was sent",
    );
}

/// What was created later has a later date. The clocks of the service may differ a little.
#[test]
fn dates_are_in_the_order_of_the_calls() {
    let user = |name: &str, date: &str| {
        let id = format!("AIDACKCEVSQ6C2L{}", name.to_uppercase());
        let user = USER.replace("alice", name).replace("AIDACKCEVSQ6C2LMN3OPQ", &id);
        format!("<User>{}</User>", user.replace("2026-01-01T00:00:00Z", date))
    };
    let two = |date: &str| {
        [
            ("Action=CreateUser&UserName=ABCDEF", user("ABCDEF", "2026-01-01T00:00:00Z")),
            ("Action=CreateUser&UserName=GHIJKL", user("GHIJKL", date)),
        ]
    };
    for (date, expected) in [
        ("2026-01-01T00:00:00Z", 0),
        ("2025-12-31T23:50:00Z", 0),
        ("2027-01-01T00:00:00Z", 0),
        ("2025-12-31T23:40:00Z", 1),
    ] {
        let (code, printed) = audited_steps(&two(date), ALL);
        assert_eq!(code, expected, "{date}: {printed}");
    }
    assert_eq!(audited_steps(&two("2025-12-31T23:40:00Z"), TEXT).0, 0);
}

/// Soon after a creation, a read can only show the new record: there was none before.
#[test]
fn the_first_record_of_a_name_is_never_stale() {
    let user = response("CreateUser", &create_user().1);
    let other = response("GetUser", &create_user().1.replace("3OPQ", "3OPR"));
    let delete = ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>");
    let create = ("Action=CreateUser&UserName=alice", 200, user.as_str());
    let get = ("Action=GetUser&UserName=alice", 200, other.as_str());
    let (code, printed) = audited_every(1, &[create, get], TEXT);
    assert_eq!(code, 1, "{printed}");
    // The earlier user of the name may be visible for a while.
    let again = response("CreateUser", &create_user().1.replace("3OPQ", "3OPS"));
    let again = ("Action=CreateUser&UserName=alice", 200, again.as_str());
    let (code, printed) = audited_every(1, &[create, delete, again, get], TEXT);
    assert_eq!(code, 0, "{printed}");
}

/// The details of an account are read like the listings of each user, group and policy.
#[test]
fn account_details_show_what_each_user_holds() {
    let details = |content: &str| {
        let group = "<Path>/</Path><GroupName>ops</GroupName><GroupId>AGPALGJBILFVGHJIQ564O</GroupId>\
            <Arn>arn:aws:iam::123456789012:group/ops</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
            <GroupPolicyList/><AttachedManagedPolicies/>";
        (
            "Action=GetAccountAuthorizationDetails",
            format!(
                "<UserDetailList><member>{USER}{content}</member></UserDetailList>\
                 <GroupDetailList><member>{group}</member></GroupDetailList>\
                 <IsTruncated>false</IsTruncated>"
            ),
        )
    };
    let of_user = "<GroupList><member>ops</member></GroupList>\
        <UserPolicyList><member><PolicyName>p</PolicyName><PolicyDocument>%7B%7D</PolicyDocument></member>\
        </UserPolicyList><AttachedManagedPolicies/>\
        <Tags><member><Key>team</Key><Value>red</Value></member></Tags>";
    let setup = [
        create_user(),
        ("Action=CreateGroup&GroupName=ops", String::new()),
        ("Action=AddUserToGroup&GroupName=ops&UserName=alice", String::new()),
        ("Action=PutUserPolicy&UserName=alice&PolicyName=p&PolicyDocument=%7B%7D", String::new()),
        (
            "Action=TagUser&UserName=alice&Tags.member.1.Key=team&Tags.member.1.Value=red",
            String::new(),
        ),
    ];
    let calls: Vec<Step> = setup.into_iter().chain([details(of_user)]).collect();
    for (right, wrong, found) in [
        ("<member>ops</member>", "", "ListGroupsForUser alice -> 200 [ops]"),
        (
            "<PolicyName>p</PolicyName>",
            "<PolicyName>q</PolicyName>",
            "ListUserPolicies alice -> 200 [p]",
        ),
        ("<Key>team</Key>", "<Key>teams</Key>", "ListUserTags alice -> 200 [team]"),
    ] {
        check(&calls, right, wrong, found);
    }
    // That the details of groups are complete is inferred.
    let policy = "<GroupPolicyList><member><PolicyName>p</PolicyName></member></GroupPolicyList>";
    let mut wrong = calls.clone();
    wrong[5].1 = wrong[5].1.replace("<GroupPolicyList/>", policy);
    assert_eq!(audited_steps(&wrong, TEXT).0, 0);
    let (code, printed) = audited_steps(&wrong, ALL);
    assert!(code == 1 && printed.contains("ListGroupPolicies ops -> 200"), "{printed}");
    // What the details show is known afterwards.
    let delete = ("Action=DeleteUser&UserName=alice", String::new());
    let learned = ["--start", "unknown"];
    // The first read of a log may be stale.
    let calls = [details(of_user), details(of_user), delete.clone()];
    let (code, printed) = audited_steps(&calls, &learned);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("GetAccountAuthorizationDetails"), "{printed}");
    let bare = "<GroupList/><AttachedManagedPolicies/><Tags/>";
    let (code, printed) = audited_steps(&[details(bare), details(bare), delete], &learned);
    assert_eq!(code, 0, "{printed}");
}

/// A filter selects devices that a user has, or that nobody has.
#[test]
fn a_listing_of_devices_is_compared_by_its_filter() {
    let serial = |name: &str| format!("arn:aws:iam::123456789012:mfa/{name}");
    let create = |form, name: &str| {
        let serial = serial(name);
        (
            form,
            format!("<VirtualMFADevice><SerialNumber>{serial}</SerialNumber></VirtualMFADevice>"),
        )
    };
    let setup = [
        create("Action=CreateVirtualMFADevice&VirtualMFADeviceName=d0", "d0"),
        create("Action=CreateVirtualMFADevice&VirtualMFADeviceName=d1", "d1"),
        create_user(),
        (
            "Action=EnableMFADevice&UserName=alice&SerialNumber=arn:aws:iam::123456789012:mfa/d1\
             &AuthenticationCode1=1&AuthenticationCode2=2",
            String::new(),
        ),
    ];
    let list = |form, names: &[&str]| {
        let member =
            |it: &&str| format!("<member><SerialNumber>{}</SerialNumber></member>", serial(it));
        let members: String = names.iter().map(member).collect();
        (
            form,
            format!(
                "<VirtualMFADevices>{members}</VirtualMFADevices><IsTruncated>false</IsTruncated>"
            ),
        )
    };
    let assigned = "Action=ListVirtualMFADevices&AssignmentStatus=Assigned";
    let unassigned = "Action=ListVirtualMFADevices&AssignmentStatus=Unassigned";
    for (form, names, expected) in [
        (assigned, &["d1"][..], 0),
        (assigned, &[], 1),
        (assigned, &["d0", "d1"], 1),
        (unassigned, &["d0"], 0),
        (unassigned, &[], 1),
        (unassigned, &["d0", "d1"], 1),
    ] {
        let calls: Vec<Step> = setup.iter().cloned().chain([list(form, names)]).collect();
        let (code, printed) = audited_steps(&calls, EMPTY);
        assert_eq!(code, expected, "{form} {names:?}: {printed}");
    }
}

#[test]
fn tags_follow_a_rename() {
    let tag = "Action=TagUser&UserName=alice&Tags.member.1.Key=team&Tags.member.1.Value=red";
    let rename = ("Action=UpdateUser&UserName=alice&NewUserName=bob", String::new());
    let list = (
        "Action=ListUserTags&UserName=bob",
        "<Tags><member><Key>team</Key><Value>red</Value></member></Tags>".to_owned(),
    );
    let calls = [create_user(), (tag, String::new()), rename, list];
    check(&calls, ">red<", ">blue<", "Value as it was sent");
}

/// With this filter, only those are listed to which the policy is attached.
#[test]
fn the_users_of_a_policy_are_compared_by_a_filter() {
    let attach = (
        "Action=AttachUserPolicy&UserName=alice&PolicyArn=arn:aws:iam::123456789012:policy/reader",
        String::new(),
    );
    let list = (
        "Action=ListEntitiesForPolicy&PolicyArn=arn:aws:iam::123456789012:policy/reader\
         &PolicyUsageFilter=PermissionsPolicy",
        "<PolicyGroups/><PolicyRoles/><PolicyUsers><member><UserName>alice</UserName></member></PolicyUsers>"
            .to_owned(),
    );
    let calls = [create_user(), create_policy(), attach, list];
    let (code, printed) = audited_steps(&calls, ALL);
    assert_eq!(code, 0, "{printed}");
    let mut wrong = calls;
    wrong[3].1 = "<PolicyGroups/><PolicyRoles/><PolicyUsers/>".to_owned();
    let (code, printed) = audited_steps(&wrong, ALL);
    assert_eq!(code, 1, "{printed}");
}

/// A user who signs in with a new password changes the profile without a call of IAM. Tools hide whatever has
/// a password in its name.
#[test]
fn a_profile_may_change_at_a_sign_in() {
    let profile = |reset: &str| {
        format!(
            "<LoginProfile><UserName>alice</UserName><PasswordResetRequired>{reset}</PasswordResetRequired>\
             <CreateDate>2026-01-01T00:02:00Z</CreateDate></LoginProfile>"
        )
    };
    let create = |reset| {
        let form: &'static str = match reset {
            "true" => {
                "Action=CreateLoginProfile&UserName=alice&Password=x&PasswordResetRequired=True"
            }
            _ => {
                "Action=CreateLoginProfile&UserName=alice&Password=x&PasswordResetRequired=REDACTED"
            }
        };
        (form, profile("true"))
    };
    let get = ("Action=GetLoginProfile&UserName=alice", profile("false"));
    let change = ("Action=ChangePassword&OldPassword=x&NewPassword=y", String::new());
    for calls in [
        vec![create_user(), create("true"), get.clone()],
        vec![create_user(), create("hidden"), get.clone()],
        vec![create_user(), create("true"), change, get],
    ] {
        let (code, printed) = audited_steps(&calls, ALL);
        assert_eq!(code, 0, "{calls:?}: {printed}");
    }
}

/// Calls whose actions the model lacks may change a record too.
#[test]
fn tags_of_a_policy_may_change_its_date() {
    let tag = ("Action=TagPolicy&PolicyArn=arn:aws:iam::123456789012:policy/reader", String::new());
    let policy = POLICY.replace(
        "<UpdateDate>2026-01-01T00:00:00Z</UpdateDate>",
        "<UpdateDate>2026-01-01T00:02:00Z</UpdateDate>",
    );
    let get = (
        "Action=GetPolicy&PolicyArn=arn:aws:iam::123456789012:policy/reader",
        format!("<Policy>{policy}</Policy>"),
    );
    let calls = [create_policy(), get.clone()];
    assert_eq!(audited_steps(&calls, ALL).0, 1);
    let (code, printed) = audited_steps(&[create_policy(), tag, get], ALL);
    assert_eq!(code, 0, "{printed}");
}

/// Names in ARNs whose account is masked, and a filter whose effect on unused policies is not known.
#[test]
fn what_is_not_known_of_policies_is_no_finding() {
    let masked = POLICY.replace("123456789012", "XXXXXXXXXXXX").replace("reader", "Billing");
    let masked = (
        "Action=CreatePolicy&PolicyName=Billing&PolicyDocument=%7B%7D",
        format!("<Policy>{masked}</Policy>"),
    );
    let attach = (
        "Action=AttachUserPolicy&UserName=alice&PolicyArn=arn:aws:iam::aws:policy/job-function/Billing",
        String::new(),
    );
    let (code, printed) = audited_steps(&[create_user(), attach, masked], EMPTY);
    assert_eq!(code, 0, "{printed}");
    let list = (
        "Action=ListPolicies&Scope=Local&PolicyUsageFilter=PermissionsPolicy",
        "<Policies/><IsTruncated>false</IsTruncated>".to_owned(),
    );
    let (code, printed) = audited_steps(&[create_policy(), list], EMPTY);
    assert_eq!(code, 0, "{printed}");
}

/// One constant in place of several names stands for none of them.
#[test]
fn a_key_that_is_listed_twice_says_nothing() {
    let device = |date: &str| {
        format!(
            "<member><SerialNumber>arn:aws:iam::123456789012:mfa/x</SerialNumber>\
             <EnableDate>{date}</EnableDate></member>"
        )
    };
    let devices = device("2026-01-01T00:00:00Z") + &device("2025-01-01T00:00:00Z");
    let list = (
        "Action=ListVirtualMFADevices",
        format!("<VirtualMFADevices>{devices}</VirtualMFADevices><IsTruncated>false</IsTruncated>"),
    );
    let (code, printed) =
        audited_steps(&[list.clone(), list], &["--tier", "text", "--level", "info"]);
    assert_eq!(code, 0, "{printed}");
}

/// Two accounts behind one host may have users of one name.
#[test]
fn the_user_of_another_account_is_another_user() {
    let other = USER
        .replace("123456789012", "210987654321")
        .replace("3OPQ", "3OPR")
        .replace("alice", "bob");
    let rename = ("Action=UpdateUser&UserName=alice&NewUserName=bob", String::new());
    let get = ("Action=GetUser&UserName=bob", format!("<User>{other}</User>"));
    let (code, printed) = audited_steps(&[create_user(), rename, get], ALL);
    assert_eq!(code, 0, "{printed}");
}

/// After a sign-in, a read may still show the profile as it was before.
#[test]
fn a_profile_after_a_sign_in_may_be_read_stale() {
    let profile = |reset: &str| {
        let profile = format!(
            "<LoginProfile><UserName>alice</UserName><PasswordResetRequired>{reset}</PasswordResetRequired>\
             <CreateDate>2026-01-01T00:02:00Z</CreateDate></LoginProfile>"
        );
        response("GetLoginProfile", &profile)
    };
    let get = "Action=GetLoginProfile&UserName=alice";
    let (one, two) = (profile("true"), profile("false"));
    let calls = [(get, 200, one.as_str()), (get, 200, one.as_str()), (get, 200, two.as_str())];
    let stale = [&calls[..], &[(get, 200, one.as_str())]].concat();
    let (code, printed) = audited_every(40, &stale, &["--tier", "text"]);
    assert_eq!(code, 0, "{printed}");
    let late = [
        &calls[..],
        &[(get, 200, two.as_str()), (get, 200, two.as_str()), (get, 200, one.as_str())],
    ];
    let (code, printed) = audited_every(40, &late.concat(), &["--tier", "text"]);
    assert_eq!(code, 1, "{printed}");
}

/// A constant in place of a name stays one after the user of that name is deleted.
#[test]
fn a_constant_stays_one_after_a_deletion() {
    let user = |id: &str| format!("<member>{}</member>", USER.replace("AIDACKCEVSQ6C2LMN3OPQ", id));
    let list = (
        "Action=ListUsers",
        format!(
            "<Users>{}{}</Users>",
            user("AIDACKCEVSQ6C2LMN3OPQ"),
            user("AIDACKCEVSQ6C2LMN3OPR")
        ),
    );
    let delete = ("Action=DeleteUser&UserName=alice", String::new());
    let get = |id: &str| {
        let user = USER.replace("AIDACKCEVSQ6C2LMN3OPQ", id);
        ("Action=GetGroup&GroupName=ops", format!("<Users><member>{user}</member></Users>"))
    };
    let calls = [list, delete, get("AIDACKCEVSQ6C2LMN3OPS"), get("AIDACKCEVSQ6C2LMN3OPT")];
    let (_, printed) = audited_steps(&calls, &["--tier", "text", "--level", "info"]);
    assert!(!printed.contains("UserId"), "{printed}");
}

/// The root user has the alias of its account as its name, and is no user.
#[test]
fn the_root_user_is_no_user() {
    let root = "<User><UserName>alice</UserName><UserId>123456789012</UserId>\
        <Arn>arn:aws:iam::123456789012:root</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></User>";
    let get = ("Action=GetUser", root.to_owned());
    let calls = [get.clone(), create_user(), get];
    for options in [ALL, &["--start", "unknown"]] {
        let (code, printed) = audited_steps(&calls, options);
        assert_eq!(code, 0, "{printed}");
    }
}

/// A refusal that any action may give says nothing about the account, also of `DeleteUser`.
#[test]
fn a_request_that_was_not_read_says_nothing() {
    for code in ["IncompleteSignature", "RequestEntityTooLarge", "UnrecognizedClientException"] {
        let error = format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
        let user = response("CreateUser", &create_user().1);
        let calls = [
            ("Action=CreateUser&UserName=alice", 200, user.as_str()),
            ("Action=DeleteUser&UserName=alice", 400, error.as_str()),
        ];
        let (code, printed) = audited(&calls, EMPTY);
        assert_eq!(code, 0, "{printed}");
    }
}

/// Two responses that contradict each other are one finding.
#[test]
fn a_wrong_id_is_reported_once() {
    let get = |id: &str| {
        let user = USER.replace("AIDACKCEVSQ6C2LMN3OPQ", id);
        ("Action=GetUser&UserName=alice", format!("<User>{user}</User>"))
    };
    let right = get("AIDACKCEVSQ6C2LMN3OPQ");
    let calls = [create_user(), get("AIDACKCEVSQ6C2LMN3OPR"), right.clone(), right.clone(), right];
    let (code, printed) = audited_steps(&calls, ALL);
    assert!(code == 1 && printed.matches("IMPOSSIBLE").count() == 1, "{printed}");
}
