
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

# AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE and AWS_CA_BUNDLE name the files of the emulator.
SETTINGS = Config(parameter_validation=False, retries={"total_max_attempts": 1})
iam = boto3.client("iam", config=SETTINGS)
MISSING = "missing"
run = str(uuid.uuid4().int)[:9]
differs = False


def client(key, secret):
    return boto3.client("iam", aws_access_key_id=key, aws_secret_access_key=secret, config=SETTINGS)


def call(text, expected, operation, **parameters):
    global differs
    try:
        response, actual = operation(**parameters), "200"
    except ClientError as error:
        response = {}
        actual = f"{error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}"
    except HTTPClientError as error:
        print(f"{text}: no response: {error}")
        raise SystemExit(2)
    except (BotoCoreError, ResponseParserError) as error:
        response, actual = {}, f"(not an IAM response: {error})"
    right = not expected or actual in expected
    differs |= not right
    print(text, "->", actual, "" if right else f"AWS: {' or '.join(expected)}")
    return response


@RESPONSE@
def shows(response, present, absent):
    global differs
    missing, unexpected = names(response, present, absent)
    if response and (missing or unexpected):
        differs = True
        print(f"AWS shows {missing}, and not {unexpected}")


def remove(operation, **parameters):
    if MISSING in parameters.values():
        return
    try:
        operation(**parameters)
    except (BotoCoreError, ClientError) as error:
        if "NoSuchEntity" not in str(error):
            print("not removed:", error)
