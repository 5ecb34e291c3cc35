#!/usr/bin/env bash
# Runs iamspec against the pinned moto and holds it to what is known: only expected divergences, the
# first wrong deletion within 10 requests, all six kinds that moto gets wrong within 30.
#
#   tests/emulators/moto/check.sh target/release/iamspec
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$1
work=$(mktemp -d)
# start.sh says when moto listens by writing its URL; a pipe lets us wait for that line.
mkfifo "$work/url"
"$here/start.sh" > "$work/url" 2> "$work/moto.log" &
moto=$!
trap 'kill "$moto" 2>/dev/null || true; wait "$moto" 2>/dev/null || true; rm -rf "$work"' EXIT

if ! read -r url < "$work/url"; then
  echo "moto did not start:" >&2
  tail -n 20 "$work/moto.log" >&2
  exit 1
fi

"$iamspec" run --endpoint "$url" --expect "$here/expected.toml" | tee "$work/report"

deleted=$(sed -n 's/.*deleted, must be refused, at request \([0-9]*\)$/\1/p' "$work/report" | sort -n)
[ "$(wc -l <<< "$deleted")" = 6 ] || { echo "expected six kinds that moto deletes wrongly, found:" "$deleted" >&2; exit 1; }
[ "$(head -n 1 <<< "$deleted")" -le 10 ] || { echo "the first wrong deletion came after more than 10 requests" >&2; exit 1; }
[ "$(tail -n 1 <<< "$deleted")" -le 30 ] || { echo "the six wrong deletions took more than 30 requests" >&2; exit 1; }
echo "first wrong deletion at request $(head -n 1 <<< "$deleted"), all six by request $(tail -n 1 <<< "$deleted")"
