#!/usr/bin/env bash
# Serves the pinned moto (see serve.sh).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
run() {
  export MOTO_IAM_LOAD_MANAGED_POLICIES=true
  exec "$venv/bin/python" -c 'import sys; from moto.server import main; main(sys.argv[1:])' -H 127.0.0.1 -p "$port"
}
# shellcheck source=../serve.sh
. "$here/../serve.sh"
