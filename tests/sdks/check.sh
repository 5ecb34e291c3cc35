#!/usr/bin/env bash
# Drives SDKs at the reference endpoint: each driver keeps to the protocol, every script that reaches
# something new is played through it, and what it does otherwise is listed or fails.
#
#   tests/sdks/check.sh target/release/iamspec            all of them
#   tests/sdks/check.sh target/release/iamspec go java    these
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$1
shift
if [ $# = 0 ]; then set -- boto3 awscli javascript go java rust; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for sdk in "$@"; do
  driver=$here/$sdk/driver.sh
  began=$SECONDS
  # The first start installs and builds.
  "$driver" <<< '{"type":"stop"}'
  installed=$((SECONDS - began))
  "$iamspec" driver-check "$driver" > "$work/check" || { cat "$work/check"; exit 1; }
  play=(--suite cover)
  # Its program takes a tenth of a second and more for each call.
  if [ "$sdk" = awscli ]; then play=('delete-user/alone/*'); fi
  if [ -e "$here/$sdk/expected.toml" ]; then play+=(--expect "$here/$sdk/expected.toml"); fi
  began=$SECONDS
  "$iamspec" run --driver "$driver" "${play[@]}" > "$work/run" 2> "$work/progress" || {
    cat "$work/run" "$work/progress"
    echo "$sdk: what it did otherwise is above" >&2
    exit 1
  }
  echo "$sdk: ready in $installed s, played in $((SECONDS - began)) s; $(tail -n 1 "$work/run")"
done
