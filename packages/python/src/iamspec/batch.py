"""Runs many scripts with one process of iamspec, so that a test session does not start one for each script."""

from __future__ import annotations

import os
import pathlib
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from iamspec import program, results


@dataclass(frozen=True)
class RunOptions:
    """The options of `iamspec run` that all scripts of a batch share."""

    endpoint: str
    tier: str | None = None
    known_failures: str | None = None
    more: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """The words of the command line."""
        # The settings of pytest apply, and not those of an iamspec.toml.
        words = ["--config", "none", "--endpoint", self.endpoint]
        words += ["--tier", self.tier] if self.tier else []
        words += ["--known-failures", self.known_failures] if self.known_failures else []
        return words + list(self.more)

    @property
    def selects_otherwise(self) -> bool:
        """Whether a further option changes which rules the run can test."""
        names = ("--observe", "--rule", "--suite", "--budget", "--mutant")
        return any(it.split("=")[0] in names for it in self.more)


def run(options: RunOptions, names: Sequence[str]) -> results.RunResults:
    """Runs the scripts. Each run has a prefix of its own for everything that it creates.

    A run that cannot start has no script results, and says why in `ended_early`.
    """
    with tempfile.TemporaryDirectory(prefix="iamspec-pytest-") as folder:
        report = pathlib.Path(folder) / "run.jsonl"
        words = [program.path(), "run", *options.words(), "--report", f"json={report}", "--", *names]
        # The run tells its progress and its findings in the report; here only its errors matter.
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            check=False,
            env=dict(os.environ, NO_COLOR="1"),
        )
        if not report.exists():
            reason = (done.stderr.strip() or done.stdout.strip()).replace("iamspec: ", "")
            return results.RunResults(ended_early=reason or f"iamspec run exited with {done.returncode}")
        return results.read(report.read_text(encoding="utf-8"), names)
