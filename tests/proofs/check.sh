#!/usr/bin/env bash
# Proves the invariants for accounts of any size with two solvers, lets both find every seeded fault, and counts the
# states of the small scopes with TLC. Needs Java.
#
#   tests/proofs/check.sh target/release/iamspec
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../packages.sh
. "$here/../packages.sh"
install_packages "proofs" "$here/requirements.txt" 3.10

scripts=$(mktemp -d)
trap 'rm -rf "$scripts"' EXIT
"$1" verify --smt "$scripts"
PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" "$here/check.py" "$1" "$scripts"
PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" "$here/tlc.py" "$1" "$scripts/modules"
