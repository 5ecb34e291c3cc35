#!/usr/bin/env bash
# Applies the deletion plan of a user that holds everything that the endpoint supports, in two parts: the
# first application is interrupted after some calls, the second one continues.
#
#   tests/plan/check.sh target/release/iamspec URL           an endpoint on this machine
#   tests/plan/check.sh target/release/iamspec NAME          an emulator of tests/emulators, which is started
#   tests/plan/check.sh target/release/iamspec reference     the reference endpoint
#
# Prints the kinds that the user holds, the calls planned, the calls made and the retries. Exits with 0 if the
# user is deleted.
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$(realpath "$1")
at=$2
# shellcheck source=../packages.sh
. "$here/../packages.sh"
install_packages "exports" "$here/../exports/requirements.txt"
export PYTHONDONTWRITEBYTECODE=1 NO_PROXY=127.0.0.1

work=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2> /dev/null || true; wait "$server" || true; fi; rm -rf "$work"' EXIT
start() {
  mkfifo "$work/url"
  "$@" > "$work/url" 2> "$work/log" &
  server=$!
  read -r url < "$work/url" || { cat "$work/log" >&2; exit 1; }
}
case $at in
  http*) url=$at ;;
  reference) start "$iamspec" serve --listen 127.0.0.1:0 ;;
  *) start "$here/../emulators/$at/start.sh" ;;
esac
"$venv/bin/python" "$here/check.py" "$iamspec" "$url" "$work/journal"
