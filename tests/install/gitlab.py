"""Runs the job of the GitLab component in a repository of somebody else, and writes it for a check with the schema of GitLab.

The endpoint deletes users with an MFA device: the job must fail, except if the divergence is a known failure. `iamspec`
must be on PATH.

    python gitlab.py URL FOLDER    writes FOLDER/gitlab-ci.yml and FOLDER/gitlab-inputs.yml
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER, JOBS = yaml.safe_load_all((ROOT / "templates/iamspec.yml").read_text())
INPUTS = HEADER["spec"]["inputs"]
EXPRESSION = re.compile(r"\$\[\[ inputs\.([\w-]+) \]\]")
KNOWN = '[[known-failure]]\nrule = "DeleteUser/holds-mfa-device"\nreason = "known"\nfacts = ["A-015"]\n'


def filled(node, values):
    """A part of the component with the values of its inputs, as GitLab fills them in: a lone expression keeps its type."""
    if isinstance(node, dict):
        return {filled(key, values): filled(it, values) for key, it in node.items()}
    if isinstance(node, list):
        return [filled(it, values) for it in node]
    if not isinstance(node, str):
        return node
    alone = EXPRESSION.fullmatch(node)
    return values[alone[1]] if alone else EXPRESSION.sub(lambda it: str(values[it[1]]), node)


def jobs(**given):
    """The jobs of a pipeline that includes the component with these inputs."""
    given = {name.replace("_", "-"): it for name, it in given.items()}
    assert given.keys() <= INPUTS.keys(), f"unknown inputs: {given.keys() - INPUTS.keys()}"
    values = {name: given[name] if name in given else it["default"] for name, it in INPUTS.items()}
    return filled(JOBS, values)


def run(repository, shell, **inputs):
    """Runs the commands of the job in a shell and returns the exit code and the output."""
    (job,) = jobs(endpoint=url, **inputs).values()
    commands = "\n".join(job["before_script"] + job["script"])
    process = subprocess.run(
        [*shell, "-c", commands], env=os.environ | job["variables"], cwd=repository, capture_output=True, text=True, check=False
    )
    return process.returncode, process.stdout + process.stderr


def check_runs(repository, shell):
    """The exit codes of runs in one shell. Returns their number."""
    known = {"known_failures": "known-failures.toml"}
    hostile = "$(touch executed)`touch executed`; touch executed"
    cases = [
        (1, {}, "MFA device"),
        (0, known, "0 unexpected, 5 known failures"),
        (0, known | {"options": "--observe end\n  --settle=0s\ndelete-user/alone/mfa-device"}, "1 script"),
        (0, known | {"wait": "", "start": ["touch started"]}, ""),
        (2, {"options": "--rules 1999-01"}, "expected one of the rule sets"),
        (2, {"options": hostile}, "executed"),
        (2, {"known_failures": hostile}, "executed"),
        (2, {"wait": hostile}, "executed"),
    ]
    for expected, inputs, text in cases:
        code, output = run(repository, shell, **inputs)
        assert code == expected and text in output, f"{shell[0]}, {inputs}: expected {expected} and {text}, got {code}\n{output}"
        assert not (repository / "executed").exists(), f"the job executed its input {inputs}"
    assert (repository / "started").exists(), "the job must run the commands of `start`"
    for file in ["iamspec.xml", "iamspec.html", "iamspec.jsonl"]:
        assert (repository / file).stat().st_size > 0, file
    return len(cases)


def main():
    """Checks everything and prints one line."""
    runs = 0
    for shell in (["bash", "-eo", "pipefail"], ["sh", "-e"]):
        with tempfile.TemporaryDirectory() as name:
            repository = pathlib.Path(name)
            (repository / "known-failures.toml").write_text(KNOWN)
            runs += check_runs(repository, shell)
    pipeline = jobs(endpoint=url, start=["./start &"], job="conformance")
    assert list(pipeline) == ["conformance"], list(pipeline)
    for file, content in (("gitlab-ci.yml", pipeline), ("gitlab-inputs.yml", HEADER)):
        (folder / file).write_text(yaml.safe_dump(content))
    print(f"GitLab component in another repository: {runs} runs ended as expected")


main()
