#!/usr/bin/env bash
# Runs a campaign on a Slurm array and on Dask, validates the manifest of a Kubernetes Indexed Job, and runs its
# pods one after the other. The merged reports must be the same.
#
#   tests/engines/check.sh target/release/iamspec
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=../packages.sh
. "$here/../packages.sh"
install_packages "engines" "$here/requirements.txt"
calls=8000 shards=8

MERGED=$work/slurm.jsonl "$here/slurm/check.sh" "$iamspec" $calls

"$venv/bin/python" "$here/dask/campaign.py" --shards $shards "$iamspec" "$work/dask" -- \
  --suite random --calls $calls 2> "$work/dask.log" || { tail -n 30 "$work/dask.log" >&2; exit 1; }
"$iamspec" report merge "$work"/dask/*.jsonl --report json="$work/dask.jsonl" > "$work/dask.txt"
echo "dask: $shards shards; $(tail -n 1 "$work/dask.txt")"

# Kubernetes numbers pods from 0 and does not pass their total.
"$venv/bin/kubernetes-validate" --strict --version 1.34 "$here/kubernetes/job.yaml"
for index in $(seq 0 $((shards - 1))); do
  JOB_COMPLETION_INDEX=$index "$iamspec" run --shard env/$shards --suite random --calls $calls \
    --report json="$work/pod-$index.jsonl" > /dev/null 2>&1
done
"$iamspec" report merge "$work"/pod-*.jsonl --report json="$work/kubernetes.jsonl" > "$work/kubernetes.txt"
echo "kubernetes: $shards shards; $(tail -n 1 "$work/kubernetes.txt")"

# The same bytes, except for times.
for engine in slurm dask kubernetes; do
  sed -E 's/"(started|seconds)":("[^"]*"|[0-9.e-]+)/"\1":0/g' "$work/$engine.jsonl" > "$work/$engine.same"
done
cmp "$work/slurm.same" "$work/dask.same"
cmp "$work/slurm.same" "$work/kubernetes.same"
echo "engines: the merged reports are the same, $(wc -l < "$work/slurm.same") lines"
