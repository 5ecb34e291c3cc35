#!/usr/bin/env bash
# Compares the public API of the crates that others depend on with the lists in this folder, so that a change
# of it is seen in review. The constants of the facts are left out.
#
#   tests/api/check.sh [--write]
#
# --write accepts the current API. Needs a nightly Rust toolchain (IAMSPEC_NIGHTLY, default: nightly) for the JSON
# of rustdoc: one whose JSON this version of cargo-public-api reads, such as nightly-2026-05-20. Builds the tool once.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
version=0.52.0
cache=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/cargo-public-api-$version
tool=$cache/bin/cargo-public-api
[ -x "$tool" ] || cargo install --quiet --locked --root "$cache" "cargo-public-api@$version"

export RUSTUP_TOOLCHAIN=${IAMSPEC_NIGHTLY:-nightly}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
changed=
for crate in iamspec-model iamspec-conformance iamspec-testing; do
  list=$work/$crate
  CARGO_TARGET_DIR=target/public-api "$tool" public-api -p "$crate" -sss 2> "$list.log" > "$list" || { cat "$list.log" >&2; exit 1; }
  grep -v '::evidence::[A-Z]*_[0-9]' "$list" > "$list.shown"
  if [ "${1:-}" = --write ]; then
    cp "$list.shown" "$here/$crate.txt"
  elif ! diff -u "$here/$crate.txt" "$list.shown" >&2; then
    changed="$changed $crate"
  fi
  echo "$crate: $(wc -l < "$list.shown") public items"
done
if [ -n "$changed" ]; then
  echo "the public API of$changed changed: mention it in CHANGELOG.md, and run tests/api/check.sh --write" >&2
  exit 1
fi
