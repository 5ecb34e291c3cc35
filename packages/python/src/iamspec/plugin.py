"""The pytest plugin: its options, its markers, and the hooks that collect, run and report scripts."""

from __future__ import annotations

import pathlib
import shlex
from collections.abc import Generator
from typing import Any

import pytest

from iamspec import batch, program, results
from iamspec.fixtures import iam_endpoint, iamspec_app, iamspec_endpoint
from iamspec.items import CommandLineScripts, FileScriptItem, ScriptItem, items_of_file
from iamspec.selection import Scripts
from iamspec.session import Session, failed_report

__all__ = ["iam_endpoint", "iamspec_app", "iamspec_endpoint"]

STATE = pytest.StashKey[Session]()

MARKERS = (
    "iamspec: a script of iamspec",
    "iamspec_kind(name): the script names attachments of this kind, such as `mfa-device`",
    "iamspec_rule(name): the script reaches this rule, such as `DeleteUser/holds-mfa-device`",
    "iamspec_faults(*faults, seed=1, **fault): faults of the fixture `iam_endpoint`, as in a file of `iamspec serve --faults`",
    "iamspec_serve(*options): options of `iamspec serve` for the fixture `iam_endpoint`",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options and the settings of the same names."""
    group = parser.getgroup("iamspec", "conformance of IAM endpoints")
    for name, text, extra in (
        (
            "endpoint",
            "endpoint to test: one test per built-in script, or the scripts of the test files",
            {"metavar": "URL"},
        ),
        ("tier", "how much of a response to compare (default: code)", {"choices": results.TIERS}),
        ("known-failures", "file of known failures (TOML): they are strict xfails", {"metavar": "FILE"}),
        ("options", "further options of `iamspec run`, such as '--wait 60s'", {"metavar": "OPTIONS"}),
        (
            "export",
            "program in the text of a failure (default: boto3)",
            {"choices": ("boto3", "aws-cli", "curl", "none")},
        ),
    ):
        group.addoption(f"--iamspec-{name}", help=text, default=None, **extra)
        parser.addini(f"iamspec_{name.replace('-', '_')}", help=text, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the markers, and reads the options."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)

    def option(name: str) -> str:
        return str(config.getoption(f"iamspec_{name}") or config.getini(f"iamspec_{name}"))

    folder = pathlib.Path(config.invocation_params.dir)
    if not config.getoption("iamspec_known_failures"):
        folder = config.inipath.parent if config.inipath else config.rootpath
    known = option("known_failures")
    tier = option("tier")
    if tier and tier not in results.TIERS:
        raise pytest.UsageError(f"expected iamspec_tier to be one of {', '.join(results.TIERS)}, got {tier}")
    options = batch.RunOptions(
        endpoint=option("endpoint"),
        tier=tier or None,
        known_failures=str((folder / known).absolute()) if known else None,
        more=tuple(shlex.split(option("options"))),
    )
    worker = getattr(config, "workerinput", {})
    shards = worker.get("iamspec_shards") or _workers(config)
    config.stash[STATE] = Session(options, option("export") or "boto3", shards, folder)


def _workers(config: pytest.Config) -> int:
    """The number of workers that share the tests, in the process that controls them; otherwise 1."""
    if config.getoption("dist", "no") not in ("load", "worksteal", "loadgroup"):
        return 1
    return max(1, len(config.getoption("tx", None) or []))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker how many of them share the scripts."""
    node.workerinput["iamspec_shards"] = _workers(node.config)


@pytest.hookimpl(optionalhook=True, trylast=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keeps the scripts of a shard together. A scheduler of the project's own conftest.py comes first."""
    if config.getvalue("dist") not in ("load", "worksteal"):
        return None
    from iamspec.workers import LazyScheduling

    state = config.stash[STATE]
    state.shards = _workers(config)
    return LazyScheduling(config, log, state)


def pytest_pycollect_makeitem(collector: Any, name: str, obj: object) -> list[FileScriptItem] | None:
    """Collects the scripts that a test file assigns to a variable."""
    if not isinstance(obj, Scripts):
        return None
    if not isinstance(collector, pytest.Module):
        raise collector.CollectError(f"`{name}` is in a class; assign `Scripts` to a variable of the test file")
    return items_of_file(collector, obj, collector.config.stash[STATE])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Adds the built-in scripts if an endpoint is named and no test file selects scripts. `-k` and `-m` come later."""
    state = config.stash[STATE]
    if state.options.endpoint and not any(isinstance(it, ScriptItem) for it in items):
        collector = CommandLineScripts.from_parent(session, name="iamspec", nodeid="iamspec")
        collector.state = state
        try:
            scripts = collector.collect()
        except program.ProgramError as error:
            raise pytest.UsageError(str(error)) from error
        items.extend(scripts)
        # The report makes pytest count the items.
        report = pytest.CollectReport(nodeid="iamspec", outcome="passed", longrepr=None, result=list(scripts))
        config.hook.pytest_collectreport(report=report)
    ids = [it.nodeid for it in items if isinstance(it, ScriptItem)]
    if twice := next((it for index, it in enumerate(ids) if it in ids[:index]), None):
        raise pytest.UsageError(f"{twice} is collected twice; give each `Scripts` of a file a `name`")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Learns which scripts are left to run."""
    session.config.stash[STATE].select([it for it in session.items if isinstance(it, ScriptItem)])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Takes over what a worker says about the known failures."""
    del error
    node.config.stash[STATE].parts += getattr(node, "workeroutput", {}).get("iamspec", [])


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """After all tests: fails for each known failure that is outdated, and for each problem that belongs to no script."""
    result = yield
    if not hasattr(session.config, "workerinput"):
        for name, text in session.config.stash[STATE].failures():
            session.config.hook.pytest_runtest_logreport(report=failed_report(name, text))
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Sends what a worker knows to the process that controls it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["iamspec"] = session.config.stash[STATE].parts
