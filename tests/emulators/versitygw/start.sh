#!/usr/bin/env bash
# Builds the pinned versitygw with Go and serves its IAM API (see serve.sh). It verifies signatures with the key of
# the AWS documentation, which iamspec uses if no other is configured.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
install() {
  bin=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/versitygw-$(setting version)
  [ -x "$bin/versitygw" ] && return
  command -v go > /dev/null || { echo "expected Go on PATH to build versitygw; install it" >&2; exit 1; }
  GOBIN=$bin go install "github.com/versity/versitygw/cmd/versitygw@v$(setting version)" >&2
}
run() {
  cd "$home"
  exec "$bin/versitygw" --access AKIAIOSFODNN7EXAMPLE --secret wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY \
    --port "127.0.0.1:$port" --quiet iam --dir "$home"
}
# shellcheck source=../serve.sh
. "$here/../serve.sh"
