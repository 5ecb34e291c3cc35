#!/usr/bin/env python3
"""Writes harness/data/iam-shapes.json: the output shapes of the modeled actions, from botocore's service model.

    target/debug/iamspec list actions | tests/facts/shapes.py SITE_PACKAGES > harness/data/iam-shapes.json

SITE_PACKAGES is the folder that contains the packages botocore and botocore-*.dist-info. Only names, types and
the words `required` and `enum` are taken over; no documentation text.
"""

import gzip
import hashlib
import json
import pathlib
import sys

site = pathlib.Path(sys.argv[1])
path = site / "botocore/data/iam/2010-05-08/service-2.json.gz"
packed = path.read_bytes()
model = json.loads(gzip.decompress(packed))
version = next(site.glob("botocore-*.dist-info")).name.removeprefix("botocore-").removesuffix(".dist-info")
shapes, structures = model["shapes"], {}


def type_of(name):
    """A type in one word: `string`, `Structure`, `[type]` for a list, `{type}` for a map, `A|B` for an enumeration."""
    shape = shapes[name]
    if shape["type"] == "structure":
        if name not in structures:
            structures[name] = None
            structures[name] = members(shape)
        return name
    if shape["type"] == "list":
        assert not shape.get("flattened") and "locationName" not in shape["member"], name
        return f"[{type_of(shape['member']['shape'])}]"
    if shape["type"] == "map":
        assert not shape.get("flattened") and not {"locationName"} & (shape["key"].keys() | shape["value"].keys()), name
        return "{" + type_of(shape["value"]["shape"]) + "}"
    return "|".join(shape["enum"]) if "enum" in shape else shape["type"]


def members(shape):
    """The members by their names; `!` marks a required one."""
    required = shape.get("required", [])
    return {name: type_of(it["shape"]) + ("!" if name in required else "")
            for name, it in shape["members"].items()}


operations = {}
for name in sys.stdin.read().split():
    output = model["operations"][name].get("output")
    assert output is None or output["resultWrapper"] == f"{name}Result", name
    operations[name] = members(shapes[output["shape"]]) if output else None

json.dump({
    "source": f"botocore {version}, {path.relative_to(site)}",
    "sha256": hashlib.sha256(packed).hexdigest(),
    "license": "Apache-2.0, Copyright Amazon.com, Inc. or its affiliates",
    "namespace": model["metadata"]["xmlNamespace"],
    "operations": operations,
    "structures": dict(sorted(structures.items())),
}, sys.stdout, indent=1)
print()
