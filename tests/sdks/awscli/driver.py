"""Drives the AWS CLI, version 1: each call is a command line that its own program is given.

The protocol is in harness/drivers.md. The program is loaded once and called as its script does. It tells
no HTTP status. Nothing here repairs what it does.
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
    """The exit code, and what the program wrote."""
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            code = create_clidriver().main(words)
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), error.getvalue()


def call(session, asked):
    """What came of one call."""
    params, name = dict(asked["params"]), xform_name(asked["op"], "-")
    words = {
        None: ["iam", name, "--no-paginate"],
        # It asks for page after page where nothing else is said.
        "paginator": ["iam", name, "--page-size", str(params.pop("MaxItems", 100))],
        "waiter": ["iam", "wait", {"get-user": "user-exists"}.get(name)],
    }[asked.get("through")]
    words += ["--output", "json"]
    words += ["--endpoint-url", session["endpoint"], "--region", session["region"]]
    seconds = str(max(1, asked["deadline_ms"] // 1000))
    words += ["--cli-read-timeout", seconds, "--cli-connect-timeout", seconds]
    if asked["op"] != "CreateVirtualMFADevice":
        words += ["--cli-input-json", json.dumps(params)]
    with tempfile.TemporaryDirectory() as folder:
        # The seed of a device is written into a file, and there is no other way to it.
        seed = pathlib.Path(folder, "seed")
        if asked["op"] == "CreateVirtualMFADevice":
            # It takes no JSON either.
            for name, value in asked["params"].items():
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
    refused = REFUSED.search(error)
    if refused:
        message = refused["message"].strip()
        return {"aws_error": {"code": refused["code"], "message": message}}
    if error.startswith("usage:") or "\nusage:" in error:
        # What it says after its usage is why.
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
    """The program finds its credentials where it always does, and nothing else."""
    # AWS_DATA_PATH is where the program has put the files of its own.
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
        asked = json.loads(line)
        kind = asked["type"]
        if kind == "hello":
            said = {
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
            session = asked
            environment(session)
            said = {"type": "session"}
        elif kind == "call":
            said = {"type": "answer", "seq": asked["seq"], "outcome": call(session, asked)}
        else:
            return
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
