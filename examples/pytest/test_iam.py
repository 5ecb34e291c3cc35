"""Each script of iamspec is a test of the endpoint in conftest.py."""

from iamspec import Scripts

scripts = Scripts(known_failures="known-failures.toml")
