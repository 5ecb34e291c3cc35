"""Deletes a user with all its attachments: runs the commands of `iamspec plan` with the AWS CLI.

    plan.py IAMSPEC URL
"""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "../sdks/boto3"))

import account
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

iamspec, url = sys.argv[1:]


def everything(iam):
    """Creates a user with an attachment of each kind that the endpoint supports."""
    name = account.user(iam)
    certificate, key = account.CERTIFICATES[0], account.SSH_KEYS[0]
    made = {
        "login-profile": lambda: iam.create_login_profile(UserName=name, Password=account.PASSWORD),
        "access-key": lambda: iam.create_access_key(UserName=name),
        "signing-certificate": lambda: iam.upload_signing_certificate(UserName=name, CertificateBody=certificate),
        "ssh-public-key": lambda: iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody=key),
        "service-credential": lambda: iam.create_service_specific_credential(UserName=name, ServiceName=account.SERVICE),
        "mfa-device": lambda: account.enabled(iam, name),
        "inline-policy": lambda: iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=account.DOCUMENT),
        "managed-policy": lambda: iam.attach_user_policy(UserName=name, PolicyArn=account.policy(iam)),
        "group-membership": lambda: iam.add_user_to_group(UserName=name, GroupName=account.group(iam)),
    }
    missing = []
    for kind, make in made.items():
        try:
            make()
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500, error
            missing.append(kind)
        except ResponseParserError as error:
            # moto's way to say that it lacks a call.
            assert "500 Internal Server Error" in str(error), error
            missing.append(kind)
    return name, missing


def main():
    iam = account.client(url)
    name, missing = everything(iam)
    held = 9 - len(missing)
    words = [iamspec, "plan", name, "--endpoint", url, "--as", "aws-cli"]
    for kind in missing:
        words += ["--assume-none", kind]
    printed = subprocess.run(words, capture_output=True, text=True, check=False)
    commands = [line for line in printed.stdout.splitlines() if line.startswith("aws ")]
    assert len(commands) == held + 1, f"{len(commands)} commands for {held} attachments\n{printed.stdout}{printed.stderr}"
    keys = {"AWS_ACCESS_KEY_ID": account.NO_KEY["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": account.NO_KEY["SecretAccessKey"]}
    environment = os.environ | keys | {"AWS_ENDPOINT_URL_IAM": url, "AWS_DEFAULT_REGION": "us-east-1"}
    subprocess.run(["bash", "-eu"], input=printed.stdout, text=True, check=True, env=environment)
    account.refused(iam, "NoSuchEntity", iam.get_user, UserName=name)
    print(f"the {len(commands)} commands of the plan deleted a user with {held} of 9 kinds")


main()
