#!/usr/bin/env bash
# The engines that a campaign is known to run on: a Slurm array and Dask, both run here and merged to the same
# report, and a Kubernetes Indexed Job, whose manifest is checked and whose pods are played one by one.
#
#   tests/engines/check.sh target/release/iamspec
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dask=2025.11.0 validate=1.34.1
venv=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/engines-$dask-$validate
if [ ! -e "$venv/installed" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "distributed==$dask" "kubernetes-validate==$validate" >&2
  touch "$venv/installed"
fi
calls=8000 parts=8

MERGED=$work/slurm.jsonl "$here/slurm/check.sh" "$iamspec" $calls

"$venv/bin/python" "$here/dask/campaign.py" --parts $parts "$iamspec" "$work/dask" -- \
  --suite random --calls $calls 2> "$work/dask.log" || { tail -n 30 "$work/dask.log" >&2; exit 1; }
"$iamspec" merge "$work"/dask/*.jsonl --report json="$work/dask.jsonl" > "$work/dask.txt"
echo "dask: $parts parts; $(tail -n 1 "$work/dask.txt")"

# Kubernetes counts from 0, and does not say how many there are.
"$venv/bin/kubernetes-validate" --strict --version 1.34 "$here/kubernetes/job.yaml"
for index in $(seq 0 $((parts - 1))); do
  JOB_COMPLETION_INDEX=$index "$iamspec" run --shard env/$parts --suite random --calls $calls \
    --report json="$work/pod-$index.jsonl" > /dev/null 2>&1
done
"$iamspec" merge "$work"/pod-*.jsonl --report json="$work/kubernetes.jsonl" > "$work/kubernetes.txt"
echo "kubernetes: $parts parts; $(tail -n 1 "$work/kubernetes.txt")"

# The same, byte for byte, but for the times.
for engine in slurm dask kubernetes; do
  sed -E 's/"(begun|seconds)":("[^"]*"|[0-9.e-]+)/"\1":0/g' "$work/$engine.jsonl" > "$work/$engine.same"
done
cmp "$work/slurm.same" "$work/dask.same"
cmp "$work/slurm.same" "$work/kubernetes.same"
echo "engines: the same report by all, $(wc -l < "$work/slurm.same") lines"
