"""Writes calls.rs: the SDK for Rust has a builder for each call and no call by name, and its results know
no JSON, so that both are written out from botocore's description of the service.

    python calls.py > calls.rs

A call whose input has structures other than tags, or maps, is left out.
"""

import gzip
import json
import pathlib
import re

import botocore

folder = pathlib.Path(botocore.__file__).parent / "data" / "iam" / "2010-05-08"
paged = json.loads((folder / "paginators-1.json").read_text())["pagination"]
model = json.loads(gzip.open(folder / "service-2.json.gz").read())
shapes = model["shapes"]


def snake(name):
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def field(name):
    return {"type": "r#type"}.get(snake(name), snake(name))


def pascal(name):
    return "".join(word.capitalize() for word in snake(name).split("_"))


def can_be_given(shape):
    it = shapes[shape]
    if it["type"] == "list":
        return can_be_given(it["member"]["shape"])
    return shape == "Tag" or it["type"] not in ("structure", "map")


def reached(shape, seen):
    """The structures and enumerations that a result holds."""
    it = shapes[shape]
    if shape in seen:
        return
    if it["type"] in ("list", "map"):
        reached(it.get("member", it.get("value"))["shape"], seen)
    elif it["type"] == "structure":
        seen.append(shape)
        for member in it["members"].values():
            reached(member["shape"], seen)
    elif "enum" in it:
        seen.append(shape)


def read(kind, members):
    values = ", ".join(f'("{name}", self.{field(name)}.plain())' for name in members)
    print(f"impl Plain for {kind} {{ fn plain(&self) -> Option<Value> {{ members([{values}]) }} }}")


held, given, arms = [], [], []
for name, operation in sorted(model["operations"].items()):
    members = {}
    if "input" in operation:
        members = shapes[operation["input"]["shape"]]["members"]
    if not all(can_be_given(it["shape"]) for it in members.values()):
        continue
    for it in members.values():
        shape = it["shape"]
        shape = shapes[shape].get("member", {}).get("shape", shape)
        if "enum" in shapes[shape] and shape not in given:
            given.append(shape)
    output = f"operation::{snake(name)}::{pascal(name)}Output"
    if "output" in operation:
        results = shapes[operation["output"]["shape"]]["members"]
        for it in results.values():
            reached(it["shape"], held)
        read(output, results)
    else:
        read(output, {})
    setters = "".join(f'.set_{snake(it)}(given.take("{it}")?)' for it in members)
    send = "answered(Box::pin(call.send()).await)"
    if name in paged:
        send = ("if paged { let mut pages = call.into_paginator().send(); let mut all = Map::new(); "
                "while let Some(page) = Box::pin(pages.next()).await { join(&mut all, &answered(page)?); } "
                f'Ok(json!({{"ok": {{"result": all}}}})) }} else {{ {send} }}')
    arms.append(f'"{name}" => {{ let call = client.{snake(name)}(){setters}; given.end()?; {send} }}')

for shape in held:
    if shapes[shape]["type"] == "structure":
        read(f"types::{pascal(shape)}", shapes[shape]["members"])
    else:
        print(f"impl Plain for types::{pascal(shape)} "
              "{ fn plain(&self) -> Option<Value> { Some(self.as_str().into()) } }")
for shape in given:
    print(f"impl Given for types::{pascal(shape)} {{ fn given(it: &Value) -> Option<Self> "
          "{ Some(it.as_str()?.into()) } }")
print("async fn call(client: &Client, op: &str, mut given: Members, paged: bool) -> Result<Value, Value> { match op {")
print("\n".join(arms))
print('_ => Err(unsupported(format!("the driver has no {op}"))) } }')
