"""@IDEA@

Exported by iamspec from the script @NAME@. Needs @NEEDS@.
AWS_ENDPOINT_URL_IAM or AWS_ENDPOINT_URL overrides the endpoint.
"""

@IMPORTS@
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

ENDPOINT = os.environ.get("AWS_ENDPOINT_URL_IAM") or os.environ.get("AWS_ENDPOINT_URL") or @ENDPOINT@
MISSING = "missing"
run = str(uuid.uuid4().int)[:9]
differs = False


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
    global differs
    try:
        response, actual = operation(**parameters), "200"
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        response, actual = {}, f"{status} {error.response['Error']['Code']}"
    except HTTPClientError as error:
        print(f"{text}: no response: {error}")
        raise SystemExit(2)
    except (BotoCoreError, ResponseParserError):
        response, actual = {}, "(not an IAM response)"
@REPORT@
    return response


@RESPONSE@
def shows(response, present, absent):
    """Compares the names in a successful response."""
    global differs
    if not response:
        return
    missing, unexpected = names(response, present, absent)
@SHOWS@


def remove(operation, **parameters):
    """Removes a resource, if it exists."""
    if MISSING in parameters.values():
        return
    try:
        operation(**parameters)
    except Exception as error:
        if "NoSuchEntity" not in str(error):
            print(f"not removed: {error}")


@CODE@
