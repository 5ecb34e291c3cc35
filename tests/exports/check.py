"""Runs the exports of scripts and compares each response with the response in a run of iamspec.

    check.py IAMSPEC STEP [--mutant NAME]    tests every STEP-th script; 1 for all scripts
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import boto3

iamspec, step = sys.argv[1], int(sys.argv[2])
serve_options = sys.argv[3:]
PRINTED = re.compile(r"^(?P<call>.*?) +-> (?P<response>\(not sent\)|\S+(?: \S+)?)(?:   DIFFERS.*)?$")


def names():
    listed = subprocess.run([iamspec, "list", "scripts"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in listed.splitlines() if line.strip()]


def responses_of_run(script, url, folder):
    """The response to each request of a script."""
    file = os.path.join(folder, "run.jsonl")
    words = [iamspec, "run", "--endpoint", url, "--observe", "off", "--journal", folder, "--report", f"json={file}", script]
    subprocess.run(words, capture_output=True, check=False)
    with open(file, encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    calls = [it for it in events if it["event"] == "call"]
    return [re.match(r'\d+( [A-Za-z]+)?', it.get("response", "-")) for it in calls]


def run(language, script, url, folder):
    """Runs the export; returns the process and the responses that it printed."""
    text = subprocess.run([iamspec, "export", script, "--as", language, "--endpoint", url], capture_output=True, text=True, check=True).stdout
    name = {"boto3": "program.py", "pytest": "test_program.py"}.get(language, "program.sh")
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    command = {
        "boto3": [sys.executable, path],
        "pytest": [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path],
    }.get(language, ["bash", path])
    process = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    printed = [PRINTED.match(line) for line in process.stdout.splitlines()]
    return process, [it["response"] for it in printed if it]


def serve():
    server = subprocess.Popen([iamspec, "serve", "--listen", "127.0.0.1:0", *serve_options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return server, server.stdout.readline().strip()


def left_behind(url):
    """The names of what exists at the endpoint."""
    iam = boto3.client("iam", endpoint_url=url, region_name="us-east-1", aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="example")
    users = [it["UserName"] for it in iam.list_users()["Users"]]
    groups = [it["GroupName"] for it in iam.list_groups()["Groups"]]
    policies = [it["Arn"] for it in iam.list_policies(Scope="Local")["Policies"]]
    devices = [it["SerialNumber"] for it in iam.list_virtual_mfa_devices()["VirtualMFADevices"]]
    return users + groups + policies + devices


def main():
    count, same, failures = 0, 0, []
    server, url = serve()
    with tempfile.TemporaryDirectory() as folder:
        scripts = names()
        always = [it for it in scripts if it.startswith(("delete-user/alone/", "names/"))]
        rest = [it for it in scripts if it not in always][::step]
        for number, script in enumerate(always + rest):
            expected = [it.group(0) if it else "-" for it in responses_of_run(script, url, folder)]
            # The AWS CLI needs a second to start.
            is_slow_too = step == 1 or number % 5 == 0 or script.startswith("names/")
            slow = ["aws-cli"] if is_slow_too else []
            differs = False
            for language in ["boto3", "curl", "pytest", *slow]:
                process, actual = run(language, script, url, folder)
                count += 1
                if language == "boto3":
                    differs = "DIFFERS" in process.stdout
                if language == "pytest":
                    # The test must fail exactly if the program shows a difference.
                    is_right = process.returncode == (1 if differs else 0)
                elif language == "aws-cli":
                    words = [it.split(" ")[-1] for it in expected]
                    is_right = len(actual) == len(words) and all(one in (it, "(not sent)") for one, it in zip(actual, words))
                else:
                    is_right = actual == expected
                if not serve_options and (process.returncode or "DIFFERS" in process.stdout or "not removed" in process.stdout):
                    is_right = False
                same += is_right
                if not is_right:
                    failures.append(f"{script} as {language}: expected {expected} as in the run, got {actual}\n{process.stdout[-600:]}{process.stderr[-600:]}")
    if not serve_options:
        failures += [f"left behind: {name}" for name in left_behind(url)]
    server.terminate()
    server.wait()
    for text in failures:
        print(text)
    print(f"{count} exports ran, {same} with the same responses as the run")
    sys.exit(1 if failures else 0)


main()
