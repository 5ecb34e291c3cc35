"""Removes the attachments of a user with boto3's resource class `IAM.User`. Shows which kinds the class supports,
and that `delete()` fails until the client removes the others.

    resource.py URL
"""

import sys

import account
import boto3

# The kinds that the resource class of this boto3 release does not support. They need the client.
UNSUPPORTED = ["SSH public key", "service-specific credential"]

# Per kind: how to attach an item, how the resource class removes all items, and how the client does.
KINDS = {
    "login profile": (
        lambda iam, name: iam.create_login_profile(UserName=name, Password=account.PASSWORD),
        lambda user: user.LoginProfile().delete(),
        lambda iam, name: iam.delete_login_profile(UserName=name),
    ),
    "access key": (
        lambda iam, name: iam.create_access_key(UserName=name),
        lambda user: [key.delete() for key in user.access_keys.all()],
        None,
    ),
    "signing certificate": (
        lambda iam, name: iam.upload_signing_certificate(UserName=name, CertificateBody=account.CERTIFICATES[0]),
        lambda user: [it.delete() for it in user.signing_certificates.all()],
        None,
    ),
    "SSH public key": (
        lambda iam, name: iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody=account.SSH_KEYS[0]),
        lambda user: [it.delete() for it in user.ssh_public_keys.all()],
        lambda iam, name: [
            iam.delete_ssh_public_key(UserName=name, SSHPublicKeyId=it["SSHPublicKeyId"])
            for it in iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"]
        ],
    ),
    "service-specific credential": (
        lambda iam, name: iam.create_service_specific_credential(UserName=name, ServiceName=account.SERVICE),
        lambda user: [it.delete() for it in user.service_specific_credentials.all()],
        lambda iam, name: [
            iam.delete_service_specific_credential(
                UserName=name, ServiceSpecificCredentialId=it["ServiceSpecificCredentialId"]
            )
            for it in iam.list_service_specific_credentials(UserName=name)["ServiceSpecificCredentials"]
        ],
    ),
    "MFA device": (
        account.enabled,
        lambda user: [it.disassociate() for it in user.mfa_devices.all()],
        None,
    ),
    "inline policy": (
        lambda iam, name: iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=account.DOCUMENT),
        lambda user: [it.delete() for it in user.policies.all()],
        None,
    ),
    "managed policy": (
        lambda iam, name: iam.attach_user_policy(UserName=name, PolicyArn=account.policy(iam)),
        lambda user: [user.detach_policy(PolicyArn=it.arn) for it in user.attached_policies.all()],
        None,
    ),
    "group membership": (
        lambda iam, name: iam.add_user_to_group(UserName=name, GroupName=account.group(iam)),
        lambda user: [user.remove_group(GroupName=it.name) for it in user.groups.all()],
        None,
    ),
}


def main(url):
    iam = account.client(url)
    name = account.user(iam)
    for attach, _, _ in KINDS.values():
        attach(iam, name)
    credentials = {"aws_access_key_id": account.NO_KEY["AccessKeyId"]}
    credentials["aws_secret_access_key"] = account.NO_KEY["SecretAccessKey"]
    user = boto3.resource("iam", endpoint_url=url, region_name="us-east-1", **credentials).User(name)
    account.refused(iam, "DeleteConflict", user.delete)
    unsupported = []
    for kind, (_, detach, _) in KINDS.items():
        try:
            detach(user)
        except AttributeError:
            unsupported.append(kind)
    assert unsupported == UNSUPPORTED, f"expected IAM.User not to support {UNSUPPORTED}, got {unsupported}"
    account.refused(iam, "DeleteConflict", user.delete)
    for kind in unsupported:
        KINDS[kind][2](iam, name)
    user.delete()
    account.refused(iam, "NoSuchEntity", iam.get_user, UserName=name)
    print(f"boto3's IAM.User supports {len(KINDS) - len(unsupported)} of {len(KINDS)} kinds; not {', '.join(unsupported)}")


main(sys.argv[1])
