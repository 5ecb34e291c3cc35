#!/usr/bin/env bash
# Checks the HTML report and the website in a headless browser.
#
#   tests/browser/check.sh target/release/iamspec [REPORT…]
#
# REPORT: a saved run of an emulator for the website, such as target/emulators/moto.jsonl from tests/emulators/check.sh.
# CHROMIUM: the browser (default: chromium). IAMSPEC_CACHE: the cache folder (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$1
shift
runs=()
for report in "$@"; do runs+=(--run "$report"); done
cache=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/browser
if ! command -v "${CHROMIUM:-chromium}" > /dev/null && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  { apt-get update -qq && apt-get install -y -qq chromium; } >&2
fi
chromium=$(command -v "${CHROMIUM:-chromium}") || { echo "chromium not found; install the Debian package chromium, or set CHROMIUM" >&2; exit 1; }

if ! cmp -s "$here/package-lock.json" "$cache/package-lock.json" || [ ! -e "$cache/installed" ]; then
  rm -rf "$cache"
  mkdir -p "$cache"
  cp "$here/package.json" "$here/package-lock.json" "$cache"
  (cd "$cache" && npm ci --silent --no-audit --no-fund >&2)
  touch "$cache/installed"
fi
cp "$here/check.mjs" "$cache/check.mjs"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
known='[[expected]]
rule = "DeleteUser/holds-access-key"
reason = "<b>known</b> & waiting"
'
printf '%s' "$known" > "$work/known.toml"
# A run with findings, a run without, and a report with hostile text in its responses and sources.
"$iamspec" run --mutant forgets-mfa-device --suite scripts --suite lattice --regressions "$work/regressions" \
  --report "html=$work/wrong.html" --report "json=$work/wrong.jsonl" > "$work/out" 2>&1 || [ $? = 1 ]
"$iamspec" run --report "html=$work/right.html" > "$work/out" 2>&1
sed -e 's/"observed":"200"/"observed":"200 <script>hostile()<\/script><img src=x onerror=hostile()>"/' \
  -e 's/"source":"/"source":"https:\/\/example.com\/\\"onmouseover=\\"hostile() javascript:hostile() /' \
  "$work/wrong.jsonl" > "$work/hostile.jsonl"
"$iamspec" report "$work/hostile.jsonl" --as html > "$work/hostile.html" || [ $? = 1 ]
"$iamspec" run --mutant forgets-mfa-device --report "json=$work/one.jsonl" > "$work/out" 2>&1 || [ $? = 1 ]
"$iamspec" run --mutant forgets-access-key --report "json=$work/other.jsonl" > "$work/out" 2>&1 || [ $? = 1 ]
"$iamspec" matrix --out "$work" "$work/one.jsonl" "$work/other.jsonl" > "$work/out" || [ $? = 1 ]
"$iamspec" site --out "$work/site" --run "$work/one.jsonl" --run "$work/other.jsonl" "${runs[@]}" > "$work/out"
node "$cache/check.mjs" "$chromium" "$work"
