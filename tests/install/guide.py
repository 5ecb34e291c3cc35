"""Writes the examples of docs/guide/ci.md as files, so that other programs can check them.

    python guide.py FOLDER    writes workflow-N.yml, gitlab.yml, pre-commit.yaml, noxfile.py and tox.ini
"""

import ast
import configparser
import pathlib
import re
import sys

folder = pathlib.Path(sys.argv[1])
ROOT = pathlib.Path(__file__).resolve().parents[2]
JOB = "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n"


def main():
    """Sorts the examples by what they contain. Every one must be known."""
    text = (ROOT / "docs/guide/ci.md").read_text().replace("OWNER/", "owner/")
    files = {}
    for language, block in re.findall(r"```(\w+)\n(.*?)```", text, re.S):
        if language in ("sh", "text", "toml"):
            continue
        if "- uses: " in block:
            name, block = f"workflow-{len(files)}.yml", block if "jobs:" in block else JOB + block
        elif "component: " in block:
            name = "gitlab.yml"
        elif "- repo: " in block:
            name = "pre-commit.yaml"
        else:
            name = {"ini": "tox.ini", "python": "noxfile.py"}[language]
        files[name] = files.get(name, "") + block
    for name, block in files.items():
        (folder / name).write_text(block)
    ast.parse(files["noxfile.py"])
    configparser.ConfigParser().read_string(files["tox.ini"])
    print(f"examples of the guide: {', '.join(files)}")


main()
