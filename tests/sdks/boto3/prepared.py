"""Tests of operations that a version of the server may not serve. A test runs if `iamspec list calls` names its
operation. The expected responses come from the facts."""

import json

import account
from account import DOCUMENT, NOBODY, PASSWORD, listed, refused
from table import Table

PREPARED = Table()
call = PREPARED

OTHER = json.dumps({"Version": "2012-10-17", "Statement": []})


@call("UpdateUser")
def update_user(iam):
    made = iam.create_user(UserName=account.fresh("user"))["User"]
    old, new, taken = made["UserName"], account.fresh("renamed"), account.user(iam)
    key = iam.create_access_key(UserName=old)["AccessKey"]["AccessKeyId"]
    iam.update_user(UserName=old, NewUserName=new, NewPath="/moved/")
    moved = iam.get_user(UserName=new)["User"]
    assert moved["UserId"] == made["UserId"] and moved["Arn"].endswith(f":user/moved/{new}")
    (held,) = listed(iam, "ListAccessKeys", UserName=new)
    assert (held["AccessKeyId"], held["UserName"]) == (key, new)
    refused(iam, "NoSuchEntity", iam.get_user, UserName=old)
    refused(iam, "NoSuchEntity", iam.update_user, UserName=old, NewUserName=account.fresh("user"))
    refused(iam, "EntityAlreadyExists", iam.update_user, UserName=new, NewUserName=taken)


@call("ListUsers")
def list_users(iam):
    path = f"/{account.fresh('path')}/"
    made = [account.user(iam, Path=path) for _ in range(3)]
    assert [it["UserName"] for it in listed(iam, "ListUsers", PathPrefix=path)] == sorted(made)
    everybody = [it["UserName"] for it in listed(iam, "ListUsers")]
    assert set(made) <= set(everybody) and everybody == sorted(everybody, key=str.lower)


@call("TagUser")
def tag_user(iam):
    name = account.user(iam)
    iam.tag_user(UserName=name, Tags=[{"Key": "Team", "Value": "a b+c"}, {"Key": "empty", "Value": ""}])
    iam.tag_user(UserName=name, Tags=[{"Key": "Team", "Value": "other"}])
    tags = {it["Key"]: it["Value"] for it in iam.get_user(UserName=name)["User"]["Tags"]}
    assert tags == {"Team": "other", "empty": ""}
    many = [{"Key": f"k{number}", "Value": "v"} for number in range(49)]
    refused(iam, "LimitExceeded", iam.tag_user, UserName=name, Tags=many)
    refused(iam, "NoSuchEntity", iam.tag_user, UserName=NOBODY, Tags=many)
    twice = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
    refused(iam, "InvalidInput", iam.tag_user, UserName=name, Tags=twice)
    iam.delete_user(UserName=name)


@call("UntagUser")
def untag_user(iam):
    name = account.user(iam, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_user(UserName=name, TagKeys=["a", "none"])
    assert iam.list_user_tags(UserName=name)["Tags"] == [{"Key": "b", "Value": "2"}]
    iam.untag_user(UserName=name, TagKeys=["b"])
    assert "Tags" not in iam.get_user(UserName=name)["User"]
    refused(iam, "NoSuchEntity", iam.untag_user, UserName=NOBODY, TagKeys=["a"])


@call("ListUserTags")
def list_user_tags(iam):
    name = account.user(iam)
    assert listed(iam, "ListUserTags", UserName=name) == []
    iam.tag_user(UserName=name, Tags=[{"Key": key, "Value": key} for key in "bac"])
    assert [it["Key"] for it in listed(iam, "ListUserTags", UserName=name)] == ["a", "b", "c"]
    refused(iam, "NoSuchEntity", iam.list_user_tags, UserName=NOBODY)


@call("PutUserPermissionsBoundary")
def put_user_permissions_boundary(iam):
    name, first, second = account.user(iam), account.policy(iam), account.policy(iam)
    for arn in [first, second]:
        iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=arn)
        boundary = iam.get_user(UserName=name)["User"]["PermissionsBoundary"]
        assert boundary == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    refused(iam, "DeleteConflict", iam.delete_policy, PolicyArn=second)
    iam.delete_policy(PolicyArn=first)
    put = iam.put_user_permissions_boundary
    refused(iam, "NoSuchEntity", put, UserName=name, PermissionsBoundary=first)
    refused(iam, "NoSuchEntity", put, UserName=NOBODY, PermissionsBoundary=second)
    iam.delete_user(UserName=name)


@call("DeleteUserPermissionsBoundary")
def delete_user_permissions_boundary(iam):
    arn = account.policy(iam)
    name = account.user(iam, PermissionsBoundary=arn)
    iam.delete_user_permissions_boundary(UserName=name)
    assert "PermissionsBoundary" not in iam.get_user(UserName=name)["User"]
    refused(iam, "NoSuchEntity", iam.delete_user_permissions_boundary, UserName=NOBODY)
    iam.delete_policy(PolicyArn=arn)


@call("ResyncMFADevice")
def resync_mfa_device(iam):
    name, made = account.user(iam), account.device(iam)
    members = {"SerialNumber": made["SerialNumber"], **account.codes(made)}
    iam.enable_mfa_device(UserName=name, **members)
    iam.resync_mfa_device(UserName=name, **members)
    refused(iam, "NoSuchEntity", iam.resync_mfa_device, UserName=NOBODY, **members)


@call("ListVirtualMFADevices")
def list_virtual_mfa_devices(iam):
    name, free = account.user(iam), account.device(iam)["SerialNumber"]
    taken = account.enabled(iam, name)

    def shown(**members):
        return {it["SerialNumber"]: it for it in listed(iam, "ListVirtualMFADevices", **members)}

    assert shown()[free] == {"SerialNumber": free}
    assert shown()[taken]["User"]["UserName"] == name
    assigned, unassigned = shown(AssignmentStatus="Assigned"), shown(AssignmentStatus="Unassigned")
    assert taken in assigned and free not in assigned
    assert free in unassigned and taken not in unassigned


@call("GetAccessKeyLastUsed")
def get_access_key_last_used(iam):
    name = account.user(iam)
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    read = iam.get_access_key_last_used(AccessKeyId=key)
    assert read["UserName"] == name
    assert read["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    refused(iam, "AccessDenied", iam.get_access_key_last_used, AccessKeyId="AKIAIOSFODNN7NOBODYS")


@call("ChangePassword")
def change_password(iam):
    """The operation applies to the caller, so the user signs with its own key."""
    name = account.user(iam)
    caller = account.as_holder(iam, iam.create_access_key(UserName=name)["AccessKey"])
    passwords = {"OldPassword": PASSWORD, "NewPassword": PASSWORD + "y"}
    refused(iam, "NoSuchEntity", caller.change_password, **passwords)
    iam.create_login_profile(UserName=name, Password=PASSWORD)
    caller.change_password(**passwords)


@call("GetGroup")
def get_group(iam):
    made = iam.create_group(GroupName=account.fresh("group"))["Group"]
    name, members = made["GroupName"], [account.user(iam) for _ in range(3)]
    assert listed(iam, "GetGroup", GroupName=name) == []
    for member in members:
        iam.add_user_to_group(GroupName=name, UserName=member)
    assert {it["UserName"] for it in listed(iam, "GetGroup", GroupName=name)} == set(members)
    assert iam.get_group(GroupName=name)["Group"] == made
    refused(iam, "NoSuchEntity", iam.get_group, GroupName="none")


@call("ListGroups")
def list_groups(iam):
    made = {account.group(iam) for _ in range(3)}
    shown = [it["GroupName"] for it in listed(iam, "ListGroups")]
    assert made <= set(shown) and shown == sorted(shown, key=str.lower)


@call("UpdateGroup")
def update_group(iam):
    old, new, taken, member = account.group(iam), account.fresh("renamed"), account.group(iam), account.user(iam)
    iam.add_user_to_group(GroupName=old, UserName=member)
    iam.update_group(GroupName=old, NewGroupName=new)
    assert [it["GroupName"] for it in listed(iam, "ListGroupsForUser", UserName=member)] == [new]
    refused(iam, "NoSuchEntity", iam.update_group, GroupName=old, NewGroupName=account.fresh("group"))
    refused(iam, "EntityAlreadyExists", iam.update_group, GroupName=new, NewGroupName=taken)


def inline(iam):
    """A group with an inline policy."""
    name = account.group(iam)
    iam.put_group_policy(GroupName=name, PolicyName="inline", PolicyDocument=DOCUMENT)
    return {"GroupName": name, "PolicyName": "inline"}


@call("PutGroupPolicy")
def put_group_policy(iam):
    policy = inline(iam)
    iam.put_group_policy(**policy, PolicyDocument=OTHER)
    refused(iam, "DeleteConflict", iam.delete_group, GroupName=policy["GroupName"])
    none = policy | {"GroupName": "none"}
    refused(iam, "NoSuchEntity", iam.put_group_policy, **none, PolicyDocument=DOCUMENT)


@call("GetGroupPolicy")
def get_group_policy(iam):
    policy = inline(iam)
    read = iam.get_group_policy(**policy)
    assert read["PolicyDocument"] == json.loads(DOCUMENT), read["PolicyDocument"]
    refused(iam, "NoSuchEntity", iam.get_group_policy, **policy | {"PolicyName": "none"})


@call("ListGroupPolicies")
def list_group_policies(iam):
    name = account.group(iam)
    assert listed(iam, "ListGroupPolicies", GroupName=name) == []
    for policy in "bac":
        iam.put_group_policy(GroupName=name, PolicyName=policy, PolicyDocument=DOCUMENT)
    assert sorted(listed(iam, "ListGroupPolicies", GroupName=name)) == ["a", "b", "c"]
    refused(iam, "NoSuchEntity", iam.list_group_policies, GroupName="none")


@call("DeleteGroupPolicy")
def delete_group_policy(iam):
    policy = inline(iam)
    iam.delete_group_policy(**policy)
    refused(iam, "NoSuchEntity", iam.delete_group_policy, **policy)
    iam.delete_group(GroupName=policy["GroupName"])


@call("AttachGroupPolicy")
def attach_group_policy(iam):
    name, arn = account.group(iam), account.policy(iam)
    iam.attach_group_policy(GroupName=name, PolicyArn=arn)
    refused(iam, "DeleteConflict", iam.delete_group, GroupName=name)
    refused(iam, "DeleteConflict", iam.delete_policy, PolicyArn=arn)
    refused(iam, "NoSuchEntity", iam.attach_group_policy, GroupName="none", PolicyArn=arn)
    none = account.no_policy(arn)
    refused(iam, "NoSuchEntity", iam.attach_group_policy, GroupName=name, PolicyArn=none)


@call("DetachGroupPolicy")
def detach_group_policy(iam):
    name, arn = account.group(iam), account.policy(iam)
    iam.attach_group_policy(GroupName=name, PolicyArn=arn)
    iam.detach_group_policy(GroupName=name, PolicyArn=arn)
    refused(iam, "NoSuchEntity", iam.detach_group_policy, GroupName=name, PolicyArn=arn)
    iam.delete_group(GroupName=name)
    iam.delete_policy(PolicyArn=arn)


@call("ListAttachedGroupPolicies")
def list_attached_group_policies(iam):
    name, arns = account.group(iam), {account.policy(iam) for _ in range(3)}
    assert listed(iam, "ListAttachedGroupPolicies", GroupName=name) == []
    for arn in arns:
        iam.attach_group_policy(GroupName=name, PolicyArn=arn)
    assert {it["PolicyArn"] for it in listed(iam, "ListAttachedGroupPolicies", GroupName=name)} == arns
    refused(iam, "NoSuchEntity", iam.list_attached_group_policies, GroupName="none")


@call("GetPolicy")
def get_policy(iam):
    made = iam.create_policy(PolicyName=account.fresh("policy"), PolicyDocument=DOCUMENT)["Policy"]
    arn, holder = made["Arn"], account.user(iam)
    read = iam.get_policy(PolicyArn=arn)["Policy"]
    assert read | made == read, read
    iam.attach_user_policy(UserName=holder, PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    refused(iam, "NoSuchEntity", iam.get_policy, PolicyArn=account.no_policy(arn))


@call("ListPolicies")
def list_policies(iam):
    made, holder = [account.policy(iam) for _ in range(3)], account.user(iam)
    iam.attach_user_policy(UserName=holder, PolicyArn=made[0])
    local = iam.get_paginator("list_policies").paginate(Scope="Local", PaginationConfig={"PageSize": 1})
    arns = [it["Arn"] for page in local for it in page["Policies"]]
    assert set(made) <= set(arns) and len(arns) == len(set(arns))
    attached = iam.get_paginator("list_policies").paginate(Scope="Local", OnlyAttached=True)
    arns = {it["Arn"] for page in attached for it in page["Policies"]}
    assert made[0] in arns and made[1] not in arns


@call("ListEntitiesForPolicy")
def list_entities_for_policy(iam):
    arn, name = account.policy(iam), account.user(iam)
    empty = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": []}
    assert listed(iam, "ListEntitiesForPolicy", PolicyArn=arn) == empty
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    shown = listed(iam, "ListEntitiesForPolicy", PolicyArn=arn)
    assert [it["UserName"] for it in shown["PolicyUsers"]] == [name]
    filtered = iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Group")
    assert filtered["PolicyUsers"] == []
    refused(iam, "NoSuchEntity", iam.list_entities_for_policy, PolicyArn=account.no_policy(arn))


@call("CreatePolicyVersion")
def create_policy_version(iam):
    arn = account.policy(iam)
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=OTHER)["PolicyVersion"]
    assert (made["VersionId"], made["IsDefaultVersion"]) == ("v2", False)
    refused(iam, "DeleteConflict", iam.delete_policy, PolicyArn=arn)
    for number in [3, 4, 5]:
        members = {"PolicyArn": arn, "PolicyDocument": OTHER, "SetAsDefault": True}
        assert iam.create_policy_version(**members)["PolicyVersion"]["VersionId"] == f"v{number}"
    refused(iam, "LimitExceeded", iam.create_policy_version, PolicyArn=arn, PolicyDocument=OTHER)
    none = account.no_policy(arn)
    refused(iam, "NoSuchEntity", iam.create_policy_version, PolicyArn=none, PolicyDocument=OTHER)


@call("GetPolicyVersion")
def get_policy_version(iam):
    arn = account.policy(iam)
    read = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert read["Document"] == json.loads(DOCUMENT) and read["IsDefaultVersion"]
    refused(iam, "NoSuchEntity", iam.get_policy_version, PolicyArn=arn, VersionId="v9")


@call("ListPolicyVersions")
def list_policy_versions(iam):
    arn = account.policy(iam)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=OTHER)
    shown = listed(iam, "ListPolicyVersions", PolicyArn=arn)
    assert [(it["VersionId"], it["IsDefaultVersion"]) for it in shown] == [("v2", False), ("v1", True)]
    refused(iam, "NoSuchEntity", iam.list_policy_versions, PolicyArn=account.no_policy(arn))


@call("SetDefaultPolicyVersion")
def set_default_policy_version(iam):
    arn = account.policy(iam)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=OTHER)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    refused(iam, "NoSuchEntity", iam.set_default_policy_version, PolicyArn=arn, VersionId="v9")


@call("DeletePolicyVersion")
def delete_policy_version(iam):
    arn = account.policy(iam)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=OTHER)
    refused(iam, "DeleteConflict", iam.delete_policy_version, PolicyArn=arn, VersionId="v1")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    refused(iam, "NoSuchEntity", iam.delete_policy_version, PolicyArn=arn, VersionId="v2")
    # The number of a deleted version is not reused (C-061).
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=OTHER)["PolicyVersion"]
    assert made["VersionId"] == "v3"


@call("GetAccountSummary")
def get_account_summary(iam):
    before = iam.get_account_summary()["SummaryMap"]
    account.user(iam), account.group(iam), account.policy(iam), account.device(iam)
    after = iam.get_account_summary()["SummaryMap"]
    for key in ["Users", "Groups", "Policies", "MFADevices"]:
        assert after[key] == before[key] + 1, key
    assert after["AccessKeysPerUserQuota"] == 2


@call("GetAccountAuthorizationDetails")
def get_account_authorization_details(iam):
    name, group, arn = account.user(iam), account.group(iam), account.policy(iam)
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    iam.add_user_to_group(UserName=name, GroupName=group)
    paginator = iam.get_paginator("get_account_authorization_details")
    pages = paginator.paginate(Filter=["User", "Group", "LocalManagedPolicy"], PaginationConfig={"PageSize": 1})
    whole = pages.build_full_result()
    (user,) = [it for it in whole["UserDetailList"] if it["UserName"] == name]
    assert user["GroupList"] == [group] and user["AttachedManagedPolicies"][0]["PolicyArn"] == arn
    assert len([it for it in whole["GroupDetailList"] if it["GroupName"] == group]) == 1
    (policy,) = [it for it in whole["Policies"] if it["Arn"] == arn]
    assert policy["PolicyVersionList"][0]["Document"] == json.loads(DOCUMENT)
