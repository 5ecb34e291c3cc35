#!/usr/bin/env python3
"""Measures what the commands of the README cost on a clean clone, and writes docs/figures.toml.

    python3 tests/bench/figures.py

Crates are downloaded before the clock starts. It takes about ten minutes on two cores.
"""

import os
import pathlib
import platform
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Name, command, and whether the command starts without any compiled crate.
MEASURED = [
    ("first-run", "cargo run --locked -- run", True),
    ("tests", "cargo test --workspace --locked", False),
    ("release-build", "cargo build --release --locked", True),
]


def run(command, folder, **environment):
    """The wall-clock and CPU seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    done = subprocess.run(
        command.split(), cwd=folder, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    wall = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{command}: exit code {done.returncode}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.check_output(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, text=True)
    lines = [
        "# Written by tests/bench/figures.py. README.md shows these figures.",
        f'commit = "{commit.strip()}"',
        f'machine = "{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"',
    ]
    with tempfile.TemporaryDirectory() as work:
        clone = pathlib.Path(work, "iamspec")
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        subprocess.run(["cargo", "fetch", "--locked", "--quiet"], cwd=clone, check=True)
        targets = {}
        for name, command, cold in MEASURED:
            kind = "release" if "--release" in command else "dev"
            target = targets.setdefault(kind, pathlib.Path(work, kind))
            wall, cpu = run(command, clone, CARGO_TARGET_DIR=str(target))
            lines += [
                "",
                "[[figure]]",
                f'name = "{name}"',
                f'command = "{command.replace(" --locked", "")}"',
                f"cold = {str(cold).lower()}",
                f"seconds = {wall:.0f}",
                f"cpu_seconds = {cpu:.0f}",
            ]
            print(lines[-4:], file=sys.stderr)
    pathlib.Path(ROOT, "docs/figures.toml").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
