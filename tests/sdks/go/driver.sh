#!/usr/bin/env bash
# Builds the driver with the pinned SDK into a cache outside the checkout and runs it.
#
#   iamspec run --driver tests/sdks/go/driver.sh
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
program=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/sdk-go/driver
cd "$here"
# What was built before is taken where nothing has changed.
go build -o "$program" . >&2
exec "$program"
