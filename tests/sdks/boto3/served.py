"""Tests of the operations that the reference server serves. Each test creates its own resources."""

import json

import account
from account import CERTIFICATES, DOCUMENT, NOBODY, PASSWORD, SERVICE, SSH_KEYS, listed, refused
from table import Table

SERVED = Table()
call = SERVED


@call("CreateUser")
def create_user(iam):
    name = account.fresh("user")
    made = iam.create_user(UserName=name, Path="/a/b/")["User"]
    assert made["Arn"].endswith(f":user/a/b/{name}") and made["Path"] == "/a/b/"
    refused(iam, "EntityAlreadyExists", iam.create_user, UserName=name)
    refused(iam, "EntityAlreadyExists", iam.create_user, UserName=name.upper())


@call("CreateUser")
def create_user_until_the_account_is_full(iam):
    made = []
    while len(made) < 1000:
        name = account.fresh("full")
        try:
            iam.create_user(UserName=name)
        except iam.exceptions.LimitExceededException:
            break
        made.append(name)
    assert 0 < len(made) < 200
    for name in made:
        iam.delete_user(UserName=name)


@call("GetUser")
def get_user(iam):
    made = iam.create_user(UserName=account.fresh("user"))["User"]
    assert iam.get_user(UserName=made["UserName"])["User"] == made
    iam.get_waiter("user_exists").wait(UserName=made["UserName"])
    refused(iam, "NoSuchEntity", iam.get_user, UserName=NOBODY)


@call("DeleteUser")
def delete_user(iam):
    name = account.user(iam)
    iam.delete_user(UserName=name)
    refused(iam, "NoSuchEntity", iam.get_user, UserName=name)
    refused(iam, "NoSuchEntity", iam.delete_user, UserName=name)


@call("CreateGroup")
def create_group(iam):
    name = account.fresh("group")
    made = iam.create_group(GroupName=name, Path="/a/")["Group"]
    assert made["Arn"].endswith(f":group/a/{name}")
    refused(iam, "EntityAlreadyExists", iam.create_group, GroupName=name)


@call("DeleteGroup")
def delete_group(iam):
    name, member = account.group(iam), account.user(iam)
    iam.add_user_to_group(GroupName=name, UserName=member)
    refused(iam, "DeleteConflict", iam.delete_group, GroupName=name)
    iam.remove_user_from_group(GroupName=name, UserName=member)
    iam.delete_group(GroupName=name)
    refused(iam, "NoSuchEntity", iam.delete_group, GroupName=name)


@call("CreatePolicy")
def create_policy(iam):
    name = account.fresh("policy")
    made = iam.create_policy(PolicyName=name, PolicyDocument=DOCUMENT)["Policy"]
    assert made["DefaultVersionId"] == "v1" and made["AttachmentCount"] == 0 and made["IsAttachable"]
    refused(iam, "EntityAlreadyExists", iam.create_policy, PolicyName=name, PolicyDocument=DOCUMENT)


@call("DeletePolicy")
def delete_policy(iam):
    arn, holder = account.policy(iam), account.user(iam)
    iam.attach_user_policy(UserName=holder, PolicyArn=arn)
    refused(iam, "DeleteConflict", iam.delete_policy, PolicyArn=arn)
    iam.detach_user_policy(UserName=holder, PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    refused(iam, "NoSuchEntity", iam.delete_policy, PolicyArn=arn)


@call("CreateVirtualMFADevice")
def create_virtual_mfa_device(iam):
    made = account.device(iam)
    name = made["SerialNumber"].rsplit("/", 1)[1]
    account.codes(made)
    refused(iam, "EntityAlreadyExists", iam.create_virtual_mfa_device, VirtualMFADeviceName=name)


@call("DeleteVirtualMFADevice")
def delete_virtual_mfa_device(iam):
    name = account.user(iam)
    serial = account.enabled(iam, name)
    refused(iam, "DeleteConflict", iam.delete_virtual_mfa_device, SerialNumber=serial)
    iam.deactivate_mfa_device(UserName=name, SerialNumber=serial)
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    refused(iam, "NoSuchEntity", iam.delete_virtual_mfa_device, SerialNumber=serial)


@call("CreateLoginProfile")
def create_login_profile(iam):
    name = account.user(iam)
    made = iam.create_login_profile(UserName=name, Password=PASSWORD)["LoginProfile"]
    assert made["UserName"] == name and made["PasswordResetRequired"] is False
    refused(iam, "EntityAlreadyExists", iam.create_login_profile, UserName=name, Password=PASSWORD)
    refused(iam, "DeleteConflict", iam.delete_user, UserName=name)
    refused(iam, "NoSuchEntity", iam.create_login_profile, UserName=NOBODY, Password=PASSWORD)


@call("GetLoginProfile")
def get_login_profile(iam):
    name = account.user(iam)
    refused(iam, "NoSuchEntity", iam.get_login_profile, UserName=name)
    made = iam.create_login_profile(UserName=name, Password=PASSWORD)["LoginProfile"]
    assert iam.get_login_profile(UserName=name)["LoginProfile"] == made
    refused(iam, "NoSuchEntity", iam.get_login_profile, UserName=NOBODY)


@call("UpdateLoginProfile")
def update_login_profile(iam):
    name = account.user(iam)
    refused(iam, "NoSuchEntity", iam.update_login_profile, UserName=name, Password=PASSWORD)
    iam.create_login_profile(UserName=name, Password=PASSWORD)
    iam.update_login_profile(UserName=name, Password=PASSWORD + "y")


@call("DeleteLoginProfile")
def delete_login_profile(iam):
    name = account.user(iam)
    iam.create_login_profile(UserName=name, Password=PASSWORD)
    iam.delete_login_profile(UserName=name)
    refused(iam, "NoSuchEntity", iam.delete_login_profile, UserName=name)
    iam.delete_user(UserName=name)


@call("EnableMFADevice")
def enable_mfa_device(iam):
    name, other, made = account.user(iam), account.user(iam), account.device(iam)
    members = {"SerialNumber": made["SerialNumber"], **account.codes(made)}
    refused(iam, "NoSuchEntity", iam.enable_mfa_device, UserName=NOBODY, **members)
    iam.enable_mfa_device(UserName=name, **members)
    refused(iam, "EntityAlreadyExists", iam.enable_mfa_device, UserName=other, **members)
    refused(iam, "DeleteConflict", iam.delete_user, UserName=name)
    for _ in range(7):
        account.enabled(iam, name)
    ninth = account.device(iam)
    members = {"SerialNumber": ninth["SerialNumber"], **account.codes(ninth)}
    refused(iam, "LimitExceeded", iam.enable_mfa_device, UserName=name, **members)


@call("ListMFADevices")
def list_mfa_devices(iam):
    name = account.user(iam)
    assert listed(iam, "ListMFADevices", UserName=name) == []
    serials = [account.enabled(iam, name) for _ in range(3)]
    assert [it["SerialNumber"] for it in listed(iam, "ListMFADevices", UserName=name)] == serials
    refused(iam, "NoSuchEntity", iam.list_mfa_devices, UserName=NOBODY)


@call("GetMFADevice")
def get_mfa_device(iam):
    name = account.user(iam)
    serial = account.enabled(iam, name)
    got = iam.get_mfa_device(SerialNumber=serial, UserName=name)
    assert (got["UserName"], got["SerialNumber"]) == (name, serial) and got["EnableDate"]
    refused(iam, "NoSuchEntity", iam.get_mfa_device, SerialNumber=serial, UserName=NOBODY)
    unused = account.device(iam)["SerialNumber"]
    refused(iam, "NoSuchEntity", iam.get_mfa_device, SerialNumber=unused, UserName=name)


def tags_are_set_and_removed(iam, key, value, tag, untag, list_tags):
    """Tags of a resource that the member `key` names with `value`."""
    named = {key: value}
    tag(Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}], **named)
    tag(Tags=[{"Key": "b", "Value": "2"}], **named)
    assert list_tags(**named)["Tags"] == [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "2"}]
    untag(TagKeys=["a", "none"], **named)
    assert list_tags(**named)["Tags"] == [{"Key": "b", "Value": "2"}]


def device_tags(iam):
    serial = account.device(iam)["SerialNumber"]
    calls = [iam.tag_mfa_device, iam.untag_mfa_device, iam.list_mfa_device_tags]
    tags_are_set_and_removed(iam, "SerialNumber", serial, *calls)
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    refused(iam, "NoSuchEntity", iam.list_mfa_device_tags, SerialNumber=serial)


def policy_tags(iam):
    arn = account.policy(iam)
    tags_are_set_and_removed(iam, "PolicyArn", arn, iam.tag_policy, iam.untag_policy, iam.list_policy_tags)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Tags"] == [{"Key": "b", "Value": "2"}]
    refused(iam, "NoSuchEntity", iam.list_policy_tags, PolicyArn=account.no_policy(arn))


for api in ["TagMFADevice", "UntagMFADevice", "ListMFADeviceTags"]:
    call(api)(device_tags)
for api in ["TagPolicy", "UntagPolicy", "ListPolicyTags"]:
    call(api)(policy_tags)


@call("DeactivateMFADevice")
def deactivate_mfa_device(iam):
    name = account.user(iam)
    serial = account.enabled(iam, name)
    none = serial.rsplit("/", 1)[0] + "/none"
    refused(iam, "NoSuchEntity", iam.deactivate_mfa_device, UserName=name, SerialNumber=none)
    iam.deactivate_mfa_device(UserName=name, SerialNumber=serial)
    iam.delete_user(UserName=name)


@call("PutUserPolicy")
def put_user_policy(iam):
    name = account.user(iam)
    members = {"PolicyName": "inline", "PolicyDocument": DOCUMENT}
    iam.put_user_policy(UserName=name, **members)
    iam.put_user_policy(UserName=name, **members)
    refused(iam, "DeleteConflict", iam.delete_user, UserName=name)
    refused(iam, "NoSuchEntity", iam.put_user_policy, UserName=NOBODY, **members)


@call("PutUserPolicy")
def put_user_policy_until_the_quota_is_used_up(iam):
    name, put = account.user(iam), 0
    while put < 100:
        try:
            iam.put_user_policy(UserName=name, PolicyName=f"p{put}", PolicyDocument=DOCUMENT)
        except iam.exceptions.LimitExceededException:
            break
        put += 1
    assert 0 < put < 100


@call("GetUserPolicy")
def get_user_policy(iam):
    name = account.user(iam)
    refused(iam, "NoSuchEntity", iam.get_user_policy, UserName=name, PolicyName="inline")
    iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=DOCUMENT)
    read = iam.get_user_policy(UserName=name, PolicyName="inline")
    assert read["PolicyDocument"] == json.loads(DOCUMENT), read["PolicyDocument"]
    assert (read["UserName"], read["PolicyName"]) == (name, "inline")


@call("ListUserPolicies")
def list_user_policies(iam):
    name = account.user(iam)
    assert listed(iam, "ListUserPolicies", UserName=name) == []
    for policy in ["b", "a", "c"]:
        iam.put_user_policy(UserName=name, PolicyName=policy, PolicyDocument=DOCUMENT)
    assert sorted(listed(iam, "ListUserPolicies", UserName=name)) == ["a", "b", "c"]
    refused(iam, "NoSuchEntity", iam.list_user_policies, UserName=NOBODY)


@call("DeleteUserPolicy")
def delete_user_policy(iam):
    name = account.user(iam)
    iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=DOCUMENT)
    iam.delete_user_policy(UserName=name, PolicyName="inline")
    refused(iam, "NoSuchEntity", iam.delete_user_policy, UserName=name, PolicyName="inline")
    iam.delete_user(UserName=name)


@call("AttachUserPolicy")
def attach_user_policy(iam):
    name, arn = account.user(iam), account.policy(iam)
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    refused(iam, "DeleteConflict", iam.delete_user, UserName=name)
    refused(iam, "NoSuchEntity", iam.attach_user_policy, UserName=NOBODY, PolicyArn=arn)
    none = account.no_policy(arn)
    refused(iam, "NoSuchEntity", iam.attach_user_policy, UserName=name, PolicyArn=none)
    for _ in range(9):
        iam.attach_user_policy(UserName=name, PolicyArn=account.policy(iam))
    eleventh = account.policy(iam)
    refused(iam, "LimitExceeded", iam.attach_user_policy, UserName=name, PolicyArn=eleventh)


@call("ListAttachedUserPolicies")
def list_attached_user_policies(iam):
    name, arns = account.user(iam), [account.policy(iam) for _ in range(3)]
    assert listed(iam, "ListAttachedUserPolicies", UserName=name) == []
    for arn in arns:
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    shown = [it["PolicyArn"] for it in listed(iam, "ListAttachedUserPolicies", UserName=name)]
    assert sorted(shown) == sorted(arns)
    refused(iam, "NoSuchEntity", iam.list_attached_user_policies, UserName=NOBODY)


@call("DetachUserPolicy")
def detach_user_policy(iam):
    name, arn = account.user(iam), account.policy(iam)
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    iam.detach_user_policy(UserName=name, PolicyArn=arn)
    refused(iam, "NoSuchEntity", iam.detach_user_policy, UserName=name, PolicyArn=arn)
    iam.delete_user(UserName=name)


@call("AddUserToGroup")
def add_user_to_group(iam):
    name, group = account.user(iam), account.group(iam)
    iam.add_user_to_group(UserName=name, GroupName=group)
    refused(iam, "DeleteConflict", iam.delete_user, UserName=name)
    refused(iam, "NoSuchEntity", iam.add_user_to_group, UserName=NOBODY, GroupName=group)
    refused(iam, "NoSuchEntity", iam.add_user_to_group, UserName=name, GroupName="none")
    for _ in range(9):
        iam.add_user_to_group(UserName=name, GroupName=account.group(iam))
    eleventh = account.group(iam)
    refused(iam, "LimitExceeded", iam.add_user_to_group, UserName=name, GroupName=eleventh)


@call("ListGroupsForUser")
def list_groups_for_user(iam):
    name, groups = account.user(iam), [account.group(iam) for _ in range(3)]
    assert listed(iam, "ListGroupsForUser", UserName=name) == []
    for group in groups:
        iam.add_user_to_group(UserName=name, GroupName=group)
    shown = [it["GroupName"] for it in listed(iam, "ListGroupsForUser", UserName=name)]
    assert sorted(shown) == sorted(groups)
    refused(iam, "NoSuchEntity", iam.list_groups_for_user, UserName=NOBODY)


@call("RemoveUserFromGroup")
def remove_user_from_group(iam):
    name, group = account.user(iam), account.group(iam)
    iam.add_user_to_group(UserName=name, GroupName=group)
    iam.remove_user_from_group(UserName=name, GroupName=group)
    refused(iam, "NoSuchEntity", iam.remove_user_from_group, UserName=NOBODY, GroupName=group)
    refused(iam, "NoSuchEntity", iam.remove_user_from_group, UserName=name, GroupName="none")
    iam.delete_user(UserName=name)


class Issued:
    """A kind of item with generated ids. The operations of these kinds differ only in their names."""

    def __init__(self, noun, plural, member, structure, listing, makes, quota, bodies):
        self.noun, self.plural, self.member = noun, plural, member
        self.structure, self.listing, self.quota = structure, listing, quota
        self.makes, self.bodies = makes, bodies

    def call(self, iam, verb):
        return getattr(iam, f"{verb}_{self.noun}")

    def make(self, iam, user, number=0):
        return self.call(iam, self.makes)(UserName=user, **self.bodies(number))[self.structure]

    def make_test(self, iam):
        name = account.user(iam)
        made = [self.make(iam, name, number) for number in range(self.quota)]
        assert all(it["Status"] == "Active" and it["UserName"] == name for it in made)
        assert len({it[self.member] for it in made}) == self.quota
        refused(iam, "DeleteConflict", iam.delete_user, UserName=name)
        make, body = self.call(iam, self.makes), self.bodies(self.quota)
        refused(iam, "LimitExceeded", make, UserName=name, **body)
        refused(iam, "NoSuchEntity", make, UserName=NOBODY, **body)

    def list_test(self, iam):
        name, api = account.user(iam), "List" + self.listing
        assert listed(iam, api, UserName=name) == []
        made = {self.make(iam, name, number)[self.member] for number in range(2)}
        assert {it[self.member] for it in listed(iam, api, UserName=name)} == made
        refused(iam, "NoSuchEntity", getattr(iam, f"list_{self.plural}"), UserName=NOBODY)

    def update_test(self, iam):
        name = account.user(iam)
        item = {self.member: self.make(iam, name)[self.member]}
        update = self.call(iam, "update")
        lists = getattr(iam, f"list_{self.plural}")
        for status in ["Inactive", "Active"]:
            update(UserName=name, Status=status, **item)
            (shown,) = next(it for it in lists(UserName=name).values() if isinstance(it, list))
            assert shown["Status"] == status
        refused(iam, "NoSuchEntity", update, UserName=name, Status="Active", **self.none(item))
        refused(iam, "NoSuchEntity", update, UserName=NOBODY, Status="Active", **item)

    def delete_test(self, iam):
        name = account.user(iam)
        item = {self.member: self.make(iam, name)[self.member]}
        refused(iam, "NoSuchEntity", self.call(iam, "delete"), UserName=name, **self.none(item))
        self.call(iam, "delete")(UserName=name, **item)
        refused(iam, "NoSuchEntity", self.call(iam, "delete"), UserName=name, **item)
        iam.delete_user(UserName=name)

    def none(self, item):
        """A well-formed id that no item has."""
        return {self.member: item[self.member][:-4] + "NONE"}


KEYS = Issued(
    "access_key", "access_keys", "AccessKeyId", "AccessKey", "AccessKeys",
    "create", 2, lambda number: {},
)
CERTIFICATE = Issued(
    "signing_certificate", "signing_certificates", "CertificateId", "Certificate", "SigningCertificates",
    "upload", 2, lambda number: {"CertificateBody": CERTIFICATES[number]},
)
SSH = Issued(
    "ssh_public_key", "ssh_public_keys", "SSHPublicKeyId", "SSHPublicKey", "SSHPublicKeys",
    "upload", 5, lambda number: {"SSHPublicKeyBody": SSH_KEYS[number]},
)
CREDENTIAL = Issued(
    "service_specific_credential", "service_specific_credentials", "ServiceSpecificCredentialId",
    "ServiceSpecificCredential", "ServiceSpecificCredentials",
    "create", 2, lambda number: {"ServiceName": SERVICE},
)

for kind, one, makes in [
    (KEYS, "AccessKey", "Create"),
    (CERTIFICATE, "SigningCertificate", "Upload"),
    (SSH, "SSHPublicKey", "Upload"),
    (CREDENTIAL, "ServiceSpecificCredential", "Create"),
]:
    SERVED.row(makes + one, kind.make_test)
    SERVED.row("List" + kind.listing, kind.list_test)
    SERVED.row("Update" + one, kind.update_test)
    SERVED.row("Delete" + one, kind.delete_test)


@call("UploadSigningCertificate")
def upload_the_same_certificate_again(iam):
    name = account.user(iam)
    CERTIFICATE.make(iam, name)
    body = {"CertificateBody": CERTIFICATES[0]}
    refused(iam, "DuplicateCertificate", iam.upload_signing_certificate, UserName=name, **body)


@call("UploadSSHPublicKey")
def upload_the_same_key_again(iam):
    name = account.user(iam)
    SSH.make(iam, name)
    body = {"SSHPublicKeyBody": SSH_KEYS[0]}
    refused(iam, "DuplicateSSHPublicKey", iam.upload_ssh_public_key, UserName=name, **body)


@call("UploadSSHPublicKey")
def the_fingerprint_is_an_md5_digest(iam):
    made = SSH.make(iam, account.user(iam))
    assert made["Fingerprint"] == account.md5_of_key(SSH_KEYS[0]), made["Fingerprint"]


@call("GetSSHPublicKey")
def get_ssh_public_key(iam):
    name = account.user(iam)
    made = SSH.make(iam, name)
    members = {"SSHPublicKeyId": made["SSHPublicKeyId"], "Encoding": "SSH"}
    assert iam.get_ssh_public_key(UserName=name, **members)["SSHPublicKey"] == made
    members |= SSH.none(members)
    refused(iam, "NoSuchEntity", iam.get_ssh_public_key, UserName=name, **members)


@call("ResetServiceSpecificCredential")
def reset_service_specific_credential(iam):
    name = account.user(iam)
    made = CREDENTIAL.make(iam, name)
    item = {"ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    reset = iam.reset_service_specific_credential
    again = reset(UserName=name, **item)["ServiceSpecificCredential"]
    assert again["ServicePassword"] != made["ServicePassword"]
    assert again | {"ServicePassword": made["ServicePassword"]} == made
    refused(iam, "NoSuchEntity", reset, UserName=name, **CREDENTIAL.none(item))


@call("CreateServiceSpecificCredential")
def create_a_credential_for_an_unknown_service(iam):
    members = {"UserName": account.user(iam), "ServiceName": "none.amazonaws.com"}
    refused(iam, "NoSuchEntity", iam.create_service_specific_credential, **members)
    CREDENTIAL.make(iam, members["UserName"])


def password_policy(iam):
    update = iam.update_account_password_policy
    update(MinimumPasswordLength=14, MaxPasswordAge=90, RequireSymbols=True)
    policy = iam.get_account_password_policy()["PasswordPolicy"]
    assert (policy["MinimumPasswordLength"], policy["ExpirePasswords"]) == (14, True)
    assert "PasswordReusePrevention" not in policy
    name = account.user(iam)
    refused(iam, "PasswordPolicyViolation", iam.create_login_profile, UserName=name, Password="Abcdefgh1!")
    iam.delete_account_password_policy()
    refused(iam, "NoSuchEntity", iam.get_account_password_policy)
    refused(iam, "NoSuchEntity", iam.delete_account_password_policy)


for api in ["GetAccountPasswordPolicy", "UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy"]:
    call(api)(password_policy)


@call("AttachUserPolicy")
def attach_a_policy_of_aws(iam):
    name, arn = account.user(iam), "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    try:
        iam.delete_policy(PolicyArn=arn)
        raise AssertionError("a policy of AWS was deleted")
    except iam.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", error
    iam.detach_user_policy(UserName=name, PolicyArn=arn)


@call("ListRoles")
def list_roles(iam):
    assert iam.list_roles()["Roles"] == []


@call("ListInstanceProfiles")
def list_instance_profiles(iam):
    assert iam.list_instance_profiles()["InstanceProfiles"] == []


@call("ListServerCertificates")
def list_server_certificates(iam):
    assert iam.list_server_certificates()["ServerCertificateMetadataList"] == []


@call("ListAccountAliases")
def list_account_aliases(iam):
    assert iam.list_account_aliases()["AccountAliases"] == []


@call("ListOpenIDConnectProviders")
def list_open_id_connect_providers(iam):
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


@call("ListSAMLProviders")
def list_saml_providers(iam):
    assert iam.list_saml_providers()["SAMLProviderList"] == []
