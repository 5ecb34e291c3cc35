#!/usr/bin/env bash
# Serves the pinned MiniStack (see serve.sh).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
run() {
  export GATEWAY_PORT=$port BIND_HOST=127.0.0.1 SERVICES=iam,sts LOG_LEVEL=WARNING HOME=$home
  cd "$home"
  exec "$venv/bin/ministack"
}
# shellcheck source=../serve.sh
. "$here/../serve.sh"
