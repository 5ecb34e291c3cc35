"""The program iamspec: where it is, its list of scripts, and its exports."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass


class ProgramError(Exception):
    """The program is missing, or it refused its command line."""


@dataclass(frozen=True)
class Script:
    """A script, as `iamspec list scripts --format json` describes it."""

    name: str
    idea: str
    calls: int
    kinds: tuple[str, ...]
    rules: tuple[str, ...]


def path() -> str:
    """The path of the program: the variable IAMSPEC, the scripts of this environment, or PATH.

    Raises ProgramError if it is in none of these places.
    """
    if named := os.environ.get("IAMSPEC"):
        return named
    name = "iamspec" + (sysconfig.get_config_var("EXE") or "")
    folders = [sysconfig.get_path("scripts"), os.path.dirname(sys.executable), _user_scripts()]
    for folder in folders:
        candidate = pathlib.Path(folder) / name
        if candidate.is_file():
            return str(candidate)
    if found := shutil.which(name):
        return found
    raise ProgramError(
        f"expected the program {name} in {folders[0]} or on PATH; "
        "install the wheel of iamspec, or set the variable IAMSPEC to the program"
    )


def _user_scripts() -> str:
    return sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))


def output(*words: str) -> str:
    """What the program prints for these words. Raises ProgramError with its message if it fails."""
    result = subprocess.run(
        [path(), *words], capture_output=True, check=False, encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL
    )
    if result.returncode:
        raise ProgramError(result.stderr.strip() or f"iamspec {words[0]} exited with {result.returncode}")
    return result.stdout


@functools.cache
def scripts(*names: str) -> tuple[Script, ...]:
    """The scripts with these names or patterns, or all built-in scripts, in the order of a run.

    Raises ProgramError if there is no such script, or if a script file is invalid.
    """
    lines = map(json.loads, output("list", "scripts", "--format", "json", "--", *names).splitlines())
    return tuple(Script(it["name"], it["idea"], it["calls"], tuple(it["kinds"]), tuple(it["rules"])) for it in lines)


def export(script: str, language: str, url: str) -> str:
    """The script as a program for this endpoint (`iamspec export`), or the reason why there is none."""
    try:
        return output("export", "--as", language, "--endpoint", url, "--", script)
    except ProgramError as error:
        return f"not exported: {error}"
