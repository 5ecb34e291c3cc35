#!/usr/bin/env python3
"""Runs suites against the conforming reference endpoint with one, two and three kinds of fault at a time.

Every finding is a false positive, and every resource that stays is an error of the cleanup. Half of
the runs use the faults of `iamspec serve --faults`; the other half use a proxy (tests/faults/proxy,
in Go) that shares no code with the product.

    tests/faults/campaign.py target/release/iamspec --runs 5000 --report tests/reports/fault-injection.md

Prints each failed run with its seed; `--only SEED` repeats it. Exit code 1 if a run failed.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent

PROXY_FAULTS = [
    "lose-before", "reset-before", "lose-after", "reset-after", "late-effect", "throttle",
    "error-500", "error-500-after", "error-503", "gateway", "gateway-after", "delay", "truncate",
    "cut", "twice", "extra", "close", "head",
]

ACTIONS = ["*", "*", "*", "Create*", "List*", "Get*", "Delete*", "Upload*", "Update*", "Put*", "Add*",
           "Attach*", "*User", "*AccessKey*", "*ServiceSpecificCredential*", "*SigningCertificate*",
           "*SSHPublicKey*", "*MFADevice*", "*LoginProfile*", "*Policy*", "*Group*"]

# The faults after which an endpoint needs time to converge.
LAGGING = {"lag", "lingering", "unmodifiable"}


def built_in_fault(rng, sort):
    """One row of a fault file."""
    row = {"sort": sort, "on": rng.choice(ACTIONS)}
    if sort == "lag":
        row["on"] = rng.choice(["List*", "Get*"])
    if sort in LAGGING:
        row["calls"] = rng.randint(1, 3)
    if sort in ("drop", "fail", "html"):
        row["effect"] = rng.random() < 0.5
    if sort == "fail":
        row["status"] = rng.choice([500, 503])
    if sort == "html":
        row["status"] = rng.choice([502, 200])
    if sort == "slow":
        row["ms"] = rng.randint(1, 5)
    if sort == "truncate":
        row["clean"] = rng.random() < 0.5
    if sort in ("empty-page", "odd-marker", "same-marker"):
        row["on"] = "List*"
    trigger = rng.choice(["chance", "chance", "every", "first", "always"])
    if trigger == "chance":
        row["chance"] = rng.choice([0.02, 0.05, 0.1, 0.2])
    elif trigger == "every":
        row["every"] = rng.randint(3, 30)
    elif trigger == "first":
        row["first"] = rng.randint(1, 3)
    else:
        row["times"] = rng.randint(1, 3)
    return row


def built_in_faults(rng, number):
    sorts = rng.sample(["drop", "drop", "fail", "throttle", "concurrent", "html", "truncate", "twice", "slow",
                        "empty-page", "odd-marker", "lag", "lingering", "unmodifiable"], 14)
    kinds = list(dict.fromkeys(sorts))[:number]
    return [built_in_fault(rng, sort) for sort in kinds]


def toml(seed, rows):
    def value(it):
        return json.dumps(it)
    text = [f"seed = {seed}"]
    for row in rows:
        text.append("\n[[fault]]")
        text.extend(f"{name} = {value(it)}" for name, it in row.items())
    return "\n".join(text) + "\n"


class Endpoint:
    """A reference endpoint in a process of its own."""

    def __init__(self, binary, folder, faults=None):
        command = [binary, "serve", "--listen", "127.0.0.1:0"]
        if faults:
            path = folder / "faults.toml"
            path.write_text(faults)
            command += ["--faults", path]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url.startswith("http"):
            raise RuntimeError(f"iamspec serve did not print a URL: {self.url!r}")

    def post(self, action, **members):
        form = urllib.parse.urlencode({"Action": action, "Version": "2010-05-08", **members}).encode()
        # Faults hit this request too.
        for _ in range(200):
            try:
                with urllib.request.urlopen(urllib.request.Request(self.url, form), timeout=5) as answer:
                    text = answer.read().decode()
                    if text.count(f"</{action}Response>") == 1:
                        return text
            except Exception:
                pass
        raise RuntimeError(f"{action} fails 200 times")

    def listing(self):
        """Everything on the endpoint; a stale answer is over after a few requests."""
        names = set()
        for action, element, more in [
            ("ListUsers", "UserName", {}), ("ListGroups", "GroupName", {}),
            ("ListPolicies", "PolicyName", {"Scope": "Local"}), ("ListVirtualMFADevices", "SerialNumber", {}),
        ]:
            for _ in range(6):
                marker, seen = None, set()
                while True:
                    text = self.post(action, **more, **({"Marker": marker} if marker else {}))
                    seen |= set(re.findall(f"<{element}>([^<]*)</{element}>", text))
                    found = re.search("<Marker>([^<]+)</Marker>", text)
                    marker = found and urllib.parse.unquote(found.group(1).replace("&amp;", "&"))
                    if not marker or "<IsTruncated>true" not in text:
                        break
            names |= seen
        return names

    def stop(self):
        """Stops it, and returns the number of faults that it injected."""
        self.process.terminate()
        _, text = self.process.communicate()
        return sum(map(int, re.findall(r"^injected .*: (\d+)$", text, re.M)))


def proxy_binary():
    """The compiled proxy."""
    target = pathlib.Path(tempfile.mkdtemp(prefix="iamspec-proxy-")) / "proxy"
    subprocess.run(["go", "build", "-o", target, "."], cwd=HERE / "proxy", check=True)
    return target


class Proxy:
    def __init__(self, binary, to, seed, faults, chance):
        self.process = subprocess.Popen(
            [binary, "-to", to, "-seed", str(seed), "-faults", ",".join(faults), "-chance", str(chance)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def counts(self):
        out, _ = self.process.communicate(timeout=30)
        return json.loads(out)


def scripts(binary):
    listed = subprocess.run([binary, "list", "scripts"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in listed.splitlines() if re.match(r"[a-z-]+/", line)]


def races(binary):
    listed = subprocess.run([binary, "race", "--list"], capture_output=True, text=True, check=True).stdout
    lines = [line for line in listed.splitlines() if line and not line.startswith(" ")]
    return lines


SUITES = ["scripts", "alone", "random", "lattice", "pairs", "drain", "tour", "validation", "invariants",
          "cover", "race"]


def arguments(rng, suite, names, seed, scale):
    """The command of a run, without its target."""
    run = ["run"]
    budget = ["--budget", str(rng.randint(60, 400) * scale)]
    if suite == "scripts":
        return run + budget + rng.sample(names["scripts"], min(len(names["scripts"]), 6 * scale))
    if suite == "alone":
        return run + ["delete-user/alone/*"] + (["--observe", "each"] if rng.random() < 0.5 else [])
    if suite == "random":
        return run + ["--suite", "random", "--seed", str(seed), "--calls", str(60 * scale)]
    if suite == "invariants":
        return ["run", "--suite", "invariants"]
    if suite == "race":
        return ["race", "--repeats", "2", "--seed", str(seed)] + rng.sample(names["races"], 2)
    # A shard has whole scripts or generators, so that only scripts are cut into shards.
    shards = {"validation": 12, "cover": 12}.get(suite, 1)
    shard = ["--shard", f"{rng.randint(1, shards)}/{shards}"] if shards > 1 else []
    return run + ["--suite", suite] + shard + budget


class Result:
    def __init__(self):
        self.problems, self.calls, self.faults, self.inconclusive, self.retried = [], 0, 0, 0, 0
        self.left = 0


def number_before(word, text):
    found = re.findall(rf"([\d,]+){word}", text)
    return int(found[-1].replace(",", "")) if found else 0


def one(binary, proxy, names, seed, keep, scale):
    rng = random.Random(seed)
    suite = SUITES[seed % len(SUITES)]
    kinds = rng.choice([1, 2, 2, 3, 3])
    through_proxy = rng.random() < 0.5
    jobs = rng.choice([1, 1, 8])
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"iamspec-campaign-{seed}-"))
    result = Result()
    settle, middle = [], None
    if through_proxy:
        faults = rng.sample(PROXY_FAULTS, kinds)
        chance = rng.choice([0.03, 0.08, 0.15])
        endpoint = Endpoint(binary, folder)
        middle = Proxy(proxy, endpoint.url, seed, faults, chance)
        url = middle.url
        label = "+".join(sorted(faults))
    else:
        rows = built_in_faults(rng, kinds)
        endpoint = Endpoint(binary, folder, toml(seed, rows))
        url = endpoint.url
        label = "+".join(sorted(row["sort"] for row in rows))
        if any(row["sort"] in LAGGING for row in rows):
            settle = ["--settle", "2s"]
    words = arguments(rng, suite, names, seed, scale)
    if words[0] == "run" and suite != "invariants":
        # Findings at every level count.
        words += ["--jobs", str(jobs), "--level", "info", "--regressions", folder / "regressions"]
        words += ["--tier", "text"] if rng.random() < 0.2 else []
    journals = folder / "journals"
    command = [binary, *words, *settle, "--endpoint", url, "--timeout", "5", "--journal", journals]
    try:
        output = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=400)
        text = output.stdout
        last = text.splitlines()[-1] if text else ""
        result.calls = number_before(" calls?:", last) or number_before(" histories", last)
        result.inconclusive = number_before(" inconclusive", last)
        allowed = (0, 3, 4)
        if output.returncode not in allowed:
            result.problems.append(f"exit code {output.returncode}: {last}\n{text[-3000:]}{output.stderr[-2000:]}")
        elif number_before(" unexpected", last) or number_before(" broken", last):
            result.problems.append(f"finding: {last}\n{text[-3000:]}")
        if middle:
            counts = middle.counts()
            result.faults = sum(counts.values()) - counts.get("requests", 0)
        left = endpoint.listing()
        has_journal = journals.exists() and any(journals.glob("*.jsonl"))
        if left:
            result.left = len(left)
            if "not deleted" not in text and "to delete the rest" not in text and "when the endpoint" not in text:
                result.problems.append(f"left behind without a word: {sorted(left)}\n{text[-3000:]}")
        if left or has_journal:
            cleanup = None
            runs = [it.stem for it in journals.glob("*.jsonl")] if journals.exists() else []
            for _ in range(12):
                for run in runs:
                    cleanup = subprocess.run(
                        [binary, "cleanup", run, "--journal", journals, "--endpoint", endpoint.url, "--timeout", "5"],
                        capture_output=True, text=True, timeout=300)
                runs = [it.stem for it in journals.glob("*.jsonl")]
                if not runs:
                    break
            left = endpoint.listing()
            if left or runs:
                said = cleanup and cleanup.stdout[-2000:]
                result.problems.append(f"left after cleanup: {sorted(left)}, journals {runs}\n{said}")
    except Exception as error:  # a campaign goes on
        result.problems.append(f"{type(error).__name__}: {error}")
    finally:
        result.faults += endpoint.stop()
        if middle and middle.process.poll() is None:
            middle.process.kill()
        if not (keep and result.problems):
            shutil.rmtree(folder, ignore_errors=True)
    side = "proxy" if through_proxy else "built-in"
    return seed, suite, side, kinds, jobs, label, result, " ".join(map(str, command))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=110)
    parser.add_argument("--seconds", type=float, default=1e9, help="time budget")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first run")
    parser.add_argument("--workers", type=int, default=os.cpu_count() * 3)
    parser.add_argument("--scale", type=int, default=1, help="size of each run")
    parser.add_argument("--only", type=int, help="repeat the run with this seed, and keep its files")
    parser.add_argument("--report", type=pathlib.Path, help="write the figures as Markdown")
    args = parser.parse_args()
    binary, proxy = args.binary.resolve(), proxy_binary()
    names = {"scripts": scripts(binary), "races": races(binary)}
    seeds = [args.only] if args.only is not None else range(args.seed, args.seed + args.runs)
    started, lock = time.monotonic(), threading.Lock()
    rows = collections.defaultdict(lambda: collections.Counter())
    failed = []

    def execute(seed):
        if time.monotonic() - started > args.seconds:
            return
        seed, suite, side, kinds, jobs, label, result, command = one(
            binary, proxy, names, seed, args.only is not None, args.scale)
        with lock:
            row = rows[(side, kinds, suite)]
            row.update(runs=1, calls=result.calls, faults=result.faults, inconclusive=result.inconclusive,
                       left=result.left, failed=bool(result.problems))
            for problem in result.problems:
                failed.append(seed)
                print(f"FAILED seed {seed}, {suite}, {side}, jobs {jobs}, {label}\n  {command}\n  {problem}", flush=True)

    with concurrent.futures.ThreadPoolExecutor(args.workers) as pool:
        list(pool.map(execute, seeds))
    total = collections.Counter()
    for row in rows.values():
        total.update(row)
    lines = [f"{'faults by':<9} {'kinds':>5}  {'suite':<11} {'runs':>6} {'calls':>8} {'faults':>7} "
             f"{'inconclusive':>12} {'left by run':>11} {'failed':>6}"]
    for key, row in sorted(rows.items()):
        side, kinds, suite = key
        lines.append(f"{side:<9} {kinds:>5}  {suite:<11} {row['runs']:>6} {row['calls']:>8} {row['faults']:>7} "
                     f"{row['inconclusive']:>12} {row['left']:>11} {row['failed']:>6}")
    lines.append(f"{'all':<9} {'':>5}  {'':<11} {total['runs']:>6} {total['calls']:>8} {total['faults']:>7} "
                 f"{total['inconclusive']:>12} {total['left']:>11} {total['failed']:>6}")
    table = "\n".join(lines)
    print(table)
    if args.report:
        args.report.write_text(report(table, total["runs"]))
    shutil.rmtree(proxy.parent)
    return 1 if failed else 0


def report(table, runs):
    return f"""# A conforming endpoint under fault injection

The reference endpoint conforms, so every finding would be a false positive. Each run has one to three kinds of fault at a time,
`--level info`, and in a third of the runs `--jobs 8`. A run fails if it has a finding, if something that the run created is on the endpoint
at its end and the run does not say so, or if `iamspec cleanup` does not remove it and the journal.
Printed by `tests/faults/campaign.py target/release/iamspec --runs {runs} --report tests/reports/fault-injection.md`.
`left by run` counts resources that a run reported as not deleted; `cleanup` removed them.

```text
{table}
```
"""


if __name__ == "__main__":
    sys.exit(main())
