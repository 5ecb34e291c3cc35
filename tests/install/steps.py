"""Runs the steps of the action and of the GitLab job in a shell, against an endpoint that deletes users with an
MFA device. The steps must fail, except if the divergence is a known failure."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

url = sys.argv[1]
ACTION = yaml.safe_load(pathlib.Path(".github/actions/iamspec/action.yml").read_text())
JOB = yaml.safe_load(pathlib.Path("harness/ci/gitlab-ci.yml").read_text())[".iamspec"]
KNOWN = '[[known-failure]]\nrule = "DeleteUser/holds-mfa-device"\nreason = "known"\nfacts = ["A-015"]\n'


def action(folder, **inputs):
    """Runs the steps like a runner and returns the exit code."""
    values = {name: it.get("default", "") for name, it in ACTION["inputs"].items()} | inputs
    fill = lambda text: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda it: values[it[1]], text)
    files = {"GITHUB_STEP_SUMMARY": folder / "summary.md", "GITHUB_OUTPUT": folder / "output"}
    for step in ACTION["runs"]["steps"]:
        if step.get("if") == "inputs.install != ''" and not values["install"]:
            continue
        variables = {name: fill(it) for name, it in step.get("env", {}).items()}
        environment = os.environ | variables | {name: str(it) for name, it in files.items()}
        # The command line of a runner for `shell: bash`.
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        process = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=False)
        if process.returncode:
            return process.returncode
    return 0


def job(folder, **variables):
    """Runs the script of the job and returns the exit code."""
    environment = os.environ | JOB["variables"] | {"IAMSPEC_ENDPOINT": url} | variables
    words = ["bash", "-eo", "pipefail", "-c", "\n".join(JOB["script"])]
    return subprocess.run(words, env=environment, cwd=folder, capture_output=True, check=False).returncode


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "known-failures.toml").write_text(KNOWN)
        assert action(folder, endpoint=url) == 1, "an unknown divergence must fail the action"
        assert "MFA device" in (folder / "summary.md").read_text()
        assert (folder / "output").read_text() == "exit-code=1\n"
        known = {"known-failures": "known-failures.toml"}
        assert action(folder, endpoint=url, options="--observe end\n--settle=0s", **known) == 0, "a known failure must pass"
        assert action(folder, endpoint=url, expect="known-failures.toml") == 0, "the former input must work"
        assert action(folder, endpoint=url, options="$(touch executed)") == 2, "no shell must read the options"
        assert not (folder / "executed").exists(), "the action executed its input"
        for file in ["iamspec.jsonl", "iamspec.xml", "iamspec.html", "iamspec.md"]:
            assert (folder / "iamspec-reports" / file).stat().st_size > 0, file
        assert job(folder) == 1, "an unknown divergence must fail the job"
        assert job(folder, IAMSPEC_KNOWN_FAILURES="known-failures.toml") == 0, "a known failure must pass"
        assert job(folder, IAMSPEC_EXPECT="known-failures.toml") == 0, "the former variable must work"
        assert (folder / "iamspec.xml").exists()
    print("action and job: 7 runs ended with the expected exit codes")


main()
