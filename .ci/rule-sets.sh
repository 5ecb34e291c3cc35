#!/usr/bin/env bash
# Fails if a rule set differs from the one in a release: a set does not change once a release contains it.
set -euo pipefail
cd "$(dirname "$0")/.."

released=0
for tag in $(git tag --list 'v*'); do
  for file in $(git ls-tree --name-only "$tag" conformance/rule-sets/); do
    released=$((released + 1))
    git diff --quiet "$tag" -- "$file" || {
      echo "$file differs from the one of the release $tag; restore it, and put new rules, levels and scripts into a newer set" >&2
      exit 1
    }
  done
done
echo "rule sets of releases: $released, none has changed"
