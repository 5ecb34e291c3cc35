#!/usr/bin/env bash
# Serves the pinned roto-aws (see serve.sh).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
run() {
  cd "$home"
  exec "$venv/bin/roto-server" --host 127.0.0.1 --port "$port" --ephemeral
}
# shellcheck source=../serve.sh
. "$here/../serve.sh"
