"""Runs iamspec once and Hypothesis with several seeds against one moto, and puts them side by side.

    compare.py BINARY [SEEDS]    started by compare.sh, which installs what it needs

moto is emptied before each of them. What is never found counts as infinitely late.
"""

import math
import os
import pathlib
import platform
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from importlib.metadata import version

HERE = pathlib.Path(__file__).parent
MOTO = HERE / "../emulators/moto"
REPORT = HERE / "../reports/hypothesis.md"
LIMIT = 3000
SIX = 6
# Another state machine of this kind, by another hand, had a median of 394 requests in seven seeds.
# Who needs more than twice as many is too weak to be compared with.
WEAK = 2 * 394

# moto reads from this which service is asked, and no more.
FOR_IAM = {"Authorization": "AWS4-HMAC-SHA256 Credential=none/20260101/us-east-1/iam/aws4_request"}

COLUMNS = [
    "requests to the first wrong deletion",
    "seconds",
    f"kinds seen alone in {LIMIT:,} requests, of {SIX}",
    "requests to all six",
    "seconds",
]


class Moto:
    """moto as a server, and when it answered each call."""

    def __enter__(self):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "errors": "replace"}
        self.process = subprocess.Popen([MOTO / "start.sh"], **pipes)
        self.answered, self.last = [], ""
        threading.Thread(target=self.follow, daemon=True).start()
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise SystemExit(f"expected moto to start, it ended: {self.last}; try tests/emulators/moto/start.sh")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def follow(self):
        """Its log has a line for each call."""
        for line in self.process.stderr:
            self.last = line.strip() or self.last
            if "POST / HTTP" in line:
                self.answered.append(time.monotonic())

    def reset(self):
        """Empty, and warm: the first call makes it load the policies of AWS, which nobody is to pay for."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(f"{self.url}/moto-api/reset", b"", timeout=60).read()
        self.answered.clear()
        call = urllib.request.Request(self.url, b"Action=ListUsers&Version=2010-05-08", headers=FOR_IAM)
        opener.open(call, timeout=60).read()
        self.wait_for(1)
        self.answered.clear()

    def wait_for(self, calls):
        """The log may be a little late."""
        for _ in range(100):
            if len(self.answered) >= calls:
                break
            time.sleep(0.05)
        if len(self.answered) != calls:
            came = len(self.answered)
            raise SystemExit(f"expected {calls} calls in moto's log, came {came}; does anybody else use it?")


def ended(done):
    """How a program ended, with the last line that it printed."""
    lines = (done.stderr.strip() or done.stdout.strip() or "nothing printed").splitlines()
    return f"exit code {done.returncode}, {lines[-1]}"


def ours(moto, binary):
    """One run of every script, in its own order; the seconds are those of moto's log."""
    moto.reset()
    start = time.monotonic()
    done = subprocess.run([binary, "run", "--endpoint", moto.url], capture_output=True, text=True)
    total = re.search(r" in ([\d,]+) requests: ", done.stdout)
    if done.returncode > 1 or not total:
        raise SystemExit(f"expected a verdict of iamspec, came {ended(done)}; run it alone")
    moto.wait_for(int(total[1].replace(",", "")))
    found = sorted(map(int, re.findall(r"deleted, must be refused, at request (\d+)$", done.stdout, re.M)))
    if not found:
        raise SystemExit("expected wrong deletions in the report of iamspec, came none; read the report")
    seconds = [moto.answered[it - 1] - start for it in found]
    every = (found[-1], seconds[-1]) if len(found) == SIX else (math.inf, math.inf)
    return [found[0], seconds[0], len(found), *every]


def hypothesis(moto, seed):
    """One row of figures, and what one seed printed."""
    moto.reset()
    asked = ["--endpoint", moto.url, "--seed", str(seed), "--requests", str(LIMIT)]
    command = [sys.executable, HERE / "hypothesis_moto.py", *asked]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"expected the figures of seed {seed}, came {ended(done)}; run it alone")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    moto.wait_for(int(rows[0][1]))
    found = [tuple(math.inf if it == "never" else float(it) for it in row[1:]) for row in rows[1:]]
    first, *kinds, every = found
    alone = sum(requests < math.inf for requests, _ in kinds)
    return [*first, alone, *every], rows


def shown(number, column):
    if number == math.inf:
        return "never"
    if COLUMNS[column] == "seconds":
        return f"{number:.3f}" if number < 1 else f"{number:.1f}"
    return f"{number:,.1f}" if number % 1 else f"{number:,.0f}"


def ratio(theirs, us, column):
    """What Hypothesis needs or finds, in terms of ours; at least this many where it never found it."""
    if theirs < math.inf:
        return f"{theirs / us:,.2g}" if theirs < 10 * us else f"{theirs / us:,.0f}"
    return "-" if COLUMNS[column] == "seconds" or us == math.inf else f"over {LIMIT / us:,.0f}"


def line(name, cells):
    return f"| {name} | {' | '.join(cells)} |"


def table(seeds, us):
    """What was measured of all seeds, by column, beside ours."""
    columns = list(zip(*seeds))

    def row(name, numbers):
        return line(name, [shown(it, column) for column, it in enumerate(numbers)])

    medians = [statistics.median(it) for it in columns]
    never = [str(sum(it == math.inf for it in column)) for column in columns]
    never[2] = "-"
    ratios = [ratio(theirs, us[column], column) for column, theirs in enumerate(medians)]
    return [
        line("", COLUMNS),
        "|---" * (len(COLUMNS) + 1) + "|",
        row(f"Hypothesis, median of {len(seeds)} seeds", medians),
        row("Hypothesis, least", map(min, columns)),
        row("Hypothesis, most", map(max, columns)),
        line("Hypothesis, seeds that never did", never),
        row("iamspec", us),
        line("Hypothesis's median / iamspec", ratios),
    ]


def seed_rows(outputs):
    """What each seed found when, in requests."""
    names = [row[0] for row in outputs[0][1:]]
    yield line("seed", names)
    yield "|---" * (len(names) + 1) + "|"
    for rows in outputs:
        yield line(rows[0][0].removeprefix("seed "), [row[1] for row in rows[1:]])


def versions(binary):
    moto = re.search(r'^version = "(.*)"$', (MOTO / "target.toml").read_text(), re.M)[1]
    own = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    python = platform.python_version()
    names = [f"{it} {version(it)}" for it in ["hypothesis", "boto3"]]
    return ", ".join([own, *names, f"moto {moto}", f"Python {python}", f"{os.cpu_count()} processors"])


def report(binary, lines, outputs):
    seeds = "" if len(outputs) == 10 else f" {len(outputs)}"
    again = f"tests/baseline/compare.sh target/release/iamspec{seeds}"
    return f"""# Hypothesis and iamspec against moto

How soon each finds that moto deletes a user that still holds something, and that it forgets each of six kinds:
seen alone, so that nothing else can be the reason. Written by `{again}`.

{versions(binary)}.

{chr(10).join(lines)}

Hypothesis is the state machine of `tests/baseline/hypothesis_moto.py`, the best for it of three that were tried:
with users and groups made at the start, with users made, with neither. Nothing is shrunk, a find is noted and
the run goes on, and the start of Python is left out of its seconds. iamspec is one run of all its scripts, in
its own order, from its start; the seconds are those of moto's log. moto is emptied before each, and warm.
A seed that never found it is later than all others, so a median can be never too.

Every seed, in requests:

{chr(10).join(seed_rows(outputs))}
"""


def main(binary, count="10"):
    # What is stopped ends moto too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    seeds, outputs = [], []
    with Moto() as moto:
        us = ours(moto, binary)
        for seed in range(1, int(count) + 1):
            row, rows = hypothesis(moto, seed)
            seeds.append(row)
            outputs.append(rows)
            print(f"seed {seed}: first at {shown(row[0], 0)}, {row[2]} kinds alone", file=sys.stderr)
    lines = table(seeds, us)
    print("\n".join(lines))
    median = statistics.median(row[0] for row in seeds)
    if median > WEAK:
        came = shown(median, 0)
        raise SystemExit(f"expected a median of {WEAK} requests at most, came {came}; the baseline is too weak")
    REPORT.write_text(report(binary, lines, outputs))


if __name__ == "__main__":
    main(*sys.argv[1:])
