#!/usr/bin/env bash
# Generates calls.rs, builds the driver with the pinned SDK in a cache outside the checkout, and runs it.
#
#   iamspec run --driver tests/sdks/rust/driver.sh
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/sdk-rust

# shellcheck source=../../packages.sh
. "$here/../../packages.sh"
sources=$(cd "$here" && find . -type f -exec sha256sum {} + | sort)
if ! cmp -s "$cache/installed" - <<< "$sources"; then
  mkdir -p "$cache"
  rm -f "$cache/installed"
  install_packages sdk-rust-botocore "$here/requirements.txt"
  "$venv/bin/python" "$here/calls.py" > "$cache/calls.rs"
  CALLS=$cache/calls.rs RUST_VERSION=$(rustc --version) CARGO_TARGET_DIR=$cache/target \
    cargo build --release --locked --quiet --manifest-path "$here/Cargo.toml" >&2
  cat > "$cache/installed" <<< "$sources"
fi
exec "$cache/target/release/iamspec-sdk-rust"
