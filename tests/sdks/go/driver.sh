#!/usr/bin/env bash
# Builds the driver with the pinned SDK in a cache outside the checkout, and runs it.
#
#   iamspec run --driver tests/sdks/go/driver.sh
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
program=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/sdk-go/driver
cd "$here"
# Go rebuilds only after a change.
go build -o "$program" . >&2
exec "$program"
