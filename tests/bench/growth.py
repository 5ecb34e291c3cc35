"""How the cost grows with the size, as tables.

    python3 tests/bench/growth.py target/release/iamspec > tests/reports/growth.md

Needs wrk (Debian). Takes some minutes.
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


def said(words, **more):
    words = [str(it) for it in words]
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more).stdout


def table(title, head, rows):
    print(f"\n## {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(f"{it:,}" if isinstance(it, int) else str(it) for it in row) + " |")


def states():
    text = said(["cargo", "bench", "-p", "iamspec-model", "--bench", "growth"], cwd=ROOT)
    rows = [line.split("|") for line in text.splitlines() if line.count("|") == 5]
    table("States of the model", [it.strip() for it in rows[0]], [[it.strip() for it in row] for row in rows[1:]])


def rules(folder):
    """Which request asks how many rules for the first time."""
    for suite in ["cover", "scripts", "random"]:
        run = folder / "run.jsonl"
        said([PROGRAM, "run", "--suite", suite, "--calls", "20000", "--report", f"json={run}"])
        asked, reached, marks = set(), [], [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000]
        for line in run.read_text().splitlines():
            event = json.loads(line)
            if event["event"] != "call" or "request" not in event:
                continue
            while marks and event["request"] > marks[0]:
                reached.append((marks.pop(0), len(asked)))
            if len(event.get("rules", [])) == 1:
                asked.add(event["rules"][0])
        reached.append((event.get("requests", 0) or "the end", len(asked)))
        table(f"Rules that alone decided an answer, by requests, --suite {suite}", ["requests", "rules"], reached)


def history(folder):
    rows = []
    for calls in [1000, 4000, 16_000, 64_000]:
        # One account all the time, in which things come and go.
        turn = "CreateAccessKey u0 key#{0}\nDeleteUser u0\nListAccessKeys u0\nDeleteAccessKey u0 key#{0}\n"
        script = folder / "long.script"
        script.write_text("CreateUser u0\n" + "".join(turn.format(it) for it in range(calls // 4)))
        begun = time.perf_counter()
        said([PROGRAM, "judge", script])
        took = time.perf_counter() - begun
        rows.append((calls, f"{took:.2f}", f"{took / calls * 1e6:.1f}"))
    table("A history of one account, judged", ["calls", "seconds", "microseconds a call"], rows)


WRK = 'wrk.method = "POST"\nwrk.body = "{}"\nwrk.headers["content-type"] = "application/x-www-form-urlencoded"\n'


def users(folder):
    server = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--quota", "UsersPerAccount=200000"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    url = re.search(r"http://[0-9.:]+", server.stdout.readline())[0]
    host = http.client.HTTPConnection(url.removeprefix("http://"))
    head = {"content-type": "application/x-www-form-urlencoded"}
    there, rows, lua = 0, [], folder / "wrk.lua"
    for many in [10, 100, 1000, 10_000, 100_000]:
        begun, new = time.perf_counter(), many - there
        while there < many:
            form = {"Action": "CreateUser", "Version": "2010-05-08", "UserName": f"user-{there}"}
            host.request("POST", "/", urllib.parse.urlencode(form), head)
            host.getresponse().read()
            there += 1
        made = (time.perf_counter() - begun) / new * 1e6
        cells = []
        for call in ["GetUser&UserName=user-5", "ListUsers", "DeleteUser&UserName=nobody"]:
            lua.write_text(WRK.format(f"Action={call}&Version=2010-05-08"))
            text = said(["wrk", "-t1", "-c1", "-d2s", "-s", lua, url])
            cells.append(int(float(re.findall(r"Requests/sec:\s*([0-9.]+)", text)[0])))
        memory = pathlib.Path(f"/proc/{server.pid}/status").read_text()
        memory = int(re.findall(r"VmRSS:\s*(\d+)", memory)[0]) // 1024
        rows.append((many, f"{made:.0f}", *cells, memory))
    server.kill()
    table("The reference endpoint, by users",
          ["users", "microseconds for one more", "GetUser/s", "ListUsers/s, pages of 100", "DeleteUser of nobody/s", "MB"], rows)


def reports(folder):
    rows = []
    for who, words in [("right", []), ("one rule wrong", ["--mutant", "forgets-mfa-device"]),
                       ("no user is deleted", ["--mutant", "deletes-nobody"])]:
        lines, page = folder / "run.jsonl", folder / "run.html"
        said([PROGRAM, "run", "--suite", "scripts", "--regressions", folder / "none", "--tier", "text", "--level", "info",
              *words, "--report", f"json={lines}", "--report", f"html={page}"])
        events = [json.loads(it)["event"] for it in lines.read_text().splitlines()]
        size = lambda file: f"{file.stat().st_size / 1000:.0f}"
        rows.append((who, events.count("call"), events.count("finding"), size(lines), size(page)))
    table("Reports, by findings", ["endpoint", "calls", "findings", "JSON Lines, KB", "page, KB"], rows)


def main():
    print("# How the cost grows\n")
    print("Printed by `python3 tests/bench/growth.py target/release/iamspec`.")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        states()
        rules(folder)
        history(folder)
        users(folder)
        reports(folder)


if __name__ == "__main__":
    main()
