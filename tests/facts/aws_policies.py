#!/usr/bin/env python3
"""Writes harness/data/aws-policies.txt: the AWS managed policies, from the list that moto takes over from AWS.

    pip download --no-deps moto==VERSION
    tests/facts/aws_policies.py moto-VERSION-py3-none-any.whl > harness/data/aws-policies.txt

A line has the path and the name of a policy, its default version, and the days on which it was created and
last updated. Documents are not taken over.
"""

import hashlib
import json
import pathlib
import sys
import zipfile

wheel = pathlib.Path(sys.argv[1])
NAME = "moto/iam/aws_managed_policies.py"
source = zipfile.ZipFile(wheel).read(NAME)
policies = json.loads(source.decode().split('"""', 2)[1])

print(f"# {wheel.name}, {NAME}, sha256 {hashlib.sha256(source).hexdigest()}")
print("# Apache-2.0, Copyright the moto authors. Written by tests/facts/aws_policies.py.")
for name, it in sorted(policies.items(), key=lambda entry: (entry[1]["Path"], entry[0])):
    created, updated = it["CreateDate"][:10], it["UpdateDate"][:10]
    print(f"{it['Path']}{name} {it['DefaultVersionId']} {created} {updated}")
