"""A user that holds one of everything is emptied with boto3's resource `IAM.User` alone: which kinds it reaches,
and which stand in the way of its `delete()` all the same.

    resource.py URL
"""

import sys

import account
import boto3

# What the resource of this release of boto3 cannot reach: the client must be used for them.
OUT_OF_REACH = ["SSH public key", "service-specific credential"]

# Kind by kind: how one is given to a user, how the resource takes all of them away, how the client does.
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
    out_of_reach = []
    for kind, (_, detach, _) in KINDS.items():
        try:
            detach(user)
        except AttributeError:
            out_of_reach.append(kind)
    assert out_of_reach == OUT_OF_REACH, f"IAM.User cannot reach {out_of_reach}, known is {OUT_OF_REACH}"
    account.refused(iam, "DeleteConflict", user.delete)
    for kind in out_of_reach:
        KINDS[kind][2](iam, name)
    user.delete()
    account.refused(iam, "NoSuchEntity", iam.get_user, UserName=name)
    print(f"boto3's IAM.User reaches {len(KINDS) - len(out_of_reach)} of {len(KINDS)} kinds; not {', '.join(out_of_reach)}")


main(sys.argv[1])
