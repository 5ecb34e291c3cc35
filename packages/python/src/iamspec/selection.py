"""`Scripts`: a selection of scripts in a test file, which pytest collects as one test per script."""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass

from iamspec import program


@dataclass(frozen=True, init=False)
class Scripts:
    """Scripts that pytest runs as tests, if a test file assigns this to a variable.

    `patterns` are names of built-in scripts (`*` matches any text), or script files relative to the test file;
    without any, all built-in scripts. `tier` and `known_failures` replace the options of the command line. A test
    file with several selections gives each a `name`, which then is part of the tests' names.
    """

    patterns: tuple[str, ...]
    tier: str | None
    known_failures: str | None
    name: str

    def __init__(
        self, *patterns: str, tier: str | None = None, known_failures: str | None = None, name: str = ""
    ) -> None:
        if not re.fullmatch(r"[\w-]*", name):
            raise ValueError(f"expected a name of letters, digits, `_` and `-`, got {name!r}")
        for field, value in (
            ("patterns", patterns),
            ("tier", tier),
            ("known_failures", known_failures),
            ("name", name),
        ):
            object.__setattr__(self, field, value)

    @property
    def test_name(self) -> str:
        """The name of the tests, without the script."""
        return f"iamspec-{self.name}" if self.name else "iamspec"

    def resolved(self, folder: pathlib.Path) -> tuple[program.Script, ...]:
        """The scripts; files are relative to this folder. Raises ProgramError as `program.scripts` does."""
        names = [str(folder / it) if (folder / it).is_file() else it for it in self.patterns]
        return program.scripts(*names)
