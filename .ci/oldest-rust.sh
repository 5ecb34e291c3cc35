#!/usr/bin/env bash
# Builds everything with the oldest Rust that `rust-version` in Cargo.toml promises. Installs it with rustup.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
rustup toolchain install "$version" --profile minimal --no-self-update > /dev/null 2>&1 || {
  echo "rustup cannot install Rust $version; check the network, or install this toolchain" >&2
  exit 1
}
# A folder of its own, because another compiler would build everything in target/ again.
cargo "+$version" check --workspace --all-targets --all-features --locked --quiet --target-dir target/oldest-rust
echo "$(cargo "+$version" --version): builds"
