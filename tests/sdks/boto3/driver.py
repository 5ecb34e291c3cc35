"""Drives boto3: the calls that iamspec asks for are made by its IAM client.

The protocol is in harness/drivers.md. Nothing here repairs what the SDK does.
"""

import base64
import datetime
import json
import platform
import sys

import boto3
import botocore
import botocore.exceptions as errors
from botocore import xform_name
from botocore.config import Config

TIMEOUTS = (errors.ConnectTimeoutError, errors.ReadTimeoutError)
TRANSPORT = (errors.HTTPClientError, errors.ConnectionError)


def plain(value):
    """A result as JSON: dates in UTC, blobs in base 64."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def session(asked, deadline=None):
    """A client; retries as the SDK has them."""
    config = Config(read_timeout=deadline, connect_timeout=deadline) if deadline else None
    return boto3.client(
        "iam",
        endpoint_url=asked["endpoint"],
        region_name=asked["region"],
        aws_access_key_id=asked["access_key_id"],
        aws_secret_access_key=asked["secret_access_key"],
        aws_session_token=asked.get("session_token"),
        config=config,
    )


def call(client, asked):
    """What came of one call."""
    try:
        operation = getattr(client, xform_name(asked["op"]))
    except AttributeError as error:
        return {"unsupported": {"reason": str(error)}}
    try:
        result = through(client, asked) if "through" in asked else operation(**asked["params"])
    except errors.ClientError as error:
        answered = error.response["Error"]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return {
            "aws_error": {
                "http_status": status,
                "code": answered.get("Code", ""),
                "message": answered.get("Message"),
                "exception": type(error).__name__,
            }
        }
    except errors.ParamValidationError as error:
        return {"sdk_error": {"kind": "validation", "detail": one_line(error)}}
    except TIMEOUTS as error:
        return {"sdk_error": {"kind": "timeout", "detail": one_line(error)}}
    except TRANSPORT as error:
        return {"sdk_error": {"kind": "transport", "detail": one_line(error)}}
    except Exception as error:  # Whatever else it raises, it could not read the answer.
        return {"sdk_error": {"kind": "parse", "detail": one_line(error)}}
    result.pop("ResponseMetadata", None)
    return {"ok": {"result": plain(result)}}


def through(client, asked):
    """What its own paginator or waiter comes to."""
    params = dict(asked["params"])
    name = xform_name(asked["op"])
    if asked["through"] == "waiter":
        client.get_waiter({"get_user": "user_exists"}[name]).wait(**params)
        return {}
    pages = client.get_paginator(name)
    size = {"PageSize": params.pop("MaxItems")} if "MaxItems" in params else {}
    result = pages.paginate(**params, PaginationConfig=size).build_full_result()
    return {name: it for name, it in result.items() if isinstance(it, list)}


def one_line(error):
    return " ".join(f"{type(error).__name__}: {error}".split())


def main():
    client, asked_session, deadline = None, None, None
    for line in sys.stdin:
        asked = json.loads(line)
        kind = asked["type"]
        if kind == "hello":
            said = {
                "type": "hello",
                "protocol": 1,
                "driver": "iamspec-boto3",
                "sdk": "boto3",
                "version": f"{boto3.__version__} (botocore {botocore.__version__})",
                "language": f"Python {platform.python_version()}",
                "ops": [],
                "through": ["paginator", "waiter"],
            }
        elif kind == "session":
            client, asked_session, deadline = session(asked), asked, None
            said = {"type": "session"}
        elif kind == "call":
            if deadline != asked["deadline_ms"]:
                deadline = asked["deadline_ms"]
                client = session(asked_session, deadline / 1000)
            said = {"type": "answer", "seq": asked["seq"], "outcome": call(client, asked)}
        else:
            return
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
