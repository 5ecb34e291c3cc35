"""Generates calls.rs from the botocore model of the service. The SDK for Rust has a builder per operation, no call
by name, and no conversion of results to JSON, so the driver needs generated code for both.

    python calls.py > calls.rs

Omits operations whose input contains maps, or structures other than tags.
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


def is_supported(shape):
    it = shapes[shape]
    if it["type"] == "list":
        return is_supported(it["member"]["shape"])
    return shape == "Tag" or it["type"] not in ("structure", "map")


def collect_types(shape, seen):
    """Collects the structures and enumerations of a result."""
    it = shapes[shape]
    if shape in seen:
        return
    if it["type"] in ("list", "map"):
        collect_types(it.get("member", it.get("value"))["shape"], seen)
    elif it["type"] == "structure":
        seen.append(shape)
        for member in it["members"].values():
            collect_types(member["shape"], seen)
    elif "enum" in it:
        seen.append(shape)


def print_to_json(kind, members):
    values = ", ".join(f'("{name}", self.{field(name)}.to_json())' for name in members)
    print(f"impl ToJson for {kind} {{ fn to_json(&self) -> Option<Value> {{ members([{values}]) }} }}")


outputs, inputs, arms = [], [], []
for name, operation in sorted(model["operations"].items()):
    members = {}
    if "input" in operation:
        members = shapes[operation["input"]["shape"]]["members"]
    if not all(is_supported(it["shape"]) for it in members.values()):
        continue
    for it in members.values():
        shape = it["shape"]
        shape = shapes[shape].get("member", {}).get("shape", shape)
        if "enum" in shapes[shape] and shape not in inputs:
            inputs.append(shape)
    output = f"operation::{snake(name)}::{pascal(name)}Output"
    if "output" in operation:
        results = shapes[operation["output"]["shape"]]["members"]
        for it in results.values():
            collect_types(it["shape"], outputs)
        print_to_json(output, results)
    else:
        print_to_json(output, {})
    setters = "".join(f'.set_{snake(it)}(parameters.take("{it}")?)' for it in members)
    send = "response(Box::pin(call.send()).await)"
    if name in paged:
        send = ("if paged { let mut pages = call.into_paginator().send(); let mut all = Map::new(); "
                "while let Some(page) = Box::pin(pages.next()).await { join(&mut all, &response(page)?); } "
                f'Ok(json!({{"ok": {{"result": all}}}})) }} else {{ {send} }}')
    arms.append(f'"{name}" => {{ let call = client.{snake(name)}(){setters}; parameters.end()?; {send} }}')

for shape in outputs:
    if shapes[shape]["type"] == "structure":
        print_to_json(f"types::{pascal(shape)}", shapes[shape]["members"])
    else:
        print(f"impl ToJson for types::{pascal(shape)} "
              "{ fn to_json(&self) -> Option<Value> { Some(self.as_str().into()) } }")
for shape in inputs:
    print(f"impl FromJson for types::{pascal(shape)} {{ fn from_json(it: &Value) -> Option<Self> "
          "{ Some(it.as_str()?.into()) } }")
print("async fn call(client: &Client, op: &str, mut parameters: Parameters, paged: bool) -> Result<Value, Value> { match op {")
print("\n".join(arms))
print('_ => Err(unsupported(format!("the driver has no {op}"))) } }')
