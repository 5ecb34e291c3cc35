#!/usr/bin/env bash
# Tests each SDK driver against the reference endpoint: checks the protocol, runs a suite through the driver,
# and fails on every difference that is not in the driver's known-failures.toml.
#
#   tests/sdks/check.sh target/release/iamspec            all drivers
#   tests/sdks/check.sh target/release/iamspec go java    these drivers
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$1
shift
if [ $# = 0 ]; then set -- boto3 awscli javascript go java rust; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for sdk in "$@"; do
  driver=$here/$sdk/driver.sh
  started=$SECONDS
  # The first start installs and builds.
  "$driver" <<< '{"type":"stop"}'
  installed=$((SECONDS - started))
  "$iamspec" driver check "$driver" > "$work/check" || { cat "$work/check"; exit 1; }
  options=(--suite cover 'names/*')
  # The AWS CLI needs more than a tenth of a second per call.
  if [ "$sdk" = awscli ]; then options=('delete-user/alone/*' 'names/*'); fi
  if [ -e "$here/$sdk/known-failures.toml" ]; then options+=(--known-failures "$here/$sdk/known-failures.toml"); fi
  started=$SECONDS
  "$iamspec" run --driver "$driver" "${options[@]}" > "$work/run" 2> "$work/progress" || {
    cat "$work/run" "$work/progress"
    echo "$sdk: the report above names the differences; fix the driver, or add an entry to $sdk/known-failures.toml" >&2
    exit 1
  }
  echo "$sdk: installed in $installed s, run in $((SECONDS - started)) s; $(tail -n 1 "$work/run")"
done
