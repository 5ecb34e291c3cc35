#!/usr/bin/env bash
# A campaign over a Slurm array on one node: as many parts as jobs, one of them killed on the way and played
# again, all of them merged.
#
#   tests/engines/slurm/check.sh target/release/iamspec            8000 calls in 8 parts
#   tests/engines/slurm/check.sh target/release/iamspec 1000000
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$(realpath "$1")
calls=${2:-8000}
parts=8
work=$(mktemp -d)
if ! command -v slurmctld > /dev/null && [ "$(id -u)" = 0 ]; then
  { apt-get update -qq && apt-get install -y -qq slurm-wlm munge; } > /dev/null 2>&1 || true
fi
# shellcheck source=cluster.sh
. "$here/cluster.sh"
trap 'end_cluster; rm -rf "$work"' EXIT

mkdir "$work/parts"
began=$SECONDS
job=$(sbatch --parsable --array=1-$parts --output="$work/%a.log" "$here/array.sh" \
  "$iamspec" "$work/parts" --suite random --calls "$calls")

# The first part that runs is killed as if its node had died, and Slurm starts it again.
for _ in $(seq 200); do
  running=$(squeue --job "$job" --noheader --states=R --format=%i | head -n 1)
  if [ -n "$running" ]; then break; fi
  sleep 0.05
done
if [ -z "$running" ]; then echo "slurm: no part was seen running, so that none was killed" >&2; exit 1; fi
scontrol requeue "$running"

while [ -n "$(squeue --job "$job" --noheader --format=%i)" ]; do sleep 0.3; done
took=$((SECONDS - began))

# A part that is missing is noticed.
mv "$work/parts/3.jsonl" "$work/3.jsonl"
if "$iamspec" merge "$work"/parts/*.jsonl > /dev/null 2> "$work/refused"; then
  echo "slurm: a missing part was not noticed" >&2
  exit 1
fi
grep -q "missing: 3/$parts" "$work/refused"
mv "$work/3.jsonl" "$work/parts/3.jsonl"

"$iamspec" merge "$work"/parts/*.jsonl --report json="$work/merged.jsonl" > "$work/merged" || {
  tail -n 30 "$work"/*.log "$work/merged" >&2
  exit 1
}
echo "slurm: $parts parts, $running killed and played again, in $took s; $(tail -n 1 "$work/merged")"
if [ -n "${MERGED:-}" ]; then cp "$work/merged.jsonl" "$MERGED"; fi
