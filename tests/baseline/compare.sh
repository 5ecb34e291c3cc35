#!/usr/bin/env bash
# Hypothesis and iamspec against the same moto: what each needs to find that moto deletes users that
# still hold something. Prints a table, and writes it with its figures to tests/reports/hypothesis.md.
# Takes some minutes, so it is no part of CI.
#
#   tests/baseline/compare.sh target/release/iamspec
#
# A number behind it: how many seeds, instead of 10. The cache is the one of the other checks:
# IAMSPEC_CACHE moves it (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [ ! -x "${1:-}" ] || [[ ! ${2:-10} =~ ^[1-9][0-9]*$ ]]; then
  echo "expected the binary of iamspec and perhaps a number of seeds, came '$*'; try: tests/baseline/compare.sh target/release/iamspec" >&2
  exit 2
fi
version=$(sed -n 's/^hypothesis==//p' "$here/requirements.txt")
venv=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/hypothesis-$version

if ! cmp -s "$here/requirements.txt" "$venv/installed"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" >&2
  cp "$here/requirements.txt" "$venv/installed"
fi

PYTHONDONTWRITEBYTECODE=1 NO_PROXY=127.0.0.1 exec "$venv/bin/python" "$here/compare.py" "$@"
