"""The tests of the plugin: each runs pytest in a folder of its own, against reference endpoints with known defects."""

from __future__ import annotations

import pathlib
import shlex
import stat

import pytest

from iamspec import program
from iamspec.reference import ReferenceServer

pytest_plugins = ["pytester"]

MUTANT = "forgets-mfa-device"
KNOWN = '[[known-failure]]\nrule = "DeleteUser/holds-mfa-device"\nreason = "ignores MFA devices"\nfacts = ["A-015"]\n'


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch):
    """Neither options nor credentials of the machine reach the inner sessions."""
    for name in ("PYTEST_ADDOPTS", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def conforming():
    """The URL of an endpoint that conforms."""
    with ReferenceServer() as endpoint:
        yield endpoint.url


@pytest.fixture
def defective():
    """The URL of an endpoint that deletes users with an MFA device."""
    with ReferenceServer(["--mutant", MUTANT]) as endpoint:
        yield endpoint.url


@pytest.fixture
def known_failures(pytester):
    """A file that lists the defect of `defective`."""
    file = pytester.path / "known.toml"
    file.write_text(KNOWN)
    return file


@pytest.fixture
def runs(pytester, monkeypatch):
    """A function that returns the scripts of each run of the program so far."""
    log = pytester.path / "runs.log"
    spy = pytester.path / "spy"
    real = shlex.quote(program.path())
    spy.write_text(f'#!/bin/sh\n[ "$1" != run ] || echo "$@" >> {shlex.quote(str(log))}\nexec {real} "$@"\n')
    spy.chmod(spy.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("IAMSPEC", str(spy))

    def scripts() -> list[list[str]]:
        lines = pathlib.Path(log).read_text().splitlines() if log.exists() else []
        return [line.split(" -- ")[1].split() for line in lines]

    return scripts
