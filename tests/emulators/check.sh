#!/usr/bin/env bash
# Runs iamspec against pinned emulators and fails on every divergence that is not a known failure. Also
# checks that the run finds the kinds that an emulator deletes wrongly within a limit of requests.
#
#   tests/emulators/check.sh target/release/iamspec moto [localstack …]
#
# Keeps the reports of the runs as target/emulators/NAME.jsonl.
#
# target.toml states the expectations: `wrongly_deleted` (the number of kinds), `first_by` and `all_by`
# (the latest request of the first and of the last wrong deletion).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The matrix starts each emulator, runs the suite against it, and stops it.
targets=()
for name in "$@"; do targets+=("$here/$name/target.toml"); done
# Exit code 3 means that an emulator did not delete a resource; the report below names it.
"$iamspec" matrix --out "$work" "${targets[@]}" || [ $? = 3 ] || { tail -n 20 "$work"/*.log >&2; exit 1; }

rm -rf "$here/../../target/emulators"
mkdir -p "$here/../../target/emulators"
for name in "$@"; do
  cp "$work/$name.jsonl" "$here/../../target/emulators/"
  setting() { sed -n "s/^$1 = \([0-9]*\)\$/\1/p" "$here/$name/target.toml"; }
  "$iamspec" report show "$work/$name.jsonl" > "$work/report" || [ $? = 3 ]
  deleted=$(sed -n 's/.*deleted.*, request \([0-9]*\)$/\1/p' "$work/report" | sort -n)
  first=$(head -n 1 <<< "$deleted") last=$(tail -n 1 <<< "$deleted") count=$(grep -c . <<< "$deleted" || true)
  [ "$count" = "$(setting wrongly_deleted)" ] || {
    echo "$name: expected $(setting wrongly_deleted) wrongly deleted kinds, got $count; compare $here/$name/known-failures.toml" >&2
    exit 1
  }
  if [ "$count" = 0 ]; then
    echo "$name: no wrong deletion"
    tail -n 1 "$work/report"
    continue
  fi
  [ "$first" -le "$(setting first_by)" ] || {
    echo "$name: expected the first wrong deletion by request $(setting first_by), got request $first" >&2
    exit 1
  }
  [ "$last" -le "$(setting all_by)" ] || {
    echo "$name: expected the last wrong deletion by request $(setting all_by), got request $last" >&2
    exit 1
  }
  echo "$name: first wrong deletion at request $first, all $count by request $last"
  grep '^not deleted' "$work/report" || true
  tail -n 1 "$work/report"
done
