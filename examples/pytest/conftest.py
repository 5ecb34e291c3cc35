"""Tests moto in process: its WSGI application is served on a free port, and each script of iamspec is a test."""

import pytest
from moto.server import DomainDispatcherApplication, create_backend_app


@pytest.fixture(scope="session")
def iamspec_endpoint(iamspec_app):
    """The endpoint that the scripts test."""
    return iamspec_app(DomainDispatcherApplication(create_backend_app))
