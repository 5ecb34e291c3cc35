//! `iamspec audit` accepts correct responses in unusual circumstances, and the same history with a wrong
//! response is impossible where that can be known.

use super::audit_reads::{EMPTY, audited, audited_every, response};

type Call<'a> = (&'a str, u16, &'a str);

const ALICE: Call<'_> = ("Action=CreateUser&UserName=alice", 200, "<CreateUserResponse/>");
const POLICY_ARN: &str = "arn:aws:iam::123456789012:policy/p";

fn refusal(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
}

fn created_policy() -> String {
    let policy = format!("<Policy><PolicyName>p</PolicyName><Arn>{POLICY_ARN}</Arn></Policy>");
    response("CreatePolicy", &policy)
}

fn assert_possible(calls: &[Call<'_>], options: &[&str]) {
    let (code, printed) = audited(calls, options);
    assert_eq!(code, 0, "{printed}");
}

fn assert_impossible(calls: &[Call<'_>], options: &[&str], rule: &str) {
    let (code, printed) = audited(calls, options);
    assert!(code == 1 && printed.starts_with(rule), "expected {rule}: {printed}");
}

/// A user may be created with several tags (B-TG-01).
#[test]
fn a_new_user_shows_all_its_tags() {
    let tag = |key: &str| format!("<member><Key>{key}</Key><Value>1</Value></member>");
    let shown = |tags: &str| {
        response(
            "CreateUser",
            &format!("<User><Path>/</Path><UserName>alice</UserName><Tags>{tags}</Tags></User>"),
        )
    };
    let form = "Action=CreateUser&UserName=alice&Tags.member.1.Key=x&Tags.member.1.Value=1\
                &Tags.member.2.Key=y&Tags.member.2.Value=1";
    assert_possible(&[(form, 200, &shown(&(tag("x") + &tag("y"))))], &[]);
    assert_impossible(&[(form, 200, &shown(&(tag("x") + &tag("z"))))], &[], "CreateUser/");
}

/// A role may use a policy (C-010). Roles are not modeled.
#[test]
fn a_policy_of_a_role_is_not_deleted() {
    let created = created_policy();
    let create = ("Action=CreatePolicy&PolicyName=p&PolicyDocument=%7B%7D", 200, created.as_str());
    let in_use = refusal("DeleteConflict", "Cannot delete a policy attached to entities.");
    let delete = format!("Action=DeletePolicy&PolicyArn={POLICY_ARN}");
    let delete = (delete.as_str(), 409, in_use.as_str());
    let attach = format!("Action=AttachRolePolicy&RoleName=r&PolicyArn={POLICY_ARN}");
    let create_role = format!("Action=CreateRole&RoleName=r&PermissionsBoundary={POLICY_ARN}");
    for of_role in [attach, create_role] {
        assert_possible(&[create, (&of_role, 200, "<AnyResponse/>"), delete], EMPTY);
    }
    assert_impossible(&[create, delete], EMPTY, "DeletePolicy/carried-out");
}

/// No fact says that a listing without `PolicyUsageFilter` leaves out the users with this boundary.
#[test]
fn the_entities_of_a_policy_may_be_users_with_this_boundary() {
    let created = created_policy();
    let create = ("Action=CreatePolicy&PolicyName=p&PolicyDocument=%7B%7D", 200, created.as_str());
    let with_boundary =
        format!("Action=CreateUser&UserName=alice&PermissionsBoundary={POLICY_ARN}");
    let user = "<PolicyGroups/><PolicyRoles/><PolicyUsers><member><UserName>alice</UserName></member></PolicyUsers>";
    let entities = response("ListEntitiesForPolicy", user);
    let list = format!("Action=ListEntitiesForPolicy&PolicyArn={POLICY_ARN}");
    let list = (list.as_str(), 200, entities.as_str());
    let delete = ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>");
    let strict: Vec<&str> = EMPTY.iter().copied().chain(["--level", "info"]).collect();
    let bounded = (with_boundary.as_str(), 200, "<CreateUserResponse/>");
    assert_possible(&[create, bounded, list, delete], &strict);
    assert_possible(&[list, delete], &[]);
    assert_impossible(&[create, ALICE, list], &strict, "ListEntitiesForPolicy/");
}

/// A page has some of the versions (E-009).
#[test]
fn a_page_of_versions_may_lack_the_default() {
    let version = |id: &str, default: bool| {
        format!(
            "<member><VersionId>{id}</VersionId><IsDefaultVersion>{default}</IsDefaultVersion></member>"
        )
    };
    let page = |end: &str| {
        let versions = version("v1", false) + &version("v2", false);
        response("ListPolicyVersions", &format!("<Versions>{versions}</Versions>{end}"))
    };
    let form = format!("Action=ListPolicyVersions&PolicyArn={POLICY_ARN}");
    let more = page("<IsTruncated>true</IsTruncated><Marker>m</Marker>");
    assert_possible(&[(&form, 200, &more)], &[]);
    assert_impossible(&[(&form, 200, &page(""))], &[], "ListPolicyVersions/carried-out");
}

/// `DeleteVirtualMFADevice` does not know hardware devices (C-070).
#[test]
fn a_hardware_device_is_no_virtual_one() {
    let mfa = "UserName=alice&SerialNumber=GAHT12345678";
    let enable = format!(
        "Action=EnableMFADevice&{mfa}&AuthenticationCode1=123456&AuthenticationCode2=654321"
    );
    let deactivate = format!("Action=DeactivateMFADevice&{mfa}");
    let missing =
        refusal("NoSuchEntity", "MFA Device with serial number GAHT12345678 does not exist.");
    let delete = ("Action=DeleteVirtualMFADevice&SerialNumber=GAHT12345678", 404, missing.as_str());
    let calls = [
        ALICE,
        (enable.as_str(), 200, "<EnableMFADeviceResponse/>"),
        (deactivate.as_str(), 200, "<DeactivateMFADeviceResponse/>"),
        delete,
    ];
    assert_possible(&calls, EMPTY);
}

/// The quota is not enforced for calls at the same time (B-AK-05).
#[test]
fn a_quota_binds_calls_one_after_the_other() {
    let create = |id: u32| {
        let key = format!(
            "<AccessKey><UserName>alice</UserName><AccessKeyId>AKIAAUDIT000000000{id:02}</AccessKeyId></AccessKey>"
        );
        response("CreateAccessKey", &key)
    };
    let keys = [create(1), create(2), create(3)];
    let form = "Action=CreateAccessKey&UserName=alice";
    let calls: Vec<Call<'_>> =
        [ALICE].into_iter().chain(keys.iter().map(|it| (form, 200, it.as_str()))).collect();
    assert_impossible(&calls, EMPTY, "CreateAccessKey/quota-reached");
    let (code, printed) = audited_every(0, &calls, EMPTY);
    assert_eq!(code, 0, "{printed}");
}

/// A change of the case is refused (C-036), whatever case the request uses.
#[test]
fn the_name_with_which_a_new_name_is_compared_may_be_the_stored_one() {
    let stored = response("GetUser", "<User><Path>/</Path><UserName>Alice</UserName></User>");
    let taken = refusal("EntityAlreadyExists", "User with name alice already exists.");
    let rename = ("Action=UpdateUser&UserName=alice&NewUserName=alice", 409, taken.as_str());
    assert_possible(&[("Action=GetUser&UserName=alice", 200, &stored), rename], &[]);
}

/// The text about a taken name may show the stored name.
#[test]
fn a_message_may_show_the_stored_name() {
    let taken = |name: &str| {
        refusal("EntityAlreadyExists", &format!("User with name {name} already exists."))
    };
    let again = "Action=CreateUser&UserName=ALICE";
    for (name, is_possible) in [("alice", true), ("ALICE", true), ("bob", false)] {
        let calls = [ALICE, (again, 409, &taken(name))];
        let (code, printed) = audited(&calls, &["--tier", "text"]);
        assert_eq!(code == 0, is_possible, "{name}: {printed}");
    }
}

/// B-MP-05 records the code of 2023 and the message of 2025 in its note.
#[test]
fn a_malformed_arn_was_refused_with_other_words() {
    let name = "a-policy-name-of-some-length";
    let form = format!("Action=AttachUserPolicy&UserName=alice&PolicyArn={name}");
    let today = format!("ARN {name} is not valid.");
    for (code, message, is_possible) in [
        ("ValidationError", today.as_str(), true),
        ("InvalidInput", &today, true),
        ("ValidationError", "Invalid ARN:  Could not be parsed!", true),
        ("InvalidInput", "Invalid ARN:  Could not be parsed!", false),
        ("ValidationError", "Wrong ARN", false),
    ] {
        let refused = refusal(code, message);
        let (exit, printed) = audited(&[ALICE, (&form, 400, &refused)], &["--tier", "text"]);
        assert_eq!(exit == 0, is_possible, "{code} {message}: {printed}");
    }
}

/// A tag whose key has another case than a known one may be the same tag or another one. It says nothing
/// about what else the user holds.
#[test]
fn a_tag_in_another_case_hides_no_key() {
    let key = "<AccessKey><UserName>alice</UserName><AccessKeyId>AKIAAUDIT00000000001</AccessKeyId></AccessKey>";
    let key = response("CreateAccessKey", key);
    let tag = |key: &str| {
        format!("Action=TagUser&UserName=alice&Tags.member.1.Key={key}&Tags.member.1.Value=1")
    };
    let (lower, upper) = (tag("team"), tag("Team"));
    let calls = [
        ALICE,
        ("Action=CreateAccessKey&UserName=alice", 200, key.as_str()),
        (&lower, 200, "<TagUserResponse/>"),
        (&upper, 200, "<TagUserResponse/>"),
        ("Action=DeleteUser&UserName=alice", 200, "<DeleteUserResponse/>"),
    ];
    assert_impossible(&calls, EMPTY, "DeleteUser/holds-access-key");
}

/// A user that calls exists, also if the log starts with an empty account.
#[test]
fn a_caller_need_not_be_created_by_the_log() {
    let read = |caller: serde_json::Value| {
        let folder = super::reports::folder("audit-caller");
        let refused = serde_json::json!({ "Records": [
            {
                "eventTime": "2026-01-01T00:00:00Z", "eventSource": "iam.amazonaws.com",
                "eventName": "ListAccessKeys", "eventID": "1", "recipientAccountId": "123456789012",
                "userIdentity": caller, "requestParameters": { "userName": "admin" },
                "responseElements": null,
            },
        ] });
        std::fs::write(folder.join("log.json"), refused.to_string()).unwrap();
        super::audited_facts::audit(&folder, EMPTY)
    };
    let (code, printed) = read(serde_json::json!({ "type": "IAMUser", "userName": "admin" }));
    assert_eq!(code, 0, "{printed}");
    let (code, printed) = read(serde_json::json!({ "type": "IAMUser", "userName": "other" }));
    assert!(code == 1 && printed.starts_with("ListAccessKeys/"), "{printed}");
}

/// A refusal that a user is missing, soon after its creation, does not show that the device exists: the user
/// may be invisible (F-002), and no fact gives the text of a device that the user does not hold.
#[test]
fn a_refusal_within_the_lag_teaches_what_each_visible_state_explains() {
    let missing = refusal("NoSuchEntity", "The user with name alice cannot be found.");
    let device = "arn:aws:iam::123456789012:mfa/d1";
    let deactivate = format!("Action=DeactivateMFADevice&UserName=alice&SerialNumber={device}");
    let shown =
        format!("<VirtualMFADevice><SerialNumber>{device}</SerialNumber></VirtualMFADevice>");
    let created = response("CreateVirtualMFADevice", &shown);
    let create = ("Action=CreateVirtualMFADevice&VirtualMFADeviceName=d1", 200, created.as_str());
    // The log begins more than the lag before the refusal.
    let first = ("Action=CreateGroup&GroupName=devs", 200, "<CreateGroupResponse/>");
    let calls = [first, ALICE, (deactivate.as_str(), 404, missing.as_str()), create];
    let (code, printed) = audited_every(50, &calls, &[]);
    assert_eq!(code, 0, "{printed}");
}

/// Files are read in the order of their first times, and an export of CloudTrail Lake has `null` as text.
#[test]
fn files_in_any_order_are_one_history() {
    let folder = super::reports::folder("audit-unusual");
    let event = |hour: u32, name: &str| {
        let time = format!("2026-01-01T{hour:02}:00:00Z");
        serde_json::json!({ "Records": [{
            "eventTime": time, "eventSource": "iam.amazonaws.com", "eventName": name, "eventID": name,
            "recipientAccountId": "123456789012", "errorCode": "null",
            "requestParameters": { "userName": "alice" }, "responseElements": null,
        }] })
    };
    let files = [(1, "CreateUser", "b.json"), (5, "DeleteUser", "a.json")];
    for (hour, name, file) in files {
        std::fs::write(folder.join(file), event(hour, name).to_string()).unwrap();
    }
    let (code, printed) = super::audited_facts::audit(&folder, EMPTY);
    assert!(code == 0 && printed.contains("2 possible"), "{printed}");
    assert!(printed.contains("0 out of order"), "{printed}");
}
