"""Runs the steps of the action and of the GitLab job in a shell, against an endpoint that deletes users with an
MFA device: they fail where that is not known, and pass where it is."""

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
KNOWN = '[[expected]]\nrule = "DeleteUser/holds-mfa-device"\nreason = "known"\nfacts = ["A-015"]\n'


def action(folder, **inputs):
    """The exit code of the steps, as a runner would run them."""
    values = {name: it.get("default", "") for name, it in ACTION["inputs"].items()} | inputs
    given = lambda text: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda it: values[it[1]], text)
    files = {"GITHUB_STEP_SUMMARY": folder / "summary.md", "GITHUB_OUTPUT": folder / "output"}
    for step in ACTION["runs"]["steps"]:
        if step.get("if") == "inputs.install != ''" and not values["install"]:
            continue
        variables = {name: given(it) for name, it in step.get("env", {}).items()}
        environment = os.environ | variables | {name: str(it) for name, it in files.items()}
        # As a runner calls a step whose shell is `bash`.
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        ended = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=False)
        if ended.returncode:
            return ended.returncode
    return 0


def job(folder, expect):
    """The exit code of the job's script."""
    environment = os.environ | JOB["variables"] | {"IAMSPEC_ENDPOINT": url, "IAMSPEC_EXPECT": expect}
    words = ["bash", "-eo", "pipefail", "-c", "\n".join(JOB["script"])]
    return subprocess.run(words, env=environment, cwd=folder, capture_output=True, check=False).returncode


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "known.toml").write_text(KNOWN)
        assert action(folder, endpoint=url) == 1, "an unknown divergence must fail the action"
        assert "MFA device" in (folder / "summary.md").read_text()
        assert (folder / "output").read_text() == "exit-code=1\n"
        assert action(folder, endpoint=url, expect="known.toml", options="--observe end\n--settle=0s") == 0, "a known one must not"
        assert action(folder, endpoint=url, options="$(touch executed)") == 2, "no shell may read the options"
        assert not (folder / "executed").exists(), "the action has executed its input"
        for file in ["iamspec.jsonl", "iamspec.xml", "iamspec.html", "iamspec.md"]:
            assert (folder / "iamspec-reports" / file).stat().st_size > 0, file
        assert job(folder, "") == 1, "an unknown divergence must fail the job"
        assert job(folder, "known.toml") == 0, "a known one must not"
        assert (folder / "iamspec.xml").exists()
    print("the steps of the action and of the job: 5 ran, as they must")


main()
