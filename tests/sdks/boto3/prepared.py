"""Tests of calls that are not served yet: each is used as soon as `iamspec list calls` names its call."""

from table import Table

PREPARED = Table()
