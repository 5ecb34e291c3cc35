# Runs a driver that is written in Python, with the packages that its requirements pin or that `requirements`
# names, in a virtual environment of its own in a cache outside the checkout. Sourced by driver.sh, with
# `here` and `name`.
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).

venv=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/sdk-$name
wanted=$(tr ' ' '\n' <<< "${requirements:-$(cat "$here/requirements.txt")}")
if ! cmp -s "$venv/installed" - <<< "$wanted"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement /dev/stdin <<< "$wanted" >&2
  cat > "$venv/installed" <<< "$wanted"
fi
exec "$venv/bin/python" "$here/driver.py"
