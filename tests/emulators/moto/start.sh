#!/usr/bin/env bash
# Installs the pinned moto into a cache outside the checkout and serves it on a free loopback port,
# in the foreground; the URL is the first line of stdout once it answers.
#
#   tests/emulators/moto/start.sh
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/target.toml")
venv=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/moto-$version

if [ ! -e "$venv/installed" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "moto[server]==$version" >&2
  touch "$venv/installed"
fi

port=$("$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export MOTO_IAM_LOAD_MANAGED_POLICIES=true
"$venv/bin/python" -c 'import sys; from moto.server import main; main(sys.argv[1:])' -H 127.0.0.1 -p "$port" >&2 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT INT TERM

for _ in $(seq 300); do
  kill -0 "$server" 2>/dev/null || { echo "moto ended before it answered" >&2; exit 1; }
  if "$venv/bin/python" -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()' "$port" 2>/dev/null; then
    echo "http://127.0.0.1:$port"
    wait "$server"
    exit 1
  fi
  sleep 0.1
done
echo "moto does not answer on port $port" >&2
exit 1
