#!/usr/bin/env bash
# Sends every operation to the reference endpoint with boto3. Checks responses against the shapes of the
# SDK, and errors against its exceptions. Then tests the signature check with valid and invalid signatures,
# and the resource class IAM.User.
#
#   tests/sdks/boto3/check.sh target/release/iamspec
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$1
version=$(sed -n 's/^boto3==\([^ ]*\).*/\1/p' "$here/requirements.txt")
# shellcheck source=../../packages.sh
. "$here/../../packages.sh"
install_packages "boto3-$version" "$here/requirements.txt"

work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; wait "${servers[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

# Starts a server with these options and sets $url. The server prints its URL when it listens; the pipe
# makes the script wait for that line.
serve() {
  rm -f "$work/url"
  mkfifo "$work/url"
  "$iamspec" serve --listen 127.0.0.1:0 "$@" > "$work/url" 2> "$work/serve.log" &
  servers+=($!)
  if ! read -r url < "$work/url"; then
    echo "the reference endpoint did not start; its log:" >&2
    cat "$work/serve.log" >&2
    exit 1
  fi
}

export PYTHONDONTWRITEBYTECODE=1 NO_PROXY=127.0.0.1
"$iamspec" list calls > "$work/calls"
serve --quota UsersPerAccount=200
"$venv/bin/python" "$here/calls.py" "$url" "$work/calls"
serve --verify-signatures
"$venv/bin/python" "$here/signed.py" "$url"
serve
"$venv/bin/python" "$here/resource.py" "$url"
