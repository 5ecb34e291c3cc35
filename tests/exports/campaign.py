"""Exports the script of every finding on emulators, runs the exports, and counts those that reproduce it.

    campaign.py IAMSPEC REPORT EMULATOR...

An export reproduces a finding if it says that the last call differs and exits with code 1. If an earlier call of the script
diverges too, the program shows that one, and the last call may not differ from what AWS responds after it. Findings of the
tier text and of wire rules do not count: an export compares no messages and no form. Writes the table to REPORT. Exit code 1
if an export does not reproduce its finding.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

iamspec, report, *emulators = sys.argv[1:]
HERE = pathlib.Path(__file__).resolve().parent
LANGUAGES = {
    "aws-cli": ("program.sh", ["bash"]),
    "boto3": ("program.py", [sys.executable]),
    "curl": ("program.sh", ["bash"]),
    "pytest": ("test_program.py", [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]),
}


@contextlib.contextmanager
def served(emulator):
    start = HERE.parent / "emulators" / emulator / "start.sh"
    server = subprocess.Popen([start], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield server.stdout.readline().strip()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def findings(url, folder):
    """The findings of a run about behavior, and the number of those about the form of responses."""
    file = folder / "run.jsonl"
    words = [iamspec, "run", "--endpoint", url, "--credentials", "test", "--journal", folder, "--regressions", folder, "--report", f"json={file}"]
    subprocess.run(words, capture_output=True, check=False)
    events = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    found = [it for it in events if it["event"] == "finding"]
    found = [it for it in found if it["status"] == "unexpected" and it["tier"] in ("status", "code")]
    # A response that is not well-formed has no readable part either: curl does not parse it.
    of_behavior = [it for it in found if "/wire-" not in it["rule"] and "interrupted garbled" not in it["observed"]]
    return of_behavior, len(found) - len(of_behavior)


def reproduces(finding, language, url, folder):
    """Whether the export says that the last call differs, or an earlier one that diverges, and what it printed."""
    script = folder / "finding.script"
    calls = "".join(f"{step['call']}\n" for step in finding["history"])
    script.write_text(f"# {finding['statement']}\n{calls}", encoding="utf-8")
    name, command = LANGUAGES[language]
    exported = subprocess.run([iamspec, "export", script, "--as", language, "--endpoint", url], capture_output=True, text=True, check=False)
    if exported.returncode != 0:
        return False, exported.stderr
    (folder / name).write_text(exported.stdout, encoding="utf-8")
    program = subprocess.run([*command, folder / name], capture_output=True, text=True, check=False, timeout=1200)
    output = program.stdout + program.stderr
    if language == "pytest":
        # The first difference ends the test.
        differs = "AssertionError" in output
    else:
        # The line of the last call, or the one about its names, and what the cleanup prints.
        calls = [line for line in program.stdout.splitlines() if " -> " in line or "DIFFERS" in line]
        may_be_earlier = calls if finding.get("earlier") else calls[-1:]
        differs = any("DIFFERS" in line for line in may_be_earlier)
    return program.returncode == 1 and differs, output[-3000:]


def version(emulator):
    target = (HERE.parent / "emulators" / emulator / "target.toml").read_text(encoding="utf-8")
    return re.search(r'^version = "(.*)"$', target, re.MULTILINE).group(1)


def main():
    rows, failures = [], []
    for emulator in emulators:
        with tempfile.TemporaryDirectory() as folder, served(emulator) as url:
            folder = pathlib.Path(folder)
            found, of_form = findings(url, folder)
            row = [f"{emulator} {version(emulator)}", str(len(found)), str(of_form)]
            for language in LANGUAGES:
                count = 0
                for finding in found:
                    is_reproduced, output = reproduces(finding, language, url, folder)
                    count += is_reproduced
                    if not is_reproduced:
                        failures.append(f"{emulator}: {finding['rule']} as {language}\n{output}")
                row.append(str(count))
            rows.append(row)
            print(*row, sep="\t", flush=True)
    for text in failures:
        print(text)
    head = ["endpoint", "findings", "of form", *LANGUAGES]
    lines = [f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows]]
    title = "# Exports that reproduce the findings on emulators\n\nFindings of the tiers status and code, at level must. Exports do not compare the form of responses. "
    command = f"Printed by `tests/exports/check.sh target/release/iamspec --campaign {' '.join(emulators)}`.\n\n"
    pathlib.Path(report).write_text(title + command + "\n".join(lines) + "\n", encoding="utf-8")
    sys.exit(1 if failures else 0)


main()
