#!/usr/bin/env bash
# Packs a program as the archive of a release: iamspec-VERSION-TARGET.tar.gz with the program, the licences and the README.
#
#   .ci/archive.sh PROGRAM TARGET FOLDER
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
program=$1 target=$2 folder=$3
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
name=iamspec-$version-$target
mkdir -p "$folder/$name"
cp "$program" "$root/README.md" "$root/LICENSE-APACHE" "$root/LICENSE-MIT" "$folder/$name"
tar -C "$folder" -czf "$folder/$name.tar.gz" "$name"
echo "$folder/$name.tar.gz"
