"""Runs the steps of the action in a repository of somebody else.

The endpoint deletes users with an MFA device: the steps must fail, except if the divergence is a known failure. A server
on this machine stands in for the releases. The steps that use another action, such as the upload, do not run here.

    python steps.py URL RELEASES REPORTS
"""

import functools
import http.server
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import yaml

url, releases, reports = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
ROOT = pathlib.Path.cwd()
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
KNOWN = '[[known-failure]]\nrule = "DeleteUser/holds-mfa-device"\nreason = "known"\nfacts = ["A-015"]\n'


class Runner:
    """Runs the steps of the action as a runner does, in one repository."""

    def __init__(self, repository, server):
        self.repository, self.server = repository, server
        self.temp = pathlib.Path(tempfile.mkdtemp(dir=repository.parent))
        self.summary, self.output, self.runs = "", "", 0

    def run(self, **inputs):
        """Runs the steps with these inputs. Returns the exit code; `summary`, `output` and `log` are what they wrote."""
        values = {f"inputs.{name}": it.get("default", "") for name, it in ACTION["inputs"].items()}
        values |= {f"inputs.{name.replace('_', '-')}": it for name, it in inputs.items()}
        values |= {"github.server_url": self.server, "github.action_repository": "owner/iamspec"}
        values |= {"github.token": "a token", "github.repository": "somebody/else", "github.event.pull_request.number": "7"}
        values |= {"github.action_path": str(ROOT), "runner.temp": str(self.temp)}
        files = {it: self.temp / it for it in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_PATH")}
        for file in files.values():
            file.write_text("")
        self.log, code = "", 0
        self.runs += 1
        for step in ACTION["runs"]["steps"]:
            always = "inputs.comment" in step.get("if", "")
            if "run" not in step or code and not always or always and values["inputs.comment"] != "true":
                continue
            variables = {name: fill(it, values) for name, it in step.get("env", {}).items()}
            path = [*files["GITHUB_PATH"].read_text().split("\n"), os.environ["PATH"]]
            environment = os.environ | variables | {name: str(it) for name, it in files.items()}
            environment["PATH"] = os.pathsep.join(filter(None, path))
            # The command line of a runner for `shell: bash`.
            words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            process = subprocess.run(words, env=environment, cwd=self.repository, capture_output=True, text=True, check=False)
            self.log += process.stdout + process.stderr
            code = code or process.returncode
        self.summary, self.output = (files[it].read_text() for it in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"))
        return code


def fill(text, values):
    """The text with the values of its expressions."""
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda it: values[it[1]], text)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, *_):
        pass


def check_runs(runner):
    """The exit codes, the summary and the reports of runs with the program of a release."""
    assert runner.run(endpoint=url) == 1, f"an unknown divergence must fail the action\n{runner.log}"
    assert "MFA device" in runner.summary and runner.output == "exit-code=1\n", runner.summary
    (reports / "summary.md").write_text(runner.summary)
    for file in ["iamspec.jsonl", "iamspec.xml", "iamspec.html", "iamspec.md", "iamspec.sarif"]:
        assert (runner.repository / "iamspec-reports" / file).stat().st_size > 0, file
    for file in ["iamspec.sarif", "iamspec.jsonl"]:
        shutil.copy(runner.repository / "iamspec-reports" / file, reports)
    known = {"known_failures": "known-failures.toml"}
    assert runner.run(endpoint=url, options="--observe end\n--settle=0s", **known) == 0, f"a known failure must pass\n{runner.log}"
    assert runner.run(endpoint=url, expect="known-failures.toml") == 0, "the former input must work"
    assert runner.run(endpoint=url, options="$(touch executed)") == 2, "no shell must read the options"
    keeps_rules = "--rules 1999-01"
    assert runner.run(endpoint=url, options=keeps_rules) == 2 and "expected one of the rule sets" in runner.log, runner.log
    hostile = '"; touch executed; echo "$(touch executed)`touch executed`'
    for name in ("endpoint", "wait", "known_failures", "version", "install", "reports"):
        assert runner.run(**({"endpoint": url} | {name: hostile})) != 0, f"{name} must be refused"
    assert not list(runner.repository.rglob("executed")), "the action executed its input"


def check_difference(runner):
    """The difference to the base branch, in the summary and in one comment. A program stands in for `gh`."""
    calls = runner.temp / "calls"
    gh = runner.temp / "bin/gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {calls}\ncase "$*" in *--jq*) cat {runner.temp}/comments ;; esac\n')
    gh.chmod(0o755)
    os.environ["PATH"] = os.pathsep.join([str(gh.parent), os.environ["PATH"]])
    comments = runner.temp / "comments"
    comments.write_text("")
    report = runner.repository / "iamspec-reports/iamspec.jsonl"
    base = runner.repository / "base.jsonl"
    inputs = {"endpoint": url, "comment": "true", "base_report": "base.jsonl"}
    assert runner.run(**inputs) == 1 and not calls.exists(), "without a report of the base branch there is no comment"
    shutil.copy(report, base)
    assert runner.run(endpoint=url, base_report="base.jsonl") == 1 and "difference to the base branch" in runner.summary
    assert not calls.exists(), "a comment must be asked for"
    assert runner.run(**inputs) == 1, runner.log
    assert "api --silent repos/somebody/else/issues/7/comments --raw-field body=<!-- iamspec -->" in calls.read_text()
    comments.write_text("31\n")
    assert runner.run(**inputs) == 1, runner.log
    assert "--method PATCH repos/somebody/else/issues/comments/31 " in calls.read_text(), "the comment must be replaced"
    body = (runner.repository / "iamspec-reports/difference.md").read_text().splitlines()[2:]
    assert body and all(it.startswith("    ") for it in body), body


def check_downloads(runner, archive):
    """A release that is missing or changed is not executed."""
    assert runner.run(endpoint=url, version="9.9.9") == 2 and "check that this release exists" in runner.log, runner.log
    original = archive.read_bytes()
    archive.write_bytes(original + b"changed")
    assert runner.run(endpoint=url) == 2 and "nothing is executed" in runner.log, runner.log
    archive.write_bytes(original)
    assert runner.run(endpoint=url, version="latest") == 2 and "expected a version" in runner.log, runner.log


def main():
    """Checks everything and prints one line."""
    handler = functools.partial(Quiet, directory=releases)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        repository = pathlib.Path(name) / "repository"
        repository.mkdir()
        subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
        (repository / "known-failures.toml").write_text(KNOWN)
        runner = Runner(repository, f"http://127.0.0.1:{server.server_port}")
        check_runs(runner)
        check_difference(runner)
        check_downloads(runner, next(releases.rglob("*.tar.gz")))
    print(f"action in another repository: {runner.runs} runs ended as expected; the upload did not run")


main()
