#!/usr/bin/env python3
"""Measures the seconds and the peak memory of `iamspec audit` with generated logs.

    python3 tests/bench/audit.py target/release/iamspec [EVENTS [ENTRIES]]

EVENTS is the number of CloudTrail events, ENTRIES the number of HAR entries; each is measured in
full and with a tenth of it. The memory must not grow with the number.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

# A delivered CloudTrail file has about this many events.
FILE_EVENTS = 2000

# The number of different users. The memory grows with the names, which an audit must remember.
USERS = 500

ACCOUNT = "123456789012"


def clock(index):
    """Every event two seconds after the one before."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_700_000_000 + 2 * index))


def calls(number):
    """Each user gets a key and is deleted, again and again: action, members, status, key."""
    for index in range(number):
        round_, step = divmod(index, 5 * USERS)
        verb, user = divmod(step, USERS)
        name = f"user-{user}"
        key = f"AKIA{round_ * USERS + user:016d}"
        with_key = {"UserName": name, "AccessKeyId": key}
        yield [
            ("CreateUser", {"UserName": name}, 200, None),
            ("CreateAccessKey", {"UserName": name}, 200, key),
            ("DeleteUser", {"UserName": name}, 409, None),
            ("DeleteAccessKey", with_key, 200, None),
            ("DeleteUser", {"UserName": name}, 200, None),
        ][verb]


CONFLICT = "Cannot delete entity, must delete access keys first."


def lower(name):
    return name[0].lower() + name[1:]


def write_cloudtrail(folder, number):
    records = []
    for index, (action, members, status, key) in enumerate(calls(number)):
        event = {
            "eventVersion": "1.09",
            "userIdentity": {"type": "AssumedRole", "accountId": ACCOUNT},
            "eventTime": clock(index) + "Z",
            "eventSource": "iam.amazonaws.com",
            "eventName": action,
            "awsRegion": "us-east-1",
            "requestParameters": {lower(name): value for name, value in members.items()},
            "responseElements": None,
            "eventID": f"event-{index}",
            "recipientAccountId": ACCOUNT,
        }
        if key:
            key = {"userName": members["UserName"], "accessKeyId": key, "status": "Active"}
            event["responseElements"] = {"accessKey": key}
        if status == 409:
            event["errorCode"] = "DeleteConflictException"
            event["errorMessage"] = CONFLICT
        records.append(event)
        if len(records) == FILE_EVENTS or index + 1 == number:
            file = folder / f"{index // FILE_EVENTS:08}.json"
            file.write_text(json.dumps({"Records": records}))
            records = []


def body_of(action, members, status, key):
    if status == 409:
        error = f"<Code>DeleteConflict</Code><Message>{CONFLICT}</Message>"
        return f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
    result = ""
    if key:
        user = members["UserName"]
        result = f"<UserName>{user}</UserName><AccessKeyId>{key}</AccessKeyId><Status>Active</Status>"
        result = f"<CreateAccessKeyResult><AccessKey>{result}</AccessKey></CreateAccessKeyResult>"
    return f"<{action}Response>{result}</{action}Response>"


def write_har(folder, number):
    with open(folder / "traffic.har", "w", encoding="utf-8") as file:
        file.write('{"log": {"version": "1.2", "entries": [')
        for index, (action, members, status, key) in enumerate(calls(number)):
            form = {"Action": action, "Version": "2010-05-08", **members}
            form = "&".join(f"{name}={value}" for name, value in form.items())
            kind = "application/x-www-form-urlencoded"
            entry = {
                "startedDateTime": clock(index) + ".000Z",
                "time": 12.5,
                "request": {
                    "method": "POST",
                    "url": "https://iam.amazonaws.com/",
                    "headers": [{"name": "user-agent", "value": "Boto3/1.40 " + "x" * 200}],
                    "postData": {"mimeType": kind, "text": form},
                },
                "response": {
                    "status": status,
                    "headers": [],
                    "content": {"mimeType": "text/xml", "text": body_of(action, members, status, key)},
                },
            }
            file.write(("," if index else "") + "\n" + json.dumps(entry))
        file.write("]}}")


def measure(program, path):
    """The seconds, the peak memory in MB, and the last line of the output."""
    begun = time.monotonic()
    command = [program, "audit", "--start", "empty", "--tier", "text", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"exit code {process.returncode}: {output[-2000:]}")
    return time.monotonic() - begun, usage.ru_maxrss / 1024, output.strip().splitlines()[-1]


def main():
    program = sys.argv[1]
    numbers = [int(it) for it in sys.argv[2:4]]
    events, entries = numbers + [1_000_000, 100_000][len(numbers):]
    for name, write, number in [("CloudTrail", write_cloudtrail, events), ("HAR", write_har, entries)]:
        memory = []
        for size in [number // 10, number]:
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                write(folder, size)
                seconds, megabytes, line = measure(program, folder)
            memory.append(megabytes)
            print(f"{name}, {size} events: {seconds:.1f} s, {megabytes:.0f} MB; {line}", flush=True)
        if memory[1] > 2 * memory[0] + 50:
            sys.exit(f"{name}: the memory grows with the number of events")


if __name__ == "__main__":
    main()
