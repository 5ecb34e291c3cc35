"""A driver for boto3: its IAM client sends the requests of iamspec.

The protocol is in docs/guide/drivers.md. The driver does not change the behavior of the SDK.
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
    """Converts a result to JSON: dates in UTC, blobs in base64."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def session(message, deadline=None):
    """Creates a client with the default retries of the SDK."""
    config = Config(read_timeout=deadline, connect_timeout=deadline) if deadline else None
    return boto3.client(
        "iam",
        endpoint_url=message["endpoint"],
        region_name=message["region"],
        aws_access_key_id=message["access_key_id"],
        aws_secret_access_key=message["secret_access_key"],
        aws_session_token=message.get("session_token"),
        config=config,
    )


def call(client, message):
    """Sends a request; returns its outcome."""
    try:
        operation = getattr(client, xform_name(message["op"]))
    except AttributeError as error:
        return {"unsupported": {"reason": str(error)}}
    try:
        result = through(client, message) if "through" in message else operation(**message["params"])
    except errors.ClientError as error:
        details = error.response["Error"]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return {
            "aws_error": {
                "http_status": status,
                "code": details.get("Code", ""),
                "message": details.get("Message"),
                "exception": type(error).__name__,
            }
        }
    except errors.ParamValidationError as error:
        return {"sdk_error": {"kind": "validation", "detail": one_line(error)}}
    except TIMEOUTS as error:
        return {"sdk_error": {"kind": "timeout", "detail": one_line(error)}}
    except TRANSPORT as error:
        return {"sdk_error": {"kind": "transport", "detail": one_line(error)}}
    except Exception as error:  # The SDK cannot parse the response.
        return {"sdk_error": {"kind": "parse", "detail": one_line(error)}}
    result.pop("ResponseMetadata", None)
    return {"ok": {"result": plain(result)}}


def through(client, message):
    """The result of a paginator or waiter of the SDK."""
    params = dict(message["params"])
    name = xform_name(message["op"])
    if message["through"] == "waiter":
        client.get_waiter({"get_user": "user_exists"}[name]).wait(**params)
        return {}
    pages = client.get_paginator(name)
    size = {"PageSize": params.pop("MaxItems")} if "MaxItems" in params else {}
    result = pages.paginate(**params, PaginationConfig=size).build_full_result()
    return {name: it for name, it in result.items() if isinstance(it, list)}


def one_line(error):
    return " ".join(f"{type(error).__name__}: {error}".split())


def main():
    client, session_message, deadline = None, None, None
    for line in sys.stdin:
        message = json.loads(line)
        kind = message["type"]
        if kind == "hello":
            reply = {
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
            client, session_message, deadline = session(message), message, None
            reply = {"type": "session"}
        elif kind == "call":
            if deadline != message["deadline_ms"]:
                deadline = message["deadline_ms"]
                client = session(session_message, deadline / 1000)
            reply = {"type": "answer", "seq": message["seq"], "outcome": call(client, message)}
        else:
            return
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
