#!/usr/bin/env bash
# Builds a static program and runs it in a root folder that contains nothing else: no C library, no certificates, no
# temporary folder, no /dev and no /proc. The container image is such a folder.
#
#   tests/install/static.sh [PROGRAM]
#
# PROGRAM is a static program that is already built. Needs root, or user namespaces.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
target=$(rustc -vV | sed -n 's/^host: //p')
program=${1:-}
if [ -z "$program" ]; then
  # With --target, the flag does not reach build scripts and procedural macros, which cannot be static.
  RUSTFLAGS="-C target-feature=+crt-static" cargo build --manifest-path "$root/Cargo.toml" --release --locked --quiet \
    --package iamspec-harness --target "$target" --target-dir "$root/target"
  program=$root/target/$target/release/iamspec
fi

empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
cp "$program" "$empty/iamspec"
alone() {
  if [ "$(id -u)" = 0 ]; then
    env -i /usr/sbin/chroot "$empty" /iamspec "$@"
  else
    env -i unshare --user --map-root-user /usr/sbin/chroot "$empty" /iamspec "$@"
  fi
}
alone --version
alone run > "$empty/run"
echo "in an empty root ($target, $(stat -c %s "$empty/iamspec") bytes): $(tail -n 1 "$empty/run")"
