"""Runs iamspec once and Hypothesis with several seeds against one moto, and compares the results.

    compare.py BINARY [SEEDS]    started by compare.sh, which installs the packages

Each run begins with an empty moto. A divergence that a run never finds counts as infinitely late.
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
# An independent state machine of this kind had a median of 394 requests in seven seeds. A baseline that needs
# more than twice as many is too weak for a comparison.
MAX_MEDIAN = 2 * 394

# moto reads only the service from this header.
IAM_HEADERS = {"Authorization": "AWS4-HMAC-SHA256 Credential=none/20260101/us-east-1/iam/aws4_request"}

COLUMNS = [
    "requests to the first wrong deletion",
    "seconds",
    f"kinds found alone in {LIMIT:,} requests, of {SIX}",
    "requests to all six",
    "seconds",
]


class Moto:
    """A moto server, with the time of each response."""

    def __enter__(self):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "errors": "replace"}
        self.process = subprocess.Popen([MOTO / "start.sh"], **pipes)
        self.response_times, self.last = [], ""
        threading.Thread(target=self.follow, daemon=True).start()
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise SystemExit(f"expected moto to start, but it exited: {self.last}; try tests/emulators/moto/start.sh")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def follow(self):
        """Reads the log, which has one line per request."""
        for line in self.process.stderr:
            self.last = line.strip() or self.last
            if "POST / HTTP" in line:
                self.response_times.append(time.monotonic())

    def reset(self):
        """Empties moto and sends one request, so that loading the AWS policies is not part of the measurement."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(f"{self.url}/moto-api/reset", b"", timeout=60).read()
        self.response_times.clear()
        call = urllib.request.Request(self.url, b"Action=ListUsers&Version=2010-05-08", headers=IAM_HEADERS)
        opener.open(call, timeout=60).read()
        self.wait_for(1)
        self.response_times.clear()

    def wait_for(self, requests):
        """Waits until the log contains this number of requests."""
        for _ in range(100):
            if len(self.response_times) >= requests:
                break
            time.sleep(0.05)
        if len(self.response_times) != requests:
            actual = len(self.response_times)
            raise SystemExit(f"expected {requests} requests in the log of moto, got {actual}; does another client use it?")


def outcome(process):
    """The exit code of a process, with its last line of output."""
    lines = (process.stderr.strip() or process.stdout.strip() or "no output").splitlines()
    return f"exit code {process.returncode}, {lines[-1]}"


def measure_iamspec(moto, binary):
    """Runs every script once. Times come from the log of moto."""
    moto.reset()
    start = time.monotonic()
    process = subprocess.run([binary, "run", "--endpoint", moto.url], capture_output=True, text=True)
    total = re.search(r" ([\d,]+) requests: ", process.stdout)
    if process.returncode > 1 or not total:
        raise SystemExit(f"expected a verdict of iamspec, got {outcome(process)}; run it alone")
    moto.wait_for(int(total[1].replace(",", "")))
    found = sorted(map(int, re.findall(r"deleted.*, request (\d+)$", process.stdout, re.M)))
    if not found:
        raise SystemExit("expected wrong deletions in the report of iamspec, got none; read the report")
    seconds = [moto.answered[it - 1] - start for it in found]
    all_six = (found[-1], seconds[-1]) if len(found) == SIX else (math.inf, math.inf)
    return [found[0], seconds[0], len(found), *all_six]


def measure_hypothesis(moto, seed):
    """Runs one seed; returns its row of the table and its output."""
    moto.reset()
    options = ["--endpoint", moto.url, "--seed", str(seed), "--requests", str(LIMIT)]
    command = [sys.executable, HERE / "hypothesis_moto.py", *options]
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode:
        raise SystemExit(f"expected the figures of seed {seed}, got {outcome(process)}; run it alone")
    rows = [line.split("\t") for line in process.stdout.splitlines()]
    moto.wait_for(int(rows[0][1]))
    found = [tuple(math.inf if it == "never" else float(it) for it in row[1:]) for row in rows[1:]]
    first, *kinds, all_six = found
    alone = sum(requests < math.inf for requests, _ in kinds)
    return [*first, alone, *all_six], rows


def format_number(number, column):
    if number == math.inf:
        return "never"
    if COLUMNS[column] == "seconds":
        return f"{number:.3f}" if number < 1 else f"{number:.1f}"
    return f"{number:,.1f}" if number % 1 else f"{number:,.0f}"


def ratio(hypothesis, iamspec, column):
    """The ratio of the two figures; a lower bound if Hypothesis never found the divergence."""
    if hypothesis < math.inf:
        quotient = hypothesis / iamspec
        return f"{quotient:,.2g}" if quotient < 10 else f"{quotient:,.0f}"
    return "-" if COLUMNS[column] == "seconds" or iamspec == math.inf else f"over {LIMIT / iamspec:,.0f}"


def line(name, cells):
    return f"| {name} | {' | '.join(cells)} |"


def table(seeds, iamspec):
    """The figures of all seeds and of iamspec."""
    columns = list(zip(*seeds))

    def row(name, numbers):
        return line(name, [format_number(it, column) for column, it in enumerate(numbers)])

    medians = [statistics.median(it) for it in columns]
    never = [str(sum(it == math.inf for it in column)) for column in columns]
    never[2] = "-"
    ratios = [ratio(median, iamspec[column], column) for column, median in enumerate(medians)]
    return [
        line("", COLUMNS),
        "|---" * (len(COLUMNS) + 1) + "|",
        row(f"Hypothesis, median of {len(seeds)} seeds", medians),
        row("Hypothesis, minimum", map(min, columns)),
        row("Hypothesis, maximum", map(max, columns)),
        line("Hypothesis, seeds that never found it", never),
        row("iamspec", iamspec),
        line("ratio of the median to iamspec", ratios),
    ]


def seed_rows(outputs):
    """The requests that each seed needed per kind."""
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
    command = f"tests/baseline/compare.sh target/release/iamspec{seeds}"
    return f"""# Hypothesis and iamspec against moto

The requests and seconds until each finds that moto deletes a user with attachments, and until it finds each of
six kinds alone, that is, as the only attachment of the user. Written by `{command}`.

{versions(binary)}.

{chr(10).join(lines)}

Hypothesis runs the state machine of `tests/baseline/hypothesis_moto.py`. It is the fastest of three variants:
users and groups created at the start, only users, and neither. Shrinking is off, a run continues after a finding,
and its seconds exclude the start of Python. iamspec runs all scripts once, in its default order, and its seconds
include its start; they come from the log of moto. moto is empty and warm at the start of each run. A seed that
never found a divergence ranks after all others, so a median can be "never".

Every seed, in requests:

{chr(10).join(seed_rows(outputs))}
"""


def main(binary, count="10"):
    # SIGTERM must also stop moto.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    seeds, outputs = [], []
    with Moto() as moto:
        iamspec = measure_iamspec(moto, binary)
        for seed in range(1, int(count) + 1):
            row, rows = measure_hypothesis(moto, seed)
            seeds.append(row)
            outputs.append(rows)
            print(f"seed {seed}: first at {format_number(row[0], 0)}, {row[2]} kinds alone", file=sys.stderr)
    lines = table(seeds, iamspec)
    print("\n".join(lines))
    median = statistics.median(row[0] for row in seeds)
    if median > MAX_MEDIAN:
        actual = format_number(median, 0)
        raise SystemExit(f"expected a median of {MAX_MEDIAN} requests at most, got {actual}; the baseline is too weak")
    REPORT.write_text(report(binary, lines, outputs))


if __name__ == "__main__":
    main(*sys.argv[1:])
