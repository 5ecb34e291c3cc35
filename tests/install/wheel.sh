#!/usr/bin/env bash
# Builds the wheel, installs it into a fresh environment without Rust and without an index, and uses it as a user
# does: the program, the pytest plugin, and the sample suite in examples/pytest against moto in process, alone and
# with two workers. Prints the size of the wheel, the start-up time, and the time to the first verdict.
#
#   tests/install/wheel.sh [PROFILE]
#
# PROFILE is a profile of Cargo.toml: `dist` (default), which is the published one, or `release`, which .ci/run has
# already built. The size is checked only for `dist`. IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

profile=${1:-dist}
limit=$((8 * 1000 * 1000))
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
package=$root/packages/python
# shellcheck source=../packages.sh
. "$here/../packages.sh"
install_packages "install" "$here/requirements.txt"
builder=$venv
install_packages "pytest" "$package/tests/requirements.txt" 3.10
pytest=$venv

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$package"
PATH=$builder/bin:$PATH CARGO_TARGET_DIR=$root/target maturin build --profile "$profile" --locked --quiet --out "$work/wheels"
wheel=$(echo "$work"/wheels/*.whl)
size=$(stat -c %s "$wheel")
if [ "$profile" = dist ] && [ "$size" -ge "$limit" ]; then
  echo "expected a wheel of less than $limit bytes, got $size; see which dependency grew with \`cargo bloat\`" >&2
  exit 1
fi

# Of the machine, the environment sees only the system's programs: no Rust, no settings, no index.
"$pytest/bin/python" -m venv "$work/fresh"
mkdir "$work/home" "$work/empty"
clean() { env -i HOME="$work/home" PATH="$work/fresh/bin:/usr/bin:/bin" LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 NO_PROXY=127.0.0.1 "$@"; }
if clean bash -c 'command -v cargo rustc'; then
  echo "expected no Rust on PATH; remove it from /usr/bin" >&2
  exit 1
fi
clean pip install --quiet --disable-pip-version-check --no-index --find-links "$work/wheels" iamspec
# pytest itself is used from the cache.
site=$("$pytest/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$site" > "$(clean python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/cached.pth"

cd "$work/empty"
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
for program in "iamspec" "python -m iamspec"; do
  printed=$(clean $program --version)
  [[ "$printed" = "iamspec $version (rules "* ]] || { echo "expected iamspec $version, got $printed" >&2; exit 1; }
done
clean iamspec run > "$work/run"
figures=$(clean python "$here/measure.py" iamspec)
echo "wheel ($profile): $(basename "$wheel"), $size bytes; $figures"
echo "run: $(tail -n 1 "$work/run")"

# Runs pytest, and prints its last line after the title.
session() {
  local title=$1
  shift
  clean python -m pytest -q -p no:cacheprovider "$@" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  echo "$title: $(tail -n 1 "$work/log")"
}
cp -r "$package" "$work/package"
cd "$work/package"
session plugin
cp -r "$root/examples/pytest" "$work/sample"
cd "$work/sample"
session "sample suite"
session "sample suite, two workers" -n 2
