"""@IDEA@

Exported by iamspec from the script @NAME@. Needs @NEEDS@.
AWS_ENDPOINT_URL_IAM overrides the endpoint.
"""

@IMPORTS@
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

ENDPOINT = os.environ.get("AWS_ENDPOINT_URL_IAM", @ENDPOINT@)
MISSING = "missing"
run = str(uuid.uuid4().int)[:9]


def client(key=None, secret=None):
    """A client with the credentials of the environment, or with example credentials."""
    return boto3.client(
        "iam",
        endpoint_url=ENDPOINT,
        region_name="us-east-1",
        # The SDK neither validates nor retries, so each response comes from the endpoint.
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        aws_access_key_id=key or os.environ.get("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        aws_secret_access_key=secret or os.environ.get("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    )


iam = client()


def call(text, expected, operation, **parameters):
    """Sends a request@PURPOSE@."""
    try:
        response, actual = operation(**parameters), "200"
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        response, actual = {}, f"{status} {error.response['Error']['Code']}"
    except ResponseParserError:
        response, actual = {}, "(not an IAM response)"
@REPORT@
    return response


def member(response, *path):
    """A member of a response."""
    for name in path:
        response = response.get(name, {})
    return response or MISSING


def remove(operation, **parameters):
    """Removes a resource, if it still exists."""
    try:
        operation(**parameters)
    except Exception as error:
        print(f"not removed: {error}")


@CODE@
