"""Validates examples with the JSON Schemas: a report, the messages in the guide for drivers, the settings in the guide for CI, and
the known failures of the emulators.

    python schemas.py REPORT
"""

import json
import pathlib
import re
import sys
import tomllib

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "harness/schemas"
REPORT = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "report.json").read_text()))
SETTINGS = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "settings.json").read_text()))
KNOWN_FAILURES = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "known-failures.json").read_text()))
DRIVER = {name: jsonschema.Draft202012Validator(it) for name, it in json.loads((SCHEMAS / "driver.json").read_text()).items()}


def messages():
    """The messages in the tables of the guide, each with its direction. An ellipsis stands for any value."""
    for line in (ROOT / "docs/guide/drivers.md").read_text().splitlines():
        cells = line.split(" | ")
        for cell, direction in zip(cells, ["to the driver", "from the driver"]):
            for text in re.findall(r"`(\{.*?\})`", cell):
                if not cell.startswith("| `{\"type\"") and direction == "to the driver":
                    text, direction = f'{{"type":"answer","seq":7,"outcome":{text}}}', "from the driver"
                text = text.replace("{…}", "{}").replace('"outcome":…', '"outcome":{"ok":{"result":{}}}')
                yield direction, json.loads(text)


def main():
    """Validates everything and prints one line."""
    events = [json.loads(it) for it in pathlib.Path(sys.argv[1]).read_text().splitlines()]
    kinds = sorted({it["event"] for it in events})
    assert {"run", "call", "finding", "coverage", "end"} <= set(kinds), kinds
    for event in events:
        REPORT.validate(event)
    found = list(messages())
    assert len(found) > 10, found
    for direction, message in found:
        DRIVER[direction].validate(message)
    settings = [tomllib.loads(it) for it in re.findall(r"```toml\n(# iamspec\.toml.*?)```", (ROOT / "docs/guide/ci.md").read_text(), re.S)]
    files = [tomllib.loads(it.read_text()) for it in sorted(ROOT.glob("tests/emulators/*/known-failures.toml"))]
    assert settings and len(files) > 5, (settings, len(files))
    for it in settings:
        SETTINGS.validate(it)
    for it in files:
        KNOWN_FAILURES.validate(it)
    assert not SETTINGS.is_valid({"endpont": "x"}) and not KNOWN_FAILURES.is_valid({"known-failure": [{"rul": "x"}]})
    wrong = events[0] | {"tier": 7}
    assert not REPORT.is_valid(wrong) and not DRIVER["from the driver"].is_valid({"type": "hello"}), "the schemas accept anything"
    print(f"schemas: {len(events)} events ({', '.join(kinds)}), {len(found)} messages of drivers, {len(settings)} settings and {len(files)} files of known failures are valid")


main()
