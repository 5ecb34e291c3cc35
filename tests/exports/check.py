"""Runs scripts as the programs that they are exported to, and holds each answer to what a run of iamspec saw.

    check.py IAMSPEC EVERY [--mutant NAME]    every so many-th of our scripts; all with 1
"""

import json
import os
import re
import subprocess
import sys
import tempfile

iamspec, every = sys.argv[1], int(sys.argv[2])
wrong = sys.argv[3:]
SHOWN = re.compile(r"^(?P<call>.*?) +-> (?P<seen>\(not sent\)|\S+(?: \S+)?)(?:   DIFFERS.*)?$")


def names():
    listed = subprocess.run([iamspec, "list", "scripts"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in listed.splitlines() if line.strip()]


def seen_by_run(script, url, folder):
    """What each call of a script was answered."""
    file = os.path.join(folder, "run.jsonl")
    words = [iamspec, "run", "--endpoint", url, "--observe", "off", "--journal", folder, "--report", f"json={file}", script]
    subprocess.run(words, capture_output=True, check=False)
    with open(file, encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    calls = [it for it in events if it["event"] == "call"]
    return [re.match(r'\d+( [A-Za-z]+)?', it.get("answer", "-")) for it in calls]


def run(language, script, url, folder):
    """The exit code of the program, and what it showed of each call."""
    text = subprocess.run([iamspec, "export", script, "--as", language, "--endpoint", url], capture_output=True, text=True, check=True).stdout
    name = {"boto3": "program.py", "pytest": "test_program.py"}.get(language, "program.sh")
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    command = {
        "boto3": [sys.executable, path],
        "pytest": [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path],
    }.get(language, ["bash", path])
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    shown = [SHOWN.match(line) for line in ended.stdout.splitlines()]
    return ended, [it["seen"] for it in shown if it]


def serve():
    server = subprocess.Popen([iamspec, "serve", "--listen", "127.0.0.1:0", *wrong], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return server, server.stdout.readline().strip()


def main():
    ran, same, differ = 0, 0, []
    server, url = serve()
    with tempfile.TemporaryDirectory() as folder:
        scripts = names()
        alone = [it for it in scripts if it.startswith("delete-user/alone/")]
        rest = [it for it in scripts if it not in alone][::every]
        for number, script in enumerate(alone + rest):
            told = [it.group(0) if it else "-" for it in seen_by_run(script, url, folder)]
            # The AWS CLI takes a second to start.
            slow = ["aws-cli"] if number % (1 if every == 1 else 5) == 0 else []
            differs = False
            for language in ["boto3", "curl", "pytest", *slow]:
                ended, seen = run(language, script, url, folder)
                ran += 1
                if language == "boto3":
                    differs = "DIFFERS" in ended.stdout
                if language == "pytest":
                    # It fails where the program shows a difference, and nowhere else.
                    right = ended.returncode == (1 if differs else 0)
                elif language == "aws-cli":
                    words = [it.split(" ")[-1] for it in told]
                    right = len(seen) == len(words) and all(one in (it, "(not sent)") for one, it in zip(seen, words))
                else:
                    right = seen == told
                same += right
                if not right:
                    differ.append(f"{script} as {language}: {seen} where a run saw {told}\n{ended.stdout[-600:]}{ended.stderr[-600:]}")
    server.terminate()
    server.wait()
    for text in differ:
        print(text)
    print(f"{ran} exports ran, {same} saw the same answers")
    sys.exit(1 if differ else 0)


main()
