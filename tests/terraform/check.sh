#!/usr/bin/env bash
# Runs the acceptance flow of the Terraform resource aws_iam_user against the reference endpoint, which verifies each
# signature: as it is, and with throttling. Prints each request with its status, and fails on an unexpected one.
# main.go says how close the flow is to the provider.
#
#   tests/terraform/check.sh target/release/iamspec
#
# Needs Go. IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$(realpath "$1")
program=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/terraform/flow
(cd "$here" && go build -o "$program" .)

work=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2> /dev/null || true; wait "$server" || true; fi
  server=
}
trap 'stop; rm -rf "$work"' EXIT

# The server prints its URL when it listens; the pipe makes the script wait for that line.
flow() {
  rm -f "$work/url"
  mkfifo "$work/url"
  "$iamspec" serve --listen 127.0.0.1:0 --verify-signatures "$@" > "$work/url" 2> "$work/log" &
  server=$!
  read -r url < "$work/url" || { cat "$work/log" >&2; exit 1; }
  NO_PROXY=127.0.0.1 "$program" "$url"
  stop
}

echo "== the reference endpoint"
flow
echo "== the reference endpoint with throttling"
flow --faults "$here/faults.toml" > "$work/throttled" || { cat "$work/throttled"; exit 1; }
tail -n 1 "$work/throttled"
grep -q ' [1-9][0-9]* of them throttled' "$work/throttled" || { echo "expected throttled requests" >&2; exit 1; }
