"""Measures how costs grow with the size of the input, and prints tables.

    python3 tests/bench/growth.py target/release/iamspec > tests/reports/growth.md
    python3 tests/bench/growth.py target/release/iamspec rules history reports    # only these sections

The section `users` needs wrk (Debian). All sections take some minutes.
"""

import http.client
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())


def output(words, **more):
    """The stdout and stderr of a program."""
    words = [str(it) for it in words]
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more).stdout


def table(title, head, rows):
    print(f"\n## {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(f"{it:,}" if isinstance(it, int) else str(it) for it in row) + " |")


def states(_):
    text = output(["cargo", "bench", "-p", "iamspec-model", "--bench", "growth"], cwd=ROOT)
    rows = [line.split("|") for line in text.splitlines() if line.count("|") == 5]
    table("States of the model", [it.strip() for it in rows[0]], [[it.strip() for it in row] for row in rows[1:]])


def rules(folder):
    """The number of rules that a run has tested after some numbers of requests."""
    for suite in ["cover", "scripts", "random"]:
        run = folder / "run.jsonl"
        calls = ["--calls", "20000"] if suite == "random" else []
        output([PROGRAM, "run", "--suite", suite, *calls, "--report", f"json={run}"])
        tested, rows, marks = set(), [], [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000]
        for line in run.read_text().splitlines():
            event = json.loads(line)
            if event["event"] != "call" or "request" not in event:
                continue
            while marks and event["request"] > marks[0]:
                rows.append((marks.pop(0), len(tested)))
            if len(event.get("rules", [])) == 1:
                tested.add(event["rules"][0])
        rows.append((event.get("requests", 0) or "the end", len(tested)))
        table(f"Rules tested alone, by requests, --suite {suite}", ["requests", "rules"], rows)


def history(folder):
    rows = []
    for calls in [1000, 4000, 16_000, 64_000]:
        # One account in which items are created and deleted.
        cycle = "CreateAccessKey u0 key#{0}\nDeleteUser u0\nListAccessKeys u0\nDeleteAccessKey u0 key#{0}\n"
        script = folder / "long.script"
        script.write_text("CreateUser u0\n" + "".join(cycle.format(it) for it in range(calls // 4)))
        start = time.perf_counter()
        output([PROGRAM, "audit", script])
        took = time.perf_counter() - start
        rows.append((calls, f"{took:.2f}", f"{took / calls * 1e6:.1f}"))
    table("Audit of one account", ["requests", "seconds", "microseconds per request"], rows)


WRK = 'wrk.method = "POST"\nwrk.body = "{}"\nwrk.headers["content-type"] = "application/x-www-form-urlencoded"\n'


def users(folder):
    server = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--quota", "UsersPerAccount=200000"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    url = re.search(r"http://[0-9.:]+", server.stdout.readline())[0]
    host = http.client.HTTPConnection(url.removeprefix("http://"))
    head = {"content-type": "application/x-www-form-urlencoded"}
    users, rows, lua = 0, [], folder / "wrk.lua"
    for total in [10, 100, 1000, 10_000, 100_000]:
        start, new = time.perf_counter(), total - users
        while users < total:
            form = {"Action": "CreateUser", "Version": "2010-05-08", "UserName": f"user-{users}"}
            host.request("POST", "/", urllib.parse.urlencode(form), head)
            host.getresponse().read()
            users += 1
        microseconds = (time.perf_counter() - start) / new * 1e6
        cells = []
        for call in ["GetUser&UserName=user-5", "ListUsers", "DeleteUser&UserName=nobody"]:
            lua.write_text(WRK.format(f"Action={call}&Version=2010-05-08"))
            text = output(["wrk", "-t1", "-c1", "-d2s", "-s", lua, url])
            cells.append(int(float(re.findall(r"Requests/sec:\s*([0-9.]+)", text)[0])))
        memory = pathlib.Path(f"/proc/{server.pid}/status").read_text()
        memory = int(re.findall(r"VmRSS:\s*(\d+)", memory)[0]) // 1024
        rows.append((total, f"{microseconds:.0f}", *cells, memory))
    server.kill()
    table("The reference server, by users",
          ["users", "microseconds per CreateUser", "GetUser/s", "ListUsers/s, pages of 100", "DeleteUser of a missing user/s", "MB"], rows)


def reports(folder):
    rows = []
    for endpoint, options in [("conforming", []), ("one rule broken", ["--mutant", "forgets-mfa-device"]),
                       ("DeleteUser deletes no user", ["--mutant", "deletes-nobody"])]:
        lines, page = folder / "run.jsonl", folder / "run.html"
        output([PROGRAM, "run", "--suite", "scripts", "--regressions", folder / "none", "--tier", "text", "--level", "info",
              *options, "--report", f"json={lines}", "--report", f"html={page}"])
        events = [json.loads(it)["event"] for it in lines.read_text().splitlines()]
        size = lambda file: f"{file.stat().st_size / 1000:.0f}"
        rows.append((endpoint, events.count("call"), events.count("finding"), size(lines), size(page)))
    table("Reports, by findings", ["endpoint", "requests", "findings", "JSON Lines, KB", "HTML, KB"], rows)


def main():
    print("# Growth of costs\n")
    print("Printed by `python3 tests/bench/growth.py target/release/iamspec`.")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        sections = {"states": states, "rules": rules, "history": history, "users": users, "reports": reports}
        for name in sys.argv[2:] or sections:
            sections[name](folder)


if __name__ == "__main__":
    main()
