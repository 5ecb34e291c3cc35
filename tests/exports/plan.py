"""Deletes a user with all its attachments: runs the commands of `iamspec plan` with the AWS CLI.

    plan.py IAMSPEC URL
"""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "../sdks/boto3"))

import account

iamspec, url = sys.argv[1:]


def main():
    iam = account.client(url)
    name, missing = account.everything(iam)
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
