#!/usr/bin/env python3
"""What each SDK does with each fault in the form of a response: prints docs/guide/wire-faults.md.

    tests/sdks/faults.py target/release/iamspec > docs/guide/wire-faults.md

For each fault, a mutant of the reference endpoint runs next to the reference itself. Each SDK makes the same
call at both, and the two results are compared. With --check FILE, the program compares its output with the file
and exits with 1 if they differ.
"""

import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SDKS = ["boto3", "awscli", "go", "java", "javascript", "rust"]
DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
USER = [("CreateUser", {"UserName": "alice"})]
KEY = USER + [("CreateAccessKey", {"UserName": "alice"})]
TWO_KEYS = KEY + [("CreateAccessKey", {"UserName": "alice"})]
GROUP = USER + [("CreateGroup", {"GroupName": "staff"}), ("AddUserToGroup", {"UserName": "alice", "GroupName": "staff"})]
INLINE = USER + [("PutUserPolicy", {"UserName": "alice", "PolicyName": "own", "PolicyDocument": DOCUMENT})]
TAG = USER + [("TagUser", {"UserName": "alice", "Tags.member.1.Key": "team", "Tags.member.1.Value": "a"})]
ALICE = {"UserName": "alice"}

# The mutant, the calls before, and the call that shows the fault.
FAULTS = [
    ("ListGroupsForUser/wire-list-framing has item for member", GROUP, "ListGroupsForUser", ALICE),
    ("ListUserPolicies/wire-list-framing has item for member", INLINE, "ListUserPolicies", ALICE),
    ("GetAccountSummary/wire-map-framing has item for entry", [], "GetAccountSummary", {}),
    ("ListGroupsForUser/wire-result-wrapper has no element around the result", GROUP, "ListGroupsForUser", ALICE),
    ("DeleteUser/wire-no-result has more in DeleteUserResponse", USER, "DeleteUser", ALICE),
    ("ListAccessKeys/wire-root-element has another root", KEY, "ListAccessKeys", ALICE),
    ("CreateUser/wire-root-element has its result as the root", [], "CreateUser", ALICE),
    ("CreateUser/wire-response-metadata lacks ResponseMetadata", [], "CreateUser", ALICE),
    ("GetUser/wire-namespace has no namespace", USER, "GetUser", ALICE),
    ("GetUser/wire-plain-xml has a byte order mark", USER, "GetUser", ALICE),
    ("GetUser/wire-plain-xml has namespace prefixes", USER, "GetUser", ALICE),
    ("GetUser/wire-plain-xml has a CDATA section in UserName", USER, "GetUser", ALICE),
    ("GetUser/wire-plain-xml has a comment in UserName", USER, "GetUser", ALICE),
    ("GetUser/wire-metadata-last has its metadata first", USER, "GetUser", ALICE),
    ("ListAttachedUserPolicies/wire-list-present lacks AttachedPolicies", USER, "ListAttachedUserPolicies", ALICE),
    ("GetUser/wire-required-members lacks UserId", USER, "GetUser", ALICE),
    ("ListAccessKeys/wire-recorded-members lacks AccessKeyId", KEY, "ListAccessKeys", ALICE),
    ("GetUser/wire-single-members has UserName twice", USER, "GetUser", ALICE),
    ("GetUser/wire-outer-space has white space around UserName", USER, "GetUser", ALICE),
    ("ListAccessKeys/wire-sent-values has somebody as UserName", KEY, "ListAccessKeys", ALICE),
    ("CreatePolicy/wire-integer has 0.0 as AttachmentCount", [], "CreatePolicy",
     {"PolicyName": "shared", "PolicyDocument": DOCUMENT}),
    ("ListAccessKeys/wire-timestamp has 1770000000 as CreateDate", KEY, "ListAccessKeys", ALICE),
    ("GetUser/wire-timestamp has 2026-02-19 08:30:00 as CreateDate", USER, "GetUser", ALICE),
    ("ListGroupsForUser/wire-boolean has False as IsTruncated", GROUP, "ListGroupsForUser", ALICE),
    ("ListAccessKeys/wire-enumeration has active as Status", KEY, "ListAccessKeys", ALICE),
    ("ListAccessKeys/wire-marker lacks Marker", TWO_KEYS, "ListAccessKeys", {**ALICE, "MaxItems": 1}),
    ("ListUserPolicies/wire-is-truncated lacks IsTruncated", INLINE, "ListUserPolicies", ALICE),
    ("ListUserTags/wire-stray-marker has more in ListUserTagsResult", TAG, "ListUserTags", ALICE),
    ("ListAccessKeys/wire-page-size ignores MaxItems", TWO_KEYS, "ListAccessKeys", {**ALICE, "MaxItems": 1}),
    ("GetUserPolicy/wire-document-encoding does not encode PolicyDocument", INLINE, "GetUserPolicy",
     {**ALICE, "PolicyName": "own"}),
    ("CreateVirtualMFADevice/wire-blob has no base64! as QRCodePNG", [], "CreateVirtualMFADevice",
     {"VirtualMFADeviceName": "phone"}),
    ("CreateVirtualMFADevice/wire-base32-seed has MDE4OQ== as Base32StringSeed", [], "CreateVirtualMFADevice",
     {"VirtualMFADeviceName": "phone"}),
    ("CreateVirtualMFADevice/wire-qr-code has UVI= as QRCodePNG", [], "CreateVirtualMFADevice",
     {"VirtualMFADeviceName": "phone"}),
    ("DeleteUser/wire-success-status has status 201", USER, "DeleteUser", ALICE),
    ("GetUser/wire-content-type has content type application/xml", USER, "GetUser", ALICE),
    ("GetUser/wire-unknown-members has more in User", USER, "GetUser", ALICE),
    ("DeleteUser/wire-error-framing has a bare error", [], "DeleteUser", ALICE),
    ("DeleteUser/wire-error-framing has an error of EC2", [], "DeleteUser", ALICE),
    ("GetUser/wire-error-framing has an error in JSON", [], "GetUser", ALICE),
    ("DeleteUser/wire-error-type lacks Type", [], "DeleteUser", ALICE),
    ("DeleteUser/wire-error-request-id lacks RequestId", [], "DeleteUser", ALICE),
]


class Endpoint:
    """A reference endpoint, or a mutant, in a process of its own, after some calls."""

    def __init__(self, binary, mutant, calls):
        command = [binary, "serve", "--listen", "127.0.0.1:0"] + (["--mutant", mutant] if mutant else [])
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().strip()
        for action, members in calls:
            form = urllib.parse.urlencode({"Action": action, "Version": "2010-05-08", **members}).encode()
            urllib.request.urlopen(urllib.request.Request(self.url, form), timeout=10).read()

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Driver:
    """An SDK behind its driver."""

    def __init__(self, name):
        self.name = name
        self.start()

    def start(self):
        self.process = subprocess.Popen([HERE / self.name / "driver.sh"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.say({"type": "hello", "protocol": 1})

    def say(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        # The SDK has raised an error that its driver does not expect.
        self.process.wait()
        self.start()
        return {"outcome": {"sdk_error": {"kind": "driver", "detail": "the driver ended"}}}

    def call(self, url, op, params):
        self.say({"type": "session", "endpoint": url, "region": "us-east-1",
                  "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"})
        answer = self.say({"type": "call", "seq": 1, "op": op, "params": params, "deadline_ms": 30000})
        return answer["outcome"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def plain(value):
    """A result without what differs from call to call: ids, dates of today, secrets."""
    if isinstance(value, dict):
        return {name: plain(it) for name, it in sorted(value.items())}
    if isinstance(value, list):
        return [plain(it) for it in value]
    if isinstance(value, str):
        value = re.sub(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$", "DATE", value)
        value = re.sub(r"^A[A-Z]{3}[A-Z0-9]{12,}$", "ID", value)
        value = re.sub(r"^[A-Za-z0-9+/]{60,}=*$", "BLOB", value)
    return value


def effect(right, wrong):
    """What the SDK does with the wrong response, in a few words."""
    if "aws_error" in right:
        if "aws_error" not in wrong:
            return "raises another error"
        same = right["aws_error"]["code"] == wrong["aws_error"]["code"]
        return "notices nothing" if same else "raises another error"
    if "ok" not in wrong:
        return "raises an error"
    one, other = plain(right["ok"]["result"]), plain(wrong["ok"]["result"])
    if one == other:
        return "notices nothing"
    lists = [name for name, value in one.items() if isinstance(value, (list, dict)) and value]
    if any(not other.get(name) for name in lists) or not other:
        return "reads nothing"
    return "returns a wrong value"


def column(binary, name):
    """The effects of all faults on one SDK."""
    driver, cells = Driver(name), []
    for mutant, calls, op, params in FAULTS:
        outcomes = []
        for fault in (None, mutant):
            endpoint = Endpoint(binary, fault, calls)
            outcomes.append(driver.call(endpoint.url, op, params))
            endpoint.stop()
        cells.append(effect(*outcomes))
        print(f"{name}: {mutant}: {cells[-1]}", file=sys.stderr, flush=True)
    driver.stop()
    return cells


def table(binary):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        columns = list(pool.map(lambda name: column(binary, name), SDKS))
    rows = [(fault[0], cells) for fault, cells in zip(FAULTS, zip(*columns))]
    lines = ["| mutant | " + " | ".join(SDKS) + " |", "|---" * (len(SDKS) + 1) + "|"]
    lines += [f"| `{mutant}` | " + " | ".join(cells) + " |" for mutant, cells in rows]
    return "\n".join(lines)


PAGE = """# Faults and SDKs

After this page you know what each SDK does with a response in a wrong form.

The first column is a mutant: `iamspec serve --mutant NAME` is an endpoint with that fault. Each SDK made one call at the reference
and one at the mutant. The versions are those of `tests/sdks`. A fault that makes an SDK read nothing, raise an error or return a
wrong value counts at tier `code`; see [The form of responses](wire.md). Three faults that make an SDK return another value count at tier
`wire` all the same, because every entry of the listing is returned: a complete listing without `IsTruncated` or with a `Marker`, and a page with more entries than the request asks for.
One call cannot show `wire-new-user-id`, the id of an earlier user for a new one. `tests/sdks/faults.py` prints this page.

"""


def main():
    text = PAGE + table(sys.argv[1]) + "\n"
    if sys.argv[2:3] == ["--check"]:
        kept = pathlib.Path(sys.argv[3]).read_text()
        if kept != text:
            sys.exit(f"{sys.argv[3]} differs from what the SDKs do; write it again with tests/sdks/faults.py")
        return
    sys.stdout.write(text)


main()
