"""A driver for the AWS CLI, version 1: each request is a command line of the CLI.

The protocol is in docs/guide/drivers.md. The driver loads the CLI once and calls its entry point. The CLI does
not show the HTTP status. The driver does not change the behavior of the CLI.
"""

import base64
import contextlib
import io
import json
import os
import pathlib
import platform
import re
import sys
import tempfile

import awscli
import botocore
from awscli.clidriver import create_clidriver
from botocore import xform_name

REFUSED = re.compile(
    r"An error occurred \((?P<code>[^)]*)\) when calling the \w+ operation(?: \(.*?\))?: ?(?P<message>.*)",
    re.DOTALL,
)


def run(words):
    """Runs a command; returns the exit code, stdout and stderr."""
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            code = create_clidriver().main(words)
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), error.getvalue()


def call(session, message):
    """Sends a request; returns its outcome."""
    params, name = dict(message["params"]), xform_name(message["op"], "-")
    words = {
        None: ["iam", name, "--no-paginate"],
        # The CLI requests all pages by default.
        "paginator": ["iam", name, "--page-size", str(params.pop("MaxItems", 100))],
        "waiter": ["iam", "wait", {"get-user": "user-exists"}.get(name)],
    }[message.get("through")]
    words += ["--output", "json"]
    words += ["--endpoint-url", session["endpoint"], "--region", session["region"]]
    seconds = str(max(1, message["deadline_ms"] // 1000))
    words += ["--cli-read-timeout", seconds, "--cli-connect-timeout", seconds]
    if message["op"] != "CreateVirtualMFADevice":
        words += ["--cli-input-json", json.dumps(params)]
    with tempfile.TemporaryDirectory() as folder:
        # The CLI writes the seed of a device only to a file.
        seed = pathlib.Path(folder, "seed")
        if message["op"] == "CreateVirtualMFADevice":
            # This command does not accept JSON.
            for name, value in message["params"].items():
                option = "--" + xform_name(name, "-")
                words += [option, value if isinstance(value, str) else json.dumps(value)]
            words += ["--outfile", str(seed), "--bootstrap-method", "Base32StringSeed"]
        code, out, error = run(words)
        written = seed.read_bytes() if seed.exists() else None
    if code == 0:
        result = json.loads(out) if out.strip() else {}
        if written is not None:
            device = result.setdefault("VirtualMFADevice", {})
            device["Base32StringSeed"] = base64.b64encode(written).decode()
        return {"ok": {"result": result}}
    error_match = REFUSED.search(error)
    if error_match:
        return {"aws_error": {"code": error_match["code"], "message": error_match["message"].strip()}}
    if error.startswith("usage:") or "\nusage:" in error:
        # The reason follows the usage.
        reason = " ".join(error.strip().splitlines()[-1].split())
        return {"unsupported": {"reason": reason}}
    detail = " ".join(error.split())
    for words, kind in [
        ("Parameter validation failed", "validation"),
        ("timeout", "timeout"),
        ("Could not connect", "transport"),
        ("Connection was closed", "transport"),
    ]:
        if words in detail:
            return {"sdk_error": {"kind": kind, "detail": detail}}
    return {"sdk_error": {"kind": "parse" if code == 255 else "validation", "detail": detail}}


def environment(session):
    """Passes the credentials in the environment, and removes other AWS settings."""
    # The CLI sets AWS_DATA_PATH to its own data files.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        if name != "AWS_DATA_PATH":
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_PAGER"] = ""
    os.environ["AWS_ACCESS_KEY_ID"] = session["access_key_id"]
    os.environ["AWS_SECRET_ACCESS_KEY"] = session["secret_access_key"]
    if session.get("session_token"):
        os.environ["AWS_SESSION_TOKEN"] = session["session_token"]


def main():
    session = None
    for line in sys.stdin:
        message = json.loads(line)
        kind = message["type"]
        if kind == "hello":
            reply = {
                "type": "hello",
                "protocol": 1,
                "driver": "iamspec-awscli",
                "sdk": "aws-cli",
                "version": f"{awscli.__version__} (botocore {botocore.__version__})",
                "language": f"Python {platform.python_version()}",
                "ops": [],
                "through": ["paginator", "waiter"],
            }
        elif kind == "session":
            session = message
            environment(session)
            reply = {"type": "session"}
        elif kind == "call":
            reply = {"type": "answer", "seq": message["seq"], "outcome": call(session, message)}
        else:
            return
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
