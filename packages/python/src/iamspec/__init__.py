"""The program iamspec, and its pytest plugin.

`Scripts` makes one test of each script, and `Endpoint` is what the fixture `iam_endpoint` returns. The program is
at `program.path()`; `python -m iamspec` starts it.
"""

from iamspec.reference import Endpoint
from iamspec.selection import Scripts

__all__ = ["Endpoint", "Scripts"]
