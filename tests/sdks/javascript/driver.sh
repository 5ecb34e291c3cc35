#!/usr/bin/env bash
# Installs the pinned SDK into a cache outside the checkout, and runs the driver.
#
#   iamspec run --driver tests/sdks/javascript/driver.sh
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/sdk-javascript

if ! cmp -s "$here/package.json" "$cache/package.json" || ! cmp -s "$here/package-lock.json" "$cache/package-lock.json" || [ ! -e "$cache/installed" ]; then
  rm -rf "$cache"
  mkdir -p "$cache"
  cp "$here/package.json" "$here/package-lock.json" "$cache"
  (cd "$cache" && npm ci --silent --no-audit --no-fund >&2)
  touch "$cache/installed"
fi

# Node.js resolves modules relative to the program.
cp "$here/driver.mjs" "$cache/driver.mjs"
# The SDK warns about the version of Node.js.
exec node --no-warnings "$cache/driver.mjs"
