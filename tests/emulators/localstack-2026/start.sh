#!/usr/bin/env bash
# Serves the pinned LocalStack 2026, which has its own IAM instead of that of moto (see serve.sh).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
python=3.13
run() {
  # The default server listens on every address.
  export GATEWAY_LISTEN=127.0.0.1:$port GATEWAY_SERVER=hypercorn SERVICES=iam,sts STRICT_SERVICE_LOADING=1
  export EAGER_SERVICE_LOADING=0 DISABLE_EVENTS=1 SKIP_SSL_CERT_DOWNLOAD=1 PERSISTENCE=0 DNS_ADDRESS=0
  export LOCALSTACK_VOLUME_DIR=$home/volume LOCALSTACK_HOST=127.0.0.1:$port HOME=$home
  mkdir -p "$home/volume"
  exec "$venv/bin/python" -m localstack.runtime.main
}
# shellcheck source=../serve.sh
. "$here/../serve.sh"
