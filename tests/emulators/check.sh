#!/usr/bin/env bash
# Runs iamspec against a pinned emulator and holds it to what is known of it: only expected divergences, and the
# kinds that it deletes wrongly, found soon.
#
#   tests/emulators/check.sh target/release/iamspec moto [localstack …]
#
# target.toml may say `wrongly_deleted` (how many kinds), `first_by` and `all_by` (at which request at the latest).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The matrix starts each, runs against it, and stops it.
targets=()
for name in "$@"; do targets+=("$here/$name/target.toml"); done
# One that does not let go of what was made comes to 3; what that is, is told below.
"$iamspec" matrix --out "$work" "${targets[@]}" || [ $? = 3 ] || { tail -n 20 "$work"/*.log >&2; exit 1; }

for name in "$@"; do
  figure() { sed -n "s/^$1 = \([0-9]*\)\$/\1/p" "$here/$name/target.toml"; }
  "$iamspec" report "$work/$name.jsonl" > "$work/report" || [ $? = 3 ]
  deleted=$(sed -n 's/.*deleted, must be refused, at request \([0-9]*\)$/\1/p' "$work/report" | sort -n)
  first=$(head -n 1 <<< "$deleted") all=$(tail -n 1 <<< "$deleted") count=$(wc -l <<< "$deleted")
  [ "$count" = "$(figure wrongly_deleted)" ] || { echo "$name: $count kinds are deleted wrongly, expected $(figure wrongly_deleted)" >&2; exit 1; }
  [ "$first" -le "$(figure first_by)" ] || { echo "$name: the first wrong deletion came at request $first" >&2; exit 1; }
  [ "$all" -le "$(figure all_by)" ] || { echo "$name: the last wrong deletion came at request $all" >&2; exit 1; }
  echo "$name: first wrong deletion at request $first, all $count by request $all"
  grep '^left behind' "$work/report" || true
  tail -n 1 "$work/report"
done
