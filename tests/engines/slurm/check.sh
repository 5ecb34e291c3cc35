#!/usr/bin/env bash
# Runs a campaign as a Slurm array on one node, requeues one running job, and merges the shards.
#
#   tests/engines/slurm/check.sh target/release/iamspec            8000 calls in 8 shards
#   tests/engines/slurm/check.sh target/release/iamspec 1000000
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$(realpath "$1")
calls=${2:-8000}
shards=8
work=$(mktemp -d)
if ! command -v slurmctld > /dev/null && [ "$(id -u)" = 0 ]; then
  { apt-get update -qq && apt-get install -y -qq slurm-wlm munge; } > /dev/null 2>&1 || true
fi
# shellcheck source=cluster.sh
. "$here/cluster.sh"
trap 'end_cluster; rm -rf "$work"' EXIT

mkdir "$work/shards"
started=$SECONDS
job=$(sbatch --parsable --array=1-$shards --output="$work/%a.log" "$here/array.sh" \
  "$iamspec" "$work/shards" --suite random --calls "$calls")

# Requeues the first running shard, as after a node failure. Slurm starts it again.
for _ in $(seq 200); do
  running=$(squeue --job "$job" --noheader --states=R --format=%i | head -n 1)
  if [ -n "$running" ]; then break; fi
  sleep 0.05
done
if [ -z "$running" ]; then echo "slurm: expected a running shard to requeue, found none; use more calls" >&2; exit 1; fi
scontrol requeue "$running"

while [ -n "$(squeue --job "$job" --noheader --format=%i)" ]; do sleep 0.3; done
duration=$((SECONDS - started))

# A merge without one of the shards must fail.
mv "$work/shards/3.jsonl" "$work/3.jsonl"
if "$iamspec" report merge "$work"/shards/*.jsonl > /dev/null 2> "$work/refused"; then
  echo "slurm: the merge must fail if a shard is missing, but succeeded" >&2
  exit 1
fi
grep -q "missing shards: 3/$shards" "$work/refused"
mv "$work/3.jsonl" "$work/shards/3.jsonl"

"$iamspec" report merge "$work"/shards/*.jsonl --report json="$work/merged.jsonl" > "$work/merged" || {
  tail -n 30 "$work"/*.log "$work/merged" >&2
  exit 1
}
echo "slurm: $shards shards, $running requeued, in $duration s; $(tail -n 1 "$work/merged")"
if [ -n "${MERGED:-}" ]; then cp "$work/merged.jsonl" "$MERGED"; fi
