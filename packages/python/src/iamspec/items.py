"""The test items: one for each script. All items of a group share the processes of iamspec that run their scripts."""

from __future__ import annotations

import os
import pathlib
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from iamspec import program
from iamspec.failure_text import failure_text
from iamspec.results import Outcome, ScriptResult
from iamspec.selection import Scripts

if TYPE_CHECKING:
    from iamspec.session import Session


class ScriptFailure(Exception):
    """A script that diverges or has no verdict. Its text is all that pytest shows."""


class ScriptItem(pytest.Item):
    """The common part of the items of scripts."""

    script: program.Script
    selection: Scripts
    state: Session

    def describe(self, script: program.Script, selection: Scripts, state: Session) -> None:
        """Sets the script of the item, and its markers."""
        self.script, self.selection, self.state = script, selection, state
        self.add_marker(pytest.mark.iamspec)
        for kind in script.kinds:
            self.add_marker(pytest.mark.iamspec_kind(name=kind))
        for rule in script.rules:
            self.add_marker(pytest.mark.iamspec_rule(name=rule))
        if state.shards > 1:
            self.add_marker(pytest.mark.xdist_group(f"iamspec-{self.shard}"))

    @property
    def shard(self) -> int:
        """The shard of the item: all items of a shard run in one worker of pytest-xdist."""
        return self.state.shard_of(self.name)

    @property
    def group(self) -> tuple[str, str, int]:
        """Items with the same group may share a run."""
        parent = self.parent.nodeid if self.parent else ""
        return (parent, self.selection.name, self.shard)

    def check(self, url: str) -> None:
        """Reports the result of the script at this endpoint to pytest."""
        result = self.state.result(self, url)
        if isinstance(result, str):
            raise ScriptFailure(f"{self.script.name}: no result: {result}")
        if result.outcome is Outcome.KNOWN_FAILURE:
            # With --runxfail, this returns and the test fails.
            pytest.xfail(result.reason)
        if result.outcome is Outcome.INCOMPLETE:
            pytest.skip(result.reason)
        if result.outcome is not Outcome.CONFORMS:
            self._fail(result, url)

    def _fail(self, result: ScriptResult, url: str) -> None:
        if self.state.export != "none":
            text = program.export(result.name, self.state.export, url)
            self.add_report_section("call", f"{self.state.export} program, by `iamspec export`", text)
        raise ScriptFailure(failure_text(result, self.script.idea, self.command(url)))

    def command(self, url: str) -> str:
        """The command that runs only this test."""
        del url
        return f"pytest {shlex.quote(self.nodeid)}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        """The text of a failed script without a traceback."""
        if isinstance(excinfo.value, (ScriptFailure, program.ProgramError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **kwargs)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """The place of the item: its test file, without a line."""
        return self.path, None, self.name


class FileScriptItem(ScriptItem, pytest.Function):
    """A script that a test file selects. Its endpoint is the fixture `iamspec_endpoint` that the file sees."""


class CommandLineScriptItem(ScriptItem):
    """A script that no test file selects. Its endpoint is the one of the command line or of the settings."""

    def runtest(self) -> None:
        """Tests the script."""
        self.check(self.state.options.endpoint)

    def command(self, url: str) -> str:
        """The command that runs only this test. The id has no file, so pytest does not find the test by it."""
        return f"pytest --iamspec-endpoint {shlex.quote(url)} -k {shlex.quote(self.name)}"

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """The place of the item: no file."""
        return self.config.rootpath / "iamspec", None, self.name


class CommandLineScripts(pytest.Collector):
    """The scripts of `pytest --iamspec-endpoint URL`."""

    state: Session

    def collect(self) -> list[CommandLineScriptItem]:
        """One item per built-in script."""
        items = []
        for script in program.scripts():
            item = CommandLineScriptItem.from_parent(self, name=f"iamspec[{script.name}]")
            item.describe(script, Scripts(), self.state)
            items.append(item)
        return items


def items_of_file(module: pytest.Module, selection: Scripts, state: Session) -> list[FileScriptItem]:
    """One item for each script that the test file selects. Raises `Collector.CollectError` if one does not exist."""
    try:
        scripts = selection.resolved(module.path.parent)
    except program.ProgramError as error:
        raise module.CollectError(str(error)) from error
    items = []
    for script in scripts:
        name = script.name
        if pathlib.Path(name).is_file():
            name = os.path.relpath(name, module.path.parent)
        item = FileScriptItem.from_parent(module, name=f"{selection.test_name}[{name}]", callobj=_test_of_script)
        item.describe(script, selection, state)
        items.append(item)
    return items


def _test_of_script(request: pytest.FixtureRequest) -> None:
    """The body of the test: the fixture is used unless the command line or the settings name an endpoint."""
    item = request.node
    item.check(item.state.options.endpoint or request.getfixturevalue("iamspec_endpoint"))
