#!/usr/bin/env bash
# Compares Hypothesis and iamspec on the same moto: how many requests and seconds each needs to find that moto
# deletes users with attachments. Prints a table and writes tests/reports/hypothesis.md. Takes some minutes, so CI
# does not run it.
#
#   tests/baseline/compare.sh target/release/iamspec
#
# A second argument sets the number of seeds (default: 10). IAMSPEC_CACHE moves the cache (default:
# ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [ ! -x "${1:-}" ] || [[ ! ${2:-10} =~ ^[1-9][0-9]*$ ]]; then
  echo "expected the iamspec binary and optionally a number of seeds, got '$*'; try: tests/baseline/compare.sh target/release/iamspec" >&2
  exit 2
fi
version=$(sed -n 's/^hypothesis==\([^ ]*\).*/\1/p' "$here/requirements.txt")
# shellcheck source=../packages.sh
. "$here/../packages.sh"
install_packages "hypothesis-$version" "$here/requirements.txt"

PYTHONDONTWRITEBYTECODE=1 NO_PROXY=127.0.0.1 exec "$venv/bin/python" "$here/compare.py" "$@"
