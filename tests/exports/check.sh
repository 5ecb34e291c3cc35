#!/usr/bin/env bash
# Runs the exports of scripts for the AWS CLI, boto3, curl and pytest, against the reference endpoint and
# against a mutant. Each response must be the same as in a run of the script.
#
#   tests/exports/check.sh target/release/iamspec          a sample of the scripts
#   tests/exports/check.sh target/release/iamspec --all    every script
#   tests/exports/check.sh target/release/iamspec --campaign moto ministack
#                                                         the exports of all findings on these emulators;
#                                                         writes tests/reports/exports.md
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
iamspec=$(realpath "$1")
every=9
if [ "${2:-}" = --all ]; then every=1; fi
# shellcheck source=../packages.sh
. "$here/../packages.sh"
install_packages "exports" "$here/requirements.txt"
export PATH=$venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 NO_PROXY=127.0.0.1
if [ "${2:-}" = --campaign ]; then
  exec python "$here/campaign.py" "$iamspec" "$here/../reports/exports.md" "${@:3}"
fi
python "$here/check.py" "$iamspec" "$every"
python "$here/check.py" "$iamspec" 1000 --mutant forgets-mfa-device

# The AWS CLI runs the commands of a plan, against the reference endpoint and against moto.
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2> /dev/null || true; wait; rm -rf "$work"' EXIT
run_plan() {
  mkfifo "$work/url"
  "$@" > "$work/url" 2> "$work/log" &
  servers+=($!)
  read -r url < "$work/url" || { cat "$work/log" >&2; exit 1; }
  rm "$work/url"
  python "$here/plan.py" "$iamspec" "$url"
}
run_plan "$iamspec" serve --listen 127.0.0.1:0
run_plan "$here/../emulators/moto/start.sh"
