#!/usr/bin/env bash
# Installs and runs iamspec like a user: from source, and by the steps of the action and of the GitLab job. Also
# checks the action and the job against their JSON schemas. wheel.sh tests the wheel.
#
#   tests/install/check.sh target/release/iamspec
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
iamspec=$(realpath "$1")
# shellcheck source=../packages.sh
. "$here/../packages.sh"
install_packages "install" "$here/requirements.txt"

work=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$root"

"$venv/bin/check-jsonschema" --builtin-schema vendor.github-actions .github/actions/iamspec/action.yml
"$venv/bin/check-jsonschema" --builtin-schema vendor.gitlab-ci harness/ci/gitlab-ci.yml

# From source. The target folder of the release build is reused.
cargo install --path harness --root "$work/cargo" --locked --quiet --target-dir target
"$work/cargo/bin/iamspec" run delete-user/bare > /dev/null
echo "cargo install: $("$work/cargo/bin/iamspec" --version)"

# The steps, in a shell, against a mutant.
mkfifo "$work/url"
"$iamspec" serve --listen 127.0.0.1:0 --mutant forgets-mfa-device > "$work/url" 2> /dev/null &
server=$!
read -r url < "$work/url"
PATH=$work/cargo/bin:$PATH "$venv/bin/python" "$here/steps.py" "$url"
