#!/usr/bin/env bash
# Installs and runs iamspec like a user: from source, and in a repository of somebody else by the steps of the action, by
# the GitLab component and by the pre-commit hook. Also checks the action, the workflows, the job and the hook with
# actionlint and their JSON schemas, and the SARIF report with the schema of SARIF 2.1.0. wheel.sh tests the wheel.
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

"$venv/bin/check-jsonschema" --builtin-schema vendor.github-actions action.yml
mkdir "$work/guide"
"$venv/bin/python" "$here/guide.py" "$work/guide"
go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 .github/workflows/*.yml "$work"/guide/workflow-*.yml
"$venv/bin/check-jsonschema" --builtin-schema vendor.gitlab-ci "$work/guide/gitlab.yml"
"$venv/bin/pre-commit" validate-config "$work/guide/pre-commit.yaml"

# From source. The target folder of the release build is reused.
cargo install --path harness --root "$work/cargo" --locked --quiet --target-dir target
"$work/cargo/bin/iamspec" run delete-user/bare > /dev/null
echo "cargo install: $("$work/cargo/bin/iamspec" --version)"

# The steps, in a shell, against a mutant.
mkfifo "$work/url"
"$iamspec" serve --listen 127.0.0.1:0 --mutant forgets-mfa-device > "$work/url" 2> /dev/null &
server=$!
read -r url < "$work/url"
# The release of this machine, which the action would download. The program is the one just installed.
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
releases=$work/releases/owner/iamspec/releases/download/v$version
.ci/archive.sh "$work/cargo/bin/iamspec" "$(uname -m)-unknown-linux-musl" "$releases" > /dev/null
(cd "$releases" && sha256sum ./*.tar.gz | sed 's|\./||' > SHA256SUMS)
"$venv/bin/python" "$here/steps.py" "$url" "$work/releases" "$work"
"$venv/bin/python" "$here/schemas.py" "$work/iamspec.jsonl"

PATH=$work/cargo/bin:$PATH "$venv/bin/python" "$here/gitlab.py" "$url" "$work"
"$venv/bin/check-jsonschema" --builtin-schema vendor.gitlab-ci "$work/gitlab-ci.yml" "$work/gitlab-inputs.yml"

# The hook, in a repository whose settings name the endpoint. The divergence fails it, except if it is known.
"$venv/bin/pre-commit" validate-manifest .pre-commit-hooks.yaml
git init --quiet "$work/hooked"
(
  cd "$work/hooked"
  export PATH=$work/cargo/bin:$PATH PRE_COMMIT_HOME=$work/pre-commit
  printf 'endpoint = "%s"\nknown-failures = "known-failures.toml"\n' "$url" > iamspec.toml
  touch known-failures.toml
  git add --all
  if "$venv/bin/pre-commit" try-repo "$root" iamspec --hook-stage manual > "$work/hook" 2>&1; then
    echo "expected that the pre-commit hook fails, but it passed" >&2
    exit 1
  fi
  grep -q "MFA device" "$work/hook" || { cat "$work/hook" >&2; exit 1; }
  printf '[[known-failure]]\nrule = "DeleteUser/holds-mfa-device"\nreason = "known"\n' > known-failures.toml
  git add --all
  "$venv/bin/pre-commit" try-repo "$root" iamspec --hook-stage manual > "$work/hook" 2>&1 || { cat "$work/hook" >&2; exit 1; }
  echo "pre-commit hook in another repository: fails on the divergence, and passes if it is known"
)

# The schema of SARIF is in a package of npm. The regular expression of its language tags has a stray bracket.
cache=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}
schema=$cache/sarif-2.1.0.json
if [ ! -s "$schema" ]; then
  (cd "$work" && npm pack --silent @microsoft/jest-sarif@1.0.0-beta.0 > /dev/null)
  tar -xzOf "$work"/microsoft-jest-sarif-*.tgz package/lib/schemas/sarif-2.1.0-rtm.5.json |
    sed 's/\^\[a-zA-Z\]{2}|\^\[a-zA-Z\]{2}-\[a-zA-Z\]{2}\]?\$/^[a-zA-Z]{2}(-[a-zA-Z]{2})?$/' > "$schema.new"
  mv "$schema.new" "$schema"
fi
"$venv/bin/check-jsonschema" --schemafile "$schema" "$work/iamspec.sarif"
