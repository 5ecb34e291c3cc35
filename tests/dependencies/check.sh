#!/usr/bin/env bash
# Checks the crates: licences, sources and known vulnerabilities with cargo-deny (deny.toml), unused ones with
# cargo-shear. Prints the number of crates in the program.
#
#   tests/dependencies/check.sh
#
# ADVISORIES: a clone of https://github.com/RustSec/advisory-db. Without it, the script clones the database; if that is
# impossible, it prints that advisories were not checked. IAMSPEC_CACHE: the cache folder (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=../packages.sh
. "$here/../packages.sh"
install_packages "dependencies" "$here/requirements.txt"
cd "$root"

cargo fetch --locked --quiet
"$venv/bin/cargo-shear" --locked > /dev/null || { "$venv/bin/cargo-shear" --locked >&2; exit 1; }
"$venv/bin/cargo-deny" --locked --offline --log-level error check licenses sources bans

# cargo-deny looks for the database in a folder whose name it derives from the address in deny.toml.
database=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/advisories
clone=$database/advisory-db-3157b0e258782691
rm -rf "$database"
mkdir -p "$database"
if git clone --quiet --depth 1 "${ADVISORIES:-https://github.com/RustSec/advisory-db}" "$clone" 2> /dev/null; then
  git -C "$clone" fetch --quiet
  (cat deny.toml; echo "db-path = \"$database\"") > "$database/deny.toml"
  "$venv/bin/cargo-deny" --locked --offline --log-level error --config "$database/deny.toml" check advisories
  echo "advisories: database of $(git -C "$clone" log -1 --format=%cs)"
elif [ -n "${ADVISORIES:-}" ]; then
  echo "expected a clone of the RustSec advisory database in $ADVISORIES" >&2
  exit 1
else
  echo "advisories: NOT checked, https://github.com/RustSec/advisory-db cannot be reached; set ADVISORIES to a clone"
fi

crates=$(cargo tree --locked --package iamspec-harness --edges normal,build --prefix none | sed 's/ (.*//' | sort -u)
names=$(cut -d ' ' -f 1 <<< "$crates")
echo "crates: $(wc -l <<< "$crates") in the program, of these $(uniq -d <<< "$names" | wc -l) in more than one version"
