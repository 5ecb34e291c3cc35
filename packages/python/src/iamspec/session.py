"""The state of a test session: its options, its runs, and what all its workers say about the known failures."""

from __future__ import annotations

import dataclasses
import pathlib
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from iamspec import batch, program, results

if TYPE_CHECKING:
    from iamspec.items import ScriptItem

Group = tuple[str, str, int]


class Session:
    """One object for each process of the test session."""

    def __init__(self, options: batch.RunOptions, export: str, shards: int, folder: pathlib.Path) -> None:
        """`shards` is the number of workers that share the scripts. Files are relative to `folder`."""
        self.options, self.export, self.shards, self._folder = options, export, shards, folder
        self._groups: dict[Group, list[str]] = {}
        self._runs: dict[tuple[Group, str], results.RunResults] = {}
        self._urls: dict[Group, str] = {}
        # What each run says about the known failures, as data that can be sent to another process.
        self.parts: list[dict[str, Any]] = []

    def shard_of(self, name: str) -> int:
        """The shard of the test with this name. It is the same in every process."""
        return zlib.crc32(name.encode()) % self.shards

    def select(self, items: list[ScriptItem]) -> None:
        """Sets the items that the session will run."""
        for item in items:
            self._groups.setdefault(item.group, []).append(item.script.name)

    def result(self, item: ScriptItem, url: str) -> results.ScriptResult | str:
        """The result of the item at this endpoint, or the reason why there is none.

        The first item of a group runs the scripts of the whole group. At another endpoint than the first one, each
        item runs alone, because nothing says that the endpoint lives until the next item.
        """
        name = item.script.name
        is_first = self._urls.setdefault(item.group, url) == url
        run = self._runs.get((item.group, url))
        if run is None or (name not in run.scripts and not is_first):
            run = self._run(item, url, self._groups.get(item.group, [name]) if is_first else [name])
        return run.scripts.get(name, run.ended_early or "the run has no call of this script; read the endpoint's log")

    def _run(self, item: ScriptItem, url: str, names: list[str]) -> results.RunResults:
        selection = item.selection
        known = self.options.known_failures
        if selection.known_failures:
            known = str(item.path.parent / selection.known_failures)
        options = dataclasses.replace(
            self.options, endpoint=url, tier=selection.tier or self.options.tier, known_failures=known
        )
        run = batch.run(options, names)
        self._runs[item.group, url] = run
        self.parts.append(
            {
                "group": [item.group[0], item.group[1], url if self.shards == 1 else ""],
                "scripts": list(run.scripts),
                "entries": run.entries,
                "problems": run.problems,
                "conclusive": not run.ended_early and not options.selects_otherwise,
            }
        )
        return run

    def failures(self) -> list[tuple[str, str]]:
        """The failures that belong to no script, each with the name of its test: problems and outdated known failures.

        Known failures are strict: an entry that no longer fails is a failure. Only all scripts together show that.
        """
        failures = {text: f"problem[{index + 1}]" for index, text in enumerate(self._problems())}
        found = [(name, text) for text, name in failures.items()]
        groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for part in self.parts:
            groups.setdefault(tuple(part["group"]), []).append(part)
        for parts in groups.values():
            run = {name for part in parts for name in part["scripts"]}
            has_entries = any(part["entries"] for part in parts)
            if has_entries and all(it["conclusive"] for it in parts) and run >= {it.name for it in program.scripts()}:
                for rule, reason in results.outdated_entries(part["entries"] for part in parts):
                    found.append((f"known-failure[{rule}]", f"[XPASS(strict)] known failure {rule}: {reason}"))
        return list(dict.fromkeys(found))

    def _problems(self) -> list[str]:
        return list(dict.fromkeys(text for part in self.parts for text in part["problems"]))


def failed_report(name: str, text: str) -> pytest.TestReport:
    """The report of a failure that belongs to no item."""
    return pytest.TestReport(
        nodeid=f"iamspec::{name}",
        location=("iamspec", None, name),
        keywords={},
        outcome="failed",
        longrepr=text,
        when="call",
    )
