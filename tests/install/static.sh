#!/usr/bin/env bash
# Builds a static program and runs it in a root folder that contains nothing else but random numbers: no C library, no
# certificates, no temporary folder and no /proc. The container image is such a folder.
#
#   tests/install/static.sh [PROGRAM]
#
# PROGRAM is a static program that is already built. Needs `unshare`, and root or user namespaces.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
program=${1:-}
if [ -z "$program" ]; then
  target=$(rustc -vV | sed -n 's/^host: //p')
  # With --target, the flag does not reach build scripts and procedural macros, which cannot be static.
  RUSTFLAGS="-C target-feature=+crt-static" cargo build --manifest-path "$root/Cargo.toml" --release --locked --quiet \
    --package iamspec-harness --target "$target" --target-dir "$root/target"
  program=$root/target/$target/release/iamspec
fi

empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
cp "$program" "$empty/iamspec"
mkdir "$empty/dev"
touch "$empty/dev/random" "$empty/dev/urandom"
# A container runtime provides these devices. The mounts end with the process.
alone() {
  local user=()
  [ "$(id -u)" = 0 ] || user=(--user --map-root-user)
  # shellcheck disable=SC2016
  env -i unshare "${user[@]}" --mount /bin/sh -c 'empty=$1
    shift
    for device in random urandom; do /bin/mount --bind "/dev/$device" "$empty/dev/$device" || exit; done
    exec /usr/sbin/chroot "$empty" /iamspec "$@"' sh "$empty" "$@"
}
alone --version
alone run > "$empty/run"
echo "in an empty root ($(stat -c %s "$empty/iamspec") bytes): $(tail -n 1 "$empty/run")"
