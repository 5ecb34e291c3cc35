"""The fixtures of the plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from iamspec.applications import Applications
from iamspec.reference import Endpoint, ReferenceServer


@pytest.fixture(scope="session")
def iamspec_endpoint(request: pytest.FixtureRequest) -> str:
    """The URL of the endpoint that the scripts of the test files test. Define it in conftest.py."""
    del request
    raise pytest.UsageError(
        "expected an endpoint for the scripts; define the fixture `iamspec_endpoint` with scope `session` in "
        "conftest.py, or use --iamspec-endpoint URL"
    )


@pytest.fixture(scope="session")
def iamspec_app() -> Iterator[Callable[..., str]]:
    """A function that serves a WSGI or ASGI application of this process on a free loopback port, and returns its URL."""
    applications = Applications()
    yield applications.serve
    applications.close()


@pytest.fixture
def iam_endpoint(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """A reference endpoint that responds as AWS does, with an empty account for each test.

    The marker `iamspec_faults` injects faults, and `iamspec_serve` adds options of `iamspec serve`.
    """
    faults: list[dict[str, Any]] = []
    seed = 1
    for marker in reversed(list(request.node.iter_markers("iamspec_faults"))):
        settings = dict(marker.kwargs)
        seed = settings.pop("seed", seed)
        faults += [dict(it) for it in marker.args] + ([settings] if settings else [])
    options = [str(word) for it in request.node.iter_markers("iamspec_serve") for word in it.args]
    with ReferenceServer(options, faults, seed) as endpoint:
        yield endpoint
