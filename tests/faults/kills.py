#!/usr/bin/env python3
"""Kills runs at random moments under faults, cleans up, and compares the endpoint with before.

    tests/faults/kills.py target/release/iamspec --runs 1000 --report tests/reports/kills.md

Each run uses one of the suites, with faults of the proxy, and is
killed (SIGKILL) after a random number of milliseconds. Then `iamspec cleanup` runs, also under
faults, at most five times. Nothing of the run may be left, no journal may stay, and nothing of the
30 other users on the endpoint may change. Exit code 1 otherwise.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import campaign

DOCUMENT = '{"Version":"2012-10-17","Statement":[]}'
OTHERS = 30
SUITES = ["scripts", "random", "drain", "tour", "lattice", "pairs", "invariants"]
# A request that takes effect after the cleanup of a killed run is out of its reach.
PROXY = [it for it in campaign.PROXY_FAULTS if it != "late-effect"]


def add_others(endpoint):
    """Creates users, groups and policies that the runs must leave alone."""
    def create(action, **members):
        try:
            endpoint.post(action, **members)
        except RuntimeError:
            # The response was lost, and the repetition is refused.
            pass
    account = "arn:aws:iam::123456789012:policy/"
    for number in range(OTHERS):
        name = f"other-{number}"
        create("CreateUser", UserName=name)
        create("CreateGroup", GroupName=name)
        create("CreatePolicy", PolicyName=name, PolicyDocument=DOCUMENT)
        create("AddUserToGroup", UserName=name, GroupName=name)
        create("AttachUserPolicy", UserName=name, PolicyArn=account + name)
        create("PutUserPolicy", UserName=name, PolicyName=name, PolicyDocument=DOCUMENT)


def others(endpoint):
    """What the endpoint shows about the others."""
    shown = []
    for number in range(OTHERS):
        name = f"other-{number}"
        for action in ("ListGroupsForUser", "ListAttachedUserPolicies", "ListUserPolicies"):
            text = endpoint.post(action, UserName=name)
            shown.append((name, action, sorted(re.findall(r"other-\d+", text))))
    return shown


def own(endpoint):
    return {it for it in endpoint.listing() if "iamspec-" in it}


class Server:
    """An endpoint with the others, for many killed runs one after the other."""

    def __init__(self, binary):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="iamspec-kills-"))
        # Added without faults: each run has a proxy in front.
        self.endpoint = campaign.Endpoint(binary, self.folder)
        add_others(self.endpoint)
        self.before = others(self.endpoint)


def one(binary, proxy, names, seed, server):
    rng = random.Random(seed)
    problems, journals = [], server.folder / f"journals-{seed}"
    suite = SUITES[seed % len(SUITES)]
    faults = rng.sample(PROXY, rng.choice([1, 2, 3]))
    middle = campaign.Proxy(proxy, server.endpoint.url, seed, faults, rng.choice([0.0, 0.05, 0.1]))
    words = campaign.arguments(rng, suite, names, seed, 3)
    if words[0] == "run" and suite != "invariants":
        words += ["--jobs", str(rng.choice([1, 1, 8])), "--regressions", server.folder / "regressions"]
    command = [binary, *words, "--endpoint", middle.url, "--timeout", "5", "--journal", journals]
    run = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        run.wait(rng.choice([0.05, 0.2, 0.5, 1, 2]) * rng.random() + 0.03)
        was_killed = False
        if run.returncode == 2:
            problems.append("exit code 2: the run did not start")
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGKILL)
        run.wait()
        was_killed = True
    # The killed run may have a request on its way.
    middle.counts()
    left = own(server.endpoint)
    ids = [it.stem for it in journals.glob("*.jsonl")] if journals.exists() else []
    said = ""
    for attempt in range(5):
        if not ids:
            break
        behind = campaign.Proxy(proxy, server.endpoint.url, seed + attempt, faults, 0.05)
        for run_id in ids:
            cleanup = subprocess.run(
                [binary, "cleanup", run_id, "--journal", journals, "--endpoint", behind.url, "--timeout", "5"],
                capture_output=True, text=True, timeout=300)
            said = cleanup.stdout[-1500:] + cleanup.stderr[-500:]
        behind.counts()
        ids = [it.stem for it in journals.glob("*.jsonl")]
    after = own(server.endpoint)
    if after:
        problems.append(f"left after cleanup: {sorted(after)}")
    if ids:
        problems.append(f"journals stay: {ids}")
    changed = sum(one != other for one, other in zip(others(server.endpoint), server.before))
    if changed:
        problems.append(f"{changed} listings of others changed")
    shutil.rmtree(journals, ignore_errors=True)
    return was_killed, len(left), len(after), changed, [f"{it}\n  {said}" for it in problems], command


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=1e9, help="time budget")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first run")
    parser.add_argument("--workers", type=int, default=os.cpu_count() * 2)
    parser.add_argument("--report", type=pathlib.Path, help="write the figures as Markdown")
    args = parser.parse_args()
    binary, proxy = args.binary.resolve(), campaign.proxy_binary()
    names = {"scripts": campaign.scripts(binary), "races": campaign.races(binary)}
    started, lock, totals, failed = time.monotonic(), threading.Lock(), collections.Counter(), []
    seeds = iter(range(args.seed, args.seed + args.runs))

    def work(_):
        server = Server(binary)
        while time.monotonic() - started < args.seconds:
            with lock:
                seed = next(seeds, None)
            if seed is None:
                break
            killed, left, after, changed, problems, command = one(binary, proxy, names, seed, server)
            with lock:
                totals.update(runs=1, killed=killed, left=left, after=after, changed=changed)
                for problem in problems:
                    failed.append(seed)
                    print(f"FAILED seed {seed}\n  {' '.join(map(str, command))}\n  {problem}", flush=True)
        server.endpoint.stop()
        shutil.rmtree(server.folder, ignore_errors=True)

    with concurrent.futures.ThreadPoolExecutor(args.workers) as pool:
        list(pool.map(work, range(args.workers)))
    line = (f"{totals['runs']} runs, {totals['killed']} killed, {totals['left']} resources left by them; after cleanup "
            f"{totals['after']} left behind, {totals['changed']} foreign listings changed, {len(failed)} problems")
    print(line)
    if args.report:
        args.report.write_text(f"""# Killed runs

{line}.

Each run has one to three kinds of fault of `tests/faults/proxy`, is killed at a random moment, and is cleaned up under the same faults.
Printed by `tests/faults/kills.py target/release/iamspec --runs {args.runs} --report tests/reports/kills.md`.
""")
    shutil.rmtree(proxy.parent)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
