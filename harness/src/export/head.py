"""@IDEA@

Made by iamspec from its script @NAME@. Needs @NEEDS@. AWS_ENDPOINT_URL_IAM says whom to ask.
"""

@IMPORTS@
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

ENDPOINT = os.environ.get("AWS_ENDPOINT_URL_IAM", "@ENDPOINT@")
MISSING = "never-told"
run = str(uuid.uuid4().int)[:9]


def client(key=None, secret=None):
    """Credentials that open nothing, unless there are others."""
    return boto3.client(
        "iam",
        endpoint_url=ENDPOINT,
        region_name="us-east-1",
        # Each call is sent once and as it is, so that the endpoint answers it and not the SDK.
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        aws_access_key_id=key or os.environ.get("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        aws_secret_access_key=secret or os.environ.get("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    )


iam = client()


def call(text, expected, operation, **members):
    """Makes a call, @WHAT@."""
    try:
        answer, seen = operation(**members), "200"
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        answer, seen = {}, f"{status} {error.response['Error']['Code']}"
    except ResponseParserError:
        answer, seen = {}, "(no answer of IAM)"
@SHOWN@
    return answer


def told(answer, *path):
    """A member of an answer."""
    for name in path:
        answer = answer.get(name, {})
    return answer or MISSING


def undo(operation, **members):
    """Removes something, if it is still there."""
    try:
        operation(**members)
    except Exception as error:
        print(f"not removed: {error}")


@CODE@
