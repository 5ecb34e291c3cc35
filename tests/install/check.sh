#!/usr/bin/env bash
# Installs and runs iamspec like a user: from source, as a wheel in a fresh virtual environment, and by the steps
# of the action and of the GitLab job. Also checks the action and the job against their JSON schemas.
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

# A wheel, in an otherwise empty environment.
PATH=$venv/bin:$PATH CARGO_TARGET_DIR=$root/target maturin build --release --locked --quiet --manifest-path harness/Cargo.toml --out "$work/wheels"
python3 -m venv "$work/fresh"
"$work/fresh/bin/pip" install --quiet --disable-pip-version-check --no-index "$work"/wheels/*.whl
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
[[ "$("$work/fresh/bin/iamspec" --version)" = "iamspec $version (rules "* ]] || { echo "expected a wheel of version $version, got $("$work/fresh/bin/iamspec" --version)" >&2; exit 1; }
"$work/fresh/bin/iamspec" run > "$work/run"
echo "wheel: $(basename "$work"/wheels/*.whl), $(du -k "$work"/wheels/*.whl | cut -f 1) KiB; $(tail -n 1 "$work/run")"

# The steps, in a shell, against a mutant.
mkfifo "$work/url"
"$iamspec" serve --listen 127.0.0.1:0 --mutant forgets-mfa-device > "$work/url" 2> /dev/null &
server=$!
read -r url < "$work/url"
PATH=$work/fresh/bin:$PATH "$venv/bin/python" "$here/steps.py" "$url"
